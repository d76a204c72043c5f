"""Fields as every function takes them: leading dimensions mapped, the last one (or two) the places."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, grid_of, grid_of_raster, north_up
from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid
from leefraster.inference.numbers import Range
from leefraster.kernels.extremes import extremes, is_rising
from leefraster.kernels.read_only import read_only

Space = Literal["cell", "raster", "area"]


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object, as rows of a matrix over places in canonical order.

    Attributes
    ----------
    values : ndarray, shape (m, n)
        One row a field; for cells and rasters the n columns are sorted by cell id.
    space : {"cell", "raster", "area"}
        What the places are.
    ids : ndarray of int64, shape (n,)
        Cell ids; for areas the positions.
    grid : Grid or None
        None for areas.
    labels : ndarray or None
        The labels of areas, where they have an index.
    """

    values: npt.NDArray[Any]
    space: Space
    ids: npt.NDArray[np.int64]
    grid: Grid | None
    labels: npt.NDArray[Any] | None
    template: xr.DataArray
    order: npt.NDArray[np.int64] | None

    @property
    def leading(self) -> tuple[Hashable, ...]:
        """Names of the leading dimensions."""
        places = 2 if self.space == "raster" else 1
        return self.template.dims[: self.template.ndim - places]

    def dataset(
        self,
        variables: Mapping[str, npt.NDArray[Any]],
        scalars: Mapping[str, npt.NDArray[Any]],
        attrs: Mapping[str, Any],
        variable_attrs: Mapping[str, Mapping[str, Any]],
    ) -> xr.Dataset:
        """Put results back on the labels of the input.

        Parameters
        ----------
        variables : mapping of str to ndarray, shape (m, n)
            Results per place.
        scalars : mapping of str to ndarray, shape (m,)
            Results per field, which become coordinates over the leading dimensions.
        attrs : mapping
            Attributes of the Dataset.
        variable_attrs : mapping of str to mapping
            Attributes of each variable.
        """
        leading = self.leading
        head = tuple(self.template.sizes[dim] for dim in leading)
        placed = {}
        for name, values in variables.items():
            ordered = values
            if self.order is not None:
                ordered = np.empty_like(values)
                ordered[:, self.order] = values
            about = dict(variable_attrs.get(name, {}))
            placed[name] = xr.Variable(self.template.dims, ordered.reshape(self.template.shape), about)
        coords = {name: c.variable for name, c in self.template.coords.items()}
        for name, values in scalars.items():
            coords[name] = xr.Variable(leading, values.reshape(head), dict(variable_attrs.get(name, {})))
        return xr.Dataset(placed, coords, dict(attrs))

    def summary(
        self,
        variables: Mapping[str, npt.NDArray[Any]],
        scalars: Mapping[str, npt.NDArray[Any]],
        attrs: Mapping[str, Any],
        variable_attrs: Mapping[str, Mapping[str, Any]],
    ) -> xr.Dataset:
        """Put one result a field (arrays of shape (m,)) on the labels of the leading dimensions."""
        leading = self.leading
        head = tuple(self.template.sizes[dim] for dim in leading)

        def labelled(name: str, values: npt.NDArray[Any]) -> xr.Variable:
            return xr.Variable(leading, values.reshape(head), dict(variable_attrs.get(name, {})))

        kept = {name: c.variable for name, c in self.template.coords.items() if set(c.dims) <= set(leading)}
        out = xr.Dataset({name: labelled(name, values) for name, values in variables.items()}, attrs=attrs)
        return out.assign_coords(kept | {name: labelled(name, values) for name, values in scalars.items()})


