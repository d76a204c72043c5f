"""The structural clusters: a ranked table, a close-up and a course for each, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leefraster.colours import Scale
from leefraster.record import RunRecord
from leefraster.report import charts, maps
from leefraster.report.maps import Mark
from leefraster.report.national import binned_scale
from leefraster.report.picture import Picture, legend
from leefraster.report.places import Cells, Place
from leefraster.report.tables import Table, printed
from leefraster.report.view import TOTAL, View
from leefraster.report.wording import NOTHING, layer_name, nearly, number, share, whole

MOST_CARDS = 60
STATES = {
    "diverging": ("diverging", "falls further behind the country", "▼"),
    "lagging": ("lagging", "not projected to close in time", "▬"),
    "catching up": ("catching up", "projected to close within the horizon", "▲"),
    "ahead": ("ahead", "not below the country", "●"),
}
USUAL = 200
"""Recomputations from which on a share is sure to about .03."""

HEADINGS = (
    ("rank", True),
    ("name", False),
    ("dwellings", True),
    ("cells", True),
    ("level", True),
    ("gap to country", True),
    ("gap to same urbanity", True),
    ("pulled down by", False),
    ("weak dwellings", True),
    ("cold cells", True),
    ("severity", True),
)
"""Columns of the table of clusters, and whether they hold numbers."""

THRESHOLDS = {
    "threshold": {"en": "threshold", "nl": "drempel", "unit": ""},
    "value": {"en": "moved to", "nl": "verzet naar", "unit": ""},
    "clusters": {"en": "clusters", "nl": "clusters", "unit": ""},
    "dwellings": {"en": "dwellings in them", "nl": "woningen erin", "unit": ""},
    "jaccard": {"en": "overlap with the set as it stands", "nl": "overlap met de verzameling", "unit": ""},
    "lost": {"en": "clusters lost", "nl": "clusters verloren", "unit": ""},
}


@dataclass(frozen=True, slots=True)
class Card:
    """One cluster as printed: its figures, its close-up and its course."""

    rank: str
    name: str
    state: str
    symbol: str
    figures: tuple[tuple[str, str], ...]
    map: Picture | None
    course: Picture | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell of the table of clusters: what it says, and in small print below it."""

    said: str
    below: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Surely:
    """What recomputations under perturbed scores and moved thresholds showed."""

    recomputations: str
    few: str
    error: str
    weak_dwellings: str
    thresholds: Table


@dataclass(frozen=True, slots=True)
class ClusterSection:
    """All that the section on clusters shows."""

    headings: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Entry, ...], ...]
    cards: tuple[Card, ...]
    left_out: int
    locator: Picture | None
    legend: tuple[Any, ...]
    states: dict[str, int]
    surely: Surely | None = None
    nothing: str = ""


def section(record: RunRecord, view: View, place: Place | None, *, figures: bool) -> ClusterSection | None:
    """Return the section, None when the run has no clusters step."""
    structural = record.structural
    if structural is None:
        return None
    table = structural.table.sort_values("rank", kind="stable") if len(structural.table) else structural.table
    rows = table.to_dict("records")
    draw = _drawer(record, view, place) if figures and isinstance(place, Cells) else None
    span = _span(structural.course) if len(rows) else (0.0, 1.0)
    cards = tuple(_card(row, structural, draw, span, figures) for row in rows[:MOST_CARDS])
    states = {state: sum(1 for row in rows if row["state"] == state) for state in STATES}
    states = {state: count for state, count in states.items() if count or state != "ahead"}
    locator = _locator(place, rows) if figures and place is not None and rows else None
    keys = legend(draw.scale, missing=False) if draw is not None else ()
    left = max(0, len(rows) - MOST_CARDS)
    headings = (*HEADINGS, *((("reappears; hangs on", True),) if "reappears" in table else ()))
    shown = tuple(_row(row, headings) for row in rows)
    return ClusterSection(
        headings, shown, cards, left, locator, keys, states, _surely(record), could_select_nothing(record)
    )


def could_select_nothing(record: RunRecord) -> str:
    """Return the remark of the run that its rule could select nothing whatever the levels are; "" without one."""
    return next((note for note in record.notes if "the rule can select nothing" in note), "")


def name_of(row: Mapping[Any, Any]) -> str:
    """Return a cluster's name, or its place when no areas were given."""
    if str(row.get("name") or "").strip():
        return str(row["name"])
    return f"cluster at {whole(row['x'])}, {whole(row['y'])} m"


@dataclass(frozen=True, slots=True)
class _Drawer:
    place: Cells
    codes: Any
    scale: Scale
    labels: Any
    bridges: Any

    def draw(self, row: Mapping[Any, Any]) -> Picture:
        chosen = self.labels == int(row["cluster"])
        title = f"Close-up of {name_of(row)}"
        return maps.window_map(self.place, self.codes, self.scale, chosen, self.bridges, title=title)


def _drawer(record: RunRecord, view: View, place: Cells) -> _Drawer | None:
    year = view.latest(TOTAL)
    found = None if year is None else binned_scale(view, TOTAL, year)
    if found is None or record.structural is None:
        return None
    labels = view.values("structural_label")
    labels = np.asarray(record.structural.labels.values) if labels is None else labels
    bridges = view.values("structural_bridge")
    bridges = np.zeros(labels.shape, dtype=bool) if bridges is None else bridges.astype(bool)
    return _Drawer(place, *found, labels, bridges)


