"""What is to be expected of gaps to the country: their slope, their state, and when they close at the earliest."""

from __future__ import annotations

from math import floor, inf, isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leefraster.clusters.outlook import fitted_latest, measured, outlook
from leefraster.clusters.panel import Floats
from leefraster.inference.mann_kendall import slope_ranks

FORESEEABLE = 100  # years ahead, beyond which a date says nothing
WITHOUT_A_DATE = {"unknown": "unknown", "ahead": "no gap"}
ROUNDING = 1e-6  # of a year, by which a date may be computed too early


def prospects(years: npt.NDArray[np.int64], gaps: Floats, horizon: float) -> pd.DataFrame:
    """Return ``slope slope_low slope_high state closes_not_before outlook`` of gaps (area, year), one row each.

    A state is that of `clusters.outlook`. A date more than `FORESEEABLE` years ahead is none.
    """
    return pd.DataFrame([_prospect(years, gap, horizon) for gap in gaps])


def _prospect(years: npt.NDArray[np.int64], gap: Floats, horizon: float) -> dict[str, Any]:
    judged = outlook(years, gap, horizon)
    found: dict[str, Any] = {
        "slope": judged.slope,
        "slope_low": judged.slope_low,
        "slope_high": judged.slope_high,
    }
    found = {**found, "state": judged.state, "closes_not_before": nan}
    if judged.state in WITHOUT_A_DATE:
        return {**found, "outlook": WITHOUT_A_DATE[judged.state]}
    earliest = closes_not_before(years, gap)
    if not isfinite(earliest):
        return {**found, "outlook": "not foreseeable"}
    return {
        **found,
        "closes_not_before": earliest,
        "outlook": f"not before {floor(earliest + ROUNDING)}",
    }


def closes_not_before(years: npt.NDArray[np.int64], gap: Floats) -> float:
    """Return the year before which a gap will not close, infinite where none is foreseeable.

    The highest plausible slope is the upper limit of 90 % (one-sided 95 %). Nothing is foreseeable where years are
    too few for one, where it closes the gap never or more than `FORESEEABLE` years after the latest year, and
    where the fitted latest gap is not below 0 although the latest gap is. A gap that is not below 0 has closed.
    """
    when, what = measured(years, gap)
    if when.size < 2:
        return inf
    if what[-1] >= 0:
        return float(when[-1])
    first, second = np.triu_indices(when.size, 1)
    slopes = np.sort((what[second] - what[first]) / (when[second] - when[first]))
    latest = fitted_latest(when, what, float(np.median(slopes)))
    rank = int(slope_ranks(0.9, when.size)[when.size])
    highest = float(slopes[-rank]) if rank > 0 else -inf
    if latest >= 0 or highest <= 0:
        return inf
    ahead = -latest / highest
    return float(when[-1]) + ahead if ahead <= FORESEEABLE else inf
