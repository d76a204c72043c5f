"""The general reader: one or several long tables (CSV, Parquet, GeoPackage) to cell-indexed data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError
from leefraster.sources import geofile
from leefraster.sources.crs import require_crs
from leefraster.sources.csvfile import csv_columns, read_csv
from leefraster.sources.files import FileOptions, damaged, existing, require_digest, require_rows
from leefraster.sources.missing import MissingCodes, Quality, counts, refuse_unmapped, separate
from leefraster.table import (
    Arranged,
    DType,
    Words,
    arrange,
    cell_namer,
    cells_of,
    find_column,
    is_text,
    numbers,
    placed_dims,
    store_as,
    texts,
    year_coordinate,
    years_of,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

    from leefraster.grid import Grid, Position

Paths = str | Path | Sequence[str | Path]
CSV_SUFFIXES = (".csv", ".txt", ".tsv", ".zip")
PARQUET_SUFFIXES = (".parquet", ".pq")
_CODE_COLUMN = re.compile(r"^crs(\d{4,5})res(\d+)m$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keys:
    """Which columns say where and when a row belongs.

    Attributes
    ----------
    code : str or None
        Column of cell (or area) codes.
    x, y : str or None
        Columns of coordinates, used without `code`; without any, the geometry of a GeoPackage is used.
    year : str, int or None
        Column of years, or the one year of all rows.
    position : {"centre", "corner", "inside"}
        What the points are.
    crs : str or None
        CRS of the coordinates; None takes the grid's.
    """

    code: str | None = None
    x: str | None = None
    y: str | None = None
    year: str | int | None = None
    position: Position = "centre"
    crs: str | None = None

    def columns(self) -> list[str]:
        """Return the names of the key columns."""
        place = [self.code] if self.code is not None else [name for name in (self.x, self.y) if name]
        return [*place, *([self.year] if isinstance(self.year, str) else [])]


@dataclass(frozen=True, slots=True)
class LongTable:
    """Rows of one or several files: text and numbers, with missing codes taken out and counted apart."""

    source: str
    table: pa.Table
    values: dict[str, npt.NDArray[np.float64]]
    quality: dict[str, npt.NDArray[np.int8]]
    words: dict[str, Words] = field(default_factory=dict)

    def rows(self, kept: npt.NDArray[np.bool_]) -> LongTable:
        """Return the table with only the rows that are kept."""
        if kept.all():
            return self
        pick: Any = lambda columns: {name: values[kept] for name, values in columns.items()}  # noqa: E731
        import pyarrow as pa

        table = self.table.filter(pa.array(kept))
        words = {name: Words(word.place[kept], word.vocabulary) for name, word in self.words.items()}
        return LongTable(self.source, table, pick(self.values), pick(self.quality), words)


def read_table(
    paths: Paths,
    *,
    grid: Grid,
    values: Sequence[str] | Mapping[str, str],
    code: str | None = None,
    x: str | None = None,
    y: str | None = None,
    position: Position = "centre",
    crs: str | None = None,
    year: str | int | None = None,
    where: Mapping[str, str] | None = None,
    missing: Mapping[str, str] | None = None,
    signed: Sequence[str] = (),
    separator: str | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
    drop_outside: bool = False,
    dtype: DType = "float32",
    quality: bool = False,
) -> xr.Dataset:
    r"""Read long tables, one row a cell (and year), into cell-indexed data.

    Parameters
    ----------
    paths : path or sequence of paths
        CSV (also zipped), Parquet or GeoPackage files with the same columns; their rows are put together.
    grid : Grid
        The grid that the cells belong to.
    values : sequence of str, or mapping
        Numeric columns to take, or ``{"new name": "column"}``.
    code : str or None
        Column of cell codes (``E0974N4514``; lower case, blanks and CBS prefixes are accepted).
    x, y : str or None
        Columns of coordinates, used where there is no `code`. Without either, the geometries of a GeoPackage
        are snapped down to their cells.
    position : {"centre", "corner", "inside"}
        What the points are; the first two are checked.
    crs : str or None
        CRS of the coordinates where the file states none; must equal the grid's.
    year : str, int or None
        Column of measurement years, or the year that all rows are of.
    where : mapping or None
        Keep only rows in which these columns hold these words (``{"water": "NEE"}``).
    missing : mapping or None
        What codes stand for: ``{"-99997": "suppressed", "-99995": "not available", "null": "missing"}``.
        ``"null"`` says what an empty place means (missing).
    signed : sequence of str
        Columns (new names) in which negative whole numbers are meant; elsewhere unmapped ones are refused.
    separator, encoding, decimal, final_newline, layer, rows, sha256
        How files are read and what they must be; see `FileOptions`.
    drop_outside : bool
        Leave out rows outside the grid, which are refused otherwise.
    dtype : {"float32", "float64"}
        Type of the result.
    quality : bool
        Also return ``<name>_quality`` (int8): 0 value, 1 suppressed, 2 not available, 3 missing or no row.

    Returns
    -------
    Dataset
        One variable a column over (`year`, `cell`), or (`cell`,) without `year`. NaN where there is no value;
        the attrs `values`, `suppressed`, `not_available` and `missing` of each variable count the places.
        Dataset attrs `source`, `rows` and `dropped_outside`.

    Raises
    ------
    UsageError
        When an option is not one of those allowed, or neither code nor coordinates are given.
    InputError
        When a file is absent, damaged or cut off, a column is absent or not numeric, a key is missing, an
        unmapped negative value or an infinite one occurs, or a (cell, year) occurs twice or off the grid.

    Examples
    --------
    >>> import tempfile, pathlib, leefraster as lr
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "squares.csv"
    >>> _ = file.write_text("cell,homes\nE0974N4514,20\nE0975N4514,-99997\n")
    >>> data = read_table(file, grid=lr.Grid.netherlands(), code="cell", values=["homes"],
    ...                   missing={"-99997": "suppressed"})
    >>> data["homes"].values.tolist(), data["homes"].attrs["suppressed"]
    ([20.0, nan], 1)
    """
    keys = Keys(code, x, y, year, position, crs)
    options = FileOptions(separator, encoding, decimal, final_newline, layer, rows, sha256)
    long = read_long(
        paths, keys, values, grid=grid, where=where, missing=missing, signed=signed, options=options
    )
    return place(long, keys, grid, drop_outside=drop_outside, dtype=dtype, quality=quality)


def read_long(
    paths: Paths,
    keys: Keys,
    values: Sequence[str] | Mapping[str, str],
    *,
    grid: Grid | None,
    words: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    missing: Mapping[str, str] | None = None,
    signed: Sequence[str] = (),
    options: FileOptions | None = None,
) -> LongTable:
    """Read the rows of one or several files, checked but not yet placed on a grid.

    Parameters
    ----------
    paths, values, where, missing, signed
        As in `read_table`.
    keys : Keys
        Which columns are keys.
    grid : Grid or None
        Only asked for its CRS, and for geometries; None for tables of areas.
    words : mapping or None
        Columns of text to take as well (area codes), as ``{"new name": "column"}``.
    options : FileOptions or None
        How the files are read.
    """
    import pyarrow as pa

    files = [existing(path) for path in as_paths(paths)]
    options = options or FileOptions()
    if len(files) > 1 and (options.sha256 or options.rows):
        raise UsageError("rows and sha256 can be stated for one file only, not for a list of files")
    named = dict(values) if isinstance(values, Mapping) else {name: name for name in values}
    codes = MissingCodes.parse(missing)
    text_columns = [*(words or {}).values(), *(where or {})]
    parts = [_columns(file, keys, named, text_columns, grid, codes, options) for file in files]
    source = str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    try:
        table = pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(f"{source}: the files differ in the kind of their columns: {error}") from error
    table = _chosen(table, where or {}, source)
    numeric, quality = {}, {}
    for name, column in named.items():
        numeric[name], quality[name] = _separated(table.column(column), codes, name, source)
        if name not in signed:
            refuse_unmapped(numeric[name], name, source)
    text = {name: _words(table.column(column), name, source) for name, column in (words or {}).items()}
    places = [*keys.columns(), *(name for name in (geofile.X, geofile.Y) if name in table.column_names)]
    return LongTable(source, table.select(list(dict.fromkeys(places))), numeric, quality, text)


def place(
    long: LongTable,
    keys: Keys,
    grid: Grid,
    *,
    drop_outside: bool = False,
    dtype: DType = "float32",
    quality: bool = False,
) -> xr.Dataset:
    """Place the rows of a long table on a grid; see `read_table`."""
    import xarray as xr

    from leefraster.cells import CELL, cell_coordinates

    cells, inside = locate(long, keys, grid, drop_outside)
    years = years_of(long.table, keys.year, long.source)
    placed = arrange(cells, None if years is None else years[inside], cell_namer(grid), long.source)
    variables = spread(long.rows(inside), placed, CELL, dtype=dtype, quality=quality)
    attrs = {"source": long.source, "rows": int(inside.size), "dropped_outside": int((~inside).sum())}
    coords = {**year_coordinate(placed), **cell_coordinates(grid, placed.units)}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def locate(
    long: LongTable, keys: Keys, grid: Grid, drop_outside: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the cells of the rows inside the grid, and which those are: by code, x and y, or geometry."""
    _require_code_resolution(keys.code, grid, long.source)
    position: Position = keys.position
    x, y = keys.x or "x", keys.y or "y"
    if keys.code is None and keys.x is None:
        x, y, position = geofile.X, geofile.Y, "inside"
    return cells_of(long.table, grid, keys.code, x, y, position, drop_outside, long.source)


