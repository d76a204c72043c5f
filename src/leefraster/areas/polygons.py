"""From any frame of polygons to clean areas: codes unique, rings valid, water left out, the CRS as asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.errors import InputError, UsageError

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

CODE, NAME, LEVEL = "code", "name", "level"
MOST_LEVELS = 20
WATER = {"water": ("JA", "B")}  # Statistics Netherlands marks areas that are water, inland or abroad


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Areas in order of level and code, and what was done to get there."""

    frame: geopandas.GeoDataFrame
    repaired: int
    left_out: int


def clean_polygons(
    frame: geopandas.GeoDataFrame,
    *,
    code: str,
    name: str | None,
    level: str | None,
    to_crs: str | None,
    leave_out: Mapping[str, Sequence[Any]] | None,
    source: str,
) -> Cleaned:
    """Return a frame with columns `code`, `name`, `level` and valid polygons.

    Raises
    ------
    InputError
        When a column is absent, a code is missing or occurs twice in a level, a geometry is empty or no
        polygon, there is no CRS to transform from, or nothing is left.
    """
    import geopandas

    kept = _without(frame, WATER if leave_out is None else leave_out, leave_out is not None, source)
    if kept.empty:
        raise InputError(f"{source}: of {len(frame)} rows none is left, after leaving out by rule")
    shapes, repaired = _valid(kept.geometry, _text(kept, code, source, "code"), source)
    data = {
        CODE: _text(kept, code, source, "code").to_numpy(),
        NAME: (
            _text(kept, name, source, "name") if name else kept.index.to_series().map(lambda _: "")
        ).to_numpy(),
        LEVEL: _levels(kept, level),
    }
    cleaned = geopandas.GeoDataFrame(data, geometry=shapes.to_numpy(), crs=frame.crs)
    _refuse_doubtful_codes(cleaned, source)
    if to_crs is not None:
        if cleaned.crs is None:
            raise InputError(f"{source}: has no CRS, so it cannot be brought to {to_crs}; say crs=")
        try:
            cleaned = cleaned.to_crs(to_crs)
        except Exception as error:  # pyproj names several
            raise UsageError(f"to_crs is {to_crs!r}, which is no CRS that is known: {error}") from error
    ordered = cleaned.sort_values([LEVEL, CODE], kind="stable").reset_index(drop=True)
    return Cleaned(ordered, repaired, len(frame) - len(kept))


def _without(
    frame: geopandas.GeoDataFrame, rule: Mapping[str, Sequence[Any]], required: bool, source: str
) -> geopandas.GeoDataFrame:
    """Leave out the rows that hold one of the rule's values; the rule's own columns must be there."""
    for wanted, values in rule.items():
        column = next((c for c in frame.columns if str(c).lower() == wanted.lower()), None)
        if column is None and required:
            raise InputError(f"{source}: has no column {wanted!r} to leave out by; it has {_columns(frame)}")
        if column is not None:
            frame = frame[~frame[column].isin(list(values))]
    return frame


def _text(frame: geopandas.GeoDataFrame, column: str, source: str, role: str) -> pd.Series[str]:
    if column not in frame.columns:
        raise InputError(f"{source}: has no column {column!r} ({role}); it has {_columns(frame)}")
    text: pd.Series[str] = frame[column].astype("string").str.strip().fillna("").astype(object)
    return text


def _columns(frame: geopandas.GeoDataFrame) -> str:
    return ", ".join(str(c) for c in frame.columns if c != frame.geometry.name)


def _levels(frame: geopandas.GeoDataFrame, level: str | None) -> Any:
    """Return the level of each row: a column's values, or one word for all.

    A column of names may be called like a level ("gemeente"): levels are few.
    """
    if level is not None and level in frame.columns and frame[level].nunique() <= MOST_LEVELS:
        return frame[level].astype(str).to_numpy(dtype=object)
    return np.full(len(frame), level or "area", dtype=object)


def _valid(
    shapes: geopandas.GeoSeries, codes: pd.Series[str], source: str
) -> tuple[geopandas.GeoSeries, int]:
    """Repair invalid rings, keep what is polygonal, and refuse what has no surface."""
    import shapely

    broken = (~shapes.is_valid & shapes.notna()).to_numpy()
    if broken.any():
        shapes = shapes.copy()
        shapes[broken] = [_surface(shapely.make_valid(shape)) for shape in shapes[broken]]
    empty = shapes.isna().to_numpy() | (shapely.area(shapes.to_numpy()) == 0)
    if empty.any():
        raise InputError(
            f"{source}: {int(empty.sum())} areas have no surface (empty, a point or a line), first: "
            f"{codes[empty].tolist()[:10]}. Leave them out with leave_out= or correct the file"
        )
    return shapes, int(broken.sum())


def _surface(shape: Any) -> Any:
    """Return the polygons of a repaired shape, without the lines and points that a repair may leave."""
    import shapely

    if shape.geom_type != "GeometryCollection":
        return shape
    parts = [part for part in shape.geoms if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def _refuse_doubtful_codes(frame: geopandas.GeoDataFrame, source: str) -> None:
    blank = int((frame[CODE] == "").sum())
    if blank:
        raise InputError(f"{source}: {blank} areas have no code")
    twice = frame[frame.duplicated(CODE, keep=False)][CODE].unique().tolist()
    if twice:
        raise InputError(
            f"{source}: {len(twice)} codes occur more than once, first: {twice[:10]}. Merge the parts of an area "
            "(frame.dissolve), leave out water, or choose one year and level: borders of two years do not mix"
        )
