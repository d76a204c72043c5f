"""Points in the plane: read from what the user has, counted around cells, and the distance to the nearest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid
from leefraster.kernels.jit import threads
from leefraster.kernels.point_counts import count_points, square_starts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def read_points(points: Any, grid: Grid) -> Floats:
    """Return points as an array (n, 2) of x and y in metres.

    Parameters
    ----------
    points : table, GeoDataFrame or array
        A pandas, polars or arrow table with columns x and y, a GeoDataFrame of points, or an (n, 2) array.
    grid : Grid
        The grid they are measured on; a GeoDataFrame of another CRS is refused.

    Raises
    ------
    UsageError
        When it is none of these.
    InputError
        When a coordinate is missing or infinite, a geometry is no point, or the CRS is another than the grid's.
    """
    if hasattr(points, "geometry") and hasattr(points, "crs"):
        found = _of_geometry(points, grid)
    elif hasattr(points, "columns") or hasattr(points, "column_names"):
        names = list(points.column_names if hasattr(points, "column_names") else points.columns)
        if "x" not in names or "y" not in names:
            raise UsageError(f"points: the table needs columns x and y; it has {', '.join(map(str, names))}")
        found = np.stack([np.asarray(points["x"], dtype=float), np.asarray(points["y"], dtype=float)], axis=1)
    else:
        found = _of_array(points)
    bad = ~np.isfinite(found).all(axis=1)
    if bad.any():
        raise InputError(f"points: {int(bad.sum())} of {bad.size} lack a finite x or y; leave them out")
    return np.ascontiguousarray(found)


def _of_array(points: Any) -> Floats:
    try:
        found = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 2 or found.shape[1] != 2:
        raise UsageError(
            f"points is a {type(points).__name__} of shape {found.shape}; it must be a table with columns x and y, "
            "a GeoDataFrame of points, or an array of shape (n, 2)"
        )
    return found


def _of_geometry(points: Any, grid: Grid) -> Floats:
    from leefraster.crs import require_crs

    require_crs(points.crs, grid.crs, "points")
    kinds = points.geometry.geom_type
    if not (kinds == "Point").all():
        odd = sorted({str(kind) for kind in kinds[kinds != "Point"]})
        raise InputError(
            f"points: {int((kinds != 'Point').sum())} geometries are no points ({', '.join(odd)})"
        )
    return np.stack([points.geometry.x.to_numpy(float), points.geometry.y.to_numpy(float)], axis=1)


def distances_to_points(
    points: Floats, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating], cap: float | None
) -> Floats:
    """Return the distance from each centre to the nearest point, at most the cap; NaN without points or a cap."""
    from scipy.spatial import cKDTree

    if not points.shape[0]:
        return np.full(x.size, np.nan if cap is None else float(cap))
    bound = np.inf if cap is None else float(cap) * (1 + 1e-9)
    asked = np.stack([x, y], axis=1)
    away, _ = cKDTree(points).query(asked, distance_upper_bound=bound, workers=threads())
    found: Floats = np.asarray(away, dtype=np.float64)
    return found if cap is None else np.minimum(found, float(cap))


def counts_of_points(points: Floats, grid: Grid, cells: Ints, radius: float) -> Ints:
    """Return how many points lie at most `radius` metres from each of sorted cells' centres."""
    counts = np.zeros(cells.size, np.int64)
    if not cells.size or not points.shape[0]:
        return counts
    row, column = grid.row_column_from_cell(cells)
    height = math.floor(radius / grid.cell + 0.5) + 1
    top, west = int(row.min()) - height, int(column.min()) - height
    ny, nx = int(row.max()) + height + 1 - top, int(column.max()) + height + 1 - west
    # In cells from the window's corner, so that coordinates stay small and a square is a whole number.
    across = (points[:, 0] - grid.x_min) / grid.cell - west
    down = (grid.y_max - points[:, 1]) / grid.cell - top
    within = (across >= 0) & (across < nx) & (down >= 0) & (down < ny)
    across, down = across[within], down[within]
    square = np.floor(down).astype(np.int64) * nx + np.floor(across).astype(np.int64)
    order = np.argsort(square, kind="stable")
    inside, touched = _rows_of_squares(radius / grid.cell, height)
    row, column = row - top, column - west
    starts = square_starts(square, ny * nx)
    count_points(
        across[order], down[order], starts, nx, column + 0.5, row + 0.5, row, column, inside, touched,
        (radius / grid.cell) ** 2 * (1 + 1e-12), counts,
    )  # fmt: skip
    return counts


def _rows_of_squares(radius: float, height: int) -> tuple[Ints, Ints]:
    """Return per row of squares how far those wholly within the radius reach, and those within it in part.

    In squares from the middle one, whose centre the radius is measured from; -1 where none is wholly within.
    """
    inside, touched = np.full(2 * height + 1, -1, np.int64), np.zeros(2 * height + 1, np.int64)
    for r in range(2 * height + 1):
        away = abs(r - height)
        room = (radius * (1 - 1e-9)) ** 2 - (away + 0.5) ** 2
        inside[r] = math.floor(math.sqrt(room) - 0.5) if room >= 0.25 else -1
        reach = (radius * (1 + 1e-9)) ** 2 - max(away - 0.5, 0.0) ** 2
        touched[r] = min(height, math.floor(math.sqrt(reach) + 0.5)) if reach >= 0 else 0
    return inside, np.maximum(touched, inside)
