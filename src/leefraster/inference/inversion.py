"""Tails of weighted sums under conditional permutation, by inversion of their generating function.

The sum over a place's neighbours is S = sum_j w_j X_j, X drawn without replacement from n values with mean 0. With
the weights centred over all n places (w - m for neighbours, -m for the rest, m = sum w / n) the draws are nearly
independent, and log E exp(s S) is the sum of log M(s w) over the places, M being the generating function of one
value. To it belongs the correction for pairs, since two places cannot draw one value: -sum F(w_j, w_l) / (n - 1)
over pairs, F = M(s (w_j + w_l)) / (M(s w_j) M(s w_l)) - 1. Values with much of the variance (outliers x) are taken
the other way round: each falls on one of the n places, a factor 1 + sum_j (exp(s w_j x) / M(s w_j) - 1) / n.

As a function of the weight, log M is expanded in Chebyshev polynomials: then a place needs only the sums of these
over its neighbours, made once a mask, and F is likewise a sum of squares of such expansions (a Nystroem
approximation). The tail is the integral of exp(log E - s x) / s along a line near the saddlepoint of the place, by
the trapezoid rule: small tails keep their relative accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from leefraster.inference.dwarfing import Landed
from leefraster.inference.inversion_lines import TILTS, Coefficients, Line, Lines, Sample
from leefraster.inference.numbers import Numbers, Totals
from leefraster.inference.weight_groups import (
    Extent,
    Group,
    Groups,
    by_kind,
    extents,
    plain_ranges,
    with_typical,
)
from leefraster.inference.weight_patterns import Patterns
from leefraster.inference.weighted_places import PIECE, Places, Population, SumsOf, log_arrangements
from leefraster.inference.weighted_population import Standard
from leefraster.kernels.inversion import count_arrangements

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Side = tuple[int, int]  # a group, and 1 for sums above their expectation, -1 for those below
Key = tuple[int, int, int]  # and the number of a tilt

LARGEST_SHARE = 1 / 3  # of all values in one sum, beyond which these depend on each other too much
UNSOUND = 0.01  # beyond the probabilities that there are
TINY = float(np.nextafter(0.0, 1.0))
ROOM = 1 << 27  # bytes of coefficients that are kept from one piece of places to the next


class EachPart(Protocol):
    """The places of a field in parts: all at once, or band by band."""

    def map[T](self, function: Callable[[Places], T]) -> Iterable[T]:
        """Return what the function gives for each part, in their order; it can be sent to another process."""
        ...


class _AtOnce:
    """All places of a field."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def map[T](self, function: Callable[[Places], T]) -> Iterable[T]:
        return [function(self._places)]


