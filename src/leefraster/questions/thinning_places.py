"""What is sparsely populated, what a centre, and what far from one: the rule as a value, and the places by it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.questions.by_unit import unit_dimension, urbanity_at, values_at
from leefraster.questions.question import Unanswerable

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Measure = Literal["density", "urbanity"]


@dataclass(frozen=True, slots=True)
class ThinPlaces:
    """What "sparsely populated", "centre" and "far" mean.

    Attributes
    ----------
    measure : {"density", "urbanity"} or None
        What tells sparse from dense: the density of `count` around a cell, or the urbanity class of a cell or area.
        None takes the density where the units are cells and `count` is known, else the class.
    count : str
        Variable that is counted, as ``"inhabitants"``, ``"dwellings"`` or ``"addresses"``.
    radius : float
        Metres of the disc over whose whole area the density is taken.
    sparse_below : float
        A cell is sparse where the density is below this (`count` per km2).
    centre_from : float
        A cell may be part of a centre where the density is this or more (`count` per km2).
    sparse_class : int
        By urbanity, a unit is sparse in this class or a less urban (higher) one.
    centre_class : int
        By urbanity, a unit may be part of a centre in this class or a more urban (lower) one.
    centre_gap : float
        Such units belong to one centre when their midpoints are at most this many metres apart.
    centre_size : float
        A centre holds at least this many of `count` together.
    far : float
        A unit is far when its midpoint is more than this many metres, as the crow flies, from every centre.

    Raises
    ------
    UsageError
        When a value lies outside its range; the message names the field, the value and the rule.

    Notes
    -----
    The defaults of density and size are those by which Eurostat tells rural cells (fewer than 300 inhabitants per
    km2) and urban centres (1,500 or more, 50,000 inhabitants together), there on cells of 1 km. The distance is
    ours. None of them is official for this question.

    References
    ----------
    European Union et al. (2021). Applying the Degree of Urbanisation. Publications Office, Luxembourg.

    Examples
    --------
    >>> ThinPlaces(far=15_000).far
    15000
    >>> ThinPlaces(sparse_below=2000)
    Traceback (most recent call last):
    leefraster.errors.UsageError: ThinPlaces: sparse_below is 2000, it must be at most centre_from (1500 per km2)
    """

    measure: Measure | None = None
    count: str = "inhabitants"
    radius: float = 1000.0
    sparse_below: float = 300.0
    centre_from: float = 1500.0
    sparse_class: int = 5
    centre_class: int = 2
    centre_gap: float = 1000.0
    centre_size: float = 50_000.0
    far: float = 10_000.0

    def __post_init__(self) -> None:
        self._require(
            "measure", self.measure in (None, "density", "urbanity"), "'density', 'urbanity' or None"
        )
        self._require("count", isinstance(self.count, str) and self.count != "", "the name of a variable")
        for name in ("radius", "sparse_below", "centre_gap", "far"):
            unit = "per km2" if name == "sparse_below" else "metres"
            self._require(
                name, _is_finite(getattr(self, name)) and getattr(self, name) > 0, f"above 0 ({unit})"
            )
        for name in ("centre_from", "centre_size"):
            self._require(name, _is_finite(getattr(self, name)) and getattr(self, name) >= 0, "0 or more")
        for name in ("sparse_class", "centre_class"):
            self._require(name, getattr(self, name) in (1, 2, 3, 4, 5), "a class from 1 to 5")
        limit = f"at most centre_from ({self.centre_from:g} per km2)"
        self._require("sparse_below", self.sparse_below <= self.centre_from, limit)
        above = f"above centre_class ({self.centre_class}); class 5 is the least urban"
        self._require("sparse_class", self.sparse_class > self.centre_class, above)

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise UsageError(f"ThinPlaces: {name} is {getattr(self, name)!r}, it must be {wanted}")

    def measured(self, scores: xr.Dataset) -> Measure:
        """Return what tells sparse from dense on these data."""
        if self.measure is not None:
            return self.measure
        return "density" if unit_dimension(scores) == "cell" and self.count in scores else "urbanity"


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where the sparse units are, and how far every unit is from a centre.

    Attributes
    ----------
    sparse, known : ndarray of bool, shape (units,)
        Sparse units; units whose density or class is known.
    distance : ndarray, shape (units,)
        Metres to the nearest centre; infinite without any.
    centres : int
        Number of centres.
    measure : {"density", "urbanity"}
        What told sparse from dense.
    density : ndarray or None
        The density, where it was taken.
    """

    sparse: Bools
    known: Bools
    distance: Floats
    centres: int
    measure: Measure
    density: Floats | None


