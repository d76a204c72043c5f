"""Where the values of a run lie: rows and columns of cells, or points of areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import grid_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a grid in whole cells: first row and column, and its size."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a grid by row (0 in the north) and column, and the cell's size in metres."""

    rows: Ints
    columns: Ints
    cell: float
    x_min: float
    y_max: float

    def window(self, where: npt.NDArray[np.bool_] | None = None) -> Window:
        """Return the smallest rectangle that holds the cells, or those of them that `where` picks."""
        rows, columns = (
            (self.rows, self.columns) if where is None else (self.rows[where], self.columns[where])
        )
        if rows.size == 0:
            return Window(0, 0, 1, 1)
        top, left = int(rows.min()), int(columns.min())
        return Window(top, left, int(rows.max()) - top + 1, int(columns.max()) - left + 1)

    def inside(self, window: Window) -> npt.NDArray[np.bool_]:
        """Return which cells lie in a window."""
        return (
            (self.rows >= window.row)
            & (self.rows < window.row + window.rows)
            & (self.columns >= window.column)
            & (self.columns < window.column + window.columns)
        )


@dataclass(frozen=True, slots=True)
class Points:
    """Representative points of areas, in metres."""

    x: Floats
    y: Floats


Place = Cells | Points


def places_of(obj: xr.Dataset | xr.DataArray) -> Place | None:
    """Return where the units of an object lie, None when it has neither a grid nor points."""
    if "cell" in obj.dims and "spatial_ref" in obj.coords:
        grid = grid_of(obj)
        rows, columns = grid.row_column_from_cell(obj["cell"].values)
        return Cells(rows, columns, grid.cell, grid.x_min, grid.y_max)
    if "x" in obj.coords and "y" in obj.coords:
        return Points(np.asarray(obj["x"].values, dtype=float), np.asarray(obj["y"].values, dtype=float))
    return None
