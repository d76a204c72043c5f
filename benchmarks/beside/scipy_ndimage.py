"""What scipy.ndimage does: sums over discs as a convolution of the raster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve

from beside.cells import RADIUS, Cells
from beside.works import FOCAL, Arrays, Work


def disc_kernel(radius: float, cell: float = 100.0) -> npt.NDArray[np.float64]:
    """Return 1 where the centre of a cell lies within the radius, else 0."""
    reach = int(radius / cell)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.hypot(dy, dx) * cell <= radius, np.float64)


def _prepare(cells: Cells, _shared: dict[str, Any]) -> Callable[[], Any]:
    filled, kernel = np.nan_to_num(cells.raster.values), disc_kernel(RADIUS)
    return lambda: convolve(filled, kernel, mode="constant")


def _results(result: Any, cells: Cells) -> Arrays:
    return {"sum": cells.at_cells(result)}


WORKS = [Work("scipy focal", FOCAL, "convolve, raster", "scipy.ndimage", "scipy", _prepare, _results)]
