"""Getis-Ord G and G* (Ord & Getis 1995) of every place, with exact permutation inference."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import UsageError
from leefraster.fields import read_fields
from leefraster.inference.tails import INFERENCES, Inference
from leefraster.kernels.decision import p_of_all
from leefraster.kernels.getis_ord import getis_ord_shares, sides, spots
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
from leefraster.statistics.local_sums import EqualSums, local_sums
from leefraster.statistics.partner import weights_of
from leefraster.statistics.parts import by_part
from leefraster.statistics.plan import WEIGHTINGS, Filled, OneField, Results, Test, each_field, one_of
from leefraster.statistics.weighted_sums import WeightedSums

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

Ints = npt.NDArray[np.int64]

LARGE, SMALLER = 1e280, 2.0**-64

VARIABLES: dict[str, dict[str, Any]] = {
    "G": {
        "long_name": "Getis-Ord statistic: share of the total that lies in the neighbourhood",
        "units": "1",
    },
    "z": {"long_name": "standardised local sum (Ord & Getis 1995)", "units": "1"},
    "spot": {
        "long_name": "hot or cold spot at 90, 95, 99 % after adjustment",
        "flag_values": [-3, -2, -1, 0, 1, 2, 3],
        "flag_meanings": "cold_99 cold_95 cold_90 not_significant hot_90 hot_95 hot_99",
    },
    "neighbours": {"long_name": "neighbours that hold a value, the place itself not counted"},
}


@lazily(between_fields)
def getis_ord(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    star: bool = True,
    weights: xr.DataArray | None = None,
    weighting: Weighting = "row",
    inference: Inference = "exact",
    alternative: Alternative = "two-sided",
    adjustment: Adjustment = "benjamini-hochberg",
    family: Family = "field",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute Getis-Ord G* (or G) of every place, its p-value, and the hot or cold spot it makes.

    ``G_i* = sum_j w_ij x_j / sum_j x_j`` over the place itself and its neighbours; G leaves the place out above
    and below. z is the local sum, standardised by its moments under permutation: for G the place's own value is
    fixed and its k neighbours are drawn from the n - 1 others, for G* all k + 1 values are drawn from all n.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing. All leading
        dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour, with which weight; the place itself is added for G*. Where weights differ, its own
        is the decay at distance 0; for inverse distance, and for a graph that gives none, the largest of its row.
    star : bool
        G* when true, G when false.
    weights : DataArray, optional
        What each place counts for in the mean that is reported as `reference` (dwellings, say), at least 0
        and given wherever there is a value; the places of `field`, with its leading dimensions or some of them.
        G, z and p do not change; `spot` is 0 where the local mean does not lie on z's side of that reference.
    weighting : {"row", "binary", "given"}
        Weights within the neighbourhood: standardised to a sum of 1 over those that hold a value, all 1, or as
        the neighbourhood has them. z and p are the same under "row" and "given".
    inference : {"exact", "inversion", "normal", "permutation"}
        The exact permutation distribution, for weights that are equal within a row; the inverted characteristic
        function, for weights that differ (where they are equal it is the exact one); the normal approximation;
        or random permutations, each place with draws of its own.
    alternative : {"two-sided", "greater", "less"}
        Refers to the local sum, hence to z.
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
        Over the dimensions of `field`: `G` (NaN where its denominator is not positive, as for deviations from
        a mean), `z`, `p`, `q` (float64; NaN for missing places and islands), `spot` (-3..3 by q at .01, .05,
        .10; negative is cold) and `neighbours` (int32). Coordinates over the leading dimensions: `n`, `islands`,
        `reference`, `p_error`.

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, the neighbourhood is
        smaller than a cell, a graph does not match the areas, `weights` lies on other places, or exact inference
        is asked for weights that differ within a row.
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
    z is that of Ord & Getis (1995), as spdep's ``localG`` and ArcGIS report it; esda's analytical z under its
    default row standardisation is smaller. Under strong autocorrelation "cold" says little more than "below
    the mean".

    References
    ----------
    Ord, J. K., Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27, 286-306,
    eq. 5-8.
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application. Cambridge, section 4.2
    (permutation p).

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> result = lr.getis_ord(raster, lr.Neighbourhood.rook())
    >>> float(result["z"][2, 2].round(6)), float(result["p"][2, 2].round(6))
    (2.065591, 0.047619)
    """
    one_of("weighting", weighting, WEIGHTINGS)
    if not isinstance(star, bool | np.bool_):
        raise UsageError(f"star is {star!r}; it must be True, for G*, or False, for G")
    test = Test.checked(
        INFERENCES, inference, alternative,
        adjustment=adjustment, family=family, permutations=permutations, seed=seed,
    )  # fmt: skip
    fields = read_fields(field, areas=is_graph(neighbourhood))
    centring = weights_of(fields, weights)
    results = Results(fields, ("G", "z", "p", "q"), {"spot": np.int8, "neighbours": np.int32})
    for one in each_field(fields, neighbourhood, "getis_ord", own=star):
        given = None if centring is None else centring.row(one.row)[one.valid]
        compute = partial(fill, results, star, weighting, test, fields.ids)
        by_part(centred_on(one, given), test, own_fixed=not star, fill=compute)
    results.warn("getis_ord", test.inference)
    results.adjust(test)
    places = results.places
    for q, spot in zip(places["q"], places["spot"], strict=True):
        spots(q, spot)
    attrs = local_provenance(
        "Getis-Ord G*" if star else "Getis-Ord G", neighbourhood, inference, permutations, seed,
        {"weights": weights}, weighting=weighting, alternative=alternative, adjustment=adjustment, family=family,
    )  # fmt: skip
    return results.dataset(attrs, {**VARIABLES, **about_p_and_q(adjustment, family)})


