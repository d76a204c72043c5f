"""Parquet files: some columns by name, without regard to case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.sources.files import FileOptions, damaged, require_rows
from leefraster.table.columns import find_column

if TYPE_CHECKING:
    import pyarrow as pa


def parquet_columns(file: Path) -> list[str]:
    """Return the column names of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(file).names)
    except (pa.ArrowException, OSError) as error:
        raise damaged(file, error) from error


def read_parquet(file: Path, columns: Sequence[str], options: FileOptions) -> pa.Table:
    """Read some columns of a Parquet file, under the names they were asked by."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = parquet_columns(file)
    found = {name: find_column(names, name, str(file)) for name in columns}
    try:
        table = pq.read_table(file, columns=list(dict.fromkeys(found.values())))
    except (pa.ArrowException, OSError) as error:
        raise damaged(file, error) from error
    require_rows(file, table.num_rows, options.rows)
    return pa.table({name: table.column(column) for name, column in found.items()})
