"""Exact conditional permutation inference for sums over neighbourhoods: tables once a field, look-ups per cell."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.inference.drawn import Drawn, drawn_of, sorted_values
from leefraster.inference.draws import (
    TABLE_BYTES,
    Lattice,
    Population,
    Tables,
    bound_by_one_set,
    build_tables,
    choose_lattice,
    draw_tails,
    enumerated,
    exclusion_coefficients,
    log_choose,
    table_bytes,
    tables_and_frequencies,
)
from leefraster.inference.far_tails import Approximations, extreme, far_limit, far_tails, weighted_points
from leefraster.inference.hypergeometric import two_valued_tails
from leefraster.inference.numbers import Numbers, Totals
from leefraster.inference.pair_tails import count_pair_tails
from leefraster.kernels.in_threads import in_threads
from leefraster.kernels.tails import TABLE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TOLERATED = 0.01  # relative change of a p-value when the lattice is halved
STILL_TO_COME = 3.0  # times that change: bound of all halvings together, and of places not looked at
REPORTED_FROM = 1e-9  # tails below which no error is vouched for
POINTS = 512


def exact_tails(
    numbers: Numbers, sums: Totals, observed: Ints, counts: Ints, *, own_fixed: bool
) -> tuple[Floats, Floats, float]:
    """Return P(S >= s) and P(S <= s) of each cell's neighbour sum under conditional permutation.

    S is the sum of k values drawn without replacement: of the n - 1 values other than the cell's own
    (`own_fixed`; local Moran, Getis-Ord G), or of all n (G*).

    Parameters
    ----------
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    observed, counts : ndarray of int64, shape (n,)
        The observed sum of each cell in the same integers, and how many values are in it.
    own_fixed : bool
        Whether the cell itself is held fixed and not among the draws.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        Tail probabilities, never 0; NaN where nothing is drawn.
    error : float
        Bound of the relative error of a tail above ``max(1e-9, 1e-13 k, 1000 / C(n-1, k))``: three times the
        largest change found when the lattice of the tables is halved; 0 where the tables are on the data's own
        step or sums were enumerated.

    Notes
    -----
    Of a field with two values the tails are hypergeometric, with full relative accuracy. Of others, below
    max(1e-12, 1e-13 k), where a transform loses relative accuracy, tails come from the saddlepoint
    approximation (`inference.far_tails`), joined to the table where both are good.
    """
    occurring = np.bincount(counts)
    null = Null.of(drawn_of(numbers), sums, occurring, own_fixed=own_fixed)
    return (*null.tails(observed, counts, numbers.integers), null.error)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What far tails ask for, where it was made beside the tables; None where it is made when they ask.

    Attributes
    ----------
    points : tuple of ndarray, or None
        The values as `far_tails.weighted_points` has them.
    extremes : tuple of ndarray, or None
        The largest and the smallest values, as `far_tails.extreme` has them.
    """

    points: tuple[Floats, Floats] | None = None
    extremes: tuple[Ints, Ints] | None = None


