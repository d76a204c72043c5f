"""The sum over the neighbourhood of every place, with its moments and tails under conditional permutation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.inference.conditional import variance_of_drawn
from leefraster.inference.exact import Null
from leefraster.inference.numbers import Numbers, Totals
from leefraster.inference.permutation import DrawnFrom, permuted_tails
from leefraster.inference.tails import sum_tails
from leefraster.kernels.local_sums import means_of_sums, standardise_equal
from leefraster.kernels.temporary import temporary
from leefraster.neighbours import BandNeighbours
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.centre import Centred
from leefraster.statistics.plan import OneField, Test
from leefraster.statistics.weighted_sums import WeightedSums

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
ALIKE = 1e-12


@dataclass(frozen=True, slots=True)
class EqualSums:
    """Sums of values that have one weight within each sum.

    Attributes
    ----------
    numbers, drawn : Numbers, Totals
        The values that are summed and drawn, and their totals.
    own_fixed : bool
        Whether the place itself is neither in the sum nor among the draws.
    counts : ndarray of int64, shape (n,)
        Values in each sum; 0 for islands.
    observed : ndarray of int64, shape (n,)
        The sums of the integers, without weights.
    totals : ndarray of float64, shape (n,)
        The sum of the weights.
    spread, z : ndarray of float64, shape (n,)
        The variance of the weighted sum in steps squared, and its standardised value.
    null : Null or None
        The exact null distribution, where the places are a band of a field; else it is made when tails are asked.
    drawn_from : DrawnFrom or None
        What permutations draw from, where the places are a band of a field.
    """

    numbers: Numbers
    drawn: Totals
    own_fixed: bool
    counts: Ints
    observed: Ints
    totals: Floats
    spread: Floats
    z: Floats
    null: Null | None = None
    drawn_from: DrawnFrom | None = None

    def lags(self, centred: Centred) -> Floats:  # noqa: ARG002
        """Return none: they follow from the sums."""
        return np.empty(0)

    def means(self, out: Floats) -> Floats:
        """Fill the means of the values in the sums, in the field's unit; NaN for islands."""
        means_of_sums(self.observed, self.counts, self.numbers.origin, self.numbers.step, out)
        return out

    def beside(self, centred: Centred) -> tuple[Bools, Bools]:
        """Return where the mean of the values lies above and where it lies below a centre, exactly."""
        most = int(self.counts.max(initial=0))
        above = self.observed > centred.floors(most)[self.counts]
        return above, (self.observed < centred.ceilings(most)[self.counts]) & (self.counts > 0)

    def tails(self, test: Test, places: Ints) -> tuple[Floats, Floats, float]:
        """Return the upper and lower tail of every sum, and the reported error."""
        if test.inference == "exact" and self.null is not None:
            return (*self.null.tails(self.observed, self.counts, self.numbers.integers), self.null.error)
        if test.draws and self.drawn_from is not None:
            upper, lower = permuted_tails(
                self.drawn_from.values, self.observed, self.counts, own_fixed=self.own_fixed,
                permutations=test.permutations, seed=test.seed, places=places,
                slack=None if self.numbers.natural else self.counts, before=self.drawn_from.before,
            )  # fmt: skip
            return upper, lower, float("nan")
        return sum_tails(
            test.inference, self.numbers, self.drawn, self.observed, self.counts, self.own_fixed, self.z,
            places, test.permutations, test.seed,
        )  # fmt: skip


def local_sums(one: OneField, weighting: Weighting, own_fixed: bool, test: Test) -> EqualSums | WeightedSums:
    """Return the sums over the neighbours of every place, or with the place itself unless `own_fixed`.

    Raises
    ------
    UsageError
        When exact inference is asked for weights that differ within a sum.
    """
    weights: Any = one.neighbours.weights(weighting)
    numbers, drawn = one.other or (one.numbers, one.sums)
    counts = one.neighbours.counts
    if weights.equal and (own_fixed or _own_is_alike(weights, counts)):
        return _equal_sums(one, numbers, drawn, weights, own_fixed)
    if test.inference == "exact":
        raise UsageError(
            "inference is 'exact', but the weights differ within a neighbourhood; use inference='inversion' "
            "(or 'normal', 'permutation'), or weighting='binary'"
        )
    band = one.neighbours if isinstance(one.neighbours, BandNeighbours) else None
    return WeightedSums.of(
        numbers, drawn, weights, counts, own_fixed, band=band, drawn_from=one.whole.drawn,
        inversion=one.whole.inversion,
    )  # fmt: skip


def _own_is_alike(weights: Any, counts: Ints) -> bool:
    """Return whether the place itself has the weight of its neighbours."""
    off = np.abs(weights.own * counts - weights.totals)
    return bool((off <= ALIKE * weights.totals).all())


def _equal_sums(one: OneField, numbers: Numbers, drawn: Totals, weights: Any, own_fixed: bool) -> EqualSums:
    integers = numbers.integers
    observed, counts, totals = one.neighbours.sums(integers), one.neighbours.counts, weights.totals
    if not own_fixed:
        totals = totals + weights.own
        observed = np.add(observed, integers, out=temporary(integers.size, np.int64))
        counts = np.add(counts, counts > 0, out=temporary(counts.size, np.int64))
    spread, z = temporary(integers.size), temporary(integers.size)
    arguments = integers, observed, counts, totals, drawn.n, *divmod(drawn.total, drawn.n), own_fixed
    squares = float(drawn.squares)
    shared = np.array([squares / drawn.n])
    if standardise_equal(*arguments, squares, shared, False, spread, z):
        variance = variance_of_drawn(numbers, drawn, own_fixed)
        standardise_equal(*arguments, squares, variance, True, spread, z)
    return EqualSums(
        numbers, drawn, own_fixed, counts, observed, totals, spread, z, one.null, one.whole.drawn
    )
