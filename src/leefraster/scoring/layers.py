"""The layers that a model is applied to, checked, and read one year at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, from_raster, grid_of, grid_of_raster
from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid
from leefraster.scoring.complaints import nearest

YEAR = "year"


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Layers over ([`year`,] `cell`) on one grid.

    Attributes
    ----------
    dataset : Dataset
        The layers, over sorted cells.
    grid : Grid
        Their grid.
    years : tuple of int
        Years of the layers; one None where no layer has a year.
    """

    dataset: xr.Dataset
    grid: Grid
    years: tuple[int | None, ...]

    @property
    def cells(self) -> npt.NDArray[np.int64]:
        """Sorted cell ids."""
        return np.asarray(self.dataset[CELL].values, dtype=np.int64)

    @property
    def dated(self) -> bool:
        """Whether the layers have a dimension of years."""
        return YEAR in self.dataset.dims

    @property
    def places(self) -> dict[str, Any]:
        """Coordinates of the cells."""
        coords = self.dataset.coords
        return {str(name): c.variable for name, c in coords.items() if YEAR not in c.dims and name != YEAR}

    def has_year(self, name: str) -> bool:
        """Return whether a layer changes over the years."""
        return YEAR in self.dataset[name].dims

    def values(self, name: str, year: int) -> npt.NDArray[Any]:
        """Return the values of a layer in the year of that position, float32 or float64; NaN is missing.

        Raises
        ------
        InputError
            When a value is infinite.
        """
        layer = self.dataset[name]
        one = layer.isel({YEAR: year}) if YEAR in layer.dims else layer
        values = np.ascontiguousarray(one.values)
        if values.dtype.kind == "f" and np.isinf(values).any():
            when = f" in {self.years[year]}" if self.years[year] is not None else ""
            infinite = int(np.isinf(values).sum())
            raise InputError(f"layer {name!r}{when} has {infinite} infinite values; missing values are NaN")
        return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)

    def require(self, name: str, wanted_by: str) -> None:
        """Refuse a name that no layer has, and list those there are.

        Raises
        ------
        UsageError
            When there is no such layer.
        """
        if name not in self.dataset.data_vars:
            names = sorted(map(str, self.dataset.data_vars))
            hint = nearest(name, names)
            listed = "" if hint.startswith("there are") else f" There are {', '.join(names)}"
            raise UsageError(f"{wanted_by}: there is no layer {name!r}; {hint}{listed}")


def read_layers(layers: Any) -> Layers:
    """Check layers given as a Dataset over ([`year`,] `cell`) or (..., `y`, `x`), or as a mapping of DataArrays.

    Raises
    ------
    UsageError
        When they are something else, or a layer has another dimension or holds no numbers.
    InputError
        When layers lie on different grids or cells, a cell or year occurs twice, or years do not ascend.
    """
    dataset = _as_dataset(layers)
    if {"y", "x"} <= set(dataset.dims) and CELL not in dataset.dims:
        dataset = from_raster(dataset)
    if CELL not in dataset.dims:
        raise UsageError(
            f"layers have dimensions {tuple(dataset.dims)}; they must have 'cell', or 'y' and 'x'"
        )
    if CELL not in dataset.coords:
        raise InputError("layers have no coordinate 'cell' with cell ids")
    grid = grid_of(dataset)
    cells = np.asarray(dataset[CELL].values)
    if cells.size and (np.diff(cells) <= 0).any():
        dataset = dataset.sortby(CELL)
        cells = np.asarray(dataset[CELL].values)
        twice = cells[1:][np.diff(cells) == 0]
        if twice.size:
            raise InputError(f"layers hold {twice.size} cells twice; first: {twice[:5].tolist()}")
    if cells.size and (cells[0] < 0 or cells[-1] >= grid.size):
        raise InputError(f"layers have cell ids up to {cells[-1]}, their grid holds 0 to {grid.size - 1}")
    for name, layer in dataset.data_vars.items():
        if CELL in layer.dims and layer.dtype.kind in "fiub" and not set(layer.dims) <= {YEAR, CELL}:
            raise UsageError(f"layer {name!r} has dimensions {layer.dims}; allowed are 'year' and 'cell'")
    return Layers(dataset.transpose(YEAR, ..., CELL, missing_dims="ignore"), grid, _years(dataset))


def _years(dataset: xr.Dataset) -> tuple[int | None, ...]:
    if YEAR not in dataset.coords:
        if YEAR in dataset.dims:
            raise UsageError("layers have a dimension 'year' without labels; give it its coordinate")
        return (None,)
    years = np.atleast_1d(dataset[YEAR].values)
    if years.dtype.kind not in "iu":
        raise UsageError(f"layers have years of type {years.dtype}; they must be whole numbers")
    if (np.diff(years) <= 0).any():
        raise InputError(f"layers: years must ascend, each once; got {years.tolist()}")
    return tuple(int(year) for year in years)


def _as_dataset(layers: Any) -> xr.Dataset:
    if isinstance(layers, xr.Dataset):
        return layers
    if not isinstance(layers, Mapping) or not all(isinstance(v, xr.DataArray) for v in layers.values()):
        raise UsageError(f"layers is a {type(layers).__name__}; it must be a Dataset, or DataArrays by name")
    if not layers:
        raise UsageError("layers is empty; give at least one")
    (first, one), *others = layers.items()
    for name, other in others:
        _same_places(str(first), one, str(name), other)
    if CELL in one.dims:  # x and y are the cells' centres, and come again with the grid
        return xr.Dataset(
            {str(n): layer.drop_vars(["x", "y"], errors="ignore") for n, layer in layers.items()}
        )
    return xr.Dataset({str(name): layer for name, layer in layers.items()})


def _same_places(first: str, one: xr.DataArray, name: str, other: xr.DataArray) -> None:
    """Refuse a layer that lies on another grid, or on other cells of it."""
    raster = CELL not in one.dims
    if raster != (CELL not in other.dims):
        raise InputError(
            f"layer {name!r} has dimensions {other.dims}, {first!r} {one.dims}; convert one of them"
        )
    if raster and not {"y", "x"} <= set(one.dims) & set(other.dims):
        return
    read_grid = grid_of_raster if raster else grid_of
    here, there = read_grid(one), read_grid(other)
    if here != there:
        raise InputError(f"layer {name!r} lies on another grid than {first!r}: {there}, not {here}")
    if not raster and not np.array_equal(one[CELL].values, other[CELL].values):
        raise InputError(
            f"layer {name!r} has {other.sizes[CELL]} cells, not the {one.sizes[CELL]} of {first!r}; align them "
            "first (xarray.align(..., join='outer'))"
        )
