"""Groups of places whose weighted sums have about the same spread, and what inversion needs of each place."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from leefraster.inference.weighted_places import Places
from leefraster.kernels.inversion import chebyshev_of_rows, move_chebyshev

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DEGREE, ROW_DEGREE = 16, 32  # Chebyshev polynomials for many neighbours, and for few
HEAVY_DEGREE = 64  # for both where single values weigh much


@dataclass(frozen=True, slots=True)
class Extent:
    """Between what the places of a group lie; those of its parts join without regard to their order.

    Attributes
    ----------
    spread, totals : tuple of float
        Least and largest variance of a sum and sum of weights.
    weight : float
        The largest weight.
    count : int
        The largest number of weights.
    places : int
        How many places there are.
    """

    spread: tuple[float, float]
    totals: tuple[float, float]
    weight: float
    count: int
    places: int

    def __or__(self, other: Extent) -> Extent:
        return Extent(
            _wider(self.spread, other.spread), _wider(self.totals, other.totals),
            max(self.weight, other.weight), max(self.count, other.count), self.places + other.places,
        )  # fmt: skip


def _wider(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(one[0], other[0]), max(one[1], other[1])


def extents(places: Places) -> dict[int, Extent]:
    """Return the extent of every group among some places."""
    patterns = places.patterns
    found: dict[int, Extent] = {}
    for _, groups in places.pieces():
        for kind, cells in groups:
            largest = patterns.largest if kind % 2 else float(patterns.rows(cells)[1].max())
            spread, totals = places.spread[cells], patterns.totals[cells]
            extent = Extent(
                (float(spread.min()), float(spread.max())), (float(totals.min()), float(totals.max())),
                largest, int(patterns.counts[cells].max()), cells.size,
            )  # fmt: skip
            found[kind] = found[kind] | extent if kind in found else extent
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What places of about the same spread share: units in which their standard deviation is about 1.

    Attributes
    ----------
    many : bool
        Whether they have many weights, whose sums come by kind.
    degree : int
        Number of Chebyshev polynomials.
    drawn_from : int
        How many values a place draws from.
    unit : float
        The unit, in standard deviations of a value.
    low, high : float
        Domain of the weights less their mean over all values.
    means : tuple of float
        Least and largest mean weight over all values.
    count : int
        The largest number of weights.
    places : int
        How many places there are.
    typical : ndarray of float64, shape (degree,), or None
        Sums of polynomials of the weights halfway between the least and the largest, where there are outliers.
    """

    many: bool
    degree: int
    drawn_from: int
    unit: float
    low: float
    high: float
    means: tuple[float, float]
    count: int
    places: int
    typical: Floats | None = None

    @classmethod
    def of(cls, kind: int, extent: Extent, drawn_from: int, heavy: bool) -> Group:
        """Return the group of an extent; `heavy` where single values weigh much."""
        many = bool(kind % 2)
        degree = HEAVY_DEGREE if heavy else DEGREE if many else ROW_DEGREE
        means = extent.totals[0] / drawn_from, extent.totals[1] / drawn_from
        unit = math.sqrt((extent.spread[0] + extent.spread[1]) / 2)
        return cls(
            many, degree, drawn_from, unit, -means[1], extent.weight, means, extent.count, extent.places
        )

    @property
    def domain(self) -> tuple[float, float]:
        """That of the weights less their mean, in units."""
        return self.low / self.unit, self.high / self.unit

    @property
    def mean_weights(self) -> tuple[float, float]:
        """The least and the largest mean weight, in units; never equal."""
        least, most = self.means
        return least / self.unit, max(most, least * (1 + 1e-9)) / self.unit

    def plain(self, places: Places, cells: Ints, by_kind: Floats | None, begin: int) -> Floats:
        """Return for chosen places the sums of polynomials of the weights.

        `by_kind` are those of successive places from `begin` on, where many have them.
        """
        if self.many:
            assert by_kind is not None
            return by_kind[cells - begin]
        return self._of_rows(*places.patterns.rows(cells), np.zeros(cells.size), 0.0)

    def _of_rows(self, starts: Ints, weights: Floats, means: Floats, low: float) -> Floats:
        sums = np.empty((means.size, self.degree))
        chebyshev_of_rows(starts, weights, means, low, self.high, sums)
        return sums

    def bases(self, places: Places, cells: Ints, by_kind: Floats | None, begin: int) -> Floats:
        """Return for chosen places what the generating function is a sum of, shape (g, 2 degree + 3).

        These are sums over the weights of polynomials of the centred weights, what the other places contribute, and
        the sums of polynomials of the weights themselves.
        """
        patterns, (least, most) = places.patterns, self.means
        means = patterns.totals[cells] / self.drawn_from
        low, high = self.low, self.high
        if self.many:
            plain = self.plain(places, cells, by_kind, begin)
            centred = np.empty_like(plain)
            move_chebyshev(plain, high / (high - low), -(2 * means + low) / (high - low), centred)
        else:
            starts, weights = patterns.rows(cells)
            plain = self._of_rows(starts, weights, np.zeros(cells.size), 0.0)
            centred = self._of_rows(starts, weights, means, low)
        outside = (self.drawn_from - patterns.counts[cells]) * means / self.unit
        place = (2 * means - least - most) / max(most - least, 1e-9 * most)
        others = outside[:, None] * place[:, None] ** np.arange(3)
        return np.concatenate([centred, others, plain], axis=1)


Groups = dict[int, Group]
Range = tuple[Floats, Floats]


def by_kind(places: Places, piece: slice, groups: Groups, kinds: Iterable[int]) -> Floats | None:
    """Return the sums of polynomials of successive places, where some of them have many weights."""
    many = [groups[kind] for kind in kinds if groups[kind].many]
    if not many:
        return None
    return places.patterns.chebyshev(piece, many[0].degree, 0.0, many[0].high)


def plain_ranges(groups: Groups, places: Places) -> dict[int, Range]:
    """Return of every group the least and the largest sum of each polynomial of the weights."""
    found: dict[int, Range] = {}
    for piece, parts in places.pieces():
        sums = by_kind(places, piece, groups, (kind for kind, _ in parts))
        for kind, cells in parts:
            plain = groups[kind].plain(places, cells, sums, piece.start)
            one = plain.min(axis=0), plain.max(axis=0)
            found[kind] = _joined(found[kind], one) if kind in found else one
    return found


def _joined(one: Range, other: Range) -> Range:
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])


def with_typical(groups: Groups, found: Iterable[dict[int, Range]]) -> Groups:
    """Return groups that know their typical sums, from the ranges of all parts."""
    ranges: dict[int, Range] = {}
    for part in found:
        for kind, one in part.items():
            ranges[kind] = _joined(ranges[kind], one) if kind in ranges else one
    return {
        kind: replace(group, typical=(ranges[kind][0] + ranges[kind][1]) / 2)
        for kind, group in groups.items()
    }
