"""Clusters as polygons: exactly the squares of their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid

if TYPE_CHECKING:
    import geopandas
    import pandas as pd


def cluster_polygons(
    grid: Grid, cells: npt.NDArray[np.int64], labels: npt.NDArray[np.int32], table: pd.DataFrame
) -> geopandas.GeoDataFrame:
    """Return the table with the union of each cluster's squares as geometry, in the grid's CRS."""
    import geopandas
    import shapely

    inside = np.flatnonzero(labels)
    order = inside[np.argsort(labels[inside], kind="stable")]
    x, y = grid.xy_from_cell(cells[order])
    half = grid.cell / 2
    squares = shapely.box(x - half, y - half, x + half, y + half)
    ends = np.cumsum(np.bincount(labels[order], minlength=len(table) + 1))
    shapes = [
        shapely.coverage_union_all(squares[ends[number - 1] : ends[number]]) for number in table["cluster"]
    ]
    return geopandas.GeoDataFrame(table.copy(), geometry=shapes, crs=grid.crs)
