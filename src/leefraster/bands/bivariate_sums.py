"""What two fields in bands add up to, as the bivariate Moran's I needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.described import BandPieces, represented
from leefraster.bands.global_sums import Reading, decaying_weights_of, mapped, weights_of
from leefraster.bands.work import Work
from leefraster.fields import valid_mask
from leefraster.inference.numbers import (
    Range,
    Representation,
    Totals,
    deviations,
    limbs_of,
    part_of_sum,
    totals_of,
    whole_sum,
)
from leefraster.kernels.fixed_point import to_integers
from leefraster.neighbours import BandNeighbours
from leefraster.neighbours.weights import Weighting, scale_for, shares
from leefraster.statistics.bivariate import bivariate_form, drawn_powers, squares_apart
from leefraster.statistics.global_permutation import largest_sizes
from leefraster.statistics.global_plan import Tested
from leefraster.statistics.linked import NONE, FieldSums, LinkedSums, centre_of, deviations_from
from leefraster.statistics.links import RowSums
from leefraster.statistics.plan import FEWEST

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """How the bands of two fields are read, of which the first is looked at around each cell of the other one.

    Attributes
    ----------
    reading, other : Reading
        The two.
    weighting : str
        What the weights are.
    sums, drawn : Totals
        Totals of both over the cells with a link; those of nothing until they are known.
    scale : float
        By which deviations, weighted, become integers.
    """

    reading: Reading
    other: Reading
    weighting: str
    sums: Totals
    drawn: Totals
    scale: float = 1.0

    def integers(self, band: Band) -> tuple[Ints, Ints, Ints]:
        """Return how many neighbours a band's cells have, and the integers of both fields where there are any."""
        neighbours = self.reading.neighbours(band)
        linked = neighbours.counts > 0
        return neighbours.counts, neighbours.own[linked], self.beside(band)[linked]

    def beside(self, band: Band) -> Ints:
        """Return the integers of the other field."""
        values = self.other.source.own(band)
        return self.other.how.integers(values[valid_mask(values)])

    def weighted(self, integers: Ints, counts: Ints) -> Floats:
        """Return the deviations of cells, each times the weight that it has among its neighbours."""
        linked = counts > 0
        each = shares(linked, counts) if self.weighting == "row" else linked.astype(np.float64)
        found: Floats = each * deviations_from(centre_of(self.sums), integers)
        return found

    def received(self, band: Band) -> tuple[Floats, Floats]:
        """Return c_j of a band's cells with a link, and the deviations of the other field there."""
        neighbours = self.reading.neighbours(band)
        beside = self.other.how.of(self.beside(band)[neighbours.counts > 0])
        return self.received_among(neighbours), deviations(beside, self.drawn)

    def received_among(self, neighbours: BandNeighbours) -> Floats:
        """Return c_j of a band's cells with a link."""
        around, linked = neighbours.around, neighbours.counts > 0
        if self.reading.offsets.differ(self.weighting):
            weights: Any = neighbours.weights(cast(Weighting, self.weighting))
            received: Floats = weights.received_around(deviations_from(centre_of(self.sums), around))
            return received[linked]

        def fixed(counts: Ints) -> Ints:
            found = np.empty(counts.size, np.int64)
            to_integers(self.weighted(around, counts), self.scale, found)
            return found

        scaled: Floats = neighbours.sums_by_counts(fixed)[linked] / self.scale
        return scaled


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """How the bands of two fields are looked at, each cell of the other one beside c_j of the first.

    Attributes
    ----------
    paired : Paired
        How they are read.
    adding : FieldSums
        How T is added up.
    sizes : tuple of float
        How large M, T and Q can be.
    """

    paired: Paired
    adding: FieldSums
    sizes: tuple[float, float, float]

    @property
    def reading(self) -> Reading:
        """How the first field is read."""
        return self.paired.reading

    def permuted(self, band: Band) -> tuple[Ints, Ints]:
        """Return how many neighbours a band's cells have, and the other's integers of those that have any."""
        counts, _, integers = self.paired.integers(band)
        return counts, integers

    def limbs(self, neighbours: BandNeighbours, orders: Iterator[Ints]) -> list[list[int]]:
        """Return a band's limbs of T for the other's integers of band and halo in several orders."""
        received, linked = self.paired.received_among(neighbours), neighbours.counts > 0
        deviating = (
            deviations_from(self.adding.centre, integers[neighbours.core][linked]) for integers in orders
        )
        return [self.adding.arranged_weighted(z, NONE, received) for z in deviating]


@dataclass(frozen=True, slots=True)
class Added:
    """What two fields add up to: places with a link, without one and pairs; None where nothing is tested.

    With it goes how the bands are looked at for permutations.
    """

    tally: tuple[int, int, int]
    tested: Tested | None
    look: Beside | None = None


