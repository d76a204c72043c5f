"""The measures around a set of cells, on plain arrays: what the public functions and the model share."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.kernels.decay_sums import decay_sums
from leefraster.kernels.rowruns import row_starts
from leefraster.neighbourhood import Neighbourhood
from leefraster.scoring.disc import Disc, Largest, mean_terms
from leefraster.scoring.kernel_weights import decay_weights
from leefraster.scoring.nearest import distances

if TYPE_CHECKING:
    from leefraster.scoring.measures import (
        CellValue,
        DecaySum,
        DensityWithin,
        DistanceTo,
        FocalMean,
        FocalSum,
    )

    Measured = CellValue | FocalMean | FocalSum | DensityWithin | DecaySum | DistanceTo

Floats = npt.NDArray[np.float64]


class Around:
    """Sorted cells of a grid, and what lies around each of them.

    Parameters
    ----------
    grid : Grid
        Their grid.
    cells : ndarray of int64
        Sorted cell ids.
    whole : int or None
        How many cells the field has of which these are a band and what lies around it; these are all when None.
    """

    def __init__(self, grid: Grid, cells: npt.NDArray[np.int64], whole: int | None = None) -> None:
        self.grid, self.cells, self.whole = grid, cells, whole
        self._discs: dict[float, Disc] = {}

    def disc(self, radius: float) -> Disc:
        """Return the discs of a radius, made once."""
        if radius not in self._discs:
            self._discs[radius] = Disc.around(self.grid, self.cells, radius, self.whole)
        return self._discs[radius]

    def focal_sum(self, values: Floats, radius: float, largest: Largest = None) -> Floats:
        """Return the sum of the values within the radius, NaN where there is none."""
        return self.disc(radius).totals(values, largest)

    def focal_mean(
        self, values: Floats, radius: float, weights: Floats | None = None, largest: Largest = None
    ) -> Floats:
        """Return the (weighted) mean of the values within the radius, NaN where there is none."""
        return self.disc(radius).means(values, weights, largest)

    def density(self, values: Floats, radius: float, largest: Largest = None) -> Floats:
        """Return the sum within the radius per square kilometre of the disc."""
        return self.focal_sum(values, radius, largest) / disc_area(radius)

    def decay_sum(self, values: Floats, bandwidth: float, kernel: str, cutoff: float | None = None) -> Floats:
        """Return the sum of the values, each weighted by its distance, NaN where none lies within the cutoff."""
        weights, reach = decay_weights(bandwidth, kernel, cutoff, self.grid.cell)
        held, sums = np.isfinite(values), np.empty(values.size)
        if values.size:
            columns, starts = self._by_row
            filled = np.where(held, values, 0.0)
            decay_sums(columns, starts, columns.min(), columns.max(), reach, weights, filled, sums)
        if not held.all():
            sums[self._runs_of(reach).sums(np.where(held, 0.0, np.nan))[1] == 0] = np.nan
        return sums

    def distance(self, targets: npt.NDArray[np.bool_], cap: float | None) -> Floats:
        """Return the distance to the nearest of the cells that are targets, in metres."""
        return distances(self.grid, self.cells[targets], self.cells, cap)

    @cached_property
    def _by_row(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        rows, columns = self.grid.row_column_from_cell(self.cells)
        return np.ascontiguousarray(columns), row_starts(rows, self.grid.ny)

    def _runs_of(self, reach: npt.NDArray[np.int64]) -> Disc:
        """Return the cells of a decay's reach as a disc."""
        sides = [(dy, -reach[abs(dy)], reach[abs(dy)]) for dy in range(1 - reach.size, reach.size)]
        return Disc(*self._by_row, np.array(sides, dtype=np.int64))

    def measured(
        self,
        measure: Measured,
        values: npt.NDArray[np.floating],
        weights: Floats | None,
        largest: Largest = None,
    ) -> npt.NDArray[np.floating]:
        """Return what a model's measure makes of a layer; `largest` are the sizes of its `disc_terms`."""
        if measure.kind == "cell":
            return values
        floats = values.astype(np.float64, copy=False)
        if measure.kind == "focal_mean":
            return self.focal_mean(floats, measure.radius, weights, largest)
        if measure.kind == "focal_sum":
            return self.focal_sum(floats, measure.radius, largest)
        if measure.kind == "density":
            return self.density(floats, measure.radius, largest)
        if measure.kind == "decay":
            return self.decay_sum(floats, measure.bandwidth, measure.kernel, measure.cutoff)
        return self.distance((values == values) & (values != 0), measure.cap)


def disc_terms(
    measure: Measured, values: npt.NDArray[np.floating], weights: Floats | None
) -> tuple[Floats, ...]:
    """Return what a measure sums over discs in fixed point, whose scale is that of the largest; often nothing."""
    floats = values.astype(np.float64, copy=False)
    if measure.kind == "focal_mean":
        return mean_terms(floats, weights)
    return (floats,) if measure.kind in ("focal_sum", "density") else ()


def reach_in_rows(measure: Measured, cell: float) -> int:
    """Return how many grid rows above and below a cell a measure looks at."""
    if measure.kind == "cell":
        return 0
    if measure.kind == "distance":
        return math.floor(measure.cap / cell)
    if measure.kind == "decay":
        return decay_weights(measure.bandwidth, measure.kernel, measure.cutoff, cell)[1].size - 1
    return int(Neighbourhood.disc(measure.radius).runs(cell)[:, 0].max())


def disc_area(radius: float) -> float:
    """Return the area of a disc in square kilometres; the radius in metres."""
    return math.pi * (radius / 1000.0) ** 2
