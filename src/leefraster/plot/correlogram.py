"""The correlogram: Moran's I by distance, with what to expect without autocorrelation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from leefraster.colours import category
from leefraster.errors import UsageError
from leefraster.lazy import computed
from leefraster.plot.canvas import GRID, QUIET, axes_for, needs, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAKER = "lr.correlogram"
MOST_LINES = 8
NORMAL_95 = 1.959963984540054


@computed
def correlogram(result: xr.Dataset, *, alpha: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw Moran's I by distance: filled where p is at most `alpha`, with the range to expect by chance.

    Parameters
    ----------
    result : Dataset
        What `lr.correlogram` returns: `I`, `expected`, `variance`, `p` over `distance`, and at most one leading
        dimension, of which each label gets a line.
    alpha : float
        Level at which a point is filled; p of each distance by itself, not adjusted for their number.
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib Axes
        The band is expected I plus and minus 1.96 standard deviations, of the first line.

    Raises
    ------
    UsageError
        When the result is none of `lr.correlogram`, or has more lines than can be told apart.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.add.outer(np.arange(6.0), np.arange(6.0)), dims=("y", "x"),
    ...                       coords={"y": np.arange(550.0, 0, -100), "x": np.arange(50.0, 600, 100)})
    >>> axes = lr.plot.correlogram(lr.correlogram(raster, [100, 200, 300]))
    >>> axes.lines[0].get_xdata().tolist()
    [100.0, 200.0, 300.0]
    """
    result = needs(result, ("I", "expected", "variance", "p", "distance"), "correlogram", MAKER)
    lines = _lines(result)
    axes = axes_for(ax, 6.2, 3.8)
    for number, (name, line) in enumerate(lines):
        x, y = line["distance"].values.astype(np.float64), line["I"].values
        colour = category(number)
        axes.plot(x, y, color=colour, linewidth=1.5, label=name)
        found = line["p"].values <= alpha
        for held, face in ((found, colour), (~found, "white")):
            axes.scatter(x[held], y[held], s=30, color=face, edgecolors=colour, linewidths=1.2, zorder=3)
    _band(axes, lines[0][1])
    axes.set(xlabel="distance (m, outer limit of the ring)", ylabel="Moran's I")
    axes.set_title("Autocorrelation by distance", loc="left")
    axes.grid(color=GRID)
    tidy(axes)
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=8)
    axes.annotate(
        f"filled: p ≤ {alpha:g}; band: 95 % of what chance gives", (1, 1.01), xycoords="axes fraction", ha="right",
        va="bottom", fontsize=8, color=QUIET,
    )  # fmt: skip
    return axes


def _lines(result: xr.Dataset) -> list[tuple[str, xr.Dataset]]:
    leading = [dim for dim in result["I"].dims if dim != "distance" and result.sizes[dim] > 1]
    flat = result.squeeze([d for d in result["I"].dims if d != "distance" and d not in leading], drop=True)
    if not leading:
        return [("I", flat)]
    if len(leading) > 1 or result.sizes[leading[0]] > MOST_LINES:
        raise UsageError(
            f"correlogram: draws at most {MOST_LINES} lines along one dimension; this has "
            f"{ {str(d): result.sizes[d] for d in leading} }. Choose some, as by .isel"
        )
    dim = leading[0]
    labels = flat[dim].values if dim in flat.coords else np.arange(flat.sizes[dim])
    return [(f"{dim} {label}", flat.isel({dim: i})) for i, label in enumerate(labels)]


def _band(axes: Axes, line: xr.Dataset) -> None:
    x, expected = line["distance"].values.astype(np.float64), line["expected"].values
    spread = NORMAL_95 * np.sqrt(line["variance"].values)
    axes.fill_between(x, expected - spread, expected + spread, color=QUIET, alpha=0.25, linewidth=0, zorder=0)
    axes.plot(x, expected, color=QUIET, linewidth=1, linestyle="--", zorder=1)
