"""Neighbours among areas, built by libpysal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leefraster.areas.polygons import CODE
from leefraster.errors import UsageError

if TYPE_CHECKING:
    import geopandas
    from libpysal.graph import Graph

KINDS = ("queen", "rook", "nearest", "band")


def area_graph(
    frame: geopandas.GeoDataFrame, kind: str, *, tolerance: float, k: int, distance: float | None, source: str
) -> Graph:
    """Return a binary Graph over the areas; see `Areas.graph`."""
    from libpysal.graph import Graph

    if kind not in KINDS:
        raise UsageError(f"kind is {kind!r}; allowed are {', '.join(map(repr, KINDS))}")
    if tolerance < 0:
        raise UsageError(f"tolerance is {tolerance}; it must be at least 0 metres")
    shapes = frame.set_index(CODE).geometry
    if (kind in ("nearest", "band") or tolerance > 0) and (shapes.crs is None or shapes.crs.is_geographic):
        raise UsageError(
            f"{source}: distances need areas in a projected CRS, these are in {shapes.crs}; read with to_crs="
        )
    if kind in ("queen", "rook"):
        return _contiguity(shapes, kind == "rook", tolerance)
    points = shapes.representative_point()
    if kind == "nearest":
        if not 1 <= k < len(points):
            raise UsageError(f"k is {k}; it must be at least 1 and below the number of areas ({len(points)})")
        return Graph.build_knn(points, k=k)
    if distance is None or not distance > 0:
        raise UsageError(f"distance is {distance}; kind 'band' needs a positive distance in metres")
    return Graph.build_distance_band(points, threshold=distance)


def _contiguity(shapes: Any, rook: bool, tolerance: float) -> Graph:
    from libpysal.graph import Graph

    if tolerance == 0:
        return Graph.build_contiguity(shapes, rook=rook)
    if not rook:
        return Graph.build_fuzzy_contiguity(shapes, buffer=tolerance / 2, predicate="intersects")
    return _rook_within(shapes, tolerance)


def _rook_within(shapes: Any, tolerance: float) -> Graph:
    """Areas whose surfaces, widened by half the tolerance, share more than a corner of that size."""
    import numpy as np
    import shapely
    from libpysal.graph import Graph

    wide = shapes.buffer(tolerance / 2).to_numpy()
    one, other = shapely.STRtree(wide).query(wide, predicate="intersects")
    pairs = one < other
    one, other = one[pairs], other[pairs]
    # two corners that meet share about tolerance^2; a border shares its length times the tolerance
    shared = shapely.area(shapely.intersection(wide[one], wide[other])) > 4 * tolerance**2
    heads = np.concatenate([one[shared], other[shared]])
    tails = np.concatenate([other[shared], one[shared]])
    linked = np.zeros(len(wide), dtype=bool)
    linked[heads] = True
    alone = np.flatnonzero(~linked)
    codes = shapes.index.to_numpy()
    return Graph.from_arrays(
        codes[np.concatenate([heads, alone])],
        codes[np.concatenate([tails, alone])],
        np.concatenate([np.ones(heads.size), np.zeros(alone.size)]),
    )
