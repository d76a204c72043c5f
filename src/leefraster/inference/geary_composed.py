"""Tails of local Geary's C in fields of a few different values of any size: how often each can be drawn.

A set of k neighbours is known, but for which places they are, by how many of them have each value. Of few
different values there are few such compositions, whatever lies between the values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.draws import log_choose
from leefraster.kernels.local_geary import TIED

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COMPOSITIONS = 2e6  # of all values and numbers of neighbours together
DIFFERENT = 64  # values


@dataclass(frozen=True, slots=True, eq=False)
class Compositions:
    """The different values of a field whose draws are gone through by how many of them have each value.

    Attributes
    ----------
    values, number : ndarray of int64
        The different integers, rising, and how many places have each.
    """

    values: Ints
    number: Ints

    @classmethod
    def of(cls, ordered: Ints, counts: Ints) -> Compositions | None:
        """Return them for sorted integers and the numbers of neighbours that occur; None where they are many."""
        starts = [0]
        while starts[-1] < ordered.size:
            if len(starts) > DIFFERENT:
                return None
            starts.append(int(np.searchsorted(ordered, ordered[starts[-1]], side="right")))
        different = len(starts) - 1
        ways = np.exp(np.minimum(log_choose(counts + different - 1, different - 1), 700.0))
        if different * float(ways.sum()) > COMPOSITIONS:
            return None
        return cls(ordered[starts[:-1]], np.diff(starts))

    def fill_tails(self, own: Ints, numerator: Floats, counts: Ints, upper: Floats, lower: Floats) -> None:
        """Fill the tails of places with a count, of which these are the own integers and observed sums."""
        for value, k, places in _alike(own, counts):
            sums, weights = self._sums(value, k)
            below, above = np.cumsum(weights), np.cumsum(weights[::-1])[::-1]
            observed = numerator[places]
            slack = 2 * TIED * observed
            upper[places] = above[np.searchsorted(sums, observed - slack, side="left")] / above[0]
            lower[places] = below[np.searchsorted(sums, observed + slack, side="right") - 1] / below[-1]

    def _sums(self, own: int, k: int) -> tuple[Floats, Floats]:
        """Return the sums of k squared differences that can be drawn, rising, and in how many sets, as shares."""
        squares = np.square((self.values - own).astype(np.float64))
        copies = self.number - (self.values == own)
        left, sums, logarithm = np.array([k]), np.zeros(1), np.zeros(1)
        after = int(copies.sum())
        for square, many in zip(squares, copies.tolist(), strict=True):
            after -= many
            least, most = np.maximum(left - after, 0), np.minimum(left, many)
            each = np.repeat(np.arange(left.size), most - least + 1)
            begins = np.cumsum(most - least + 1) - (most - least + 1)
            taken = least[each] + np.arange(each.size) - begins[each]
            left, sums = left[each] - taken, sums[each] + taken * square
            logarithm = logarithm[each] + _log_ways(many, min(many, k))[taken]
        order = np.argsort(sums, kind="stable")
        return sums[order], np.exp(logarithm - logarithm.max())[order]


def _alike(own: Ints, counts: Ints) -> Iterator[tuple[int, int, Ints]]:
    """Yield the places that have an own integer and a number of neighbours, with these two."""
    places = np.flatnonzero(counts)
    order = places[np.lexsort((counts[places], own[places]))]
    differ = (np.diff(own[order]) != 0) | (np.diff(counts[order]) != 0)
    for group in np.split(order, np.flatnonzero(differ) + 1):
        if group.size:
            yield int(own[group[0]]), int(counts[group[0]]), group


def _log_ways(many: int, most: int) -> Floats:
    """Return log C(many, c) for c = 0 .. most."""
    c = np.arange(1.0, most + 1)
    return np.concatenate([[0.0], np.cumsum(np.log((many - c + 1) / c))])