def spread(
    long: LongTable, placed: Arranged, unit: str, *, dtype: DType = "float32", quality: bool = False
) -> dict[str, Any]:
    """Return the variables of a long table in their places, with counts of what is missing in attrs."""
    dims = placed_dims(placed, unit)
    variables: dict[str, Any] = {}
    for name, values in long.values.items():
        state = placed.spread(long.quality[name], np.int8(Quality.MISSING))
        kept = store_as(placed.spread(values, np.nan), dtype, name, long.source)
        variables[name] = (dims, kept, counts(state))
        if quality:
            meaning = {"flag_values": [0, 1, 2, 3], "flag_meanings": "value suppressed not_available missing"}
            variables[f"{name}_quality"] = (dims, state, meaning)
    return variables


def quality_table(dataset: xr.Dataset) -> pd.DataFrame:
    """Return, per variable read, how many places hold a value, are suppressed, not available or missing.

    Parameters
    ----------
    dataset : Dataset
        As `read_table` returns it.

    Returns
    -------
    DataFrame
        Index the variables; columns `values suppressed not_available missing`.
    """
    import pandas as pd

    names = ("values", "suppressed", "not_available", "missing")
    found = {
        str(name): [variable.attrs[key] for key in names]
        for name, variable in dataset.data_vars.items()
        if all(key in variable.attrs for key in names)
    }
    return pd.DataFrame.from_dict(found, orient="index", columns=list(names))


