"""Structurally weak clusters of a panel that need not fit in memory; the rule is that of the clusters in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.bands.band import Band
from leefraster.bands.cellwise import written_by_band
from leefraster.bands.components import joined_by_runs
from leefraster.bands.on_disk import on_disk
from leefraster.bands.panel import BandedPanel, require_panel
from leefraster.bands.runner import InTurn, Runner, chosen_runner, refuse_no_progress
from leefraster.bands.scratch import scratch_folder
from leefraster.bands.sink import Arrays, Several, Sink, refuse_other_sinks
from leefraster.bands.source import BandedField
from leefraster.cells import CELL, cell_coordinates
from leefraster.clusters.connect import PIECES, bridged, gap_runs, numbers_of_large
from leefraster.clusters.eligible import Eligible
from leefraster.clusters.national import BLOCK, National, NationalSums, urbanity_classes
from leefraster.clusters.panel import AREA_LEVELS, Floats, Panel, panel_of, warn_of_versions
from leefraster.clusters.pressure import Bools, LocalMeans, Pressure, Sizes, structural_pressure, weak_cut
from leefraster.clusters.rule import StructuralRule, require_radius, require_rule
from leefraster.clusters.structural import (
    DEFAULT_RULE,
    StructuralClusters,
    described,
    spot_on,
    weak_probability,
)
from leefraster.errors import InputError
from leefraster.neighbourhood import Neighbourhood
from leefraster.scoring.cuts import Cuts, as_cuts

if TYPE_CHECKING:
    import pandas as pd

CELLS = 1 << 18  # cells of a band, unless told: all years of a band are held at once
MADE = ("label", "bridge", "structural", "weak_years", "time_share", "weak_probability")

Progress = Callable[[str, int, int], None]
Labels = npt.NDArray[np.int32]


def structural_clusters_by_band(
    panel: BandedPanel,
    sink: Sink,
    rule: StructuralRule = DEFAULT_RULE,
    *,
    spot: str | None = None,
    names: Mapping[str, str] | pd.DataFrame | None = None,
    cuts: Cuts | Sequence[float] | None = None,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> StructuralClusters:
    """Find the clusters of a panel that need not fit in memory; the same bytes as `lr.structural_clusters`.

    Parameters
    ----------
    panel : BandedPanel
        The variables that `lr.structural_clusters` takes of scores: `level` (or `total` and `reference`),
        `dwellings`, and where known `level_error`, `urbanity`, `score`, codes of areas, `version`. Of `score` the
        latest year is enough: (`dimension`, `cell`).
    sink : Sink
        Takes, of every cell: `label bridge structural weak_years time_share` and, where levels have errors,
        `weak_probability`.
    rule : StructuralRule
        Thresholds.
    spot : str or None
        The panel's variable with hot and cold spots.
    names, cuts
        As in `lr.structural_clusters`.
    cells, multiple : int
        As in `lr.bands.local_moran_by_band`.
    runner : Runner or None
        What works through pressure and national means; groups are joined and described in this process.
    scratch : path or None
        Folder on whose disk 32 bytes a cell lie meanwhile; the system's own when None.
    progress : callable or None
        Called as ``progress(step, done, all)``.

    Returns
    -------
    StructuralClusters
        ``.table``, ``.course``, ``.polygons`` and the rule, as in memory; ``.labels`` and ``.cells`` hold the cells
        of clusters alone, those of all cells being in the sink.

    Raises
    ------
    UsageError, InputError
        As in `lr.structural_clusters`; counts of wrong values are those of the band that has them.

    Warns
    -----
    LeefrasterWarning
        As there, once: when levels are of several versions of the model, or the rule can select nothing.

    Notes
    -----
    Passes: largest terms of the local means, and classes of urbanity; national means, in blocks of 4,096 cells;
    the pressure on each cell, with a halo of the rule's radius; groups and pieces, joined over the seams; bridges,
    with a halo of the rule's bridge; clusters that are large enough. The cells of clusters, with all that is known
    of them, are held in memory, and 29 bytes of every other structural cell. `lr.structural_sensitivity` has no
    bands: it repeats the search hundreds of times.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> level = np.full((3, 100), 4.1)
    >>> level[:, :40] = 3.7
    >>> panel = lr.bands.BandedPanel.of(
    ...     np.arange(100), {"level": level, "dwellings": np.full(100, 20.0)}, lr.Grid(0, 1000, 10, 10),
    ...     years=[2020, 2022, 2024])
    >>> label = np.zeros(100, np.int32)
    >>> found = lr.structural_clusters_by_band(panel, lr.bands.Arrays({"label": label}), cells=30)
    >>> found.table[["cluster", "cells", "dwellings", "state"]].values.tolist(), int((label == 1).sum())
    ([[1, 40, 800.0, 'lagging']], 40)
    """
    require_panel(panel)
    refuse_other_sinks(sink, panel.n, MADE)
    refuse_no_progress(progress)
    require_rule(rule)
    require_radius(rule, panel.grid.cell)
    bounds = as_cuts(cuts)
    if "version" in panel.variables:
        warn_of_versions(xr.Dataset({"version": panel.variables["version"]}))
    if panel.n == 0:
        raise InputError("structural clusters: the panel has no cells")
    if spot is not None:
        panel.require(spot)
    rows = -int(gap_runs(rule.bridge, panel.grid.cell)[0, 0])
    work = _Work(
        panel, rule, bounds, weak_cut(rule, bounds), spot,
        panel.bands(cells=cells, multiple=multiple, halo=rows), chosen_runner(runner), progress,
    )  # fmt: skip
    sizes, classes, eligible = work.scanned()
    eligible.warn(rule)
    national = work.national(classes, cells)
    with scratch_folder(scratch) as folder:
        files = _Files.of(Path(folder), panel.n)
        work.fill_pressure(sizes, Several(sink, Arrays(files.of_pressure)), cells, multiple)
        work.fill_groups(files, folder)
        numbers = work.numbers(files)
        members = work.members(files, numbers, sink)
    return described(
        members.panel, members.labels, members.bridges, members.pressure, national, rule, work.cut, names,
        members.spot,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Files:
    """What is known of every cell, on disk."""

    structural: npt.NDArray[np.uint8]
    weak_years: npt.NDArray[np.int16]
    time_share: Floats
    group: Labels
    piece: Labels
    label: Labels
    bridge: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, folder: Path, n: int) -> _Files:
        kinds = {
            "structural": np.uint8, "weak_years": np.int16, "time_share": np.float64, "group": np.int32,
            "piece": np.int32, "label": np.int32, "bridge": np.uint8,
        }  # fmt: skip
        return cls(**{name: on_disk(folder / name, kind, n) for name, kind in kinds.items()})

    @property
    def of_pressure(self) -> dict[str, npt.NDArray[np.generic]]:
        """What the pressure on cells fills."""
        return {
            "structural": self.structural,
            "weak_years": self.weak_years,
            "time_share": self.time_share,
        }

    def pressure(self, here: slice) -> Pressure:
        """Return the pressure on some cells."""
        return Pressure(self.structural[here] > 0, self.weak_years[here].copy(), self.time_share[here].copy())


@dataclass(frozen=True, slots=True, eq=False)
class _Members:
    """The cells of clusters, and what is known of them."""

    panel: Panel
    labels: Labels
    bridges: Bools
    pressure: Pressure
    spot: npt.NDArray[np.int8] | None

    @classmethod
    def joined(cls, parts: Sequence[_Members]) -> _Members:
        spots = [part.spot for part in parts if part.spot is not None]
        return cls(
            Panel.joined([part.panel for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.bridges for part in parts]),
            Pressure.joined([part.pressure for part in parts]),
            np.concatenate(spots) if spots else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The search through one panel; `bands` have the halo that bridges need."""

    panel: BandedPanel
    rule: StructuralRule
    bounds: tuple[float, ...]
    cut: float
    spot: str | None
    bands: list[Band]
    runner: Runner
    progress: Progress | None

    @property
    def portable(self) -> _Work:
        """The same for another process."""
        return replace(self, bands=[], runner=InTurn(), progress=None)

    @property
    def level(self) -> list[str]:
        """The variables that levels are made of."""
        return self.known("level") or self.known("total", "reference")

    def known(self, *names: str) -> list[str]:
        """Return those of some variables that the panel has."""
        return [name for name in names if name in self.panel.variables]

    def own(self, band: Band, *names: str) -> Panel:
        """Return levels, dwellings and some more of a band's own cells."""
        return panel_of(self.panel.own(band, [*self.level, *self.known("dwellings", *names)]))

    def scanned(self) -> tuple[Sizes, Floats, Eligible]:
        """Return the sizes of local means, the classes of urbanity, and how many cells could be selected."""
        sizes: Sizes | None = None
        classes, eligible = np.empty(0), None
        for one, own, some in self.runner.map(self.portable._scan, self.bands):
            sizes = one if sizes is None else sizes + one
            classes = np.union1d(classes, own)
            eligible = some if eligible is None else eligible + some
        assert sizes is not None
        assert eligible is not None
        return sizes, classes, eligible

    def _scan(self, band: Band) -> tuple[Sizes, Floats, Eligible]:
        own = self.own(band, "level_error", "urbanity")
        return Sizes.of(own), urbanity_classes(own), Eligible.of(own, self.rule)

    def national(self, classes: Floats, cells: int) -> National:
        """Return the national means."""
        bands = self.panel.bands(cells=cells, multiple=BLOCK)
        parts = list(self.runner.map(partial(self.portable._national, classes), bands))
        return NationalSums.joined(parts).national(classes)

    def _national(self, classes: Floats, band: Band) -> NationalSums:
        return NationalSums.of(self.own(band, "urbanity", "score"), classes)

    def fill_pressure(self, sizes: Sizes, sink: Sink, cells: int, multiple: int) -> None:
        """Write the pressure on all cells."""
        rows = int(Neighbourhood.disc(self.rule.radius).runs(self.panel.grid.cell)[:, 0].max())
        bands = self.panel.bands(cells=cells, multiple=multiple, halo=rows)
        task = partial(self.portable._pressure, sizes)
        for done, _ in enumerate(written_by_band(task, bands, sink, self.runner), start=1):
            self.tell("pressure", done)

    def _pressure(self, sizes: Sizes, band: Band) -> xr.Dataset:
        names = [*self.level, *self.known("dwellings", "level_error")]
        around = panel_of(self.panel.around(band, names))
        means = LocalMeans(around, self.rule.radius, sizes)
        found = structural_pressure(around, self.rule, self.bounds, means).at(band.core)
        own = around.at(band.core)
        variables = {
            "structural": found.structural, "weak_years": found.weak_years, "time_share": found.time_share,
        }  # fmt: skip
        if own.error is not None:
            variables["weak_probability"] = weak_probability(own, self.cut)
        data = {name: (CELL, values) for name, values in variables.items()}
        return xr.Dataset(data, coords=cell_coordinates(self.panel.grid, own.cells))

    def fill_groups(self, files: _Files, folder: str) -> None:
        """Join the structural cells to groups and pieces, then lay the bridges."""
        grid, cells = self.panel.grid, max(band.cells for band in self.bands)
        codes = BandedField(self.panel.ids, files.structural, grid, self.panel.starts)
        runs = gap_runs(self.rule.bridge, grid.cell)
        for name, array, own in (
            ("groups", files.group, runs),
            ("pieces", files.piece, PIECES.runs(grid.cell)),
        ):
            joined_by_runs(codes, own, Arrays({"group": array}), cells=cells, scratch=folder)
            self.tell(name, len(self.bands))
        for band in self.bands:
            around = slice(band.begin, band.end)
            rows, columns = grid.row_column_from_cell(np.asarray(self.panel.ids[around], dtype=np.int64))
            labels, bridges = bridged(rows, columns, grid.ny, files.group[around], files.piece[around], runs)
            here = slice(band.first, band.last)
            files.label[here], files.bridge[here] = labels[band.core], bridges[band.core]
            self.tell("bridges", band.number + 1)

    def numbers(self, files: _Files) -> Labels:
        """Return the number that each group keeps, 0 for those that are too small."""
        panels: list[Panel] = []
        labels: list[Labels] = []
        bridges: list[Bools] = []
        for band in self.bands:
            here = slice(band.first, band.last)
            held = files.label[here] > 0
            if held.any() or not panels:
                panels.append(self.own(band).latest.at(held))
                labels.append(files.label[here][held])
                bridges.append(files.bridge[here][held] > 0)
        return numbers_of_large(
            np.concatenate(labels), np.concatenate(bridges), Panel.joined(panels), self.rule, self.cut
        )

    def members(self, files: _Files, numbers: Labels, sink: Sink) -> _Members:
        """Write which cluster every cell is in, and return the cells of clusters."""
        parts: list[_Members] = []
        for band in self.bands:
            here = slice(band.first, band.last)
            labels = numbers[files.label[here]]
            bridges = (files.bridge[here] > 0) & (labels > 0)
            sink.write("label", band.first, labels)
            sink.write("bridge", band.first, bridges)
            if (labels > 0).any() or not parts:
                parts.append(self._members(band, labels, bridges, files.pressure(here)))
            self.tell("clusters", band.number + 1)
        return _Members.joined(parts)

    def _members(self, band: Band, labels: Labels, bridges: Bools, pressure: Pressure) -> _Members:
        held = labels > 0
        own = self.own(band, "level_error", "urbanity", "score", *AREA_LEVELS)
        spot = None
        if self.spot is not None:
            spot = spot_on(own, self.panel.own(band, [self.spot])[self.spot])[held]
        return _Members(own.at(held), labels[held], bridges[held], pressure.at(held), spot)

    def tell(self, step: str, done: int) -> None:
        """Say how far a step is."""
        if self.progress:
            self.progress(step, done, len(self.bands))
