"""The neighbourhoods of a run, from its configuration: row runs on a grid, nearest points for areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from leefraster.errors import InputError
from leefraster.neighbourhood import Neighbourhood
from leefraster.pipeline.fields import unit_of
from leefraster.pipeline.work import Work

if TYPE_CHECKING:
    from libpysal.graph import Graph


def local_neighbourhood(work: Work) -> Neighbourhood | Graph:
    """Return the neighbourhood of Moran's I, global and local."""
    wanted = work.configuration.statistics
    if unit_of(work.data) == "area":
        return nearest_areas(work.data, wanted.nearest)
    return wanted.of_cells()


def hotspot_neighbourhood(work: Work) -> Neighbourhood | Graph:
    """Return the neighbourhood of hot and cold spots (G*)."""
    wanted = work.configuration.statistics
    if unit_of(work.data) == "area":
        return nearest_areas(work.data, wanted.nearest)
    return wanted.of_hotspots()


def described(neighbourhood: Neighbourhood | Graph, nearest: int) -> str:
    """Return the neighbourhood in words, for attributes and the report."""
    if isinstance(neighbourhood, Neighbourhood):
        return str(neighbourhood)
    return f"{nearest} nearest representative points"


def nearest_areas(data: xr.Dataset, nearest: int) -> Graph:
    """Return the graph of every area's `nearest` others, by the distance of their points.

    Raises
    ------
    InputError
        When there are too few areas, or an area has no `x` and `y`.
    """
    from geopandas import GeoSeries, points_from_xy
    from libpysal.graph import Graph

    x, y = (np.asarray(data[name].values, dtype=float) for name in ("x", "y"))
    lost = ~(np.isfinite(x) & np.isfinite(y))
    if lost.any():
        some = ", ".join(str(code) for code in data["area"].values[lost][:5])
        raise InputError(f"{int(lost.sum())} areas have no x and y ({some}); neighbours need them")
    if x.size <= nearest:
        raise InputError(
            f"there are {x.size} areas; {nearest} nearest neighbours need at least {nearest + 1}"
        )
    points = GeoSeries(points_from_xy(x, y), index=data["area"].values)
    return Graph.build_knn(points, k=nearest)
