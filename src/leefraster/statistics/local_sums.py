"""The sum over the neighbourhood of every place, with its moments and tails under conditional permutation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.conditional import variance_of_drawn
from leefraster.inference.numbers import Numbers, Totals
from leefraster.inference.tails import sum_tails
from leefraster.kernels.local_moran import equal_lags
from leefraster.kernels.local_sums import deviations_of_sums, standardise
from leefraster.statistics.centre import Centred
from leefraster.statistics.plan import OneField, Test

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LocalSums:
    """Sums of equally weighted values, or their means.

    Attributes
    ----------
    numbers, drawn : Numbers, Totals
        The values that are summed and drawn, and their totals.
    own_fixed : bool
        Whether the place itself is neither in the sum nor among the draws.
    row : bool
        Whether means are taken.
    counts : ndarray of int64, shape (n,)
        Values in each sum; 0 for islands.
    observed : ndarray of int64, shape (n,)
        The sums in steps.
    totals : ndarray of float64, shape (n,)
        The sum of the weights.
    spread, z : ndarray of float64, shape (n,)
        The variance of the sum (or mean) in steps squared, and its standardised value.
    """

    numbers: Numbers
    drawn: Totals
    own_fixed: bool
    row: bool
    counts: Ints
    observed: Ints
    totals: Floats
    spread: Floats
    z: Floats

    def lag(self, whole: int, fraction: float) -> Floats:
        """Return the sum (or mean) of the values less whole + fraction, in steps; NaN for islands."""
        lag = np.empty(self.counts.size)
        equal_lags(self.observed, self.counts, whole, fraction, self.row, lag)
        return lag

    @property
    def means(self) -> Floats:
        """Return the means of the values in the sums, in the field's unit; NaN for islands."""
        missing = np.full(self.counts.size, np.nan)
        means = np.divide(self.observed, self.counts, out=missing, where=self.counts > 0)
        found: Floats = self.numbers.origin + self.numbers.step * means
        return found

    @property
    def values(self) -> Floats:
        """Return the sums (or means) of the values in the field's unit."""
        if self.row:
            return self.means
        found: Floats = self.counts * self.numbers.origin + self.numbers.step * self.observed
        return found

    def beside(self, centred: Centred) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return where the mean of the values lies above and where it lies below a centre, exactly."""
        most = int(self.counts.max())
        floors, ceilings = centred.floors(most), centred.ceilings(most)
        return self.observed > floors[self.counts], self.observed < ceilings[self.counts]

    def tails(self, test: Test, places: Ints) -> tuple[Floats, Floats, float]:
        """Return the upper and lower tail of every sum, and the reported error."""
        return sum_tails(
            test.inference, self.numbers, self.drawn, self.observed, self.counts, self.own_fixed, self.z,
            places, test.permutations, test.seed,
        )  # fmt: skip


def local_sums(one: OneField, weighting: str, own_fixed: bool) -> LocalSums:
    """Return the sums over the neighbours of every place, or with the place itself unless `own_fixed`."""
    numbers, drawn = one.other or (one.numbers, one.sums)
    integers, row = numbers.integers, weighting == "row"
    observed, counts = one.neighbours.sums(integers), one.neighbours.counts
    if not own_fixed:
        observed, counts = observed + integers, np.where(counts > 0, counts + 1, 0)
    deviation, totals, squares, spread, z = (np.empty(integers.size) for _ in range(5))
    whole, rest = divmod(drawn.total, drawn.n)
    deviations_of_sums(integers, observed, counts, whole, rest, own_fixed, deviation, totals, squares)
    variance = variance_of_drawn(numbers, drawn, own_fixed)
    standardise(deviation, totals, squares, variance, drawn.n - own_fixed, spread, z)
    if not row:  # z is that of the mean, the same to the last digit
        totals = counts.astype(np.float64)
        spread *= totals * totals
    return LocalSums(numbers, drawn, own_fixed, row, counts, observed, totals, spread, z)
