"""Join counts: how many pairs of neighbours are both black, both white, or of two colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
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
    TESTED,
    GlobalResults,
    Statistic,
    dataset,
    only_randomisation,
    over_fields,
    tested_attrs,
)
from leefraster.statistics.linked import LinkedSums
from leefraster.statistics.plan import WEIGHTINGS, Test, one_of

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

Ints = npt.NDArray[np.int64]
JOINS = ("BB", "WW", "BW")
VARIABLES: dict[str, dict[str, Any]] = {
    "BB": {"long_name": "joins of places that both are 1", "units": "1"},
    "WW": {"long_name": "joins of places that both are 0", "units": "1"},
    "BW": {"long_name": "joins of a place that is 1 and one that is 0", "units": "1"},
    "chi2": {"long_name": "chi-squared of the table of joins, corrected for continuity", "units": "1"},
    "chi2_p": {"long_name": "p-value of chi2 with one degree of freedom", "units": "1"},
    **tested_attrs("join count"),
}


@lazily(between_fields)
def join_count(
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
    """Count the joins of like and unlike places of every field, with expectation, variance, z and p.

    With x_i = 1 for black and 0 for white places, ``BB = sum_ij w_ij x_i x_j / 2``,
    ``WW = sum_ij w_ij (1 - x_i) (1 - x_j) / 2`` and ``BW = sum_ij w_ij (x_i - x_j)^2 / 2``: under binary weights
    every pair of neighbours is counted once, and the three add up to the number of pairs.

    Parameters
    ----------
    field : DataArray
        bool, or 0 and 1 with NaN for missing, over (..., `cell`), (..., `y`, `x`) or, with a graph,
        (..., areas). All leading dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour. In a graph that is not symmetric a pair linked one way counts for a half.
    weighting : {"binary", "row", "given"}
        Weights of 1, or standardised to a sum of 1 over the neighbours that hold a value, or as they are.
    assumption : {"randomisation"}
        Moments are those over all permutations of the colours (non-free sampling).
    inference : {"normal", "permutation"}
        Where p comes from: the normal distribution of z, or random permutations of all values.
    alternative : {"two-sided", "greater", "less"}
        Refers to each count: like places together give many BB and WW and few BW.
    permutations, seed : int
        How many random permutations, and which: see `moran`.

    Returns
    -------
    Dataset
        `BB`, `WW`, `BW` (float64) over the leading dimensions; `expected`, `variance`, `z`, `p` over these and
        `join`, whose labels are BB, WW and BW; `chi2` and `chi2_p` of the table of joins by colour of the
        place and of its neighbour, corrected for continuity, as esda (NaN under other than binary weights, or
        where a colour has no joins). Coordinates `n` (places that hold a value and have a neighbour), `islands`,
        `pairs` (of neighbours), `reference` (the share that is 1).

    Raises
    ------
    UsageError
        When an option has a value that is not allowed, the field lacks the dimensions, or a graph does not
        match the areas.
    InputError
        When a value is neither 0, 1 nor missing, or a cell occurs twice.

    Warns
    -----
    NoVarianceWarning
        When a field is of one colour, all missing or has fewer than three values, or the places with a neighbour
        are: its results are NaN.
    NoNeighboursWarning
        When no place with a value has a neighbour: results are NaN.

    Notes
    -----
    Islands are left out of n and moments: equal to esda after dropping them. Moments equal those of spdep's
    `joincount.multi` (its default is row weights) and need four places. `chi2` takes the joins for independent,
    which they are not: it is there to compare with esda.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 1.4.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> halves = np.repeat([[False, False, True, True]], 4, axis=0)
    >>> raster = xr.DataArray(halves, dims=("y", "x"),
    ...                       coords={"y": [350.0, 250, 150, 50], "x": [50.0, 150, 250, 350]})
    >>> result = lr.join_count(raster, lr.Neighbourhood.rook())
    >>> float(result["BB"]), float(result["WW"]), float(result["BW"])
    (10.0, 10.0, 4.0)
    >>> float(result["expected"].sel(join="BB").round(6))
    5.6
    """
    one_of("weighting", weighting, WEIGHTINGS)
    only_randomisation("join_count", assumption)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    fields = read_fields(field, areas=is_graph(neighbourhood))
    refuse_other_colours(*other_colours(fields.values))
    return over_fields(
        join_statistic(weighting), fields, neighbourhood, test, weighting=weighting, assumption=assumption,
        alternative=alternative,
    )  # fmt: skip


def join_statistic(weighting: str) -> Statistic:
    """State the join counts."""
    return Statistic(
        "join_count", "join counts", partial(_join_forms, weighting), partial(_labelled, weighting),
        added=_black_links, count=len(JOINS), extra=("chi2", "chi2_p"),
    )  # fmt: skip


def _black_links(integers: Ints, counts: Ints, origin: float, step: float) -> int:  # noqa: ARG001
    """Return how many neighbours the black places have together."""
    return int(counts[integers > 0].sum())


def _join_forms(weighting: str, of: LinkedSums, black_links: int) -> tuple[Sequence[Form], dict[str, float]]:
    """Return BB, WW and BW as forms: with m the share of black, 2 BB is S0 m^2 + m T + M."""
    weights, black = of.weights, float(of.sums.mean)
    white = 1 - black
    factors = (
        (weights.s0 * black**2 / 2, 0.5, black / 2),
        (weights.s0 * white**2 / 2, 0.5, -white / 2),
        (weights.s0 * black * white, -1.0, (white - black) / 2),
    )
    forms = [
        product_form(
            of.powers, weights.s0, weights.s1, weights.s2,
            constant=constant, products=products, linear=linear,
        )
        for constant, products, linear in factors
    ]  # fmt: skip
    if weighting != "binary":
        return forms, {}
    return forms, _chi_squared(black_links, *(f.of(of.products, of.linear, 0.0) for f in forms))


def _chi_squared(black_links: int, both_black: float, both_white: float, unlike: float) -> dict[str, float]:
    """Return chi-squared, corrected for continuity (Yates), of the joins by colour of place and neighbour."""
    from_black = black_links / 2 - both_black
    table = np.array([[both_white, unlike - from_black], [from_black, both_black]])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1.0)
    if not (expected > 0).all():
        return {"chi2": math.nan, "chi2_p": math.nan}
    apart = np.abs(table - expected)
    chi2 = float((np.square(apart - np.minimum(apart, 0.5)) / expected).sum())
    return {"chi2": chi2, "chi2_p": math.erfc(math.sqrt(chi2 / 2))}


def _labelled(weighting: str, fields: Fields, results: GlobalResults, attrs: dict[str, Any]) -> xr.Dataset:
    values = results.tested["value"][:, 0, :]
    if weighting == "binary":  # counts, or halves of them: what float error there is goes
        values = np.round(2 * values) / 2
    counted = {name: values[:, number] for number, name in enumerate(JOINS)}
    return dataset(
        fields,
        counted | {name: results.extra[name][:, 0] for name in ("chi2", "chi2_p")},
        {name: about[:, 0] for name, about in results.about.items()},
        attrs,
        VARIABLES,
        along=xr.DataArray(list(JOINS), dims="join", attrs={"long_name": "colours of the two places"}),
        wide={name: results.tested[name][:, 0, :] for name in TESTED},
    )


def other_colours(values: npt.NDArray[Any]) -> tuple[int, list[Any]]:
    """Return how many values are neither 0, 1 nor missing, and the first five of them."""
    if values.dtype.kind == "b":
        return 0, []
    strange = values[~((values == 0) | (values == 1) | np.isnan(values))]
    return strange.size, strange[:5].tolist()


def refuse_other_colours(number: int, first: list[Any]) -> None:
    """Raise an InputError when so many values are neither 0, 1 nor missing."""
    if number:
        raise InputError(
            f"join_count: {number} values are neither 0, 1 nor missing; first: {first}. "
            "Give a condition, such as (field > cut).where(field.notnull())"
        )
