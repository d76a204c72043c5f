"""What asks nothing of other cells, band by band: any function of labelled cells, applied to the cells of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from leefraster.bands.band import Band
from leefraster.bands.panel import BandedPanel, require_panel
from leefraster.bands.runner import Runner, chosen_runner
from leefraster.bands.sink import Arrays, Sink, refuse_other_sinks
from leefraster.cells import CELL
from leefraster.errors import UsageError

CELLS = 1 << 20  # cells of a band, unless told: fewer than of a field, as there are years

Function = Callable[[xr.Dataset], xr.Dataset]


def by_cell(
    panel: BandedPanel,
    function: Function,
    sink: Sink,
    *,
    names: Sequence[str] | None = None,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
) -> xr.Dataset:
    """Apply a function of cells to the cells of each band.

    The result is that of the function on all cells at once, bit for bit, as long as the function looks at no
    other cell than the one it gives a result for.

    Parameters
    ----------
    panel : BandedPanel
        The variables.
    function : callable
        Takes a Dataset over cells (and years), as that of `BandedPanel.own`; returns one over the same cells.
    sink : Sink
        Takes the variables over cells that the function returns; of one with more dimensions, `cell` is last.
    names : sequence of str, optional
        The variables of the panel that are read; all when None.
    cells, multiple, runner
        As in `local_moran_by_band`.

    Returns
    -------
    Dataset
        What the function returns that is not over cells, of the first band, with all attributes.

    Raises
    ------
    UsageError
        When the panel is no BandedPanel or lacks a variable; when the function is none, or returns no Dataset or
        other cells; when the sink is none, or has an array that is not filled or not as long as the panel.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> level = np.array([3.0, 3.9, 4.1, 4.6])
    >>> panel = lr.bands.BandedPanel.of(np.arange(4), {"level": level}, lr.Grid(0, 200, 2, 2))
    >>> found = np.zeros(4, np.int8)
    >>> rest = lr.bands.by_cell(
    ...     panel, lambda data: lr.classify(data["level"]).to_dataset(name="class"),
    ...     lr.bands.Arrays({"class": found}), cells=2)
    >>> found.tolist()
    [1, 4, 6, 9]
    """
    require_panel(panel)
    if not callable(function):
        raise UsageError(f"function is {function!r}; it must take a Dataset of cells and return one")
    if names is not None:
        panel.require(*names)
    function_of_band = partial(_of_own_cells, panel, names, function)
    rest: xr.Dataset | None = None
    for found in written_by_band(function_of_band, panel.bands(cells=cells, multiple=multiple), sink, runner):
        rest = found if rest is None else rest
    return xr.Dataset() if rest is None else rest


def _of_own_cells(
    panel: BandedPanel, names: Sequence[str] | None, function: Function, band: Band
) -> xr.Dataset:
    given = panel.own(band, names)
    found = function(given)
    if not isinstance(found, xr.Dataset) or CELL not in found.coords:
        raise UsageError(
            f"the function returned a {type(found).__name__}; it must return a Dataset over the cells that it is "
            "given, with their coordinate 'cell', as DataArray.to_dataset(name=...) makes"
        )
    if not np.array_equal(found[CELL].values, given[CELL].values):
        raise UsageError(
            f"the function was given {band.cells} cells and returned others; it must return those it is given"
        )
    return found


def written_by_band(
    function: Callable[[Band], xr.Dataset], bands: list[Band], sink: Sink, runner: Runner | None
) -> Iterator[xr.Dataset]:
    """Write what a function of bands returns over their own cells; yield the rest of it, band by band."""
    chosen = chosen_runner(runner)
    refuse_other_sinks(sink, bands[-1].last if bands else 0)
    for rest, written in chosen.map(partial(_worked, function, sink, chosen.elsewhere), bands):
        if written is not None:
            sink.take(written)
        yield rest


def _worked(
    function: Callable[[Band], xr.Dataset], sink: Sink, elsewhere: bool, band: Band
) -> tuple[xr.Dataset, Any]:
    found = function(band)
    if isinstance(sink, Arrays):
        sink.refuse_other_names(str(name) for name, one in found.data_vars.items() if CELL in one.dims)
    own = sink.copy() if elsewhere else sink
    for name, variable in found.data_vars.items():
        if CELL in variable.dims:
            own.write(str(name), band.first, variable.transpose(..., CELL).values)
    return found.drop_dims(CELL), own.written() if elsewhere else None
