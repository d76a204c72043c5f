"""Small areas and cells for the tests."""

from __future__ import annotations

import geopandas
import numpy as np
import shapely
import xarray as xr

from leefraster import Areas, Grid
from leefraster.cells import cell_coordinates

GRID = Grid(0.0, 1000.0, 10, 10, 100.0, "EPSG:28992")


def blocks(step=500, crs="EPSG:28992"):
    """Return the square kilometre cut into blocks of `step` metres, with codes A1, A2, ..., B1, ..."""
    shapes, codes = [], []
    for i, x in enumerate(range(0, 1000, step)):
        for j, y in enumerate(range(0, 1000, step)):
            shapes.append(shapely.box(x, y, min(x + step, 1000), min(y + step, 1000)))
            codes.append(f"{chr(65 + i)}{j + 1}")
    return geopandas.GeoDataFrame({"code": codes, "naam": codes}, geometry=shapes, crs=crs)


def areas(step=500):
    return Areas.from_geopandas(blocks(step), code="code", name="naam", level="block")


def field(values, cells=None, dims=("cell",), **coords):
    """Return values over the given cells of the grid (all of them, unless told)."""
    ids = np.arange(GRID.size) if cells is None else np.asarray(cells)
    return xr.DataArray(values, dims=dims, coords={**cell_coordinates(GRID, ids), **coords}, name="value")
