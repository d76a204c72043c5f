"""From a long table (one row a cell, or a cell and year) to cell-indexed data."""

from __future__ import annotations

import datetime
import difflib
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, PrecisionWarning, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

    from leefraster.grid import Grid, Position

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
DType = Literal["float32", "float64"]

EARLIEST_YEAR = 1800
_YEAR = re.compile(r"\d{4}(\.0*)?")
_EXAMPLES = 10


class Words(NamedTuple):
    """A column of text: per row the place of its word in a vocabulary, whose last word is ""."""

    place: npt.NDArray[np.int32]
    vocabulary: npt.NDArray[np.str_]

    def upper(self) -> Words:
        """Return the words in capitals."""
        return Words(self.place, np.strings.upper(self.vocabulary))

    def each(self) -> npt.NDArray[np.str_]:
        """Return the word of every row."""
        found: npt.NDArray[np.str_] = self.vocabulary[self.place]
        return found


class Arranged(NamedTuple):
    """Sorted units and years, and where each row of the table belongs in their product."""

    units: npt.NDArray[Any]
    years: Ints | None
    position: Ints

    @property
    def shape(self) -> tuple[int, ...]:
        """(years, units), or (units,) for a table without years."""
        return (self.units.size,) if self.years is None else (self.years.size, self.units.size)

    def spread(self, values: npt.NDArray[Any], empty: Any) -> npt.NDArray[Any]:
        """Put one value a row in its place; places without a row are `empty`."""
        out = np.full(int(np.prod(self.shape)), empty, dtype=values.dtype)
        out[self.position] = values
        return out.reshape(self.shape)


def from_table(
    table: Any,
    grid: Grid,
    *,
    code: str | None = None,
    x: str = "x",
    y: str = "y",
    year: str | int | None = None,
    values: Sequence[str] = (),
    position: Position = "inside",
    dtype: DType = "float64",
    drop_outside: bool = False,
    source: str = "table",
) -> xr.Dataset:
    """Build cell-indexed data from a pandas, polars or arrow table with one row a cell (and year).

    Parameters
    ----------
    table : DataFrame, Table or mapping of columns
        A pandas or polars frame, an arrow table, or anything that offers the arrow C stream or the
        dataframe interchange protocol.
    grid : Grid
        The grid that the rows belong to.
    code : str or None
        Column of cell codes (``E0974N4514``); without it `x` and `y` are used.
    x, y : str
        Columns of coordinates in the unit of the grid's CRS (metres).
    year : str, int or None
        Column of measurement years, or the one year that all rows are of. None: data without years.
    values : sequence of str
        Numeric columns to take; empty takes all numeric columns that are not keys.
    position : {"inside", "centre", "corner"}
        What a point is: any point of its cell, the centre, or the lower-left corner.
    dtype : {"float64", "float32"}
        Type of the result.
    drop_outside : bool
        Leave out rows outside the grid, which are refused otherwise.
    source : str
        Name used in messages.

    Returns
    -------
    Dataset
        One variable a column over (`year`, `cell`), or (`cell`,) without `year`; cells are the union over
        the years, sorted by id. Null and NaN are missing (NaN), as are cells without a row in a year.

    Raises
    ------
    UsageError
        When the table is of no known kind, or an option is not one of those allowed.
    InputError
        When a column is absent or not numeric, a key is missing, a value infinite, a year not a whole
        number or in the future, a (cell, year) occurs twice, or a row lies outside the grid.

    Warns
    -----
    PrecisionWarning
        When ``dtype="float32"`` cannot hold whole numbers beyond 2**24 exactly.

    Examples
    --------
    >>> import leefraster as lr
    >>> rows = {"cell": ["E0974N4514", "E0975N4514"], "jaar": [2024, 2024], "score": [0.1, None]}
    >>> data = lr.from_table(rows, lr.Grid.netherlands(), code="cell", year="jaar", values=["score"])
    >>> data["score"].values.tolist()
    [[0.1, nan]]
    """
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    keys = [code] if code is not None else [x, y]
    keys += [year] if isinstance(year, str) else []
    columns = arrow_table(table, [*keys, *values] if values else None, source)
    names = columns.column_names
    taken = list(values) or _numeric_columns(columns, [find_column(names, key, source) for key in keys])
    cells, inside = cells_of(columns, grid, code, x, y, position, drop_outside, source)
    years = years_of(columns, year, source)
    placed = arrange(cells, None if years is None else years[inside], cell_namer(grid), source)
    variables = {}
    for name in taken:
        number = numbers(columns[find_column(names, name, source)], name, source)[inside]
        spread = placed.spread(number, np.nan)
        variables[name] = (placed_dims(placed, CELL), store_as(spread, dtype, name, source))
    coords = cell_coordinates(grid, placed.units)
    return xr.Dataset(variables, coords={**year_coordinate(placed), **coords})


