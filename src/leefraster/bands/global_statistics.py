"""Global Moran's I, Geary's C, general G and join counts of a field in bands."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import xarray as xr

from leefraster.bands.band import Band
from leefraster.bands.bivariate_sums import bivariate_summed
from leefraster.bands.global_permuted import BandArrangements
from leefraster.bands.global_sums import summed
from leefraster.bands.runner import Runner
from leefraster.bands.source import BandedField
from leefraster.bands.work import CELLS, Progress, Work
from leefraster.cells import cell_coordinates
from leefraster.fields import Fields
from leefraster.grid import Grid
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.geary import geary_statistic
from leefraster.statistics.getis_ord_general import general_statistic, negative, refuse_negative
from leefraster.statistics.global_plan import (
    ASSUMPTIONS,
    INFERENCES,
    GlobalResults,
    Statistic,
    Tested,
    warn_of_links,
)
from leefraster.statistics.join_count import join_statistic, other_colours, refuse_other_colours
from leefraster.statistics.local_options import Alternative
from leefraster.statistics.moran import bivariate_dataset, moran_statistic
from leefraster.statistics.plan import WEIGHTINGS, Test, one_of, warn_of_flat

Assumption = Literal["randomisation", "normality"]
GlobalInference = Literal["normal", "permutation"]


def moran_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    other: BandedField | None = None,
    weighting: Weighting = "row",
    assumption: Assumption = "randomisation",
    inference: GlobalInference = "normal",
    alternative: Alternative = "two-sided",
    permutations: int = 999,
    seed: int = 0,
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute global Moran's I of a field that need not fit in memory; the same as `lr.moran`, bit for bit.

    ``I = n / S0 * sum_ij w_ij z_i z_j / sum_i z_i^2``: each band gives sums in whole numbers, which add up exactly.
    With `other`, whose deviations are y, it is the bivariate
    ``I = n / S0 * sum_ij w_ij z_i y_j / sqrt(sum_i z_i^2 sum_j y_j^2)``.

    Parameters
    ----------
    source : BandedField
        The field; NaN is missing.
    neighbourhood : Neighbourhood
        Queen, rook, disc, ring or decay.
    other : BandedField, optional
        A second variable over the same cells. The population are the cells with both values.
    weighting, assumption, alternative
        As in `lr.moran`.
    inference : {"normal", "permutation"}
        Where p comes from: the normal distribution of z, or random permutations of all values (of `other`, where
        it is given), those of `lr.moran`. They hold all values meanwhile, 8 bytes a cell, and as much for each of
        the permutations that are looked at together: 256 MB of these, and at least one.
    permutations, seed : int
        How many random permutations, and which.
    cells : int
        Cells of a band, at most.
    runner : Runner or None
        What works through the bands; one after the other in this process when None.
    progress : callable or None
        Called as ``progress(step, done, all)``.

    Returns
    -------
    Dataset
        `I`, `expected`, `variance`, `z`, `p`, without dimensions; coordinates `n`, `islands`, `reference`.

    Raises
    ------
    UsageError
        When the field is no BandedField, the neighbourhood no Neighbourhood, an option is not allowed,
        or `other` lies on other cells.
    InputError
        When a value is infinite.

    Warns
    -----
    NoVarianceWarning, NoNeighboursWarning
        As `lr.moran`; results are NaN then.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> field = lr.bands.BandedField.of(np.arange(9), np.arange(1.0, 10), lr.Grid(0, 300, 3, 3))
    >>> result = lr.bands.moran_by_band(field, lr.Neighbourhood.rook(), weighting="binary", cells=4)
    >>> float(result["I"]), float(result["variance"].round(7))
    (0.5, 0.0596875)
    """
    one_of("assumption", assumption, ASSUMPTIONS)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    work = _work(source, neighbourhood, weighting, cells, runner, progress, other)
    if other is not None:
        return _bivariate(
            work, neighbourhood, test, weighting=weighting, assumption=assumption, alternative=alternative
        )
    return _result(
        moran_statistic(assumption),
        work,
        neighbourhood,
        test,
        weighting=weighting,
        assumption=assumption,
        alternative=alternative,
    )


def geary_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "row",
    assumption: Assumption = "randomisation",
    inference: GlobalInference = "normal",
    alternative: Alternative = "two-sided",
    permutations: int = 999,
    seed: int = 0,
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute global Geary's C of a field that need not fit in memory; the same as `lr.geary`, bit for bit.

    Parameters are those of `moran_by_band`, but `other`; the result has `C` in place of `I`.

    Raises
    ------
    UsageError, InputError
        As in `moran_by_band`.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> field = lr.bands.BandedField.of(np.arange(9), np.arange(1.0, 10), lr.Grid(0, 300, 3, 3))
    >>> result = lr.bands.geary_by_band(field, lr.Neighbourhood.rook(), weighting="binary", cells=4)
    >>> float(result["C"].round(6)), float(result["z"].round(4))
    (0.333333, 2.8523)
    """
    one_of("assumption", assumption, ASSUMPTIONS)
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    return _result(
        geary_statistic(assumption),
        work,
        neighbourhood,
        test,
        weighting=weighting,
        assumption=assumption,
        alternative=alternative,
    )


def getis_ord_general_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "binary",
    inference: GlobalInference = "normal",
    alternative: Alternative = "two-sided",
    permutations: int = 999,
    seed: int = 0,
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute the general G of a field that need not fit in memory; the same as `lr.getis_ord_general`.

    Parameters are those of `moran_by_band`, but `other`; the result has `G` in place of `I`.

    Raises
    ------
    UsageError
        As in `moran_by_band`.
    InputError
        When a value is negative or infinite.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> field = lr.bands.BandedField.of(np.arange(9), np.arange(1.0, 10), lr.Grid(0, 300, 3, 3))
    >>> result = lr.bands.getis_ord_general_by_band(field, lr.Neighbourhood.rook(), cells=4)
    >>> float(result["G"].round(6)), float(result["expected"].round(6))
    (0.390805, 0.333333)
    """
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    found = list(work.runner.map(partial(_negative, source), work.bands))
    refuse_negative(sum(n for n, _ in found), min((least for _, least in found), default=0.0))
    return _result(
        general_statistic(),
        work,
        neighbourhood,
        test,
        weighting=weighting,
        assumption="randomisation",
        alternative=alternative,
    )


