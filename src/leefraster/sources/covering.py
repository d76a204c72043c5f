"""The grid of a run: known beforehand, or the smallest one that holds what was read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.crs import require_crs
from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid
from leefraster.sources.longtable import Keys, LongTable
from leefraster.sources.sections import InputSections
from leefraster.table.columns import find_column, numbers
from leefraster.table.place import refuse_degrees


def grid_beforehand(sections: InputSections) -> Grid | None:
    """Return the grid where it is known before anything is read."""
    if sections.grid.name == "netherlands":
        return Grid.netherlands(sections.grid.cell)
    return None


def covering_grid(sections: InputSections, tables: list[tuple[LongTable, Keys]]) -> Grid:
    """Return the smallest grid that holds all points of the tables."""
    xs: list[npt.NDArray[np.float64]] = []
    ys: list[npt.NDArray[np.float64]] = []
    for long, keys in tables:
        if keys.x is None or keys.y is None:
            raise UsageError(
                "[grid] name = 'covering' needs tables with x and y; codes belong to a known grid"
            )
        require_crs(keys.crs or sections.grid.crs, sections.grid.crs, long.source)
        for axis, into in ((keys.x, xs), (keys.y, ys)):
            column = long.table.column(find_column(long.table.column_names, axis, long.source))
            into.append(numbers(column, axis, long.source))
    x, y = np.concatenate(xs), np.concatenate(ys)
    if np.isnan(x).any() or np.isnan(y).any():
        raise InputError(f"{int((np.isnan(x) | np.isnan(y)).sum())} rows lack a coordinate x or y")
    refuse_degrees(x, y, sections.grid.crs, "[grid] name = 'covering'")
    return Grid.covering(x, y, cell=sections.grid.cell, crs=sections.grid.crs)
