"""CSV files, read strictly: cut-off files, wrong encodings and numbers that are text are refused."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.errors import InputError, UsageError
from leefraster.sources.files import FileOptions, content, require_rows
from leefraster.table.columns import decoded, find_column, is_text

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATORS = (",", ";", "\t", "|")
NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "#N/A"]
_BLOCK = 1 << 24
_COMMA = re.compile(r"^\s*[-+]?\d*,\d+\s*$")
_THOUSANDS = re.compile(r"^\s*[-+]?\d{1,3}([.,' ]\d{3})+([.,]\d+)?\s*$")
_FOREIGN_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_csv(
    path: Path, keys: Sequence[str], values: Sequence[str], options: FileOptions, codes: Sequence[str] = ()
) -> pa.Table:
    """Read some columns of a CSV file: keys as text, values as float64.

    Parameters
    ----------
    path : Path
        The file, or a zip that holds it.
    keys, values : sequence of str
        Columns wanted; case and blanks around names do not matter.
    options : FileOptions
        Separator, encoding, decimal sign, expectations.
    codes : sequence of str
        Textual missing codes, which value columns may hold; such columns are returned as text.

    Returns
    -------
    Table
        The wanted columns under the names they were asked by.

    Raises
    ------
    InputError
        When the file is cut off, not in the stated encoding, uneven, lacks a column, or a value is text.
    """
    data, source = content(path, options.layer)
    data = utf8(data, options.encoding, source)
    if options.final_newline and not data.endswith((b"\n", b"\r")):
        raise InputError(
            f"{source}: the last line does not end in a newline, so the file was probably cut off. "
            f"It ends with {data[-40:].decode(errors='replace')!r}. If it is complete, "
            "say final_newline = false"
        )
    header, separator = _header(data, options.separator, source)
    columns = {name: find_column(header, name, source) for name in (*keys, *values)}
    as_text = [columns[name] for name in (keys if not codes else (*keys, *values))]
    table = _parse(data, header, separator, options.decimal, list(columns.values()), as_text, source)
    require_rows(path, table.num_rows, options.rows)
    picked = {name: table.column(found) for name, found in columns.items()}
    if codes:
        picked |= {name: _without_codes(picked[name], codes, options, name, source) for name in values}
    import pyarrow as pa

    return pa.table(picked)


def csv_columns(path: Path, options: FileOptions) -> list[str]:
    """Return the column names of a CSV file, as they stand there."""
    data, source = content(path, options.layer)
    return _header(utf8(data, options.encoding, source), options.separator, source)[0]


def utf8(data: bytes, encoding: str, source: str) -> bytes:
    """Return text as UTF-8 without byte order mark, or refuse it, naming the first wrong byte."""
    for mark, name in _FOREIGN_MARKS.items():
        if data.startswith(mark) and not encoding.lower().startswith(name):
            raise InputError(f"{source}: begins with the mark of {name}; say encoding = '{name}'")
    try:
        codec = codecs.lookup(encoding)
    except LookupError as error:
        raise UsageError(f"encoding is {encoding!r}, which is not known; try 'utf-8' or 'cp1252'") from error
    if codec.name not in ("utf-8", "ascii"):
        try:
            return data.decode(encoding).removeprefix("\ufeff").encode()
        except UnicodeDecodeError as error:
            raise _undecodable(data, error.start, encoding, source) from error
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.isascii():
        _require_utf8(data, source)
    return data


def _require_utf8(data: bytes, source: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    for start in range(0, len(data), _BLOCK):
        before = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _BLOCK], final=start + _BLOCK >= len(data))
        except UnicodeDecodeError as error:
            raise _undecodable(data, start - before + error.start, "utf-8", source) from error


def _undecodable(data: bytes, position: int, encoding: str, source: str) -> InputError:
    line = data.count(b"\n", 0, position) + 1
    return InputError(
        f"{source}: byte 0x{data[position]:02X} at position {position} (line {line}) is not {encoding}; "
        "say which encoding it is, for instance encoding = 'cp1252'"
    )


def _header(data: bytes, separator: str | None, source: str) -> tuple[list[str], str]:
    end = min((at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0), default=len(data))
    line = data[:end].decode()
    if not line.strip():
        raise InputError(f"{source}: the first line is empty; it must hold the column names")
    if separator is None:
        separator = max(SEPARATORS, key=lambda sign: len(_split(line, sign)))
    if len(separator) != 1:
        raise UsageError(f"separator is {separator!r}; it must be one character, such as ',' or ';'")
    return [name.strip() for name in _split(line, separator)], separator


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=separator))


def _parse(
    data: bytes,
    header: list[str],
    separator: str,
    decimal: str,
    columns: list[str],
    as_text: list[str],
    source: str,
) -> pa.Table:
    import pyarrow as pa

    try:
        return _arrow_csv(data, header, separator, decimal, columns, as_text, threads=True)
    except pa.ArrowInvalid:
        pass
    try:  # again without threads, since only then messages name the row
        table = _arrow_csv(data, header, separator, decimal, columns, columns, threads=False)
    except pa.ArrowInvalid as error:
        raise InputError(f"{source}: is not an even table: {_first_line(error)}") from error
    for name in columns:
        if name not in as_text:
            _refuse_text(table.column(name), name, decimal, source)
    raise InputError(f"{source}: cannot be read as a table of numbers")


def _arrow_csv(
    data: bytes,
    header: list[str],
    separator: str,
    decimal: str,
    columns: list[str],
    as_text: list[str],
    *,
    threads: bool,
) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    text = pa.dictionary(pa.int32(), pa.string()) if threads else pa.string()
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(use_threads=threads, column_names=header, skip_rows=1),
        parse_options=arrow_csv.ParseOptions(delimiter=separator),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=list(dict.fromkeys(columns)),
            column_types={name: text if name in as_text else pa.float64() for name in columns},
            null_values=NULLS,
            strings_can_be_null=True,
            decimal_point=decimal,
        ),
    )


def _without_codes(
    column: pa.ChunkedArray, codes: Sequence[str], options: FileOptions, name: str, source: str
) -> pa.ChunkedArray:
    """Check that a text column is numbers or missing codes; return it with a decimal point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(decoded(column))
    rest = pc.if_else(pc.is_in(trimmed, pa.array(list(codes), pa.string())), None, trimmed)
    _refuse_text(rest, name, options.decimal, source)
    return pc.replace_substring(trimmed, ",", ".") if options.decimal == "," else trimmed


def _refuse_text(column: pa.ChunkedArray, name: str, decimal: str, source: str) -> None:
    import pyarrow.compute as pc

    assert is_text(column.type)
    sign = re.escape(decimal)
    number = rf"^\s*[-+]?((\d+{sign}?\d*|{sign}\d+)([eE][-+]?\d+)?|[iI]nf(inity)?)\s*$"
    wrong = pc.invert(pc.match_substring_regex(column, number)).fill_null(False)
    rows = pc.indices_nonzero(wrong)
    if not len(rows):
        return
    row = rows[0].as_py()
    shown = [repr(value) for value in column.filter(wrong).slice(0, 5).to_pylist()]
    raise InputError(
        f"{source}: column {name!r} reads as text in {len(rows)} of {len(column)} rows, "
        f"first in row {row + 1}: {', '.join(shown)}. {_advice(column[row].as_py(), decimal)}"
    )


def _advice(value: str, decimal: str) -> str:
    if _COMMA.match(value) and decimal == ".":
        return "These are decimal commas: say decimal = ','"
    if _THOUSANDS.match(value):
        return "These have thousands separators: write the numbers without them"
    return "Give numbers; if it is a missing code, name it under missing"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]
