"""A population in standard units, as the inversion of weighted sums takes it: points and outliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BINS_PER_SCALE = 24  # of values
OUTLYING = 1e-2  # share of the variance from which on a value is an outlier
SINGLE, GROUPED, GROUP = 16, 48, 8  # outliers taken one by one; further ones, and how many of these together


@dataclass(frozen=True, slots=True)
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
    def of(cls, z: Floats) -> Points:
        """Summarise sorted standardised values.

        Those with much of the variance are outliers. The others are put in bins, fine near the middle and wider
        far out; each becomes two points that keep its number, mean and variance.
        """
        far = _outlying(z)
        outliers, numbers = _grouped(z[far])
        inner = z[~far]
        middle = float(inner.mean())
        values, number = _two_points(inner - middle)
        edge = float(np.abs(z[far]).min(initial=np.inf))
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


def _outlying(z: Floats) -> npt.NDArray[np.bool_]:
    """Return which of the sorted values have much of the variance that larger ones leave; at most a tenth."""
    most = min(SINGLE + GROUPED, z.size // 10)
    far = np.zeros(z.size, dtype=bool)
    if most:
        squares = np.square(z)
        order = np.argsort(-squares, kind="stable")[:most]
        left = squares.sum() - np.concatenate([[0.0], np.cumsum(squares[order])[:-1]])
        far[order] = np.logical_and.accumulate(squares[order] > OUTLYING * left)
    return far


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


def _two_points(z: Floats) -> tuple[Floats, Floats]:
    """Return points and their numbers, two for each bin of sorted values."""
    middle, quarter, three = z[z.size // 2], z[z.size // 4], z[(3 * z.size) // 4]
    scale = max((three - quarter) / 1.35, 0.01) if three > quarter else 1.0
    label = np.floor(np.arcsinh((z - middle) / scale) * BINS_PER_SCALE)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(label) > 0]))
    number = np.diff(np.append(starts, z.size)).astype(np.int64)
    centre = np.add.reduceat(z, starts) / number
    spread = np.sqrt(np.add.reduceat(np.square(z - np.repeat(centre, number)), starts) / number)
    return np.concatenate([centre - spread, centre + spread]), np.concatenate([number, number]) / 2.0
