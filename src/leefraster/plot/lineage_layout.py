"""Where everything in the flow of clusters goes: a lane for each lineage, and what flows between bars."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leefraster.clusters.track import ClusterTracks

Place = tuple[int, int]  # year and number of the cluster in it

MOST_GAP = 0.05  # of all lanes together, between two lanes
GAPS = 0.5  # all gaps together, as a share of all lanes


@dataclass(frozen=True, slots=True)
class Bar:
    """A cluster in one year.

    Attributes
    ----------
    year, cluster, lineage : int
        Which it is.
    event : str
        What happened to it.
    size : float
        Its height.
    centre : float
        Its middle; up is more.
    arriving, leaving : float
        What it has in common with clusters of the measurement before, and after; the rest is gained, and lost.
    ends : bool
        Whether no cluster follows from it at the next measurement.
    last : bool
        Whether there is no next measurement.
    """

    year: int
    cluster: int
    lineage: int
    event: str
    size: float
    centre: float
    arriving: float
    leaving: float
    ends: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Band:
    """What flows from one bar to another: as thick as what they share, between the middles of its two ends."""

    source: Place
    target: Place
    size: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Bars and bands by year, years without any among them, and the height of it all."""

    years: list[int]
    bars: dict[Place, Bar]
    bands: list[Band]
    height: float


def flow_of(tracks: ClusterTracks, size: str) -> Flow:
    """Lay out clusters through the years.

    Every lineage has a lane as high as its largest cluster; lineages that have to do with each other lie next to
    each other, large ones on top; lineages that do not meet in time may share a lane.

    Parameters
    ----------
    tracks : ClusterTracks
        What `lr.track_clusters` returns.
    size : str
        Column of its table and links that gives the thickness.
    """
    table, links, years = tracks.table, tracks.links, list(tracks.years)
    sizes = {
        (int(y), int(c)): float(s)
        for y, c, s in zip(table["year"], table["cluster"], table[size], strict=True)
    }
    lineage = {
        (int(y), int(c)): int(one)
        for y, c, one in zip(table["year"], table["cluster"], table["lineage"], strict=True)
    }
    shared = [
        ((int(a), int(b)), (int(c), int(d)), float(s))
        for a, b, c, d, s in zip(
            links["from_year"],
            links["from_cluster"],
            links["to_year"],
            links["to_cluster"],
            links[size],
            strict=True,
        )
    ]
    centres, height = _lanes(years, sizes, lineage, shared)
    arriving, leaving = _totals(shared)
    bars = {
        place: Bar(
            *place, lineage[place], str(event), sizes[place], centres[lineage[place]],
            min(arriving[place], sizes[place]), min(leaving[place], sizes[place]), bool(ends),
            last=place[0] == years[-1] and not ends,
        )
        for place, event, ends in zip(sizes, table["event"], table["ends"], strict=True)
    }  # fmt: skip
    return Flow(years, bars, _bands(shared, bars), height)


def _totals(shared: list[tuple[Place, Place, float]]) -> tuple[dict[Place, float], dict[Place, float]]:
    arriving: dict[Place, float] = defaultdict(float)
    leaving: dict[Place, float] = defaultdict(float)
    for source, target, size in shared:
        leaving[source] += size
        arriving[target] += size
    return arriving, leaving


def _bands(shared: list[tuple[Place, Place, float]], bars: dict[Place, Bar]) -> list[Band]:
    """Return the bands: at either end stacked round the middle of the bar, in the order of their other ends."""
    starts = _stacked(
        [(source, bars[target].centre, i) for i, (source, target, _) in enumerate(shared)], shared, bars
    )
    ends = _stacked(
        [(target, bars[source].centre, i) for i, (source, target, _) in enumerate(shared)], shared, bars
    )
    return [Band(source, target, size, starts[i], ends[i]) for i, (source, target, size) in enumerate(shared)]


def _stacked(
    ends: list[tuple[Place, float, int]], shared: list[tuple[Place, Place, float]], bars: dict[Place, Bar]
) -> dict[int, float]:
    """Return the middle of each band at one of its ends."""
    at: dict[Place, list[tuple[float, int]]] = defaultdict(list)
    for place, other, number in ends:
        at[place].append((other, number))
    found: dict[int, float] = {}
    for place, numbers in at.items():
        low = bars[place].centre - sum(shared[number][2] for _, number in numbers) / 2
        for _, number in sorted(numbers):
            found[number] = low + shared[number][2] / 2
            low += shared[number][2]
    return found


def _lanes(
    years: list[int],
    sizes: dict[Place, float],
    lineage: dict[Place, int],
    shared: list[tuple[Place, Place, float]],
) -> tuple[dict[int, float], float]:
    """Return the middle of the lane of each lineage, and the height of all lanes."""
    high: dict[int, float] = defaultdict(float)
    span: dict[int, tuple[int, int]] = {}
    for place, size in sizes.items():
        one, at = lineage[place], years.index(place[0])
        high[one] = max(high[one], size)
        first, last = span.get(one, (at, at))
        span[one] = min(first, at), max(last, at)
    met: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for source, target, size in shared:
        a, b = lineage[source], lineage[target]
        if a != b:
            met[a][b] += size
            met[b][a] += size
    order = [one for family in _families(high, met) for one in family]
    alone = {one for one in order if not met[one]}
    return _centres(_packed(order, span, alone), high)


def _families(high: dict[int, float], met: dict[int, dict[int, float]]) -> list[list[int]]:
    """Return lineages that have to do with each other, those that share most side by side; large ones first."""
    families, seen = [], set()
    for start in sorted(high, key=lambda one: (-high[one], one)):
        if start in seen:
            continue
        seen.add(start)
        family, queue, above = [start], [start], True
        while queue:
            one = queue.pop(0)
            for _, other in sorted((-size, other) for other, size in met[one].items()):
                if other in seen:
                    continue
                seen.add(other)
                queue.append(other)
                family.insert(family.index(one) + (0 if above else 1), other)
                above = not above
        families.append(family)
    return families


def _packed(order: list[int], span: dict[int, tuple[int, int]], alone: set[int]) -> list[list[int]]:
    """Return lanes from the top, each with its lineages; those alone may follow each other, a year in between."""
    lanes: list[list[int]] = []
    for one in order:
        first, last = span[one]
        free = [
            lane
            for lane in lanes
            if lane[0] in alone and all(first > span[o][1] + 1 or last + 1 < span[o][0] for o in lane)
        ]
        if one in alone and free:
            free[0].append(one)
        else:
            lanes.append([one])
    return lanes


def _centres(lanes: list[list[int]], high: dict[int, float]) -> tuple[dict[int, float], float]:
    """Return the middle of the lane of each lineage, and the height of all lanes with the gaps between them."""
    heights = [max(high[one] for one in lane) for lane in lanes]
    whole = sum(heights) or 1.0
    gap = min(MOST_GAP, GAPS / max(len(lanes), 1)) * whole
    centres, top = {}, whole + gap * (len(lanes) - 1)
    height = top
    for lane, size in zip(lanes, heights, strict=True):
        for one in lane:
            centres[one] = top - size / 2
        top -= size + gap
    return centres, height
