"""Polygons from files: GeoPackage, GeoJSON, Shapefile and their kin by pyogrio, GeoParquet by pyarrow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.errors import InputError, UsageError

if TYPE_CHECKING:
    import geopandas

PARQUET = (".parquet", ".geoparquet")


def read_frame(path: str | Path, layer: str | None = None) -> geopandas.GeoDataFrame:
    """Read all features of a layer.

    Raises
    ------
    UsageError
        When `path` is no path.
    InputError
        When the file is absent, cannot be read (cut off, say), holds several layers and none is named, or has
        no geometry.
    """
    import geopandas

    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"path is a {type(path).__name__}; it must be the path of a file of polygons")
    file = Path(path)
    if not file.exists():
        raise InputError(f"{file}: there is no such file")
    try:
        if file.suffix.lower() in PARQUET:
            return geopandas.read_parquet(file)
        chosen = _layer(file, layer)
        frame = geopandas.read_file(file, layer=chosen, engine="pyogrio")
    except InputError:
        raise
    except Exception as error:  # pyogrio, pyarrow and GEOS each raise their own
        raise InputError(
            f"{file} ({file.stat().st_size:,} bytes): cannot be read as polygons: {error}. Was it copied whole?"
        ) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise InputError(f"{file}: layer {chosen!r} has no geometry")
    return frame


def _layer(file: Path, layer: str | None) -> str:
    import pyogrio

    layers = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
    if layer is not None and layer not in layers:
        raise InputError(f"{file}: there is no layer {layer!r}; it holds {', '.join(layers)}")
    if layer is None and len(layers) != 1:
        raise InputError(f"{file}: holds {len(layers)} layers ({', '.join(layers)}); name one with layer=")
    return layer or layers[0]
