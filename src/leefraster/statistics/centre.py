"""The value that high and low are measured from: the mean over places, or over what they hold, as exact ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError
from leefraster.inference.numbers import Numbers, Totals, measured_from
from leefraster.statistics.plan import OneField

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
    def on(cls, numbers: Numbers, sums: Totals, centre: Fraction | None) -> Centred:
        """Measure values from a centre, or from their mean where there is none."""
        return cls(numbers, sums, sums.mean if centre is None else centre)

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
        return measured_from(self.whole, self.fraction, self.numbers.integers)

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


def centred_on(one: OneField, weights: npt.NDArray[Any] | None) -> OneField:
    """Return a field that is measured, with the other one, from its weighted mean; the same without weights.

    Raises
    ------
    InputError
        When all weights are 0.
    """
    if weights is None:
        return one
    several = [one.numbers.integers] if one.other is None else [one.numbers.integers, one.other[0].integers]
    most = largest_weight(weights)
    return replace(one, whole=replace(one.whole, centres=weighted_means(products(several, weights, most))))


def largest_weight(weights: npt.NDArray[Any]) -> float:
    """Return the largest weight, which `products` is told."""
    return float(weights.max(initial=0.0))


def products(several: Sequence[Ints], weights: npt.NDArray[Any], most: float) -> list[int]:
    """Return the sum of the weights, and of their products with several integers; those of parts add up.

    Weights are taken to 52 bits of the largest, which is `most`.
    """
    exponent = 52 - math.frexp(most)[1]
    shares = np.rint(np.ldexp(weights.astype(np.float64), exponent)).astype(np.int64)
    return [_dot(integers, shares) for integers in (np.ones_like(shares), *several)]


def weighted_means(sums: Sequence[int]) -> tuple[Fraction, ...]:
    """Return the exact weighted means from the `products` of all parts.

    Raises
    ------
    InputError
        When all weights are 0.
    """
    total, *weighted = sums
    if total == 0:
        raise InputError("weights is 0 at all places where the field has a value; one must be above 0")
    return tuple(Fraction(each, total) for each in weighted)


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
