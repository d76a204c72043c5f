"""Emerging hot spots: how hot and cold places came and went over the measurement years."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.changes.trend import trend
from leefraster.changes.years import YEAR, refuse_versions, require_share, with_years
from leefraster.errors import UsageError
from leefraster.lazy import lazily, nowhere
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.getis_ord import getis_ord

CATEGORIES = (
    "none",
    "new hot", "consecutive hot", "intensifying hot", "persistent hot", "diminishing hot", "sporadic hot",
    "oscillating hot", "historical hot",
    "new cold", "consecutive cold", "intensifying cold", "persistent cold", "diminishing cold", "sporadic cold",
    "oscillating cold", "historical cold",
)  # fmt: skip
NEW, CONSECUTIVE, INTENSIFYING, PERSISTENT, DIMINISHING, SPORADIC, OSCILLATING, HISTORICAL = range(1, 9)
COLD = 8  # a cold category is its hot one and this

SHARE = (9, 10)
"""At least nine tenths of the years, in whole numbers: 9 of 9, 9 of 10."""


@lazily(nowhere)
def emerging_hotspots(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Any,
    *,
    alpha: float = 0.05,
    trend_alpha: float = 0.05,
    across_versions: bool = False,
) -> xr.Dataset:
    """Tell for every place which of the seventeen categories of space-time hot spots it is.

    A place is hot (cold) in a year when its G* is high (low) with q at most `alpha`, where q controls the
    false-discovery rate over all places and years together. "Nearly always" is at least nine tenths of the years
    with a result; a trend is Mann-Kendall's test on z, two-sided at `trend_alpha`.

    Parameters
    ----------
    field : DataArray
        Numbers over `year` and places, and any other leading dimensions; NaN is missing. A coordinate
        ``version(year)``, as scores have it, says which version of the model measured each year.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    alpha, trend_alpha : float
        Levels of the spots and of the trend.
    across_versions : bool
        Allow years that were measured by different versions of the model.

    Returns
    -------
    Dataset
        Without `year`: ``category`` (int8, see ``flag_meanings``), ``hot_years``, ``cold_years``, ``years`` (with
        a result), ``tau`` and ``trend_p`` of z. Attribute ``cannot_occur`` names the categories that so few years
        cannot show.

    Raises
    ------
    UsageError
        When there is no dimension `year`, there are fewer than 2 years, a level does not lie between 0 and 1, or
        the neighbourhood decays.
    InputError
        When a year occurs twice or lies in the future, or years are of different versions and `across_versions` is
        false.

    Notes
    -----
    Of a hot spot, in this order (cold alike); H is whether it was hot, by year:

    ============  ==========================================================================================
    historical    not hot in the last year, hot in at least nine tenths of the years
    intensifying  hot in the last year and in at least nine tenths, z rises
    diminishing   the same, z falls
    persistent    the same, z does neither
    new           hot in the last year only, and never before
    consecutive   hot in the last two years or more without a gap, and never before that
    oscillating   hot in the last year, cold in some earlier one
    sporadic      hot in the last year, off and on before
    ============  ==========================================================================================

    ArcGIS lets neighbourhoods span time steps and asks for trends at 90 %; sfdep asks for the same share as here;
    xarray-spatial takes the whole part of nine tenths (4 of 5 years). Trends need at least 5 years: with 4 the
    smallest two-sided p is .083.

    References
    ----------
    Esri, How Emerging Hot Spot Analysis works (ArcGIS Pro documentation), for the categories.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> values = np.random.default_rng(0).normal(size=(5, 12, 12))
    >>> values[-1, :4, :4] += 6
    >>> field = xr.DataArray(values, dims=("year", "y", "x"), coords={
    ...     "year": [2016, 2018, 2020, 2022, 2024], "y": 1150.0 - 100 * np.arange(12),
    ...     "x": 50.0 + 100 * np.arange(12)})
    >>> found = lr.emerging_hotspots(field, lr.Neighbourhood.queen())
    >>> found["category"].attrs["flag_meanings"].split()[int(found["category"][1, 1])]
    'new_hot'
    """
    ordered = years_of_spots(field, alpha, trend_alpha, across_versions)
    refuse_decay(neighbourhood)
    spots = getis_ord(ordered, neighbourhood, family="all")
    return of_spots(
        spots["z"].transpose(YEAR, ...), spots["q"].transpose(YEAR, ...).values, alpha, trend_alpha
    )


def refuse_decay(neighbourhood: object) -> None:
    """Refuse neighbours that count less the farther they are.

    Raises
    ------
    UsageError
        When the neighbourhood decays.
    """
    if isinstance(neighbourhood, Neighbourhood) and neighbourhood.kind == "decay":
        raise UsageError(
            f"neighbourhood is {neighbourhood!r}; emerging hot spots are told from exact p, for which all "
            "neighbours of a place must count the same. Take queen, rook, disc or ring"
        )


def years_of_spots(field: xr.DataArray, alpha: float, trend_alpha: float, across: bool) -> xr.DataArray:
    """Return the field with its years in order, once levels and years are found to do.

    Raises
    ------
    UsageError
        When there are fewer than 2 years, or a level does not lie between 0 and 1.
    InputError
        When years are of different versions of the model, and that is not allowed.
    """
    for name, value in (("alpha", alpha), ("trend_alpha", trend_alpha)):
        require_share(name, value)
    ordered = with_years(field, "field")
    if ordered.sizes[YEAR] < 2:
        raise UsageError("emerging hot spots need at least 2 measurement years")
    refuse_versions(ordered, across=across)
    return ordered


def of_spots(z: xr.DataArray, q: npt.NDArray[np.float64], alpha: float, trend_alpha: float) -> xr.Dataset:
    """Return the categories and what goes with them of places whose z and q are known, both over (year, ...)."""
    known = ~np.isnan(q)
    hot, cold = known & (q <= alpha) & (z.values > 0), known & (q <= alpha) & (z.values < 0)
    course = trend(z, across_versions=True) if z.sizes[YEAR] >= 3 else None
    direction = _direction(course, z.shape[1:], trend_alpha)
    codes = categories(hot, cold, known, direction)
    return _labelled(z, codes, hot, cold, known, course, alpha, trend_alpha)


def categories(
    hot: npt.NDArray[np.bool_], cold: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_],
    direction: npt.NDArray[np.int8],
) -> npt.NDArray[np.int8]:  # fmt: skip
    """Return the category of every place.

    Parameters
    ----------
    hot, cold, known : ndarray of bool, shape (years, ...)
        Whether the place was hot or cold, and had a result at all.
    direction : ndarray of int8, shape (...)
        1 where z rises, -1 where it falls, 0 where it does neither.
    """
    codes = np.zeros(hot.shape[1:], np.int8)
    for mine, other, offset, rising in ((hot, cold, 0, 1), (cold, hot, COLD, -1)):
        found = _of_side(mine, other, known, direction * np.int8(rising))
        codes = np.where(codes == 0, np.where(found > 0, found + offset, 0), codes).astype(np.int8)
    return codes


def _of_side(
    mine: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_],
    direction: npt.NDArray[np.int8],
) -> npt.NDArray[np.int8]:  # fmt: skip
    """Return the hot categories, also of cold spots when the sides are exchanged."""
    count, years = mine.sum(axis=0), known.sum(axis=0)
    nearly_always = (SHARE[1] * count >= SHARE[0] * years) & (years > 0)
    now = mine[-1]
    run = _last_run(mine)
    only_this_run = (run == count) & now
    choices = [
        (~now & known[-1] & nearly_always, HISTORICAL),
        (now & nearly_always & (direction > 0), INTENSIFYING),
        (now & nearly_always & (direction < 0), DIMINISHING),
        (now & nearly_always, PERSISTENT),
        (only_this_run & (run == 1) & ~other.any(axis=0), NEW),
        (only_this_run & (run > 1) & ~other.any(axis=0), CONSECUTIVE),
        (now & other.any(axis=0), OSCILLATING),
        (now, SPORADIC),
    ]
    return np.select([condition for condition, _ in choices], [code for _, code in choices], 0).astype(
        np.int8
    )


def _last_run(mine: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return how many of the last years without a gap a place was hot."""
    backwards = mine[::-1].astype(np.int64)
    return np.asarray(np.cumprod(backwards, axis=0).sum(axis=0))


