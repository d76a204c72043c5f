"""How focus areas fare: each on its own, year by year, beside the country and beside places like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from leefraster.areas.areas import Areas
from leefraster.areas.placement import labels_of, placed
from leefraster.clusters.course import Course, course_of, means_by
from leefraster.clusters.national import weighted_mean
from leefraster.clusters.outlook import outlook
from leefraster.clusters.panel import Floats, Panel, in_order, panel_of
from leefraster.errors import UsageError
from leefraster.inference.mann_kendall import slope_ranks
from leefraster.lazy import computed
from leefraster.scoring.cuts import Cuts, as_cuts

START = 2022
"""Measurement of the year in which the programme (NPLV) began: the last that does not clearly follow it."""

FORESEEABLE = 100  # years ahead, beyond which a date says nothing
STEP = 0.05  # width of the levels within which cells are alike
CAVEATS = (
    "A description, no evaluation of a programme: areas were chosen for being weak, and part of a later rise is "
    "regression to the mean. Only measurements after the start can show anything of it.",
    "The comparison is with inhabited cells outside all areas, of the same urbanity class and, at the start, the "
    "same level; they may differ in all else. Where the placebo start shows as much, the difference says nothing.",
)


@dataclass(frozen=True, slots=True, eq=False)
class FocusProgress:
    """The course of each area.

    Attributes
    ----------
    table : DataFrame
        One row an area and measurement year: ``code name year dwellings level country gap weak_share`` (share of
        dwellings in cells of class 4 or lower), ``matched_level`` (level of cells alike at the start),
        ``gap_<dimension>``.
    areas : DataFrame
        One row an area: ``code name dwellings``; ``weak_share`` and ``gap`` in the latest year; ``slope`` of the
        gap a year with limits of 95 %; ``state``; ``closes_not_before``, the year before which the gap will not
        close (one-sided limit of 95 %), NaN where it never does; ``outlook`` says so in words, and
        ``"not foreseeable"`` where that is more than a century ahead; ``change_since_start``
        of the level, that of cells alike (``matched_change``), their ``difference``, and the
        same difference for a ``placebo`` start one measurement earlier; ``weakest_dimension``.
    caveats : tuple of str
        What the figures do not say.
    """

    table: pd.DataFrame
    areas: pd.DataFrame
    caveats: tuple[str, ...]


@computed
def focus_progress(
    scores: xr.Dataset,
    areas: Areas,
    *,
    start: int = START,
    weak_class: int = 4,
    horizon: float = 20.0,
    cuts: Cuts | Sequence[float] | None = None,
) -> FocusProgress:
    """Report on each area by itself, never only on their average.

    Parameters
    ----------
    scores : Dataset
        As for `lr.structural_clusters`: ``level`` (or ``total`` and ``reference``), ``dwellings``, and where known
        ``score`` and ``urbanity``, over `year` (three at least) and `cell`.
    areas : Areas
        The focus areas; a cell belongs to the area that holds its centre.
    start : int
        The last measurement year that does not follow the programme.
    weak_class : int
        Highest class that counts as weak.
    horizon : float
        Years within which a gap must close to be catching up.
    cuts : Cuts, sequence of float or None
        Upper levels of the classes; None takes those of 2024, which are not official.

    Returns
    -------
    FocusProgress
        ``.table``, ``.areas``, ``.caveats``.

    Raises
    ------
    UsageError
        When the scores lack levels, dwellings or three years, or `start` was not measured.
    InputError
        When no cell lies in any area, or the areas are in another CRS.

    Warns
    -----
    OverlapWarning, EmptyAreaWarning
        When cells lie in two areas (the first code has them), or areas hold no cell (they are left out).

    Notes
    -----
    An area's level is taken over its cells with a level in every year, weighted by the dwellings of the latest
    year; the country's over all dwellings of each year. The fitted latest gap over the highest plausible slope
    gives the year before which the gap will not close.

    Examples
    --------
    >>> import geopandas, numpy as np, shapely, xarray as xr
    >>> import leefraster as lr
    >>> from leefraster.cells import cell_coordinates
    >>> grid = lr.Grid(0, 1000, 10, 10)
    >>> level = np.full((3, 100), 4.1)
    >>> level[:, :40] = 3.7
    >>> scores = xr.Dataset({"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0))},
    ...                     coords={"year": [2020, 2022, 2024], **cell_coordinates(grid, np.arange(100))})
    >>> north = geopandas.GeoDataFrame({"code": ["N"]}, geometry=[shapely.box(0, 600, 1000, 1000)])
    >>> found = lr.focus_progress(scores, lr.Areas.from_geopandas(north, code="code"))
    >>> found.areas[["code", "weak_share", "outlook"]].values.tolist()
    [['N', 1.0, 'not foreseeable']]
    """
    bounds = as_cuts(cuts)
    if not 1 <= weak_class <= len(bounds):
        raise UsageError(f"weak_class is {weak_class}; it must lie between 1 and {len(bounds)}")
    panel = panel_of(scores)
    if start not in panel.years.tolist():
        raise UsageError(f"start is {start}; measured are {', '.join(map(str, panel.years))}")
    labels, held = labels_of(placed(areas, panel.grid, panel.cells))
    kept = areas.frame.loc[held, ["code", "name"]].reset_index(drop=True)
    course = course_of(panel, labels, float(bounds[weak_class - 1]))
    peers = _Peers(panel, labels)
    begin = int(np.flatnonzero(panel.years == start)[0])
    table = _table(panel, kept, labels, course, peers.course(begin), scores)
    summary = _summary(panel, kept, course, horizon, table)
    summary = summary.assign(**_since(panel, labels, peers, begin))
    return FocusProgress(table, summary, CAVEATS)


class _Peers:
    """Cells outside all areas, by urbanity class and level at some year: what cells like those of an area did."""

    def __init__(self, panel: Panel, labels: npt.NDArray[np.int32]) -> None:
        self._panel, self._labels = panel, labels
        self._outside = (labels == 0) & (panel.weights > 0)
        urbanity = np.zeros(panel.cells.size) if panel.urbanity is None else panel.urbanity
        self._urbanity = np.nan_to_num(urbanity, nan=-1.0)

    def course(self, begin: int) -> Floats:
        """Return the level (area, year) of cells alike in year `begin`, shifted to the area's level there."""
        panel = self._panel
        start = panel.level[begin]
        step = np.floor(np.nan_to_num(start, nan=-9.0) / STEP).astype(np.int64)
        step -= step.min()
        _, group = np.unique(
            self._urbanity.astype(np.int64) * (int(step.max()) + 1) + step, return_inverse=True
        )
        group = group + 1
        count, areas = int(group.max()), int(self._labels.max())
        out = np.full((areas, panel.years.size), np.nan)
        known = np.isfinite(start)
        base = means_by(self._labels, areas, np.where(known, start, np.nan), panel.weights)
        for year in range(panel.years.size):
            moved = np.where(known & self._outside, panel.level[year] - start, np.nan)
            alike = means_by(group.astype(np.int32), count, moved, panel.weights)
            out[:, year] = base + means_by(self._labels, areas, alike[group - 1], panel.weights)
        return out


def _table(
    panel: Panel, kept: pd.DataFrame, labels: npt.NDArray[np.int32], course: Course, matched: Floats,
    scores: xr.Dataset,
) -> pd.DataFrame:  # fmt: skip
    years = panel.years.size
    table = kept.loc[kept.index.repeat(years)].reset_index(drop=True)
    table["year"] = np.tile(panel.years, len(kept))
    table["dwellings"] = course.dwellings.ravel()
    table["level"] = course.level.ravel()
    table["country"] = np.tile(course.country, len(kept))
    table["gap"] = course.gap.ravel()
    table["weak_share"] = course.weak_share.ravel()
    table["matched_level"] = matched.ravel()
    if "score" in scores:
        ordered = in_order(in_order(scores["score"].transpose("year", "dimension", "cell"), "year"), "cell")
        for position, name in enumerate(ordered["dimension"].values):
            table[f"gap_{name}"] = _gaps(panel, labels, ordered, position).ravel()
    return table


def _gaps(panel: Panel, labels: npt.NDArray[np.int32], score: xr.DataArray, position: int) -> Floats:
    """Return the contribution of a dimension, less the country's, by area and year."""
    count = int(labels.max())
    columns = []
    for year in range(panel.years.size):
        values = np.asarray(score[year, position].values, dtype=np.float64)
        columns.append(
            means_by(labels, count, values, panel.weights) - weighted_mean(values, panel.dwellings[year])
        )
    return np.column_stack(columns)


def _summary(
    panel: Panel, kept: pd.DataFrame, course: Course, horizon: float, table: pd.DataFrame
) -> pd.DataFrame:
    out = kept.copy()
    out["dwellings"] = course.dwellings[:, -1]
    out["weak_share"] = course.weak_share[:, -1]
    out["gap"] = course.gap[:, -1]
    judged = [outlook(panel.years, gap, horizon) for gap in course.gap]
    for name in ("slope", "slope_low", "slope_high", "state"):
        out[name] = [getattr(one, name) for one in judged]
    earliest = [_closes_not_before(panel.years, gap) for gap in course.gap]
    out["closes_not_before"] = [year if isfinite(year) else np.nan for year in earliest]
    seen = panel.years[-1] + FORESEEABLE
    out["outlook"] = [f"not before {year:.0f}" if year <= seen else "not foreseeable" for year in earliest]
    latest = table[table["year"] == panel.years[-1]].set_index("code")
    gaps = latest[[name for name in latest.columns if str(name).startswith("gap_")]]
    lowest = (
        gaps.idxmin(axis=1).str.removeprefix("gap_") if gaps.shape[1] else pd.Series("", index=latest.index)
    )
    out["weakest_dimension"] = out["code"].map(lowest).fillna("")
    return out


def _closes_not_before(years: npt.NDArray[np.int64], gap: Floats) -> float:
    """Return the year before which a gap will not close, infinite where no plausible slope closes it.

    The highest plausible slope is the upper limit of 90 % (one-sided 95 %); where years are too few for one,
    closing is not foreseeable. A gap that is not below 0 has closed.
    """
    held = np.isfinite(gap)
    when, what = years[held].astype(np.float64), gap[held]
    if when.size < 2:
        return inf
    first, second = np.triu_indices(when.size, 1)
    slopes = np.sort((what[second] - what[first]) / (when[second] - when[first]))
    latest = float(np.median(what)) + float(np.median(slopes)) * (float(when[-1]) - float(np.median(when)))
    if latest >= 0:
        return float(when[-1])
    rank = int(slope_ranks(0.9, when.size)[when.size])
    highest = float(slopes[-rank]) if rank > 0 else -inf
    return float(when[-1]) + -latest / highest if highest > 0 else inf


def _since(panel: Panel, labels: npt.NDArray[np.int32], peers: _Peers, begin: int) -> dict[str, Floats]:
    """Return what areas and cells alike did after the start, and after a placebo start one measurement earlier."""
    count = int(labels.max())
    nothing = np.full(count, np.nan)
    if begin == panel.years.size - 1:
        own = matched = nothing
    else:
        own, matched = _changes(panel, labels, peers, begin, panel.years.size - 1)
    placebo = nothing
    if begin >= 1:
        before, alike = _changes(panel, labels, peers, begin - 1, begin)
        placebo = before - alike
    return {
        "change_since_start": own, "matched_change": matched, "difference": own - matched, "placebo": placebo
    }  # fmt: skip


def _changes(
    panel: Panel, labels: npt.NDArray[np.int32], peers: _Peers, begin: int, end: int
) -> tuple[Floats, Floats]:
    count = int(labels.max())
    own = means_by(labels, count, panel.level[end] - panel.level[begin], panel.weights)
    course = peers.course(begin)
    return own, course[:, end] - course[:, begin]
