"""Where people live: cities of Zipf sizes, towns, villages, ribbons along roads, farms, and empty land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from leefraster.grid import Grid
from leefraster.sources.synthetic.land import SHORE, STEP, Land, make_land
from leefraster.sources.synthetic.noise import Smooth
from leefraster.sources.synthetic.streams import stream

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

FULL = 380_000  # cells of a country that fills the extent of the Netherlands
_MEAN = 21.0  # dwellings a cell
_SETTLEMENTS = 1_800
_CELL_SHARES = {"settled": 0.78, "ribbon": 0.10}  # the rest are farms
_SETTLED_DWELLINGS = 0.965
_TRIES = 60  # places tried for a settlement before it is given up


@dataclass(frozen=True, slots=True)
class Settlements:
    """Cities, towns and villages, the largest first: centre (m), number of cells, radius (m), mean density."""

    x: Floats
    y: Floats
    cells: Ints
    radius: Floats
    density: Floats


@dataclass(frozen=True, slots=True)
class Geography:
    """The inhabited cells of the country.

    Attributes
    ----------
    grid, land, settlements
        What it lies on.
    cells : ndarray of int64
        Sorted cell ids.
    x, y : ndarray of float
        Their centres in metres.
    settlement : ndarray of int64
        Rank of the settlement that a cell belongs to, 0 the largest; -1 in the countryside.
    depth : ndarray of float
        1 in a settlement's centre, about 0 at its edge and in the countryside.
    dwellings : ndarray of float
        Whole numbers, at least 1.
    """

    grid: Grid
    land: Land
    settlements: Settlements
    cells: Ints
    x: Floats
    y: Floats
    settlement: Ints
    depth: Floats
    dwellings: Floats


def make_geography(seed: int, count: int) -> Geography:
    """Return a country of exactly `count` inhabited cells."""
    grid, factor = Grid.netherlands(), min(1.0, (count / FULL) ** 0.5)
    land = make_land(seed, factor)
    settlements = _settle(seed, land, count)
    cells, owner, depth = _built_up(seed, grid, land, settlements)
    cells, owner, depth = _with_countryside(seed, grid, land, settlements, count, (cells, owner, depth))
    x, y = grid.xy_from_cell(cells)
    dwellings = _dwellings(seed, x, y, owner, depth, settlements, count)
    return Geography(grid, land, settlements, cells, x, y, owner, depth, dwellings)


def _settle(seed: int, land: Land, count: int) -> Settlements:
    """Place the settlements: sizes by Zipf's law, the largest first, none on top of another."""
    random = stream(seed, "settlements")
    size = 1 / (np.arange(max(12, round(_SETTLEMENTS * min(1.0, count / FULL)))) + 4.0)
    size *= np.exp(random.normal(0, 0.12, size.size))
    size = np.sort(size)[::-1] / size.sum() * _SETTLED_DWELLINGS * _MEAN * count
    density = size**0.2
    density *= (size / density).sum() / (_CELL_SHARES["settled"] * count)
    cells = np.maximum(4, np.rint(size / density)).astype(np.int64)
    radius = 100 * np.sqrt(cells / (np.pi * 0.72))
    x, y = _sites(random, land, radius)
    kept = np.isfinite(x)
    return Settlements(x[kept], y[kept], cells[kept], radius[kept], density[kept])


def _sites(random: np.random.Generator, land: Land, radius: Floats) -> tuple[Floats, Floats]:
    """Return centres on land, drawn where the country is urbanised, apart from each other; NaN where none fits."""
    ny, nx = land.elevation.shape
    column, row = np.meshgrid(np.arange(nx), np.arange(ny))
    x, y = land.x_min + column.ravel() * STEP, land.y_min + row.ravel() * STEP
    height = land.elevation.ravel()
    pull = np.exp(0.9 * Smooth(x, y, 70_000 * land.factor + 8_000).field(random)) * (height > SHORE)
    drawn = random.choice(x.size, size=(radius.size, _TRIES), p=pull / pull.sum())
    shift = random.uniform(-STEP / 2, STEP / 2, size=(2, radius.size, _TRIES))
    site_x, site_y = np.full(radius.size, np.nan), np.full(radius.size, np.nan)
    for k, own in enumerate(radius):
        inland = np.flatnonzero(height[drawn[k]] > SHORE + 0.35 * own)
        room = 1.05 * (own + radius[:k]) + 300
        for place, dx, dy in zip(drawn[k, inland], *shift[:, k, inland], strict=True):
            away = np.hypot(x[place] + dx - site_x[:k], y[place] + dy - site_y[:k])
            if not (away < room).any():
                site_x[k], site_y[k] = x[place] + dx, y[place] + dy
                break
    return site_x, site_y


def _built_up(seed: int, grid: Grid, land: Land, settlements: Settlements) -> tuple[Ints, Ints, Floats]:
    """Return cells, settlement and depth of the built-up area: the deepest cells, without water and green."""
    cells, owner, away = _around(grid, settlements)
    x, y = grid.xy_from_cell(cells)
    random = stream(seed, "built-up")
    near, wide = Smooth(x, y, 900.0).field(random), Smooth(x, y, 3_500.0).field(random)
    depth = 1 - away + 0.22 * near + 0.16 * wide
    river, rail = Smooth(x, y, 22_000.0).field(random), Smooth(x, y, 4_000.0).field(random)
    green = Smooth(x, y, 1_300.0).field(random)
    empty = (np.abs(river) < 0.009) | (np.abs(rail) < 0.03) | (green > 1.35) | (land.at(x, y) < SHORE)
    rank = np.lexsort((cells, empty * 9.0 - depth, owner))
    place = np.arange(rank.size) - np.searchsorted(owner[rank], owner[rank])
    rank = rank[(place < settlements.cells[owner[rank]]) & ~empty[rank]]
    rank = rank[np.lexsort((owner[rank], cells[rank]))]
    first = np.unique(cells[rank], return_index=True)[1]
    chosen = rank[first]
    return cells[chosen], owner[chosen], np.clip(depth[chosen], 0.0, 1.0)


