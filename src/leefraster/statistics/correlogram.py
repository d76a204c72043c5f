"""The spatial correlogram: Moran's I between places at growing distance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import xarray as xr

from leefraster.errors import UsageError
from leefraster.fields import read_fields
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.statistics.global_plan import (
    ASSUMPTIONS,
    INFERENCES,
    TESTED,
    GlobalResults,
    dataset,
    run,
    test_attrs,
    tested_attrs,
)
from leefraster.statistics.moran import moran_statistic
from leefraster.statistics.plan import Test, one_of, provenance

VARIABLES: dict[str, dict[str, Any]] = {
    "I": {"long_name": "Moran's I between places at this distance", "units": "1"},
    **tested_attrs("I"),
    "pairs": {"long_name": "pairs of places at this distance"},
}


@lazily(between_fields, constant=("inner", "outer"))
def correlogram(
    field: xr.DataArray,
    distances: Sequence[float],
    *,
    weighting: Literal["row", "binary"] = "row",
    assumption: Literal["randomisation", "normality"] = "randomisation",
    inference: Literal["normal", "permutation"] = "normal",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Compute Moran's I between the cells in rings of growing distance, with expectation, variance, z and p.

    The first ring holds the cells whose centre lies at most ``distances[0]`` metres away, every next one those
    beyond the distance before and at most its own. I of a ring is that of `moran` with the ring as
    neighbourhood.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`) or (..., `y`, `x`); NaN is missing. All leading dimensions are mapped.
    distances : sequence of float, shape (d,)
        Outer limits of the rings in metres, increasing.
    weighting : {"row", "binary"}
        Weights standardised to a sum of 1 over the cells in the ring that hold a value, or 1.
    assumption : {"randomisation", "normality"}
        Whether the moments are those over all permutations of the values, or those of normal values.
    inference : {"normal", "permutation"}
        Where p comes from: the normal distribution of z, or random permutations of all values.
    alternative : {"two-sided", "greater", "less"}
        Refers to I.
    permutations, seed : int
        How many random permutations, and which: see `moran`.

    Returns
    -------
    Dataset
        `I`, `expected`, `variance`, `z`, `p` (float64) over the leading dimensions and `distance` (the rings'
        outer limits, metres). Coordinates `inner` and `outer` (the rings' limits, metres) over `distance`;
        `pairs` (pairs of cells at this distance, each counted once), `n` (cells with a value and at least one
        other in the ring), `islands`, `reference` (the mean of the n) over all of these.

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, distances do not increase from above 0, a ring holds no
        neighbouring centre, or the field lacks the dimensions.
    InputError
        When a value is infinite or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field is constant, all missing or has fewer than three values, or the cells that have
        another one in a ring are: these results are NaN.
    NoNeighboursWarning
        When no cell has another one in a ring: these results are NaN.

    Notes
    -----
    Every ring is tested by itself; the p of several rings are not adjusted and not independent. `n` differs
    between rings, since a cell without another one in the ring is an island there. Memory is O(n), whatever the
    number of rings.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 5.3.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.add.outer(np.arange(6.0), np.arange(6.0)), dims=("y", "x"),
    ...                       coords={"y": np.arange(550.0, 0, -100), "x": np.arange(50.0, 600, 100)})
    >>> result = lr.correlogram(raster, [100, 200, 300])
    >>> result["I"].values.round(3).tolist()
    [0.889, 0.669, 0.314]
    >>> result["pairs"].values.tolist()
    [60, 98, 148]
    """
    one_of("weighting", weighting, ("row", "binary"))
    one_of("assumption", assumption, ASSUMPTIONS)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    limits = _limits(distances)
    rings = [Neighbourhood.ring(inner, outer) for inner, outer in pairwise(limits)]
    fields = read_fields(field)
    assert fields.grid is not None
    sizes = np.array([ring.size(fields.grid.cell) for ring in rings])
    widest = np.argsort(-sizes, kind="stable")  # the widest first: its sums are the longest
    m = fields.values.shape[0]
    results = GlobalResults(m, len(rings), 1)
    make = moran_statistic(assumption).made
    run("correlogram", fields, [rings[i] for i in widest], weighting, make, results, test)
    back = np.argsort(widest)
    attrs = provenance(
        "correlogram of Moran's I", rings[0], weighting=weighting, assumption=assumption,
        alternative=alternative, **test_attrs(test),
    )  # fmt: skip
    attrs["neighbourhood"] = ", ".join(map(repr, rings))
    wide = {"I": results.tested["value"]} | {name: results.tested[name] for name in TESTED}
    return dataset(
        fields,
        {},
        {name: values[:, back] for name, values in results.about.items()},
        attrs,
        VARIABLES,
        along=_rings(limits),
        wide={name: values[:, back, 0] for name, values in wide.items()},
    )


def _limits(distances: Sequence[float]) -> list[float]:
    """Return the limits of the rings, from 0, when they increase."""
    found = [0.0, *(float(distance) for distance in np.atleast_1d(np.asarray(distances, dtype=float)))]
    if len(found) < 2 or not np.isfinite(found).all() or any(b <= a for a, b in pairwise(found)):
        raise UsageError(
            f"distances are {list(map(float, found[1:]))}; they must be finite, above 0 and increasing (metres)"
        )
    return found


def _rings(limits: list[float]) -> xr.DataArray:
    metres = {"units": "m"}
    return xr.DataArray(
        limits[1:],
        dims="distance",
        coords={
            "inner": ("distance", limits[:-1], {"long_name": "inner limit of the ring, excluded", **metres}),
            "outer": ("distance", limits[1:], {"long_name": "outer limit of the ring, included", **metres}),
        },
        attrs={"long_name": "outer limit of the ring", **metres},
    )
