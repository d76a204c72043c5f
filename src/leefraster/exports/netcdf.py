"""One year of a run as CF netCDF: rasters with a grid mapping, compressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, grid_of, spatial_ref
from leefraster.grid import Grid

_CHUNK = 512
_CACHE = 4 * 2**20
_COMPRESSION: dict[str, Any] = {"compression": "zlib", "complevel": 1, "shuffle": True}


def write_netcdf(latest: xr.Dataset, path: Path, attrs: dict[str, str]) -> None:
    """Write every variable over cells as a raster over the whole grid, one plane at a time.

    Parameters
    ----------
    latest : Dataset
        One year, over `cell`.
    path : Path
        Ends in ``.nc``.
    attrs : dict of str to str
        Attributes of the file: title, history and so on.
    """
    import netCDF4

    grid = grid_of(latest)
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts({"Conventions": "CF-1.11", **attrs})
        _axes(file, grid)
        for dim in latest.dims:
            if dim != CELL:
                _labels(
                    file,
                    str(dim),
                    latest[dim].values if dim in latest.coords else np.arange(latest.sizes[dim]),
                )
        for name, variable in latest.data_vars.items():
            if CELL in variable.dims and variable.dtype.kind in "fiub":
                _planes(file, str(name), variable.transpose(..., CELL), grid, latest[CELL].values)


def _axes(file: Any, grid: Grid) -> None:
    for name, centres, standard in (
        ("y", grid.y, "projection_y_coordinate"), ("x", grid.x, "projection_x_coordinate")
    ):  # fmt: skip
        file.createDimension(name, centres.size)
        axis = file.createVariable(name, "f8", (name,))
        axis.setncatts({"standard_name": standard, "units": "m", "axis": name.upper()})
        axis[:] = centres
    mapping = file.createVariable("spatial_ref", "i8")
    known = {key: value for key, value in spatial_ref(grid).attrs.items() if key != "crs"}
    if grid.crs is not None:
        from pyproj import CRS

        known |= CRS.from_user_input(grid.crs).to_cf()
    mapping.setncatts({**known, "spatial_ref": known.get("crs_wkt", "")})


def _labels(file: Any, name: str, labels: npt.NDArray[Any]) -> None:
    file.createDimension(name, labels.size)
    text = labels.dtype.kind not in "fiu"
    variable = file.createVariable(name, str if text else labels.dtype, (name,))
    variable[:] = labels.astype(object) if text else labels


def _planes(file: Any, name: str, variable: xr.DataArray, grid: Grid, cells: npt.NDArray[np.int64]) -> None:
    dtype = np.dtype(np.int8) if variable.dtype == bool else variable.dtype.newbyteorder("=")
    measure = dtype.kind == "f"
    fill = dtype.type(np.nan) if measure else np.iinfo(dtype).min
    chunks = tuple(min(_CHUNK, size) for size in grid.shape)
    target = file.createVariable(
        name, dtype, (*map(str, variable.dims[:-1]), "y", "x"), fill_value=fill,
        chunksizes=(*(1 for _ in variable.dims[:-1]), *chunks), chunk_cache=_CACHE, **_COMPRESSION,
    )  # fmt: skip
    known = {
        key: value for key, value in variable.attrs.items() if isinstance(value, str | int | float | list)
    }
    target.setncatts({**known, "grid_mapping": "spatial_ref"})
    rows, columns = cells // grid.nx, cells % grid.nx
    values = variable.values
    for place in np.ndindex(variable.shape[:-1]):
        plane = np.full(grid.shape, fill, dtype=dtype)
        plane[rows, columns] = values[place]
        target[(*place, slice(None), slice(None))] = plane
