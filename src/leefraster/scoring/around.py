"""The measures around a set of cells, on plain arrays: what the public functions and the model share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.grid import Grid
from leefraster.scoring.disc import Disc

if TYPE_CHECKING:
    from leefraster.scoring.measures import (
        CellValue,
        DecaySum,
        DensityWithin,
        DistanceTo,
        FocalMean,
        FocalSum,
    )

Floats = npt.NDArray[np.float64]


class Around:
    """Sorted cells of a grid, and what lies around each of them.

    Parameters
    ----------
    grid : Grid
        Their grid.
    cells : ndarray of int64
        Sorted cell ids.
    """

    def __init__(self, grid: Grid, cells: npt.NDArray[np.int64]) -> None:
        self.grid, self.cells = grid, cells
        self._discs: dict[float, Disc] = {}

    def disc(self, radius: float) -> Disc:
        """Return the discs of a radius, made once."""
        if radius not in self._discs:
            self._discs[radius] = Disc.around(self.grid, self.cells, radius)
        return self._discs[radius]

    def focal_sum(self, values: Floats, radius: float) -> Floats:
        """Return the sum of the values within the radius, NaN where there is none."""
        return self.disc(radius).totals(values)

    def focal_mean(self, values: Floats, radius: float, weights: Floats | None = None) -> Floats:
        """Return the (weighted) mean of the values within the radius, NaN where there is none."""
        return self.disc(radius).means(values, weights)

    def density(self, values: Floats, radius: float) -> Floats:
        """Return the sum within the radius per square kilometre of the disc."""
        return self.focal_sum(values, radius) / disc_area(radius)

    def measured(
        self,
        measure: CellValue | FocalMean | FocalSum | DensityWithin | DecaySum | DistanceTo,
        values: npt.NDArray[np.floating],
        weights: Floats | None,
    ) -> npt.NDArray[np.floating]:
        """Return what a model's measure makes of a layer."""
        if measure.kind == "cell":
            return values
        floats = values.astype(np.float64, copy=False)
        if measure.kind == "focal_mean":
            return self.focal_mean(floats, measure.radius, weights)
        if measure.kind == "focal_sum":
            return self.focal_sum(floats, measure.radius)
        if measure.kind == "density":
            return self.density(floats, measure.radius)
        raise NotImplementedError(measure.kind)


def disc_area(radius: float) -> float:
    """Return the area of a disc in square kilometres; the radius in metres."""
    return math.pi * (radius / 1000.0) ** 2
