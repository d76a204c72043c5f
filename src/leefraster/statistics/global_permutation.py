"""Tails of global statistics by random permutations of all values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from leefraster.inference.global_moments import Form
from leefraster.kernels.jit import threads
from leefraster.kernels.shuffle import shuffled
from leefraster.statistics.linked import NONE, FieldSums, Linked, LinkedSums, centred

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TIE = 1e-11  # of the largest size a statistic can have: what its terms' rounding may come to


class Arrangements(Protocol):
    """The values of a field in other orders.

    Attributes
    ----------
    sizes : tuple of float
        The largest sizes that M, T and Q can have.
    """

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The largest sizes that M, T and Q can have."""
        ...

    def sums(self, permutations: int, seed: int) -> tuple[Floats, Floats]:
        """Return M, T and Q as the values lie, (3,), and of permutations 0, 1, ..., (permutations, 3)."""
        ...


class Permuted:
    """The sums M, T and Q of a field in memory, as its values lie and after permutations of them.

    Sums are taken in fixed point, on the scale of the field's own: they depend on no order of places or parts.

    Parameters
    ----------
    of : Linked
        The linked places with their values and weights.
    margins : ndarray of float64
        What T and Q are taken with, of all places; of length 0 where they are not wanted.
    products : bool
        Whether M is wanted.
    """

    def __init__(self, of: Linked, margins: Floats, *, products: bool) -> None:
        self._of = of
        self._margins = margins
        self._products = products
        self._full = np.zeros(of.links.neighbours.counts.size, np.int64)
        margin = float(np.abs(margins).max(initial=0.0))
        integers = of.integers
        least, most = int(integers.min()), int(integers.max())
        self._adding = FieldSums.of(of.sums, least, most, of.links.largest, margin)
        self.sizes = largest_sizes(of, of.links.largest, margin)

    def sums(self, permutations: int, seed: int) -> tuple[Floats, Floats]:
        """Return M, T and Q as the values lie, and of permutations number 0, 1, ..."""
        integers = self._of.integers
        found = np.empty((permutations, 3))
        batch = np.empty((min(threads(), permutations), integers.size), np.int64)
        for first in range(0, permutations, batch.shape[0]):
            rows = batch[: permutations - first]
            shuffled(integers, seed, first, rows)
            for number, row in enumerate(rows):
                found[first + number] = self._sums(row)
        return np.array(self._sums(integers)), found

    def _sums(self, integers: Ints) -> list[float]:
        links, margins, adding = self._of.links, self._margins, self._adding
        every = self._placed(integers)
        if self._products and links.by_counts:
            sums, counts = links.neighbours.sums(every), links.neighbours.counts
            limbs = adding.arranged(every, sums, counts, links.alone, margins, links.row)
        else:
            z = centred(every, links, adding.centre)
            lags = links.weights.lags(z) if self._products else NONE
            limbs = adding.arranged_weighted(z, lags, margins)
        return adding.arranged_values(limbs)

    def _placed(self, integers: Ints) -> Ints:
        """Return the values of all places; what an island holds does not matter."""
        if self._of.links.places is None:
            return integers
        self._full[self._of.links.places] = integers
        return self._full


def largest_sizes(of: LinkedSums, weight: float, margin: float) -> tuple[float, float, float]:
    """Return how large M, T and Q can be, given the largest sum of the weights of a row and the largest margin."""
    second = of.powers.second
    return weight * second, margin * math.sqrt(of.n * second), margin * second


def permutation_tails(
    forms: Sequence[Form], arrangements: Arrangements, permutations: int, seed: int
) -> list[tuple[float, float]]:
    """Return for each form (r + 1) / (R + 1) of its upper and its lower tail, ties counted in both.

    Parameters
    ----------
    forms : sequence of Form
        Statistics of M, T and Q.
    arrangements : Arrangements
        Gives these.
    permutations, seed : int
        How many, and which.
    """
    observed, drawn = arrangements.sums(permutations, seed)
    tails = []
    for form in forms:
        value, others = float(form.of(*observed)), form.of(*drawn.T)
        if np.isnan(value):
            tails.append((value, value))
            continue
        factors = (form.products, form.linear, form.quadratic)
        tie = TIE * sum(abs(factor) * size for factor, size in zip(factors, arrangements.sizes, strict=True))
        upper, lower = int((others >= value - tie).sum()), int((others <= value + tie).sum())
        tails.append(((upper + 1) / (permutations + 1), (lower + 1) / (permutations + 1)))
    return tails
