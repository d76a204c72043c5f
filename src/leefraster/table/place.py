"""Which cell each row of a table belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError
from leefraster.table.columns import find_column, numbers, refuse_missing_key, texts

if TYPE_CHECKING:
    import pyarrow as pa

    from leefraster.grid import Grid, Position

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def cells_of(
    columns: pa.Table,
    grid: Grid,
    code: str | None,
    x: str,
    y: str,
    position: Position,
    drop_outside: bool,
    source: str,
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the cell ids of the rows inside the grid, and which rows those are."""
    if code is not None:
        return _cells_by_code(columns, grid, code, drop_outside, source)
    names = columns.column_names
    xs, ys = (numbers(columns[find_column(names, axis, source)], axis, source) for axis in (x, y))
    for axis, values in ((x, xs), (y, ys)):
        refuse_missing_key(np.isnan(values), axis, source)
    held = grid.contains_xy(xs, ys)
    if not held.all():
        refuse_degrees(xs, ys, grid.crs, source)
    inside = held if drop_outside else np.ones(xs.size, dtype=bool)
    cells = grid.cell_from_xy(xs[inside], ys[inside], position=position, source=source)
    refuse_coarser(cells, grid, source)
    return cells, inside


def _cells_by_code(
    columns: pa.Table, grid: Grid, code: str, drop_outside: bool, source: str
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    keys = texts(columns[find_column(columns.column_names, code, source)], code, source)
    words = keys.vocabulary[:-1]
    held = grid.codes_inside(words, source=source) if drop_outside else np.ones(words.size, dtype=bool)
    cells = np.zeros(words.size, dtype=np.int64)
    cells[held] = grid.cell_from_code(np.strings.upper(words[held]), source=source)
    inside = held[keys.place]
    return cells[keys.place[inside]], inside


def refuse_degrees(xs: Floats, ys: Floats, crs: str | None, source: str) -> None:
    """Refuse longitude and latitude where metres are expected."""
    if xs.size and np.abs(xs).max() <= 180 and np.abs(ys).max() <= 90:
        raise InputError(
            f"{source}: x and y look like degrees (first {xs[0]:g}, {ys[0]:g}; EPSG:4326?), "
            f"wanted metres in {crs or 'the CRS of the grid'}. Reproject the data first; "
            "nothing is reprojected in silence"
        )


def refuse_coarser(cells: Ints, grid: Grid, source: str) -> None:
    """Refuse points of squares five times as large as a cell: by chance only 1 in 25 falls together."""
    if cells.size < 25:
        return
    together = np.bincount((cells // grid.nx) % 5 * 5 + (cells % grid.nx) % 5, minlength=25)
    share = float(together.max()) / cells.size
    if share > 0.5:
        raise InputError(
            f"{source}: {share:.0%} of {cells.size} points lie {5 * grid.cell:g} m apart (4 % by chance): "
            f"this looks like a file of {5 * grid.cell:g} m squares, or resolutions mixed, in a grid of "
            f"{grid.cell:g} m cells"
        )


def cell_namer(grid: Grid) -> Callable[[npt.NDArray[Any]], Sequence[str]]:
    """Return the function that names cells in messages, by their code."""
    return lambda cells: [str(code) for code in grid.code_from_cell(cells)]
