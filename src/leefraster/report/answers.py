"""The answered questions, each as a page that can be printed and pasted by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leefraster.colours import (
    CLASSES,
    URBANITY,
    YES_NO,
    Codes,
    Scale,
    binned,
    category,
    class_codes,
)
from leefraster.report import charts, maps
from leefraster.report.picture import Picture
from leefraster.report.places import places_of
from leefraster.report.tables import Meanings, Table, heading, printed
from leefraster.report.wording import DIMENSIONS, dimension_code, layer_name, plain

if TYPE_CHECKING:
    from leefraster.questions.answer import Answer

VERDICTS = {
    "holds": ("yes", "✓"),
    "does not hold": ("no", "✕"),
    "mixed": ("mixed", "±"),
    "cannot be said": ("unknown", "?"),
}


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """An answer, ready to print."""

    anchor: str
    question: dict[str, str]
    verdict: tuple[str, str, str, str]
    sentence: dict[str, str]
    rule: str
    rule_nl: str
    table: Table | None
    details: tuple[tuple[str, Table], ...]
    figure: Picture | None
    map: Picture | None
    caveats: tuple[str, ...]
    caveats_nl: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]


def page(answer: Answer, *, figures: bool) -> AnswerPage:
    """Return the page of one answer."""
    anchor = "answer-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in answer.name)
    badge, sign = VERDICTS.get(answer.verdict, ("unknown", "?"))
    return AnswerPage(
        anchor,
        answer.question,
        (badge, sign, str(answer.verdict), answer.verdict_nl),
        answer.sentence,
        answer.rule,
        answer.rule_nl,
        _filled(answer.table, answer.columns),
        tuple(
            (heading(name), table)
            for name, frame in answer.details.items()
            if (table := _filled(frame, answer.columns)) is not None
        ),
        figure(answer.table, answer.figure, answer.columns) if figures and answer.figure else None,
        answer_map(answer.map) if figures and answer.map is not None else None,
        answer.caveats,
        answer.caveats_nl,
        tuple((heading(str(key)), _input(value)) for key, value in (answer.inputs or {}).items()),
    )


def _input(value: Any) -> str:
    return dimension_code(value) if isinstance(value, str) else plain(value)


def figure(table: Any, wanted: dict[str, Any], meanings: Meanings | None = None) -> Picture | None:
    """Draw an answer's figure over its table: bars or lines, as it asks."""
    columns = [str(column) for column in wanted.get("y", [])]
    if not columns or len(table) == 0 or any(c not in table.columns for c in [wanted["x"], *columns]):
        return None
    x = list(table[wanted["x"]])
    values = [[float(v) for v in table[column]] for column in columns]
    names = [_series_name(column, meanings) for column in columns]
    title, unit = str(wanted.get("title", "")), str(wanted.get("unit", ""))
    numbers = all(isinstance(v, int | float | np.number) for v in x)
    if wanted.get("kind") == "lines" and numbers and len(x) > 1:
        series = charts.series_of(names, values)
        across = heading(str(wanted["x"]), meanings)
        return charts.lines([float(v) for v in x], series, title=title, unit=f"{unit}; across: {across}")
    series = [charts.Series(n, v, category(i)) for i, (n, v) in enumerate(zip(names, values, strict=True))]
    return charts.bars(_categories_of(table, x, str(wanted["x"])), series, title=title, unit=unit)


def _series_name(column: str, meanings: Meanings | None) -> str:
    if column in DIMENSIONS:
        return layer_name(column)
    meaning = (meanings or {}).get(column, {})
    return meaning.get("en") or heading(column)


def _categories_of(table: Any, x: list[Any], column: str) -> list[str]:
    """Return the names of a bar chart's groups: the values, with the English name where there is one."""
    texts = [f"{v:g}" if isinstance(v, float) else plain(v) for v in x]
    if column == "name_en" or "name_en" not in table.columns:
        return texts
    names = [str(name) for name in table["name_en"]]
    return [n if n.startswith(t) else f"{t} {n}" for t, n in zip(texts, names, strict=True)]


def _filled(frame: Any, meanings: Meanings) -> Table | None:
    return printed(frame, meanings=meanings) if len(frame.columns) and len(frame) else None


def answer_map(field: xr.DataArray) -> Picture | None:
    """Draw an answer's map: flags by their meanings, classes by class, truth as yes and no, else bins."""
    place = places_of(field)
    if place is None or field.ndim != 1 or field.size == 0:
        return None
    codes, scale = _coded(field)
    if not scale.colours:
        return None
    title = str(field.attrs.get("long_name") or field.name or "map")
    title = title[:1].upper() + title[1:]
    unit = str(field.attrs.get("units", ""))
    marks = _rings(field)
    note = "Rings show where they lie." if marks else ""
    return maps.draw(
        place,
        codes,
        scale,
        title=title,
        unit="" if unit == "1" else unit,
        width=520,
        marks=marks,
        note=note,
        rare=scale.colours == YES_NO.colours,
    )


def _rings(field: xr.DataArray) -> tuple[maps.Mark, ...]:
    """Return a ring around each of the numbered groups of a map, none when there are few or very many."""
    labels = field.values
    if labels.dtype.kind not in "iu" or field.name in ("class", "urbanity"):
        return ()
    kinds = np.unique(labels[labels > 0])
    if not 8 <= kinds.size <= 100 or "x" not in field.coords or "y" not in field.coords:
        return ()
    x, y = field["x"].values, field["y"].values
    return tuple(
        maps.Mark(float(x[labels == kind].mean()), float(y[labels == kind].mean()), "") for kind in kinds
    )


def _coded(field: xr.DataArray) -> tuple[Codes, Scale]:
    values, attrs = field.values, field.attrs
    if "flag_values" in attrs and "flag_meanings" in attrs:
        return _flags(values, attrs)
    if values.dtype.kind == "b":
        return values.astype(np.uint8), YES_NO
    if field.name == "class":
        return class_codes(np.nan_to_num(np.asarray(values, dtype=float))), CLASSES
    if field.name == "urbanity":
        known = (values >= 1) & (values <= 5)
        return np.where(known, np.nan_to_num(values) - 1, 5).astype(np.uint8), URBANITY
    if values.dtype.kind in "iu":
        return _categories(values)
    return binned(values)


def _flags(values: Any, attrs: dict[str, Any]) -> tuple[Codes, Scale]:
    given = attrs["flag_meanings"]
    words = given.split() if isinstance(given, str) else [str(word) for word in given]
    flags = [float(flag) for flag in np.atleast_1d(attrs["flag_values"])]
    codes = np.full(values.shape, len(flags), dtype=np.uint8)
    for i, flag in enumerate(flags):
        codes[values == flag] = i
    return codes, Scale(
        tuple("#dedede" if flag == 0 else category(i) for i, flag in enumerate(flags)),
        tuple(word.replace("_", " ") for word in words),
    )


def _categories(values: Any) -> tuple[Codes, Scale]:
    """Code whole numbers: each its own colour when few, with 0 as none; else "some" against "none"."""
    kinds = np.unique(values)
    if kinds.size > 8:
        return (values != 0).astype(np.uint8), Scale(YES_NO.colours, ("none", "some"))
    codes = np.searchsorted(kinds, values).astype(np.uint8)
    colours = tuple("#dedede" if kind == 0 else category(i) for i, kind in enumerate(kinds))
    return codes, Scale(colours, tuple("none" if kind == 0 else str(kind) for kind in kinds))