def as_paths(paths: Paths) -> list[str | Path]:
    """Return one or several paths as a list."""
    found = [paths] if isinstance(paths, str | Path) else list(paths)
    if not found:
        raise UsageError("no file is named; give a path, or a list of paths")
    return found


def _columns(
    file: Path,
    keys: Keys,
    named: Mapping[str, str],
    words: Sequence[str],
    grid: Grid | None,
    codes: MissingCodes,
    options: FileOptions,
) -> pa.Table:
    require_digest(file, options.sha256)
    suffix = file.suffix.lower()
    key_columns = list(dict.fromkeys([*keys.columns(), *words]))
    value_columns = list(dict.fromkeys(name for name in named.values() if name not in key_columns))
    located = keys.code is not None or (keys.x is not None and keys.y is not None)
    if suffix in geofile.SUFFIXES:
        wanted = None if located or grid is None else grid
        return geofile.read_geofile(file, [*key_columns, *value_columns], wanted, keys.crs, options)
    if not located:
        raise UsageError(f"{file}: say which column holds the code (code = ...), or the coordinates (x, y)")
    if keys.crs is not None and grid is not None:
        require_crs(keys.crs, grid.crs, str(file))
    if suffix in CSV_SUFFIXES:
        coordinates = [] if keys.code is not None else [str(keys.x), str(keys.y)]
        text = [name for name in key_columns if name not in coordinates]
        numeric = [*coordinates, *value_columns]
        return read_csv(file, text, numeric, options, codes=list(codes.words))
    if suffix in PARQUET_SUFFIXES:
        return _read_parquet(file, [*key_columns, *value_columns], options)
    known = ", ".join((*CSV_SUFFIXES, *PARQUET_SUFFIXES, *geofile.SUFFIXES))
    raise UsageError(f"{file}: a {suffix or 'file without suffix'} cannot be read; known are {known}")


