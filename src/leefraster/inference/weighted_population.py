"""A population in standard units, as the inversion of weighted sums takes it: points and outliers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Totals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BINS_PER_SCALE = 24  # of values
OUTLYING = 1e-2  # share of the variance from which on a value is an outlier
PART = 1 << 18  # values looked at at a time
SINGLE, GROUPED, GROUP = 16, 48, 8  # outliers taken one by one; further ones, and how many of these together


@dataclass(frozen=True, slots=True)
class Standard:
    """The mean and the standard deviation of all values, by which integers become standardised."""

    mean: float
    sd: float

    @classmethod
    def of(cls, sums: Totals) -> Standard:
        """Return those that totals give; 1 where all values are equal."""
        return cls(float(sums.mean), math.sqrt(float(sums.squares) / sums.n) or 1.0)

    def of_integers(self, integers: Ints) -> Floats:
        """Return integers in standard units."""
        return np.asarray((integers - self.mean) / self.sd, np.float64)

    def parts(self, integers: Ints) -> Iterator[Floats]:
        """Yield integers in standard units, some at a time."""
        for begin in range(0, integers.size, PART):
            yield self.of_integers(integers[begin : begin + PART])


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A population in standard units: ordinary values as weighted points about their mean, and outliers.

    Attributes
    ----------
    values, shares : ndarray of float64
        Ordinary values less `middle`, their mean, and what share of them each point is.
    outliers, numbers : ndarray of float64
        Other values less `middle`, and how many are of each.
    middle : float
        Mean of the ordinary values.
    edge : float
        The least size of an outlier, in deviations from the mean of all.
    """

    values: Floats
    shares: Floats
    outliers: Floats
    numbers: Floats
    middle: float
    edge: float

    @classmethod
    def of(cls, ordered: Ints, sums: Totals) -> Points:
        """Summarise sorted integers, of which these are the totals.

        Those with much of the variance are outliers. The others are put in bins, fine near the middle and wider
        far out; each becomes two points that keep its number, mean and variance. Next to the integers this takes
        little memory.
        """
        unit = Standard.of(sums)
        below, above = _outlying(ordered, unit)
        inner = ordered[below : ordered.size - above]
        far = np.concatenate([ordered[:below], ordered[ordered.size - above :]])
        mean = Fraction(sums.total - sum(far.tolist()), inner.size)
        middle = float(mean - sums.mean) / unit.sd
        outliers, numbers = _grouped(unit.of_integers(far))
        values, number = _two_points(inner, unit, middle)
        edge = float(np.abs(unit.of_integers(far)).min(initial=np.inf))
        return cls(values, number / inner.size, outliers - middle, numbers, middle, edge)

    def own(self, z: Floats) -> Ints:
        """Return which outlier each standardised value is, or nearest to; -1 for ordinary ones."""
        found = np.full(z.size, -1)
        if self.outliers.size:
            from_middle = z - self.middle
            far = np.flatnonzero(np.abs(z) >= self.edge)
            found[far] = np.abs(from_middle[far, None] - self.outliers).argmin(axis=1)
        return found

    def mirrored(self) -> Points:
        """Return the values with the opposite sign."""
        return Points(-self.values, self.shares, -self.outliers, self.numbers, -self.middle, self.edge)

    @property
    def fourth(self) -> float:
        """The mean of the fourth power of ordinary values."""
        return float((self.shares * self.values**4).sum())


def _outlying(ordered: Ints, unit: Standard) -> tuple[int, int]:
    """Return how many of sorted integers, at either end, have much of the variance that larger ones leave.

    They are a tenth at most.
    """
    most = min(SINGLE + GROUPED, ordered.size // 10)
    ends = np.concatenate([ordered[:most], ordered[ordered.size - most :]])
    squares = np.square(unit.of_integers(ends))
    order = np.argsort(-squares, kind="stable")
    inner = sum(float(np.square(part).sum()) for part in unit.parts(ordered[most : ordered.size - most]))
    left = inner + np.cumsum(squares[order[::-1]])[::-1]
    far = order[:most][np.logical_and.accumulate((squares[order] > OUTLYING * left)[:most])]
    below = int((far < most).sum())
    return below, far.size - below


def _grouped(far: Floats) -> tuple[Floats, Floats]:
    """The largest outliers one by one, the others in groups of about the same size, by sign."""
    order = np.argsort(-np.abs(far), kind="stable")
    values, numbers = [far[order[:SINGLE]]], [np.ones(min(SINGLE, far.size))]
    rest = far[order[SINGLE:]]
    for side in (rest[rest < 0], rest[rest > 0]):
        starts = np.arange(0, side.size, GROUP)
        if starts.size:
            number = np.diff(np.append(starts, side.size))
            values.append(np.add.reduceat(side, starts) / number)
            numbers.append(number.astype(np.float64))
    return np.concatenate(values), np.concatenate(numbers)


def _two_points(ordered: Ints, unit: Standard, middle: float) -> tuple[Floats, Floats]:
    """Return points and their numbers, two for each bin of sorted integers, in standard units less `middle`."""
    n = ordered.size
    low, quarter, half, three, high = unit.of_integers(ordered[[0, n // 4, n // 2, (3 * n) // 4, n - 1]])
    scale = max((three - quarter) / 1.35, 0.01) if three > quarter else 1.0
    first, last = (math.floor(math.asinh((z - half) / scale) * BINS_PER_SCALE) for z in (low, high))
    edges = half + scale * np.sinh(np.arange(first + 1, last + 1) / BINS_PER_SCALE)
    inner = np.searchsorted(ordered, np.ceil(unit.mean + unit.sd * edges).astype(np.int64))
    bounds = np.unique(np.concatenate([[0], inner, [n]]))
    parts = [_mean_and_sd(ordered[a:b], unit) for a, b in itertools.pairwise(bounds.tolist())]
    centre, spread = np.array(parts).T
    number = np.diff(bounds)
    values = np.concatenate([centre - middle - spread, centre - middle + spread])
    return values, np.concatenate([number, number]) / 2.0


def _mean_and_sd(ordered: Ints, unit: Standard) -> tuple[float, float]:
    """Return the mean and the standard deviation of sorted integers, in standard units."""
    if ordered[0] == ordered[-1]:
        return float(unit.of_integers(ordered[:1])[0]), 0.0
    mean = sum(float(part.sum()) for part in unit.parts(ordered)) / ordered.size
    squares = sum(float(np.square(part - mean).sum()) for part in unit.parts(ordered))
    return mean, math.sqrt(squares / ordered.size)
