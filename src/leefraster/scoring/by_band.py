"""Scores of a panel that need not fit in memory: national means by one exact reduction, measures with a halo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from leefraster.bands.band import Band
from leefraster.bands.cellwise import written_by_band
from leefraster.bands.panel import BandedPanel, require_panel
from leefraster.bands.runner import Runner, chosen_runner
from leefraster.bands.sink import Sink, refuse_other_sinks
from leefraster.errors import InputError
from leefraster.kernels.score import BLOCK
from leefraster.scoring.around import reach_in_rows
from leefraster.scoring.engine import Part, require_model
from leefraster.scoring.model import Model
from leefraster.scoring.score import Scoring
from leefraster.scoring.tally import Tally
from leefraster.scoring.weights import WeightCounts

CELLS = 1 << 18  # cells of a band, unless told: all dimensions of all years of a band are held at once

Largest = dict[tuple[str, int], tuple[float, ...]]


def score_by_band(
    panel: BandedPanel,
    model: Model | str | Path,
    sink: Sink,
    *,
    explain: bool = False,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
) -> xr.Dataset:
    """Apply a model to a panel that need not fit in memory; the same bytes as `lr.score`.

    Parameters
    ----------
    panel : BandedPanel
        The layers that the model names, over ([`year`,] `cell`), and `dwellings` where it weighs. Units come with
        the panel's attributes.
    model : Model or path
        The model, or its TOML file, with any of its measures.
    sink : Sink
        Takes `score` (year, dimension, cell), `total`, `level` and `replaced` (year, cell), and with `explain`
        `contribution` (year, indicator, cell); without `year` where the panel has none.
    explain : bool
        Whether the contribution of every indicator is wanted as well.
    cells, multiple, runner
        As in `lr.bands.local_moran_by_band`. National means are added up in bands of their own.

    Returns
    -------
    Dataset
        What `lr.score` returns that is not over cells: `mean`, `missing`, `version`, `reference`, and attributes.

    Raises
    ------
    UsageError, InputError
        As in `lr.score`. The number of infinite values is that of the band that has them.

    Warns
    -----
    LeefrasterWarning, MissingWeightWarning
        As `lr.score` does.

    Notes
    -----
    Three passes: the largest value of layers that are summed over discs (where there are such); the national means,
    in the blocks in which `lr.score` adds them; the scores. Measures around cells see as many rows beyond a band as
    they reach: a model with a distance capped at 10 km reads 100 rows of 100 m above and below each.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> model = lr.Model.parse('''
    ... name = "example"
    ... version = "1"
    ... provenance = "invented"
    ... licence = "CC0-1.0"
    ... reference = { year = 2024, level = 4.1 }
    ... dimensions = { onv = "nuisance" }
    ... indicators = [{ name = "noise", unit = "dB", dimension = "onv", coefficient = -0.01 }]
    ... ''')
    >>> panel = lr.bands.BandedPanel.of(
    ...     np.arange(4), {"noise": np.array([[50.0, 60, 50, 60]]), "dwellings": np.array([30.0, 10, 30, 10])},
    ...     lr.Grid(0, 200, 2, 2), years=[2024])
    >>> level = np.zeros((1, 4))
    >>> about = lr.score_by_band(panel, model, lr.bands.Arrays({"level": level}), cells=2)
    >>> level.round(3).tolist(), about["mean"].values.tolist()
    ([[4.125, 4.025, 4.125, 4.025]], [[52.5]])
    """
    require_panel(panel)
    refuse_other_sinks(sink, panel.n)
    checked = require_model(model)
    names = [name for name in dict.fromkeys((*checked.layers, "dwellings")) if name in panel.variables]
    work = _Work(panel, tuple(names), checked, {})
    rows = max((reach_in_rows(i.measure, panel.grid.cell) for i in checked.canonical), default=0)
    chosen = chosen_runner(runner)
    bands = panel.bands(cells=cells, multiple=multiple, halo=rows)
    if not bands:
        raise InputError("the panel has no cells")
    work = replace(work, largest=_joined(chosen.map(work.largest_of, bands)))
    blocks = panel.bands(cells=cells, multiple=BLOCK, halo=rows)
    tallies = _judged(work.scoring(blocks[0]), chosen.map(work.counted, blocks))
    rest: xr.Dataset | None = None
    for found in written_by_band(partial(work.scored, tallies, explain), bands, sink, chosen):
        rest = found if rest is None else rest
    assert rest is not None
    return rest


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """A model on a panel, and what is known of all bands."""

    panel: BandedPanel
    names: tuple[str, ...]
    model: Model
    largest: Largest

    def scoring(self, band: Band, tallies: list[Tally] | None = None) -> Scoring:
        """Return the model on a band and its halo."""
        layers = self.panel.around(band, self.names)
        return Scoring.of_band(layers, self.model, Part(band.core, self.panel.n, self.largest), tallies)

    def largest_of(self, band: Band) -> Largest:
        """Return the largest size, in a band, of what is summed over discs."""
        if all(reach_in_rows(i.measure, self.panel.grid.cell) == 0 for i in self.model.canonical):
            return {}
        scoring = self.scoring(band)
        found = [scoring.engine.largest(year) for year in range(len(scoring.layers.years))]
        return {key: sizes for one in found for key, sizes in one.items()}

    def counted(self, band: Band) -> tuple[list[Tally], WeightCounts | None]:
        """Return the tally of each year, and the counts of dwellings."""
        scoring = self.scoring(band)
        tallies = [
            scoring.engine.passed(year, scoring.weights_of(year))[2]
            for year in range(len(scoring.layers.years))
        ]
        return tallies, None if scoring.weights is None else WeightCounts.of(scoring.weights)

    def scored(self, tallies: list[Tally], explain: bool, band: Band) -> xr.Dataset:
        """Return the scores of a band's own cells."""
        return self.scoring(band, tallies).dataset(explain)


def _joined(parts: Iterable[Largest]) -> Largest:
    """Return the largest sizes of all bands."""
    found: Largest = {}
    for part in parts:
        for key, sizes in part.items():
            found[key] = tuple(map(max, found.get(key, sizes), sizes))
    return found


def _judged(scoring: Scoring, parts: Iterable[tuple[list[Tally], WeightCounts | None]]) -> list[Tally]:
    """Return the tally of each year over all bands, once nothing in it is refused."""
    by_band: list[list[Tally]] = []
    weights: Any = None
    for tallies, counts in parts:
        by_band.append(tallies)
        weights = counts if weights is None or counts is None else weights + counts
    if weights is not None:
        weights.judge()
    whole = [Tally.joined(of_year).added_up for of_year in zip(*by_band, strict=True)]
    position = scoring.reference_position()
    for year in sorted(range(len(whole)), key=lambda y: y != position):
        scoring.judge(whole[year], year)
    scoring.warn()
    return whole
