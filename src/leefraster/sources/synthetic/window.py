"""Sums and means within a disc over the inhabited cells, by the same kernel as the statistics use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.kernels.rowruns import prefix_sum, row_starts, run_sums
from leefraster.neighbourhood import Neighbourhood

Floats = npt.NDArray[np.floating]

_UNIT = 2.0**-24  # sums run in whole steps of this size, so that they do not depend on their order


class Discs:
    """Disc sums over a fixed set of cells; the cell itself is included.

    Parameters
    ----------
    grid : Grid
        Their grid.
    cells : ndarray of int64
        Sorted cell ids.
    """

    def __init__(self, grid: Grid, cells: npt.NDArray[np.int64]) -> None:
        rows, self._columns = grid.row_column_from_cell(cells)
        self._grid, self._cells = grid, cells
        self._starts = row_starts(rows, grid.ny)

    def sum(self, values: Floats, radius: float) -> Floats:
        """Return the sum of `values` over the cells at most `radius` metres away."""
        steps = np.rint(values / _UNIT).astype(np.int64)
        sums, counts = np.empty(steps.size, np.int64), np.empty(steps.size, np.int64)
        runs = Neighbourhood.disc(radius).runs(self._grid.cell)
        run_sums(self._columns, self._starts, runs, prefix_sum(steps), 0, self._grid.ny, sums, counts)
        return sums * _UNIT

    def mean(self, values: Floats, radius: float, weights: Floats) -> Floats:
        """Return the weighted mean of `values` over the cells at most `radius` metres away."""
        return np.asarray(self.sum(values * weights, radius) / self.sum(weights, radius))

    def largest(self, values: Floats, radius: float) -> Floats:
        """Return the largest of `values`, none of them below 0, over the cells at most `radius` metres away."""
        found, centres = values.copy(), np.flatnonzero(values)
        rows, columns = self._grid.row_column_from_cell(self._cells[centres])
        for dy, low, high in Neighbourhood.disc(radius).runs(self._grid.cell):
            for dx in range(low, high + 1):
                row, column = rows + dy, columns + dx
                inside = (row >= 0) & (row < self._grid.ny) & (column >= 0) & (column < self._grid.nx)
                wanted = (row * self._grid.nx + column)[inside]
                place = np.searchsorted(self._cells, wanted)
                held = place < self._cells.size
                held[held] = self._cells[place[held]] == wanted[held]
                np.maximum.at(found, place[held], values[centres[inside][held]])
        return found
