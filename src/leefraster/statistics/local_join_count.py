"""Local join counts (Anselin & Li 2019) of every place, with exact conditional permutation inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError
from leefraster.fields import Fields, read_fields
from leefraster.inference.drawn import as_they_are
from leefraster.inference.tails import INFERENCES, Inference
from leefraster.kernels.local_join_count import local_join_count_p
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.local_options import (
    Adjustment,
    Alternative,
    Family,
    about_p_and_q,
    local_provenance,
)
from leefraster.statistics.local_sums import local_sums
from leefraster.statistics.plan import WEIGHTINGS, Filled, OneField, Results, Test, each_field, one_of

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

VARIABLES: dict[str, dict[str, Any]] = {
    "BB": {"long_name": "local join count: neighbours that hold a one too", "units": "1"},
    "expected": {"long_name": "expected BB under conditional permutation", "units": "1"},
    "variance": {"long_name": "variance of BB under conditional permutation", "units": "1"},
    "z": {"long_name": "standardised BB", "units": "1"},
    "neighbours": {"long_name": "neighbours that hold a value"},
}


@lazily(between_fields)
def local_join_count(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    weighting: Weighting = "binary",
    inference: Inference = "exact",
    alternative: Alternative = "two-sided",
    adjustment: Adjustment = "benjamini-hochberg",
    family: Family = "field",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute for every place that holds a one how many of its neighbours do too, and whether that is many.

    ``BB_i = x_i sum_j w_ij x_j`` of values 0 and 1. Under conditional permutation x_i is fixed and the k_i
    neighbours are drawn without replacement from the n - 1 others, so that with equal weights the number of
    ones among them is hypergeometric.

    Parameters
    ----------
    field : DataArray
        Bool, or 0 and 1, over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    weighting : {"row", "binary", "given"}
        Share or number of the neighbours, or the sum of the weights that the neighbourhood gives them; weights
        for "row" are divided by their sum.
    inference : {"exact", "inversion", "normal", "permutation"}
        The exact distribution (equal weights within a row), its characteristic function inverted (any weights),
        a normal approximation with its exact moments, or random permutations.
    alternative : {"two-sided", "greater", "less"}
        Refers to BB; "greater" asks whether ones lie together. Two-sided is twice the smaller tail, at most 1.
    adjustment : {"benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none"}
        How `q` is made from p, over the places that hold a one.
    family : {"field", "all"}
        Whether the tests that are adjusted together are a field's or those of all fields.
    permutations, seed : int
        Of permutation inference: how many, and what the random stream starts from.

    Returns
    -------
    Dataset
        Over the dimensions of `field`: `BB`, `expected`, `variance`, `z`, `p`, `q` (float64, NaN for missing
        places and islands), `neighbours` (int32). Coordinates over the leading dimensions: `n`, `islands`,
        `reference` (the share of ones), `p_error`.

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, the neighbourhood is
        smaller than a cell, a graph does not match the areas, or exact inference is asked for weights that
        differ within a row.
    InputError
        When a value is neither 0, 1 nor missing, or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field holds only ones or only zeros, is all missing or has fewer than three values: its results
        are NaN.
    NoNeighboursWarning
        When a field has values, but no place of it a neighbour.
    InferenceWarning
        When p by inversion may be far off at some places: `p_error` is above .1.

    Notes
    -----
    A place that holds a zero has BB, `expected`, `variance` and `z` 0 and `p` and `q` 1, since nothing is drawn
    for it; it is no test and does not count in the adjustment. esda gives NaN as p wherever BB is 0, also where
    a one has no ones around it: here that is a test like any other. Missing places are no neighbours and not in
    the population; islands stay in it. Exact p has full relative accuracy down to the smallest float64.

    References
    ----------
    Anselin, L., Li, X. (2019). Operational local join count statistics for cluster detection. Journal of
    Geographical Systems 21, 189-210, eq. 3-5.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray([[1, 1, 0], [1, 0, 0], [0, 0, 0]], dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.local_join_count(raster, lr.Neighbourhood.rook(), alternative="greater")
    >>> result["BB"].values.tolist()
    [[2.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    >>> float(result["p"][0, 0].round(6))
    0.035714
    """
    one_of("weighting", weighting, WEIGHTINGS)
    test = Test.checked(
        INFERENCES, inference, alternative, adjustment=adjustment, family=family, permutations=permutations,
        seed=seed,
    )  # fmt: skip
    fields = read_fields(field, areas=is_graph(neighbourhood))
    _refuse_other_values(fields)
    results = Results(
        fields, ("BB", "expected", "variance", "z", "p", "q"), {"neighbours": np.int32}
    )  # fmt: skip
    for one in each_field(fields, neighbourhood, "local_join_count"):
        fill(results, weighting, test, fields.ids, one)
    results.warn("local_join_count", test.inference)
    results.adjust(test)
    places = results.places
    for name in ("p", "q"):
        places[name][untested(places["variance"])] = 1.0
    attrs = local_provenance(
        "local join count", neighbourhood, inference, permutations, seed, {}, weighting=weighting,
        alternative=alternative, adjustment=adjustment, family=family,
    )  # fmt: skip
    return results.dataset(attrs, {**VARIABLES, **about_p_and_q(adjustment, family)})


