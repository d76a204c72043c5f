"""Clusters as polygons: exactly the squares of their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.outlines import outlines

if TYPE_CHECKING:
    import geopandas
    import pandas as pd


def cluster_polygons(
    grid: Grid, cells: npt.NDArray[np.int64], labels: npt.NDArray[np.int32], table: pd.DataFrame
) -> geopandas.GeoDataFrame:
    """Return the table with the union of each cluster's squares as geometry, in the grid's CRS."""
    import geopandas

    shapes = outlines(grid, cells, labels, len(table))
    ordered = [shapes[number - 1] for number in table["cluster"]]
    return geopandas.GeoDataFrame(table.copy(), geometry=ordered, crs=grid.crs)
