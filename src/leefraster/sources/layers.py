"""General layers: columns of one or several tables side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leefraster.grid import Grid
from leefraster.sources.bench import Bench, note_dropped
from leefraster.sources.covering import covering_grid, grid_beforehand
from leefraster.sources.longtable import Keys, LongTable, read_long
from leefraster.sources.missing import describe
from leefraster.sources.sections import InputSections, LayerSection
from leefraster.sources.tables import place
from leefraster.table.arrange import sorted_unique

if TYPE_CHECKING:
    import xarray as xr


def read_layers(sections: InputSections, bench: Bench) -> xr.Dataset:
    """Read the layers that the sections name: `value` over (`year`, `layer`, `cell`)."""
    grid = grid_beforehand(sections)
    read: list[tuple[LayerSection, LongTable, Keys]] = []
    for section in sections.layers:
        bench.took(section, "layers")
        keys = section.keys(section.year)
        long = read_long(
            section.paths(),
            keys,
            section.named(),
            grid=grid,
            where=section.where,
            missing=section.missing,
            signed=section.signed,
            options=section.options(),
        )
        read.append((section, long, keys))
    grid = grid or covering_grid(sections, [(long, keys) for _, long, keys in read])
    placed = []
    for section, long, keys in read:
        data = place(long, keys, grid, drop_outside=section.drop_outside, dtype=section.dtype)
        placed.append((section, note_dropped(data, bench)))
    return _stacked(placed, grid, bench)


def _stacked(placed: list[tuple[LayerSection, xr.Dataset]], grid: Grid, bench: Bench) -> xr.Dataset:
    """Put the layers of several tables side by side over the union of their years and cells."""
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    cells = sorted_unique(np.concatenate([data[CELL].values for _, data in placed]))
    years = sorted_unique(np.concatenate([data["year"].values for _, data in placed]))
    names = [str(name) for _, data in placed for name in data.data_vars]
    exact = any(section.dtype == "float64" for section, _ in placed)
    value = np.full((years.size, len(names), cells.size), np.nan, np.float64 if exact else np.float32)
    units, layer = [], 0
    for section, data in placed:
        rows, columns = np.searchsorted(years, data["year"].values), np.searchsorted(cells, data[CELL].values)
        for name, variable in data.data_vars.items():
            value[rows[:, None], layer, columns[None, :]] = variable.values
            bench.notes.append(_layer_note(str(name), variable, data.attrs["source"]))
            units.append(section.units)
            layer += 1
    attrs = {"long_name": "value of the layer", "units": "see coordinate layer_units"}
    coords = {"year": ("year", years, {"long_name": "measurement year"}), "layer": names}
    data = xr.Dataset({"value": (("year", "layer", CELL), value, attrs)}, coords=coords)
    data = data.assign_coords(layer_units=("layer", units))
    return data.assign_coords(cell_coordinates(grid, cells))


def _layer_note(name: str, variable: xr.DataArray, source: str) -> str:
    counted = variable.attrs
    return f"layer {name} from {Path(source).name}: {counted['values']:,} values, {describe(counted)}"
