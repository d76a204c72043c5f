"""Sums and means of sorted cells within a disc around each of them, on plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.kernels.dense_sums import dense_sums
from leefraster.kernels.fixed_point import to_integers
from leefraster.kernels.rowruns import prefix_sum, row_starts, run_sums
from leefraster.neighbourhood import Neighbourhood

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Largest = Sequence[float] | None
"""The largest size of each term that is summed, over a field of which these cells are a part."""

_SAFE_BITS = 62
_DENSE = 0.25  # share of the window's cells that must be there for laying out whole rows to pay
_TASK_ROWS = 4  # rows a task, in heights of the disc: each task lays out one height more than it has


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """The discs of one radius around sorted cells, ready for sums.

    Where the cells are a band of a field, `cells` says how many the whole field has, and sums are told the largest
    value of the whole field: they then are those of the whole field, bit for bit.
    """

    columns: Ints
    starts: Ints
    runs: Ints
    cells: int | None = None

    @classmethod
    def around(cls, grid: Grid, cells: Ints, radius: float, whole: int | None = None) -> Disc:
        """Lay discs of `radius` metres around cells (sorted ids), which may be a part of `whole` cells."""
        rows, columns = grid.row_column_from_cell(cells)
        runs = Neighbourhood.disc(radius).runs(grid.cell)
        return cls(np.ascontiguousarray(columns), row_starts(rows, grid.ny), runs, whole)

    @property
    def most(self) -> int:
        """The largest number of cells that a disc can hold."""
        cells = self.columns.size if self.cells is None else self.cells
        return min(int((self.runs[:, 2] - self.runs[:, 1] + 1).sum()), max(cells, 1))

    def sums(
        self, values: Floats, *, counting: bool = True, largest: float | None = None
    ) -> tuple[Floats, Ints]:
        """Return per cell the sum of the values in its disc that are not NaN, and how many there are.

        Without `counting` the second is only told where values are missing, and 1 elsewhere: the cell's own.

        Values become integers by a power of two that keeps every disc's sum below 2^62, so that the sums depend
        neither on threads nor on order, nor on which kernel takes them. It follows from `largest`, that of the
        values themselves when None.
        """
        sums, counts = np.zeros(values.size, np.int64), np.zeros(values.size, np.int64)
        exponent = self._exponent(largest_of(values) if largest is None else largest)
        if values.size:
            exact = (
                np.ldexp(values, exponent) if exponent > 1000 else values
            )  # the scale itself would overflow
            scale = 1.0 if exponent > 1000 else math.ldexp(1.0, exponent)
            self._fill(exact, scale, sums, counts, counting)
        if abs(exponent) > 1000:
            return np.ldexp(sums.astype(np.float64), -exponent), counts
        found = np.asarray(sums * math.ldexp(1.0, -exponent), dtype=np.float64)
        return found, counts

    def _exponent(self, largest: float) -> int:
        """Return the power of two that values are multiplied by."""
        return _SAFE_BITS - (math.frexp(largest)[1] + self.most.bit_length() if largest > 0 else 0)

    def _fill(self, values: Floats, scale: float, sums: Ints, counts: Ints, counting: bool) -> None:
        held = ~np.isnan(values)
        complete = bool(held.all())
        counting = counting or not complete
        counts[:] = 1
        first = int(np.searchsorted(self.starts, 0, side="right")) - 1
        last = int(np.searchsorted(self.starts, values.size))
        west, width = int(self.columns.min()), int(np.ptp(self.columns)) + 1
        if values.size >= _DENSE * (last - first) * width:
            step = _TASK_ROWS * int(np.ptp(self.runs[:, 0]) + 1)
            bounds = np.append(np.arange(first, last, step), last)
            dense_sums(
                values,
                self.columns,
                self.starts,
                self.runs,
                bounds,
                west,
                width,
                scale,
                counting,
                sums,
                counts,
            )
            return
        whole = np.empty(values.size, np.int64)
        to_integers(values if complete else np.where(held, values, 0.0), scale, whole)
        run_sums(self.columns, self.starts, self.runs, prefix_sum(whole), first, last, sums, counts)
        if not complete:
            number, spare = prefix_sum(held.astype(np.int64)), np.empty_like(counts)
            run_sums(self.columns, self.starts, self.runs, number, first, last, counts, spare)

    def totals(self, values: Floats, largest: Largest = None) -> Floats:
        """Return per cell the sum of the values in its disc, NaN where no value lies in it."""
        total, count = self.sums(values, counting=False, largest=None if largest is None else largest[0])
        total[count == 0] = np.nan
        return total

    def means(self, values: Floats, weights: Floats | None, largest: Largest = None) -> Floats:
        """Return per cell the (weighted) mean of the values in its disc, NaN where no weight lies in it."""
        terms = mean_terms(values, weights)
        sizes: Sequence[float | None] = (None, None) if largest is None else largest
        if weights is None:
            total, count = self.sums(terms[0], largest=sizes[0])
            whole = count.astype(np.float64)
        else:
            total, _ = self.sums(terms[0], largest=sizes[0])
            whole, _ = self.sums(terms[1], largest=sizes[1])
        mean = np.full(values.size, np.nan)
        np.divide(total, whole, out=mean, where=whole > 0)
        return mean


def mean_terms(values: Floats, weights: Floats | None) -> tuple[Floats, ...]:
    """Return what is summed over discs for a mean: the values, or weight x value and the weight."""
    if weights is None:
        return (values,)
    held = np.isfinite(values) & (weights > 0)
    weight = np.where(held, weights, 0.0)
    return weight * np.where(held, values, 0.0), weight


def largest_of(values: Floats) -> float:
    """Return the largest size of a value, 0 where there is none."""
    return float(max(np.fmax.reduce(values, initial=0.0), -np.fmin.reduce(values, initial=0.0)))
