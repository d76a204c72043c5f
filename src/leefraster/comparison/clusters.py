"""Structural clusters that came, went and stayed between two runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from leefraster.comparison.stored_run import StoredRun


def cluster_changes(old: StoredRun, new: StoredRun) -> pd.DataFrame:
    """Return one row a cluster of either run.

    Clusters belong together when they share a cell.

    Returns
    -------
    DataFrame
        ``fate``: ``"in"`` (no cell was in an old cluster), ``"out"`` (no cell is in a new one), ``"stayed"``
        (one row a new cluster); ``cluster``: its number in the run named by ``run`` (old for those that
        went out, else new), ``name``, ``cells``, ``dwellings``, and ``shared``: cells in a cluster of
        both runs.
    """
    columns = ["fate", "run", "cluster", "name", "cells", "dwellings", "shared"]
    before, after = _labels(old), _labels(new)
    if before is None and after is None:
        return pd.DataFrame(columns=columns)
    present = [part for part in (before, after) if part is not None]
    cells = np.unique(np.concatenate([part["cell"].values for part in present]))
    was, now = (_on(part, cells) for part in (before, after))
    rows = _rows(now, was > 0, new, "new", "stayed", "in")
    rows += _rows(was, now > 0, old, "old", "", "out")
    return pd.DataFrame(rows, columns=columns)


def _rows(
    labels: np.ndarray, elsewhere: np.ndarray, run: StoredRun, name: str, shared: str, alone: str
) -> list[tuple[str, str, int, str, int, float, int]]:
    """Return a row a cluster; without a fate for the shared, they are left to the other run."""
    count = int(labels.max(initial=0))
    sizes = np.bincount(labels, minlength=count + 1)
    overlap = np.bincount(labels, elsewhere, minlength=count + 1).astype(int)
    table = run.tables.get("clusters", pd.DataFrame({"cluster": []})).set_index("cluster")
    rows = []
    for label in np.flatnonzero(sizes[1:]) + 1:
        fate = shared if overlap[label] else alone
        if fate:
            title = str(table["name"].get(label, "")) if "name" in table else ""
            dwellings = float(table["dwellings"].get(label, np.nan)) if "dwellings" in table else np.nan
            rows.append((fate, name, int(label), title, int(sizes[label]), dwellings, int(overlap[label])))
    return rows


def _labels(run: StoredRun) -> xr.DataArray | None:
    return run.dataset.get("structural_label")


def _on(labels: xr.DataArray | None, cells: np.ndarray) -> np.ndarray:
    if labels is None:
        return np.zeros(cells.size, dtype=np.int64)
    found = np.zeros(cells.size, dtype=np.int64)
    found[np.searchsorted(cells, labels["cell"].values)] = labels.values
    return found
