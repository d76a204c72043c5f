"""What rose and what fell between the last two measurements: by starting class, by area, and by dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.changes.change import CUTS
from leefraster.colours import CHANGES, CLASSES
from leefraster.record import RunRecord
from leefraster.report import charts, maps
from leefraster.report.charts import Series
from leefraster.report.course import Shown
from leefraster.report.picture import Picture
from leefraster.report.places import Place
from leefraster.report.tables import Table, printed
from leefraster.report.view import View
from leefraster.report.wording import NOTHING, layer_name, number, share, whole

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.changes.risers import RisersAndFallers

RISEN, UNCHANGED, FALLEN = CHANGES.colours[5], CHANGES.colours[3], CHANGES.colours[1]
NONE_UP_TO = CUTS[3]
MOST_AREAS = 10  # that fell most, and that rose most
FEWEST_DWELLINGS = 1_000  # of an area that is among these
_WAYS = ("risen", "fallen")
_SAID = {"risen": "risers", "fallen": "fallers"}
PUBLISHED = {
    "period": {"en": "period", "nl": "periode", "unit": ""},
    "units": {"en": "places with both", "nl": "plekken met beide", "unit": ""},
    "agree": {"en": "same direction", "nl": "zelfde richting", "unit": ""},
    "within_no_change": {"en": "moved here, published as no change", "nl": "", "unit": ""},
    "only_published": {"en": "no change here, published as moved", "nl": "", "unit": ""},
    "opposite": {"en": "opposite direction", "nl": "tegengesteld", "unit": ""},
    "same_class": {"en": "same class of change", "nl": "zelfde klasse", "unit": ""},
    "only_one": {"en": "in one of both only", "nl": "in een van beide", "unit": ""},
}


@dataclass(frozen=True, slots=True)
class RisersSection:
    """All that the section shows.

    Attributes
    ----------
    period : str
        The years, and what lies between.
    said : tuple of str
        What came of it, in sentences.
    map : Picture or None
        Class of change of every place.
    by_class : Shown
        Shares by class at the start, and what pulled.
    parts : Shown or None
        The mean change of risers and fallers in its parts; None without dimensions.
    areas : tuple of (str, Shown)
        Areas that fell and that rose most, or all of them, each list with its title.
    published : Table or None
        Published changes beside these.
    """

    period: str
    said: tuple[str, ...]
    map: Picture | None
    by_class: Shown
    parts: Shown | None
    areas: tuple[tuple[str, Shown], ...]
    published: Table | None


def section(record: RunRecord, view: View, place: Place | None, *, figures: bool) -> RisersSection | None:
    """Return the section, None when the run did not tell what rose."""
    found = record.risers
    if found is None:
        return None
    return RisersSection(
        found.period,
        _sentences(found, view),
        _map(view, place) if figures and place is not None else None,
        _by_class(found, figures=figures),
        _parts(found),
        _areas(found),
        _published(record.published_changes),
    )


def _sentences(found: RisersAndFallers, view: View) -> tuple[str, ...]:
    overall, many = found.overall, "cells" if view.unit == "cell" else "areas"
    rose, fell, same = (share(overall[name], 1) for name in ("risen", "fallen", "unchanged"))
    said = [
        f"Of {whole(found.counts['compared'])} {many} with a level in both years, weighted by {found.weighting}: "
        f"{rose} rose, {fell} fell and {same} did neither, by the bounds of the classes of change (one of at most "
        f"{number(NONE_UP_TO, 4)} is none). The mean level changed by "
        f"{number(overall['mean_change'], 4, sign=True)}."
    ]
    for way in _WAYS:
        leading = str(overall.get(f"{way}_leading") or "")
        if leading and leading != "nan":
            said.append(_pulled(overall.to_dict(), way, leading))
    left = [
        f"{whole(found.counts[key])} {words}"
        for key, words in (
            ("only_before", "had a level in the first year only"),
            ("only_after", "in the last year only"),
            ("without_dwellings", "have no known dwellings and stand outside shares and means"),
        )
        if found.counts[key]
    ]
    return (*said, f"Places that are left out: {'; '.join(left)}.") if left else tuple(said)


def _pulled(row: Mapping[Any, Any], way: str, leading: str) -> str:
    change = number(row[f"{way}_change"], 3, sign=True)
    if leading == "national":
        return f"The {_SAID[way]} changed by {change} on average; no dimension went that way, but the country did."
    part = number(row[f"{way}_{leading}"], 3, sign=True)
    return (
        f"The {_SAID[way]} changed by {change} on average, {part} of it by {layer_name(leading)}, more than by any "
        "other dimension."
    )


def _map(view: View, place: Place) -> Picture | None:
    classes = view.values("change_class")
    if classes is None:
        return None
    attrs = view.attrs("change_class")
    codes = np.where(classes > 0, classes - 1, len(CHANGES.colours)).astype(np.uint8)
    title = f"Change of the level, {attrs.get('from_year')} to {attrs.get('to_year')}"
    unit = "class of change 1–7; bounds measured from the classes of 2024, not official"
    return maps.draw(place, codes, CHANGES, title=title, unit=unit, width=760)


def _by_class(found: RisersAndFallers, *, figures: bool) -> Shown:
    held = found.table[found.table["units"] > 0]
    names = [_class_name(int(one)) for one in held.index]
    rows = [(name, *_figures(row, found)) for name, row in zip(names, held.to_dict("records"), strict=True)]
    rows.append(("all", *_figures(found.overall.to_dict(), found)))
    picture = None
    if figures and len(held):
        series = [
            Series("risen", [float(v) for v in held["risen"]], RISEN),
            Series("fallen", [float(v) for v in held["fallen"]], FALLEN),
        ]
        title = f"Shares that rose and that fell, by class at the start, {found.period.split(',')[0]}"
        picture = charts.bars(names, series, title=title, unit=f"share of {found.weighting} in the class")
    return Shown(picture, ("class at the start", *_headings(found)), tuple(rows))


def _class_name(one: int) -> str:
    return CLASSES.labels[one - 1].split(" (")[0] if one <= len(CLASSES.labels) else str(one)


def _headings(found: RisersAndFallers) -> tuple[str, ...]:
    count = found.weighting
    led = ("risers led by", "fallers led by") if found.dimensions else ()
    return (count, "rose", "no change", "fell", "a class up", "a class down", "mean change", *led)


def _figures(row: Mapping[Any, Any], found: RisersAndFallers) -> tuple[str, ...]:
    count = row["dwellings"] if found.weighting == "dwellings" else row["units"]
    shares = (share(row[name], 1) for name in ("risen", "unchanged", "fallen", "class_up", "class_down"))
    led = tuple(_led(row, way) for way in _WAYS) if found.dimensions else ()
    return (whole(count), *shares, number(row["mean_change"], 3, sign=True), *led)


def _led(row: Mapping[Any, Any], way: str) -> str:
    """Return the dimension that pulls most, with its part of the mean change."""
    code = str(row.get(f"{way}_leading") or "")
    part = row.get(f"{way}_{code}")
    if not code or part is None or not np.isfinite(float(part)):
        return NOTHING
    name = "the whole country" if code == "national" else layer_name(code)
    return f"{name} ({number(part, 3, sign=True)})"


def _parts(found: RisersAndFallers) -> Shown | None:
    if not found.dimensions:
        return None
    names = (*found.dimensions, "national", "rest")
    words = (*(layer_name(code) for code in found.dimensions), "shift of the national mean", "rest")
    rows = tuple(
        (_SAID[way], *(number(found.overall[f"{way}_{name}"], 3, sign=True) for name in ("change", *names)))
        for way in _WAYS
    )
    return Shown(None, ("", "mean change", *words), rows)


def _areas(found: RisersAndFallers) -> tuple[tuple[str, Shown], ...]:
    """Return the areas that fell and rose most on balance: among those of some size, or all when there are few."""
    areas = found.areas
    if areas is None or not len(areas):
        return ()
    kind = str(areas.index.name)
    ordered = areas.assign(balance=areas["risen"] - areas["fallen"]).sort_values("balance", kind="stable")
    if len(ordered) <= 2 * MOST_AREAS:
        return ((f"By {kind}, most fallen first", _area_table(ordered.to_dict("records"), kind, found)),)
    least = FEWEST_DWELLINGS if found.weighting == "dwellings" else 0
    large = ordered[ordered["dwellings"] >= least] if least else ordered
    said = f", with {whole(least)} dwellings or more" if least else ""
    lowest, highest = large.head(MOST_AREAS), large.tail(MOST_AREAS).iloc[::-1]
    return (
        (f"Where most fell on balance, by {kind}{said}", _area_table(lowest.to_dict("records"), kind, found)),
        (
            f"Where most rose on balance, by {kind}{said}",
            _area_table(highest.to_dict("records"), kind, found),
        ),
    )


def _area_table(rows: Sequence[Mapping[Any, Any]], kind: str, found: RisersAndFallers) -> Shown:
    headings = (kind, *(h for h in _headings(found) if not h.startswith("a class")))
    return Shown(None, headings, tuple((str(row["name"]), *_without_classes(row, found)) for row in rows))


def _without_classes(row: Mapping[Any, Any], found: RisersAndFallers) -> tuple[str, ...]:
    cells = _figures(row, found)
    return (*cells[:4], *cells[6:])


def _published(table: pd.DataFrame | None) -> Table | None:
    return None if table is None or not len(table) else printed(table, meanings=PUBLISHED)
