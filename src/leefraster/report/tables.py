"""Tables as the report prints them: headings in words, numbers aligned, missing as a dash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.report.wording import NOTHING, layer_name, number, plain, probability, share

if TYPE_CHECKING:
    import pandas as pd

_WIDEST, _SIDEWAYS = 9, 7
_AS_IT_IS = ("year", "jaar", "rank", "cluster", "from_year", "to_year", "urbanity")
_DIMENSIONS = ("dimension", "weakest_dimension", "second_dimension", "one", "other", "measure")
_PROBABILITIES = ("p", "q", "p_value", "esda_p", "our_p")


@dataclass(frozen=True, slots=True)
class Table:
    """Headings, rows of printed texts, which columns hold numbers, and how many rows were left out."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    left_out: int = 0


Meanings = Mapping[str, Mapping[str, str]]


def printed(frame: pd.DataFrame, *, most: int = 60, meanings: Meanings | None = None) -> Table:
    """Turn a DataFrame into a printed table of at most `most` rows.

    A named index becomes columns; `meanings` gives columns their words and units (`Answer.columns`), and a
    Dutch name beside an English one is left out, and so are codes that are the names. Shares, by their unit,
    are printed in per cent, and codes of dimensions as names, unless a column of names stands beside them. Few
    rows with many columns are printed on their side.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if {"name_nl", "name_en"} <= set(frame.columns):
        frame = frame.drop(columns="name_nl")
    if {"code", "name"} <= set(frame.columns) and (frame["code"] == frame["name"]).all():
        frame = frame.drop(columns="code")
    names = [str(column) for column in frame.columns]
    numeric = tuple(frame.iloc[:, i].dtype.kind in "iuf" for i in range(len(names)))
    shown = frame.head(most)
    columns = [_column(name, shown.iloc[:, i], meanings, names) for i, name in enumerate(names)]
    headings = tuple(heading(name, meanings) for name in names)
    left_out = max(0, len(frame) - most)
    if len(names) > _WIDEST and len(shown) <= _SIDEWAYS:
        return _on_its_side(headings, columns, left_out)
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    return Table(headings, rows, numeric, left_out)


def heading(name: str, meanings: Meanings | None = None) -> str:
    """Return a column's name in words, with its unit where one is known."""
    meaning = (meanings or {}).get(name)
    if meaning is None or not meaning.get("en"):
        return name.replace("_", " ").strip() or "–"
    words, unit = meaning["en"], meaning.get("unit", "")
    said = unit in ("", "1", "text", "count", "year") or words.endswith(")") or unit.split()[0] in words
    return words if said else f"{words} ({unit})"


def _on_its_side(headings: tuple[str, ...], columns: list[list[str]], left_out: int) -> Table:
    rows = tuple((head, *column) for head, column in zip(headings[1:], columns[1:], strict=True))
    return Table((headings[0], *columns[0]), rows, (False, *(True for _ in columns[0])), left_out)


def _column(name: str, column: pd.Series, meanings: Meanings | None, beside: list[str]) -> list[str]:
    values = list(column)
    unit = (meanings or {}).get(name, {}).get("unit", "")
    if unit.startswith("share"):
        return [share(v, 2) for v in values]
    if unit.endswith("per year"):
        return [number(v, 4) for v in values]
    if name in _DIMENSIONS and "name_en" not in beside:
        return [layer_name(v) or NOTHING for v in values]
    if column.dtype.kind in "iu":
        return [str(v) if name.lower() in _AS_IT_IS else number(v, 0) for v in values]
    if column.dtype.kind == "f":
        return [probability(v) for v in values] if name.lower() in _PROBABILITIES else _floats(name, values)
    return [_any(v) for v in values]


def _floats(name: str, values: list[Any]) -> list[str]:
    finite = [abs(float(v)) for v in values if np.isfinite(v)]
    if all(v == int(v) for v in finite) and finite:
        return [str(int(v)) if name.lower() in _AS_IT_IS and np.isfinite(v) else number(v, 0) for v in values]
    decimals = 3 if max(finite, default=0.0) < 100 else 1
    tiny = any(0 < v < 1e-6 for v in finite)
    return [_scientific(v) if tiny and 0 < abs(v) < 5e-4 else number(v, decimals) for v in values]


def _scientific(value: float) -> str:
    return f"{float(value):.1e}".replace("-", "−")


def _any(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return NOTHING
    if isinstance(value, float | np.floating):
        size = abs(float(value))
        return f"{float(value):.4g}".replace("-", "−") if size < 1e5 else number(value, 0)
    return plain(value)
