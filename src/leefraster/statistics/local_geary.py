"""Local Geary's C (Anselin 1995, 2019) of every place, with conditional permutation inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtr

from leefraster.errors import UsageError
from leefraster.fields import read_fields
from leefraster.inference.geary_tails import geary_tails, permuted_geary_tails
from leefraster.inference.squared_differences import squares_with_others
from leefraster.kernels.local_geary import (
    association,
    local_geary_moments,
    local_geary_p,
    split_squares,
    squared_differences,
    weighted_squared_differences,
)
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import BandNeighbours, is_graph
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.local_options import (
    Adjustment,
    Alternative,
    Family,
    about_p_and_q,
    local_provenance,
)
from leefraster.statistics.plan import (
    WEIGHTINGS,
    Filled,
    OneField,
    Results,
    Test,
    checked_alpha,
    each_field,
    one_of,
)

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

VARIABLES: dict[str, dict[str, Any]] = {
    "C": {"long_name": "local Geary's C", "units": "1"},
    "expected": {"long_name": "expected C under conditional permutation", "units": "1"},
    "variance": {"long_name": "variance of C under conditional permutation", "units": "1"},
    "z": {"long_name": "standardised C, negative where neighbours are alike", "units": "1"},
    "cluster": {
        "long_name": "kind of association where q is at most alpha",
        "flag_values": [0, 1, 2, 3, 4],
        "flag_meanings": "not_significant high-high low-low other_positive negative",
    },
    "neighbours": {"long_name": "neighbours that hold a value"},
}

INFERENCES = ("saddlepoint", "normal", "permutation")
MOMENTS = ("C", "expected", "variance", "z")


@lazily(between_fields)
def local_geary(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    weighting: Weighting = "row",
    inference: Literal["saddlepoint", "normal", "permutation"] = "saddlepoint",
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    adjustment: Adjustment = "benjamini-hochberg",
    family: Family = "field",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute local Geary's C of every place, its p-value, and how the place is like its neighbours.

    ``C_i = sum_j w_ij (x_i - x_j)^2 / s^2`` with s^2 the variance (divisor n) over all places that hold a value.
    A small C says that a place is like its neighbours, a large one that it is not. Under conditional
    permutation x_i is fixed and its k_i neighbours are drawn without replacement from the n - 1 others.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    weighting : {"row", "binary", "given"}
        Mean or sum over the neighbours that hold a value, or the weights as the neighbourhood gives them.
    inference : {"saddlepoint", "normal", "permutation"}
        The permutation distribution, counted where it can be and approximated elsewhere (see Notes); a normal
        approximation with its exact moments, poor where C is skew, as it mostly is; or random permutations.
    alternative : {"two-sided", "greater", "less"}
        Refers to C: "less" asks whether a place is like its neighbours. Two-sided is twice the smaller tail,
        at most 1.
    alpha : float
        Level at which `q` makes a cluster.
    adjustment : {"benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none"}
        How `q` is made from p.
    family : {"field", "all"}
        Whether the tests that are adjusted together are a field's or those of all fields.
    permutations, seed : int
        Of permutation inference: how many, and what the random stream starts from.

    Returns
    -------
    Dataset
        Over the dimensions of `field`: `C`, `expected`, `variance`, `z` (negative where C is small), `p`, `q`
        (float64, NaN for missing places and islands), `cluster` (where q <= alpha: C below its expectation is 1
        high-high or 2 low-low when the place and the plain mean of its neighbours are both above the field's
        mean, or neither, and 3 other positive when one is; 4 negative is C above its expectation; else 0),
        `neighbours` (int32). Coordinates over the leading dimensions: `n`, `islands`, `reference` (the mean),
        `p_error` (NaN: not measured).

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, the neighbourhood is
        smaller than a cell, a graph does not match the areas, or "saddlepoint" is asked for weights that
        differ within a row.
    InputError
        When a value is infinite or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field is constant, all missing, or has fewer than three values: its results are NaN.
    NoNeighboursWarning
        When a field has values, but no place of it a neighbour.

    Notes
    -----
    C equals esda's ``Geary_Local``; spdep's ``localC`` is this times (n - 1) / n. The moments are exact.

    The population of squared differences is another one for every place. p is exact, ties included, with one
    neighbour, where all sets of neighbours can be enumerated (up to 200,000 a place), and where a field has few
    different values (counts up to ten or so, or two to four values of any size). Elsewhere quantiles of C are made
    for a grid of own values and read between them: from transforms of the permutation distribution, and beyond
    1e-9 from the double saddlepoint approximation joined to them. In simulations (normal, lognormal and Pareto
    values, 3 to 316 neighbours) p was off by some 1 to 3 % down to .01 and up to 10 % at .001; in long tails (a
    place that is itself in the top per cent of a lognormal or Pareto field, or sums that one extreme neighbour
    makes up) it can be off by half. Ties are smoothed where they are not counted: of a field of which half is
    zero, p of places that are not zero beside zeros alone is rough, and "permutation" is better. Missing places
    are no neighbours and not in the population; islands stay in it. p is never below 1 / C(n - 1, k), twice that
    two-sided. Sums that are compared one by one (enumerated or permuted) tie where they differ by less than 2e-14
    of their size.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis 27, 93-115, eq. 22.
    Anselin, L. (2019). A local indicator of multivariate spatial association: extending Geary's c. Geographical
    Analysis 51, 133-150 (kinds of association).
    Skovgaard, I. M. (1987). Saddlepoint expansions for conditional distributions. Journal of Applied Probability
    24, 875-887.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.local_geary(raster, lr.Neighbourhood.rook())
    >>> float(result["C"][0, 0].round(6)), float(result["p"][0, 0].round(6))
    (0.75, 0.142857)
    """
    one_of("weighting", weighting, WEIGHTINGS)
    test = Test.checked(
        INFERENCES, inference, alternative, adjustment=adjustment, family=family, permutations=permutations,
        seed=seed,
    )  # fmt: skip
    alpha = checked_alpha(alpha)
    fields = read_fields(field, areas=is_graph(neighbourhood))
    results = Results(
        fields, ("C", "expected", "variance", "z", "p", "q"), {"cluster": np.int8, "neighbours": np.int32}
    )
    for one in each_field(fields, neighbourhood, "local_geary"):
        fill(results, weighting, test, fields.ids, one)
    results.warn("local_geary", test.inference)
    results.adjust(test)
    places = results.places
    places["cluster"][~(places["q"] <= alpha)] = 0
    attrs = local_provenance(
        "local Geary's C", neighbourhood, inference, permutations, seed, {}, weighting=weighting,
        alternative=alternative, alpha=alpha, adjustment=adjustment, family=family,
    )  # fmt: skip
    return results.dataset(attrs, {**VARIABLES, **about_p_and_q(adjustment, family)})


