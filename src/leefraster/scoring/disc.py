"""Sums and means of sorted cells within a disc around each of them, on plain arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.kernels.rowruns import prefix_sum, row_starts, run_sums
from leefraster.neighbourhood import Neighbourhood

Floats = npt.NDArray[np.float64]
_SAFE_BITS = 62


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """The discs of one radius around sorted cells, ready for sums."""

    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    runs: npt.NDArray[np.int64]

    @classmethod
    def around(cls, grid: Grid, cells: npt.NDArray[np.int64], radius: float) -> Disc:
        """Lay discs of `radius` metres around cells (sorted ids)."""
        rows, columns = grid.row_column_from_cell(cells)
        runs = Neighbourhood.disc(radius).runs(grid.cell)
        return cls(np.ascontiguousarray(columns), row_starts(rows, grid.ny), runs)

    @property
    def most(self) -> int:
        """The largest number of cells that a disc can hold."""
        return min(int((self.runs[:, 2] - self.runs[:, 1] + 1).sum()), max(self.columns.size, 1))

    def sums(self, values: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return per cell the sum of finite values in its disc, and how many cells lie in it.

        Values become integers by a power of two that keeps every disc's sum below 2^62, so that the sums
        do not depend on threads or order.
        """
        largest = float(np.abs(values).max(initial=0.0))
        exponent = _SAFE_BITS - (math.frexp(largest * self.most)[1] if largest > 0 else 0)
        whole = np.rint(np.ldexp(values, exponent)).astype(np.int64)
        sums, counts = np.empty(values.size, np.int64), np.empty(values.size, np.int64)
        # Rows without cells at the top and bottom are left out: they would fall to one thread.
        first = int(np.searchsorted(self.starts, 0, side="right")) - 1
        last = int(np.searchsorted(self.starts, values.size))
        run_sums(self.columns, self.starts, self.runs, prefix_sum(whole), first, last, sums, counts)
        return np.ldexp(sums.astype(np.float64), -exponent), counts

    def totals(self, values: Floats) -> Floats:
        """Return per cell the sum of the values in its disc, NaN where no value lies in it."""
        held = np.isfinite(values)
        total, _ = self.sums(np.where(held, values, 0.0))
        if held.all():
            return total
        return np.where(self.sums(held.astype(np.float64))[0] > 0, total, np.nan)

    def means(self, values: Floats, weights: Floats | None) -> Floats:
        """Return per cell the (weighted) mean of the values in its disc, NaN where no weight lies in it."""
        if weights is None:
            held = np.isfinite(values)
            total, count = self.sums(np.where(held, values, 0.0))
            whole = count.astype(np.float64) if held.all() else self.sums(held.astype(np.float64))[0]
        else:
            held = np.isfinite(values) & (weights > 0)
            weight = np.where(held, weights, 0.0)
            total, _ = self.sums(weight * np.where(held, values, 0.0))
            whole, _ = self.sums(weight)
        mean = np.full(values.size, np.nan)
        np.divide(total, whole, out=mean, where=whole > 0)
        return mean
