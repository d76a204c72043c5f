"""Scores per area (buurt, wijk, gemeente) from a table keyed by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError
from leefraster.sources.joins import area_codes, area_namer
from leefraster.sources.longtable import Keys, LongTable
from leefraster.sources.scores import ScoreColumns, scores_dataset
from leefraster.table.arrange import Arranged, arrange
from leefraster.table.columns import years_of

if TYPE_CHECKING:
    import xarray as xr


def place_areas(
    long: LongTable,
    keys: Keys,
    columns: ScoreColumns,
    *,
    references: Mapping[int, float] | None = None,
) -> xr.Dataset:
    """Arrange rows of scores by area code.

    Parameters
    ----------
    long : LongTable
        Rows with the score columns and, where wanted, values `x` and `y`: one point an area (metres).
    keys : Keys
        Columns of codes and of years.
    columns : ScoreColumns
        Which columns hold dimensions, total, level and version.
    references : mapping or None
        National mean level by year.

    Returns
    -------
    Dataset
        As `leefraster.sources.leefbaarometer.read_scores` returns it, with dimension `area` (sorted codes)
        in place of `cell`, and coordinates ``x(area)``, ``y(area)`` where given.

    Raises
    ------
    InputError
        When a code is missing or occurs twice in a year.
    """
    codes = area_codes(long, str(keys.code))
    years = years_of(long.table, keys.year, long.source)
    placed = arrange(codes, years, area_namer, long.source)
    scores = scores_dataset(long, placed, columns, "area", references)
    coords = {"area": ("area", placed.units, {"long_name": "area code"})}
    scores = scores.assign_coords(coords).assign_attrs(source=long.source, rows=codes.size)
    points = {axis: _points(long, placed, axis) for axis in ("x", "y") if axis in long.values}
    return scores.assign_coords({axis: ("area", at, {"units": "m"}) for axis, at in points.items()})


def _points(long: LongTable, placed: Arranged, axis: str) -> npt.NDArray[np.float64]:
    """Return one coordinate an area: of its latest year, where the years differ."""
    values = long.values[axis]
    if np.isnan(values).any():
        raise InputError(f"{long.source}: {int(np.isnan(values).sum())} rows lack the coordinate {axis}")
    out = np.full(placed.units.size, np.nan)
    latest = np.argsort(placed.position, kind="stable")
    out[placed.position[latest] % placed.units.size] = values[latest]
    return out
