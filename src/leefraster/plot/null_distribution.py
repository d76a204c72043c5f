"""The null distribution of one place, with what was observed and the tails that make its p-value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from leefraster.colours import category
from leefraster.lazy import computed
from leefraster.plot.canvas import GRID, MARKED, QUIET, axes_for, named, needs, short, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAKER = "lr.null_distribution"
FEW = 80  # values up to which each gets a bar


@computed
def null_distribution(result: xr.Dataset, *, log: bool = False, ax: Axes | None = None) -> Axes:
    """Draw the null distribution of one place, the observed value, and the tails as extreme as it.

    Parameters
    ----------
    result : Dataset
        What `lr.null_distribution` returns.
    log : bool
        Whether probabilities are drawn on a logarithmic axis, which shows the far tails.
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib Axes
        Bars where up to eighty values are possible, else a filled curve. The dark tail is the observed value's;
        the other dark one, for a two-sided p, holds at most the same probability.

    Raises
    ------
    UsageError
        When the result is none of `lr.null_distribution`.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> axes = lr.plot.null_distribution(lr.null_distribution(raster, lr.Neighbourhood.rook(), 0))
    >>> axes.get_title(loc="left")
    'place 0: p = 0.14'
    """
    variables = ("probability", "upper", "lower", "observed", "p", "p_upper", "p_lower", "width")
    result = needs(result, variables, "null_distribution", MAKER)
    values, probability = result["value"].values, result["probability"].values
    width, observed = float(result["width"]), float(result["observed"])
    axes = axes_for(ax, 7.0, 3.6)
    extreme = _extreme(result)
    if values.size <= FEW:
        colours = np.where(extreme, category(1), category(0))
        axes.bar(values, probability, 0.9 * width, color=colours, linewidth=0)
        axes.set_ylabel("probability")
    else:
        density = probability / width
        axes.fill_between(values, density, color=category(0), alpha=0.35, linewidth=0)
        axes.fill_between(values, density, where=extreme, color=category(1), linewidth=0, interpolate=False)
        axes.plot(values, density, color=category(0), linewidth=1.4)
        axes.set_ylabel("probability density")
    if log:
        axes.set_yscale("log")
        positive = probability[probability > 0] / (1 if values.size <= FEW else width)
        axes.set_ylim(float(positive.min()) * 0.5, float(positive.max()) * 2)
    else:
        axes.set_ylim(bottom=0)
    _marks(axes, result, observed)
    axes.set_xlabel(named(result["value"]))
    axes.set_title(f"place {result['place'].item()}: {short(float(result['p']))}", loc="left")
    axes.grid(color=GRID)
    tidy(axes)
    return axes


def _extreme(result: xr.Dataset) -> np.ndarray:
    """Return which values lie in the tails that the p-value counts."""
    alternative = result.attrs.get("alternative", "two-sided")
    upper, lower = float(result["p_upper"]), float(result["p_lower"])
    rounding = 1 + 1e-9
    if alternative == "two-sided":
        least = min(upper, lower) * rounding
        return np.asarray((result["upper"].values <= least) | (result["lower"].values <= least))
    counted = float(result["p"])
    tail, share = ("upper", upper) if abs(counted - upper) <= abs(counted - lower) else ("lower", lower)
    return np.asarray(result[tail].values <= share * rounding)


def _marks(axes: Axes, result: xr.Dataset, observed: float) -> None:
    """Mark the observed and the expected value; the words stand where the curve leaves room."""
    from matplotlib.patches import Patch

    expected = float(result["expected"])
    line = axes.axvline(observed, color=MARKED, linewidth=1.6, label=f"observed, {observed:.4g}")
    middle = axes.axvline(
        expected, color=QUIET, linewidth=1, linestyle="--", label=f"expected, {expected:.4g}"
    )
    tail = Patch(color=category(1), label="at least as extreme")
    axes.legend(
        handles=[line, middle, tail], frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0)
    )
