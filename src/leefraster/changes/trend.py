"""The trend of every place over the measurement years: Theil-Sen's slope and Mann-Kendall's test."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.changes.years import YEAR, refuse_versions, require_share, require_whole, with_years
from leefraster.errors import InputError, UsageError
from leefraster.inference.mann_kendall import MOST_EXACT, normal_p, null_of_s, slope_ranks
from leefraster.kernels.trend import trends
from leefraster.lazy import between_series, lazily

FEWEST = 3

VARIABLES: dict[str, dict[str, Any]] = {
    "slope": {"long_name": "Theil-Sen slope: median change a year"},
    "slope_low": {"long_name": "lower confidence limit of the slope"},
    "slope_high": {"long_name": "upper confidence limit of the slope"},
    "tau": {"long_name": "Kendall's tau-b with time", "units": "1"},
    "S": {"long_name": "Mann-Kendall's S: pairs that rise less pairs that fall", "units": "1"},
    "p": {"long_name": "two-sided p of Mann-Kendall's test; descriptive", "units": "1"},
    "years": {"long_name": "measurement years with a value", "units": "1"},
}


@lazily(between_series)
def trend(
    field: xr.DataArray,
    *,
    confidence: float = 0.95,
    minimum_years: int = FEWEST,
    across_versions: bool = False,
) -> xr.Dataset:
    """Estimate the trend of every place over the years as they are, evenly spaced or not.

    The slope is the median of the slopes ``(x_j - x_i) / (year_j - year_i)`` of all pairs of years (Theil-Sen).
    Mann-Kendall's S counts the pairs that rise less those that fall; p is the share of all orders of the values
    in which S is at least as far from 0.

    Parameters
    ----------
    field : DataArray
        Numbers over `year` and any other dimensions; NaN is missing. A coordinate ``version(year)``, as scores have
        it, says which version of the model measured each year.
    confidence : float
        Of the limits of the slope (Sen 1968).
    minimum_years : int
        Fewer years with a value give NaN; at least 3, and no more than the field has.
    across_versions : bool
        Allow years that were measured by different versions of the model.

    Returns
    -------
    Dataset
        Without `year`: `slope`, `slope_low`, `slope_high` (unit of the field a year; limits NaN where no limits
        from so few years are that sure: for 95 %, below 5), `tau` (tau-b), `S`, `p` and `years` (number with a
        value).

    Raises
    ------
    UsageError
        When there is no dimension `year`, `confidence` does not lie between 0 and 1, or `minimum_years` is
        below 3 or above the number of years, so that every result would be missing.
    InputError
        When a year occurs twice or lies in the future, a value is infinite, or years are of different versions and
        `across_versions` is false.

    Notes
    -----
    p is exact for up to 12 years, ties included (Gaussian multinomial coefficients); beyond, by the normal
    distribution with correction for ties and continuity. It is descriptive: measurements of one place depend on
    each other in time, which makes small p too frequent. With 4 years the smallest two-sided p is .083.

    References
    ----------
    Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. Journal of the American
    Statistical Association 63, 1379-1389.
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13, 245-259.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> level = xr.DataArray([[4.0], [4.1], [4.3], [4.35], [4.5]], dims=("year", "cell"),
    ...                      coords={"year": [2012, 2014, 2018, 2020, 2024]})
    >>> found = lr.trend(level)
    >>> float(found["slope"][0].round(4)), float(found["p"][0].round(4))
    (0.0417, 0.0167)
    """
    require_share("confidence", confidence)
    require_whole("minimum_years", minimum_years, FEWEST)
    if not isinstance(field, xr.DataArray) or field.dtype.kind not in "fiub":
        raise UsageError("field must be a DataArray of real numbers")
    ordered = with_years(field, "field").transpose(YEAR, ...)
    if minimum_years > ordered.sizes[YEAR]:
        raise UsageError(
            f"minimum_years is {minimum_years}, but the field has {ordered.sizes[YEAR]} years: nothing "
            "would have a trend"
        )
    refuse_versions(ordered, across=across_versions)
    shape = ordered.shape[1:]
    values = np.ascontiguousarray(ordered.values.reshape(ordered.sizes[YEAR], -1), dtype=np.float64)
    if np.isinf(values).any():
        raise InputError(f"field has {int(np.isinf(values).sum())} infinite values; missing values are NaN")
    found = _trends(values, ordered[YEAR].values.astype(np.float64), confidence, minimum_years)
    unit = field.attrs.get("units")
    out = {}
    for name, column in found.items():
        attrs = dict(VARIABLES[name])
        if name.startswith("slope"):
            attrs |= {"units": f"{unit} a year" if unit else "a year", "confidence": confidence}
        out[name] = xr.Variable(ordered.dims[1:], column.reshape(shape), attrs)
    coords = {name: c.variable for name, c in ordered.coords.items() if YEAR not in c.dims}
    years = [int(year) for year in ordered[YEAR].values]
    return xr.Dataset(out, coords=coords, attrs={"statistic": "Theil-Sen and Mann-Kendall", "years": years})


def _trends(
    values: npt.NDArray[np.float64], years: npt.NDArray[np.float64], confidence: float, fewest: int
) -> dict[str, npt.NDArray[Any]]:
    steps, places = values.shape
    null, ranks = null_of_s(), slope_ranks(confidence, steps)
    first = np.full(max(steps, MOST_EXACT) + 2, null.first[-1], np.int64)
    first[: null.first.size] = null.first
    slope, low, high, tau, p = (np.empty(places) for _ in range(5))
    score, used = np.empty(places, np.int64), np.empty(places, np.int64)
    trends(
        values, years, fewest, null.patterns, first, null.tails, ranks, slope, low, high, tau, score, p, used
    )
    many = used > MOST_EXACT
    if many.any():
        ties = np.array([_tie_sum(column) for column in values[:, many].T])
        p[many] = normal_p(score[many], used[many], ties)
    return {
        "slope": slope, "slope_low": low, "slope_high": high, "tau": tau, "S": score.astype(np.int32), "p": p,
        "years": used.astype(np.int16),
    }  # fmt: skip


def _tie_sum(series: npt.NDArray[np.float64]) -> float:
    _, sizes = np.unique(series[~np.isnan(series)], return_counts=True)
    return float((sizes * (sizes - 1) * (2 * sizes + 5)).sum())