def placed_dims(placed: Arranged, unit: str) -> tuple[str, ...]:
    """Return the dimensions of arranged values."""
    return (unit,) if placed.years is None else ("year", unit)


def year_coordinate(placed: Arranged) -> dict[str, Any]:
    """Return the coordinate `year` of arranged values, or nothing when they have no years."""
    return {} if placed.years is None else {"year": ("year", placed.years, {"long_name": "measurement year"})}


def arrow_table(table: Any, wanted: Iterable[str] | None, source: str) -> pa.Table:
    """Return the wanted columns of any tabular object as an arrow table."""
    import pyarrow as pa

    table = table.collect() if hasattr(table, "collect") and not isinstance(table, pa.Table) else table
    if wanted is not None and not isinstance(table, Mapping) and hasattr(table, "columns"):
        names = table.column_names if hasattr(table, "column_names") else list(table.columns)
        found = list(dict.fromkeys(find_column(names, name, source) for name in wanted))
        table = table.select(found) if hasattr(table, "column_names") else table[found]
    try:
        if isinstance(table, pa.Table):
            return table
        if isinstance(table, Mapping) or hasattr(table, "__arrow_c_stream__"):
            return pa.table(table)
        if hasattr(table, "__dataframe__"):
            from pyarrow.interchange import from_dataframe

            return from_dataframe(table)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(f"{source}: a column mixes kinds of values: {error}") from error
    raise UsageError(
        f"{source}: a {type(table).__name__} is no table; give a pandas, polars or arrow table, or a mapping"
    )


def find_column(names: Iterable[str], wanted: str, source: str) -> str:
    """Return the column meant by `wanted`: the exact name, else the only one that differs in case.

    Raises
    ------
    InputError
        When there is none (the nearest name is suggested) or several.
    """
    present = [str(name) for name in names]
    if wanted in present:
        if present.count(wanted) > 1:
            raise InputError(f"{source}: column {wanted!r} occurs {present.count(wanted)} times")
        return wanted
    alike = [name for name in present if name.strip().casefold() == wanted.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise InputError(f"{source}: column {wanted!r} may be any of {', '.join(map(repr, alike))}")
    folded = {name.strip().casefold(): name for name in present}
    near = difflib.get_close_matches(wanted.casefold(), folded, n=1, cutoff=0.5)
    hint = f" Did you mean {folded[near[0]]!r}?" if near else ""
    shown = ", ".join(present[:40]) + (", ..." if len(present) > 40 else "")
    raise InputError(f"{source}: there is no column {wanted!r}.{hint} Columns: {shown}")


def numbers(column: pa.ChunkedArray, name: str, source: str, *, finite: bool = True) -> Floats:
    """Return a numeric column as float64, missing as NaN.

    Raises
    ------
    InputError
        When the column is text or of another kind, or (unless ``finite=False``) holds an infinite value.
    """
    import pyarrow as pa

    column = decoded(column)
    kind = column.type
    if is_text(kind):
        first = next((value.as_py() for value in column if value.is_valid), "")
        raise InputError(
            f"{source}: column {name!r} reads as text where numbers are expected; first value {first!r}. "
            "Look for a decimal comma, thousands points or a textual missing code"
        )
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or is_plain_number(kind)):
        raise InputError(f"{source}: column {name!r} holds {kind}, where numbers are expected")
    values: Floats = np.require(column.cast(pa.float64(), safe=False).to_numpy(), requirements="W")
    if finite:
        refuse_infinite(values, name, source)
    return values


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of categories as plain values; other columns as they are."""
    import pyarrow as pa

    kind = column.type
    if not pa.types.is_dictionary(kind):
        return column
    plain = pa.string() if is_text(kind.value_type) else kind.value_type
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(plain)).dictionary_decode()
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, plain)


def refuse_infinite(values: Floats, name: str, source: str) -> None:
    """Refuse infinite values, with their count and the first row."""
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0]) + 1
        raise InputError(
            f"{source}: column {name!r} holds {int(infinite.sum())} infinite values, first in row {row}; "
            "values must be finite, or empty where missing"
        )


def is_text(kind: pa.DataType) -> bool:
    """Tell whether an arrow type is text."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_plain_number(kind: pa.DataType) -> bool:
    """Tell whether an arrow type counts as a number besides integers and floats."""
    import pyarrow as pa

    return bool(pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))


