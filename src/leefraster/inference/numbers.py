"""A field's values as integers: on the data's own step where it has one, in fixed point otherwise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.kernels.fixed_point import power_sums, sum_in_limbs, to_integers

DECIMALS = 9  # the finest decimal step that is looked for
FINEST = 52  # bits of the largest integer


@dataclass(frozen=True, slots=True)
class Numbers:
    """Values as non-negative integers: ``value = origin + step * integer``.

    Attributes
    ----------
    integers : ndarray of int64, shape (n,)
        At least 0.
    origin, step : float
        In the field's unit.
    natural : bool
        Whether `step` is a step of the data themselves, so that equal sums are equal integers.
    """

    integers: npt.NDArray[np.int64]
    origin: float
    step: float
    natural: bool

    @property
    def largest(self) -> int:
        """The largest integer."""
        return int(self.integers.max())

    @property
    def bits(self) -> int:
        """Bits of the largest integer, at least 1."""
        return max(self.largest.bit_length(), 1)


@dataclass(frozen=True, slots=True)
class Totals:
    """Exact totals of integers v.

    Attributes
    ----------
    n : int
        Number of values.
    total : int
        Sum of v.
    squares : Fraction
        Sum of (v - mean)^2.
    """

    n: int
    total: int
    squares: Fraction

    @property
    def mean(self) -> Fraction:
        """The mean, exact."""
        return Fraction(self.total, self.n)


def as_numbers(values: npt.NDArray[Any], most_addends: int) -> Numbers:
    """Represent finite values as integers of which `most_addends` can be added in 63 bits.

    A decimal step (1, 0.1, ... 1e-9, or a multiple such as 5) is recognised despite float error, within the
    precision of the values' own type; then `natural` is true. Otherwise the largest |value| fixes a power of
    two as step.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite numbers of an integer, bool or float type.
    most_addends : int
        The longest sum that will be taken.
    """
    bits = min(FINEST, 62 - math.ceil(math.log2(max(most_addends, 1) + 1)))
    floats = values.astype(np.float64)
    precision = np.finfo(values.dtype).eps if values.dtype.kind == "f" else np.finfo(np.float64).eps
    found = _natural(floats, float(precision), bits)
    return found if found is not None else _fixed_point(floats, bits)


def _natural(values: npt.NDArray[np.float64], precision: float, bits: int) -> Numbers | None:
    largest = float(np.abs(values).max())
    noise = 4 * float(np.finfo(np.float64).eps) * largest  # what arithmetic on such values leaves behind
    for decimals in range(DECIMALS + 1):
        scale = 10.0**decimals
        tolerance = 4 * precision * max(largest * scale, 1e-300)
        if largest * scale >= 2.0**bits or tolerance > 0.05:
            return None
        if all(_on_step(part, scale, precision, noise) for part in (values[:256], values)):
            whole = np.rint(values * scale).astype(np.int64)
            whole -= (least := int(whole.min()))
            divisor = int(np.gcd.reduce(whole)) or 1
            if divisor > 1:
                whole //= divisor
            return Numbers(whole, least / scale, divisor / scale, True)
    return None


def _on_step(values: npt.NDArray[np.float64], scale: float, precision: float, noise: float) -> bool:
    scaled = values * scale
    slack = 4 * precision * np.abs(scaled) + noise * scale
    return bool(np.all(np.abs(scaled - np.rint(scaled)) <= slack))


def _fixed_point(values: npt.NDArray[np.float64], bits: int) -> Numbers:
    least, most = float(values.min()), float(values.max())
    # |value| * scale stays below 2^(bits - 1), so that integers from the least value stay below 2^bits
    exponent = bits - 1 - math.frexp(max(abs(least), abs(most)))[1]
    scale = 2.0**exponent if -1000 < exponent < 1000 else math.ldexp(1.0, max(min(exponent, 1000), -1000))
    integers = np.empty(values.size, np.int64)
    to_integers(values, scale, integers)
    base = int(integers.min())
    integers -= base
    return Numbers(integers, base / scale, 1 / scale, False)


def totals(integers: npt.NDArray[np.int64]) -> Totals:
    """Return exact totals of non-negative integers below 2^52, whatever their order."""
    n = integers.size
    centre = (int(integers.max()) + int(integers.min())) // 2
    columns = [int(c) for c in power_sums(integers, centre).astype(object).sum(axis=0)]
    first, high, cross, low = (columns[i] + (columns[i + 1] << 32) for i in range(0, 8, 2))
    second = (high << 52) + (cross << 27) + low
    return Totals(n, first + n * centre, second - Fraction(first * first, n))


def deviations(numbers: Numbers, sums: Totals) -> npt.NDArray[np.float64]:
    """Return value minus mean in units of the step; the sign is exact, and 0 only where they are equal."""
    whole, rest = divmod(sums.total, sums.n)
    return (numbers.integers - whole).astype(np.float64) - rest / sums.n


def exact_sum(terms: npt.NDArray[np.float64], bound: float) -> float:
    """Return the sum of terms of at most `bound` in size, the same whatever their order and partition."""
    if not bound > 0 or terms.size == 0:
        return 0.0
    exponent = 61 - math.frexp(bound)[1]
    limbs = sum_in_limbs(np.ascontiguousarray(terms), math.ldexp(1.0, exponent)).astype(object).sum(axis=0)
    return float((int(limbs[0]) + (int(limbs[1]) << 32)) * Fraction(2) ** -exponent)