def read_fields(field: xr.DataArray, *, areas: bool = False, name: str = "field") -> Fields:
    """Turn a DataArray over cells, a raster or areas into a matrix of fields.

    Parameters
    ----------
    field : DataArray
        Last dimension `cell`, or last two (`y`, `x`) with evenly spaced centres, or (`areas`) any one
        dimension of areas; these are found by name and moved to the end.
    areas : bool
        Whether the neighbourhood is a graph, so that the last dimension holds areas.
    name : str
        What to call the field in messages.

    Raises
    ------
    UsageError
        When `field` is no DataArray, has a type that is no number, or lacks the dimensions.
    InputError
        When a value is infinite, or a cell occurs twice.
    """
    if not isinstance(field, xr.DataArray):
        raise UsageError(f"{name} is a {type(field).__name__}; it must be an xarray DataArray")
    if field.dtype.kind not in "fiub":
        raise UsageError(f"{name} has dtype {field.dtype}; it must hold real numbers")
    infinite = Scan.of(field.values).infinite if field.dtype.kind == "f" else 0
    if infinite:
        raise InputError(f"{name} has {infinite} infinite values; missing values are NaN")
    if areas:
        return _areas(field, name)
    if CELL in field.dims:
        return _cells(field.transpose(..., CELL), name)
    if {"y", "x"} <= set(field.dims):
        return _raster(north_up(field.transpose(..., "y", "x")))
    raise UsageError(
        f"{name} has dimensions {tuple(field.dims)}; it must have 'cell', or 'y' and 'x', "
        "or come with a libpysal Graph over its last dimension"
    )


def _cells(field: xr.DataArray, name: str) -> Fields:
    grid = grid_of(field)
    ids = np.asarray(field[CELL].values, dtype=np.int64) if CELL in field.coords else None
    if ids is None:
        raise InputError(f"{name} has no coordinate 'cell' with cell ids")
    values = _rows(field, ids.size)
    order = None
    if not is_rising(read_only(ids)):
        order = np.argsort(ids, kind="stable")
        ids, values = ids[order], values[:, order]
        twice = ids[1:][np.diff(ids) == 0]
        if twice.size:
            raise InputError(f"{name} holds {twice.size} cells twice; first: {twice[:5].tolist()}")
    if ids.size and (ids[0] < 0 or ids[-1] >= grid.size):
        raise InputError(f"{name} has cell ids up to {ids[-1]}, its grid holds 0 to {grid.size - 1}")
    return Fields(values, "cell", ids, grid, None, field, order)


def _raster(field: xr.DataArray) -> Fields:
    grid = grid_of_raster(field)
    ids = np.arange(grid.size, dtype=np.int64)
    return Fields(_rows(field, grid.size), "raster", ids, grid, None, field, None)


def _areas(field: xr.DataArray, name: str) -> Fields:
    if field.ndim < 1:
        raise UsageError(f"{name} is a scalar; it must have a dimension of areas")
    dim = field.dims[-1]
    labels = np.asarray(field[dim].values) if dim in field.coords else None
    n = field.sizes[dim]
    return Fields(_rows(field, n), "area", np.arange(n, dtype=np.int64), None, labels, field, None)


def _rows(field: xr.DataArray, places: int) -> npt.NDArray[Any]:
    """Return one row a field over the places, which are the last dimensions; there may be none."""
    fields = field.size // places if places else math.prod(field.shape[:-1])
    return field.values.reshape(fields, places)


SIZE_BITS = {np.dtype(np.float32): (1 << 31) - 1, np.dtype(np.float64): (1 << 63) - 1}
INFINITY = {np.dtype(np.float32): 0xFF << 23, np.dtype(np.float64): 0x7FF << 52}


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look at values tells.

    Attributes
    ----------
    missing, infinite : int
        How many are NaN, and how many infinite.
    extent : Range
        Of the others.
    """

    missing: int
    infinite: int
    extent: Range

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Scan:
        """Look at numbers of any type."""
        if values.dtype.kind != "f":
            return cls(0, 0, Range.of(values))
        if values.dtype in SIZE_BITS and values.flags.c_contiguous and values.flags.aligned:
            return cls._of_bits(values)
        held = values[np.isfinite(values)]
        return cls(int(np.isnan(values).sum()), int(np.isinf(values).sum()), Range.of(held))

    @classmethod
    def _of_bits(cls, values: npt.NDArray[Any]) -> Scan:
        bits = np.dtype(f"i{values.itemsize}")
        size_bits = SIZE_BITS[values.dtype]
        found = extremes(read_only(values.reshape(-1).view(bits)), size_bits, INFINITY[values.dtype])
        missing, infinite = (int(number) for number in found[:, :2].sum(axis=0))
        n = values.size - missing - infinite
        if n == 0:
            return cls(missing, infinite, Range.of(values[:0]))
        keys = np.array([found[:, 2].min(), found[:, 3].max()])
        least, most = (keys ^ ((keys >> 63) & size_bits)).astype(bits).view(values.dtype).tolist()
        return cls(missing, infinite, Range(n, least, most))


def valid_mask(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where a row of values is not missing."""
    return ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, dtype=bool)
