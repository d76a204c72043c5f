"""The fields of a run: which units and layers it has, and all layers of one year at a time."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

TOTAL = "total"


def unit_of(data: xr.Dataset) -> Literal["cell", "area"]:
    """Return the dimension of places: ``"cell"`` on a grid, ``"area"`` for areas."""
    return "cell" if "cell" in data.dims else "area"


def is_scores(data: xr.Dataset) -> bool:
    """Tell whether the run is on scores by dimension with a total, not on general layers."""
    return "total" in data


def layers_of(data: xr.Dataset) -> list[str]:
    """Return the names of the fields of a year: the dimensions and the total, or the layers."""
    if not is_scores(data):
        return [str(name) for name in data["layer"].values]
    dimensions = [str(name) for name in data["dimension"].values] if "score" in data else []
    return [*dimensions, TOTAL]


def headline(data: xr.Dataset) -> str:
    """Return the layer that a run is summed up by: the total, or the first layer."""
    return TOTAL if is_scores(data) else layers_of(data)[0]


def year_fields(data: xr.Dataset, position: int) -> xr.DataArray:
    """Return all fields of one year over (`layer`, unit), with the unit's coordinates.

    Parameters
    ----------
    data : Dataset
        ``score`` and ``total``, or ``value``, over `year` among others.
    position : int
        Position of the year.
    """
    unit = unit_of(data)
    if not is_scores(data):
        return data["value"].isel(year=position).transpose("layer", unit)
    total = data["total"].isel(year=position)
    parts = [total.values[np.newaxis]]
    if "score" in data:
        parts.insert(0, data["score"].isel(year=position).transpose("dimension", unit).values)
    coords = {name: c for name, c in total.coords.items() if set(c.dims) <= {unit}}
    return xr.DataArray(
        np.concatenate(parts), dims=("layer", unit), coords={**coords, "layer": layers_of(data)}, name="field"
    )


def one_field(data: xr.Dataset, year: int, layer: int) -> xr.DataArray:
    """Return one field over the unit, with its coordinates, by the positions of its year and layer."""
    unit = unit_of(data)
    name = layers_of(data)[layer]
    if not is_scores(data):
        field = data["value"].isel(year=year, layer=layer)
    else:
        field = data["total"] if name == TOTAL else data["score"].isel(dimension=layer)
        field = field.isel(year=year)
    return field.drop_vars([coord for coord, c in field.coords.items() if not set(c.dims) <= {unit}] or [])
