"""What the report reads from a run's Dataset: unit, years, layers, and one field at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

Values = npt.NDArray[Any]
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class View:
    """A run's Dataset with the names that are used throughout the report.

    Attributes
    ----------
    dataset : Dataset
        As in `RunRecord.dataset`.
    unit : {"cell", "area"}
        The dimension of places.
    scores : bool
        Whether these are scores with a total, and not general layers.
    layers : tuple of str
        Dimensions and "total", or the names of the layers.
    years : tuple of int
        Measurement years, ascending.
    """

    dataset: xr.Dataset
    unit: str
    scores: bool
    layers: tuple[str, ...]
    years: tuple[int, ...]

    @classmethod
    def of(cls, dataset: xr.Dataset) -> View:
        """Read the names from a run's Dataset."""
        unit = "area" if "area" in dataset.dims else "cell"
        scores = "total" in dataset or "score" in dataset
        return cls(dataset, unit, scores, _layers(dataset, scores), _years(dataset))

    @property
    def places(self) -> int:
        """The number of cells or areas."""
        return int(self.dataset.sizes.get(self.unit, 0))

    @property
    def main(self) -> str | None:
        """The layer that stands for the whole: the total, or the first layer."""
        if TOTAL in self.layers:
            return TOTAL
        return self.layers[0] if self.layers else None

    def has(self, name: str) -> bool:
        """Whether the run holds this variable."""
        return name in self.dataset

    def attrs(self, name: str) -> dict[str, Any]:
        """Return the attrs of a variable, empty when it is not there."""
        return dict(self.dataset[name].attrs) if name in self.dataset else {}

    def values(self, name: str, *, year: int | None = None, layer: str | None = None) -> Values | None:
        """Return a variable's values for a year and layer, None when it or the layer is not there."""
        if name not in self.dataset:
            return None
        array = self.dataset[name]
        for dim in ("layer", "dimension"):
            if dim in array.dims:
                labels = [str(label) for label in array[dim].values]
                if layer not in labels:
                    return None
                array = array.isel({dim: labels.index(str(layer))})
        if "year" in array.dims:
            if year not in self.years:
                return None
            array = array.isel(year=self.years.index(year))
        return np.asarray(array.values)

    def base(self, layer: str, year: int) -> Values | None:
        """Return the field itself: the total, a dimension's score, or a layer's value."""
        if layer == TOTAL and self.has("total"):
            return self.values("total", year=year)
        return self.values("score" if self.scores else "value", year=year, layer=layer)

    def latest(self, layer: str) -> int | None:
        """Return the last year in which a layer holds any value."""
        for year in reversed(self.years):
            values = self.base(layer, year)
            if values is not None and np.isfinite(np.asarray(values, dtype=float)).any():
                return year
        return None

    def layer_unit(self, layer: str) -> str:
        """Return the unit of a layer: from the coordinate `layer_units`, else from the variable's attrs."""
        known = self.dataset.coords.get("layer_units")
        if not self.scores and known is not None and layer in self.layers:
            return str(known.values[self.layers.index(layer)])
        name = "value" if not self.scores else ("total" if layer == TOTAL else "score")
        return str(self.attrs(name).get("units", ""))


def _layers(dataset: xr.Dataset, scores: bool) -> tuple[str, ...]:
    if scores:
        dimensions = (
            [str(code) for code in dataset["dimension"].values] if "dimension" in dataset.dims else []
        )
        return (*dimensions, TOTAL) if "total" in dataset else tuple(dimensions)
    return tuple(str(name) for name in dataset["layer"].values) if "layer" in dataset.dims else ()


def _years(dataset: xr.Dataset) -> tuple[int, ...]:
    return tuple(int(year) for year in dataset["year"].values) if "year" in dataset.dims else ()
