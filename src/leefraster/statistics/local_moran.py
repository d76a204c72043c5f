"""Local Moran's I (Anselin 1995) of every place, of one variable or two, with exact permutation inference."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.fields import read_fields
from leefraster.inference.numbers import deviations
from leefraster.inference.tails import INFERENCES, Inference
from leefraster.kernels.decision import p_of_all
from leefraster.kernels.local_moran import local_moran_of_sums, significant
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.centre import Centred, centred_on
from leefraster.statistics.local_options import (
    Adjustment,
    Alternative,
    Family,
    about_p_and_q,
    local_provenance,
)
from leefraster.statistics.local_sums import local_sums
from leefraster.statistics.partner import partner_of, weights_of
from leefraster.statistics.parts import by_part
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

VARIABLES: dict[str, dict[str, Any]] = {
    "I": {"long_name": "local Moran's I", "units": "1"},
    "lag": {"long_name": "mean of the neighbours, weighted where their weights differ"},
    "expected": {"long_name": "expected I under conditional permutation", "units": "1"},
    "variance": {"long_name": "variance of I under conditional permutation", "units": "1"},
    "z": {"long_name": "standardised I", "units": "1"},
    "quadrant": {
        "long_name": "quadrant of the Moran scatterplot",
        "flag_values": [0, 1, 2, 3, 4],
        "flag_meanings": "missing high-high low-high low-low high-low",
    },
    "cluster": {
        "long_name": "quadrant where q is at most alpha",
        "flag_values": [0, 1, 2, 3, 4],
        "flag_meanings": "not_significant high-high low-high low-low high-low",
    },
    "neighbours": {"long_name": "neighbours that hold a value"},
}


@lazily(between_fields)
def local_moran(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    other: xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
    weighting: Weighting = "row",
    inference: Inference = "exact",
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    adjustment: Adjustment = "benjamini-hochberg",
    family: Family = "field",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute local Moran's I of every place, its p-value and the cluster it belongs to.

    ``I_i = (n - 1) z_i lag_i / sum z^2`` with z the deviation from the mean over all places that hold a value,
    and lag the mean (``weighting="row"``) or sum of z over the neighbours that hold one. With `other` it is the
    bivariate ``I_i = (n - 1) x_i lag(y)_i / sqrt(sum x^2 sum y^2)``, x and y the deviations of `field` and `other`:
    do places that are high in one variable lie among places that are high in the other? Under conditional
    permutation z_i is fixed and its k_i neighbours are drawn without replacement from the n - 1 others (their
    y; y_i is not drawn).

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing. All leading
        dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour, with which weight; a graph's ids are matched to the labels of the areas.
    other : DataArray, optional
        A second variable over the same places, with the leading dimensions of `field` or some of them. The
        population are the places with both values.
    weights : DataArray, optional
        What each place counts for in the mean from which high and low are measured (dwellings, say), at least
        0 and given wherever there is a value; same places and leading dimensions as for `other`. By default
        every place counts once. z, lag and quadrant, and so I and its moments, are then about the weighted
        mean; p changes only where the sign of z_i does.
    weighting : {"row", "binary", "given"}
        Weights within the neighbourhood: standardised to a sum of 1 over the neighbours that hold a value, all
        1, or as the neighbourhood has them.
    inference : {"exact", "inversion", "normal", "permutation"}
        The exact permutation distribution, for weights that are equal within a row; the inverted characteristic
        function, for weights that differ (where they are equal it is the exact one); a normal approximation
        with exact moments; or random permutations, each place with draws of its own.
    alternative : {"two-sided", "greater", "less"}
        Refers to I; two-sided is twice the smaller tail, at most 1.
    alpha : float
        Level at which `q` makes a cluster.
    adjustment : {"benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none"}
        How `q` is made from p: for the false-discovery rate, the same under any dependence, for the chance of
        one false rejection, or not at all.
    family : {"field", "all"}
        Whether the tests that are adjusted together are a field's or those of all fields.
    permutations, seed : int
        Of ``inference="permutation"``. A tail is (r + 1) / (permutations + 1) with r permutations as extreme,
        ties included. The draws follow from the seed, the cell id (for areas the position) and the number of
        the permutation, whatever the threads.

    Returns
    -------
    Dataset
        Over the dimensions of `field`: `I`, `lag` (the neighbours' mean, weighted where weights differ, unit of
        the field), `expected`, `variance`, `z`, `p`, `q` (float64, NaN for missing places and islands),
        `quadrant` (1 high-high, 2 low-high, 3 low-low, 4 high-low: the place, then its neighbours; a deviation
        of 0 counts as low), `cluster` (the quadrant where q <= alpha, else 0), `neighbours` (int32). Coordinates
        over the leading dimensions: `n`, `islands`, `reference` (the mean that high and low are measured from),
        `p_error`, and with `other` its mean `reference_other`.

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, the neighbourhood is
        smaller than a cell, a graph does not match the areas, `other` or `weights` lies on other places, or
        exact inference is asked for weights that differ within a row.
    InputError
        When a value is infinite, a cell occurs twice, or a weight of `weights` is negative, missing, or all are 0.

    Warns
    -----
    NoVarianceWarning
        When a field is constant, all missing, or has fewer than three values: its results are NaN.
    NoNeighboursWarning
        When a field has values, but no place of it a neighbour.
    InferenceWarning
        When p by inversion may be far off at some places: `p_error` is above .1.

    Notes
    -----
    Missing places are no neighbours and not in the population. An island (no neighbour) has no result, but
    stays in n, mean and draws. A place whose z is 0 has I = 0, z = 0 and p = 1. `I` and `quadrant` equal
    esda's, also those of its ``Moran_Local_BV``; `expected` and `variance` are esda's `EIc` times (n-1)/n and
    `VIc` times its square, since those belong to spdep's I, which is n/(n-1) times esda's. The exact method is
    described in docs/exact-inference.md.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis 27, 93-115, eq. 12.
    Sokal, R. R., Oden, N. L., Thomson, B. A. (1998). Local spatial autocorrelation in a biological model.
    Geographical Analysis 30, 331-354 (conditional moments).
    Anselin, L., Syabri, I., Smirnov, O. (2002). Visualizing multivariate spatial correlation with dynamically
    linked windows. CSISS, Santa Barbara (bivariate).
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application. Cambridge, section 4.2
    (permutation p).

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.local_moran(raster, lr.Neighbourhood.rook())
    >>> float(result["I"][0, 0].round(6)), float(result["p"][0, 0].round(6))
    (1.066667, 0.142857)
    >>> drawn = lr.local_moran(raster, lr.Neighbourhood.rook(), inference="permutation", permutations=9999)
    >>> bool(abs(drawn["p"][0, 0] - result["p"][0, 0]) < 0.02)
    True
    """
    one_of("weighting", weighting, WEIGHTINGS)
    test = Test.checked(
        INFERENCES, inference, alternative,
        adjustment=adjustment, family=family, permutations=permutations, seed=seed,
    )  # fmt: skip
    alpha = checked_alpha(alpha)
    fields = read_fields(field, areas=is_graph(neighbourhood))
    partner = None if other is None else partner_of(fields, other, "other")
    centring = weights_of(fields, weights)
    results = Results(
        fields,
        ("I", "lag", "expected", "variance", "z", "p", "q"),
        {"quadrant": np.int8, "cluster": np.int8, "neighbours": np.int32},
    )
    if other is not None:
        results.scalars["reference_other"] = np.full(fields.values.shape[0], np.nan)
    for one in each_field(fields, neighbourhood, "local_moran", partner):
        given = None if centring is None else centring.row(one.row)[one.valid]
        compute = partial(fill, results, weighting, test, fields.ids)
        by_part(centred_on(one, given), test, own_fixed=True, fill=compute)
    results.warn("local_moran", test.inference)
    results.adjust(test)
    places = results.places
    for quadrant, q, cluster in zip(places["quadrant"], places["q"], places["cluster"], strict=True):
        significant(quadrant, q, alpha, cluster)
    attrs = local_provenance(
        "local Moran's I" if other is None else "bivariate local Moran's I", neighbourhood, inference,
        permutations, seed, {"other": other, "weights": weights}, weighting=weighting, alternative=alternative,
        alpha=alpha, adjustment=adjustment, family=family,
    )  # fmt: skip
    return results.dataset(attrs, _variable_attrs(field if other is None else other, adjustment, family))