@dataclass(frozen=True, eq=False)
class Null:
    """The null distribution of a field's neighbour sums: one object that all its places, or bands of them, look up.

    Attributes
    ----------
    sums : Totals
        Totals of the values that are drawn.
    own_fixed : bool
        Whether a place itself is held fixed and not among the draws.
    population, tables
        The values and the tables of their sums; None where nothing is drawn, or the field has two values.
    error : float
        As `exact_tails` returns it.
    two_valued : bool
        Whether the integers are 0 and 1 only.
    ahead : Ahead
        What far tails ask for, as far as it was made ahead.
    """

    sums: Totals
    own_fixed: bool
    population: Population | None
    tables: Tables | None
    error: float
    two_valued: bool = False
    ahead: Ahead = Ahead()

    @classmethod
    def of(
        cls, drawn: Drawn, sums: Totals, occurring: Ints, *, own_fixed: bool, summary: Summary | None = None
    ) -> Null:
        """Make what the tails of a field need.

        Parameters
        ----------
        drawn : Drawn
            The values as integers.
        sums : Totals
            Their totals.
        occurring : ndarray of int64
            How many places have sums of 0, 1, 2, ... values; only which occur matters.
        own_fixed : bool
            Whether a place itself is not among the draws.
        summary : Summary, optional
            That of the values, where it was made before.
        """
        n = sums.n
        drawn_from = n - 1 if own_fixed else n
        counts = np.flatnonzero(occurring)
        folded = np.unique(np.minimum(counts, drawn_from - counts))
        kmax = int(folded.max(initial=0))
        if kmax == 0:
            return cls(sums, own_fixed, None, None, 0.0)
        if drawn.largest == 1:
            return cls(sums, own_fixed, None, None, 0.0, two_valued=True)
        wanted = np.zeros(kmax + 1, dtype=bool)
        if own_fixed:
            _, terms = exclusion_coefficients(n, kmax)
            for k in folded:
                wanted[k - terms[k] : k + 1] = True
        else:
            wanted[folded] = True
        if summary is None:
            summary, _ = summary_beside(drawn, sums, _nothing)
        population = summary.population
        tables, error, extremes = _refined(population, kmax, wanted)
        return cls(sums, own_fixed, population, tables, error, ahead=Ahead(summary.points, extremes))

    @cached_property
    def far(self) -> Approximations:
        """The approximations of tails below 1e-12."""
        assert self.population is not None
        assert self.tables is not None
        return Approximations(self.population, self.tables, self.ahead.points, self.ahead.extremes)

    def shared(self) -> Null:
        """Return it ready for several threads: with one set of approximations for all of them."""
        if self.tables is not None:
            assert self.far is not None
        return self

    def portable(self) -> Null:
        """Return the same distribution, with its values as one sorted array: it can go to another process."""
        if self.population is None:
            return self
        return replace(self, population=replace(self.population, drawn=sorted_values(self.population.drawn)))

    def tails(self, observed: Ints, counts: Ints, own: Ints) -> tuple[Floats, Floats]:
        """Return P(S >= s) and P(S <= s) of the sums of some places; `own` are the places' own integers."""
        drawn_from = self.sums.n - 1 if self.own_fixed else self.sums.n
        if self.two_valued:
            upper, lower = two_valued_tails(own, self.sums, observed, counts, self.own_fixed)
        elif self.population is None or self.tables is None:
            return _nothing_drawn(counts)
        else:
            upper, lower = self._looked_up(observed, counts, own if self.own_fixed else None)
        bound_by_one_set(upper, lower, counts, drawn_from)
        return upper, lower

    def _looked_up(self, observed: Ints, counts: Ints, own: Ints | None) -> tuple[Floats, Floats]:
        population, tables = self.population, self.tables
        assert population is not None
        assert tables is not None
        upper, lower = draw_tails(tables, population, observed, counts, own)
        far_tails(population, tables, observed, counts, own, upper, lower, self.far)
        count_pair_tails(population, tables, observed, counts, own, upper, lower)
        return upper, lower