def fill(
    results: Filled,
    star: bool,
    weighting: Weighting,
    test: Test,
    ids: Ints,
    one: OneField,
) -> None:
    """Compute the statistic of one field, or of a part or band of it, but for q and what follows from q.

    `ids` are the numbers by which the random stream knows the places of the whole field; `spot` is -1 or 1 by the
    sign of z, and 0 where places are weighted and the local mean does not lie on that side of the centre.
    """
    sums = local_sums(one, weighting, own_fixed=not star, test=test)
    numbers, n = one.numbers, one.sums.n
    statistic, p = results.room(one, "G"), results.room(one, "p")
    # a share is the same in any unit: in a larger one sums of values near the largest double are numbers
    unit = SMALLER if max(abs(numbers.origin), numbers.step * numbers.largest) > LARGE else 1.0
    origin, step = unit * numbers.origin, unit * numbers.step
    own = np.empty(0) if star else origin + step * numbers.integers
    total = n * origin + step * one.sums.total
    local = sums.means(np.empty(sums.z.size))
    if unit != 1.0:
        local *= unit
    if weighting != "row":
        local *= sums.totals
    getis_ord_shares(local, own, total, statistic)
    upper, lower, error = sums.tails(test, one.numbered(ids, test))
    p_of_all(upper, lower, np.empty(0), test.alternative, p)
    centred = None if one.whole.centres is None else Centred.on(numbers, one.sums, one.whole.centres[0])
    spot = results.room(one, "spot")
    sides(sums.z, np.empty(0, np.bool_) if centred is None else _on_side_of_z(sums, centred), spot)
    for name, values in (
        ("G", statistic), ("z", sums.z), ("p", p), ("spot", spot), ("neighbours", one.neighbours.counts),
    ):  # fmt: skip
        results.put(one, name, values)
    reference = one.mean if centred is None else centred.reference
    results.describe(one, int((sums.counts == 0).sum()), reference, error)


def _on_side_of_z(sums: EqualSums | WeightedSums, centred: Centred) -> npt.NDArray[np.bool_]:
    """Return where the local mean lies above the centre and z above 0, or both below."""
    above, below = sums.beside(centred)
    found: npt.NDArray[np.bool_] = (above & (sums.z > 0)) | (below & (sums.z < 0))
    return found
