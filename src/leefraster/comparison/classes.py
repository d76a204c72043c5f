"""Cells whose class of level changed between two runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from leefraster.comparison.stored_run import StoredRun
from leefraster.scoring.classify import classify


def class_changes(old: StoredRun, new: StoredRun) -> pd.DataFrame:
    """Return how many places have which class in either run, in every year that both have.

    Each run is classified with its own cuts.

    Returns
    -------
    DataFrame
        ``year``, ``old`` and ``new`` class (1 to 9, 0 for no level), ``places`` and, where the new run has
        dwellings, ``dwellings``; pairs that occur only. Empty when a run has no level.
    """
    columns = ["year", "old", "new", "places", "dwellings"]
    if "level" not in old.dataset or "level" not in new.dataset:
        return pd.DataFrame(columns=columns)
    years = np.intersect1d(old.dataset["year"].values, new.dataset["year"].values)
    parts = [_of_year(old, new, int(year)) for year in years]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def changed(changes: pd.DataFrame) -> pd.DataFrame:
    """Return per year how many places there are, changed class, rose and fell; class 0 counts as none."""
    known = changes[(changes["old"] > 0) & (changes["new"] > 0)]
    parts = {
        "places": known,
        "changed": known[known["old"] != known["new"]],
        "risen": known[known["new"] > known["old"]],
        "fallen": known[known["new"] < known["old"]],
        "appeared": changes[(changes["old"] == 0) & (changes["new"] > 0)],
        "vanished": changes[(changes["old"] > 0) & (changes["new"] == 0)],
    }
    counts = {name: part.groupby("year")["places"].sum() for name, part in parts.items()}
    index = sorted(changes["year"].unique())
    return pd.DataFrame(counts).reindex(index).fillna(0).astype(int).rename_axis("year").reset_index()


def _of_year(old: StoredRun, new: StoredRun, year: int) -> pd.DataFrame:
    levels = [run.dataset["level"].sel(year=year, drop=True).reset_coords(drop=True) for run in (old, new)]
    before, after = xr.align(*levels, join="outer")
    pairs = pd.DataFrame(
        {
            "old": classify(before, old.cuts).values,
            "new": classify(after, new.cuts).values,
            "dwellings": _dwellings(new.dataset, year, after),
        }
    )
    grouped = pairs.groupby(["old", "new"])["dwellings"]
    counted = pd.DataFrame({"places": grouped.size(), "dwellings": grouped.sum()}).reset_index()
    return counted.assign(year=year)


def _dwellings(dataset: xr.Dataset, year: int, like: xr.DataArray) -> np.ndarray:
    if "dwellings" not in dataset:
        return np.full(like.size, np.nan)
    given = dataset["dwellings"]
    given = given.sel(year=year, drop=True) if "year" in given.dims else given
    return np.asarray(given.reset_coords(drop=True).reindex_like(like).fillna(0.0).values)