def _direction(course: xr.Dataset | None, shape: tuple[int, ...], level: float) -> npt.NDArray[np.int8]:
    if course is None:
        return np.zeros(shape, np.int8)
    sure = course["p"].values <= level
    return np.where(sure, np.sign(course["S"].values), 0).astype(np.int8)


def cannot_occur(years: int, level: float) -> list[str]:
    """Return the categories that so few years cannot show."""
    from math import factorial

    absent = []
    if years < 3 or 2 / factorial(years) > level:
        absent += ["intensifying", "diminishing"]
    if years < SHARE[1]:  # 9 of 9 are all years, the last one too
        absent.append("historical")
    if years < 3:
        absent += ["consecutive", "sporadic"]
    return [f"{name} {side}" for name in absent for side in ("hot", "cold")]


def _labelled(
    z: xr.DataArray, codes: npt.NDArray[np.int8], hot: npt.NDArray[np.bool_], cold: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_], course: xr.Dataset | None, alpha: float, trend_alpha: float,
) -> xr.Dataset:  # fmt: skip
    dims = z.dims[1:]
    meanings = " ".join(name.replace(" ", "_") for name in CATEGORIES)
    attrs = {"long_name": "category", "flag_values": list(range(len(CATEGORIES))), "flag_meanings": meanings}
    variables: dict[str, Any] = {"category": (dims, codes, attrs)}
    for name, flags, said in (
        ("hot_years", hot, "years in which it was hot"), ("cold_years", cold, "years in which it was cold"),
        ("years", known, "years with a result"),
    ):  # fmt: skip
        variables[name] = (dims, flags.sum(axis=0).astype(np.int16), {"long_name": said, "units": "1"})
    for name, source in (("tau", "tau"), ("trend_p", "p")):
        values = np.full(codes.shape, np.nan) if course is None else course[source].values
        variables[name] = (dims, values, {"long_name": f"{source} of the trend of z", "units": "1"})
    coords = {name: c.variable for name, c in z.coords.items() if YEAR not in c.dims}
    return xr.Dataset(
        variables,
        coords=coords,
        attrs={
            "statistic": "emerging hot spots", "alpha": alpha, "trend_alpha": trend_alpha,
            "false_discovery": "over all places and years", "cannot_occur": cannot_occur(z.shape[0], trend_alpha),
        },
    )  # fmt: skip
