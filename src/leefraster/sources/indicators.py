"""The layers of a model: read side by side, each with the years it has, on the cells of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.sources.bench import Bench
from leefraster.sources.layers import placed_layers
from leefraster.sources.sections import InputSections
from leefraster.table.arrange import sorted_unique

if TYPE_CHECKING:
    import xarray as xr


def read_indicators(sections: InputSections, bench: Bench) -> xr.Dataset:
    """Read the layers of a model: one variable each, over (`year`, `cell`), or (`cell`,) where it has no year.

    Years and cells are the union of those of all layers, NaN where a layer has none; attrs `units` and the counts
    `values suppressed not_available missing` stay with each.

    Parameters
    ----------
    sections : InputSections
        With ``[[layers]]``.
    bench : Bench
        Where remarks and files are taken down.
    """
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    placed, grid = placed_layers(sections, bench)
    cells = sorted_unique(np.concatenate([data[CELL].values for _, data in placed]))
    years = sorted_unique(np.concatenate([data["year"].values for _, data in placed if "year" in data.dims]))
    variables: dict[str, Any] = {}
    for _, data in placed:
        columns = np.searchsorted(cells, data[CELL].values)
        rows = np.searchsorted(years, data["year"].values) if "year" in data.dims else None
        for name, variable in data.data_vars.items():
            values = _laid_out(variable.values, rows, columns, years.size, cells.size)
            variables[str(name)] = (variable.dims, values, variable.attrs)
    coords = {"year": ("year", years, {"long_name": "measurement year"}), **cell_coordinates(grid, cells)}
    return xr.Dataset(variables, coords=coords)


def _laid_out(
    values: npt.NDArray[Any],
    rows: npt.NDArray[np.int64] | None,
    columns: npt.NDArray[np.int64],
    years: int,
    cells: int,
) -> npt.NDArray[Any]:
    if rows is None:
        out = np.full(cells, np.nan, values.dtype)
        out[columns] = values
        return out
    out = np.full((years, cells), np.nan, values.dtype)
    out[rows[:, None], columns[None, :]] = values
    return out