def find_places(scores: xr.Dataset, rule: ThinPlaces, year: int, centres: Any) -> Found:
    """Find sparse units and distances to centres in a year.

    Parameters
    ----------
    scores : Dataset
        With coordinates `x` and `y` in metres, and what the rule needs.
    rule : ThinPlaces
        The rule.
    year : int
        Year of population and class.
    centres : Areas, table, GeoDataFrame, array or None
        Centres as polygons or points; sought in the data when None.

    Raises
    ------
    Unanswerable
        When what is needed is missing.
    UsageError, InputError
        When the centres are neither points nor areas, or have another CRS.
    """
    measure = rule.measured(scores)
    x, y = _coordinates(scores)
    density = None
    if measure == "density":
        density = _density(scores, rule, year)
        known, sparse, dense = np.isfinite(density), density < rule.sparse_below, density >= rule.centre_from
    else:
        urbanity = urbanity_at(scores, year)
        known = urbanity > 0
        sparse, dense = known & (urbanity >= rule.sparse_class), known & (urbanity <= rule.centre_class)
    if centres is None:
        inside, number = _centres_in_data(scores, rule, year, dense, x, y)
        distance = _to_units(scores, inside, x, y)
    else:
        distance, number = _to_given(scores, centres, x, y)
    return Found(sparse, known, distance, number, measure, density)


def _coordinates(scores: xr.Dataset) -> tuple[Floats, Floats]:
    absent = [name for name in ("x", "y") if name not in scores.coords]
    pairs = [
        np.asarray(scores[name].values, dtype=np.float64) for name in ("x", "y") if name in scores.coords
    ]
    if absent or not all(np.isfinite(values).all() for values in pairs):
        raise Unanswerable(
            "coördinaten (x, y in meters) ontbreken, zodat afstanden tot een centrum onbekend zijn",
            "coordinates (x, y in metres) are missing, so that distances to a centre are unknown",
        )
    return pairs[0], pairs[1]


def grid_of_units(scores: xr.Dataset) -> Grid | None:
    """Return the grid of cells; None for areas, and for cells that carry none."""
    from leefraster.cells import grid_of
    from leefraster.errors import InputError

    if unit_dimension(scores) != "cell" or "cell" not in scores.coords:
        return None
    try:
        return grid_of(scores)
    except InputError:
        return None


def _density(scores: xr.Dataset, rule: ThinPlaces, year: int) -> Floats:
    """Return the count per km2 of the disc around every cell."""
    from leefraster.scoring.focal import density

    counted = _counted(scores, rule, year)
    if grid_of_units(scores) is None:
        raise Unanswerable(
            "de eenheden liggen niet op een raster, zodat er geen dichtheid is; kies de stedelijkheidsklasse "
            "(ThinPlaces(measure='urbanity'))",
            "the units do not lie on a grid, so that there is no density; choose the urbanity class "
            "(ThinPlaces(measure='urbanity'))",
        )
    field = scores["x"].copy(data=counted).drop_attrs().drop_vars(["x", "y"])
    field = field.assign_coords(spatial_ref=scores["spatial_ref"])
    return np.asarray(density(field, rule.radius).values, dtype=np.float64)


