"""Areas with their statistics as polygons and as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from leefraster.exports.atomic import disk_faults, written_beside
from leefraster.exports.geopackage import write_polygons
from leefraster.exports.styles import cluster_style, spot_style
from leefraster.exports.tables import write_csv

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.areas.areas import Areas


def write_area_files(areas: Areas, result: xr.Dataset, folder: Path) -> list[Path]:
    """Write ``areas.gpkg`` (polygons, with styles for QGIS), ``areas.csv`` and ``moran.csv`` into a folder.

    Parameters
    ----------
    areas : Areas
        The polygons.
    result : Dataset
        What `leefraster.areas.analysis.analyse_areas` returns.
    folder : Path
        Made when absent.

    Raises
    ------
    EnvironmentFault
        When the folder cannot be written; what stood there is then unchanged.
    """
    per_area = result[[name for name in result.data_vars if "area" in result[name].dims]]
    layers = [str(layer) for layer in result["layer"].values]
    frame = areas.to_geopandas(per_area)
    frame.columns = [_short(str(name), layers) for name in frame.columns]
    table = frame.drop(columns="geometry")
    styles = [
        style
        for layer in layers
        for style in (
            cluster_style(f"local_moran_cluster_{layer}"),
            spot_style(f"getis_ord_spot_{layer}"),
        )
    ]
    with written_beside(folder) as waiting, disk_faults(folder):
        write_polygons(frame, waiting / "areas.gpkg", "areas", "areas with local statistics", styles)
        write_csv(table, waiting / "areas.csv")
        write_csv(moran_table(result), waiting / "moran.csv")
    return [folder / name for name in ("areas.gpkg", "areas.csv", "moran.csv")]


def moran_table(result: xr.Dataset) -> pd.DataFrame:
    """Return global Moran's I of every layer, one row each."""
    named = [name for name in result.data_vars if str(name).startswith("moran_")]
    frame: pd.DataFrame = result[named].to_dataframe().reset_index()
    return frame[["layer", *map(str, named)]]


def _short(name: str, layers: list[str]) -> str:
    """Return ``total`` for ``value_total``: the value of a layer bears its name."""
    return name.removeprefix("value_") if name.removeprefix("value_") in layers else name
