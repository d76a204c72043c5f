"""The question how focus areas fare: each by itself, never only their average."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leefraster.areas.areas import Areas
from leefraster.areas.compare import AreaComparison, compare_areas
from leefraster.areas.focus import START, FocusProgress, focus_progress
from leefraster.areas.given import as_areas, require_clusters, require_horizon
from leefraster.areas.placement import labels_of, placed
from leefraster.cells import CELL, grid_of
from leefraster.clusters.panel import MINIMUM_YEARS
from leefraster.errors import LeefrasterWarning, UsageError
from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.by_unit import (
    in_order,
    level_at,
    require_one_version,
    unit_field,
    weights_at,
    years_of,
)
from leefraster.questions.focus_areas_words import NONE_BEHIND, QUESTION, caveats, columns, sentence
from leefraster.questions.question import Unanswerable

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from leefraster.clusters.structural import StructuralClusters


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data: the parameters of one call."""

    scores: xr.Dataset
    areas: Areas
    clusters: StructuralClusters | None
    start: int
    weak_class: int
    horizon: float

    @property
    def years(self) -> list[int]:
        """The measurement years, ascending."""
        return years_of(self.scores)

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        return {
            "areas": self.areas.source, "start": self.start, "weak_class": self.weak_class,
            "horizon": self.horizon, "years": self.years,
        }  # fmt: skip


@computed
def focus_areas(
    scores: xr.Dataset,
    areas: Areas | geopandas.GeoDataFrame | None = None,
    clusters: StructuralClusters | None = None,
    *,
    start: int | None = None,
    weak_class: int = 4,
    horizon: float = 20.0,
) -> Answer:
    """Answer whether focus areas make up their lag, each by itself.

    For each area the gap of its level to the country, its course, and the share of its dwellings in cells of the
    weak class or lower, as `lr.focus_progress` computes them.

    Parameters
    ----------
    scores : Dataset
        `level` (year, cell), or `total` with `reference` (year); `dwellings` ([year,] cell); where known `score`
        and `urbanity`. Three measurement years at least.
    areas : Areas, GeoDataFrame or None
        The focus areas (a GeoDataFrame needs a column ``code``). Without any, the answer is "cannot be said".
    clusters : StructuralClusters or None
        When given, `details` tells how clusters and areas cover each other, and which clusters are in no area.
    start : int or None
        Last measurement that does not follow the programme; 2022 where measured (NPLV), else the last but one.
    weak_class : int
        Highest class that counts as weak.
    horizon : float
        Years within which a gap must close to be catching up.

    Returns
    -------
    Answer
        `table` has a row an area: its number on the map, dwellings, share of them in weak cells in the first
        and the latest year, gap, slope, state, when it closes, weakest dimension. `details` holds "since_start"
        (change since the start beside that of cells alike, and for how large a share of the dwellings it is
        known), "years" (every area and year), "dimensions" (gap of each in the latest year) and, with clusters,
        "missed" and "covered". `map` is the number of the area of each cell.

    Raises
    ------
    UsageError
        When the scores have no dimension `cell`, `start` was not measured, `weak_class` or `horizon` is out of
        range, or areas or clusters are something else.
    InputError
        When a year occurs twice, urbanity is not 1 to 5, or the areas are in another CRS or hold no cell at all.

    Notes
    -----
    It describes and evaluates no programme. Docs: ``docs/questions.md``.

    Examples
    --------
    >>> import geopandas, numpy as np, shapely, xarray as xr
    >>> import leefraster as lr
    >>> from leefraster.cells import cell_coordinates
    >>> grid = lr.Grid(0, 1000, 10, 10)
    >>> level = np.full((3, 100), 4.1)
    >>> level[:, :40] = [[3.6], [3.7], [3.8]]
    >>> scores = xr.Dataset({"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0))},
    ...                     coords={"year": [2020, 2022, 2024], **cell_coordinates(grid, np.arange(100))})
    >>> north = geopandas.GeoDataFrame({"code": ["N"]}, geometry=[shapely.box(0, 600, 1000, 1000)])
    >>> answer = lr.questions.focus_areas(scores, lr.Areas.from_geopandas(north, code="code"))
    >>> answer.verdict, answer.table["state"].tolist()
    ('holds', ['catching up'])
    """
    scores = in_order(scores)
    if CELL not in scores.dims:
        raise UsageError(f"scores needs a dimension 'cell'; it has {sorted(map(str, scores.dims))}")
    try:
        if areas is None:
            raise Unanswerable(
                "er zijn geen focusgebieden gegeven (areas=; op de opdrachtregel --focus BESTAND --code KOLOM)",
                "no focus areas are given (areas=; on the command line --focus FILE --code COLUMN)",
            )
        drawn = as_areas(areas)
        found = None if clusters is None else require_clusters(clusters)
        asked = Asked(scores, drawn, found, _start(scores, start), weak_class, require_horizon(horizon))
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, {"start": start, "weak_class": weak_class, "horizon": horizon})
    try:
        return _answer(asked)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _start(scores: xr.Dataset, start: int | None) -> int:
    years = years_of(scores)
    if len(years) < MINIMUM_YEARS:
        raise Unanswerable(
            f"er zijn {len(years)} meetjaren; voor een verloop zijn er {MINIMUM_YEARS} nodig",
            f"there are {len(years)} measurement years; a course takes {MINIMUM_YEARS}",
        )
    if start is not None:
        return start
    return START if START in years else years[-2]


