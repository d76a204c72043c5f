"""Global Moran's I, Geary's C, general G and join counts of a field in bands."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, Literal

import numpy as np
import xarray as xr

from leefraster.bands.band import Band
from leefraster.bands.global_sums import summed
from leefraster.bands.runner import Runner
from leefraster.bands.source import BandedField
from leefraster.bands.work import CELLS, Progress, Work
from leefraster.cells import cell_coordinates
from leefraster.errors import INSIDE, NoVarianceWarning
from leefraster.fields import Fields
from leefraster.grid import Grid
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.geary import geary_statistic
from leefraster.statistics.getis_ord_general import general_statistic, negative, refuse_negative
from leefraster.statistics.global_plan import ASSUMPTIONS, Statistic, Tested, warn_of_links
from leefraster.statistics.join_count import join_statistic, other_colours, refuse_other_colours
from leefraster.statistics.local_options import Alternative
from leefraster.statistics.moran import moran_statistic
from leefraster.statistics.plan import FEWEST, WEIGHTINGS, Test, one_of

Assumption = Literal["randomisation", "normality"]


def moran_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "row",
    assumption: Assumption = "randomisation",
    alternative: Alternative = "two-sided",
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute global Moran's I of a field that need not fit in memory; the same as `lr.moran`, bit for bit.

    ``I = n / S0 * sum_ij w_ij z_i z_j / sum_i z_i^2``: each band gives sums in whole numbers, which add up exactly.

    Parameters
    ----------
    source : BandedField
        The field; NaN is missing.
    neighbourhood : Neighbourhood
        Queen, rook, disc or ring.
    weighting, assumption, alternative
        As in `lr.moran`; p is that of the normal distribution of z.
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
        When the field is no BandedField, the neighbourhood no Neighbourhood or one with weights, or an option
        is not allowed.
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
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    return _result(moran_statistic(assumption), work, neighbourhood, weighting, assumption, alternative)


def geary_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "row",
    assumption: Assumption = "randomisation",
    alternative: Alternative = "two-sided",
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute global Geary's C of a field that need not fit in memory; the same as `lr.geary`, bit for bit.

    Parameters are those of `moran_by_band`; the result has `C` in place of `I`.

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
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    return _result(geary_statistic(assumption), work, neighbourhood, weighting, assumption, alternative)


def getis_ord_general_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "binary",
    alternative: Alternative = "two-sided",
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute the general G of a field that need not fit in memory; the same as `lr.getis_ord_general`.

    Parameters are those of `moran_by_band`; the result has `G` in place of `I`.

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
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    found = list(work.runner.map(partial(_negative, source), work.bands))
    refuse_negative(sum(n for n, _ in found), min((least for _, least in found), default=0.0))
    return _result(general_statistic(), work, neighbourhood, weighting, "randomisation", alternative)


def join_count_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    *,
    weighting: Weighting = "binary",
    alternative: Alternative = "two-sided",
    cells: int = CELLS,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Count the joins of a field that need not fit in memory; the same as `lr.join_count`, bit for bit.

    Parameters are those of `moran_by_band`; the field is bool, or 0 and 1 with NaN for missing. The result is that
    of `lr.join_count`: `BB`, `WW`, `BW`, `chi2`, `chi2_p`; `expected`, `variance`, `z`, `p` over `join`.

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
    work = _work(source, neighbourhood, weighting, cells, runner, progress)
    found = list(work.runner.map(partial(_other_colours, source), work.bands))
    refuse_other_colours(sum(n for n, _ in found), [value for _, first in found for value in first][:5])
    return _result(join_statistic(weighting), work, neighbourhood, weighting, "randomisation", alternative)


def _negative(source: BandedField, band: Band) -> tuple[int, float]:
    return negative(source.own(band))


def _other_colours(source: BandedField, band: Band) -> tuple[int, list[Any]]:
    return other_colours(source.own(band))


def _work(
    source: BandedField, neighbourhood: Neighbourhood, weighting: str, cells: int, runner: Runner | None,
    progress: Progress | None,
) -> Work:  # fmt: skip
    """Cut a field; shares need to know how many neighbours a cell's neighbours have, and so twice the halo."""
    one_of("weighting", weighting, WEIGHTINGS)
    return Work.of(source, neighbourhood, cells, 1, runner, progress, reach=2 if weighting == "row" else 1)


def _result(
    statistic: Statistic, work: Work, neighbourhood: Neighbourhood, weighting: str, assumption: str,
    alternative: str,
) -> xr.Dataset:  # fmt: skip
    test = Test.checked(("normal",), "normal", alternative)
    results = statistic.results(1)
    found = summed(work, weighting, margins=statistic.margins, added=statistic.added)
    if found is None:
        warnings.warn(
            f"{statistic.name}: the field has no variance or fewer than {FEWEST} values; its results are NaN",
            NoVarianceWarning,
            skip_file_prefixes=INSIDE,
        )
    else:
        results.count(0, 0, *found.tally)
        if found.of is None:
            linked = found.tally[0] > 0
            warn_of_links(statistic.name, int(not linked), int(linked), 1)
        else:
            forms, extra = statistic.forms(found.of, found.added)
            results.put(0, 0, Tested(forms, found.of, extra=extra), test, statistic.falling)
    attrs = statistic.attrs(
        neighbourhood, test, weighting=weighting, assumption=assumption, alternative=alternative
    )
    return statistic.dataset(_one_field(work.source.grid), results, attrs)


def _one_field(grid: Grid) -> Fields:
    """Return one field without places, on which results without dimensions are labelled."""
    none = np.empty(0, np.int64)
    template = xr.DataArray(np.empty(0), dims="cell", coords=cell_coordinates(grid, none))
    return Fields(np.empty((1, 0)), "cell", none, grid, None, template, None)
