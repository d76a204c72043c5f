"""Where a gap is heading: its slope over real years, its state, and the years until it closes."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np

from leefraster.clusters.panel import Floats, Ints
from leefraster.inference.mann_kendall import slope_ranks

State = Literal["diverging", "lagging", "catching up", "ahead", "unknown"]
CONFIDENCE = 0.95
DECIMALS = 12  # of level points: what lies beyond is rounding, no gap and no course


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

    The slope is Theil and Sen's, on the years as they are, with limits of 95 %. In this order:

    * *Unknown*: there is no gap of the latest year.
    * *Ahead*: the latest gap does not lie below 0, to 12 decimals. Whatever its course, there is nothing to close.
    * *Diverging*: the gap widens beyond noise, the upper limit of the slope lies below 0 (cannot occur with fewer
      than five years).
    * *Catching up*: on the fitted line the gap closes within `horizon` years after the latest measurement.
    * *Lagging*: none of these.

    A fitted line that has reached 0 by the latest year, although the latest gap lies below 0, is contradicted by
    that gap: it does not foretell when it closes.

    Parameters
    ----------
    years : ndarray of int64
        Measurement years.
    gap : ndarray
        Level of the cluster minus the country's, per year; NaN is missing.
    horizon : float
        Years.
    """
    when, what = measured(years, gap)
    slope, low, high = theil_sen(when, what) if when.size > 1 else (nan, nan, nan)
    if not np.isfinite(gap[-1]):
        return Outlook(slope, low, high, "unknown", nan)
    if what[-1] >= 0:
        return Outlook(slope, low, high, "ahead", nan)
    latest = fitted_latest(when, what, slope)
    closes = -latest / slope if latest < 0 and slope > 0 else nan
    if high < 0:
        return Outlook(slope, low, high, "diverging", closes)
    return Outlook(slope, low, high, "catching up" if closes <= horizon else "lagging", closes)


def measured(years: Ints, gap: Floats) -> tuple[Floats, Floats]:
    """Return the years with a gap, and these gaps without what is rounding."""
    held = np.isfinite(gap)
    return years[held].astype(np.float64), np.round(gap[held], DECIMALS)


def fitted_latest(when: Floats, what: Floats, slope: float) -> float:
    """Return the gap of the latest year on the line of that slope through the medians."""
    return float(np.median(what)) + slope * (float(when[-1]) - float(np.median(when)))


def theil_sen(when: Floats, what: Floats) -> tuple[float, float, float]:
    """Return the median of all pairwise slopes and Sen's limits of 95 %.

    Limits are those of `lr.trend`: a slope lies outside where Mann-Kendall's test of the values less that slope
    rejects; NaN where so few points have no such slope. They take years as independent, which they hardly are:
    they describe.
    """
    first, second = np.triu_indices(when.size, 1)
    slopes = np.sort((what[second] - what[first]) / (when[second] - when[first]))
    rank = int(slope_ranks(CONFIDENCE, when.size)[when.size])
    low, high = (float(slopes[rank - 1]), float(slopes[-rank])) if rank > 0 else (nan, nan)
    return float(np.median(slopes)), low, high