def _answer(asked: Asked) -> Answer:
    for year in asked.years:
        level_at(asked.scores, year)
        weights_at(asked.scores, "dwellings", year)
    require_one_version(asked.scores, asked.years)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeefrasterWarning)
        found = focus_progress(
            asked.scores, asked.areas, start=asked.start, weak_class=asked.weak_class, horizon=asked.horizon
        )
        grid, cells = grid_of(asked.scores), asked.scores[CELL].values
        labels, held = labels_of(placed(asked.areas, grid, cells))
        compared = None if asked.clusters is None else _compared(asked)
    if not np.isfinite(found.areas["gap"]).any():
        raise Unanswerable(
            "geen van de focusgebieden heeft woningen met een niveau",
            "none of the focus areas has dwellings with a level",
        )
    table = _table(asked, found)
    of_code = dict(zip(table["code"], table["number"], strict=True))
    numbers = np.array([0, *(of_code[code] for code in asked.areas.codes[held])], dtype=np.int32)[labels]
    details = {"since_start": _since_start(found, table), **_details(asked, found, compared)}
    said = sorted({str(one.message) for one in caught if issubclass(one.category, LeefrasterWarning)})
    parts: dict[str, Any] = {
        "table": table,
        "map": unit_field(
            asked.scores, numbers, "focus_area", "focus areas by their number in the table", "1"
        ),
        "figure": {
            "kind": "bars", "x": "name", "y": ["weak_share_first", "weak_share_last"], "unit": "share of dwellings",
            "title": f"Dwellings in cells of class {asked.weak_class} or lower, {asked.years[0]} and "
            f"{asked.years[-1]}",
            "title_nl": f"Woningen in cellen van klasse {asked.weak_class} of lager, {asked.years[0]} en "
            f"{asked.years[-1]}",
        },
        "details": details,
        "columns": columns(asked),
    }  # fmt: skip
    if not (table["gap"] < 0).any():
        return QUESTION.cannot_say(NONE_BEHIND, asked.inputs(), **parts)
    found_words = sentence(asked, table, compared), caveats(asked, table, found, said)
    return QUESTION.answer(_verdict(table), *found_words, inputs=asked.inputs(), **parts)


def _compared(asked: Asked) -> AreaComparison:
    assert asked.clusters is not None
    return compare_areas(asked.clusters, asked.areas, asked.scores["dwellings"])


def _table(asked: Asked, found: FocusProgress) -> pd.DataFrame:
    """Return one row an area; the largest gap first, which is number 1."""
    first = found.table[found.table["year"] == asked.years[0]].set_index("code")
    table = found.areas.rename(columns={"weak_share": "weak_share_last"})
    table.insert(3, "weak_share_first", table["code"].map(first["weak_share"]))
    kept = [
        "code", "name", "dwellings", "weak_share_first", "weak_share_last", "gap", "slope", "slope_low",
        "slope_high", "state", "outlook", "weakest_dimension",
    ]  # fmt: skip
    table["name"] = table["name"].where(table["name"] != "", table["code"])
    table = table[kept].sort_values(["gap", "code"], ignore_index=True)
    table.insert(0, "number", np.arange(1, len(table) + 1))
    return table


def _since_start(found: FocusProgress, table: pd.DataFrame) -> pd.DataFrame:
    """Return what areas and cells alike did since the start, in the order of the table."""
    compared = [
        "change_since_start", "own_change", "matched_change", "difference", "matched_share", "placebo",
        "placebo_matched_share",
    ]  # fmt: skip
    return table[["code", "name", "dwellings"]].merge(found.areas[["code", *compared]], on="code", how="left")


def _verdict(table: pd.DataFrame) -> Verdict:
    """Return whether areas catch up: all, none, or some."""
    judged = table[table["gap"] < 0]
    up = int((judged["state"] == "catching up").sum())
    if up == len(judged):
        return "holds"
    return "does not hold" if up == 0 else "mixed"


def _details(asked: Asked, found: FocusProgress, compared: AreaComparison | None) -> dict[str, pd.DataFrame]:
    gaps = [name for name in found.table.columns if str(name).startswith("gap_")]
    years = found.table.drop(columns=gaps)
    details = {"years": years}
    if gaps:
        latest = found.table[found.table["year"] == asked.years[-1]]
        details["dimensions"] = latest[["code", "name", *gaps]].reset_index(drop=True)
    if compared is not None:
        details["missed"] = compared.missed.drop(columns=["outside", "areas"]).reset_index(drop=True)
        details["covered"] = compared.areas.drop(columns="level")
    return details
