"""Where a gap is heading: its slope over real years, its state, and the years until it closes."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
from scipy.stats import theilslopes

from leefraster.clusters.panel import Floats, Ints

State = Literal["diverging", "lagging", "catching up"]
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Outlook:
    """Slope of the gap per year with its limits, state, and years to close (NaN where it does not)."""

    slope: float
    slope_low: float
    slope_high: float
    state: State
    years_to_close: float


def outlook(years: Ints, gap: Floats, horizon: float) -> Outlook:
    """Judge the course of one gap.

    The slope is Theil and Sen's, on the years as they are, with limits of 95 %. *Diverging*: the gap widens
    beyond doubt, the upper limit of the slope lies below 0. *Catching up*: on the fitted line the gap closes
    within `horizon` years after the latest measurement. *Lagging*: neither.

    Parameters
    ----------
    years : ndarray of int64
        Measurement years.
    gap : ndarray
        Level of the cluster minus the country's, per year; NaN is missing.
    horizon : float
        Years.
    """
    held = np.isfinite(gap)
    if held.sum() < 2:
        return Outlook(nan, nan, nan, "lagging", nan)
    when, what = years[held].astype(np.float64), gap[held]
    fit = theilslopes(what, when, alpha=CONFIDENCE)
    slope, low, high = float(fit.slope), float(fit.low_slope), float(fit.high_slope)
    latest = float(fit.intercept) + slope * float(when[-1])
    closes = 0.0 if latest >= 0 else -latest / slope if slope > 0 else nan
    if high < 0:
        return Outlook(slope, low, high, "diverging", closes)
    return Outlook(slope, low, high, "catching up" if closes <= horizon else "lagging", closes)
