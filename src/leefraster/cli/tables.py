"""Tables of pandas on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def print_table(console: Any, rows: pd.DataFrame) -> None:
    """Print a table: numbers to the right, with at most six significant digits."""
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for name in rows.columns:
        numeric = rows[name].dtype.kind in "if"
        table.add_column(escape(str(name)), justify="right" if numeric else "left", overflow="fold")
    for row in rows.itertuples(index=False):
        table.add_row(*(escape(f"{value:.6g}" if isinstance(value, float) else str(value)) for value in row))
    console.print(table)
