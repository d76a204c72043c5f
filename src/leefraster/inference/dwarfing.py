"""Values that dwarf all others: where they may land among a place's weights is counted, the others are inverted.

A sum with such a value in it lies far above or below all sums without, and the integral that gives a tail would
need the more nodes the farther it is. So the null is taken apart: the values that dwarf the others land on the
place's weights, each on every one with chance 1/n, and beside them is the sum of the others,

    P(S >= s) = sum_t P(T = t) P(R >= s - t),

T being the sum over those that landed, R that of the others, with their mean where one of those landed. Sums t that
R cannot reach from s count whole or not at all; near ones, at weights so small that even such a value is felt
little, take a normal R.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Totals, totals
from leefraster.kernels.landing import TIE, landings, pairs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FAR = 300.0  # standard deviations of the others, beyond which a value dwarfs them
MOST = 32  # values
SMALL = 1e-3  # a tail, up to which it is not said how much of it is a bound
UNFELT = 1e-3  # share of a tail up to which two that land are not looked at


@dataclass(frozen=True, slots=True, eq=False)
class Dwarfing:
    """Few integers that dwarf all others.

    Attributes
    ----------
    mean : float
        Of the others.
    values : ndarray of float64, shape (g,)
        They themselves, less that mean.
    least : float
        The least size of one of them.
    below : int
        How many of them are less than the others.
    """

    mean: float
    values: Floats
    least: float
    below: int

    @classmethod
    def of(cls, ordered: Ints, sums: Totals) -> Dwarfing | None:
        """Look for them among sorted integers, of which these are the totals; at most a tenth."""
        most = min(MOST, ordered.size // 10)
        ends = np.concatenate([ordered[:most], ordered[ordered.size - most :]])
        farthest = ends[np.argsort(-np.abs(ends - ordered[ordered.size // 2]), kind="stable")]
        for count in range(most, 0, -1):
            far = farthest[:count]
            others = sums.without(totals(far))
            values = far - float(others.mean)
            least = float(np.abs(values).min())
            if least > FAR * others.sd and least > 0.5:
                return cls(float(others.mean), values, least, int((values < 0).sum()))
        return None

    def others(self, ordered: Ints) -> Ints:
        """Return the others of all sorted integers."""
        return ordered[self.below : ordered.size - (self.values.size - self.below)]

    def among(self, integers: Ints) -> npt.NDArray[np.bool_]:
        """Return which integers are among them."""
        return np.asarray(np.abs(integers - self.mean) >= self.least * (1 - TIE))

    def without(self, integers: Ints) -> Floats:
        """Return the integers with the mean of the others in the place of those that dwarf them."""
        return np.where(self.among(integers), self.mean, integers)

    def alone(self, integers: Ints) -> Floats:
        """Return those that dwarf the others, less their mean, and 0 in the place of the others."""
        return np.where(self.among(integers), integers - self.mean, 0.0)

    def which(self, integers: Ints) -> Ints:
        """Return which of the values each integer is; -1 for the others."""
        found = np.full(integers.size, -1)
        here = np.flatnonzero(self.among(integers))
        away = np.abs((integers[here] - self.mean)[:, None] - self.values)
        found[here] = away.argmin(axis=1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Landed:
    """Some places, as values that dwarf all others may land there.

    Attributes
    ----------
    starts, weights : ndarray
        The weights in compressed rows.
    observed : ndarray of float64
        The sums over those that are there.
    sd, z : ndarray of float64
        The standard deviation of the others' sum, and where it lies in units of it.
    own : ndarray of int64
        Which of them a place itself is, so that it does not land; -1 for none.
    """

    starts: Ints
    weights: Floats
    observed: Floats
    sd: Floats
    z: Floats
    own: Ints

    def tails(self, values: Floats, n: int, upper: Floats, lower: Floats) -> tuple[Floats, Floats, float]:
        """Return the tails of whole sums, given those of the others' sums, when n values are drawn from.

        Three or more that land may lie on either side of what is there, and count on both. The third is the largest
        share of a tail above a thousandth that they have, where fewer are there.
        """
        none, one, two = (np.zeros((self.observed.size, 3)) for _ in range(3))
        landings(self.starts, self.weights, self.observed, self.sd, self.z, values, self.own, none, one)
        left = values.size - (self.own >= 0)
        counts = np.diff(self.starts)
        chances = none * _others_miss(n, counts, 0, left)[:, None]
        chances += one * (_others_miss(n, counts, 1, left) / n)[:, None]
        more = np.maximum(1.0 - chances.sum(axis=1), 0.0)
        felt = chances[:, 0] + np.minimum(chances[:, 1], chances[:, 2])
        rows = np.flatnonzero((left > 1) & (more > UNFELT * felt))
        pairs(self.starts, self.weights, rows, self.observed, values, self.own, two)
        chances += two * (_others_miss(n, counts, 2, left) / (n * max(n - 1.0, 1.0)))[:, None]
        more = np.maximum(1.0 - chances.sum(axis=1), 0.0)
        there = self.observed != 0.0  # is one of them; three that land may then lie on either side
        signs = np.sign(values)
        upwards = ((signs > 0).sum() - (signs[self.own] > 0) * (self.own >= 0)) / np.maximum(left, 1)
        chances[:, 1] += more * np.where(there, 1.0, upwards)
        chances[:, 2] += more * np.where(there, 1.0, 1 - upwards)
        upper = np.minimum(chances[:, 1] + chances[:, 0] * upper, 1.0)
        lower = np.minimum(chances[:, 2] + chances[:, 0] * lower, 1.0)
        share = more / np.maximum(np.minimum(upper, lower), SMALL)
        return upper, lower, float(share[there & (chances[:, 0] > 0.0)].max(initial=0.0))


def _others_miss(n: int, counts: Ints, landed: int, values: Ints) -> Floats:
    """Return the chance that all values but some that landed miss the place's weights, of n that are drawn from."""
    chance = np.ones(counts.size)
    for i in range(int(values.max(initial=0)) - landed):
        outside = np.maximum(n - counts - i, 0) / (n - landed - i)
        chance *= np.where(i < values - landed, outside, 1.0)
    return chance