def _counted(scores: xr.Dataset, rule: ThinPlaces, year: int) -> Floats:
    from leefraster.errors import InputError

    found = values_at(scores, rule.count, year)
    if found is None or not (found > 0).any():
        raise Unanswerable(
            f"de aantallen ({rule.count}) ontbreken voor {year}",
            f"the counts ({rule.count}) are missing for {year}",
        )
    if (found < 0).any():
        raise InputError(f"{rule.count} holds {found[found < 0][0]:g} in {year}; counts are not negative")
    return found


def _centres_in_data(
    scores: xr.Dataset, rule: ThinPlaces, year: int, dense: Bools, x: Floats, y: Floats
) -> tuple[Bools, int]:
    """Return which units lie in a centre, and the number of centres."""
    size = np.nan_to_num(_counted(scores, rule, year))
    inside = np.zeros(dense.size, dtype=bool)
    if not dense.any():
        return inside, 0
    label = _connected(scores, np.flatnonzero(dense), rule.centre_gap, x, y)
    together = np.bincount(label, weights=size[dense])
    inside[dense] = together[label] >= rule.centre_size
    return inside, int((together >= rule.centre_size).sum())


def _connected(scores: xr.Dataset, members: Ints, gap: float, x: Floats, y: Floats) -> Ints:
    """Return the number of the group of every member: those at most `gap` metres apart belong together."""
    grid = grid_of_units(scores)
    if grid is None:
        return _connected_points(np.stack([x[members], y[members]], axis=1), gap)
    from leefraster.kernels.components import components
    from leefraster.kernels.rowruns import columns_and_starts
    from leefraster.neighbourhood import Neighbourhood

    if gap < grid.cell:
        return np.arange(members.size)
    ids = np.asarray(scores["cell"].values, dtype=np.int64)[members]
    columns, starts = columns_and_starts(ids, grid.nx, grid.ny)
    first = components(columns, starts, Neighbourhood.disc(gap).runs(grid.cell))
    return np.unique(first, return_inverse=True)[1].astype(np.int64)


def _connected_points(points: Floats, gap: float) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(points).query_pairs(gap, output_type="ndarray")
    n = points.shape[0]
    joined = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


def _to_units(scores: xr.Dataset, inside: Bools, x: Floats, y: Floats) -> Floats:
    """Return the distance from every unit to the nearest unit of a centre."""
    if not inside.any():
        return np.full(inside.size, np.inf)
    grid = grid_of_units(scores)
    if grid is None:
        from leefraster.scoring.points import distances_to_points

        return distances_to_points(np.stack([x[inside], y[inside]], axis=1), x, y, None)
    from leefraster.scoring.nearest import distances

    ids = np.asarray(scores["cell"].values, dtype=np.int64)
    return distances(grid, ids[inside], ids, None)


def _to_given(scores: xr.Dataset, centres: Any, x: Floats, y: Floats) -> tuple[Floats, int]:
    """Return the distance from every unit to the nearest given centre, and how many centres there are."""
    from leefraster.areas.areas import Areas
    from leefraster.crs import require_crs
    from leefraster.grid import Grid
    from leefraster.scoring.points import distances_to_points, read_points

    grid = grid_of_units(scores) or Grid(0.0, 1.0, 1, 1)
    if isinstance(centres, Areas):
        import shapely

        require_crs(centres.frame.crs, grid.crs, f"centres ({centres.source})")
        tree = shapely.STRtree(centres.frame.geometry.to_numpy())
        (point, _), away = tree.query_nearest(shapely.points(x, y), return_distance=True, all_matches=False)
        distance = np.full(x.size, np.inf)
        distance[point] = away
        return distance, len(centres)
    points = read_points(centres, grid)
    away = distances_to_points(points, x, y, None)
    return np.where(np.isfinite(away), away, np.inf), points.shape[0]
