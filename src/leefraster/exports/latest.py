"""The latest year of a run as columns over its cells or areas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, grid_of
from leefraster.grid import Grid

AREA = "area"
TOTAL = "total"


def unit_of(dataset: xr.Dataset) -> str:
    """Return the dimension of cells or areas."""
    return CELL if CELL in dataset.dims else AREA


def latest_year(dataset: xr.Dataset) -> int | None:
    """Return the latest year, None when the run has no years."""
    return int(dataset["year"].values.max()) if "year" in dataset.dims and dataset.sizes["year"] else None


def of_latest_year(dataset: xr.Dataset) -> xr.Dataset:
    """Return the run in its latest year."""
    year = latest_year(dataset)
    return dataset if year is None else dataset.isel(year=int(dataset["year"].values.argmax()))


def with_class(latest: xr.Dataset, parameters: Mapping[str, Any]) -> xr.Dataset:
    """Return the year with ``class`` (1 to 9, 0 missing) where it has a level and the run says its cuts."""
    levels = (parameters.get("cuts") or {}).get("levels")
    if not levels or "level" not in latest:
        return latest
    from leefraster.scoring.classify import classify

    return latest.assign({"class": classify(latest["level"], levels)})


def layers_in_table(dataset: xr.Dataset) -> list[str]:
    """Return the layers whose statistics go into tables: the total where there is one, else all."""
    layers = [str(layer) for layer in dataset["layer"].values] if "layer" in dataset.coords else []
    return [TOTAL] if TOTAL in layers else layers


def columns(latest: xr.Dataset) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of the table of cells or areas.

    Parameters
    ----------
    latest : Dataset
        One year, over `cell` or `area`.

    Returns
    -------
    dict of str to ndarray
        Id (and code of the cell), centre ``x`` and ``y``, then every variable: ``score_<dimension>``;
        statistics under their own names for the total, or as ``<statistic>_<layer>`` for each layer.
    """
    unit = unit_of(latest)
    found: dict[str, npt.NDArray[Any]] = {unit: latest[unit].values}
    if unit == CELL and _has_codes(grid_of(latest)):
        found["code"] = grid_of(latest).code_from_cell(latest[CELL].values)
    found |= {name: latest[name].values for name in ("x", "y") if name in latest.coords}
    for name, variable in latest.data_vars.items():
        if unit in variable.dims:
            found |= dict(_split(str(name), variable.transpose(..., unit), latest))
    return found


def _has_codes(grid: Grid) -> bool:
    """Tell whether cells have a code: edges and side in whole hectometres."""
    return all(float(edge) % 100 == 0 for edge in (grid.x_min, grid.y_max, grid.cell))


def _split(name: str, variable: xr.DataArray, latest: xr.Dataset) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    others = variable.dims[:-1]
    if not others:
        yield name, variable.values
    elif others == ("layer",):
        layers = layers_in_table(latest)
        for layer in layers:
            yield (name if layers == [TOTAL] else f"{name}_{layer}"), variable.sel(layer=layer).values
    elif len(others) == 1:
        for label in latest[others[0]].values if others[0] in latest.coords else range(variable.shape[0]):
            yield f"{name}_{label}", variable.sel({others[0]: label}).values


def crs_of(dataset: xr.Dataset) -> str | None:
    """Return the coordinate reference system of a run, None when it carries none."""
    attrs = dataset["spatial_ref"].attrs if "spatial_ref" in dataset.coords else {}
    found = attrs.get("crs") or attrs.get("crs_wkt")
    return str(found) if found else None
