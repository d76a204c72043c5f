"""A comparison as plain text, to read, to mail and to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from leefraster.comparison.compare import Comparison

_ROWS = 40


def as_text(found: Comparison) -> str:
    """Return the comparison as plain text: what differs behind it first, then what came of it."""
    moved = found.clusters[found.clusters["fate"] != "stayed"]
    stayed = len(found.clusters) - len(moved)
    no_level = "not known, since a run has no level"
    parts = [
        f"old: {found.old}\nnew: {found.new}",
        _section("What differs behind the figures", found.causes, ""),
        _section("Headline figures of the latest year", found.headlines, "none"),
        _section("Verdicts", found.answers, "neither run answered a question"),
        _section("Places that changed class", found.changed, no_level),
        _section("Values that moved", found.values[found.values["changed"] > 0], "no value moved"),
        _section(f"Structural clusters in and out ({stayed} stayed)", moved, "none"),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, rows: pd.DataFrame, none: str) -> str:
    if not len(rows):
        return f"{title}: {none}"
    shown = rows.head(_ROWS).astype(object)
    shown = shown.apply(lambda column: column.map(_cell))
    width = [max([len(str(name)), *map(len, shown[name])]) for name in shown]
    lines = [_line([str(name) for name in shown], width)]
    lines += [_line(list(row), width) for row in shown.itertuples(index=False)]
    if len(rows) > _ROWS:
        lines.append(f"  and {len(rows) - _ROWS} more")
    return "\n".join([title, *lines])


def _line(cells: list[str], width: list[int]) -> str:
    padded = [cell.ljust(size) for cell, size in zip(cells, width, strict=True)]
    return ("  " + "  ".join(padded)).rstrip()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return "-"
    return f"{value:.0f}" if value.is_integer() else f"{value:.6g}"
