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

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from leefraster.inference.numbers import Totals, totals
from leefraster.kernels.landing import TIE, landings

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FAR = 300.0  # standard deviations of the others, beyond which a value dwarfs them
MOST = 32  # values


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

    def tails(self, values: Floats, n: int, upper: Floats, lower: Floats) -> tuple[Floats, Floats]:
        """Return the tails of whole sums, given those of the others' sums, when n values are drawn from."""
        none, one = (np.empty((self.observed.size, 3)) for _ in range(2))
        landings(self.starts, self.weights, self.observed, self.sd, self.z, values, self.own, none, one)
        counts = np.diff(self.starts)
        left = values.size - (self.own >= 0)
        missed = 1 - counts / n
        chances = none * (missed**left)[:, None]
        chances += one * (missed ** np.maximum(left - 1, 0) / n)[:, None]
        self._several(values, n, chances)
        several = np.maximum(1.0 - chances.sum(axis=1), 0.0)
        signs = np.sign(values)
        upwards = ((signs > 0).sum() - (signs[self.own] > 0) * (self.own >= 0)) / np.maximum(left, 1)
        chances[:, 1] += several * upwards
        chances[:, 2] += several * (1 - upwards)
        return chances[:, 1] + chances[:, 0] * upper, chances[:, 2] + chances[:, 0] * lower

    def _several(self, values: Floats, n: int, chances: Floats) -> None:
        """Add what two that land contribute, and bound what more do, where more than one is there."""
        for row in np.flatnonzero(chances[:, 0] == 0.0).tolist():
            weights = np.sort(self.weights[self.starts[row] : self.starts[row + 1]])
            held = np.delete(values, self.own[row]) if self.own[row] >= 0 else values
            found = np.zeros(3)
            for first, second in itertools.combinations(held.tolist(), 2):
                found += _pairs(weights, first, second, float(self.observed[row]))
            k = weights.size
            chances[row] += found * (1 - k / n) ** max(held.size - 2, 0) / (n * (n - 1.0))
            if found[0] == 0.0:  # three are there, or more: either tail at most the chance that three land
                more = float(binom.sf(2, held.size, k / n))
                chances[row, 1] += more
                chances[row, 2] += more


def _pairs(weights: Floats, first: float, second: float, observed: float) -> Floats:
    """Count over the places of two values, not the same, how their sum compares: as observed, above, below."""
    needed = (observed - weights * first) / second
    slack = TIE * np.maximum(np.abs(weights * first), abs(observed)) / abs(second)
    begin = np.searchsorted(weights, needed - slack, side="left")
    end = np.searchsorted(weights, needed + slack, side="right")
    both = np.array([weights < needed - slack, weights > needed + slack]).sum(
        axis=1
    )  # on one place: not possible
    less = float(begin.sum() - both[0])
    more = float((weights.size - end).sum() - both[1])
    equal = weights.size * (weights.size - 1.0) - less - more
    return np.array([equal, more, less] if second > 0 else [equal, less, more])
