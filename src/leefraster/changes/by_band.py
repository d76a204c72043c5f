"""Trends and changes of panels that need not fit in memory: cells by themselves, so band by band."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from leefraster.bands.cellwise import CELLS, by_cell
from leefraster.bands.panel import BandedPanel, require_panel
from leefraster.bands.runner import Runner
from leefraster.bands.sink import Sink
from leefraster.changes.change import CUTS, MEASURES, SIX, change
from leefraster.changes.trend import FEWEST, trend
from leefraster.changes.years import VERSION, YEAR, ascending


def trend_by_band(
    panel: BandedPanel,
    name: str,
    sink: Sink,
    *,
    confidence: float = 0.95,
    minimum_years: int = FEWEST,
    across_versions: bool = False,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
) -> dict[str, Any]:
    """Estimate the trend of every cell of a panel that need not fit in memory; the same bytes as `lr.trend`.

    Parameters
    ----------
    panel : BandedPanel
        The panel.
    name : str
        Its variable over (`year`, `cell`); a variable `version` over (`year`) counts as the coordinate does there.
    sink : Sink
        Takes `slope slope_low slope_high tau S p years`.
    confidence, minimum_years, across_versions
        As in `lr.trend`.
    cells, multiple, runner
        As in `lr.bands.local_moran_by_band`.

    Returns
    -------
    dict
        The attributes that `lr.trend` gives its Dataset.

    Raises
    ------
    UsageError, InputError
        As in `lr.trend`; counts of wrong values are those of the band that has them.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> panel = lr.bands.BandedPanel.of(
    ...     np.arange(4), {"level": np.arange(12.0).reshape(3, 4)}, lr.Grid(0, 200, 2, 2), years=[2020, 2022, 2024])
    >>> slope = np.zeros(4)
    >>> about = lr.trend_by_band(panel, "level", lr.bands.Arrays({"slope": slope}), cells=2)
    >>> slope.tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    require_panel(panel)
    function = partial(_trend, name, confidence, minimum_years, across_versions)
    rest = by_cell(
        panel, function, sink, names=_with_version(panel, name), cells=cells, multiple=multiple, runner=runner
    )
    return dict(rest.attrs)


def _trend(name: str, confidence: float, minimum_years: int, across: bool, data: xr.Dataset) -> xr.Dataset:
    field = _versioned(data)[name]
    return trend(field, confidence=confidence, minimum_years=minimum_years, across_versions=across)


def numbered_years(panel: BandedPanel) -> xr.DataArray:
    """Return the years of a panel, and their versions where it knows them, as coordinates of their positions."""
    labels: dict[str, Any] = {YEAR: panel.years} if panel.years.size else {}
    if labels and VERSION in panel.variables:
        labels[VERSION] = panel.variables[VERSION]
    return xr.DataArray(np.arange(panel.years.size), dims=[YEAR] if labels else ["nothing"], coords=labels)


def _with_version(panel: BandedPanel, name: str) -> list[str]:
    """Return what must be read of a panel for a variable that tells of which version its years are."""
    return [name, *([VERSION] if VERSION in panel.variables else [])]


def _versioned(data: xr.Dataset) -> xr.Dataset:
    """Return data of which each variable over years tells their versions."""
    return data.set_coords(VERSION) if VERSION in data else data


def change_by_band(
    panel: BandedPanel,
    sink: Sink,
    from_year: int,
    to_year: int,
    *,
    name: str | None = None,
    cuts: Sequence[float] = CUTS,
    across_versions: bool = False,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
) -> dict[str, Any]:
    """Return the difference of every cell between two years, band by band; the same bytes as `lr.change`.

    Parameters
    ----------
    panel : BandedPanel
        With `score`, `total` or `level`, as far as it has them, and `version` over (`year`) where that is known.
    sink : Sink
        Takes `<name>_change` of each, and `change_class`.
    from_year, to_year : int
        Two measured years, the earlier first.
    name : str or None
        A single variable over (`year`, `cell`) instead of those.
    cuts, across_versions
        As in `lr.change`.
    cells, multiple, runner
        As in `lr.bands.local_moran_by_band`.

    Returns
    -------
    dict
        The attributes that `lr.change` gives its Dataset.

    Raises
    ------
    UsageError, InputError
        As in `lr.change`; counts of wrong values are those of the band that has them.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> level = np.array([[4.0, 4.1, 4.2, 4.3], [4.1, 4.1, 4.1, 4.1]])
    >>> panel = lr.bands.BandedPanel.of(np.arange(4), {"level": level}, lr.Grid(0, 200, 2, 2), years=[2018, 2024])
    >>> found = np.zeros(4, np.int8)
    >>> lr.change_by_band(panel, lr.bands.Arrays({"change_class": found}), 2018, 2024, cells=3)["years_between"]
    6
    >>> found.tolist()
    [6, 4, 2, 1]
    """
    require_panel(panel)
    known = [one for one in (*MEASURES, VERSION) if one in panel.variables]
    function = partial(_change, name, from_year, to_year, tuple(ascending(cuts, SIX)), across_versions)
    wanted = known or None if name is None else _with_version(panel, name)
    rest = by_cell(panel, function, sink, names=wanted, cells=cells, multiple=multiple, runner=runner)
    return dict(rest.attrs)


def _change(
    name: str | None, from_year: int, to_year: int, cuts: tuple[float, ...], across_versions: bool, data: xr.Dataset
) -> xr.Dataset:  # fmt: skip
    scores = data if name is None else _versioned(data)[name]
    return change(scores, from_year, to_year, cuts=cuts, across_versions=across_versions)