def table_columns(path: str | Path, options: FileOptions | None = None) -> list[str]:
    """Return the column names of a table file.

    Raises
    ------
    UsageError
        When the kind of file is not known.
    """
    file, options = existing(path), options or FileOptions()
    suffix = file.suffix.lower()
    if suffix in CSV_SUFFIXES:
        return csv_columns(file, options)
    if suffix in PARQUET_SUFFIXES:
        return _parquet_columns(file)
    if suffix in geofile.SUFFIXES:
        return geofile.geofile_columns(file, options)
    raise UsageError(f"{file}: this kind of file cannot be read")


def _parquet_columns(file: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(file).names)
    except (pa.ArrowException, OSError) as error:
        raise damaged(file, error) from error


def _read_parquet(file: Path, columns: Sequence[str], options: FileOptions) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = _parquet_columns(file)
    found = {name: find_column(names, name, str(file)) for name in columns}
    try:
        table = pq.read_table(file, columns=list(dict.fromkeys(found.values())))
    except (pa.ArrowException, OSError) as error:
        raise damaged(file, error) from error
    require_rows(file, table.num_rows, options.rows)
    return pa.table({name: table.column(column) for name, column in found.items()})


def _separated(
    column: pa.ChunkedArray, codes: MissingCodes, name: str, source: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """Return the numbers of a column and what each place holds, textual missing codes included."""
    if not (codes.words and is_text(column.type)):
        return separate(numbers(column, name, source), codes)
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    coded = pc.is_in(trimmed, pa.array(list(codes.words), pa.string()))
    try:
        cast = pc.if_else(coded, None, trimmed).cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise InputError(f"{source}: column {name!r} holds text that is no missing code: {error}") from error
    values, quality = separate(numbers(cast, name, source), codes)
    for word, kind in codes.words.items():
        quality[pc.equal(trimmed, word).fill_null(False).to_numpy()] = kind
    return values, quality


def _chosen(table: pa.Table, where: Mapping[str, str], source: str) -> pa.Table:
    """Keep the rows in which some columns hold the given words."""
    import pyarrow as pa

    for name, word in where.items():
        held = _words(table.column(name), name, source).upper().each() == str(word).strip().upper()
        if not held.any():
            raise InputError(f"{source}: no row has {word!r} in column {name!r}")
        table = table.filter(pa.array(held))
    return table


def _words(column: pa.ChunkedArray, name: str, source: str) -> Words:
    """Return a column of text, blanks stripped; empty where there is none."""
    import pyarrow as pa

    text = column.cast(pa.string()) if pa.types.is_integer(column.type) else column
    return texts(text, name, source, required=False)


def _require_code_resolution(code: str | None, grid: Grid, source: str) -> None:
    """Refuse a column named after another resolution or CRS, such as crs28992res500m in a 100 m grid."""
    named = _CODE_COLUMN.match(code or "")
    if not named:
        return
    epsg, resolution = named[1], float(named[2])
    if resolution != grid.cell:
        raise InputError(
            f"{source}: column {code!r} holds codes of {resolution:g} m squares, "
            f"the grid has {grid.cell:g} m cells"
        )
    if grid.crs is not None:
        require_crs(f"EPSG:{epsg}", grid.crs, f"{source}: column {code!r}")
