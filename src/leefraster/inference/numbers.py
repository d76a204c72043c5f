"""A field's values as integers: on the data's own step where it has one, in fixed point otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.inference.pieces import Pieces, Whole
from leefraster.kernels.fixed_point import power_sums, sum_in_limbs, to_integers_from
from leefraster.kernels.read_only import read_only
from leefraster.kernels.temporary import temporary

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
    most : int or None
        The largest integer of the field, where these are only a part of it; None takes that of `integers`.
    """

    integers: npt.NDArray[np.int64]
    origin: float
    step: float
    natural: bool
    most: int | None = None

    @property
    def largest(self) -> int:
        """The largest integer of the field."""
        return int(self.integers.max()) if self.most is None else self.most

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

    @property
    def sd(self) -> float:
        """The standard deviation, over n."""
        return math.sqrt(float(self.squares / self.n))

    def without(self, some: Totals) -> Totals:
        """Return the totals of the other integers; of none of them, where these are all."""
        n, total = self.n - some.n, self.total - some.total
        left = self._raw - some._raw
        return Totals(n, total, left - Fraction(total * total, n) if n else Fraction(0))

    def together(self, more: Totals) -> Totals:
        """Return the totals of these integers and of more."""
        n, total = self.n + more.n, self.total + more.total
        return Totals(n, total, self._raw + more._raw - Fraction(total * total, n))

    @property
    def _raw(self) -> Fraction:
        """The sum of v^2."""
        return self.squares + (Fraction(self.total * self.total, self.n) if self.n else 0)


@dataclass(frozen=True, slots=True)
class Range:
    """How many values there are, and the smallest and largest of them; ranges of parts add up to that of all."""

    n: int
    least: float
    most: float

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Range:
        """Return the range of finite values; that of none is empty."""
        if values.size == 0:
            return cls(0, math.inf, -math.inf)
        return cls(values.size, float(values.min()), float(values.max()))

    def __add__(self, other: Range) -> Range:
        return Range(self.n + other.n, min(self.least, other.least), max(self.most, other.most))

    @property
    def size(self) -> float:
        """The largest |value|."""
        return max(abs(self.least), abs(self.most))


