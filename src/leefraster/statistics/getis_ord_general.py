"""The general G of Getis & Ord: whether high values lie together, or low ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError
from leefraster.fields import Fields, read_fields
from leefraster.inference.global_moments import Form, product_form
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph
from leefraster.statistics.global_plan import (
    INFERENCES,
    GlobalResults,
    Statistic,
    only_randomisation,
    over_fields,
    single,
    tested_attrs,
)
from leefraster.statistics.linked import LinkedSums
from leefraster.statistics.plan import WEIGHTINGS, Test, one_of

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

VARIABLES: dict[str, dict[str, Any]] = {
    "G": {"long_name": "general G of Getis and Ord", "units": "1"},
    **tested_attrs("G"),
}


@lazily(between_fields)
def getis_ord_general(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    weighting: Literal["row", "binary", "given"] = "binary",
    assumption: Literal["randomisation"] = "randomisation",
    inference: Literal["normal", "permutation"] = "normal",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute the general G of Getis and Ord of every field, with expectation, variance, z and p.

    ``G = sum_ij w_ij x_i x_j / sum_{i != j} x_i x_j`` over the places that hold a value and have a neighbour:
    above its expectation where high values lie together, below it where low ones do.

    Parameters
    ----------
    field : DataArray
        Numbers of at least 0 over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing.
        All leading dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    weighting : {"binary", "row", "given"}
        Weights of 1, or standardised to a sum of 1 over the neighbours that hold a value, or as they are.
    assumption : {"randomisation"}
        Moments are those over all permutations of the values; G has none in closed form under normality.
    inference : {"normal", "permutation"}
        Where p comes from: the normal distribution of z, or random permutations of all values.
    alternative : {"two-sided", "greater", "less"}
        Refers to G.
    permutations, seed : int
        How many random permutations, and which: see `moran`.

    Returns
    -------
    Dataset
        `G`, `expected`, `variance`, `z`, `p` (float64) over the leading dimensions; coordinates `n` (places
        that hold a value and have a neighbour), `islands`, `reference` (their mean).

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, or a graph does not
        match the areas.
    InputError
        When a value is negative or infinite, or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field is constant, all missing or has fewer than three values, or the places with a neighbour
        are: its results are NaN.
    NoNeighboursWarning
        When no place with a value has a neighbour: results are NaN.

    Notes
    -----
    G depends on where 0 lies: it is for counts, shares and amounts. Where fewer than two places are above 0 it
    is not defined and NaN. Islands are left out of n and moments: equal to esda after dropping them. The
    variance needs four places; it equals those of esda and spdep, but is computed from deviations and keeps its
    digits where the mean is large.

    References
    ----------
    Getis, A., Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical
    Analysis 24, 189-206, section 3.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.getis_ord_general(raster, lr.Neighbourhood.rook())
    >>> float(result["G"].round(6)), float(result["expected"].round(6))
    (0.390805, 0.333333)
    """
    one_of("weighting", weighting, WEIGHTINGS)
    only_randomisation("getis_ord_general", assumption)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    fields = read_fields(field, areas=is_graph(neighbourhood))
    refuse_negative(*negative(fields.values))
    return over_fields(
        general_statistic(), fields, neighbourhood, test, weighting=weighting, assumption=assumption,
        alternative=alternative,
    )  # fmt: skip


def general_statistic() -> Statistic:
    """State the general G."""
    return Statistic(
        "getis_ord_general", "general G of Getis and Ord", _general_form, _labelled, added=_above_zero
    )


def _above_zero(integers: npt.NDArray[np.int64], _: npt.NDArray[np.int64], origin: float, step: float) -> int:
    """Return how many values are above 0."""
    return int((integers * step + origin > 0).sum())


def _general_form(of: LinkedSums, positive: int) -> tuple[Sequence[Form], dict[str, float]]:
    """Return G as a form: with m the mean, ``sum_ij w_ij x_i x_j`` is S0 m^2 + m T + M."""
    mean, n = of.mean_in_steps, of.n
    pairs = float(n * n * mean * mean - (of.sums.squares + n * mean * mean))
    if not pairs > 0 or positive < 2:
        nothing = float("nan")
        return [Form(nothing, 0.0, 0.0, 0.0, nothing, nothing)], {}
    weights, centre = of.weights, float(mean)
    form = product_form(
        of.powers, weights.s0, weights.s1, weights.s2,
        constant=weights.s0 * centre**2 / pairs, products=1 / pairs, linear=centre / pairs,
    )  # fmt: skip
    return [form], {}


def _labelled(fields: Fields, results: GlobalResults, attrs: dict[str, Any]) -> xr.Dataset:
    return single(fields, results, "G", attrs, VARIABLES)


def negative(values: npt.NDArray[Any]) -> tuple[int, float]:
    """Return how many values are negative, and the least of all; infinite where none is."""
    below = int((values < 0).sum())
    return below, float(np.nanmin(values)) if below else np.inf


def refuse_negative(number: int, least: float) -> None:
    """Raise an InputError when so many values are negative."""
    if number:
        raise InputError(
            f"getis_ord_general: {number} values are negative, the least {least}; "
            "G is for amounts of at least 0. Use lr.moran, or measure from another zero"
        )
