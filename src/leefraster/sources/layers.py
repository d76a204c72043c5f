"""Layers: columns of one or several tables, each placed on the grid of the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid
from leefraster.sources.bench import Bench, note_dropped
from leefraster.sources.cbs.columns import chosen_columns, code_column, described
from leefraster.sources.cbs.squares import MISSING as CBS_MISSING
from leefraster.sources.covering import covering_grid, grid_beforehand
from leefraster.sources.joins import by_cell, lookup
from leefraster.sources.longtable import Keys, LongTable, read_long, table_columns
from leefraster.sources.missing import Quality, counts, describe
from leefraster.sources.sections import InputSections
from leefraster.sources.table_sections import LayerSection
from leefraster.sources.tables import place
from leefraster.table.arrange import placed_dims, sorted_unique, store_as, year_coordinate

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of one section, not yet placed."""

    section: LayerSection
    long: LongTable
    keys: Keys
    units: dict[str, str]


def read_layers(sections: InputSections, bench: Bench) -> xr.Dataset:
    """Read the layers that the sections name: `value` over (`year`, `layer`, `cell`)."""
    placed, grid = placed_layers(sections, bench)
    return _stacked([data for _, data in placed], sections, grid)


def placed_layers(
    sections: InputSections, bench: Bench
) -> tuple[list[tuple[LayerSection, xr.Dataset]], Grid]:
    """Read every section and place it: one variable a layer over ([`year`,] `cell`), with `units` in its attrs.

    Sections of larger squares are laid under the cells that the others have.

    Raises
    ------
    UsageError
        When all sections are of larger squares, so that nothing says which cells there are.
    """
    known = grid_beforehand(sections)
    read = [_read(section, sections.grid.cell, known, bench) for section in sections.layers]
    fine = [one for one in read if not _is_coarse(one.section, sections)]
    if not fine:
        raise UsageError(
            f"every [[layers]] is of squares larger than {sections.grid.cell:g} m (cell = ...); at least one "
            "must say which cells there are, or choose a coarser [grid] cell"
        )
    grid = known or covering_grid(sections, [(one.long, one.keys) for one in fine])
    placed = {id(one): note_dropped(_placed(one, grid), bench) for one in fine}
    cells = sorted_unique(np.concatenate([data["cell"].values for data in placed.values()]))
    for one in read:
        if id(one) not in placed:
            placed[id(one)] = _laid_under(one, grid, cells, bench)
    for one in read:
        _note(one, placed[id(one)], bench)
    return [(one.section, placed[id(one)]) for one in read], grid


def _is_coarse(section: LayerSection, sections: InputSections) -> bool:
    return section.cell is not None and section.cell != sections.grid.cell


def _read(section: LayerSection, cell: float, grid: Grid | None, bench: Bench) -> Read:
    bench.took(section, "layers")
    keys, named, missing = section.keys(section.year), section.named(), section.missing
    units = dict.fromkeys(named, section.units or "")
    if section.reader == "cbs":
        keys, named = _cbs(section, section.cell or cell)
        missing = CBS_MISSING | missing
        units = {name: section.units or described(column).units for name, column in named.items()}
    long = read_long(
        section.paths(),
        keys,
        named,
        grid=grid,
        where=section.where,
        missing=missing,
        signed=section.signed,
        options=section.options(),
    )
    return Read(section, long, keys, units)


def _cbs(section: LayerSection, cell: float) -> tuple[Keys, dict[str, str]]:
    """Return the keys and columns of CBS squares, by what the first file has."""
    first = section.paths()[0]
    present, source = table_columns(first, section.options()), str(first)
    code, side = code_column(present, section.code, source)
    if side is not None and side != cell:
        raise InputError(
            f"{source}: column {code!r} holds codes of {side:g} m squares, {cell:g} m ones are expected; say "
            f"cell = {side:g} to lay them under the cells of the run"
        )
    named = chosen_columns([name for name in present if name != code], section.columns, source)
    return Keys(code=code, year=section.year), named


def _placed(one: Read, grid: Grid) -> xr.Dataset:
    data = place(one.long, one.keys, grid, drop_outside=one.section.drop_outside, dtype=one.section.dtype)
    for name, units in one.units.items():
        data[name].attrs["units"] = units
    return data


def _laid_under(one: Read, grid: Grid, cells: npt.NDArray[np.int64], bench: Bench) -> xr.Dataset:
    """Give every cell the value of the larger square that it lies in."""
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    section = one.section
    table = by_cell(one.long, one.keys, grid, cell=section.cell, drop_outside=section.drop_outside)
    bench.left_out(
        one.long.source, one.long.table.num_rows - table.placed.position.size, one.long.table.num_rows
    )
    coords = {**year_coordinate(table.placed), **cell_coordinates(grid, cells)}
    index, found = lookup(xr.Dataset(coords=coords), table, CELL)
    dims, variables = placed_dims(table.placed, CELL), {}
    for name, values in table.long.values.items():
        spread = table.placed.spread(values, np.nan)[..., index]
        state = table.placed.spread(table.long.quality[name], np.int8(Quality.MISSING))[..., index]
        kept = store_as(np.where(found, spread, np.nan), section.dtype, name, one.long.source)
        attrs: dict[str, Any] = counts(np.where(found, state, np.int8(Quality.MISSING)))
        variables[name] = (dims, kept, {**attrs, "units": one.units[name]})
    return xr.Dataset(variables, coords=coords, attrs={"source": one.long.source})


def _note(one: Read, data: xr.Dataset, bench: Bench) -> None:
    for name in one.long.values:
        counted = data[name].attrs
        bench.notes.append(
            f"layer {name} from {Path(one.long.source).name}: {counted['values']:,} values, {describe(counted)}"
        )


def _stacked(placed: list[xr.Dataset], sections: InputSections, grid: Grid) -> xr.Dataset:
    """Put the layers of several tables side by side over the union of their years and cells."""
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    cells = sorted_unique(np.concatenate([data[CELL].values for data in placed]))
    years = sorted_unique(np.concatenate([data["year"].values for data in placed]))
    names = [str(name) for data in placed for name in data.data_vars]
    exact = any(section.dtype == "float64" for section in sections.layers)
    value = np.full((years.size, len(names), cells.size), np.nan, np.float64 if exact else np.float32)
    units, layer = [], 0
    for data in placed:
        rows, columns = np.searchsorted(years, data["year"].values), np.searchsorted(cells, data[CELL].values)
        for variable in data.data_vars.values():
            value[rows[:, None], layer, columns[None, :]] = variable.values
            units.append(variable.attrs["units"] or "1")
            layer += 1
    attrs = {"long_name": "value of the layer", "units": "see coordinate layer_units"}
    coords = {"year": ("year", years, {"long_name": "measurement year"}), "layer": names}
    data = xr.Dataset({"value": (("year", "layer", CELL), value, attrs)}, coords=coords)
    data = data.assign_coords(layer_units=("layer", units))
    return data.assign_coords(cell_coordinates(grid, cells))
