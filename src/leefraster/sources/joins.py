"""Joining other tables to scores, by cell (or area) and year, with what was found and what was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.sources.longtable import Keys, LongTable
from leefraster.sources.missing import Quality, describe
from leefraster.sources.tables import locate
from leefraster.table.arrange import Arranged, arrange, store_as
from leefraster.table.columns import texts, years_of
from leefraster.table.place import cell_namer

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid

Fallback = Literal["none", "one"] | float
YearRule = Literal["exact", "earlier"]
UNMATCHED = 4


@dataclass(frozen=True, slots=True)
class JoinReport:
    """What a join found; counts are of places (units, or years times units where the table has years).

    Attributes
    ----------
    name, source, unit : str
        The variable, the file it came from, and what its places are (``"cells"``, ``"areas"``).
    places : int
        Places of the scores.
    matched, unmatched : int
        Places that the table has a row for, and those that it has none for.
    suppressed, not_available, missing : int
        Matched places without a value, by reason.
    fallback : "none", "one" or float
        What places without a value get: they stay missing, or get this number.
    unused : int
        Units of the table that the scores do not have.
    lacking_years : tuple of int
        Years of the scores that the table has nothing for.
    """

    name: str
    source: str
    unit: str
    places: int
    matched: int
    unmatched: int
    suppressed: int = 0
    not_available: int = 0
    missing: int = 0
    fallback: Fallback = "none"
    unused: int = 0
    lacking_years: tuple[int, ...] = ()

    @property
    def without_value(self) -> int:
        """Places that the table gives no value for, whatever the reason."""
        return self.unmatched + self.suppressed + self.not_available + self.missing

    def sentence(self) -> str:
        """Return the report in words."""
        parts = [f"{self.unmatched:,} unmatched"] if self.unmatched else []
        found = {key: getattr(self, key) for key in ("suppressed", "not_available", "missing")}
        parts += [describe(found)] if any(found.values()) else []
        said = (
            f"{self.name} from {Path(self.source).name}: {self.matched:,} of {self.places:,} "
            f"{self.unit} matched; {self.without_value:,} "
            f"({self.without_value / max(self.places, 1):.1%}) have no value"
        )
        said += f" ({', '.join(parts)}), which {self._filled()}" if parts else ""
        if self.lacking_years:
            said += f"; nothing for {', '.join(map(str, self.lacking_years))}"
        return f"{said}; {self.unused:,} of the table not in the scores" if self.unused else said

    def _filled(self) -> str:
        if self.fallback == "none":
            return "stay missing"
        number = 1.0 if self.fallback == "one" else float(self.fallback)
        return f"get the stated fallback {number:g}"


@dataclass(frozen=True, slots=True)
class UnitTable:
    """A long table arranged by unit and year, ready to be looked up."""

    long: LongTable
    placed: Arranged
    coarse: Grid | None = None


def by_cell(
    long: LongTable, keys: Keys, grid: Grid, *, cell: float | None = None, drop_outside: bool = False
) -> UnitTable:
    """Arrange a table by cell; with `cell`, by the larger squares of that side.

    Raises
    ------
    UsageError
        When `cell` is no multiple of the grid's.
    InputError
        When a row lies outside the grid, or a key occurs twice.
    """
    coarse = _coarser(grid, cell) if cell is not None and cell != grid.cell else None
    own = coarse or grid
    cells, inside = locate(long, keys, own, drop_outside)
    years = years_of(long.table, keys.year, long.source)
    placed = arrange(cells, None if years is None else years[inside], cell_namer(own), long.source)
    return UnitTable(long.rows(inside), placed, coarse)


def by_area(long: LongTable, keys: Keys) -> UnitTable:
    """Arrange a table by area code.

    Raises
    ------
    UsageError
        When the table is not keyed by a code.
    InputError
        When a code is missing or occurs twice.
    """
    if keys.code is None:
        raise UsageError(f"{long.source}: areas are joined by code; say which column holds it (code = ...)")
    codes = area_codes(long, keys.code)
    years = years_of(long.table, keys.year, long.source)
    return UnitTable(long, arrange(codes, years, area_namer, long.source))


def area_codes(long: LongTable, column: str) -> npt.NDArray[np.str_]:
    """Return the area code of every row, blanks stripped and in capitals."""
    return texts(long.table.column(column), column, long.source).upper().each()


def area_namer(codes: npt.NDArray[Any]) -> Sequence[str]:
    """Return area codes as they appear in messages."""
    return [str(code) for code in codes]


def join(
    scores: xr.Dataset,
    table: UnitTable,
    name: str,
    *,
    fallback: Fallback = "none",
    year_rule: YearRule = "exact",
) -> tuple[xr.DataArray, JoinReport]:
    """Look up a numeric variable of a table for every unit (and year) of the scores.

    Parameters
    ----------
    scores : Dataset
        With dimension `cell` or `area`, and `year`.
    table : UnitTable
        As `by_cell` or `by_area` makes it.
    name : str
        The variable of the table.
    fallback : {"none", "one"} or float
        What units without a value get; "none" leaves them missing.
    year_rule : {"exact", "earlier"}
        For a table with years: the same year, or the nearest one that is not later. A table without years
        serves all of them.

    Returns
    -------
    DataArray, JoinReport
        Values (float32) over (`year`, unit), or (unit,) for a table without years; and what was found.
    """
    import xarray as xr

    unit = unit_of(scores)
    index, found = lookup(scores, table, unit)
    rows, lacking = _year_rows(scores, table.placed, year_rule)
    values = table.placed.spread(table.long.values[name], np.nan)
    state = table.placed.spread(table.long.quality[name], np.int8(Quality.MISSING))
    picked, quality = _picked(values, index, rows, np.nan), _picked(state, index, rows, np.int8(UNMATCHED))
    picked, quality = np.where(found, picked, np.nan), np.where(found, quality, np.int8(UNMATCHED))
    report = _report(name, table, unit, quality, fallback, found, index, lacking)
    if fallback != "none":
        filler = 1.0 if fallback == "one" else float(fallback)
        picked = np.where(quality == Quality.VALUE, picked, filler)
    dims = (unit,) if rows is None else ("year", unit)
    attrs = {"source": Path(table.long.source).name, "fallback": str(fallback)}
    kept = store_as(picked, "float32", name, table.long.source)
    return xr.DataArray(kept, dims=dims, name=name, attrs=attrs), report


def join_words(scores: xr.Dataset, table: UnitTable, name: str) -> tuple[xr.DataArray, JoinReport]:
    """Look up a column of codes for every unit of the scores, in capitals; "" where there is none.

    Parameters
    ----------
    scores, table, name
        As in `join`; the table has no years.
    """
    import xarray as xr

    unit = unit_of(scores)
    index, found = lookup(scores, table, unit)
    words = table.placed.spread(table.long.words[name].upper().each(), "")
    picked = np.where(found, words[index], "")
    state = np.where(picked == "", np.int8(Quality.MISSING), np.int8(Quality.VALUE))
    quality = np.where(found, state, np.int8(UNMATCHED))
    report = _report(name, table, unit, quality, "none", found, index, ())
    return xr.DataArray(picked, dims=(unit,), name=name), report


def unit_of(data: xr.Dataset) -> str:
    """Return the unit dimension of a Dataset, `cell` or `area`."""
    for unit in ("cell", "area"):
        if unit in data.dims:
            return unit
    raise UsageError(f"needs dimension cell or area; this has {tuple(map(str, data.dims))}")


def _coarser(grid: Grid, cell: float) -> Grid:
    from leefraster.grid import Grid

    ratio = cell / grid.cell
    if ratio < 1 or ratio != round(ratio):
        raise UsageError(f"cell is {cell:g} m, it must be a multiple of the grid's {grid.cell:g} m")
    west, south, east, north = (edge / cell for edge in grid.bounds)
    left, top = np.floor(west), np.ceil(north)
    return Grid(
        float(left * cell),
        float(top * cell),
        int(np.ceil(east) - left),
        int(top - np.floor(south)),
        cell,
        grid.crs,
    )


def lookup(
    scores: xr.Dataset, table: UnitTable, unit: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return, for every unit of the scores, its place in the table and whether it is there.

    Parameters
    ----------
    scores : Dataset
        With dimension `unit`.
    table : UnitTable
        What is looked up.
    unit : str
        ``"cell"`` or ``"area"``.
    """
    wanted = scores[unit].values
    if table.coarse is not None:
        from leefraster.cells import grid_of

        wanted = table.coarse.cell_from_xy(*grid_of(scores).xy_from_cell(wanted))
    known = table.placed.units
    index = np.minimum(np.searchsorted(known, wanted), known.size - 1)
    return index.astype(np.int64), known[index] == wanted


