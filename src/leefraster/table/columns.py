"""Columns of any tabular object: found by name, read as numbers, words or years, and checked."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


EARLIEST_YEAR = 1800
_YEAR = re.compile(r"\d{4}(\.0*)?")


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
        raise InputError(
            f"{source}: a column mixes kinds of values, or columns differ in length: {error}"
        ) from error
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
