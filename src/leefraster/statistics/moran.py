"""Global Moran's I, of one variable or of two, with its moments over all permutations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from leefraster.fields import Fields, read_fields
from leefraster.inference.global_moments import Form, moran_moments
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph
from leefraster.statistics.bivariate import bivariate_moran
from leefraster.statistics.global_plan import (
    ASSUMPTIONS,
    INFERENCES,
    GlobalResults,
    Statistic,
    over_fields,
    run,
    single,
    test_attrs,
    tested_attrs,
)
from leefraster.statistics.linked import LinkedSums
from leefraster.statistics.partner import partner_of
from leefraster.statistics.plan import WEIGHTINGS, Test, one_of, provenance

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

VARIABLES: dict[str, dict[str, Any]] = {
    "I": {"long_name": "Moran's I", "units": "1"},
    **tested_attrs("I"),
}


@lazily(between_fields)
def moran(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    other: xr.DataArray | None = None,
    weighting: Literal["row", "binary", "given"] = "row",
    assumption: Literal["randomisation", "normality"] = "randomisation",
    inference: Literal["normal", "permutation"] = "normal",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute global Moran's I of every field, with expectation, variance, z and p.

    ``I = n / S0 * sum_ij w_ij z_i z_j / sum_i z_i^2`` over the places that hold a value and have a neighbour,
    with z the deviation from their mean. With `other`, whose deviations are y, it is the bivariate
    ``I = n / S0 * sum_ij w_ij z_i y_j / sqrt(sum_i z_i^2 sum_j y_j^2)``: how the field goes with the other one
    nearby.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing. All leading
        dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    other : DataArray, optional
        A second variable on the same places, over leading dimensions of `field` (one that it lacks is
        repeated). The population are the places with both values.
    weighting : {"row", "binary", "given"}
        Weights standardised to a sum of 1 over the neighbours that hold a value, or 1, or as they are.
    assumption : {"randomisation", "normality"}
        Whether the moments are those over all permutations of the values, or those of normal values.
    inference : {"normal", "permutation"}
        Where p comes from: the normal distribution of z, or random permutations of all values (of `other`,
        where it is given).
    alternative : {"two-sided", "greater", "less"}
        Refers to I; two-sided is twice the smaller tail, at most 1.
    permutations : int
        How many random permutations; p is (r + 1) / (permutations + 1), with r of them at least as extreme.
    seed : int
        Which permutations: they follow from (seed, number) alone.

    Returns
    -------
    Dataset
        `I`, `expected`, `variance`, `z`, `p` (float64) over the leading dimensions; coordinates `n` (places
        that hold a value and have a neighbour), `islands`, `reference` (their mean).

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, a graph does not match
        the areas, or `other` is not on the places and labels of `field`.
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
    Islands are left out of n, mean and moments: equal to esda after dropping them. In a graph that is not
    symmetric, a place that has no neighbours but is another's is no island here. Sums are taken in integers,
    so that results do not depend on threads or on the order of places. The variance under randomisation needs
    four places. `expected` and `variance` are the analytical ones under permutation inference too.

    The bivariate I is that of esda's ``Moran_BV(field, other)`` times n / S0, which is 1 under row weights; `other`
    equal to `field` gives the univariate I. Over all permutations of y given z it has expectation 0 and variance
    ``(n / S0)^2 sum_j (c_j - mean c)^2 / ((n - 1) sum z^2)`` with ``c_j = sum_i w_ij z_i``, and so it has when y
    is normal: `assumption` makes no difference. A high bivariate I does not tell correlation in place from
    autocorrelation.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 2.3.
    Wartenberg, D. (1985). Multivariate spatial correlation. Geographical Analysis 17, 263-283.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.moran(raster, lr.Neighbourhood.rook(), weighting="binary")
    >>> float(result["I"]), float(result["variance"].round(7))
    (0.5, 0.0596875)
    """
    one_of("weighting", weighting, WEIGHTINGS)
    one_of("assumption", assumption, ASSUMPTIONS)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    fields = read_fields(field, areas=is_graph(neighbourhood))
    options = {"weighting": weighting, "assumption": assumption, "alternative": alternative}
    if other is None:
        return over_fields(moran_statistic(assumption), fields, neighbourhood, test, **options)
    results = GlobalResults(fields.values.shape[0], 1, 1)
    partner = partner_of(fields, other, "other")
    run("moran", fields, [neighbourhood], weighting, bivariate_moran, results, test, other=partner)
    return bivariate_dataset(fields, results, neighbourhood, test, **options)


def bivariate_dataset(
    fields: Fields, results: GlobalResults, neighbourhood: Any, test: Test, **options: str
) -> xr.Dataset:
    """Put results of the bivariate I on labels, with attributes."""
    attrs = provenance("global bivariate Moran's I", neighbourhood, **options, **test_attrs(test))
    return single(fields, results, "I", attrs, VARIABLES)


def moran_statistic(assumption: str) -> Statistic:
    """State global Moran's I of one variable."""
    return Statistic(
        "moran", "global Moran's I", partial(_moran_form, assumption), _labelled, margins=False
    )  # fmt: skip


def _moran_form(assumption: str, of: LinkedSums, _: int) -> tuple[Sequence[Form], dict[str, float]]:
    """Return I as a form, with its moments."""
    weights = of.weights
    expected, variance = moran_moments(
        of.n, weights.s0, weights.s1, weights.s2, of.kurtosis, normality=assumption == "normality"
    )
    return [Form(0.0, of.n / weights.s0 / of.powers.second, 0.0, 0.0, expected, variance)], {}


def _labelled(fields: Fields, results: GlobalResults, attrs: dict[str, Any]) -> xr.Dataset:
    return single(fields, results, "I", attrs, VARIABLES)
