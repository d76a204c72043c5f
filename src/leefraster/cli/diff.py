"""``leefraster diff``: what a recomputation changed, before anyone signs it off."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from leefraster.cli.stores import run_key, store_at

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from leefraster.comparison import Comparison

_SHOWN = 40


def perform(options: argparse.Namespace) -> None:
    """Print the comparison of two runs."""
    from rich.console import Console

    from leefraster.comparison import StoredRun, compare

    store = store_at(options.store)
    old, new = (StoredRun.of(store, run_key(text)) for text in (options.old, options.new))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120)
    console.print(f"old: {old.facts['run_id']} {old.facts['title']}", highlight=False, markup=False)
    console.print(f"new: {new.facts['run_id']} {new.facts['title']}", highlight=False, markup=False)
    _print(console, compare(old, new))


def _print(console: Any, found: Comparison) -> None:
    _table(console, "What differs behind the figures", _in_words(found.causes))
    figures = found.headlines[found.headlines["figure"] != "latest year"]
    _table(console, "Headline figures", figures)
    if len(found.answers):
        _table(console, "Verdicts", _in_words(found.answers))
    moved_values = found.values[found.values["changed"] > 0]
    if len(moved_values):
        _table(console, "Values that moved, by year and layer", moved_values)
    else:
        console.print("Values: none moved.")
    if len(found.changed):
        _table(console, "Places by change of class", found.changed)
    else:
        console.print("Change of class: not known, since a run has no level.")
    moved = found.clusters[found.clusters["fate"] != "stayed"]
    stayed = len(found.clusters) - len(moved)
    if len(found.clusters):
        title = f"Structural clusters in and out ({stayed} stayed)"
        if len(moved):
            _table(console, title, moved.head(_SHOWN))
        else:
            console.print(f"{title}: none")
        if len(moved) > _SHOWN:
            console.print(f"and {len(moved) - _SHOWN} more")
    else:
        console.print("Structural clusters: neither run has any.")


def _in_words(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(differs=["yes" if differs else "no" for differs in rows["differs"]])


def _table(console: Any, title: str, rows: pd.DataFrame) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in rows.columns:
        table.add_column(
            str(name), justify="right" if rows[name].dtype.kind in "if" else "left", overflow="fold"
        )
    for row in rows.itertuples(index=False):
        cells = zip(rows.columns, row, strict=True)
        table.add_row(*(escape(str(value) if name == "year" else _shown(value)) for name, value in cells))
    console.print(table)


def _shown(value: object) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    if value != value:
        return "-"
    return f"{value:,.0f}" if value.is_integer() else f"{value:.4f}"
