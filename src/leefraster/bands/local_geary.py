"""Local Geary's C of a field in bands."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from leefraster.bands.runner import Runner
from leefraster.bands.shared import of_squared_differences
from leefraster.bands.sink import Sink
from leefraster.bands.source import BandedField
from leefraster.bands.work import CELLS, BandResults, Figures, Local, Progress, Values, Work
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours.weights import Weighting
from leefraster.statistics import local_geary
from leefraster.statistics.local_options import Adjustment, Alternative
from leefraster.statistics.plan import WEIGHTINGS, OneField, Test, checked_alpha, one_of

NAMES = ("C", "expected", "variance", "z", "p", "q", "cluster", "neighbours")


def local_geary_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    weighting: Weighting = "row",
    inference: Literal["saddlepoint", "normal", "permutation"] = "saddlepoint",
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    adjustment: Adjustment = "benjamini-hochberg",
    permutations: int = 999,
    seed: int = 0,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Figures:
    """Compute local Geary's C of a field that need not fit in memory; the same bytes as `lr.local_geary`.

    ``C_i = sum_j w_ij (x_i - x_j)^2 / s^2`` with s^2 the variance (divisor n) over all cells that hold a value.

    Parameters
    ----------
    source : BandedField
        The field; NaN is missing.
    neighbourhood : Neighbourhood
        Queen, rook, disc, ring or decay; for the last, pairs of neighbours of a band are held, some 50 bytes each.
    sink : Sink
        Takes `C expected variance z p q cluster neighbours`, which mean what they do in `lr.local_geary`.
    weighting, inference, alternative, alpha, adjustment, permutations, seed
        As in `lr.local_geary`. For "saddlepoint" and "permutation" the values of the whole field are held, 8 bytes
        a cell, and for a moment some 33 bytes a cell while tables are made of them.
    cells, multiple, runner, scratch, progress
        As in `local_moran_by_band`.

    Returns
    -------
    Figures
        n, islands, reference (the mean), p_error (NaN: not measured), and how many bands there were.

    Raises
    ------
    UsageError
        When the field is no BandedField, the neighbourhood no Neighbourhood, an option is not allowed, or
        "saddlepoint" is asked for weights that differ.
    InputError
        When a value is infinite.

    Warns
    -----
    NoVarianceWarning, NoNeighboursWarning
        As `lr.local_geary`; results are NaN then.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis 27, 93-115, eq. 22.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> values = np.random.default_rng(0).normal(size=2000)
    >>> field = lr.bands.BandedField.of(np.arange(2000), values, lr.Grid(0, 4000, 50, 40))
    >>> found = {"C": np.zeros(2000), "cluster": np.zeros(2000, np.int8)}
    >>> figures = lr.bands.local_geary_by_band(
    ...     field, lr.Neighbourhood.queen(), lr.bands.Arrays(found), cells=600)
    >>> figures.n, figures.bands, float(found["C"][7].round(6))
    (2000, 4, 1.544416)
    """
    one_of("weighting", weighting, WEIGHTINGS)
    alpha = checked_alpha(alpha)
    test = Test.checked(
        local_geary.INFERENCES, inference, alternative,
        adjustment=adjustment, permutations=permutations, seed=seed,
    )  # fmt: skip
    work = Work.of(source, neighbourhood, cells, multiple, runner, progress)
    local_geary.refuse_saddlepoint(test, differ=work.offsets.differ(weighting))
    fill, share = partial(_fill, weighting, test), partial(of_squared_differences, inference)
    statistic = Local(
        "local_geary", NAMES, fill, partial(_clusters, alpha), "cluster", share, adjustment,
        late=("cluster",), inference=inference,
    )  # fmt: skip
    return work.local(statistic, sink, scratch)


def _fill(weighting: Weighting, test: Test, results: BandResults, one: OneField) -> None:
    local_geary.fill(results, weighting, test, np.empty(0, np.int64), one)


def _clusters(alpha: float, p: Values, q: Values, kind: Values) -> dict[str, Values]:  # noqa: ARG001
    return {"q": q, "cluster": np.where(q <= alpha, kind, np.int8(0))}
