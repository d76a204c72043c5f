"""The Moran scatterplot (Anselin 1996): every place against its neighbours, with I as the slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from leefraster.cells import from_raster
from leefraster.colours import QUADRANTS
from leefraster.errors import InputError, UsageError
from leefraster.lazy import computed
from leefraster.neighbourhood import Neighbourhood
from leefraster.plot.canvas import GRID, INK, axes_for, named, one_field, place_names, tidy
from leefraster.statistics.local_moran import local_moran
from leefraster.statistics.moran import moran

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W
    from matplotlib.axes import Axes

OUTLIERS = (2, 4)  # low-high and high-low
MANY = 5_000  # points, beyond which they are drawn as a picture


@computed
def moran_scatter(
    field: xr.DataArray,
    neighbourhood: Neighbourhood | Graph | W,
    *,
    label: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the Moran scatterplot of one field: standardised values against the mean of their neighbours.

    Both axes are deviations from the mean in standard deviations; the line through the origin has slope I, global
    Moran's I. Colours tell the quadrants, with the number of places in each.

    Parameters
    ----------
    field : DataArray
        One field over `cell`, (`y`, `x`) or, with a graph, areas; NaN is missing.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour; weights are standardised over the neighbours that hold a value.
    label : int
        How many of the strongest outliers (high among low, low among high) get the name of their place.
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib Axes
        ``ax.figure.savefig(...)`` writes the picture.

    Raises
    ------
    UsageError
        When the field has several labels along a leading dimension, or an option is not allowed.
    InputError
        When the field has no variance, or no place has a neighbour.

    Notes
    -----
    Places without a neighbour are left out, of the mean too, as in global Moran's I.

    References
    ----------
    Anselin, L. (1996). The Moran scatterplot as an ESDA tool to assess local instability in spatial association.
    In: Spatial Analytical Perspectives on GIS. Taylor & Francis, London, 111-125.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> lr.plot.moran_scatter(raster, lr.Neighbourhood.rook()).get_title(loc="left")
    "Moran's I = 0.556"
    """
    if isinstance(label, bool) or int(label) != label or label < 0:
        raise UsageError(f"label is {label!r}; it must be a whole number of at least 0")
    places = _places(field)
    one = one_field(places, (str(places.dims[-1]),), "moran_scatter")
    if not int(np.unique(one.values[one.notnull().values]).size) > 1:
        raise InputError("moran_scatter: the field has no variance")
    slope = float(moran(one, neighbourhood)["I"])
    local = local_moran(one, neighbourhood, inference="normal", adjustment="none")
    at = np.flatnonzero(local["lag"].notnull().values)
    if at.size == 0 or np.isnan(slope):
        raise InputError("moran_scatter: no place has a neighbour, or those that have are all alike")
    held = one.values[at].astype(np.float64)
    mean, sd = held.mean(), held.std()
    across, up = (held - mean) / sd, (local["lag"].values[at] - mean) / sd
    quadrant = 1 + np.where(up > 0, across <= 0, 2 + (across > 0))
    axes = axes_for(ax, 5.6, 5.0)
    _draw(axes, across, up, quadrant, slope)
    _label(axes, across, up, quadrant, place_names(one, at) if label else [], label)
    axes.set_xlabel(f"{named(field)}, in standard deviations from the mean")
    axes.set_ylabel("mean of the neighbours, likewise")
    axes.set_title(f"Moran's I = {slope:.3f}", loc="left")
    return axes


def _places(field: xr.DataArray) -> xr.DataArray:
    if not isinstance(field, xr.DataArray):
        raise UsageError(f"field is a {type(field).__name__}; it must be an xarray DataArray")
    return from_raster(field) if {"y", "x"} <= set(field.dims) else field


def _draw(axes: Axes, across: np.ndarray, up: np.ndarray, quadrant: np.ndarray, slope: float) -> None:
    size = float(np.clip(100 / across.size**0.5, 1.2, 5))
    for code in (1, 2, 3, 4):
        here = quadrant == code
        axes.plot(
            across[here], up[here], linestyle="none", marker="o", markersize=size, markeredgewidth=0,
            color=QUADRANTS.colours[code], alpha=0.8 if across.size < 10 * MANY else 0.3,
            rasterized=across.size > MANY, label=f"{QUADRANTS.labels[code]} ({int(here.sum()):,})",
        )  # fmt: skip
    for line in (axes.axhline, axes.axvline):
        line(0, color=INK, linewidth=0.7, zorder=0)
    reach = np.array([across.min(), across.max()])
    axes.plot(reach, slope * reach, color=INK, linewidth=1.6, label=f"slope I = {slope:.3f}")
    axes.grid(color=GRID)
    axes.legend(loc="upper left", framealpha=0.8, edgecolor="none", fontsize=8, markerscale=5 / size)
    tidy(axes)


def _label(
    axes: Axes, across: np.ndarray, up: np.ndarray, quadrant: np.ndarray, names: list[str], label: int
) -> None:
    outlying = np.where(np.isin(quadrant, OUTLIERS), np.abs(across * up), 0.0)
    for i in np.argsort(-outlying, kind="stable")[:label]:
        if outlying[i] > 0:
            axes.annotate(
                names[i], (across[i], up[i]), xytext=(3, 3), textcoords="offset points", fontsize=7, color=INK
            )
