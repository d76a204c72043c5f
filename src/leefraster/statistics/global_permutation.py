"""Tails of global statistics by random permutations of all values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from leefraster.inference.global_moments import Form
from leefraster.kernels.global_sums import permuted_sums, permuted_weighted_sums
from leefraster.kernels.jit import threads
from leefraster.kernels.shuffle import shuffled
from leefraster.statistics.linked import centred
from leefraster.statistics.links import Links

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TIE = 1e-11  # of the largest size a statistic can have: what its terms' rounding may come to


class Permuted:
    """The sums M, T and Q of a field, as its values lie and after permutations of them.

    Parameters
    ----------
    links : Links
        The weights.
    integers : ndarray of int64, shape (n,)
        Values of the linked places.
    centre : (int, float)
        Their mean as whole part and fraction.
    margins : ndarray of float64
        What T and Q are taken with, of all places; of length 0 where they are not wanted.
    products : bool
        Whether M is wanted.
    """

    def __init__(
        self, links: Links, integers: Ints, centre: tuple[int, float], margins: Floats, *, products: bool
    ) -> None:
        self._links = links
        self._integers = integers
        self._centre = centre
        self._margins = margins
        self._products = products
        self._full = np.zeros(links.neighbours.counts.size, np.int64)

    def observed(self) -> Floats:
        """Return M, T and Q as the values lie, by the arithmetic used for their permutations."""
        return self._sums(self._integers)

    def permuted(self, permutations: int, seed: int) -> Floats:
        """Return M, T and Q, shape (permutations, 3), of permutations number 0, 1, ..."""
        found = np.empty((permutations, 3))
        batch = np.empty((min(threads(), permutations), self._integers.size), np.int64)
        for first in range(0, permutations, batch.shape[0]):
            rows = batch[: permutations - first]
            shuffled(self._integers, seed, first, rows)
            for number, row in enumerate(rows):
                found[first + number] = self._sums(row)
        return found

    def _sums(self, integers: Ints) -> Floats:
        links, margins = self._links, self._margins
        every = self._placed(integers)
        if self._products and links.by_counts:
            sums, counts = links.neighbours.sums(every), links.neighbours.counts
            pieces = permuted_sums(every, sums, counts, links.alone, margins, *self._centre, links.row)
        else:
            z = centred(every, links, self._centre)
            pieces = permuted_weighted_sums(z, links.weights.lags(z) if self._products else z, margins)
        total: Floats = pieces.sum(axis=0)
        return total

    def _placed(self, integers: Ints) -> Ints:
        """Return the values of all places; what an island holds does not matter."""
        if self._links.places is None:
            return integers
        self._full[self._links.places] = integers
        return self._full


def permutation_tails(
    forms: Sequence[Form], permuted: Permuted, scale: tuple[float, float, float], permutations: int, seed: int
) -> list[tuple[float, float]]:
    """Return for each form (r + 1) / (R + 1) of its upper and its lower tail, ties counted in both.

    Parameters
    ----------
    forms : sequence of Form
        Statistics of M, T and Q.
    permuted : Permuted
        Gives these.
    scale : (float, float, float)
        The largest sizes of M, T and Q.
    permutations, seed : int
        How many, and which.
    """
    observed, drawn = permuted.observed(), permuted.permuted(permutations, seed)
    tails = []
    for form in forms:
        value, others = float(form.of(*observed)), form.of(*drawn.T)
        if np.isnan(value):
            tails.append((value, value))
            continue
        factors = (form.products, form.linear, form.quadratic)
        tie = TIE * sum(abs(factor) * size for factor, size in zip(factors, scale, strict=True))
        upper, lower = int((others >= value - tie).sum()), int((others <= value + tie).sum())
        tails.append(((upper + 1) / (permutations + 1), (lower + 1) / (permutations + 1)))
    return tails