class Sides:
    """What weighted sums are drawn from, the groups of places, and of each group the lines for either side.

    These are made when they are first asked for, and the coefficients on lines kept as far as there is room; they
    do not go to another process.
    """

    def __init__(self, population: Population, groups: Groups) -> None:
        self.population, self.groups = population, groups
        self._lines: dict[Side, Lines] = {}
        self._kept: dict[Key, Coefficients] = {}
        self._size = 0

    def __getstate__(self) -> tuple[Population, Groups]:
        return self.population, self.groups

    def __setstate__(self, state: tuple[Population, Groups]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def __getitem__(self, side: Side) -> Lines:
        if side not in self._lines:
            points = self.population.points if side[1] > 0 else self.population.points.mirrored()
            self._lines[side] = Lines(self.groups[side[0]], points)
        return self._lines[side]

    def keep(self, key: Key, made: Coefficients) -> None:
        """Keep the coefficients on a line, if there is room."""
        size = sum(part.nbytes for part in made[1])
        if self._size + size <= ROOM:
            self._kept[key] = made
            self._size += size

    def coefficients(self, key: Key, line: Line) -> Coefficients:
        """Return the coefficients on a line."""
        found = self._kept.get(key)
        if found is None:
            found = self[key[:2]].coefficients(line)
            self.keep(key, found)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """The null distributions of a field's weighted sums: what all places share, made of what their parts add up to.

    Attributes
    ----------
    sides : Sides
        What is drawn from, and the groups of places.
    lines : dict
        The line of every group, side and tilt that places have.
    error : float
        The largest relative change of a tail of a sample when every second node of its line is left out; infinite
        where a sum has more than a third of all values.
    """

    sides: Sides
    lines: dict[Key, Line]
    error: float

    @classmethod
    def of(cls, population: Population, parts: EachPart) -> Inversion:
        """Look at all places in turn: at what groups there are, and at samples of the places of each line."""
        heavy = population.points.numbers.size > 0
        found: dict[int, Extent] = {}
        for part in parts.map(extents):
            for kind, extent in part.items():
                found[kind] = found[kind] | extent if kind in found else extent
        groups = {
            kind: Group.of(kind, extent, population.drawn_from, heavy) for kind, extent in found.items()
        }
        if heavy and groups:
            groups = with_typical(groups, parts.map(partial(plain_ranges, groups)))
        crowded = any(group.count > LARGEST_SHARE * population.drawn_from for group in groups.values())
        sides = Sides(population, groups)
        samples: dict[Key, Sample] = {}
        if groups:
            for some in parts.map(partial(_samples, sides)):
                for key, sample in some.items():
                    samples[key] = samples[key] | sample if key in samples else sample
        lines, error = {}, math.inf if crowded else 0.0
        for key in sorted(samples):
            lines[key], made, change = sides[key[:2]].line(float(TILTS[key[2]]), samples[key])
            sides.keep(key, made)
            error = max(error, change)
        return cls(sides, lines, error)

    @property
    def population(self) -> Population:
        """What is drawn from."""
        return self.sides.population

    def tails(self, places: Places) -> tuple[Floats, Floats, float]:
        """Return P(S >= s) and P(S <= s) of places, and the error: infinite where an integral failed."""
        size = places.observed.size
        upper, lower, error = np.full(size, np.nan), np.full(size, np.nan), self.error
        upper[places.certain] = lower[places.certain] = 1.0
        _count_few(places, self.population, upper, lower)
        for side, cells, some in _by_side(places, self.sides):
            tail, other = (upper, lower) if side[1] > 0 else (lower, upper)
            for tilt, here in _by_tilt(self.sides[side], some):
                line = self.lines[*side, tilt]
                found = self.sides[side].tails(
                    line, self.sides.coefficients((*side, tilt), line), _chosen(some, here)
                )
                if not (found.min() > -UNSOUND and found.max() < 1 + UNSOUND):
                    error = math.inf
                tail[cells[here]] = found
                other[cells[here]] = 1.0 - found
        error = max(error, _mix(places, self.population, upper, lower))
        _bound_below(places.patterns.counts, self.population.drawn_from, upper, lower)
        return upper, lower, error


def inversion_tails(
    patterns: Patterns, sums_of: SumsOf, numbers: Numbers, sums: Totals, *, own_fixed: bool
) -> tuple[Floats, Floats, float]:
    """Return P(S >= s) and P(S <= s) of each place's weighted sum under conditional permutation.

    Parameters
    ----------
    patterns : Patterns
        The weights.
    sums_of : callable
        Returns the weighted sums (n) of what a function makes of the integers.
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    own_fixed : bool
        Whether a place's own value is not among its draws.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        Tails, never 0; NaN where there is no weight.
    error : float
        Largest relative change of a tail, on a sample of places, when every second node of the integral is left
        out; 0 where all arrangements were counted, infinite where an integral failed, or a sum has more than a
        third of all values. The approximation to dependence is not in it otherwise.

    Notes
    -----
    Where a place has at most a million arrangements, and all places 2e9, these are counted, ties included. Else
    the sum is taken as continuous, so that a tie counts half. Values that dwarf all others are not in the integral:
    where they may land is counted, ties whole (`inference.dwarfing`).
    """
    population = Population.of(
        np.sort(numbers.integers), sums, np.bincount(patterns.counts), own_fixed=own_fixed
    )
    places = Places.of(patterns, sums_of, numbers, population)
    return Inversion.of(population, _AtOnce(places)).tails(places)


def _by_side(places: Places, sides: Sides) -> Iterator[tuple[Side, Ints, Sample]]:
    """Yield the places above and below their expectation, by piece and group, as `Lines` takes them."""
    groups, middle = sides.groups, sides.population.points.middle
    for piece, parts in places.pieces():
        sums_by_kind = by_kind(places, piece, groups, (kind for kind, _ in parts))
        for kind, every in parts:
            group = groups[kind]
            bases = group.bases(places, every, sums_by_kind, piece.start)
            for sign in (1, -1):
                here = np.flatnonzero((places.standard[every] >= 0) == (sign > 0))
                if here.size:
                    cells = every[here]
                    sums = sign * (places.standard[cells] / group.unit)
                    sums -= sign * middle * (places.patterns.totals[cells] / group.unit)
                    yield (kind, sign), cells, Sample(bases[here], sums, places.own[cells])


def _by_tilt(lines: Lines, some: Sample) -> Iterator[tuple[int, Ints]]:
    """Yield which of some places go with each tilt."""
    tilts = lines.best(some.bases, some.sums, some.own)
    for tilt in np.unique(tilts).tolist():
        yield tilt, np.flatnonzero(tilts == tilt)


def _chosen(some: Sample, here: Ints) -> Sample:
    return Sample(some.bases[here], some.sums[here], some.own[here])


def _samples(sides: Sides, places: Places) -> dict[Key, Sample]:
    """Return a sample of the places of each line."""
    found: dict[Key, Sample] = {}
    for side, _, some in _by_side(places, sides):
        for tilt, here in _by_tilt(sides[side], some):
            sample = Sample.of(some.bases[here], some.sums[here], some.own[here])
            key = (*side, tilt)
            found[key] = found[key] | sample if key in found else sample
    return found


def _count_few(places: Places, population: Population, upper: Floats, lower: Floats) -> None:
    """Count all arrangements where these are few."""
    cells = np.flatnonzero(places.counted)
    if cells.size == 0:
        return
    patterns, ordered = places.patterns, population.ordered
    starts, weights = patterns.rows(cells)
    slack = 1e-12 * patterns.totals[cells] * max(int(ordered[-1]), 1)
    own = np.full(cells.size, -1)
    if population.own_fixed:
        own = np.searchsorted(ordered, places.integers[cells])
    larger, smaller = np.zeros(cells.size, np.int64), np.zeros(cells.size, np.int64)
    count_arrangements(
        starts, weights, ordered.astype(np.float64), own, places.observed[cells], slack, larger, smaller
    )
    total = np.rint(np.exp(log_arrangements(population.drawn_from, patterns.counts[cells])))
    upper[cells], lower[cells] = larger / total, smaller / total


def _mix(places: Places, population: Population, upper: Floats, lower: Floats) -> float:
    """Add where values that dwarf all others may land to tails of sums of the others; return the error of this."""
    dwarfing, patterns = population.dwarfing, places.patterns
    error = 0.0
    if dwarfing is None:
        return error
    assert places.alone is not None
    own = dwarfing.which(places.integers) if population.own_fixed else np.full(upper.size, -1)
    open_to = (patterns.counts > 0) & ~places.counted
    for begin in range(0, upper.size, PIECE):
        cells = begin + np.flatnonzero(open_to[begin : begin + PIECE])
        sd = np.sqrt(np.maximum(places.spread[cells], 0.0))
        z = np.divide(places.standard[cells], sd, out=np.zeros(cells.size), where=sd > 0)
        sd *= Standard.of(population.sums).sd * float(population.sums.squares > 0)
        landed = Landed(*patterns.rows(cells), places.alone[cells], sd, z, own[cells])
        upper[cells], lower[cells], share = landed.tails(
            dwarfing.values, population.drawn_from, upper[cells], lower[cells]
        )
        error = max(error, share)
    return error


def _bound_below(counts: Ints, n: int, upper: Floats, lower: Floats) -> None:
    """What is observed is one of the equally likely arrangements."""
    least = np.maximum(np.exp(-log_arrangements(n, counts)), TINY)
    for tail in (upper, lower):
        np.clip(tail, least, 1.0, out=tail)
