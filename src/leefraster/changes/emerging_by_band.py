"""Emerging hot spots of panels that need not fit in memory: G* by year and band, one family of tests, codes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from leefraster.bands.cellwise import CELLS, by_cell
from leefraster.bands.local import checked_test, getis_ord_statistic
from leefraster.bands.on_disk import on_disk
from leefraster.bands.panel import BandedPanel, require_panel
from leefraster.bands.runner import Runner, refuse_no_progress
from leefraster.bands.scratch import scratch_folder
from leefraster.bands.sink import Arrays, Sink, refuse_other_sinks
from leefraster.bands.work import Work, warn_of_none
from leefraster.changes.by_band import numbered_years
from leefraster.changes.emerging import of_spots, refuse_decay, years_of_spots
from leefraster.changes.years import YEAR
from leefraster.inference.multiple_testing import PIECE, adjusted
from leefraster.neighbourhood import Neighbourhood

Progress = Callable[[str, int, int], None]


def emerging_hotspots_by_band(
    panel: BandedPanel,
    name: str,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    alpha: float = 0.05,
    trend_alpha: float = 0.05,
    across_versions: bool = False,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Tell the category of every cell of a panel that need not fit in memory, as `lr.emerging_hotspots` does.

    Parameters
    ----------
    panel : BandedPanel
        The panel.
    name : str
        Its variable over (`year`, `cell`); a variable `version` over (`year`) counts as the coordinate does there.
    neighbourhood : Neighbourhood
        Queen, rook, disc or ring.
    sink : Sink
        Takes `category hot_years cold_years years tau trend_p`.
    alpha, trend_alpha, across_versions
        As in `lr.emerging_hotspots`.
    cells, multiple, runner
        As in `lr.bands.local_moran_by_band`. The runner works on G*; categories are told in this process.
    scratch : path or None
        Folder on whose disk z, p and q of all years lie meanwhile (24 bytes a cell and year).
    progress : callable or None
        Called as ``progress(step, done, all)``, with years.

    Returns
    -------
    dict
        The attributes that `lr.emerging_hotspots` gives its Dataset.

    Raises
    ------
    UsageError, InputError
        As in `lr.emerging_hotspots` and `lr.bands.getis_ord_by_band`.

    Warns
    -----
    NoVarianceWarning, NoNeighboursWarning
        As `lr.emerging_hotspots`, one for all years: those have no result.

    Notes
    -----
    Results have the same bytes as those in memory.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> level = np.random.default_rng(0).normal(size=(5, 144))
    >>> level[-1, :40] += 6
    >>> years = [2016, 2018, 2020, 2022, 2024]
    >>> panel = lr.bands.BandedPanel.of(np.arange(144), {"level": level}, lr.Grid(0, 1200, 12, 12), years=years)
    >>> found = np.zeros(144, np.int8)
    >>> about = lr.emerging_hotspots_by_band(
    ...     panel, "level", lr.Neighbourhood.queen(), lr.bands.Arrays({"category": found}), cells=50)
    >>> int(found[13])
    1
    """
    require_panel(panel)
    refuse_other_sinks(sink, panel.n)
    refuse_no_progress(progress)
    order = years_of_spots(numbered_years(panel), alpha, trend_alpha, across_versions)
    refuse_decay(neighbourhood)
    years, n = order[YEAR].values, panel.n
    test = checked_test(neighbourhood, "row", "exact", "two-sided", "none", 1, 0)
    spots, figures = getis_ord_statistic(True, "row", test), []
    with scratch_folder(scratch) as folder:
        z, p, q = (on_disk(Path(folder) / one, np.float64, years.size * n) for one in ("z", "p", "q"))
        for row, year in enumerate(years.tolist()):
            here = slice(row * n, (row + 1) * n)
            work = Work.of(panel.field(name, year), neighbourhood, cells, multiple, runner, None)
            figures.append(work.figures_of(spots, Arrays({"z": z[here], "p": p[here]}), scratch))
            if progress:
                progress("G*", row + 1, years.size)
        warn_of_none("getis_ord", figures)
        adjusted(p, "benjamini-hochberg", piece=min(PIECE, max(p.size // 8, 1 << 16)), out=q)
        known = BandedPanel.of(
            panel.ids,
            {"z": z.reshape(-1, n), "q": q.reshape(-1, n)},
            panel.grid,
            years=years,
            starts=panel.starts,
        )
        told = partial(_told, alpha, trend_alpha)
        return dict(by_cell(known, told, sink, cells=cells, multiple=multiple).attrs)


def _told(alpha: float, trend_alpha: float, data: xr.Dataset) -> xr.Dataset:
    return of_spots(data["z"], data["q"].values, alpha, trend_alpha)
