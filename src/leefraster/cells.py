"""Cell-indexed data: one value per inhabited cell, and its raster view for maps and exports."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError
from leefraster.grid import Grid

CELL = "cell"
SPATIAL_REF = "spatial_ref"


@lru_cache(maxsize=16)
def _wkt(crs: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(crs).to_wkt())


def spatial_ref(grid: Grid) -> xr.DataArray:
    """Return the CF grid-mapping scalar in which a grid travels: GeoTransform, size and CRS as attrs."""
    attrs: dict[str, Any] = {
        "GeoTransform": " ".join(repr(float(number)) for number in grid.geotransform),
        "nx": grid.nx,
        "ny": grid.ny,
    }
    if grid.crs is not None:
        attrs["crs"] = grid.crs
        attrs["crs_wkt"] = _wkt(grid.crs)
    return xr.DataArray(np.int64(0), attrs=attrs)


def cell_coordinates(grid: Grid, cells: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the coordinates of cell-indexed data: `cell`, the centres `x` and `y` (m), `spatial_ref`.

    Parameters
    ----------
    grid : Grid
        The grid that the ids belong to.
    cells : ndarray of int64
        Cell ids, sorted and without duplicates.
    """
    x, y = grid.xy_from_cell(cells)
    return {
        CELL: (CELL, np.asarray(cells, dtype=np.int64), {"long_name": "cell id, row * nx + column"}),
        "x": (CELL, x, {"units": "m", "long_name": "easting of the cell's centre"}),
        "y": (CELL, y, {"units": "m", "long_name": "northing of the cell's centre"}),
        SPATIAL_REF: spatial_ref(grid),
    }


def grid_of(obj: xr.DataArray | xr.Dataset) -> Grid:
    """Return the grid of a cell-indexed object, read from its `spatial_ref` coordinate.

    Raises
    ------
    InputError
        When the object carries no `spatial_ref` with a GeoTransform and a size.
    """
    attrs = obj.coords[SPATIAL_REF].attrs if SPATIAL_REF in obj.coords else {}
    missing = [name for name in ("GeoTransform", "nx", "ny") if name not in attrs]
    if missing:
        raise InputError(
            f"the data carries no grid: coordinate 'spatial_ref' lacks {', '.join(missing)}. "
            "Build cell-indexed data with lr.from_table or lr.from_raster, or take it from a source or store"
        )
    x_min, cell, _, y_max, _, _ = (float(part) for part in str(attrs["GeoTransform"]).split())
    crs = attrs.get("crs") or attrs.get("crs_wkt") or None
    return Grid(x_min, y_max, int(attrs["nx"]), int(attrs["ny"]), cell, crs)


def grid_of_raster(obj: xr.DataArray | xr.Dataset) -> Grid:
    """Return the grid of a raster from its evenly spaced `x` and `y` coordinates (centres).

    Raises
    ------
    InputError
        When a coordinate is absent, unevenly spaced, or the cells are not square.
    """
    steps = {}
    for name in ("x", "y"):
        if name not in obj.coords:
            raise InputError(f"a raster needs coordinate {name!r} (cell centres in metres)")
        centres = np.asarray(obj.coords[name].values, dtype=float)
        step = np.diff(centres)
        if step.size and not np.allclose(step, step[0], rtol=1e-6, atol=0):
            raise InputError(
                f"raster coordinate {name!r} is not evenly spaced: steps {step.min():g} to {step.max():g}"
            )
        steps[name] = abs(float(step[0])) if step.size else None
    cell = steps["x"] or steps["y"] or 100.0
    if steps["x"] and steps["y"] and not np.isclose(steps["x"], steps["y"], rtol=1e-6):
        raise InputError(f"raster cells are not square: {steps['x']:g} by {steps['y']:g}")
    cell = float(np.round(cell, 9))
    x, y = np.asarray(obj.coords["x"].values, dtype=float), np.asarray(obj.coords["y"].values, dtype=float)
    return Grid(float(x.min()) - cell / 2, float(y.max()) + cell / 2, x.size, y.size, cell, _crs_of(obj))


def _crs_of(obj: xr.DataArray | xr.Dataset) -> str | None:
    attrs = obj.coords[SPATIAL_REF].attrs if SPATIAL_REF in obj.coords else {}
    if "crs" in attrs:
        return str(attrs["crs"])
    wkt = attrs.get("crs_wkt") or attrs.get("spatial_ref")
    if not wkt:
        return None
    from pyproj import CRS

    epsg = CRS.from_wkt(str(wkt)).to_epsg()
    return f"EPSG:{epsg}" if epsg else str(wkt)


def north_up[T: (xr.DataArray, xr.Dataset)](obj: T) -> T:
    """Return a raster with `x` ascending and `y` descending (row 0 in the north)."""
    if obj.sizes["y"] > 1 and float(obj["y"][0]) < float(obj["y"][-1]):
        obj = obj.isel(y=slice(None, None, -1))
    if obj.sizes["x"] > 1 and float(obj["x"][0]) > float(obj["x"][-1]):
        obj = obj.isel(x=slice(None, None, -1))
    return obj


