"""How places move between cluster types, and between classes by the class of their neighbourhood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.changes.steps import count_steps, homogeneity, probabilities
from leefraster.changes.years import (
    YEAR,
    ascending,
    equal_intervals,
    refuse_versions,
    require_share,
    require_whole,
    with_years,
)
from leefraster.errors import UsageError
from leefraster.lazy import lazily, nowhere
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.local_moran import local_moran

QUADRANTS = ("high-high", "low-high", "low-low", "high-low")
TYPES = ("quadrant", "cluster")


@lazily(nowhere, left_out=("stayed",))
def lisa_transitions(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Any,
    *,
    types: Literal["quadrant", "cluster"] = "quadrant",
    alpha: float = 0.05,
    across_versions: bool = False,
) -> xr.Dataset:
    """Count how places move between the types of local Moran's I from one measurement to the next.

    Parameters
    ----------
    field : DataArray
        Numbers over `year` and places, without other dimensions; NaN is missing. Years must lie equally far
        apart, since a step has a probability only for a fixed time. A coordinate ``version(year)``, as scores have
        it, says which version of the model measured each year.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    types : {"quadrant", "cluster"}
        All places by quadrant of the Moran scatterplot (as giddy's LISA_Markov), or "not significant" and the
        significant quadrants (q at most `alpha` in its year).
    alpha : float
        For "cluster".
    across_versions : bool
        Allow years that were measured by different versions of the model.

    Returns
    -------
    Dataset
        ``count`` and ``probability`` over (`from_type`, `to_type`); probability is NaN for a type that no place
        left. Attributes: the years, their interval, and how many places stayed.

    Raises
    ------
    UsageError
        When years lie unequally far apart (the message names years that do not), there are other dimensions, or
        `alpha` does not lie between 0 and 1.
    InputError
        When a year occurs twice or lies in the future, or years are of different versions and `across_versions` is
        false.

    References
    ----------
    Rey, S. J. (2001). Spatial empirics for economic growth and convergence. Geographical Analysis 33, 195-214.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> values = np.cumsum(np.random.default_rng(0).normal(size=(4, 6, 6)), axis=0)
    >>> field = xr.DataArray(values, dims=("year", "y", "x"), coords={
    ...     "year": [2018, 2020, 2022, 2024], "y": 550.0 - 100 * np.arange(6), "x": 50.0 + 100 * np.arange(6)})
    >>> int(lr.lisa_transitions(field, lr.Neighbourhood.rook())["count"].sum())
    108
    """
    if types not in TYPES:
        raise UsageError(f"types is {types!r}; allowed are {', '.join(map(repr, TYPES))}")
    require_share("alpha", alpha)
    ordered, interval = _one_field(field, "lisa_transitions", across_versions)
    result = local_moran(ordered, neighbourhood, alpha=alpha)
    quadrant = _flat(result["quadrant"])
    known = quadrant > 0
    labels: tuple[str, ...]
    if types == "quadrant":
        states, labels = quadrant - 1, QUADRANTS
    else:
        states, labels = _flat(result["cluster"]), ("not significant", *QUADRANTS)
    counts = count_steps(np.where(known, states, 0), known, len(labels))
    dims = ("from_type", "to_type")
    out = {
        "count": (dims, counts, {"long_name": "steps", "units": "1"}),
        "probability": (
            dims,
            probabilities(counts),
            {"long_name": "share of the steps from a type", "units": "1"},
        ),
    }
    attrs = {**_about(ordered, interval), "types": types, "stayed": int(np.trace(counts))}
    return xr.Dataset(out, coords={"from_type": list(labels), "to_type": list(labels)}, attrs=attrs)


@lazily(nowhere)
def spatial_markov(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Any,
    *,
    classes: int = 5,
    cuts: Sequence[float] | None = None,
    across_versions: bool = False,
) -> xr.Dataset:
    """Count how places move between classes, by the class of their neighbourhood at the start of the step.

    Parameters
    ----------
    field : DataArray
        Numbers over `year` and places, without other dimensions; NaN is missing. Years must lie equally far
        apart. A coordinate ``version(year)`` counts as in `lr.lisa_transitions`.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour; the class of a neighbourhood is that of its mean.
    classes : int
        Number of classes, bounded by quantiles of all values of all years (and likewise of the means).
    cuts : sequence of float or None
        Upper bounds of all classes but the highest, for values and means alike, instead of quantiles.
    across_versions : bool
        Allow years that were measured by different versions of the model.

    Returns
    -------
    Dataset
        ``count`` and ``probability`` over (`neighbourhood_class`, `from_class`, `to_class`), classes from 1;
        ``pooled_probability`` over (`from_class`, `to_class`); the test that all neighbourhood classes step alike:
        ``pearson``, ``pearson_p``, ``likelihood_ratio``, ``likelihood_ratio_p``, ``degrees_of_freedom``.

    Raises
    ------
    UsageError
        When years lie unequally far apart, there are other dimensions, `classes` is no whole number of at least 2,
        or cuts are none at all or do not ascend.
    InputError
        When a year occurs twice or lies in the future, or years are of different versions and `across_versions` is
        false.

    Notes
    -----
    The test takes steps of different places as independent, which neighbours are not: p is too small.

    References
    ----------
    Rey, S. J. (2001). Geographical Analysis 33, 195-214. Bickenbach, F., Bode, E. (2003). Evaluating the Markov
    property in studies of economic convergence. International Regional Science Review 26, 363-392.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> values = np.cumsum(np.random.default_rng(0).normal(size=(4, 6, 6)), axis=0)
    >>> field = xr.DataArray(values, dims=("year", "y", "x"), coords={
    ...     "year": [2018, 2020, 2022, 2024], "y": 550.0 - 100 * np.arange(6), "x": 50.0 + 100 * np.arange(6)})
    >>> lr.spatial_markov(field, lr.Neighbourhood.rook(), classes=3)["count"].sizes["neighbourhood_class"]
    3
    """
    if cuts is None:
        require_whole("classes", classes, 2)
    else:
        ascending(cuts, "finite numbers that ascend, at least one")
    ordered, interval = _one_field(field, "spatial_markov", across_versions)
    values = _flat(ordered).astype(np.float64)
    lag = _flat(local_moran(ordered, neighbourhood, inference="normal")["lag"])
    k = classes if cuts is None else len(cuts) + 1
    own, around = _classed(values, cuts, k), _classed(lag, cuts, k)
    known = ~np.isnan(values)
    counts = np.stack([count_steps(own, known, k, (around == group) & ~np.isnan(lag)) for group in range(k)])
    test = homogeneity(counts)
    dims = ("neighbourhood_class", "from_class", "to_class")
    out: dict[str, Any] = {
        "count": (dims, counts, {"long_name": "steps", "units": "1"}),
        "probability": (dims, probabilities(counts), {"long_name": "share of the steps", "units": "1"}),
        "pooled_probability": (dims[1:], probabilities(counts.sum(axis=0)), {"units": "1"}),
        "pearson": ((), test.pearson),
        "pearson_p": ((), test.pearson_p),
        "likelihood_ratio": ((), test.likelihood_ratio),
        "likelihood_ratio_p": ((), test.likelihood_ratio_p),
        "degrees_of_freedom": ((), test.degrees_of_freedom),
    }
    numbers = np.arange(1, k + 1)
    return xr.Dataset(out, coords=dict.fromkeys(dims, numbers), attrs=_about(ordered, interval))


def _classed(values: npt.NDArray[np.float64], cuts: Sequence[float] | None, k: int) -> npt.NDArray[np.int64]:
    """Return classes 0..k-1: class c holds values above cut c-1 and up to cut c."""
    held = values[~np.isnan(values)]
    if cuts is not None:
        bounds = np.asarray(cuts, dtype=float)
    else:  # where no place has a mean of its neighbours, there is nothing to class
        bounds = np.quantile(held, np.arange(1, k) / k) if held.size else np.zeros(k - 1)
    return np.searchsorted(bounds, np.nan_to_num(values), side="left")


def _one_field(field: xr.DataArray, name: str, across: bool) -> tuple[xr.DataArray, int]:
    ordered = with_years(field, "field").transpose(YEAR, ...)
    places = 2 if {"y", "x"} <= set(ordered.dims) else 1
    if ordered.ndim != 1 + places:
        raise UsageError(f"{name} needs one field over the years, this has dimensions {tuple(field.dims)}")
    refuse_versions(ordered, across=across)
    return ordered, equal_intervals(ordered[YEAR].values, name)


def _flat(variable: xr.DataArray) -> npt.NDArray[Any]:
    ordered = variable.transpose(YEAR, ...)
    return ordered.values.reshape(ordered.sizes[YEAR], -1)


def _about(ordered: xr.DataArray, interval: int) -> dict[str, Any]:
    return {"years": [int(year) for year in ordered[YEAR].values], "interval": interval}
