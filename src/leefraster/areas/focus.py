"""How focus areas fare: each on its own, year by year, beside the country and beside places like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from leefraster.areas.areas import Areas
from leefraster.areas.given import as_areas, require_horizon, require_scores, require_weak_class
from leefraster.areas.peers import Peers
from leefraster.areas.placement import labels_of, placed
from leefraster.areas.prospects import prospects
from leefraster.cells import CELL, from_raster
from leefraster.changes.years import measured_year
from leefraster.clusters.course import Course, course_of, means_by
from leefraster.clusters.national import weighted_mean
from leefraster.clusters.panel import Floats, Panel, in_order, panel_of
from leefraster.errors import InputError
from leefraster.lazy import computed
from leefraster.scoring.cuts import Cuts, as_cuts
from leefraster.scoring.urbanity_classes import known_classes

if TYPE_CHECKING:
    import geopandas

START = 2022
"""Measurement of the year in which the programme (NPLV) began: the last that does not clearly follow it."""

ENOUGH_MATCHED = 0.9
"""Share of an area's dwellings with cells alike, below which a comparison is said to be partial."""

CAVEATS = (
    "A description, no evaluation of a programme: areas were chosen for being weak, and part of a later rise is "
    "regression to the mean. Only measurements after the start can show anything of it.",
    "The comparison is with inhabited cells outside all areas, of the same level and urbanity class at the start; "
    "they may differ in all else. Where the placebo start shows as much, the difference says nothing.",
)
NO_URBANITY = (
    "Urbanity is not known at the start that is compared from: cells alike are of the same level, of whatever "
    "urbanity class."
)


@dataclass(frozen=True, slots=True, eq=False)
class FocusProgress:
    """The course of each area.

    Attributes
    ----------
    table : DataFrame
        One row an area and measurement year: ``code name year dwellings level country gap weak_share`` (share of
        dwellings in cells of the weak class or lower), ``matched_level`` (the area's level at the start, moved as
        cells alike did), ``gap_<dimension>``. All but the dwellings are taken over the same fixed cells.
    areas : DataFrame
        One row an area: ``code name dwellings``; ``weak_share`` and ``gap`` in the latest year; ``slope`` of the
        gap a year with limits of 95 %; ``state``: ``"diverging"``, ``"lagging"``, ``"catching up"``, or ``"ahead"``
        where the latest level is not below the country's (``"unknown"`` without one); ``closes_not_before``, the
        year before which the gap will not close (one-sided limit of 95 %), NaN where it is not foreseeable or there
        is none; ``outlook`` says so in words: ``"not before 2040"``, ``"not foreseeable"`` (never, more than a
        century ahead, or the fitted line has closed a gap that is there in the latest year), ``"no gap"``,
        ``"unknown"``.

        ``change_since_start``, the change of ``level`` in the table; ``own_change`` of the cells that have cells
        alike at the start, ``matched_change`` of cells alike, and ``difference``, the one less the other;
        ``matched_share``, the share of the area's dwellings that this comparison is about; ``placebo``, the
        difference for a start one measurement earlier, with cells alike in that year, and its
        ``placebo_matched_share``. ``weakest_dimension`` is furthest below the country in the latest year, ""
        where none lies below.
    caveats : tuple of str
        What the figures do not say.
    """

    table: pd.DataFrame
    areas: pd.DataFrame
    caveats: tuple[str, ...]


