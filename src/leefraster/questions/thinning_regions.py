"""Regions over the units: the one that holds each unit's midpoint, or a variable of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.questions.by_unit import unit_dimension
from leefraster.questions.thinning_places import grid_of_units

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.areas.areas import Areas


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Codes and names of regions, and the number of the region of every unit, -1 for none."""

    codes: list[str]
    names: list[str]
    number: npt.NDArray[np.int64]


def regions_of(scores: xr.Dataset, regions: Areas | str) -> Regions:
    """Read regions.

    Parameters
    ----------
    scores : Dataset
        With the units; coordinates `x` and `y` in metres for polygons.
    regions : Areas or str
        Polygons of one level, or the name of a variable (unit) of codes, empty where there is none.

    Raises
    ------
    UsageError
        When it is neither, the areas are of several levels, there is no such variable, or there are no coordinates.
    InputError
        When the areas are in another CRS.
    """
    from leefraster.areas.areas import Areas

    if isinstance(regions, str):
        return _by_code(scores, regions)
    if not isinstance(regions, Areas):
        raise UsageError(
            f"regions is a {type(regions).__name__}; it must be an lr.Areas, or the name of a variable of codes"
        )
    if len(regions.levels) != 1:
        raise UsageError(
            f"regions has levels {', '.join(regions.levels)}; name one with regions=areas.at({regions.levels[0]!r})"
        )
    codes = [str(code) for code in regions.codes]
    names = [str(name) or code for name, code in zip(regions.frame["name"], codes, strict=True)]
    return Regions(codes, names, _inside(scores, regions))


def _by_code(scores: xr.Dataset, name: str) -> Regions:
    import pandas as pd

    unit = unit_dimension(scores)
    if name not in scores or scores[name].dims != (unit,):
        held = sorted(str(key) for key, found in scores.variables.items() if found.dims == (unit,))
        raise UsageError(f"regions is {name!r}; the scores hold over {unit}: {', '.join(held)}")
    codes = np.asarray(scores[name].values).astype("U").astype(object)
    codes[(codes == "") | (codes == "nan")] = None
    number, found = pd.factorize(codes, sort=True)
    return Regions([str(code) for code in found], [str(code) for code in found], number.astype(np.int64))


def _inside(scores: xr.Dataset, regions: Areas) -> npt.NDArray[np.int64]:
    """Return the number of the region that holds each midpoint; in two regions, the first."""
    import shapely

    from leefraster.crs import require_crs

    if "x" not in scores.coords or "y" not in scores.coords:
        raise UsageError("regions are polygons, but the scores have no coordinates x and y (metres)")
    grid = grid_of_units(scores)
    if grid is not None:
        require_crs(regions.frame.crs, grid.crs, f"regions ({regions.source})")
    points = shapely.points(np.asarray(scores["x"].values, float), np.asarray(scores["y"].values, float))
    tree = shapely.STRtree(regions.frame.geometry.to_numpy())
    point, region = tree.query(points, predicate="intersects")
    number = np.full(points.size, len(regions), dtype=np.int64)
    np.minimum.at(number, point, region)
    return np.where(number == len(regions), -1, number)
