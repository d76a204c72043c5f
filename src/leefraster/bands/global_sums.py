"""What the places with a link of a field in bands add up to, as global statistics need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.described import BandPieces, represented
from leefraster.bands.neighbours import Offsets, around
from leefraster.bands.source import BandedField
from leefraster.bands.work import Work
from leefraster.inference.global_moments import Powers
from leefraster.inference.numbers import (
    Range,
    Representation,
    Totals,
    limbs_of,
    part_of_sum,
    totals_of,
    whole_sum,
)
from leefraster.neighbours import BandNeighbours, WeightSums, summed_weights
from leefraster.neighbours.decay import DecayWeights
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.global_permutation import largest_sizes
from leefraster.statistics.global_plan import Added
from leefraster.statistics.linked import NONE, FieldSums, LinkedSums, deviations_from
from leefraster.statistics.links import RowSums, binary_margins, binary_sums
from leefraster.statistics.plan import FEWEST

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summed:
    """What the bands of a field add up to.

    Attributes
    ----------
    tally : tuple of int
        Places with a link, without one, and pairs of neighbours.
    of : LinkedSums or None
        None where fewer than three places have a link, or all have one value.
    added : int
        What a statistic asks for besides.
    look : Lagged or None
        How the bands are looked at for permutations of their values; None where there are no sums.
    """

    tally: tuple[int, int, int]
    of: LinkedSums | None
    added: int
    look: Lagged | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """How a band is read: the same for all, and sent to wherever it is worked on."""

    source: BandedField
    how: Representation
    offsets: Offsets

    def neighbours(self, band: Band) -> BandNeighbours:
        """Return the neighbours of a band's cells that hold a value."""
        return around(self.source, self.how, self.offsets, band)[1]

    def decaying(self, weighting: str, band: Band) -> DecayWeights:
        """Return the weights of a band's cells, which decay."""
        return cast(DecayWeights, self.neighbours(band).weights(cast(Weighting, weighting)))


@dataclass(frozen=True, slots=True, eq=False)
class Lagged:
    """How the bands of a field are looked at, each cell beside the lag of its neighbours.

    Attributes
    ----------
    reading : Reading
        How they are read.
    adding : FieldSums
        How sums are added up.
    given : str, RowSums or None
        The weighting, where weights decay; how shares add up, where they are shares; None where they are 1.
    margins : bool
        Whether T and Q are wanted.
    sizes : tuple of float
        How large M, T and Q can be.
    """

    reading: Reading
    adding: FieldSums
    given: str | RowSums | None
    margins: bool
    sizes: tuple[float, float, float]

    def permuted(self, band: Band) -> tuple[Ints, Ints]:
        """Return how many neighbours a band's cells have, and the integers of those that have any."""
        neighbours = self.reading.neighbours(band)
        return neighbours.counts, neighbours.own[neighbours.counts > 0]

    def limbs(self, neighbours: BandNeighbours, orders: Iterator[Ints]) -> list[list[int]]:
        """Return a band's limbs of M, T and Q for the integers of band and halo in several orders."""
        counts, core = neighbours.counts, neighbours.core
        alone = counts == 0
        if isinstance(self.given, str):
            weights: Any = neighbours.weights(cast(Weighting, self.given))
            margins = weights.margins() if self.margins else NONE

            def of(integers: Ints) -> list[int]:
                around = deviations_from(self.adding.centre, integers)
                z = around[core].copy()
                z[alone] = 0.0
                return self.adding.arranged_weighted(z, weights.lags(around), margins)

            return [of(integers) for integers in orders]
        row = self.given is not None
        beside = _margins(neighbours, self.given) if self.margins else NONE
        return [
            self.adding.arranged(integers[core], neighbours.sums_around(integers), counts, alone, beside, row)
            for integers in orders
        ]


def summed(work: Work, weighting: str, *, margins: bool, added: Added | None) -> Summed | None:
    """Add up a field, band by band; None where it has fewer than three values, or no variance.

    Passes over the bands: range and step of the data; numbers of neighbours with range and totals of the places
    with a link; the sums over the weights, where these are shares or decay; the sums over the values.

    Parameters
    ----------
    work : Work
        The field in bands, whose halo is twice as high as the neighbourhood reaches where weights are shares.
    weighting : {"row", "binary", "given"}
        What the weights are.
    margins : bool
        Whether T and Q are wanted.
    added : callable or None
        Something more that adds up.
    """
    work.tell("describing", 0)
    most = work.offsets.most
    found = represented(BandPieces(work.source, work.bands, work.runner), most)
    if found is None:
        return None
    reading = Reading(work.source, found[1], work.offsets)
    occurring, extent, sums = _totals(work, reading, most)
    counts = np.arange(occurring.size)
    n, links = int(occurring[1:].sum()), int((occurring * counts).sum())
    tally = n, int(occurring[0]), links // 2
    if n < FEWEST or extent.least == extent.most:
        return Summed(tally, None, 0)
    row = weighting == "row"
    largest = int(np.flatnonzero(occurring)[-1])
    rows = RowSums(largest) if row else None
    work.tell("weights", 0)
    add: Callable[..., tuple[list[int], int]]
    given: str | RowSums | None
    if reading.offsets.differ(weighting):
        weights, margin, total = decaying_weights_of(work, reading, weighting)
        add, given = _summed_decaying, weighting
    else:
        weights, margin = weights_of(work, reading, rows, occurring)
        total = float(largest)
        add, given = _summed, rows
    extremes = int(extent.least), int(extent.most)
    weight, margin = 1.0 if row else total, margin if margins else 0.0
    adding = FieldSums.of(sums, *extremes, weight, margin)
    limbs, more = [0] * 10, 0
    for number, (part, besides) in enumerate(mapped(work, add, reading, adding, given, margins, added)):
        limbs = [a + b for a, b in zip(limbs, part, strict=True)]
        more += besides
        work.tell("bands", number + 1)
    values = adding.values(limbs)
    powers = Powers(n, float(sums.squares), values[1], values[2])
    unit = reading.how.origin, reading.how.step
    of = LinkedSums(*unit, sums, weights, powers, values[0], values[3], values[4])
    look = Lagged(reading, adding, given, margins, largest_sizes(of, weight, margin))
    return Summed(tally, of, more, look)