def _nothing_drawn(counts: Ints) -> tuple[Floats, Floats]:
    """Only islands, or places that have all others as neighbours: one outcome is possible, or none."""
    certain = np.where(counts > 0, 1.0, np.nan)
    return certain, certain.copy()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a null distribution is made from.

    Attributes
    ----------
    population : Population
        The values.
    points : tuple of ndarray, or None
        Their weighted points, where these were made beside it.
    """

    population: Population
    points: tuple[Floats, Floats] | None


def summary_beside[T](drawn: Drawn, sums: Totals, work: Callable[[], T]) -> tuple[Summary, T]:
    """Return the summary of some values, and what some work gives that is done beside it.

    Of values in memory without a step of their own, weighted points and buckets of values, in which sums of one are
    counted, are made at the same time.
    """
    works: list[Callable[[], Any]] = [work, partial(Population.of, drawn, sums)]
    apart = drawn.in_memory and not drawn.natural
    if apart:
        works[1:1] = [partial(_in_buckets, drawn), partial(weighted_points, drawn, sums)]
    made = in_threads(_done, works)
    return Summary(made[-1], made[-2] if apart else None), made[0]


def _refined(
    population: Population, kmax: int, wanted: npt.NDArray[np.bool_]
) -> tuple[Tables, float, tuple[Ints, Ints] | None]:
    """Halve the lattice until no p-value changes by more than 1 %, or the tables reach 64 MB.

    The lattice is judged by the tables of the fewest and of the most draws alone; all are made when it stands.
    Beside the first of these the extremes are found that far tails will ask for.
    """
    lattice, _ = choose_lattice(population, kmax)
    judges = _fewest_and_most(population, kmax, wanted)
    if lattice.exact or lattice.shift == 0 or not judges.any():
        return build_tables(population, lattice, kmax, wanted), 0.0, None
    finer = _halved(lattice)
    works: list[Callable[[], Any]] = [
        partial(tables_and_frequencies, population, each, kmax, judges, None) for each in (finer, lattice)
    ]
    extremes: tuple[Ints, Ints] | None = None
    if population.drawn.in_memory:
        most = int(np.flatnonzero(wanted & ~enumerated(population, kmax)).max())
        works += [partial(extreme, population, most, side) for side in (1.0, -1.0)]
        (fine, fine_known), (coarse, known), *found = in_threads(_done, works)
        extremes = found[0], found[1]
    else:
        (fine, fine_known), (coarse, known) = map(_done, works)
    while True:
        change, largest = _changes(population, coarse, fine)
        if change <= TOLERATED or table_bytes(population, finer, kmax) > TABLE_BYTES:
            break
        lattice, coarse, known, largest = finer, fine, fine_known, 0.0
        if lattice.shift == 0:
            break
        finer = _halved(lattice)
        fine, fine_known = tables_and_frequencies(population, finer, kmax, judges, None)
    tables, _ = tables_and_frequencies(population, lattice, kmax, wanted, known)
    return tables, STILL_TO_COME * largest, extremes


def _done(work: Callable[[], Any]) -> Any:
    return work()


def _nothing() -> None:
    return None


def _in_buckets(drawn: Drawn) -> None:
    assert drawn.buckets is not None


def _halved(lattice: Lattice) -> Lattice:
    """Return the lattice with half the step, and tables with twice the points."""
    shift = lattice.shift - 1
    return Lattice(lattice.offset % (1 << shift), shift, False, 2 * lattice.resolution)


def _fewest_and_most(
    population: Population, kmax: int, wanted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return which numbers of draws are the smallest and the largest whose tails are tabled, not enumerated."""
    tabled = np.flatnonzero(wanted & ~enumerated(population, kmax))
    judges = np.zeros(kmax + 1, dtype=bool)
    judges[tabled[:1]] = judges[tabled[-1:]] = True
    return judges


def _changes(population: Population, coarse: Tables, fine: Tables) -> tuple[float, float]:
    """Compare tables with those on the finer lattice.

    Returns the largest relative change of a tail at evenly spaced sums, by which the lattice is judged, and at
    these and sums spaced by the size of their tails, which see steep places and far ends.
    """
    even = largest = 0.0
    for k in np.flatnonzero(coarse.kind == TABLE).tolist():
        threshold = max(float(far_limit(k)), 1000.0 * math.exp(-float(log_choose(population.sums.n, k))))
        pair = coarse, fine
        even = max(even, _largest_change(population, pair, _even_positions(coarse, k), k, threshold))
        vouched = max(REPORTED_FROM, threshold)
        by_tail = _positions_by_tail(coarse, k, vouched)
        largest = max(largest, _largest_change(population, pair, by_tail, k, vouched))
    return even, max(even, largest)


def _even_positions(tables: Tables, k: int) -> Floats:
    """Sums over the whole of a table, evenly spaced, in lattice steps."""
    size, stride = int(tables.size[k]), int(tables.stride[k])
    return np.asarray(tables.start[k] + np.linspace(0, (size - 1) * stride, POINTS))


def _positions_by_tail(tables: Tables, k: int, threshold: float) -> Floats:
    """Sums at which either tail passes sizes from the threshold to a half, on and between table points."""
    tail = tables.tails[tables.begin[k] : tables.begin[k] + tables.size[k]]
    sizes = np.geomspace(threshold, 0.5, POINTS // 4)
    at = np.concatenate([np.searchsorted(-tail, -sizes), np.searchsorted(1.0 - tail, sizes)])
    at = at[(at > 0) & (at < tail.size - 1)]
    return np.asarray(tables.start[k] + np.concatenate([at, at - 0.5, at - 0.25]) * int(tables.stride[k]))


def _largest_change(
    population: Population, pair: tuple[Tables, Tables], position: Floats, k: int, threshold: float
) -> float:
    """Return the largest relative change of a tail above the threshold from one table to the other."""
    lattice = pair[0].lattice
    values = (position * 2.0**lattice.shift).astype(np.int64) + k * lattice.offset
    counts = np.full(values.size, k, np.int64)
    coarse, fine = (draw_tails(tables, population, values, counts, None) for tables in pair)
    change = 0.0
    for one, other in zip(coarse, fine, strict=True):
        seen = other > threshold
        if seen.any():
            change = max(change, float(np.abs(one[seen] / other[seen] - 1).max()))
    return change