def _year_rows(
    scores: xr.Dataset, placed: Arranged, rule: YearRule
) -> tuple[npt.NDArray[np.int64] | None, tuple[int, ...]]:
    """Return, for every year of the scores, the year of the table that serves it (-1: none)."""
    if placed.years is None:
        return None, ()
    years = scores["year"].values
    row = np.searchsorted(placed.years, years, side="right") - 1
    if rule == "exact":
        row = np.where((row >= 0) & (placed.years[row] == years), row, -1)
    return row.astype(np.int64), tuple(int(year) for year in years[row < 0])


def _picked(
    values: npt.NDArray[Any],
    index: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64] | None,
    empty: Any,
) -> npt.NDArray[Any]:
    if rows is None:
        picked: npt.NDArray[Any] = values[index]
        return picked
    picked = values[rows][:, index]
    picked[rows < 0] = empty
    return picked


def _report(
    name: str,
    table: UnitTable,
    unit: str,
    quality: npt.NDArray[Any],
    fallback: Fallback,
    found: npt.NDArray[np.bool_],
    index: npt.NDArray[np.int64],
    lacking: tuple[int, ...],
) -> JoinReport:
    count = np.bincount(quality.ravel(), minlength=UNMATCHED + 1)
    used = np.unique(index[found]).size
    return JoinReport(
        name=name,
        source=table.long.source,
        unit=f"{unit}s",
        places=int(quality.size),
        matched=int(quality.size - count[UNMATCHED]),
        unmatched=int(count[UNMATCHED]),
        suppressed=int(count[Quality.SUPPRESSED]),
        not_available=int(count[Quality.NOT_AVAILABLE]),
        missing=int(count[Quality.MISSING]),
        fallback=fallback,
        unused=int(table.placed.units.size - used),
        lacking_years=lacking,
    )