def mapped[T](work: Work, function: Callable[..., T], *given: object) -> list[T]:
    """Return what a function gives for each band, after what else it is given."""
    return list(work.runner.map(partial(function, *given), work.bands))


def _totals(work: Work, reading: Reading, most: int) -> tuple[Ints, Range, Totals]:
    """Return how many places have 0, 1, 2, ... neighbours; range and totals of those with a link, as integers."""
    centre = reading.how.largest // 2
    occurring, extent, limbs = np.zeros(most + 1, np.int64), Range.of(np.empty(0)), [0] * 8
    for counts, here, part in mapped(work, _scanned, reading, centre, most):
        occurring += counts
        extent += here
        limbs = [a + b for a, b in zip(limbs, part, strict=True)]
    n = max(extent.n, 1)  # without any there are no totals, and none are asked for
    return occurring, extent, totals_of(n, centre, limbs)


def _scanned(reading: Reading, centre: int, most: int, band: Band) -> tuple[Ints, Range, list[int]]:
    neighbours = reading.neighbours(band)
    linked = neighbours.own[neighbours.counts > 0]
    return np.bincount(neighbours.counts, minlength=most + 1), Range.of(linked), limbs_of(linked, centre)


def weights_of(
    work: Work, reading: Reading, rows: RowSums | None, occurring: Ints
) -> tuple[WeightSums, float]:
    """Return the sums over the weights and the largest margin."""
    counts = np.arange(occurring.size)
    if rows is None:
        held = counts[occurring > 0]
        total, squares = int((counts * occurring).sum()), int((counts * counts * occurring).sum())
        return binary_sums(total, squares), float(binary_margins(held).max())
    limbs, margin = [0] * 4, 0.0
    for part, largest in mapped(work, _weighed, reading, rows):
        limbs = [a + b for a, b in zip(limbs, part, strict=True)]
        margin = max(margin, largest)
    return rows.sums(int(occurring[1:].sum()), limbs), margin


def decaying_weights_of(work: Work, reading: Reading, weighting: str) -> tuple[WeightSums, float, float]:
    """Return the sums over weights that decay, and the largest margin and sum of a row."""
    largest = np.max(mapped(work, _largest_terms, reading, weighting), axis=0)
    bounds = largest[:4].tolist()
    parts = zip(*mapped(work, _terms, reading, weighting, bounds), strict=True)
    sums = [whole_sum(sum(part), bound) for part, bound in zip(parts, bounds, strict=True)]
    return summed_weights(sums), float(largest[4]), bounds[0]


def _largest_terms(reading: Reading, weighting: str, band: Band) -> list[float]:
    weights = reading.decaying(weighting, band)
    return [float(each.max(initial=0.0)) for each in (*weights.terms(), weights.margins())]


def _terms(reading: Reading, weighting: str, bounds: list[float], band: Band) -> list[int]:
    terms = reading.decaying(weighting, band).terms()
    return [part_of_sum(each, bound) for each, bound in zip(terms, bounds, strict=True)]


def _weighed(reading: Reading, rows: RowSums, band: Band) -> tuple[list[int], float]:
    limbs, margins = _row_margins(reading.neighbours(band), rows)
    return limbs, float(margins.max(initial=0.0))


def _row_margins(neighbours: BandNeighbours, rows: RowSums) -> tuple[list[int], Floats]:
    return rows.part(neighbours.counts, neighbours.sums_by_counts(rows.shares))


def _margins(neighbours: BandNeighbours, rows: RowSums | None) -> Floats:
    return binary_margins(neighbours.counts) if rows is None else _row_margins(neighbours, rows)[1]


def _summed_decaying(
    reading: Reading, adding: FieldSums, weighting: str, margins: bool, added: Added | None, band: Band
) -> tuple[list[int], int]:
    """Return what `_summed` does, under weights that decay."""
    neighbours = reading.neighbours(band)
    weights: Any = neighbours.weights(cast(Weighting, weighting))
    alone = neighbours.counts == 0
    around = deviations_from(adding.centre, neighbours.around)
    z = around[neighbours.core].copy()
    z[alone] = 0.0
    limbs = adding.weighted(z, weights.lags(around), weights.margins() if margins else NONE)
    if added is None:
        return limbs, 0
    own, counts = neighbours.own[~alone], neighbours.counts[~alone]
    return limbs, added(own, counts, reading.how.origin, reading.how.step)


def _summed(
    reading: Reading, adding: FieldSums, rows: RowSums | None, margins: bool, added: Added | None, band: Band
) -> tuple[list[int], int]:
    """Return a band's part of the sums over the values, and of what is asked for besides."""
    neighbours = reading.neighbours(band)
    own, counts = neighbours.own, neighbours.counts
    alone = counts == 0
    beside = _margins(neighbours, rows) if margins else NONE
    limbs = adding.part(own, neighbours.sums(own), counts, alone, beside, rows is not None)
    if added is None:
        return limbs, 0
    return limbs, added(own[~alone], counts[~alone], reading.how.origin, reading.how.step)