def _variable_attrs(lagged: xr.DataArray, adjustment: str, family: str) -> dict[str, dict[str, Any]]:
    unit = {"units": lagged.attrs["units"]} if "units" in lagged.attrs else {}
    about = {
        "reference_other": {"long_name": "mean of the other variable, from which the lag is measured", **unit}
    }
    return {**VARIABLES, **about_p_and_q(adjustment, family), **about, "lag": {**VARIABLES["lag"], **unit}}


FILLED = ("I", "expected", "variance", "z", "quadrant")


def fill(
    results: Filled,
    weighting: Weighting,
    test: Test,
    ids: Ints,
    one: OneField,
) -> None:
    """Compute the statistic of one field, or of a part or band of it, but for q and what follows from q.

    `ids` are the numbers by which the random stream knows the places of the whole field.
    """
    sums = local_sums(one, weighting, own_fixed=True, test=test)
    centres = one.whole.centres
    own = Centred.on(one.numbers, one.sums, None if centres is None else centres[0])
    lagged = own if one.other is None else Centred.on(*one.other, None if centres is None else centres[1])
    n, from_centre = one.sums.n, own.deviations
    upper, lower, error = sums.tails(test, one.numbered(ids, test))
    p = results.room(one, "p")
    p_of_all(upper, lower, from_centre, test.alternative, p)
    scale = (n - 1) / (own.squares if lagged is own else math.sqrt(own.squares * lagged.squares))
    unchanged = lagged is own and centres is None
    from_mean = from_centre if unchanged else deviations(lagged.numbers, lagged.sums)
    statistic, expected, variance, z, quadrant = (results.room(one, name) for name in FILLED)
    z[...] = sums.z
    local_moran_of_sums(
        from_centre, from_mean, sums.observed, sums.counts, lagged.whole, lagged.fraction,
        lagged.floors(int(sums.counts.max(initial=0))), sums.lags(lagged), sums.totals, sums.spread,
        n, lagged.offset, scale, statistic, expected, variance, z, quadrant,
    )  # fmt: skip
    for name, values in (
        *zip(FILLED, (statistic, expected, variance, z, quadrant), strict=True),
        ("p", p), ("lag", sums.means(results.room(one, "lag"))), ("neighbours", one.neighbours.counts),
    ):  # fmt: skip
        results.put(one, name, values)
    results.describe(one, int((sums.counts == 0).sum()), own.reference, error)
    if one.other is not None:
        results.scalars["reference_other"][one.row] = lagged.reference
