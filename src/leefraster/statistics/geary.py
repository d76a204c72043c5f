"""Global Geary's C with its moments over all permutations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from leefraster.fields import Fields, read_fields
from leefraster.inference.global_moments import Form, geary_moments
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph
from leefraster.statistics.global_plan import (
    ASSUMPTIONS,
    INFERENCES,
    GlobalResults,
    Statistic,
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
    "C": {"long_name": "Geary's C", "units": "1"},
    **tested_attrs("C"),
    "z": {"long_name": "standardised C, positive where neighbours are alike", "units": "1"},
}


@lazily(between_fields)
def geary(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    weighting: Literal["row", "binary", "given"] = "row",
    assumption: Literal["randomisation", "normality"] = "randomisation",
    inference: Literal["normal", "permutation"] = "normal",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute global Geary's C of every field, with expectation, variance, z and p.

    ``C = (n - 1) sum_ij w_ij (x_i - x_j)^2 / (2 S0 sum_i (x_i - mean)^2)`` over the places that hold a value and
    have a neighbour: below 1 where neighbours are alike, above 1 where they differ.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing. All leading
        dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    weighting : {"row", "binary", "given"}
        Weights standardised to a sum of 1 over the neighbours that hold a value, or 1, or as they are.
    assumption : {"randomisation", "normality"}
        Whether the moments are those over all permutations of the values, or those of normal values.
    inference : {"normal", "permutation"}
        Where p comes from: the normal distribution of z, or random permutations of all values.
    alternative : {"two-sided", "greater", "less"}
        Refers to C itself: "less" asks for positive autocorrelation (C below 1, z above 0), "greater" for
        negative. spdep's `geary.test` names them the other way round.
    permutations, seed : int
        How many random permutations, and which: see `moran`.

    Returns
    -------
    Dataset
        `C`, `expected` (1), `variance`, `z`, `p` (float64) over the leading dimensions. `z` is
        (expected - C) / sqrt(variance): positive under positive autocorrelation, as in spdep; esda's has the
        other sign. Coordinates `n` (places that hold a value and have a neighbour), `islands`, `reference`
        (their mean).

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, or a graph does not
        match the areas.
    InputError
        When a value is infinite or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field is constant, all missing or has fewer than three values, or the places with a neighbour
        are: its results are NaN.
    NoNeighboursWarning
        When no place with a value has a neighbour: results are NaN.

    Notes
    -----
    Islands are left out of n, mean and moments: equal to esda after dropping them. C, `expected` and `variance`
    equal those of esda and spdep. The variance under randomisation needs four places. Sums are taken in
    integers, so that results do not depend on threads or on the order of places.

    References
    ----------
    Geary, R. C. (1954). The contiguity ratio and statistical mapping. The Incorporated Statistician 5, 115-145.
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 2.3.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.geary(raster, lr.Neighbourhood.rook(), weighting="binary")
    >>> float(result["C"].round(6)), float(result["z"].round(4))
    (0.333333, 2.8523)
    """
    one_of("weighting", weighting, WEIGHTINGS)
    one_of("assumption", assumption, ASSUMPTIONS)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    fields = read_fields(field, areas=is_graph(neighbourhood))
    return over_fields(
        geary_statistic(assumption), fields, neighbourhood, test, weighting=weighting, assumption=assumption,
        alternative=alternative,
    )  # fmt: skip


def geary_statistic(assumption: str) -> Statistic:
    """State global Geary's C."""
    return Statistic("geary", "global Geary's C", partial(_geary_form, assumption), _labelled, falling=True)


def _geary_form(assumption: str, of: LinkedSums, _: int) -> tuple[Sequence[Form], dict[str, float]]:
    """Return C as a form: ``sum_ij w_ij (x_i - x_j)^2`` is Q - 2 M."""
    weights = of.weights
    expected, variance = geary_moments(
        of.n, weights.s0, weights.s1, weights.s2, of.kurtosis, normality=assumption == "normality"
    )
    factor = (of.n - 1) / (2 * weights.s0 * of.powers.second)
    return [Form(0.0, -2 * factor, 0.0, factor, expected, variance)], {}


def _labelled(fields: Fields, results: GlobalResults, attrs: dict[str, Any]) -> xr.Dataset:
    return single(fields, results, "C", attrs, VARIABLES)
