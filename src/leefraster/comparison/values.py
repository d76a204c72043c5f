"""How far the values themselves moved between two runs, class or no class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from leefraster.comparison.stored_run import StoredRun

_COLUMNS = ["year", "layer", "places", "changed", "mean_change", "largest_change"]


def value_changes(old: StoredRun, new: StoredRun) -> pd.DataFrame:
    """Return how far scores, totals, levels or layers moved, per year and layer that both runs have.

    Returns
    -------
    DataFrame
        ``year``, ``layer`` (dimension, ``total``, ``level``, or layer); ``places`` that have a value in both runs,
        ``changed`` of them, ``mean_change`` (new - old, over all of them) and ``largest_change`` in absolute
        value, in the layer's unit (NaN where no place has both).
    """
    before, after = dict(_fields(old.dataset)), dict(_fields(new.dataset))
    shared = [key for key in after if key in before]
    rows = [(*key, *_moved(before[key], after[key])) for key in shared]
    return pd.DataFrame(rows, columns=_COLUMNS).sort_values("year", kind="stable", ignore_index=True)


def _fields(data: xr.Dataset) -> Iterator[tuple[tuple[int, str], xr.DataArray]]:
    """Yield every field of scores, totals and layers by year and name."""
    for name, dim in (("score", "dimension"), ("value", "layer"), ("total", None), ("level", None)):
        if name not in data or "year" not in data[name].dims:
            continue
        for position, year in enumerate(data["year"].values):
            of_year = data[name].isel(year=position)
            if dim is None:
                yield (int(year), name), of_year
            else:
                for label in data[dim].values:
                    yield (int(year), str(label)), of_year.sel({dim: label})


def _moved(before: xr.DataArray, after: xr.DataArray) -> tuple[int, int, float, float]:
    bare = [field.reset_coords(drop=True).astype(np.float64) for field in (before, after)]
    was, now = xr.align(*bare, join="inner")
    change = now.values - was.values
    change = change[np.isfinite(change)]
    if not change.size:
        return 0, 0, float("nan"), float("nan")
    return change.size, int((change != 0).sum()), float(change.mean()), float(np.abs(change).max())