def bivariate_summed(work: Work, weighting: str) -> Added | None:
    """Add up two fields, band by band; None where they have fewer than three values, or one has no variance.

    Passes over the bands: range and step of both; numbers of neighbours with range and totals of both over the
    places with a link; the sums over the weights, where these are shares or decay; unless they decay, the largest
    weighted deviation, which fixes the scale of c_j; the range of c_j and of its terms; their sums; the sum of
    squares about their mean.
    """
    work.tell("describing", 0)
    assert work.other is not None
    most = work.offsets.most
    found = [
        represented(BandPieces(field, work.bands, work.runner), most) for field in (work.source, work.other)
    ]
    if found[0] is None or found[1] is None:
        return None
    readings = [
        Reading(field, how, work.offsets)
        for field, how in zip((work.source, work.other), (found[0][1], found[1][1]), strict=True)
    ]
    none = Totals(0, 0, Fraction(0))
    paired = Paired(readings[0], readings[1], weighting, none, none)
    occurring, extents, sums = _totals(work, paired, most)
    counts = np.arange(occurring.size)
    n = int(occurring[1:].sum())
    tally = n, int(occurring[0]), int((occurring * counts).sum()) // 2
    if n < FEWEST or any(extent.least == extent.most for extent in extents):
        return Added(tally, None)
    work.tell("weights", 0)
    rows = RowSums(int(np.flatnonzero(occurring)[-1])) if weighting == "row" else None
    paired = replace(paired, sums=sums[0], drawn=sums[1])
    if paired.reading.offsets.differ(weighting):
        weights = decaying_weights_of(work, paired.reading, weighting)[0]
    else:
        weights = weights_of(work, paired.reading, rows, occurring)[0]
        largest = max(mapped(work, _largest, paired))
        paired = replace(paired, scale=scale_for(largest * max(most, 1.0)))
    ranges = [sum(parts, Range.of(np.empty(0))) for parts in zip(*mapped(work, _ranges, paired), strict=True)]
    bounds = ranges[0].size, ranges[1].size
    parts = zip(*mapped(work, _sums, paired, bounds), strict=True)
    total, linear = (whole_sum(sum(part), bound) for part, bound in zip(parts, bounds, strict=True))
    ends = np.array([ranges[0].least, ranges[0].most])
    bound = float(squares_apart(ends, total, n).max())
    apart = 0
    for number, part in enumerate(mapped(work, _apart, paired, total, bound)):
        apart += part
        work.tell("bands", number + 1)
    how = paired.other.how
    of = LinkedSums(how.origin, how.step, sums[1], weights, drawn_powers(sums[1]), 0.0, linear, 0.0)
    mean = paired.reading.how.origin + paired.reading.how.step * float(sums[0].mean)
    form = bivariate_form(sums[0], of, whole_sum(apart, bound))
    margin = ranges[0].size
    adding = FieldSums.of(sums[1], int(extents[1].least), int(extents[1].most), 1.0, margin)
    look = Beside(paired, adding, largest_sizes(of, 1.0, margin))
    return Added(tally, Tested([form], of, reference=mean), look)


def _totals(work: Work, paired: Paired, most: int) -> tuple[Ints, list[Range], list[Totals]]:
    """Return how many places have 0, 1, 2, ... neighbours; range and totals of both fields where there are any."""
    occurring, extents, limbs = np.zeros(most + 1, np.int64), [Range.of(np.empty(0))] * 2, [[0] * 8] * 2
    for counts, ranges, parts in mapped(work, _scanned, paired, most):
        occurring += counts
        extents = [a + b for a, b in zip(extents, ranges, strict=True)]
        limbs = [
            [a + b for a, b in zip(one, part, strict=True)] for one, part in zip(limbs, parts, strict=True)
        ]
    sums = [
        totals_of(max(extent.n, 1), _centre(each.how), found)
        for extent, each, found in zip(extents, (paired.reading, paired.other), limbs, strict=True)
    ]
    return occurring, extents, sums


def _centre(how: Representation) -> int:
    return how.largest // 2


def _scanned(paired: Paired, most: int, band: Band) -> tuple[Ints, list[Range], list[list[int]]]:
    counts, *both = paired.integers(band)
    hows = paired.reading.how, paired.other.how
    limbs = [limbs_of(integers, _centre(how)) for integers, how in zip(both, hows, strict=True)]
    return np.bincount(counts, minlength=most + 1), [Range.of(integers) for integers in both], limbs


def _largest(paired: Paired, band: Band) -> float:
    neighbours = paired.reading.neighbours(band)
    return float(np.abs(paired.weighted(neighbours.own, neighbours.counts)).max(initial=0.0))


def _ranges(paired: Paired, band: Band) -> list[Range]:
    received, beside = paired.received(band)
    return [Range.of(received), Range.of(received * beside)]


def _sums(paired: Paired, bounds: tuple[float, float], band: Band) -> list[int]:
    received, beside = paired.received(band)
    return [
        part_of_sum(terms, bound) for terms, bound in zip((received, received * beside), bounds, strict=True)
    ]


def _apart(paired: Paired, total: float, bound: float, band: Band) -> int:
    return part_of_sum(squares_apart(paired.received(band)[0], total, paired.sums.n), bound)
