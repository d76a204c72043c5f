"""Rows of one or several files of one kind (CSV, Parquet, GeoPackage), checked but not yet placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.crs import require_crs
from leefraster.errors import InputError, UsageError
from leefraster.sources import geofile
from leefraster.sources.csvfile import csv_columns, read_csv
from leefraster.sources.files import FileOptions, existing, require_digest
from leefraster.sources.missing import MissingCodes, refuse_unmapped, separate
from leefraster.sources.parquetfile import parquet_columns, read_parquet
from leefraster.table.columns import Words, is_text, numbers, texts

if TYPE_CHECKING:
    import pyarrow as pa

    from leefraster.grid import Grid, Position

Paths = str | Path | Sequence[str | Path]


CSV_SUFFIXES = (".csv", ".txt", ".tsv", ".zip")
PARQUET_SUFFIXES = (".parquet", ".pq")


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
        return read_parquet(file, [*key_columns, *value_columns], options)
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
        return parquet_columns(file)
    if suffix in geofile.SUFFIXES:
        return geofile.geofile_columns(file, options)
    raise UsageError(f"{file}: this kind of file cannot be read")


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
