"""What xarray-spatial does: hot spots as bins, and sums over discs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from beside.cells import RADIUS, Cells
from beside.scipy_ndimage import disc_kernel
from beside.works import FOCAL, SPOTS, Arrays, Work

SQUARE = np.ones((3, 3))


def _spots(cells: Cells, _shared: dict[str, Any]) -> Callable[[], Any]:
    from xrspatial.focal import hotspots  # type: ignore[import-not-found]

    raster = cells.raster.pad(y=1, x=1)  # it leaves out the cells on the edge
    return lambda: hotspots(raster, SQUARE)


def _focal(cells: Cells, _shared: dict[str, Any]) -> Callable[[], Any]:
    from xrspatial.focal import focal_stats  # type: ignore[import-not-found]

    raster, kernel = cells.raster, disc_kernel(RADIUS)
    return lambda: focal_stats(raster, kernel, stats_funcs=["sum"])


def _of_spots(result: Any, cells: Cells) -> Arrays:
    return {"bin": cells.at_cells(result.values[1:-1, 1:-1])}


def _of_focal(result: Any, cells: Cells) -> Arrays:
    return {"sum": cells.at_cells(result.values[0])}


WORKS = [
    Work("xrspatial spots", SPOTS, "bins only", "xarray-spatial", "xrspatial", _spots, _of_spots),
    Work("xrspatial focal", FOCAL, "raster", "xarray-spatial", "xrspatial", _focal, _of_focal),
]
