"""Distances to the nearest cell or point of a kind, and points counted within a radius."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL
from leefraster.errors import InputError, UsageError
from leefraster.fields import Fields, read_fields
from leefraster.grid import Grid
from leefraster.lazy import between_fields, lazily
from leefraster.scoring.nearest import distances
from leefraster.scoring.points import counts_of_points, distances_to_points, read_points

Floats = npt.NDArray[np.float64]


@lazily(between_fields, labels_only=("like",))
def distance_to(
    where_or_points: Any, *, like: xr.DataArray | xr.Dataset | None = None, cap: float | None = None
) -> xr.DataArray:
    """Measure the straight distance from every cell's centre to the nearest cell where true, or nearest point.

    Parameters
    ----------
    where_or_points : DataArray, table, GeoDataFrame or array
        Cells of a kind: bool, or numbers of which those that are neither 0 nor missing count, over (..., `cell`) or
        (..., `y`, `x`); all leading dimensions are mapped. Or points: a table with columns x and y, a GeoDataFrame
        of points, or an (n, 2) array, in the grid's metres.
    like : DataArray or Dataset
        Whose cells (or raster) ask for the distance; wanted with points. With cells it must be on the same grid; by
        default the same cells ask.
    cap : float or None
        Metres beyond which the distance is the cap.

    Returns
    -------
    DataArray of float64
        Metres, for every cell asked, with a value of its own or not; 0 in a cell where true. Exact. Without any
        target: the cap, or NaN where there is no cap.

    Raises
    ------
    UsageError
        When `cap` is not positive and finite; when points come without `like`; when the input is neither.
    InputError
        When `like` is on another grid, a point lacks a coordinate or has another CRS.

    Notes
    -----
    To cells: the exact Euclidean distance transform in whole numbers, in time linear in the window that holds all
    cells (Meijster, Roerdink & Hesselink 2000). To points: a k-d tree.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> coords = {"y": [150.0, 50.0], "x": [50.0, 150.0, 250.0]}
    >>> park = xr.DataArray([[True, False, False], [False, False, False]], dims=("y", "x"), coords=coords)
    >>> distance_to(park, cap=200).values.round(1).tolist()
    [[0.0, 100.0, 200.0], [100.0, 141.4, 200.0]]
    >>> distance_to(np.array([[50.0, 170.0]]), like=park).values.round(1).tolist()
    [[20.0, 102.0, 201.0], [120.0, 156.2, 233.2]]
    """
    limit = None if cap is None else _length("cap", cap)
    said = "distance to the nearest" + ("" if cap is None else f", at most {cap:g} m")
    attrs = {"long_name": said, "units": "m"} | ({} if limit is None else {"cap_m": limit})
    if isinstance(where_or_points, xr.DataArray):
        return _to_cells(where_or_points, like, limit, attrs)
    asked = _asking(like, "distance_to")
    points = read_points(where_or_points, asked.grid)
    x, y = asked.grid.xy_from_cell(asked.fields.ids)
    return asked.wrap(distances_to_points(points, x, y, limit)[None], attrs, "distance")


def count_within(points: Any, radius: float, *, like: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """Count the points at most `radius` metres from every cell's centre.

    Parameters
    ----------
    points : table, GeoDataFrame or array
        A table with columns x and y, a GeoDataFrame of points, or an (n, 2) array, in the grid's metres. Points
        outside the grid count where they are near enough.
    radius : float
        Metres; points at exactly `radius` are counted.
    like : DataArray or Dataset
        Whose cells (or raster) ask.

    Returns
    -------
    DataArray of int64
        Over the cells (or raster) of `like`; 0 where there is none, in cells without a value too.

    Raises
    ------
    UsageError
        When `radius` is not positive and finite, or `points` are no points.
    InputError
        When a point lacks a coordinate or has another CRS than the grid.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> coords = {"y": [150.0, 50.0], "x": [50.0, 150.0]}
    >>> raster = xr.DataArray(np.zeros((2, 2)), dims=("y", "x"), coords=coords)
    >>> count_within(np.array([[50.0, 170.0], [60.0, 150.0]]), 100, like=raster).values.tolist()
    [[2, 1], [0, 0]]
    """
    length = _length("radius", radius)
    asked = _asking(like, "count_within")
    counts = counts_of_points(read_points(points, asked.grid), asked.grid, asked.fields.ids, length)
    attrs = {"long_name": f"points within {radius:g} m", "units": "1", "radius_m": length}
    return asked.wrap(counts[None], attrs, "count")


class _Asking:
    """The cells that ask for a measure, whatever they hold."""

    def __init__(self, fields: Fields) -> None:
        assert fields.grid is not None
        self.fields, self.grid = fields, fields.grid

    def wrap(self, values: npt.NDArray[Any], attrs: dict[str, Any], name: str) -> xr.DataArray:
        return self.fields.dataset({name: values}, {}, {}, {name: attrs})[name]


def _asking(like: xr.DataArray | xr.Dataset | None, caller: str) -> _Asking:
    """Return the cells of `like`: its places alone, without values and leading dimensions."""
    if like is None:
        raise UsageError(f"{caller}: points need like=, the field or Dataset whose cells ask")
    dims = [CELL] if CELL in like.dims else ["y", "x"]
    if not set(dims) <= set(like.dims):
        raise UsageError(
            f"{caller}: like has dimensions {tuple(like.dims)}; it must have 'cell', or 'y' and 'x'"
        )
    coords = {name: c.variable for name, c in like.coords.items() if set(c.dims) <= set(dims)}
    blank = np.zeros([like.sizes[dim] for dim in dims], np.int8)
    return _Asking(read_fields(xr.DataArray(blank, dims=dims, coords=coords), name="like"))


def _to_cells(
    where: xr.DataArray, like: xr.DataArray | xr.Dataset | None, cap: float | None, attrs: dict[str, Any]
) -> xr.DataArray:
    fields = read_fields(where, name="where")
    assert fields.grid is not None
    targets = (fields.values == fields.values) & (fields.values != 0)
    if like is None:
        measure = _measure(fields, targets, fields.grid, fields.ids, cap)
        return _Asking(fields).wrap(np.stack(measure), attrs, "distance")
    asked = _asking(like, "distance_to")
    if asked.grid != fields.grid:
        raise InputError(
            f"distance_to: like is on another grid ({asked.grid}) than the cells ({fields.grid})"
        )
    found = [
        asked.wrap(row[None], attrs, "distance")
        for row in _measure(fields, targets, asked.grid, asked.fields.ids, cap)
    ]
    if not fields.leading:
        return found[0]
    shape = tuple(where.sizes[dim] for dim in fields.leading)
    values = np.stack([one.values for one in found]).reshape(shape + found[0].shape)
    coords = {name: c.variable for name, c in where.coords.items() if set(c.dims) <= set(fields.leading)}
    named = {str(n): c.variable for n, c in found[0].coords.items()} | {str(n): v for n, v in coords.items()}
    return xr.DataArray(
        values, dims=(*fields.leading, *found[0].dims), coords=named, name="distance", attrs=attrs
    )


def _measure(
    fields: Fields,
    targets: npt.NDArray[np.bool_],
    grid: Grid,
    cells: npt.NDArray[np.int64],
    cap: float | None,
) -> list[Floats]:
    return [distances(grid, fields.ids[row], cells, cap) for row in targets]


def _length(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}, it must be positive and finite (metres)")
    return float(value)
