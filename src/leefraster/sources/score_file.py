"""Scores as a table file, in the columns in which the Leefbaarometer publishes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

SUFFIXES = (".csv", ".parquet")


def write_scores(scores: xr.Dataset, path: str | Path) -> Path:
    """Write scores as one table: `jaar`, `grid_id`, `lbm` (where known), `afw`, the dimensions, `versie`.

    ``[scores] reader = "leefbaarometer"`` reads it back where the dimensions are those of the Leefbaarometer, and
    ``reader = "table"`` any. Cells without a total in a year have no row in it.

    Parameters
    ----------
    scores : Dataset
        ``score(year, dimension, cell)``, ``total(year, cell)``, and `level`, `version` where known.
    path : path
        Ends in ``.csv`` or ``.parquet``; replaced only when the new file is complete.

    Raises
    ------
    UsageError
        When the suffix is another.
    EnvironmentFault
        When the file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{target}: scores are written as {' or '.join(SUFFIXES)}, not {target.suffix or 'none'}"
        )
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(scores, unfinished, target.suffix.lower())
        os.replace(unfinished, target)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise EnvironmentFault(f"{target}: cannot be written ({error.strerror or error})") from error
    return target


def score_tables(scores: xr.Dataset) -> Iterator[pa.Table]:
    """Yield the rows of each year."""
    import pyarrow as pa

    from leefraster.cells import CELL, grid_of

    codes = pa.array(grid_of(scores).code_from_cell(scores[CELL].values))
    for position, year in enumerate(scores["year"].values):
        one = scores.isel(year=position)
        held = pa.array(np.isfinite(one["total"].values))
        columns: dict[str, Any] = {"jaar": pa.array(np.full(len(codes), year, np.int32)), "grid_id": codes}
        if "level" in one:
            columns["lbm"] = one["level"].values
        columns["afw"] = one["total"].values
        for name in map(str, one["dimension"].values):
            columns[name] = one["score"].sel(dimension=name).values
        if "version" in one:
            columns["versie"] = pa.array([str(one["version"].values)] * len(codes))
        yield pa.table(columns).filter(held)


def _write(scores: xr.Dataset, path: Path, suffix: str) -> None:
    open_writer = _csv_writer if suffix == ".csv" else _parquet_writer
    tables = score_tables(scores)
    first = next(tables)
    with open_writer(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _csv_writer(path: Path, schema: pa.Schema) -> Any:
    from pyarrow import csv

    return csv.CSVWriter(path, schema, write_options=csv.WriteOptions(quoting_style="needed"))


def _parquet_writer(path: Path, schema: pa.Schema) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, compression="zstd")
