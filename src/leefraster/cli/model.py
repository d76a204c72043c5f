"""``leefraster model check``: whether a model is sound, and whether layers fit it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.cli.tables import print_table

if TYPE_CHECKING:
    import argparse

    from leefraster.scoring.model import Model

_SHOWN = ("indicator", "dimension", "layer", "unit", "measure", "transform", "coefficient")


def perform(options: argparse.Namespace) -> None:
    """Check a model, print its indicators, and with a configuration try its layers."""
    from rich.console import Console

    model = _model(options.model)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
    official = "official by its own word" if model.official else "not official"
    for line in (
        f"{model.name}, version {model.version}: {official}; licence {model.licence}",
        f"provenance: {model.provenance}",
        f"{len(model.indicators)} indicators in {len(model.dimensions)} dimensions, on {len(model.layers)} layers; "
        f"reference year {model.reference.year}, {model.reference.rule}, deviations from the "
        f"{model.reference.deviations}",
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    print_table(console, model.describe()[list(_SHOWN)])
    if options.config is not None:
        _try(model, options.config)


def _model(named: str) -> Model:
    """Return a model by the path of its file, or by name where leefraster ships it."""
    from leefraster.scoring.model import Model

    looks_like_file = Path(named).suffix != "" or "/" in named or Path(named).exists()
    return Model.read(named) if looks_like_file else Model.shipped(named)


def _try(model: Model, config: Path) -> None:
    """Score the layers of a configuration by the model, and say what was found."""
    from dataclasses import replace

    from leefraster.config import Configuration
    from leefraster.errors import UsageError
    from leefraster.sources.assemble import assemble, with_scores

    configuration = Configuration.read(config)
    if configuration.model is None:
        raise UsageError(f"{config}: has no [model]; its [[layers]] are not indicators")
    found = replace(assemble(configuration), model=model)
    made = with_scores(found, configuration)
    for note in made.notes:
        sys.stdout.write(f"{note}\n")
    sys.stdout.write(f"{config}: its layers fit the model\n")