def texts(column: pa.ChunkedArray, name: str, source: str, *, required: bool = True) -> Words:
    """Return a column of text, blanks stripped; "" where it is empty.

    Raises
    ------
    InputError
        When the column is not text, or a row is empty although text is required.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not is_text(kind):
        raise InputError(f"{source}: column {name!r} holds {kind}, where codes (text) are expected")
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    elif kind != pa.string():
        column = decoded(column).dictionary_encode()
    encoded = pa.chunked_array(column).unify_dictionaries().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    known = pc.utf8_trim_whitespace(encoded.dictionary).to_pylist()
    found = Words(
        encoded.indices.fill_null(-1).to_numpy().astype(np.int32), np.array([*known, ""], dtype="U")
    )
    if required:
        refuse_missing_key((found.vocabulary == "")[found.place], name, source)
    return found


def refuse_missing_key(lacking: npt.NDArray[np.bool_], name: str, source: str) -> None:
    """Refuse rows without a key, with their count and the first row."""
    if lacking.any():
        row = int(np.flatnonzero(lacking)[0]) + 1
        raise InputError(
            f"{source}: {int(lacking.sum())} of {lacking.size} rows lack a value in key column {name!r}, "
            f"first in row {row}. The file may be damaged or cut off"
        )


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


def years_of(columns: pa.Table, year: str | int | None, source: str) -> Ints | None:
    """Return the measurement year of every row, checked; None when the table has no years.

    Raises
    ------
    InputError
        When a year is missing, not a whole number, before 1800 or in the future.
    """
    if year is None:
        return None
    if isinstance(year, int):
        return checked_years(np.full(columns.num_rows, year, dtype=float), "year", source)
    column = columns[find_column(columns.column_names, year, source)]
    return checked_years(_year_numbers(column, year, source), year, source)


def _year_numbers(column: pa.ChunkedArray, name: str, source: str) -> Floats:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_temporal(kind):
        return numbers(pc.year(decoded(column)), name, source)
    if not is_text(kind):
        return numbers(column, name, source)
    words = texts(column, name, source)
    odd = [str(word) for word in words.vocabulary[:-1] if not _YEAR.fullmatch(word)]
    if odd:
        raise InputError(f"{source}: column {name!r} holds {odd[0]!r}, which is no year")
    known = np.append(words.vocabulary[:-1].astype(float), np.nan)
    return known[words.place]


def checked_years(values: Floats, name: str, source: str) -> Ints:
    """Return years as whole numbers, or refuse them."""
    refuse_missing_key(np.isnan(values), name, source)
    this_year = datetime.date.today().year
    for wrong, rule in (
        (values != np.floor(values), "is not a whole number"),
        (values > this_year, f"lies in the future (it is {this_year} now)"),
        (values < EARLIEST_YEAR, f"is before {EARLIEST_YEAR}"),
    ):
        if wrong.any():
            first = float(values[wrong][0])
            raise InputError(
                f"{source}: {name} {first:g} {rule}; {int(wrong.sum())} of {values.size} rows, "
                f"first in row {int(np.flatnonzero(wrong)[0]) + 1}"
            )
    return values.astype(np.int64)


def arrange(
    units: npt.NDArray[Any],
    years: Ints | None,
    name_of: Callable[[npt.NDArray[Any]], Sequence[str]],
    source: str,
) -> Arranged:
    """Sort units and years, and find the place of every row; rows may come in any order.

    Raises
    ------
    InputError
        When there are no rows, or a unit (and year) occurs more than once, also with equal values.
    """
    if units.size == 0:
        raise InputError(f"{source}: there are no rows to read")
    ids = sorted_unique(units)
    position = np.searchsorted(ids, units)
    year_ids = None
    if years is not None:
        year_ids = sorted_unique(years)
        year_index = np.searchsorted(year_ids, years)
        position = year_index * ids.size + position
    placed = Arranged(ids, year_ids, position.astype(np.int64))
    _refuse_duplicates(placed, name_of, source)
    return placed


def sorted_unique(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the distinct values in order, by sorting (several times faster than hashing for cell ids)."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if ordered.size else ordered


def _refuse_duplicates(
    placed: Arranged, name_of: Callable[[npt.NDArray[Any]], Sequence[str]], source: str
) -> None:
    count = np.bincount(placed.position, minlength=int(np.prod(placed.shape)))
    twice = np.flatnonzero(count > 1)
    if not twice.size:
        return
    first = twice[:_EXAMPLES]
    names = name_of(placed.units[first % placed.units.size])
    if placed.years is None:
        shown, key = list(names), "key"
    else:
        in_year = placed.years[first // placed.units.size]
        shown = [f"{name} {year}" for name, year in zip(names, in_year, strict=True)]
        key = "(key, year)"
    raise InputError(
        f"{source}: {twice.size} values of {key} occur more than once ({int(count[twice].sum())} rows), "
        f"first: {', '.join(shown)}. Each may occur once, even with equal values"
    )


def store_as(values: Floats, dtype: DType, name: str, source: str) -> npt.NDArray[np.floating[Any]]:
    """Return values in the type they are kept in; warn when whole numbers lose digits.

    Warns
    -----
    PrecisionWarning
        When float32 does not hold a whole number beyond 2**24 exactly.
    """
    if dtype == "float64":
        return values
    if dtype != "float32":
        raise UsageError(f"dtype is {dtype!r}; allowed are 'float32', 'float64'")
    if np.nanmax(np.abs(values), initial=0.0) > float(np.finfo(np.float32).max):
        raise InputError(f"{source}: column {name!r} has values beyond float32; use dtype='float64'")
    kept = values.astype(np.float32)
    lost = (np.abs(values) > 2**24) & (values == np.floor(values)) & (kept.astype(np.float64) != values)
    if lost.any():
        first = float(values[lost].flat[0])
        warnings.warn(
            f"{source}: column {name!r} has {int(lost.sum())} whole numbers beyond 2**24 that float32 rounds "
            f"(first {first:.0f} becomes {np.float32(first):.0f}); use dtype='float64' to keep them",
            PrecisionWarning,
            stacklevel=2,
        )
    return kept


def cell_namer(grid: Grid) -> Callable[[npt.NDArray[Any]], Sequence[str]]:
    """Return the function that names cells in messages, by their code."""
    return lambda cells: [str(code) for code in grid.code_from_cell(cells)]


def _numeric_columns(columns: pa.Table, keys: Sequence[str]) -> list[str]:
    import pyarrow as pa

    return [
        field.name
        for field in columns.schema
        if field.name not in keys and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    ]
