"""Where a gap is heading: its slope over real years, its state, and the years until it closes."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from leefraster.clusters.panel import Floats, Ints

State = Literal["diverging", "lagging", "catching up"]
QUANTILE = 1.959963984540054  # of the standard normal distribution, for limits of 95 %


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
    beyond noise, the upper limit of the slope lies below 0 (cannot occur with fewer than five years).
    *Catching up*: on the fitted line the gap closes within `horizon` years after the latest measurement.
    *Lagging*: neither.

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
    slope, low, high = theil_sen(when, what)
    latest = float(np.median(what)) + slope * (float(when[-1]) - float(np.median(when)))
    closes = 0.0 if latest >= 0 else -latest / slope if slope > 0 else nan
    if high < 0:
        return Outlook(slope, low, high, "diverging", closes)
    return Outlook(slope, low, high, "catching up" if closes <= horizon else "lagging", closes)


def theil_sen(when: Floats, what: Floats) -> tuple[float, float, float]:
    """Return the median of all pairwise slopes and Sen's limits of 95 %.

    The limits are the slopes whose ranks lie half the normal quantile times the standard deviation of
    Kendall's score from the middle (Sen 1968, with correction for ties); NaN where so few points have no
    slope of that rank. They take years as independent, which they hardly are: they describe.
    """
    first, second = np.triu_indices(when.size, 1)
    slopes = np.sort((what[second] - what[first]) / (when[second] - when[first]))
    reach = QUANTILE * sqrt(_score_variance(what))
    below, above = round((slopes.size - reach) / 2) - 1, round((slopes.size + reach) / 2)
    within = below >= 0 and above < slopes.size
    low, high = (float(slopes[below]), float(slopes[above])) if within else (nan, nan)
    return float(np.median(slopes)), low, high


def _score_variance(values: npt.NDArray[np.float64]) -> float:
    """Return the variance of Kendall's score when there is no trend, given the ties among the values."""
    _, ties = np.unique(values, return_counts=True)
    n = values.size
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18.0
