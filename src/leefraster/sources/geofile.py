"""GeoPackage and its kin: columns, and the cell that each geometry belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.crs import require_crs
from leefraster.errors import InputError
from leefraster.sources.files import FileOptions, damaged, require_rows
from leefraster.table.columns import find_column

if TYPE_CHECKING:
    import pyarrow as pa

    from leefraster.grid import Grid

SUFFIXES = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".gdb")
X, Y = "_geometry_x", "_geometry_y"


def read_geofile(
    path: Path, columns: Sequence[str], grid: Grid | None, crs: str | None, options: FileOptions
) -> pa.Table:
    """Read some columns of a layer and, with a grid, a point inside the cell of every geometry.

    A polygon of a cell may be clipped (to buildings, say): the middle of its bounds lies in its cell all the
    same, so that snapping down finds the true cell.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Columns wanted, without regard to case.
    grid : Grid or None
        Where geometries are to be placed; None reads columns only.
    crs : str or None
        CRS of a layer that states none.
    options : FileOptions
        The layer, where the file holds several.

    Returns
    -------
    Table
        The columns, and with a grid ``_geometry_x`` and ``_geometry_y``.

    Raises
    ------
    InputError
        When file, layer or column cannot be read, the CRS is not the grid's, or a geometry is empty or spans
        several cells.
    """
    info = _info(path, options.layer)
    names = {name: find_column(list(info["fields"]), name, str(path)) for name in columns}
    if grid is not None:
        require_crs(info["crs"] or crs, grid.crs, str(path))
    table, geometry = _read(path, info["layer_name"], list(names.values()), grid is not None)
    require_rows(path, table.num_rows, options.rows)
    if 0 <= info["features"] != table.num_rows:
        raise InputError(f"{path}: {table.num_rows} of {info['features']} features could be read; damaged?")
    import pyarrow as pa

    picked = {name: table.column(found) for name, found in names.items()}
    if grid is not None:
        picked[X], picked[Y] = map(pa.array, _points(table.column(geometry), grid, str(path)))
    return pa.table(picked)


def geofile_columns(path: Path, options: FileOptions) -> list[str]:
    """Return the column names of a layer."""
    return [str(name) for name in _info(path, options.layer)["fields"]]


def _info(path: Path, layer: str | None) -> dict[str, Any]:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        chosen = _layer(path, layers, layer)
        return dict(pyogrio.read_info(path, layer=chosen, force_feature_count=True)) | {"layer_name": chosen}
    except (DataSourceError, DataLayerError, RuntimeError) as error:
        raise damaged(path, error) from error


def _layer(path: Path, layers: Sequence[str], wanted: str | None) -> str:
    if wanted is not None and wanted not in layers:
        raise InputError(f"{path}: there is no layer {wanted!r}; it holds {', '.join(layers)}")
    if wanted is None and len(layers) != 1:
        raise InputError(f"{path}: holds {len(layers)} layers ({', '.join(layers)}); name one: layer = '...'")
    chosen = wanted or layers[0]
    if chosen.lower().endswith("_schaalafhankelijk"):
        raise InputError(
            f"{path}: layer {chosen!r} changes with the scale of the map; use the layer of the grid itself"
        )
    return chosen


def _read(path: Path, layer: str, columns: list[str], geometry: bool) -> tuple[pa.Table, str]:
    import pyarrow as pa
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError
    from pyogrio.raw import read_arrow

    try:
        meta, table = read_arrow(path, layer=layer, columns=columns, read_geometry=geometry)
    except (
        DataSourceError,
        DataLayerError,
        FeatureError,
        FieldError,
        RuntimeError,
        pa.ArrowException,
    ) as error:
        raise damaged(path, error) from error
    return table, str(meta["geometry_name"] or "wkb_geometry")


def _points(
    column: pa.ChunkedArray, grid: Grid, source: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    import shapely

    shapes = shapely.from_wkb(column.to_numpy())
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        row = int(np.flatnonzero(empty)[0]) + 1
        raise InputError(f"{source}: {int(empty.sum())} features have no geometry, first in row {row}")
    bounds = shapely.bounds(shapes)
    _refuse_wide(bounds, grid, source)
    return (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2


def _refuse_wide(bounds: npt.NDArray[np.float64], grid: Grid, source: str) -> None:
    slack = 1e-4
    west, east = (bounds[:, 0] - grid.x_min) / grid.cell, (bounds[:, 2] - grid.x_min) / grid.cell
    south, north = (bounds[:, 1] - grid.y_max) / grid.cell, (bounds[:, 3] - grid.y_max) / grid.cell
    wide = (np.floor(west + slack) < np.floor(east - slack)) & (east - west > slack)
    wide |= (np.floor(south + slack) < np.floor(north - slack)) & (north - south > slack)
    if wide.any():
        first = int(np.flatnonzero(wide)[0])
        size = bounds[first, 2:] - bounds[first, :2]
        raise InputError(
            f"{source}: {int(wide.sum())} of {wide.size} geometries reach over several cells of "
            f"{grid.cell:g} m; first in row {first + 1}, {size[0]:g} x {size[1]:g} m from "
            f"({bounds[first, 0]:g}, {bounds[first, 1]:g}). The layer has another resolution, "
            "or its grid is shifted"
        )