def _row(row: Mapping[Any, Any], headings: tuple[tuple[str, bool], ...]) -> tuple[Entry, ...]:
    """Return one row: each gap with the state that it is in, and how sure the cluster is with what it hangs on."""
    cells = (
        (str(int(row["rank"])), ""),
        (name_of(row), ""),
        (whole(row["dwellings"]), ""),
        (whole(row["cells"]), ""),
        (number(row["level"], 2), ""),
        (number(row["gap"], 3), str(row["state"])),
        (number(row["gap_urbanity"], 3), str(row["state_urbanity"])),
        (_weakest(row), ""),
        (share(row["weak_share"]), ""),
        (share(row["cold_share"]), ""),
        (whole(row["severity"]), ""),
        *(((nearly(row["reappears"]), _hangs(row)),) if "reappears" in row else ()),
    )
    pairs = zip(cells, headings, strict=True)
    return tuple(Entry(said, below, numeric) for (said, below), (_, numeric) in pairs)


def _weakest(row: Mapping[Any, Any]) -> str:
    codes = [str(row.get(key) or "") for key in ("weakest_dimension", "second_dimension")]
    return ", ".join(layer_name(code) for code in codes if code and code != "nan")


def _card(
    row: Mapping[Any, Any], structural: Any, draw: _Drawer | None, span: tuple[float, float], figures: bool
) -> Card:
    state, words, symbol = STATES.get(str(row["state"]), (str(row["state"]), "", "•"))
    return Card(
        str(int(row["rank"])),
        name_of(row),
        f"{state}: {words}" if words else state,
        symbol,
        _figures(row),
        draw.draw(row) if draw is not None else None,
        _course(row, structural.course, span) if figures else None,
    )


def _figures(row: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("dwellings", whole(row["dwellings"])),
        ("cells (of which bridges)", f"{whole(row['cells'])} ({whole(row['bridge_cells'])})"),
        ("gap to the country", number(row["gap"], 3)),
        ("gap to same urbanity", number(row["gap_urbanity"], 3)),
        ("change of gap a year", number(row["slope"], 4, sign=True)),
        ("gap closes in", _closing(row)),
        ("against same urbanity", str(row["state_urbanity"]) or "not known"),
        ("change of that gap a year", number(row["slope_urbanity"], 4, sign=True)),
        ("weak dwellings", share(row["weak_share"])),
        ("cells significantly cold", share(row["cold_share"])),
        ("pulled down by", _weakest(row)),
        *_sensitivity(row),
    )


def _sensitivity(row: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return how surely it is a cluster, where that was computed."""
    if "reappears" not in row:
        return ()
    return (("reappears", nearly(row["reappears"])), ("hangs on", _hangs(row)))


def _hangs(row: Mapping[Any, Any]) -> str:
    return str(row["hangs_on"]).replace("_", " ") or "no threshold"


def _surely(record: RunRecord) -> Surely | None:
    """Return what moved thresholds and perturbed scores do to the whole set."""
    found = record.sensitivity
    if found is None:
        return None
    about = found.clusters.attrs
    return Surely(
        number(float(about["recomputations"]), 0),
        _few(int(about["recomputations"])),
        f"{number(float(about['size']), 2)} level points, alike within {whole(about['spatial_range'])} m, "
        f"correlated {number(float(about['persistence']), 1)} two years apart",
        share(found.weak_dwellings),
        printed(_in_words(found.thresholds), meanings=THRESHOLDS),
    )


def _few(recomputations: int) -> str:
    """Return what fewer recomputations than usual leave unsure; "" where there are enough."""
    if recomputations >= USUAL:
        return ""
    unsure = number(0.5 / recomputations**0.5, 2)
    return f"So few leave a share unsure by up to {unsure} (one standard error); {USUAL} or more are usual. "


def _in_words(thresholds: Any) -> Any:
    """Return thresholds by name in words, their values with all their digits."""
    return thresholds.assign(
        threshold=[str(name).replace("_", " ") for name in thresholds["threshold"]],
        value=[f"{value:.6g}" for value in thresholds["value"]],
    )


def _closing(row: Mapping[Any, Any]) -> str:
    """Return when the gap closes; a dash where that is withheld, as its slope is."""
    if not np.isfinite(float(row["slope"])):
        return NOTHING
    if str(row["state"]) == "ahead":
        return "no gap"
    years = float(row["years_to_close"])
    if not np.isfinite(years):
        return "not foreseeable" if float(row["slope"]) > 0 else "does not narrow"
    return f"{number(years, 0)} years at this pace" if years <= 100 else "more than 100 years at this pace"


def _course(row: Mapping[Any, Any], course: Any, span: tuple[float, float]) -> Picture | None:
    own = course[course["cluster"] == row["cluster"]].sort_values("year")
    if len(own) == 0:
        return None
    years = [float(year) for year in own["year"]]
    title = f"Level of {name_of(row)} (line) and of the country (dashes)"
    return charts.sparkline(years, list(own["level"]), list(own["country"]), span, title=title)


def _span(course: Any) -> tuple[float, float]:
    return charts.limits([list(course["level"]), list(course["country"])], False)


def _locator(place: Place, rows: Sequence[Mapping[Any, Any]]) -> Picture:
    count = (place.rows if isinstance(place, Cells) else place.x).size
    marks = tuple(
        Mark(float(row["x"]), float(row["y"]), str(int(row["rank"])))
        for row in reversed(rows)
        if np.isfinite(float(row["x"])) and np.isfinite(float(row["y"]))
    )
    scale = Scale(("#d9d5cb",), ("cells with a score",))
    codes = np.zeros(count, dtype=np.uint8)
    title = "Where the structural clusters lie"
    return maps.draw(
        place, codes, scale, title=title, unit="number = rank in the table", width=520, marks=marks
    )
