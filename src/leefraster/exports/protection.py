"""Disclosure control on a whole run: cells and rows withheld, counts rounded, before anything leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.disclosure.rule import DisclosureRule
from leefraster.errors import UsageError
from leefraster.exports.latest import unit_of

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("dwellings", "households", "inhabitants")
ALONE = ("bridge_dwellings", "stayed_dwellings")
"""Counts of a part of their row that no other figure of it rests on: where too small, they are withheld alone."""
SETTINGS = {"thresholds": ("value",)}
"""Columns of a run's tables that say what was asked, and are never withheld."""
STATUS = "publication_status"
PUBLISHED, WITHHELD, MISSING = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Protection:
    """A protected Dataset and tables, and what was done in words."""

    dataset: xr.Dataset
    tables: dict[str, pd.DataFrame]
    said: str


def protect_run(dataset: xr.Dataset, tables: dict[str, pd.DataFrame], rule: DisclosureRule) -> Protection:
    """Withhold what may not be published from a run's fields and tables.

    A cell (or area) with fewer dwellings (or inhabitants, where there are no dwellings) than the minimum, but
    more than none, loses every value of every year; so does one whose count is not known. Counts are rounded to
    the base. In tables, rows whose count is too small lose their figures, and columns of counts are rounded.
    ``publication_status`` says for every cell whether it is published (0), withheld (1) or was missing (2).

    Parameters
    ----------
    dataset : Dataset
        The run.
    tables : dict of str to DataFrame
        Its tables.
    rule : DisclosureRule
        The rule; dominance is about areas of several contributors and does not apply to cells.

    Raises
    ------
    UsageError
        When the run has neither dwellings nor inhabitants, so that nothing can be judged.
    """
    unit, count = unit_of(dataset), counted_by(dataset)
    status = _status(dataset, count, unit, rule)
    published = status == PUBLISHED
    kept = {
        str(name): _masked(str(name), variable, unit, published, rule)
        for name, variable in dataset.data_vars.items()
    }
    meanings = {"flag_values": [0, 1, 2], "flag_meanings": "published withheld missing", "rule": rule.said()}
    kept[STATUS] = xr.DataArray(status, dims=unit, attrs={"long_name": "what was withheld", **meanings})
    protected, rows = protect_tables(tables, rule)
    said = (
        f"{rule.said()} (by {count}: {int((status == WITHHELD).sum())} of {status.size} {unit}s withheld, "
        f"{int((status == MISSING).sum())} without a count withheld too, {rows} rows of tables withheld)"
    )
    out = xr.Dataset(kept, coords=dataset.coords, attrs={**dataset.attrs, "disclosure_control": said})
    return Protection(out, protected, said)


def counted_by(dataset: xr.Dataset) -> str:
    """Return the variable by which cells are judged: dwellings, or inhabitants where there are none.

    Raises
    ------
    UsageError
        When the run has neither.
    """
    for name in ("dwellings", "inhabitants"):
        if name in dataset:
            return name
    raise UsageError(
        "disclosure control is asked, but the run has neither dwellings nor inhabitants to judge by; "
        "join one, or take [disclosure] out"
    )


def protect_tables(
    tables: dict[str, pd.DataFrame], rule: DisclosureRule
) -> tuple[dict[str, pd.DataFrame], int]:
    """Return tables without the figures of rows with too small a count, and how many rows that were."""
    protected: dict[str, pd.DataFrame] = {}
    rows = 0
    for name, table in tables.items():
        protected[name], hidden = protected_table(table, rule, counts_in(table), SETTINGS.get(name, ()))
        rows += int(hidden.sum())
    return protected, rows


def _status(dataset: xr.Dataset, count: str, unit: str, rule: DisclosureRule) -> npt.NDArray[np.int8]:
    """Return the status of each cell: withheld where it is too small in any year."""
    counts = dataset[count].transpose(..., unit).values.reshape(-1, dataset.sizes[unit]).astype(float)
    small = ((counts > 0) & (counts < rule.minimum)).any(axis=0)
    status = np.where(small, WITHHELD, PUBLISHED)
    return np.where(np.isnan(counts).all(axis=0), MISSING, status).astype(np.int8)


def _masked(
    name: str, variable: xr.DataArray, unit: str, published: npt.NDArray[np.bool_], rule: DisclosureRule
) -> xr.DataArray:
    if unit not in variable.dims or variable.dtype.kind not in "fiub":
        return variable  # codes and names of areas say where a cell is, not what it is
    values = variable.transpose(..., unit)
    if name in COUNTS:
        values = rounded(values, rule.base)
    hidden = np.nan if values.dtype.kind == "f" else values.dtype.type(0)
    return (
        values.where(xr.DataArray(published, dims=unit), hidden)
        .astype(values.dtype)
        .assign_attrs(variable.attrs)
    )


def rounded(values: Any, base: int) -> Any:
    """Return counts rounded to the nearest multiple of a base, halves up."""
    return np.floor(values / base + 0.5) * base if base > 1 else values


def protected_table(
    table: pd.DataFrame, rule: DisclosureRule, counts: list[str], settings: Sequence[str] = ()
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return a table with rows of too small a count withheld and counts rounded, and which rows were withheld.

    Parameters
    ----------
    table : DataFrame
        The table.
    rule : DisclosureRule
        The rule.
    counts : list of str
        Columns of counts.
    settings : sequence of str
        Columns that are never withheld.
    """
    if not counts or not len(table):
        return table, np.zeros(len(table), np.bool_)
    out = table.copy()
    numbers = out[counts].astype(float)
    few = (numbers > 0) & (numbers < rule.minimum)
    alone = [name for name in counts if name in ALONE]
    small = few.drop(columns=alone).any(axis=1)
    for name in counts:
        out[name] = rounded(out[name].astype(float), rule.base)
    for name in alone:
        out[name] = out[name].mask(few[name])
    figures = [name for name in out.columns if out[name].dtype.kind == "f" and name not in settings]
    out[figures] = out[figures].mask(small)
    return out, small.to_numpy()


def counts_in(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table whose names say that they count people or dwellings."""
    return [str(name) for name in table.columns if _is_count(str(name))]


def _is_count(name: str) -> bool:
    """Tell whether a column counts people or dwellings: ``dwellings``, ``weak_dwellings``, ``inhabitants_2024``."""
    parts = name.lower().split("_")
    return any(count in parts for count in COUNTS) and "share" not in parts