def fill(results: Filled, weighting: Weighting, test: Test, ids: Ints, one: OneField) -> None:
    """Compute the statistic of one field, or of a band of it, but for q; `cluster` is as if all were significant.

    `ids` are the numbers by which the random stream knows the places of the whole field.
    """
    integers = one.numbers.integers
    sums, counts = one.neighbours.sums(integers), one.neighbours.counts
    weights = one.neighbours.weights(weighting)
    refuse_saddlepoint(test, differ=not weights.equal)
    numerator = _numerator(one, sums, counts)
    weighted = _weighted_numerator(one, weights, numerator, counts)
    total, spread = squares_with_others(one.numbers, one.sums, one.whole.powers)
    made = {name: results.room(one, name) for name in (*MOMENTS, "p", "cluster")}
    moments = [made[name] for name in MOMENTS]
    n = one.sums.n
    local_geary_moments(
        weighted, weights.totals, weights.squares, counts, total, spread, n - 1.0, one.squares / n, *moments
    )
    observed = numerator if weights.equal else weighted
    upper, lower = _tails(one, weights, observed, total, made["z"], test, one.numbered(ids, test))
    local_geary_p(upper, lower, test.alternative, made["p"])
    association(integers, sums, counts, *one.centre, n, made["C"], made["expected"], made["cluster"])
    for name, values in (*made.items(), ("neighbours", counts)):
        results.put(one, name, values)
    results.describe(one, int((counts == 0).sum()), one.mean, np.nan)


def refuse_saddlepoint(test: Test, *, differ: bool) -> None:
    """Refuse the saddlepoint for weights that differ.

    Raises
    ------
    UsageError
        When they do and it is asked for.
    """
    if differ and test.inference == "saddlepoint":
        raise UsageError(
            "inference is 'saddlepoint', but the weights differ within a neighbourhood; use "
            "inference='permutation' (or 'normal'), or weighting='binary'"
        )


def _numerator(one: OneField, sums: Ints, counts: Ints) -> Floats:
    """Return the sum of squared differences with the neighbours, in steps squared, from neighbour sums."""
    integers, neighbours = one.numbers.integers, one.neighbours
    half = (one.numbers.bits + 1) // 2
    around, sums_of, own = integers, neighbours.sums, slice(None)
    if isinstance(neighbours, BandNeighbours):
        around, sums_of, own = neighbours.around, neighbours.sums_around, neighbours.core
    high, low = np.empty_like(around), np.empty_like(around)
    split_squares(around, half, high, low)
    out = np.empty(integers.size)
    squared_differences(
        integers, counts, sums, high[own], low[own], sums_of(high), sums_of(low), 2 * half, out
    )
    return out


def _weighted_numerator(one: OneField, weights: Any, numerator: Floats, counts: Ints) -> Floats:
    """Return the weighted sum of squared differences: from their sum where weights are equal, else by rows."""
    if weights.equal:
        return np.asarray(numerator * (weights.totals / np.maximum(counts, 1)))
    starts, neighbours, each = weights.rows()
    own, out = one.numbers.integers, np.empty(counts.size)
    around = one.neighbours.around if isinstance(one.neighbours, BandNeighbours) else own
    weighted_squared_differences(starts, neighbours, each, own, around, out)
    return out


def _tails(
    one: OneField, weights: Any, numerator: Floats, total: Floats, z: Floats, test: Test, places: Ints
) -> tuple[Floats, Floats]:
    """Return P(C >= observed) and P(C <= observed)."""
    integers, counts, whole = one.numbers.integers, one.neighbours.counts, one.whole
    if test.inference == "normal":
        return ndtr(-z), ndtr(z)
    if test.inference == "permutation":
        each = None if weights.equal else weights.rows()[2]
        values, before = (integers, 0) if whole.drawn is None else (whole.drawn.values, whole.drawn.before)
        return permuted_geary_tails(
            values, numerator, counts, test.permutations, test.seed, places, each, before=before
        )
    if whole.geary is not None:
        return whole.geary.tails(integers, total, numerator, counts)
    return geary_tails(one.numbers, one.sums, total, numerator, counts)
