"""Municipalities, districts and neighbourhoods: nested, with codes and invented names, and their polygons."""

from __future__ import annotations

import string
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from leefraster.sources.synthetic.geography import FULL, Geography
from leefraster.sources.synthetic.names import names
from leefraster.sources.synthetic.streams import stream

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely import Geometry

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

LEVELS = ("neighbourhood", "district", "municipality")
_NEIGHBOURHOODS, _DISTRICTS, _MUNICIPALITIES = 13_200, 3_000, 340
_FIRST_CODE = 9_001  # no municipality has had a number this high
_SIGNS = string.digits + string.ascii_uppercase
_MARGIN = 20_000.0  # metres beyond the outermost seed that polygons reach before the coast cuts them


@dataclass(frozen=True, slots=True)
class Administration:
    """The areas of a country, and in which neighbourhood every cell lies.

    Attributes
    ----------
    seeds : ndarray of float
        (neighbourhood, 2): a neighbourhood is all that lies nearest to its seed.
    neighbourhood : ndarray of int64
        Neighbourhood of every cell, by position.
    parents : dict
        Level -> for each neighbourhood the position of its area of that level.
    codes, names : dict
        Level -> codes and names by position.
    """

    seeds: Floats
    neighbourhood: Ints
    parents: dict[str, Ints]
    codes: dict[str, npt.NDArray[np.str_]]
    names: dict[str, list[str]]

    def cell_codes(self, level: str) -> npt.NDArray[np.str_]:
        """Return for every cell the code of its area."""
        return np.asarray(self.codes[level][self.parents[level]][self.neighbourhood])


def make_administration(seed: int, geography: Geography) -> Administration:
    """Divide a country into nested areas."""
    random, share = stream(seed, "administration"), min(1.0, geography.cells.size / FULL)
    place = np.stack([geography.x, geography.y], axis=1)
    chosen = _neighbourhood_seeds(random, geography, max(12, round(_NEIGHBOURHOODS * share)))
    member = cKDTree(chosen).query(place)[1]
    filled, member = np.unique(member, return_inverse=True)
    seeds = chosen[filled]
    municipality = _municipalities(geography, seeds, max(2, round(_MUNICIPALITIES * share)))
    district = _districts(random, seeds, municipality, max(4, round(_DISTRICTS * share)))
    parents = {
        "neighbourhood": np.arange(len(seeds)),
        "district": district,
        "municipality": municipality,
    }
    codes = _codes(district, municipality)
    called = {level: names(random, codes[level].size) for level in reversed(LEVELS)}
    return Administration(seeds, member.astype(np.int64), parents, codes, called)


def _neighbourhood_seeds(random: np.random.Generator, geography: Geography, count: int) -> Floats:
    """Return seeds where people live, moved once to the middle of what lies nearest to them."""
    chance = geography.dwellings**0.6
    drawn = random.choice(geography.cells.size, size=count, replace=False, p=chance / chance.sum())
    place = np.stack([geography.x, geography.y], axis=1)
    member = cKDTree(place[drawn]).query(place)[1]
    size = np.maximum(1, np.bincount(member, minlength=count))
    # An offset below a metre keeps cell centres off the borders between two areas.
    middle = np.stack([np.bincount(member, weights=axis, minlength=count) / size for axis in place.T], axis=1)
    return np.asarray(middle + random.uniform(-0.9, 0.9, size=middle.shape))


def _municipalities(geography: Geography, seeds: Floats, count: int) -> Ints:
    """Return for each neighbourhood its municipality: that of the nearest large place.

    Larger places reach further.
    """
    large = geography.settlements
    count = min(count, large.x.size)
    centres = np.stack([large.x[:count], large.y[:count]], axis=1)
    near = min(8, count)
    away, which = cKDTree(centres).query(seeds, k=near)
    away, which = away.reshape(len(seeds), near), which.reshape(len(seeds), near)
    nearest = which[np.arange(len(seeds)), np.argmin(away - 1.2 * large.radius[which], axis=1)]
    return np.asarray(np.unique(nearest, return_inverse=True)[1], dtype=np.int64)


def _districts(random: np.random.Generator, seeds: Floats, municipality: Ints, count: int) -> Ints:
    """Return for each neighbourhood its district, a part of its municipality."""
    district, so_far = np.empty(len(seeds), np.int64), 0
    for area in range(int(municipality.max()) + 1):
        own = np.flatnonzero(municipality == area)
        number = min(own.size, max(1, round(count * own.size / len(seeds))))
        heads = random.choice(own, size=number, replace=False)
        _, local = np.unique(cKDTree(seeds[heads]).query(seeds[own])[1], return_inverse=True)
        district[own] = so_far + local
        so_far += int(local.max()) + 1
    return district


def _codes(district: Ints, municipality: Ints) -> dict[str, npt.NDArray[np.str_]]:
    """Return the codes by level: GM + 4, WK + 6, BU + 8 characters, each number within the area above."""
    above = np.zeros(int(district.max()) + 1, np.int64)
    above[district] = municipality
    number = [str(_FIRST_CODE + m) for m in range(int(municipality.max()) + 1)]
    in_municipality = [number[m] + _two(k) for m, k in zip(above, _numbered(above), strict=True)]
    in_district = [in_municipality[d] + _two(k) for d, k in zip(district, _numbered(district), strict=True)]
    return {
        "neighbourhood": np.array(["BU" + code for code in in_district]),
        "district": np.array(["WK" + code for code in in_municipality]),
        "municipality": np.array(["GM" + code for code in number]),
    }


def _numbered(group: Ints) -> Ints:
    """Return for each element the number of earlier elements in the same group."""
    order = np.argsort(group, kind="stable")
    ranked = np.arange(group.size) - np.searchsorted(group[order], group[order])
    found = np.empty_like(group)
    found[order] = ranked
    return found


def _two(number: int) -> str:
    """Return two characters for a number: 00 to 99, then A0, A1, ... ZZ."""
    if number < 100:
        return f"{number:02d}"
    head, tail = divmod(number - 100, len(_SIGNS))
    return string.ascii_uppercase[head] + _SIGNS[tail]


def polygons(administration: Administration, geography: Geography) -> gpd.GeoDataFrame:
    """Return all areas of all levels as polygons that partition the land: code, name, level, geometry."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    pieces = _nearest_land(administration.seeds, geography.land.outline())
    parts = []
    for level in LEVELS:
        parent = administration.parents[level]
        order = np.argsort(parent, kind="stable")
        starts = np.searchsorted(parent[order], np.arange(administration.codes[level].size + 1))
        joined = [
            pieces[order[a]] if b == a + 1 else shapely.coverage_union_all(pieces[order[a:b]])
            for a, b in pairwise(starts)
        ]
        columns = {"code": administration.codes[level], "name": administration.names[level], "level": level}
        parts.append(gpd.GeoDataFrame(columns, geometry=joined, crs=geography.grid.crs))
    return pd.concat(parts, ignore_index=True)


def _nearest_land(seeds: Floats, land: Geometry) -> npt.NDArray[np.object_]:
    """Return for each seed the land that lies nearest to it."""
    import shapely

    frame = shapely.box(*(seeds.min(axis=0) - _MARGIN), *(seeds.max(axis=0) + _MARGIN))
    found = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=frame))
    tree = shapely.STRtree(found)
    point, piece = tree.query(shapely.points(seeds), predicate="within")
    ordered = found[piece[np.argsort(point, kind="stable")]]
    shapely.prepare(land)
    inland = shapely.contains_properly(land, ordered)
    ordered[~inland] = shapely.intersection(ordered[~inland], land)
    return np.asarray(ordered)
