"""Distances from cells to the nearest of other cells, on plain arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.kernels.distance_transform import nearest_targets, vertical_steps
from leefraster.kernels.rowruns import row_starts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def distances(grid: Grid, targets: Ints, cells: Ints, cap: float | None) -> Floats:
    """Return the exact distance in metres from each of sorted cells to the nearest target cell, at most the cap.

    Without any target it is the cap, and NaN without a cap.
    """
    if not cells.size or not targets.size:
        return np.full(cells.size, np.nan if cap is None else float(cap))
    (row, column), (target_row, target_column) = (
        grid.row_column_from_cell(cells),
        grid.row_column_from_cell(targets),
    )
    top, west = min(row[0], target_row.min()), min(column.min(), target_column.min())
    ny = int(max(row[-1], target_row.max()) - top + 1)
    nx = int(max(column.max(), target_column.max()) - west + 1)
    there = np.zeros((ny, nx), bool)
    there[target_row - top, target_column - west] = True
    # Rows further than the cap need not be told apart.
    far = ny + 1 if cap is None else min(ny + 1, int(cap / grid.cell) + 2)
    steps = np.empty((ny, nx), np.uint16 if far < 65_535 else np.int32)
    vertical_steps(there, far, steps)
    squared = np.empty(cells.size, np.int64)
    nearest_targets(steps, far, row_starts(row - top, ny), column - west, squared)
    found = np.sqrt(squared, where=squared >= 0, out=np.full(cells.size, np.inf)) * grid.cell
    return found if cap is None else np.minimum(found, float(cap))
