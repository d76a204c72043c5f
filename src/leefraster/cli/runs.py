"""``leefraster runs``: what a store holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from leefraster.cli.stores import store_at

if TYPE_CHECKING:
    import argparse


def perform(options: argparse.Namespace) -> None:
    """Print a table of the runs, oldest first."""
    from rich.console import Console
    from rich.table import Table

    runs = store_at(options.store).runs()
    table = Table(title=f"{len(runs)} run(s) in {options.store}")
    columns = [name for name in ("run_id", "title", "started", "tags", "leefraster") if name in runs]
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == "run_id")
    for row in runs[columns].itertuples(index=False):
        table.add_row(*(str(value) for value in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120).print(table)
