"""The value that high and low are measured from: the mean over places, or over what they hold, as exact ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError
from leefraster.inference.numbers import Numbers, Totals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_HALF = 26  # bits
_LIMB = 32


@dataclass(frozen=True, slots=True)
class Centred:
    """The values of a field, measured from a centre.

    Attributes
    ----------
    numbers : Numbers
        The values as integers.
    sums : Totals
        Their totals.
    centre : Fraction
        What they are measured from, in the integers' unit.
    """

    numbers: Numbers
    sums: Totals
    centre: Fraction

    @classmethod
    def on(cls, numbers: Numbers, sums: Totals, weights: npt.NDArray[Any] | None) -> Centred:
        """Measure values from their mean, weighted where weights are given.

        Raises
        ------
        InputError
            When all weights are 0.
        """
        return cls(numbers, sums, sums.mean if weights is None else _weighted_mean(numbers.integers, weights))

    @property
    def reference(self) -> float:
        """The centre in the field's unit."""
        return self.numbers.origin + self.numbers.step * float(self.centre)

    @property
    def whole(self) -> int:
        """The largest whole number that is not above the centre."""
        return math.floor(self.centre)

    @property
    def fraction(self) -> float:
        """What the centre has above `whole`: at least 0, below 1, and 0 only where it is exactly that."""
        return _below_one(self.centre - self.whole)

    @property
    def offset(self) -> float:
        """Mean less centre."""
        return float(self.sums.mean - self.centre)

    @property
    def squares(self) -> float:
        """The sum of squared deviations from the centre."""
        return float(self.sums.squares + self.sums.n * (self.sums.mean - self.centre) ** 2)

    @property
    def deviations(self) -> Floats:
        """Value less centre; the sign is exact, and 0 only where they are equal."""
        return (self.numbers.integers - self.whole).astype(np.float64) - self.fraction

    def floors(self, most: int) -> Ints:
        """Return the largest whole numbers not above 0, 1, ... `most` times the centre."""
        top, bottom = self.centre.numerator, self.centre.denominator
        return np.array([k * top // bottom for k in range(most + 1)], dtype=np.int64)

    def ceilings(self, most: int) -> Ints:
        """Return the smallest whole numbers not below 0, 1, ... `most` times the centre."""
        top, bottom = self.centre.numerator, self.centre.denominator
        return np.array([-(-k * top // bottom) for k in range(most + 1)], dtype=np.int64)


def _below_one(rest: Fraction) -> float:
    if rest == 0:
        return 0.0
    return min(max(float(rest), math.ulp(0.0)), math.nextafter(1.0, 0.0))


def _weighted_mean(integers: Ints, weights: npt.NDArray[Any]) -> Fraction:
    """Return the exact mean of integers under weights that are taken to 52 bits of the largest."""
    most = float(weights.max())
    if not most > 0:
        raise InputError("weights is 0 at all places where the field has a value; one must be above 0")
    shares = np.rint(np.ldexp(weights.astype(np.float64), 52 - math.frexp(most)[1])).astype(np.int64)
    return Fraction(_dot(integers, shares), _dot(np.ones_like(shares), shares))


def _dot(first: Ints, second: Ints) -> int:
    """Return the exact inner product of integers of at least 0 and at most 2^53."""
    mask = (1 << _HALF) - 1
    total = 0
    for a, shift in ((first >> _HALF, _HALF), (first & mask, 0)):
        for b, more in ((second >> _HALF, _HALF), (second & mask, 0)):
            total += _sum(a * b) << (shift + more)
    return total


def _sum(values: Ints) -> int:
    """Return the exact sum of int64 values."""
    low = int((values & ((1 << _LIMB) - 1)).sum())
    return (int((values >> _LIMB).sum()) << _LIMB) + low
