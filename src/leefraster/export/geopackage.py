"""Clusters and areas as GeoPackage, for QGIS and R."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from leefraster.export.latest import columns, crs_of

if TYPE_CHECKING:
    import geopandas
    import pandas as pd


def write_clusters(polygons: geopandas.GeoDataFrame, table: pd.DataFrame, path: Path) -> None:
    """Write the outlines of clusters with all columns of their table, layer ``clusters``.

    Parameters
    ----------
    polygons : GeoDataFrame
        One row a cluster, column ``cluster`` and geometry, in the grid's CRS.
    table : DataFrame
        One row a cluster; columns that `polygons` lacks are taken from here.
    path : Path
        Ends in ``.gpkg``.
    """
    lacking = [name for name in table.columns if name not in polygons.columns]
    joined = polygons.merge(table[["cluster", *lacking]], on="cluster", how="left") if lacking else polygons
    order = [*table.columns, *(name for name in joined.columns if name not in table.columns)]
    _write(joined[order], path, "clusters", "MultiPolygon")


def write_areas(latest: xr.Dataset, path: Path) -> None:
    """Write areas of one year as points with their scores and statistics, layer ``areas``."""
    import geopandas

    values = columns(latest)
    points = geopandas.points_from_xy(values["x"], values["y"], crs=crs_of(latest))
    _write(geopandas.GeoDataFrame(values, geometry=points), path, "areas", "Point")


def _write(frame: Any, path: Path, layer: str, kind: str) -> None:
    import pyogrio

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        pyogrio.write_dataframe(
            frame, path, layer=layer, driver="GPKG", geometry_type=kind, promote_to_multi=kind != "Point"
        )
