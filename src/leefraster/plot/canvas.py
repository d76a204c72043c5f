"""Axes to draw on: the caller's, or those of a new figure that pyplot knows nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUIET = "#8a8a8a"
GRID = "#e6e6e6"
INK = "#1a1a1a"
MARKED = "#b5122b"


def axes_for(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the given axes, or those of a new figure of that size in inches.

    Raises
    ------
    UsageError
        When `ax` is something else.
    """
    if ax is None:
        from matplotlib.figure import Figure

        return Figure(figsize=(width, height), dpi=110, layout="constrained").subplots()
    if not (hasattr(ax, "plot") and hasattr(ax, "figure")):
        raise UsageError(f"ax is a {type(ax).__name__}; it must be matplotlib axes, or None for a new figure")
    return ax


def tidy(ax: Axes) -> None:
    """Take away the frame that says nothing."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.set_axisbelow(True)


def needs(result: Any, variables: tuple[str, ...], function: str, maker: str) -> xr.Dataset:
    """Return a result that holds the variables.

    Raises
    ------
    UsageError
        When it is no Dataset, or lacks one.
    """
    if not isinstance(result, xr.Dataset):
        raise UsageError(
            f"{function}: the result is a {type(result).__name__}; it must be what {maker} returns"
        )
    lacking = [name for name in variables if name not in result]
    if lacking:
        raise UsageError(
            f"{function}: the result lacks {', '.join(lacking)}; it must be what {maker} returns"
        )
    return result


def one_field[T: (xr.DataArray, xr.Dataset)](obj: T, places: tuple[str, ...], function: str) -> T:
    """Return the object without leading dimensions of one label.

    Raises
    ------
    UsageError
        When a leading dimension has several.
    """
    several = {str(dim): size for dim, size in obj.sizes.items() if dim not in places and size != 1}
    if several:
        dim, size = next(iter(several.items()))
        raise UsageError(
            f"{function}: draws one field, this has {size} along {dim!r}; choose one, as by .isel({dim}=0)"
        )
    return obj.squeeze([dim for dim in obj.dims if dim not in places], drop=True)


def named(field: xr.DataArray) -> str:
    """Return what a field is called, with its unit."""
    name = str(field.attrs.get("long_name", field.name or "value"))
    return f"{name} ({field.attrs['units']})" if field.attrs.get("units") not in (None, "1", "") else name


def short(p: float) -> str:
    """Return a p-value as readers print it."""
    return "p < 1e-300" if p < 1e-300 else f"p = {p:.2g}"


def place_names(field: xr.DataArray, positions: npt.NDArray[np.int64]) -> list[str]:
    """Return labels of areas, or codes of cells, at positions along the last dimension."""
    from leefraster.cells import CELL, grid_of

    dim = field.dims[-1]
    if dim not in field.coords:
        return [str(at) for at in positions]
    labels = field[dim].values[positions]
    if dim != CELL:
        return [str(label) for label in labels]
    return [str(code) for code in grid_of(field).code_from_cell(labels)]