def _around(grid: Grid, settlements: Settlements) -> tuple[Ints, Ints, Floats]:
    """Return every cell within 1.5 radii of a settlement: id, settlement, distance in radii."""
    parts: list[tuple[Ints, Ints, Floats]] = []
    centre_row, centre_column = grid.row_column_from_cell(grid.cell_from_xy(settlements.x, settlements.y))
    for k, radius in enumerate(settlements.radius / grid.cell):
        reach = int(1.5 * radius) + 1
        rows = np.arange(max(0, centre_row[k] - reach), min(grid.ny, centre_row[k] + reach + 1))
        columns = np.arange(max(0, centre_column[k] - reach), min(grid.nx, centre_column[k] + reach + 1))
        away = np.hypot(rows[:, None] - centre_row[k], columns[None, :] - centre_column[k]) / radius
        inside = away < 1.5
        ids = (rows[:, None] * grid.nx + columns[None, :])[inside]
        parts.append((ids, np.full(ids.size, k), away[inside]))
    cells, owner, away = (np.concatenate(column) for column in zip(*parts, strict=True))
    return cells, owner, away


def _with_countryside(
    seed: int,
    grid: Grid,
    land: Land,
    settlements: Settlements,
    count: int,
    built: tuple[Ints, Ints, Floats],
) -> tuple[Ints, Ints, Floats]:
    """Add ribbons and farms until there are exactly `count` cells."""
    random = stream(seed, "countryside")
    cells, owner, depth = built
    for wanted in (min(count, cells.size + round(_CELL_SHARES["ribbon"] * count)), count):
        points = _ribbons(random, settlements, count) if wanted < count else _farms(random, land, count)
        x, y = points[:, land.at(*points) > SHORE]
        added = grid.cell_from_xy(x, y)
        added = added[np.sort(np.unique(added, return_index=True)[1])]
        added = added[~np.isin(added, cells)][: max(0, wanted - cells.size)]
        cells = np.concatenate([cells, added])
        owner = np.concatenate([owner, np.full(added.size, -1)])
        depth = np.concatenate([depth, np.zeros(added.size)])
    order = np.argsort(cells)[:count]
    return cells[order], owner[order], depth[order]


def _ribbons(random: np.random.Generator, settlements: Settlements, count: int) -> Floats:
    """Return points along winding roads between neighbouring settlements, in random order."""
    place = np.stack([settlements.x, settlements.y], axis=1)
    _, near = cKDTree(place).query(place, k=4)
    pairs = np.unique(
        np.sort(np.stack([np.repeat(np.arange(len(place)), 3), near[:, 1:].ravel()], 1)), axis=0
    )
    start, end = place[pairs[:, 0]], place[pairs[:, 1]]
    length = np.hypot(*(end - start).T)
    busy = random.gamma(0.7, size=length.size) * length
    road = random.choice(length.size, size=round(0.45 * count), p=busy / busy.sum())
    along = random.uniform(size=road.size)
    bend = np.sin(np.pi * along) * random.normal(0, 0.14, length.size)[road]
    bend += np.sin(3 * np.pi * along) * random.normal(0, 0.05, length.size)[road]
    across = (end - start)[road][:, ::-1] * np.array([-1.0, 1.0])
    line = start[road] + along[:, None] * (end - start)[road] + bend[:, None] * across
    return np.asarray((line + random.normal(0, 45, line.shape)).T)


def _farms(random: np.random.Generator, land: Land, count: int) -> Floats:
    """Return scattered points, in random order; large parts of the land stay nearly empty."""
    ny, nx = land.elevation.shape
    points = np.stack(
        [
            land.x_min + random.uniform(0, (nx - 1) * STEP, size=3 * count),
            land.y_min + random.uniform(0, (ny - 1) * STEP, size=3 * count),
        ]
    )
    wish = Smooth(points[0], points[1], 24_000 * land.factor + 4_000).field(random)
    wish += 0.6 * Smooth(points[0], points[1], 5_000.0).field(random)
    settled = random.uniform(size=wish.size) < np.exp(np.minimum(0.0, 1.6 * (wish - 1.0)))
    return np.asarray(np.concatenate([points[:, settled], points[:, ~settled]], axis=1))


def _dwellings(
    seed: int, x: Floats, y: Floats, owner: Ints, depth: Floats, settlements: Settlements, count: int
) -> Floats:
    """Return dwellings per cell: dense in centres and in larger places, few in ribbons and farms."""
    random = stream(seed, "dwellings")
    built = owner >= 0
    expected = np.where(built, settlements.density[owner] * (0.5 + 1.1 * depth), 2.6)
    varied = 0.32 * Smooth(x, y, 500.0).field(random) + 0.42 * random.standard_normal(x.size)
    expected *= np.exp(varied)
    expected[built] *= _SETTLED_DWELLINGS * _MEAN * count / expected[built].sum()
    return np.maximum(1.0, np.rint(expected))
