"""Local Moran's I and Getis-Ord G* of a field in bands."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from leefraster.bands.runner import Runner
from leefraster.bands.shared import of_sums
from leefraster.bands.sink import Sink
from leefraster.bands.source import BandedField
from leefraster.bands.work import CELLS, BandResults, Figures, Local, Progress, Values, Work
from leefraster.errors import UsageError
from leefraster.inference.tails import INFERENCES, Inference
from leefraster.kernels.getis_ord import spots
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours.weights import Weighting
from leefraster.statistics import getis_ord, local_moran
from leefraster.statistics.local_options import Adjustment, Alternative
from leefraster.statistics.parts import by_part
from leefraster.statistics.plan import WEIGHTINGS, OneField, Test, checked_alpha, one_of

NO_IDS = np.empty(0, np.int64)  # a band knows under which numbers its places are drawn
MORAN = ("I", "lag", "expected", "variance", "z", "p", "q", "quadrant", "cluster", "neighbours")
GETIS_ORD = ("G", "z", "p", "q", "spot", "neighbours")


def local_moran_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    other: BandedField | None = None,
    weights: BandedField | None = None,
    weighting: Weighting = "row",
    inference: Inference = "exact",
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
    """Compute local Moran's I of a field that need not fit in memory; the same bytes as `lr.local_moran`.

    Parameters
    ----------
    source : BandedField
        The field.
    neighbourhood : Neighbourhood
        Queen, rook, disc or ring; decay, with any inference but "exact", or with ``weighting="binary"``.
    sink : Sink
        Takes `I lag expected variance z p q quadrant cluster neighbours`.
    other : BandedField, optional
        A second variable over the same cells, of which the neighbours' values are taken: the bivariate I. The
        population are the cells with both values.
    weights : BandedField, optional
        What each cell counts for in the mean from which high and low are measured, as in `lr.local_moran`.
    weighting, alternative, alpha, adjustment, permutations, seed
        As in `lr.local_moran`.
    inference : {"exact", "inversion", "normal", "permutation"}
        As in `lr.local_moran`. For permutations the values of the whole field are held, 8 bytes a cell; under decay
        twice, and the pairs of neighbours of a band, some 60 bytes each. Inversion takes two passes over the bands
        more, or three where single values have much of the variance.
    cells, multiple : int
        Cells of a band, at most, and what bands begin at multiples of: the cells of a chunk of the sink, so that
        no chunk is written by two bands. Where `multiple` is the larger of the two a band has `multiple` cells.
    runner : Runner or None
        What works through the bands; one after the other in this process when None.
    scratch : path or None
        Folder on whose disk p and q lie meanwhile (16 bytes a cell); the system's own when None.
    progress : callable or None
        Called as ``progress(step, done, all)``.

    Returns
    -------
    Figures
        n, islands, reference, p_error, how many bands there were, and with `other` its mean `reference_other`.

    Raises
    ------
    UsageError
        When the field is no BandedField, the neighbourhood no Neighbourhood, an option is not allowed, weights
        that differ are asked for exact inference, or `other` or `weights` lies on other cells.
    InputError
        When a value is infinite, or a weight of `weights` is negative, missing where the field has a value, or all
        are 0; nothing was written then.

    Warns
    -----
    NoVarianceWarning, NoNeighboursWarning, InferenceWarning
        As `lr.local_moran`; results are NaN, and codes 0, then.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> values = np.random.default_rng(0).normal(size=2000)
    >>> field = lr.bands.BandedField.of(np.arange(2000), values, lr.Grid(0, 4000, 50, 40))
    >>> found = {"I": np.zeros(2000), "q": np.zeros(2000)}
    >>> figures = lr.bands.local_moran_by_band(
    ...     field, lr.Neighbourhood.queen(), lr.bands.Arrays(found), cells=600)
    >>> figures.n, figures.bands, float(found["I"][7].round(6))
    (2000, 4, 0.132921)
    """
    alpha = checked_alpha(alpha)
    test = checked_test(neighbourhood, weighting, inference, alternative, adjustment, permutations, seed)
    work = Work.of(source, neighbourhood, cells, multiple, runner, progress, other=other, weights=weights)
    fill, share = partial(_moran, weighting, test), partial(of_sums, test.inference, weighting, True)
    statistic = Local(
        "local_moran", MORAN, fill, partial(_clusters, alpha), "quadrant", share, adjustment,
        inference=test.inference,
    )  # fmt: skip
    return work.local(statistic, sink, scratch)


def getis_ord_by_band(
    source: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    star: bool = True,
    weights: BandedField | None = None,
    weighting: Weighting = "row",
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
    """Compute Getis-Ord G* (or G) of a field that need not fit in memory; the same bytes as `lr.getis_ord`.

    Parameters are those of `local_moran_by_band`, without `other`; the sink takes `G z p q spot neighbours`.
    `weights` change the reference and `spot` alone, as in `lr.getis_ord`.

    Raises
    ------
    UsageError, InputError
        As in `local_moran_by_band`.

    Warns
    -----
    NoVarianceWarning, NoNeighboursWarning, InferenceWarning
        As `lr.getis_ord`; results are NaN, and codes 0, then.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> values = np.ones(2000)
    >>> values[:30] = np.arange(30)
    >>> field = lr.bands.BandedField.of(np.arange(2000), values, lr.Grid(0, 4000, 50, 40))
    >>> spot = np.zeros(2000, np.int8)
    >>> figures = lr.bands.getis_ord_by_band(
    ...     field, lr.Neighbourhood.queen(), lr.bands.Arrays({"spot": spot}), cells=600)
    >>> figures.n, spot[20:24].tolist()
    (2000, [3, 3, 3, 3])
    """
    test = checked_test(neighbourhood, weighting, inference, alternative, adjustment, permutations, seed)
    work = Work.of(source, neighbourhood, cells, multiple, runner, progress, weights=weights)
    return work.local(getis_ord_statistic(star, weighting, test), sink, scratch)


def getis_ord_statistic(star: bool, weighting: Weighting, test: Test) -> Local:
    """State Getis-Ord G* or G for fields in bands."""
    fill, share = (
        partial(_getis_ord, star, weighting, test),
        partial(of_sums, test.inference, weighting, not star),
    )
    return Local(
        "getis_ord", GETIS_ORD, fill, _spots, "spot", share, test.adjustment,
        late=("spot",), inference=test.inference,
    )  # fmt: skip


def checked_test(
    neighbourhood: object, weighting: str, inference: str, alternative: str, adjustment: str, permutations: int,
    seed: int,
) -> Test:  # fmt: skip
    """Return the options of local sums by band when each is allowed.

    Raises
    ------
    UsageError
        When one is not, or weights that differ are asked for exact inference.
    """
    one_of("weighting", weighting, WEIGHTINGS)
    test = Test.checked(
        INFERENCES, inference, alternative,
        adjustment=adjustment, permutations=permutations, seed=seed,
    )  # fmt: skip
    if getattr(neighbourhood, "kind", "") == "decay" and weighting != "binary":
        if inference == "exact":
            raise UsageError(
                f"inference is 'exact', but the weights of {neighbourhood!r} differ; use inference='inversion' (or "
                "'normal', 'permutation'), or weighting='binary'"
            )
    elif inference == "inversion":  # of equal weights: the exact tables are this
        test = replace(test, inference="exact")
    return test


def _moran(weighting: Weighting, test: Test, results: BandResults, one: OneField) -> None:
    fill = partial(local_moran.fill, results, weighting, test, NO_IDS)
    by_part(one, test, own_fixed=True, fill=fill)


def _getis_ord(star: bool, weighting: Weighting, test: Test, results: BandResults, one: OneField) -> None:
    fill = partial(getis_ord.fill, results, star, weighting, test, NO_IDS)
    by_part(one, test, own_fixed=not star, fill=fill)


def _clusters(alpha: float, p: Values, q: Values, quadrant: Values) -> dict[str, Values]:  # noqa: ARG001
    return {"q": q, "cluster": np.where(q <= alpha, quadrant.astype(np.int8), np.int8(0))}


def _spots(p: Values, q: Values, side: Values) -> dict[str, Values]:  # noqa: ARG001
    found = side.astype(np.int8)
    spots(q, found)
    return {"q": q, "spot": found}
