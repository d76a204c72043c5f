"""Tables as CSV: UTF-8, commas, a point for decimals, text in quotes so that codes stay text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    import pandas as pd


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; missing is an empty field, and only text stands in quotes.

    Parameters
    ----------
    table : DataFrame
        Its index is written where it has a name; geometry is left out.
    path : Path
        Ends in ``.csv``.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_STRINGS, lineterminator="\n")
        writer.writerow([str(name) for name in flat(table).columns])
        writer.writerows(rows(table))


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is written: its index a column where it has a name, without geometry."""
    named = any(name is not None for name in table.index.names)
    whole = table.reset_index() if named else table
    return whole[[name for name in whole.columns if str(whole[name].dtype) != "geometry"]]


def rows(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table as plain values, None where a value is missing."""
    written = flat(table)
    return zip(*(_cells(written[name].tolist()) for name in written.columns), strict=True)


def global_statistics(dataset: xr.Dataset) -> pd.DataFrame | None:
    """Return global Moran's I by year and layer, one row each; None when the run has none."""
    names = [name for name in dataset.data_vars if str(name).startswith("moran_")]
    if not names:
        return None
    frame = dataset[names].reset_coords(drop=True).to_dataframe().reset_index()
    keys = [name for name in ("year", "layer") if name in frame]
    return frame[[*keys, *(str(name) for name in names)]]


def years(dataset: xr.Dataset) -> pd.DataFrame | None:
    """Return what is known per year, the national mean and the version; None when nothing is."""
    known = dataset.reset_coords("version") if "version" in dataset.coords else dataset
    names = [name for name in known.data_vars if known[name].dims == ("year",)]
    if not names:
        return None
    return known[names].reset_coords(drop=True).to_dataframe().reset_index()


def _cells(values: list[Any]) -> list[Any]:
    return [None if _missing(value) else _plain(value) for value in values]


def _missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float | np.floating) and bool(np.isnan(value)))
        or (type(value).__name__ in ("NAType", "NaTType"))
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool | int | float) else str(value)
