"""What is to be expected of gaps to the country: their slope, their state, and when they close at the earliest."""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leefraster.clusters.outlook import outlook
from leefraster.clusters.panel import Floats
from leefraster.inference.mann_kendall import slope_ranks

FORESEEABLE = 100  # years ahead, beyond which a date says nothing
AHEAD, UNKNOWN = "ahead", "unknown"


def prospects(years: npt.NDArray[np.int64], gaps: Floats, horizon: float) -> pd.DataFrame:
    """Return ``slope slope_low slope_high state closes_not_before outlook`` of gaps (area, year), one row each.

    A state is that of `clusters.outlook`, where the latest gap lies below 0; at or above it the area is *ahead*,
    and without a latest gap *unknown*.
    """
    return pd.DataFrame([_prospect(years, gap, horizon) for gap in gaps])


def _prospect(years: npt.NDArray[np.int64], gap: Floats, horizon: float) -> dict[str, Any]:
    judged, earliest = outlook(years, gap, horizon), closes_not_before(years, gap)
    found = {"slope": judged.slope, "slope_low": judged.slope_low, "slope_high": judged.slope_high}
    if np.isnan(gap[-1]):
        return {**found, "state": UNKNOWN, "closes_not_before": nan, "outlook": UNKNOWN}
    if gap[-1] >= 0:
        return {**found, "state": AHEAD, "closes_not_before": nan, "outlook": "no gap"}
    seen = earliest <= years[-1] + FORESEEABLE
    return {
        **found,
        "state": judged.state,
        "closes_not_before": earliest if isfinite(earliest) else nan,
        "outlook": f"not before {earliest:.0f}" if seen else "not foreseeable",
    }


def closes_not_before(years: npt.NDArray[np.int64], gap: Floats) -> float:
    """Return the year before which a gap will not close, infinite where no plausible slope closes it.

    The highest plausible slope is the upper limit of 90 % (one-sided 95 %); where years are too few for one,
    closing is not foreseeable. A gap that is not below 0 has closed.
    """
    held = np.isfinite(gap)
    when, what = years[held].astype(np.float64), gap[held]
    if when.size < 2:
        return inf
    first, second = np.triu_indices(when.size, 1)
    slopes = np.sort((what[second] - what[first]) / (when[second] - when[first]))
    latest = float(np.median(what)) + float(np.median(slopes)) * (float(when[-1]) - float(np.median(when)))
    if latest >= 0:
        return float(when[-1])
    rank = int(slope_ranks(0.9, when.size)[when.size])
    highest = float(slopes[-rank]) if rank > 0 else -inf
    return float(when[-1]) + -latest / highest if highest > 0 else inf