@computed
def focus_progress(
    scores: xr.Dataset,
    areas: Areas | geopandas.GeoDataFrame,
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
        ``score`` (year, dimension, cell) and ``urbanity`` ([year,] cell), over `year` (three at least) and `cell`.
    areas : Areas or GeoDataFrame
        The focus areas; a cell belongs to the area that holds its centre. A GeoDataFrame needs a column ``code``,
        and has names in ``name``.
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
        When the scores lack levels, dwellings or three years, `start` was not measured, `weak_class` or `horizon`
        is out of range, or `areas` is neither.
    InputError
        When no cell lies in any area, the areas are in another CRS, urbanity is not 1 to 5, or `score` lacks a
        dimension.

    Warns
    -----
    OverlapWarning, EmptyAreaWarning
        When cells lie in two areas (the first code has them), or areas hold no cell (they are left out).

    Notes
    -----
    An area's level, and the contribution of each dimension, is taken over its *fixed cells*: those with a level in
    every year (in an area without any, over the cells that each year has), weighted by the dwellings of the latest
    year; the country's over all dwellings of each year. The fitted latest gap over the highest plausible slope
    gives the year before which the gap will not close.

    A fixed cell's *cells alike* lie outside all areas, are inhabited, and are in the year that the comparison
    starts from of the same urbanity class and within the same .05 of level. Own and matched change are over the
    same cells of the area; those without cells alike take no part, and a caveat says so where less than 90 % of an
    area's dwellings are left.

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
    weak_class, horizon = require_weak_class(weak_class, len(bounds)), require_horizon(horizon)
    given, drawn = _over_cells(require_scores(scores)), as_areas(areas)
    panel = panel_of(given)
    begin = int(np.flatnonzero(panel.years == measured_year(start, panel.years, "start"))[0])
    urbanity = _urbanity(panel, given)
    labels, held = labels_of(placed(drawn, panel.grid, panel.cells))
    kept = drawn.frame.loc[held, ["code", "name"]].reset_index(drop=True)
    course = course_of(panel, labels, float(bounds[weak_class - 1]))
    fixed = _fixed_cells(panel, labels, course)
    peers = Peers(panel, labels, fixed, urbanity)
    table = _table(panel, kept, course, course.level[:, [begin]] + peers.courses(begin))
    table = table.assign(**_gaps(panel, course.groups, given))
    summary = _summary(panel, kept, course, horizon).assign(**_since(panel, course, peers, begin))
    summary["weakest_dimension"] = summary["code"].map(_weakest(panel, table)).fillna("")
    return FocusProgress(table, summary, (*CAVEATS, *_further(summary, urbanity is not None, peers, begin)))


def _over_cells(scores: xr.Dataset) -> xr.Dataset:
    return from_raster(scores) if CELL not in scores.dims and {"y", "x"} <= set(scores.dims) else scores


def _fixed_cells(panel: Panel, labels: npt.NDArray[np.int32], course: Course) -> npt.NDArray[np.bool_]:
    """Return the cells that the course rests on: with a level in every year, or all of an area without any."""
    none = np.concatenate([[False], course.fixed_share == 0])
    fixed: npt.NDArray[np.bool_] = np.isfinite(panel.level).all(axis=0) | none[labels]
    return fixed


def _urbanity(panel: Panel, scores: xr.Dataset) -> Floats | None:
    """Return the class of urbanity, (year, cell); that of one moment stands for all years."""
    if "urbanity" not in scores:
        return None
    given = _ordered(scores["urbanity"], ("year", CELL))
    classes = known_classes(given.values, "urbanity")
    return np.broadcast_to(classes, panel.level.shape)


def _ordered(variable: xr.DataArray, dims: tuple[str, ...]) -> xr.DataArray:
    """Return a variable with years and cells ascending, its dimensions as wanted; it may lack the first.

    Raises
    ------
    InputError
        When its dimensions are others.
    """
    wanted = [dim for dim in dims if dim in variable.dims]
    if set(variable.dims) - set(dims) or set(dims[1:]) - set(variable.dims):
        raise InputError(f"{variable.name} lies over {tuple(variable.dims)}; wanted are {', '.join(dims)}")
    for name in {"year", CELL} & set(variable.dims):
        variable = in_order(variable, name)
    return variable.transpose(*wanted)


def _table(panel: Panel, kept: pd.DataFrame, course: Course, matched: Floats) -> pd.DataFrame:
    years = panel.years.size
    table = kept.loc[kept.index.repeat(years)].reset_index(drop=True)
    table["year"] = np.tile(panel.years, len(kept))
    table["dwellings"] = course.dwellings.ravel()
    table["level"] = course.level.ravel()
    table["country"] = np.tile(course.country, len(kept))
    table["gap"] = course.gap.ravel()
    table["weak_share"] = course.weak_share.ravel()
    table["matched_level"] = matched.ravel()
    return table


def _gaps(panel: Panel, groups: npt.NDArray[np.int32], scores: xr.Dataset) -> dict[str, Floats]:
    """Return the contribution of each dimension over the fixed cells, less the country's, by area and year."""
    if "score" not in scores:
        return {}
    score = _ordered(scores["score"], ("year", "dimension", CELL))
    if "year" not in score.dims:
        raise InputError(f"score lies over {tuple(score.dims)}; wanted are year, dimension, cell")
    count, found = int(groups.max()), {}
    for position, name in enumerate(score["dimension"].values):
        columns = []
        for year in range(panel.years.size):
            values = np.asarray(score[year, position].values, dtype=np.float64)
            country = weighted_mean(values, panel.dwellings[year])
            columns.append(means_by(groups, count, values, panel.weights) - country)
        found[f"gap_{name}"] = np.column_stack(columns).ravel()
    return found


def _summary(panel: Panel, kept: pd.DataFrame, course: Course, horizon: float) -> pd.DataFrame:
    latest = {name: getattr(course, name)[:, -1] for name in ("dwellings", "weak_share", "gap")}
    return pd.concat([kept.assign(**latest), prospects(panel.years, course.gap, horizon)], axis=1)


def _weakest(panel: Panel, table: pd.DataFrame) -> pd.Series:
    """Return by code the dimension that is furthest below the country in the latest year, "" for none."""
    latest = table[table["year"] == panel.years[-1]].set_index("code")
    gaps = latest[[name for name in latest.columns if str(name).startswith("gap_")]]
    if not gaps.shape[1]:
        return pd.Series("", index=latest.index)
    below = gaps.where(gaps < 0).fillna(0.0)
    lowest: pd.Series = below.idxmin(axis=1).str.removeprefix("gap_").where(below.min(axis=1) < 0, "")
    return lowest


def _since(panel: Panel, course: Course, peers: Peers, begin: int) -> dict[str, Any]:
    """Return what areas and cells alike did after the start, and after a placebo start one measurement earlier."""
    last, nothing = panel.years.size - 1, np.full(len(course.level), np.nan)
    since = peers.compared(begin, last)
    after = begin < last
    own, alike = (since.own, since.alike) if after else (nothing, nothing)
    placebo = peers.compared(begin - 1, begin) if begin else None
    return {
        "change_since_start": course.level[:, last] - course.level[:, begin] if after else nothing,
        "own_change": own, "matched_change": alike, "difference": own - alike, "matched_share": since.share,
        "placebo": nothing if placebo is None else placebo.own - placebo.alike,
        "placebo_matched_share": nothing if placebo is None else placebo.share,
    }  # fmt: skip


def _further(summary: pd.DataFrame, urbanity: bool, peers: Peers, begin: int) -> list[str]:
    """Return the caveats that depend on what was found."""
    compared_from = [begin - 1, begin] if begin else [begin]
    found = [] if urbanity and all(map(peers.knows_urbanity, compared_from)) else [NO_URBANITY]
    for name, what in (("matched_share", "the start"), ("placebo_matched_share", "the placebo start")):
        few = summary[summary[name] < ENOUGH_MATCHED].sort_values([name, "code"])
        if len(few):
            first = ", ".join(f"{code} {share:.0%}" for code, share in few[["code", name]].to_numpy()[:10])
            found.append(
                f"At {what}, {len(few)} of {len(summary)} areas have cells alike for less than "
                f"{ENOUGH_MATCHED:.0%} of their dwellings ({first}); the difference is about that part only."
            )
    return found
