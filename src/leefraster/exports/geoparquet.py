"""Cells as GeoParquet 1.1: one square a cell, with scores and statistics of the latest year."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, grid_of
from leefraster.exports.latest import columns
from leefraster.grid import Grid

if TYPE_CHECKING:
    import pyarrow as pa

_CELLS_PER_GROUP = 65_536
_SQUARE = np.dtype(
    [("order", "u1"), ("type", "<u4"), ("rings", "<u4"), ("points", "<u4"), ("xy", "<f8", (5, 2))]
)
"""A square as well-known binary, little-endian: one ring of five points."""


def write_cells(latest: xr.Dataset, path: Path) -> None:
    """Write the cells of one year as squares.

    Parameters
    ----------
    latest : Dataset
        One year, over `cell`.
    path : Path
        Ends in ``.parquet``. Columns as `leefraster.exports.latest.columns` says, ``geometry`` (WKB, counter
        clockwise) and ``bbox``; row groups of 65,536 cells from north to south, so that a window reads few.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    grid, values = grid_of(latest), columns(latest)
    ids = latest[CELL].values
    schema = _schema(values, grid)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts(ids.size):
            arrays = [pa.array(column[part]) for column in values.values()]
            arrays += [squares(grid, ids[part]), _boxes(grid, ids[part])]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    pa.default_memory_pool().release_unused()  # else Arrow holds on to some 60 MB for the rest of the run


def parts(cells: int) -> Iterator[slice]:
    """Yield slices of 65,536 cells, one even where there are none."""
    for start in range(0, max(cells, 1), _CELLS_PER_GROUP):
        yield slice(start, start + _CELLS_PER_GROUP)


def squares(grid: Grid, cells: npt.NDArray[np.int64]) -> pa.Array:
    """Return the squares of cells as an Arrow array of well-known binary."""
    import pyarrow as pa

    west, south, east, north = _edges(grid, cells)
    shape = np.zeros(cells.size, dtype=_SQUARE)
    shape["order"], shape["type"], shape["rings"], shape["points"] = 1, 3, 1, 5
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    for number, (x, y) in enumerate(corners):
        shape["xy"][:, number, 0], shape["xy"][:, number, 1] = x, y
    offsets = np.arange(cells.size + 1, dtype=np.int32) * _SQUARE.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(shape.tobytes())]
    return pa.Array.from_buffers(pa.binary(), cells.size, buffers)


def _boxes(grid: Grid, cells: npt.NDArray[np.int64]) -> pa.Array:
    import pyarrow as pa

    return pa.StructArray.from_arrays(
        [pa.array(edge) for edge in _edges(grid, cells)], names=["xmin", "ymin", "xmax", "ymax"]
    )


def _edges(grid: Grid, cells: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], ...]:
    x, y = grid.xy_from_cell(cells)
    half = grid.cell / 2
    return x - half, y - half, x + half, y + half


def _schema(values: dict[str, npt.NDArray[Any]], grid: Grid) -> pa.Schema:
    import pyarrow as pa

    fields = [pa.field(name, pa.array(column[:1]).type) for name, column in values.items()]
    box = pa.struct([(edge, pa.float64()) for edge in ("xmin", "ymin", "xmax", "ymax")])
    fields += [pa.field("geometry", pa.binary()), pa.field("bbox", box)]
    return pa.schema(fields, metadata={"geo": json.dumps(_geo(grid))})


def _geo(grid: Grid) -> dict[str, Any]:
    """Return the file's GeoParquet metadata, version 1.1.0."""
    crs = None
    if grid.crs is not None:
        from pyproj import CRS

        crs = CRS.from_user_input(grid.crs).to_json_dict()
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "crs": crs,
        "edges": "planar",
        "orientation": "counterclockwise",
        "bbox": list(grid.bounds),
        "covering": {"bbox": {edge: ["bbox", edge] for edge in ("xmin", "ymin", "xmax", "ymax")}},
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