@dataclass(frozen=True, slots=True)
class Representation:
    """How the values of a field become integers: one rule for all its parts.

    Attributes
    ----------
    scale : float
        What values are multiplied by before rounding.
    base, divisor : int
        What the rounded numbers are lowered and then divided by.
    largest : int
        The largest integer.
    natural : bool
        Whether the integers count a step of the data.
    """

    scale: float
    base: int
    divisor: int
    largest: int
    natural: bool

    @property
    def origin(self) -> float:
        """The value of the integer 0."""
        return self.base / self.scale

    @property
    def step(self) -> float:
        """The difference that an integer more makes."""
        return self.divisor / self.scale

    def integers(self, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the integers of some of the values."""
        floats = read_only(np.ascontiguousarray(values, np.float64))
        whole = np.empty(values.size, np.int64)
        to_integers_from(floats, self.scale, self.base, whole)
        if self.divisor > 1:
            whole //= self.divisor
        return whole

    def numbers(self, values: npt.NDArray[Any]) -> Numbers:
        """Return some of the values as integers, with what all of them share."""
        return self.of(self.integers(values))

    def of(self, integers: npt.NDArray[np.int64]) -> Numbers:
        """Return some of the integers, with what all of them share."""
        return Numbers(integers, self.origin, self.step, self.natural, self.largest)


def as_numbers(values: npt.NDArray[Any], most_addends: int, extent: Range | None = None) -> Numbers:
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
    extent : Range, optional
        The values' range, where it is known.
    """
    found = Range.of(values) if extent is None else extent
    return representation(Whole(values), found, values.dtype, most_addends).numbers(values)


def representation(pieces: Pieces, extent: Range, dtype: np.dtype[Any], most_addends: int) -> Representation:
    """Return how the values of a field become integers, found piece by piece; see `as_numbers`.

    Parameters
    ----------
    pieces : Pieces
        Finite values.
    extent : Range
        Their range.
    dtype : dtype
        Their type, whose precision is theirs.
    most_addends : int
        The longest sum that will be taken.
    """
    bits = min(FINEST, 62 - math.ceil(math.log2(max(most_addends, 1) + 1)))
    precision = float(np.finfo(dtype).eps if dtype.kind == "f" else np.finfo(np.float64).eps)
    found = _natural(pieces, extent, precision, bits)
    return found if found is not None else _fixed_point(extent, bits)


def _natural(pieces: Pieces, extent: Range, precision: float, bits: int) -> Representation | None:
    largest = extent.size
    noise = 4 * float(np.finfo(np.float64).eps) * largest  # what arithmetic on such values leaves behind
    for decimals in range(DECIMALS + 1):
        scale = 10.0**decimals
        tolerance = 4 * precision * max(largest * scale, 1e-300)
        if largest * scale >= 2.0**bits or tolerance > 0.05:
            return None
        on_step = partial(_on_step, scale=scale, precision=precision, noise=noise)
        if on_step(pieces.first(256)) and all(pieces.map(on_step)):
            return _on_steps(pieces, scale)
    return None


def _on_step(values: npt.NDArray[Any], scale: float, precision: float, noise: float) -> bool:
    scaled = values.astype(np.float64, copy=False) * scale
    slack = 4 * precision * np.abs(scaled) + noise * scale
    return bool(np.all(np.abs(scaled - np.rint(scaled)) <= slack))


def _on_steps(pieces: Pieces, scale: float) -> Representation:
    """Return the representation by the largest step that all values are multiples of."""
    found = [part for part in pieces.map(partial(_steps, scale=scale)) if part is not None]
    least, most = min(part[0] for part in found), max(part[1] for part in found)
    divisor = math.gcd(*(part[2] for part in found), *(part[0] - least for part in found)) or 1
    return Representation(scale, least, divisor, (most - least) // divisor, True)


def _steps(values: npt.NDArray[Any], scale: float) -> tuple[int, int, int] | None:
    """Return the smallest and largest whole number, and the greatest divisor of all their differences."""
    if values.size == 0:
        return None
    whole = np.rint(values.astype(np.float64, copy=False) * scale).astype(np.int64)
    least, most = int(whole.min()), int(whole.max())
    whole -= least
    return least, most, int(np.gcd.reduce(whole))


def _fixed_point(extent: Range, bits: int) -> Representation:
    # |value| * scale stays below 2^(bits - 1), so that integers from the least value stay below 2^bits
    exponent = bits - 1 - math.frexp(extent.size)[1]
    scale = 2.0**exponent if -1000 < exponent < 1000 else math.ldexp(1.0, max(min(exponent, 1000), -1000))
    least, most = (int(np.rint(end * scale)) for end in (extent.least, extent.most))
    return Representation(scale, least, 1, most - least, False)


def totals(integers: npt.NDArray[np.int64], largest: int | None = None) -> Totals:
    """Return exact totals of non-negative integers below 2^52, whatever their order; `largest` may be known."""
    centre = (int(integers.max()) if largest is None else largest) // 2
    return totals_of(integers.size, centre, limbs_of(integers, centre))


def limbs_of(integers: npt.NDArray[np.int64], centre: int) -> list[int]:
    """Return sums from which `totals_of` makes totals; those of parts add up to those of all."""
    if integers.size == 0:
        return [0] * 8
    return [int(column) for column in power_sums(integers, centre).astype(object).sum(axis=0)]


def totals_of(n: int, centre: int, limbs: Sequence[int]) -> Totals:
    """Return the totals of n integers from their sums about a centre."""
    first, high, cross, low = (limbs[i] + (limbs[i + 1] << 32) for i in range(0, 8, 2))
    second = (high << 52) + (cross << 27) + low
    return Totals(n, first + n * centre, second - Fraction(first * first, n))


def deviations(numbers: Numbers, sums: Totals) -> npt.NDArray[np.float64]:
    """Return value minus mean in units of the step; the sign is exact, and 0 only where they are equal."""
    whole, rest = divmod(sums.total, sums.n)
    return measured_from(whole, rest / sums.n, numbers.integers)


def measured_from(whole: int, fraction: float, integers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return integers less a whole number and a fraction."""
    found: npt.NDArray[np.float64] = temporary(integers.size)
    np.subtract(integers, whole, out=found, casting="unsafe")
    found -= fraction
    return found


def exact_sum(terms: npt.NDArray[np.float64], bound: float) -> float:
    """Return the sum of terms of at most `bound` in size, the same whatever their order and partition."""
    return whole_sum(part_of_sum(terms, bound), bound)


def part_of_sum(terms: npt.NDArray[np.float64], bound: float) -> int:
    """Return an integer which, added to those of all other terms under the same bound, `whole_sum` takes."""
    if not bound > 0 or terms.size == 0:
        return 0
    scale = math.ldexp(1.0, _exponent(bound))
    limbs = sum_in_limbs(np.ascontiguousarray(terms), scale).astype(object).sum(axis=0)
    return int(limbs[0]) + (int(limbs[1]) << 32)


def whole_sum(parts: int, bound: float) -> float:
    """Return the sum of terms of at most `bound` in size from the integers of its parts, added up."""
    return float(parts * Fraction(2) ** -_exponent(bound)) if bound > 0 else 0.0


def _exponent(bound: float) -> int:
    return 61 - math.frexp(bound)[1]
