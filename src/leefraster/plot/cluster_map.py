"""The map of clusters or of hot and cold spots, on the grid or on polygons, with a legend that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, grid_of_raster, north_up, to_raster
from leefraster.colours import QUADRANTS, SPOTS, Codes, Scale, quadrant_codes, spot_codes
from leefraster.errors import UsageError
from leefraster.lazy import computed
from leefraster.plot.canvas import axes_for, needs, one_field

if TYPE_CHECKING:
    import geopandas
    from matplotlib.axes import Axes

MAKER = "lr.local_moran or lr.getis_ord"
SIZE = 6.4  # inches


@computed
def cluster_map(
    result: xr.Dataset, *, polygons: geopandas.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the clusters of local Moran's I or the spots of Getis-Ord of one field.

    Parameters
    ----------
    result : Dataset
        What `lr.local_moran` (draws `cluster`) or `lr.getis_ord` (draws `spot`) returns.
    polygons : GeoDataFrame or None
        For areas: their polygons, with the areas' labels in the index or in a column ``code``; areas without
        labels go by position.
    ax : matplotlib Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib Axes
        Red is high and blue is low; the legend counts the places of each kind. Raster cells without a test stay
        blank.

    Raises
    ------
    UsageError
        When the result is of another function or has several labels along a leading dimension, or when polygons
        are absent, too many, or lack areas.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(1.0, 10).reshape(3, 3), dims=("y", "x"),
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> axes = lr.plot.cluster_map(lr.local_moran(raster, lr.Neighbourhood.rook(), alpha=0.5))
    >>> [text.get_text() for text in axes.get_legend().get_texts()][:2]
    ['not significant (5)', 'high among high (2)']
    """
    result = needs(result, ("p",), "cluster_map", MAKER)
    variable = next((name for name in ("cluster", "spot") if name in result), None)
    if variable is None:
        raise UsageError(
            f"cluster_map: the result has neither cluster nor spot; it must be what {MAKER} returns"
        )
    places = _places(result)
    one = one_field(result[[variable, "p"]], places, "cluster_map")
    scale = QUADRANTS if variable == "cluster" else SPOTS
    tested = one["p"].notnull()
    codes = _codes(variable, one[variable].values, tested.values)
    axes = axes_for(ax, SIZE, SIZE)
    if polygons is not None or places not in ((CELL,), ("y", "x")):
        _draw_polygons(axes, codes, scale, _matched(polygons, one, places[0]))
    else:
        _draw_cells(axes, xr.DataArray(codes, dims=one["p"].dims, coords=one["p"].coords), scale)
    _legend(axes, scale, codes, untested=places == (CELL,) or polygons is not None)
    axes.set_title(str(result.attrs.get("statistic", variable)), loc="left")
    return axes


def _places(result: xr.Dataset) -> tuple[str, ...]:
    dims = tuple(str(dim) for dim in result["p"].dims)
    if CELL in dims:
        return (CELL,)
    return ("y", "x") if {"y", "x"} <= set(dims) else dims[-1:]


def _codes(variable: str, values: npt.NDArray[Any], tested: npt.NDArray[np.bool_]) -> Codes:
    return quadrant_codes(values, tested) if variable == "cluster" else spot_codes(values, tested)


def _draw_cells(axes: Axes, codes: xr.DataArray, scale: Scale) -> None:
    """Draw cells as a picture of their grid, blank where there is no cell (or, on a raster, no test)."""
    from matplotlib.colors import ListedColormap

    blank = len(scale.palette)
    if CELL in codes.dims:
        raster = to_raster(codes.astype(np.float64), crop=True).fillna(blank)
    else:
        raster = north_up(codes.transpose("y", "x"))
        raster = raster.where(raster < len(scale.colours), blank)
    colours = ListedColormap([*scale.palette, "#ffffff00"])
    west, south, east, north = grid_of_raster(raster).bounds
    axes.imshow(
        raster.values, cmap=colours, vmin=-0.5, vmax=blank + 0.5, extent=(west, east, south, north),
        interpolation="nearest",
    )  # fmt: skip
    axes.set_aspect("equal")
    axes.set_xlabel("easting (km)")
    axes.set_ylabel("northing (km)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda metres, _: f"{metres / 1000:g}")
    axes.locator_params(nbins=6)


def _draw_polygons(axes: Axes, codes: Codes, scale: Scale, shapes: Any) -> None:
    """Draw polygons without geopandas' own plot, which wakes pyplot."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import PathPatch

    colours = [scale.palette[code] for code in codes]
    patches = [PathPatch(_outline(shape)) for shape in shapes]
    axes.add_collection(PatchCollection(patches, facecolor=colours, edgecolor="white", linewidth=0.2))
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_axis_off()


def _outline(shape: Any) -> Any:
    """Return all rings of a polygon or its parts as one path; holes stay open."""
    from matplotlib.path import Path

    parts = [] if shape is None else getattr(shape, "geoms", [shape])
    rings = [ring for part in parts if not part.is_empty for ring in (part.exterior, *part.interiors)]
    if not rings:
        return Path(np.empty((0, 2)))
    return Path.make_compound_path(*[Path(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings])


def _matched(polygons: Any, one: xr.Dataset, dim: str) -> Any:
    """Return the polygons of the areas, in their order."""
    if polygons is None:
        raise UsageError(
            f"cluster_map: the result is over {dim!r}, areas; give polygons=, a GeoDataFrame of them"
        )
    if not hasattr(polygons, "geometry"):
        raise UsageError(f"polygons is a {type(polygons).__name__}; it must be a GeoDataFrame")
    if dim not in one.coords:
        if len(polygons) != one.sizes[dim]:
            raise UsageError(
                f"polygons has {len(polygons)} rows, the result {one.sizes[dim]} areas without labels"
            )
        return polygons.geometry
    labels = one[dim].values
    frame = (
        polygons.set_index("code")
        if "code" in polygons and not polygons.index.isin(labels).all()
        else polygons
    )
    lacking = [label for label in labels.tolist() if label not in frame.index]
    if lacking or not frame.index.is_unique:
        raise UsageError(
            f"polygons lacks {len(lacking)} of {labels.size} areas (first: {lacking[:5]}) or has some twice; "
            "labels must stand in the index or in a column 'code'"
        )
    return frame.geometry.loc[labels]


def _legend(axes: Axes, scale: Scale, codes: Codes, *, untested: bool) -> None:
    from matplotlib.patches import Patch

    counts = np.bincount(codes.ravel(), minlength=len(scale.palette))
    labels = (*scale.labels, scale.missing_label)
    kept = [i for i in range(len(labels)) if i < len(scale.labels) or (untested and counts[i])]
    handles = [Patch(color=scale.palette[i], label=f"{labels[i]} ({counts[i]:,})") for i in kept]
    axes.legend(handles=handles, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
