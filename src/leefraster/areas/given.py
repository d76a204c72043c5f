"""What callers give as areas, clusters and options: taken where it is clear, refused in words where it is not."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from leefraster.areas.areas import Areas
from leefraster.areas.polygons import CODE, LEVEL, NAME
from leefraster.clusters.structural import StructuralClusters
from leefraster.errors import UsageError

_MAKING = (
    "lr.Areas.read (a file), lr.Areas.from_geopandas (polygons) or lr.Areas.from_codes (cells with codes)"
)


def as_areas(areas: Any, role: str = "areas") -> Areas:
    """Return areas as they are, or those of a GeoDataFrame that has a column `code`.

    Raises
    ------
    UsageError
        When it is anything else; the message says how areas are made of it.
    """
    import geopandas

    if isinstance(areas, Areas):
        return areas
    if isinstance(areas, geopandas.GeoDataFrame):
        if CODE not in areas.columns:
            held = ", ".join(str(name) for name in areas.columns)
            raise UsageError(
                f"{role} is a GeoDataFrame without a column 'code' (it has {held}); say which it is: "
                "lr.Areas.from_geopandas(frame, code='...')"
            )
        name, level = (column if column in areas.columns else None for column in (NAME, LEVEL))
        return Areas.from_geopandas(areas, code=CODE, name=name, level=level)
    if isinstance(areas, str | Path):
        raise UsageError(f"{role} is {str(areas)!r}; read a file first: lr.Areas.read(path, code='...')")
    raise UsageError(f"{role} is a {type(areas).__name__}; it must be lr.Areas: make them by {_MAKING}")


def require_clusters(clusters: Any) -> StructuralClusters:
    """Return structural clusters as they are.

    Raises
    ------
    UsageError
        When it is anything else.
    """
    if not isinstance(clusters, StructuralClusters):
        raise UsageError(
            f"clusters is a {type(clusters).__name__}; it must be what lr.structural_clusters returns"
        )
    return clusters


def require_scores(scores: Any) -> xr.Dataset:
    """Return a Dataset as it is.

    Raises
    ------
    UsageError
        When it is anything else.
    """
    if not isinstance(scores, xr.Dataset):
        raise UsageError(
            f"scores is a {type(scores).__name__}; it must be a Dataset with level (or total and reference) and "
            "dwellings over year and cell"
        )
    return scores


def require_weak_class(weak_class: Any, classes: int) -> int:
    """Return a class that can count as weak, of so many classes below the highest.

    Raises
    ------
    UsageError
        When it is no whole number, or out of range.
    """
    whole = isinstance(weak_class, int | np.integer) and not isinstance(weak_class, bool)
    if not whole or not 1 <= weak_class <= classes:
        raise UsageError(f"weak_class is {weak_class!r}; it must be a whole number between 1 and {classes}")
    return int(weak_class)


def require_horizon(horizon: Any) -> float:
    """Return a number of years ahead.

    Raises
    ------
    UsageError
        When it is no finite number above 0.
    """
    number = isinstance(horizon, int | float | np.number) and not isinstance(horizon, bool)
    if not number or not isfinite(horizon) or horizon <= 0:
        raise UsageError(f"horizon is {horizon!r}; it must be a number above 0 (years)")
    return float(horizon)