def join_count_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "binary",
    inference: GlobalInference = "normal",
    alternative: Alternative = "two-sided",
    permutations: int = 999,
    seed: int = 0,
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Count the joins of a field that need not fit in memory; the same as `lr.join_count`, bit for bit.

    Parameters are those of `moran_by_band`, but `other`; the field is bool, or 0 and 1 with NaN for missing. The
    result is that of `lr.join_count`: `BB`, `WW`, `BW`, `chi2`, `chi2_p`; `expected`, `variance`, `z`, `p`.

    Raises
    ------
    UsageError
        As in `moran_by_band`.
    InputError
        When a value is neither 0, 1 nor missing.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> field = lr.bands.BandedField.of(np.arange(16), np.arange(16) % 4 > 1, lr.Grid(0, 400, 4, 4))
    >>> result = lr.bands.join_count_by_band(field, lr.Neighbourhood.rook(), cells=5)
    >>> float(result["BB"]), float(result["WW"]), float(result["BW"])
    (10.0, 10.0, 4.0)
    """
    test = Test.checked(INFERENCES, inference, alternative, permutations=permutations, seed=seed)
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    found = list(work.runner.map(partial(_other_colours, source), work.bands))
    refuse_other_colours(sum(n for n, _ in found), [value for _, first in found for value in first][:5])
    return _result(
        join_statistic(weighting),
        work,
        neighbourhood,
        test,
        weighting=weighting,
        assumption="randomisation",
        alternative=alternative,
    )


def _negative(source: BandedField, band: Band) -> tuple[int, float]:
    return negative(source.own(band))


def _other_colours(source: BandedField, band: Band) -> tuple[int, list[Any]]:
    return other_colours(source.own(band))


def _work(
    source: BandedField, neighbourhood: Neighbourhood, weighting: str, cells: int, runner: Runner | None,
    progress: Progress | None, other: BandedField | None = None,
) -> Work:  # fmt: skip
    """Cut a field; shares need to know how many neighbours a cell's neighbours have, and so twice the halo."""
    one_of("weighting", weighting, WEIGHTINGS)
    reach = 2 if weighting == "row" else 1
    return Work.of(source, neighbourhood, cells, 1, runner, progress, other=other, reach=reach)


def _result(
    statistic: Statistic, work: Work, neighbourhood: Neighbourhood, test: Test, *, weighting: str,
    assumption: str, alternative: str,
) -> xr.Dataset:  # fmt: skip
    results = statistic.results(1)
    found = summed(work, weighting, margins=statistic.margins, added=statistic.added)
    if found is None:
        warn_of_flat(statistic.name, 1, 1)
    else:
        tested = None
        if found.of is not None and found.look is not None:
            forms, extra = statistic.forms(found.of, found.added)
            arrangements = BandArrangements(work, found.look, found.tally[:2])
            tested = Tested(forms, found.of, extra=extra, arrangements=arrangements)
        _put(results, statistic.name, found.tally, tested, test, falling=statistic.falling)
    attrs = statistic.attrs(
        neighbourhood, test, weighting=weighting, assumption=assumption, alternative=alternative
    )
    return statistic.dataset(_one_field(work.source.grid), results, attrs)


def _bivariate(work: Work, neighbourhood: Neighbourhood, test: Test, **options: str) -> xr.Dataset:
    results = GlobalResults(1, 1, 1)
    found = bivariate_summed(work, options["weighting"])
    if found is None:
        warn_of_flat("moran", 1, 1)
    else:
        tested = found.tested
        if tested is not None and found.look is not None:
            tested = replace(tested, arrangements=BandArrangements(work, found.look, found.tally[:2]))
        _put(results, "moran", found.tally, tested, test, falling=False)
    return bivariate_dataset(_one_field(work.source.grid), results, neighbourhood, test, **options)


def _put(
    results: GlobalResults, name: str, tally: tuple[int, int, int], tested: Tested | None, test: Test, *,
    falling: bool,
) -> None:  # fmt: skip
    """Keep the results of a field, or warn where its links give none."""
    results.count(0, 0, *tally)
    if tested is None:
        linked = tally[0] > 0
        warn_of_links(name, int(not linked), int(linked), 1)
    else:
        results.put(0, 0, tested, test, falling)


def _one_field(grid: Grid) -> Fields:
    """Return one field without places, on which results without dimensions are labelled."""
    none = np.empty(0, np.int64)
    template = xr.DataArray(np.empty(0), dims="cell", coords=cell_coordinates(grid, none))
    return Fields(np.empty((1, 0)), "cell", none, grid, None, template, None)