def from_raster[T: (xr.DataArray, xr.Dataset)](raster: T) -> T:
    """Turn a raster over (`y`, `x`) into cell-indexed data over the cells that hold a value anywhere.

    Parameters
    ----------
    raster : DataArray or Dataset
        Dimensions (..., `y`, `x`) with evenly spaced centres in metres; `y` may ascend or descend.

    Returns
    -------
    DataArray or Dataset
        The same with dimension `cell`, which holds every cell with a finite value in at least one leading
        position and variable, sorted by id. Dask arrays stay lazy, but which cells hold a value is computed.

    Raises
    ------
    InputError
        When coordinates are absent, uneven, or cells not square.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> raster = xr.DataArray([[1.0, np.nan], [3.0, 4.0]], dims=("y", "x"),
    ...                       coords={"y": [150.0, 50.0], "x": [50.0, 150.0]})
    >>> from_raster(raster).values.tolist()
    [1.0, 3.0, 4.0]
    """
    for dim in ("y", "x"):
        if dim not in raster.dims:
            raise InputError(f"a raster needs dimensions y and x; this has {tuple(raster.dims)}")
    obj = north_up(raster)
    grid = grid_of_raster(obj)
    held = xr.Variable(("y", "x"), np.zeros(grid.shape, dtype=bool))
    variables = obj.data_vars.values() if isinstance(obj, xr.Dataset) else [obj]
    for variable in variables:
        if {"y", "x"} <= set(variable.dims):
            plane = variable.variable.transpose(..., "y", "x")
            held = held | plane.notnull().any(plane.dims[:-2])  # of dask arrays computed below, all in one go
    cells = np.flatnonzero(held.values.ravel()).astype(np.int64)
    rows, columns = cells // grid.nx, cells % grid.nx
    picked = obj.drop_vars([name for name in ("spatial_ref",) if name in obj.coords]).isel(
        y=xr.DataArray(rows, dims=CELL), x=xr.DataArray(columns, dims=CELL)
    )
    return picked.drop_vars(["x", "y"]).assign_coords(cell_coordinates(grid, cells))


def to_raster[T: (xr.DataArray, xr.Dataset)](obj: T, *, crop: bool = False) -> T:
    """Turn cell-indexed data into a raster over (`y`, `x`), `y` descending.

    Parameters
    ----------
    obj : DataArray or Dataset
        Cell-indexed data; variables without dimension `cell` are kept as they are.
    crop : bool
        Keep only the rows and columns between the outermost cells, not the whole grid.

    Returns
    -------
    DataArray or Dataset
        Missing cells are NaN in float variables, 0 in integer codes and counts, False and "" in others.

    Raises
    ------
    InputError
        When the object has no dimension `cell` or carries no grid.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> raster = xr.DataArray([[1.0, np.nan], [3.0, 4.0]], dims=("y", "x"),
    ...                       coords={"y": [150.0, 50.0], "x": [50.0, 150.0]})
    >>> bool(to_raster(from_raster(raster)).equals(raster.assign_coords(spatial_ref=0)))
    True
    """
    if CELL not in obj.dims:
        raise InputError(f"to_raster: needs dimension 'cell'; this has {tuple(obj.dims)}")
    grid = grid_of(obj)
    rows, columns = grid.row_column_from_cell(obj[CELL].values)
    if crop and rows.size:
        top, left = int(rows.min()), int(columns.min())
        height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
        rows, columns = rows - top, columns - left
        grid = Grid(
            grid.x_min + left * grid.cell, grid.y_max - top * grid.cell, width, height, grid.cell, grid.crs
        )
    coords: dict[str, Any] = {
        "y": ("y", grid.y, {"units": "m", "axis": "Y", "standard_name": "projection_y_coordinate"}),
        "x": ("x", grid.x, {"units": "m", "axis": "X", "standard_name": "projection_x_coordinate"}),
        SPATIAL_REF: spatial_ref(grid),
    }

    if isinstance(obj, xr.DataArray):
        return _plane(obj, grid, rows, columns, coords)
    drawn = {name: _plane(variable, grid, rows, columns, coords) for name, variable in obj.data_vars.items()}
    return xr.Dataset(drawn, attrs=obj.attrs)


def _laid_out(
    moved: xr.DataArray, shape: tuple[int, int], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> Any:
    """Return the values of a variable over (..., `cell`) as arrays over (..., rows, columns), lazy ones lazily."""

    def lay(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        empty: Any = np.nan if values.dtype.kind == "f" else values.dtype.type()
        out = np.full((*values.shape[:-1], *shape), empty, dtype=values.dtype)
        out[..., rows, columns] = values
        return out

    if moved.chunks is None:
        return lay(moved.values)
    last = moved.ndim - 1
    whole = moved.data.rechunk({last: -1})
    chunks = (*whole.chunks[:-1], (shape[0],), (shape[1],))
    return whole.map_blocks(lay, dtype=moved.dtype, drop_axis=last, new_axis=[last, last + 1], chunks=chunks)


def _plane(
    variable: xr.DataArray,
    grid: Grid,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    coords: dict[str, Any],
) -> xr.DataArray:
    """Lay one variable out over the rows and columns of a grid."""
    if CELL not in variable.dims:
        return variable
    moved = variable.transpose(..., CELL)
    out = _laid_out(moved, grid.shape, rows, columns)
    kept = {name: c for name, c in moved.coords.items() if CELL not in c.dims and name not in coords}
    return xr.DataArray(
        out,
        dims=(*moved.dims[:-1], "y", "x"),
        coords={**kept, **coords},
        name=variable.name,
        attrs=variable.attrs,
    )
