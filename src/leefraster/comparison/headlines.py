"""The figures that a run is summed up by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from leefraster.comparison.stored_run import StoredRun
from leefraster.scoring.classify import classify

WEAK_CLASS = 4


def headlines(old: StoredRun, new: StoredRun) -> pd.DataFrame:
    """Return the headline figures of two runs side by side: ``figure``, ``old``, ``new``, ``change``."""
    figures = [headline_figures(run) for run in (old, new)]
    names = list(dict.fromkeys([*figures[0], *figures[1]]))
    table = pd.DataFrame(
        {
            "figure": names,
            "old": [figures[0].get(name, np.nan) for name in names],
            "new": [figures[1].get(name, np.nan) for name in names],
        }
    )
    return table.assign(change=table["new"] - table["old"])


def headline_figures(run: StoredRun) -> dict[str, float]:
    """Return the figures of the latest year by name; those that the run does not have are absent."""
    data = run.dataset
    unit = "cell" if "cell" in data.dims else "area"
    found: dict[str, float] = {"places": float(data.sizes[unit]), "years": float(data.sizes["year"])}
    found["latest year"] = float(data["year"].values[-1])
    for variable, name in (("moran_I", "Moran's I"), ("moran_islands", "islands")):
        if variable in data:
            latest = data[variable].isel(year=-1)
            for layer, value in zip(data["layer"].values, latest.values, strict=True):
                found[f"{name}, {layer}"] = float(value)
    found |= _spots(data) | _weak(run) | _clusters(run)
    return found


def _spots(data: xr.Dataset) -> dict[str, float]:
    if "getis_ord_spot" not in data:
        return {}
    names = [str(name) for name in data["layer"].values]
    layer = "total" if "total" in names else names[0]
    last = data[["getis_ord_spot", "getis_ord_p"]].isel(year=-1).sel(layer=layer)
    spot, known = last["getis_ord_spot"].values, np.isfinite(last["getis_ord_p"].values)
    count = max(int(known.sum()), 1)
    return {
        f"share of places in cold spots (90 % and up), {layer}": float((spot[known] < 0).sum() / count),
        f"share of places in hot spots, {layer}": float((spot[known] > 0).sum() / count),
    }


def _weak(run: StoredRun) -> dict[str, float]:
    if not {"level", "dwellings"} <= set(run.dataset):
        return {}
    latest = run.dataset[["level", "dwellings"]].isel(year=-1)
    classes = classify(latest["level"], run.cuts).values
    weight = np.nan_to_num(latest["dwellings"].values) * (classes > 0)
    weak = float(weight[classes <= WEAK_CLASS].sum())
    return {f"share of dwellings in class {WEAK_CLASS} or lower": weak / float(weight.sum() or np.nan)}


def _clusters(run: StoredRun) -> dict[str, float]:
    if "clusters" not in run.tables:
        return {}
    table = run.tables["clusters"]
    return {
        "structural clusters": float(len(table)),
        "dwellings in structural clusters": float(table["dwellings"].sum()),
    }
