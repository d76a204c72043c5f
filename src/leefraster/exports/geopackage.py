"""Cells, clusters and areas as GeoPackage, with styles in the file so that QGIS opens them coloured."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from leefraster.cells import CELL, grid_of
from leefraster.exports.geoparquet import parts, squares
from leefraster.exports.latest import columns, crs_of
from leefraster.exports.styles import (
    Style,
    class_style,
    cluster_style,
    outline_qml,
    spot_style,
    vector_qml,
)

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

_OUTLINE = "#8c2d04"
_STYLES = """CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256),
f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(60), styleQML TEXT,
styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))"""
_CONTENTS = """INSERT INTO gpkg_contents (table_name, data_type, identifier, description)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'styles of the layers, for QGIS')"""


def write_cells_as_squares(latest: xr.Dataset, path: Path, title: str) -> None:
    """Write the cells of one year as squares with their scores and statistics, layer ``cells``."""
    import pyarrow as pa
    import pyogrio

    grid, values = grid_of(latest), columns(latest)
    ids = latest[CELL].values
    fields = [pa.field(name, pa.array(column[:1]).type) for name, column in values.items()]
    schema = pa.schema([*fields, pa.field("geometry", pa.binary())])

    def batches() -> Iterator[pa.RecordBatch]:
        for part in parts(ids.size):
            arrays = [pa.array(column[part]) for column in values.values()]
            yield pa.RecordBatch.from_arrays([*arrays, squares(grid, ids[part])], schema=schema)

    with _without_a_crs():
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, batches()), path, layer="cells", driver="GPKG",
            geometry_name="geometry", geometry_type="Polygon", crs=crs_of(latest),
            layer_options={"IDENTIFIER": title},
        )  # fmt: skip
    pa.default_memory_pool().release_unused()
    _store_styles(path, "cells", _cell_styles(list(values)))


def _cell_styles(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return name and QML of the styles whose column is there; the first opens by itself."""
    known = {"getis_ord_spot": spot_style(), "local_moran_cluster": cluster_style(), "class": class_style()}
    found = [style for name, style in known.items() if name in names]
    return [(style.title, vector_qml(style)) for style in found]


def write_clusters(polygons: geopandas.GeoDataFrame, table: pd.DataFrame, path: Path, title: str) -> None:
    """Write the outlines of clusters with all columns of their table, layer ``clusters``.

    Parameters
    ----------
    polygons : GeoDataFrame
        One row a cluster, column ``cluster`` and geometry, in the grid's CRS.
    table : DataFrame
        One row a cluster; its columns are written, and those that only `polygons` has.
    path : Path
        Ends in ``.gpkg``.
    title : str
        What the layer shows.
    """
    own = [name for name in polygons.columns if name not in table.columns]
    joined = polygons[["cluster", *own]].merge(table, on="cluster", how="left")
    _write(joined[[*table.columns, *own]], path, "clusters", "MultiPolygon", title)
    _store_styles(path, "clusters", [("Structural clusters", outline_qml(_OUTLINE))])


def write_areas(latest: xr.Dataset, path: Path, title: str) -> None:
    """Write areas of one year as points with their scores and statistics, layer ``areas``."""
    import geopandas

    values = columns(latest)
    points = geopandas.points_from_xy(values["x"], values["y"], crs=crs_of(latest))
    _write(geopandas.GeoDataFrame(values, geometry=points), path, "areas", "Point", title)


def write_polygons(
    frame: geopandas.GeoDataFrame, path: Path, layer: str, title: str, styles: Sequence[Style]
) -> None:
    """Write polygons with their columns, and styles of which the first opens by itself."""
    _write(frame, path, layer, "MultiPolygon", title)
    _store_styles(path, layer, [(f"{style.title}: {style.column}", vector_qml(style)) for style in styles])


def _write(frame: Any, path: Path, layer: str, kind: str, title: str) -> None:
    import pyogrio

    with _without_a_crs():
        pyogrio.write_dataframe(
            frame, path, layer=layer, driver="GPKG", geometry_type=kind,
            promote_to_multi=kind.startswith("Multi"), layer_options={"IDENTIFIER": title or layer},
        )  # fmt: skip


@contextmanager
def _without_a_crs() -> Iterator[None]:
    """Let a grid without a CRS pass: pyogrio warns of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        yield


def _store_styles(path: Path, layer: str, styles: Sequence[tuple[str, str]]) -> None:
    """Keep styles in the file's table ``layer_styles``, where QGIS looks for them; the first is the default."""
    if not styles:
        return
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(_STYLES)
        file.execute(_CONTENTS)
        file.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, useAsDefault, description, owner) VALUES ('', '', ?, 'geom', ?, ?, ?, ?, '')",
            [(layer, name[:60], qml, i == 0, name) for i, (name, qml) in enumerate(styles)],
        )
