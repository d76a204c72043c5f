"""Weighted sums of places, as inversion looks at them: in standard units, by the group that each belongs to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from leefraster.inference.drawn import as_they_are
from leefraster.inference.dwarfing import Dwarfing
from leefraster.inference.numbers import Numbers, Totals, deviations, totals
from leefraster.inference.weight_patterns import Patterns
from leefraster.inference.weighted_population import Points, Standard

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SumsOf = Callable[[Callable[[Ints], npt.NDArray[Any]]], Floats]  # sums of what is made of integers

FEW_ARRANGEMENTS = 1_000_000  # of values on a place's weights: all are looked at
ALL_ARRANGEMENTS = 2e9  # over all places
MANY = 12.0  # sum w^2 over the largest w^2: from here on few polynomials suffice
NONE = -(1 << 30)  # no group
PIECE = 1 << 16  # places worked on at a time


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """What weighted sums are drawn from.

    Attributes
    ----------
    points : Points
        The values in standard units.
    sums : Totals
        Their totals, as integers.
    n : int
        How many values there are.
    dwarfing : Dwarfing or None
        Those that dwarf all others; `points` and `sums` are of the others.
    own_fixed : bool
        Whether a place's own value is not among its draws.
    counted : ndarray of bool
        Whether all arrangements are counted where a sum has 0, 1, 2, ... values.
    ordered : ndarray of int64
        All integers, sorted, where some arrangements are counted; else none.
    """

    points: Points
    sums: Totals
    n: int
    dwarfing: Dwarfing | None
    own_fixed: bool
    counted: Bools
    ordered: Ints

    @classmethod
    def of(cls, ordered: Ints, sums: Totals, occurring: Ints, *, own_fixed: bool) -> Population:
        """Return the population of sorted integers, of which `occurring` sums have 0, 1, 2, ... values."""
        n, dwarfing = sums.n, Dwarfing.of(ordered, sums)
        others = ordered
        if dwarfing is not None:
            others = dwarfing.others(ordered)
            far = np.concatenate([ordered[: dwarfing.below], ordered[dwarfing.below + others.size :]])
            sums = sums.without(totals(far))
        points = Points.of(others, sums)
        counts = np.flatnonzero(occurring)
        ways = log_arrangements(n - own_fixed, counts)
        few = counts[(counts > 0) & (ways <= math.log(FEW_ARRANGEMENTS) + 1e-9)]
        counted = np.zeros(occurring.size, dtype=bool)
        together = float(np.exp(log_arrangements(n - own_fixed, few)) @ occurring[few])
        if few.size and together <= ALL_ARRANGEMENTS:
            counted[few] = True
        return cls(points, sums, n, dwarfing, own_fixed, counted, ordered if counted.any() else ordered[:0])

    @property
    def drawn_from(self) -> int:
        """How many values a place draws from."""
        return self.n - self.own_fixed


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Some places of a field and their weighted sums.

    Attributes
    ----------
    patterns : Patterns
        The weights.
    integers : ndarray of int64, shape (m,)
        The places' own values.
    observed, standard : ndarray of float64, shape (m,)
        The sums of integers; and those of integers that no others dwarf, less their expectation, in standard
        deviations of a value.
    alone : ndarray of float64, shape (m,), or None
        The sums of those that dwarf the others.
    spread : ndarray of float64, shape (m,)
        The variance of each sum, in that of a value.
    own : ndarray of int64, shape (m,)
        The outlier that a place itself has, so that it is not drawn; -1 for none.
    certain, counted : ndarray of bool, shape (m,)
        Where the sum cannot vary, and where all arrangements are counted.
    kinds : ndarray of int64, shape (m,)
        The group of each place for inversion, NONE for none: twice the power of 2 of its spread, and 1 for many
        weights.
    """

    patterns: Patterns
    integers: Ints
    observed: Floats
    alone: Floats | None
    standard: Floats
    spread: Floats
    own: Ints
    certain: Bools
    counted: Bools
    kinds: Ints

    @classmethod
    def of(cls, patterns: Patterns, sums_of: SumsOf, numbers: Numbers, population: Population) -> Places:
        """Return the places of which these are the weights, own values and what gives the sums of values."""
        sums, points, integers = population.sums, population.points, numbers.integers
        observed = sums_of(as_they_are)
        near, alone, dwarfing = observed, None, population.dwarfing
        if dwarfing is not None:
            near, alone = sums_of(dwarfing.without), sums_of(dwarfing.alone)
            numbers = replace(numbers, integers=cast(Ints, dwarfing.without(integers)))
        spread = patterns.squares - np.square(patterns.totals) / population.drawn_from
        if population.own_fixed:
            own = points.own(Standard.of(sums).of_integers(numbers.integers))
            standard, varies = _of_others(patterns, numbers, sums, near, own)
        else:
            own = np.full(observed.size, -1)
            standard, varies = _of_all(patterns, sums, near), np.full(observed.size, sums.squares > 0)
        left = patterns.counts > 0
        certain = left & (spread <= 1e-13 * patterns.squares)
        counted = population.counted[patterns.counts] & ~certain
        certain |= left & ~varies & ~counted
        kinds = np.full(observed.size, NONE)
        here = np.flatnonzero(left & ~certain & ~counted)
        relative = spread[here] / patterns.largest**2
        kinds[here] = 2 * np.floor(np.log2(relative)).astype(np.int64)
        kinds[here] += (relative >= MANY) & patterns.by_kind
        return cls(patterns, integers, observed, alone, standard, spread, own, certain, counted, kinds)

    def pieces(self) -> Iterator[tuple[slice, list[tuple[int, Ints]]]]:
        """Yield which places come together, and of these the places of each group."""
        for begin in range(0, self.kinds.size, PIECE):
            piece = slice(begin, min(begin + PIECE, self.kinds.size))
            kinds = self.kinds[piece]
            order = np.argsort(kinds, kind="stable")
            parts = np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1)
            groups = [(int(kinds[part[0]]), begin + part) for part in parts]
            yield piece, [(kind, cells) for kind, cells in groups if kind != NONE]


def _of_all(patterns: Patterns, sums: Totals, observed: Floats) -> Floats:
    """Return the sums in standard units of all values."""
    unit = Standard.of(sums)
    found: Floats = (observed - patterns.totals * unit.mean) / unit.sd
    return found


def _of_others(
    patterns: Patterns, numbers: Numbers, sums: Totals, observed: Floats, own: Ints
) -> tuple[Floats, Bools]:
    """Return the sums in standard units of the values of other places, and where these vary.

    The units of places whose own value is an outlier (`own`) are those of all values: their null has one outlier
    less instead.
    """
    n, mean, squares = sums.n, float(sums.mean), float(sums.squares)
    from_mean = deviations(numbers, sums)
    left = np.maximum(squares - np.square(from_mean) * (n / (n - 1)), 0.0) / (n - 1)
    varies = left > 1e-12 * squares / n
    sd = np.sqrt(np.where(varies, left, 1.0))
    from_others = (observed - patterns.totals * (mean - from_mean / (n - 1))) / sd
    return np.where(own < 0, from_others, _of_all(patterns, sums, observed)), varies


def log_arrangements(n: int, counts: Ints) -> Floats:
    """Return the logarithm of the number of ways to put n values on so many places."""
    found: Floats = gammaln(n + 1.0) - gammaln(n - counts + 1.0)
    return found
