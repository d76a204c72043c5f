"""The fields of an object at the places that count, and results put back on their labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError
from leefraster.fields import Fields, read_fields
from leefraster.grid import Grid
from leefraster.scoring.around import Around

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The fields of an object at the cells that count: all of a cell index, the valued ones of a raster."""

    fields: Fields
    grid: Grid
    held: npt.NDArray[np.int64]
    values: Floats

    @property
    def around(self) -> Around:
        """What lies around the cells that count."""
        return Around(self.grid, self.fields.ids[self.held])

    def mapped(self, measure: Callable[[int, Floats], Floats]) -> Floats:
        """Return what a measure makes of every field, NaN at the places that do not count."""
        if self.held.size == self.fields.ids.size and len(self.values):
            return np.stack([measure(row, values) for row, values in enumerate(self.values)])
        out = np.full(self.fields.values.shape, np.nan)
        for row, values in enumerate(self.values):
            out[row, self.held] = measure(row, values)
        return out

    def wrap(self, values: Floats, long_name: str, units: str | None, **attrs: float | str) -> xr.DataArray:
        """Return results on the labels of the input, under its name."""
        about = {"long_name": long_name, **({"units": units} if units else {}), **attrs}
        result = self.fields.dataset({"measure": values}, {}, {}, {"measure": about})["measure"]
        return result.rename(self.fields.template.name)

    @property
    def units(self) -> str | None:
        """The unit that the input states."""
        units = self.fields.template.attrs.get("units")
        return None if units is None else str(units)


def places_of(field: xr.DataArray) -> Places:
    """Read a field over (..., `cell`) or (..., `y`, `x`).

    Raises
    ------
    UsageError
        When it is none.
    InputError
        When it carries no grid, repeats a cell, or holds infinite values.
    """
    fields = read_fields(field)
    assert fields.grid is not None
    if fields.space == "raster":
        held = np.flatnonzero((fields.values == fields.values).any(axis=0))
    else:
        held = np.arange(fields.ids.size)
    values = fields.values if held.size == fields.ids.size else fields.values[:, held]
    return Places(fields, fields.grid, held, np.ascontiguousarray(values, dtype=np.float64))


def weights_at(weights: xr.DataArray, field: xr.DataArray, places: Places) -> Floats:
    """Return weights laid beside the rows of the field, by the labels of all dimensions."""
    extra = [str(dim) for dim in weights.dims if dim not in field.dims]
    if extra:
        raise UsageError(f"weights have dimension {', '.join(extra)}, which the field lacks")
    given = read_fields(weights, name="weights").values
    if (given < 0).any():
        raise InputError(f"weights: {int((given < 0).sum())} of {given.size} are negative")
    labels = {dim: field[dim] for dim in weights.dims if dim in field.indexes}
    laid = weights.reindex(labels).broadcast_like(field).transpose(*field.dims)
    return np.asarray(read_fields(laid, name="weights").values[:, places.held], dtype=np.float64)


def named(field: xr.DataArray) -> str:
    """Return what a field is called in the names of results."""
    return str(field.attrs.get("long_name", field.name or "field"))
