"""Local join counts of a field in bands."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from leefraster.bands.band import Band
from leefraster.bands.local import NO_IDS, checked_test
from leefraster.bands.runner import Runner
from leefraster.bands.shared import of_sums
from leefraster.bands.sink import Sink
from leefraster.bands.source import BandedField
from leefraster.bands.work import CELLS, BandResults, Figures, Local, Progress, Values, Work
from leefraster.inference.tails import Inference
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours.weights import Weighting
from leefraster.statistics import local_join_count
from leefraster.statistics.local_join_count import other_values, refuse_other_values, untested
from leefraster.statistics.local_options import Adjustment, Alternative
from leefraster.statistics.plan import OneField, Test

NAMES = ("BB", "expected", "variance", "z", "p", "q", "neighbours")


def local_join_count_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    weighting: Weighting = "binary",
    inference: Inference = "exact",
    alternative: Alternative = "two-sided",
    adjustment: Adjustment = "benjamini-hochberg",
    permutations: int = 999,
    seed: int = 0,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> Figures:
    """Compute local join counts of a field that need not fit in memory; the same bytes as `lr.local_join_count`.

    ``BB_i = x_i sum_j w_ij x_j`` of values 0 and 1.

    Parameters
    ----------
    source : BandedField
        Bool, or 0 and 1; NaN is missing.
    neighbourhood : Neighbourhood
        Queen, rook, disc or ring; decay, with any inference but "exact", or with ``weighting="binary"``.
    sink : Sink
        Takes `BB expected variance z p q neighbours`.
    weighting, alternative, adjustment, permutations, seed
        As in `lr.local_join_count`.
    inference : {"exact", "inversion", "normal", "permutation"}
        As in `lr.local_join_count`. For permutations the values of the whole field are held, 8 bytes a cell.
    cells, multiple, runner, scratch, progress
        As in `local_moran_by_band`.

    Returns
    -------
    Figures
        n, islands, reference (the share of ones), p_error, and how many bands there were.

    Raises
    ------
    UsageError
        When the field is no BandedField, the neighbourhood no Neighbourhood, an option is not allowed, or weights
        that differ are asked for exact inference.
    InputError
        When a value is neither 0, 1 nor missing; nothing was written then.

    Warns
    -----
    NoVarianceWarning, NoNeighboursWarning, InferenceWarning
        As `lr.local_join_count`; results are NaN then.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> ones = np.arange(12) < 6
    >>> field = lr.bands.BandedField.of(np.arange(12), ones, lr.Grid(0, 400, 3, 4))
    >>> found = {"BB": np.zeros(12)}
    >>> figures = lr.bands.local_join_count_by_band(
    ...     field, lr.Neighbourhood.rook(), lr.bands.Arrays(found), cells=5)
    >>> found["BB"].tolist()
    [2.0, 3.0, 2.0, 2.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    test = checked_test(neighbourhood, weighting, inference, alternative, adjustment, permutations, seed)
    work = Work.of(source, neighbourhood, cells, multiple, runner, progress)
    found = list(work.runner.map(partial(_other_values, source), work.bands))
    refuse_other_values(sum(n for n, _ in found), next((first for n, first in found if n), None))
    fill = partial(_fill, weighting, test)
    statistic = Local(
        "local_join_count",
        NAMES,
        fill,
        _finished,
        "variance",
        partial(of_sums, test.inference, weighting, True),
        adjustment,
        late=("p",),
        inference=test.inference,
    )
    return work.local(statistic, sink, scratch)


def _other_values(source: BandedField, band: Band) -> tuple[int, Any]:
    return other_values(source.own(band))


def _fill(weighting: Weighting, test: Test, results: BandResults, one: OneField) -> None:
    local_join_count.fill(results, weighting, test, NO_IDS, one)


def _finished(p: Values, q: Values, variance: Values) -> dict[str, Values]:
    without = untested(variance)
    return {"p": np.where(without, 1.0, p), "q": np.where(without, 1.0, q)}