def _refuse_other_values(fields: Fields) -> None:
    number, first = other_values(fields.values)
    refuse_other_values(number, first)


def other_values(values: npt.NDArray[Any]) -> tuple[int, Any]:
    """Return how many values are neither 0, 1 nor missing, and the first of them."""
    other = values[(values != 0) & (values != 1) & (values == values)]
    return other.size, other[0] if other.size else None


def refuse_other_values(number: int, first: Any) -> None:
    """Raise an InputError when so many values are neither 0, 1 nor missing."""
    if number:
        raise InputError(
            f"field holds {number} values that are neither 0 nor 1, the first is {first}; local join "
            "counts take bool, or 0 and 1 with NaN where missing: say which values count, as in field <= 4"
        )


def untested(variance: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return at which places nothing can vary, so that p and q are 1: those that hold a zero among them."""
    return np.asarray(variance == 0)


def fill(results: Filled, weighting: Weighting, test: Test, ids: Ints, one: OneField) -> None:
    """Fill the results of a field, or of a band of one, but for q and for p of places without a test.

    Parameters
    ----------
    results : Filled
        Takes them.
    weighting, test
        As in `local_join_count`.
    ids : ndarray of int64
        The numbers by which a random stream knows the places of the whole field.
    one : OneField
        The field.
    """
    own, counts = one.numbers.integers, one.neighbours.counts
    weights = one.neighbours.weights(weighting)
    sums = local_sums(one, weighting, True, test)
    statistic, expected, variance, z = _moments(one, weights)
    p = np.empty(own.size)
    upper, lower, error = sums.tails(test, one.numbered(ids, test))
    local_join_count_p(own, upper, lower, test.alternative, p)
    for name, values in (
        ("BB", statistic), ("expected", expected), ("variance", variance), ("z", z), ("p", p),
        ("neighbours", counts),
    ):  # fmt: skip
        results.put(one, name, values)
    results.describe(one, int((counts == 0).sum()), one.mean, error)


def _moments(one: OneField, weights: Any) -> tuple[Floats, Floats, Floats, Floats]:
    """Return BB, its conditional moments and z-value: 0 where the place holds a zero, NaN for islands."""
    own, counts = one.numbers.integers, one.neighbours.counts
    others, further = one.sums.n - 1.0, one.sums.total - 1.0
    share = further / others
    spread = share * (others - further) / (others - 1.0)
    statistic, expected, variance, z = (np.where(counts == 0, np.nan, 0.0) for _ in range(4))
    at = np.flatnonzero((own == 1) & (counts > 0))
    totals, squares = weights.totals[at], weights.squares[at]
    left = squares - totals * totals / others
    statistic[at] = weights.lags_of(own, as_they_are)[at]
    expected[at] = totals * share
    # all others are neighbours of equal weight: nothing varies but by rounding
    variance[at] = np.where(left > 1e-13 * squares, spread * left, 0.0)
    sd = np.sqrt(variance[at])
    apart = statistic[at] - expected[at]
    z[at] = np.divide(apart, sd, out=np.zeros(at.size), where=sd > 0)
    return statistic, expected, variance, z
