"""``leefraster score``: scores from indicators, and nothing but these."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.cli.run import configured, name_of
from leefraster.cli.tables import print_table
from leefraster.errors import LeefrasterWarning, UsageError

if TYPE_CHECKING:
    import argparse

    from leefraster.sources.assemble import Assembled

_SHOWN = ("rank", "indicator", "dimension", "measure", "unit", "value", "transformed", "mean", "contribution")


def perform(options: argparse.Namespace) -> None:
    """Make the scores and write them; or explain the score of one cell."""
    from leefraster.kernels.jit import set_threads
    from leefraster.sources.assemble import assemble, with_scores
    from leefraster.sources.score_file import write_scores

    configuration = configured(options)
    if configuration.model is None:
        raise UsageError(
            f"{options.config}: has no [model], so there are no scores to make; see leefraster init"
        )
    if options.year is not None and options.explain is None:
        raise UsageError(
            f"--year is {options.year}, but it belongs to --explain; scores are written of all years"
        )
    if options.threads:
        set_threads(options.threads)
    found = assemble(configuration)
    if options.explain is not None:
        _explain(found, options.explain, options.year)
        return
    out = options.out or Path("out") / name_of(options.config) / "scores.parquet"
    made = with_scores(found, configuration)
    write_scores(made.dataset, out)
    for note in made.notes:
        sys.stdout.write(f"{note}\n")
    data = made.dataset
    places = int(data["total"].notnull().sum())
    sys.stdout.write(
        f"{out}: {places:,} scores of {data.sizes['cell']:,} cells in {data.sizes['year']} years, "
        f"{'with' if 'level' in data else 'without'} levels\n"
    )


def _explain(found: Assembled, cell: str, year: int | None) -> None:
    """Print what makes up the score of a cell, largest first."""
    from rich.console import Console

    from leefraster.scoring.explain import explain_cell
    from leefraster.sources.scored import WEIGHT, with_joined

    assert found.layers is not None
    layers = with_joined(found.layers, found.dataset, found.model)
    chosen = int(layers["year"].values[-1]) if year is None else year
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeefrasterWarning)
        table = explain_cell(layers, found.model, cell=cell, year=chosen, dwellings=found.dataset.get(WEIGHT))
    for warning in caught:
        sys.stderr.write(f"warning: {warning.message}\n")
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 140)
    total = float(table.attrs["total"])
    console.print(
        f"{cell} in {chosen}: total {total:+.4f}, the sum of what its indicators contribute",
        highlight=False,
        markup=False,
    )
    print_table(console, table[list(_SHOWN)])
