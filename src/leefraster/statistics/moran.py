"""Global Moran's I with its moments over all permutations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from leefraster.fields import read_fields
from leefraster.inference.global_moments import moran_moments
from leefraster.inference.numbers import exact_sum, totals
from leefraster.kernels.decision import p_of_tails
from leefraster.kernels.moran import cross_products
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import WeightSums, is_graph
from leefraster.statistics.plan import (
    ALTERNATIVES,
    WEIGHTINGS,
    OneField,
    each_field,
    one_of,
    provenance,
)

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

SMALLEST = float(np.nextafter(0.0, 1.0))  # p is never 0

VARIABLES: dict[str, dict[str, Any]] = {
    "I": {"long_name": "Moran's I", "units": "1"},
    "expected": {"long_name": "expected I", "units": "1"},
    "variance": {"long_name": "variance of I", "units": "1"},
    "z": {"long_name": "standardised I", "units": "1"},
    "p": {"long_name": "p-value from the normal distribution of z", "units": "1"},
}


def moran(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    weighting: Literal["row", "binary"] = "row",
    assumption: Literal["randomisation", "normality"] = "randomisation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
) -> xr.Dataset:
    """Compute global Moran's I of every field, with expectation, variance, z and p.

    ``I = n / S0 * sum_ij w_ij z_i z_j / sum_i z_i^2`` over the places that hold a value and have a neighbour.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    weighting : {"row", "binary"}
        Weights 1/k_i, standardised over the neighbours that hold a value, or 1.
    assumption : {"randomisation", "normality"}
        Whether the moments are those over all permutations of the values, or those of normal values.
    alternative : {"two-sided", "greater", "less"}
        Refers to I; p is from the normal distribution of z.

    Returns
    -------
    Dataset
        `I`, `expected`, `variance`, `z`, `p` (float64) over the leading dimensions; coordinates `n` (places
        that hold a value and have a neighbour), `islands`, `reference` (their mean).

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, or the field lacks the dimensions.
    InputError
        When a value is infinite or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field is constant, all missing or has fewer than three values: its results are NaN.

    Notes
    -----
    Islands are left out of n, mean and moments: equal to esda after dropping them. Sums are taken in integers,
    so that the result does not depend on threads or on the order of places.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 2.3.

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
    one_of("assumption", assumption, ("randomisation", "normality"))
    one_of("alternative", alternative, tuple(ALTERNATIVES))
    fields = read_fields(field, areas=is_graph(neighbourhood))
    m = fields.values.shape[0]
    columns = {name: np.full(m, np.nan) for name in (*VARIABLES, "reference")}
    columns |= {name: np.zeros(m, np.int64) for name in ("n", "islands")}
    row = weighting == "row"
    shared: tuple[object, WeightSums | None] = (None, None)
    for one in each_field(fields, neighbourhood, "moran"):
        if shared[0] is not one.neighbours:
            shared = (one.neighbours, one.neighbours.weight_sums(row))
        weights = shared[1]
        assert weights is not None
        found = _moran(one, weights, row, assumption == "normality", ALTERNATIVES[alternative])
        for name, value in found.items():
            columns[name][one.row] = value
    attrs = provenance(
        "global Moran's I", neighbourhood, weighting=weighting, assumption=assumption, alternative=alternative
    )
    return fields.summary({name: columns[name] for name in VARIABLES}, {
        name: columns[name] for name in ("n", "islands", "reference")
    }, attrs, VARIABLES)  # fmt: skip


def _moran(
    one: OneField, weights: WeightSums, row: bool, normality: bool, alternative: int
) -> dict[str, float]:
    sums = one.neighbours.sums(one.numbers.integers)
    linked = one.neighbours.counts > 0
    integers, counts = one.numbers.integers, one.neighbours.counts
    if not linked.all():
        integers, counts, sums = integers[linked], counts[linked], sums[linked]
    n = integers.size
    found: dict[str, float] = {"n": n, "islands": int(linked.size - n)}
    if n < 3 or integers.min() == integers.max():
        return found
    own = totals(integers)
    whole, rest = divmod(own.total, n)
    found["reference"] = one.numbers.origin + one.numbers.step * float(own.mean)
    products, fourth = np.empty(n), np.empty(n)
    cross_products(integers, sums, counts, whole, rest / n, row, products, fourth)
    largest = float(max(int(integers.max()) - whole, whole - int(integers.min())) + 1)
    most = 1 if row else int(counts.max())
    squares = float(own.squares)
    statistic = n / weights.s0 * exact_sum(products, largest**2 * most) / squares
    kurtosis = n * exact_sum(fourth, largest**4) / squares**2
    expected, variance = moran_moments(n, weights.s0, weights.s1, weights.s2, kurtosis, normality=normality)
    z = (statistic - expected) / math.sqrt(variance) if variance > 0 else math.nan
    upper, lower = 0.5 * math.erfc(z / math.sqrt(2)), 0.5 * math.erfc(-z / math.sqrt(2))
    p = math.nan if math.isnan(z) else max(float(p_of_tails(upper, lower, alternative)), SMALLEST)
    return found | {"I": statistic, "expected": expected, "variance": variance, "z": z, "p": p}
