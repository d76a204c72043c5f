"""Which cells belong to which area: by the cell's centre, or by the exact part of the cell that an area covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.areas.areas import Areas
from leefraster.areas.polygons import LEVEL
from leefraster.crs import require_crs
from leefraster.errors import InputError
from leefraster.grid import Grid

if TYPE_CHECKING:
    from rasterio.transform import Affine

Ints = npt.NDArray[np.int64]
TO_CRS = (
    "Have the areas reprojected where they are read: to_crs='{wanted}' (of lr.Areas.read and "
    "lr.Areas.from_geopandas, and in [focus_areas]; --to-crs on the command line)"
)
MOST_DOUBLE = 0.05  # share of cells in two areas of a level, above which borders of two years were mixed


@dataclass(frozen=True, slots=True)
class Membership:
    """Pairs of an area and a cell in it, sorted by area, then cell.

    Attributes
    ----------
    area, cell : ndarray of int64, shape (pairs,)
        Positions among the areas and among the cells.
    share : ndarray of float64 or None
        Part of the cell that lies in the area; None where cells belong wholly.
    areas, cells : int
        How many there are.
    doubly : int
        Cells that lie in more than one area of a level; the first code has them.
    """

    area: Ints
    cell: Ints
    share: npt.NDArray[np.float64] | None
    areas: int
    cells: int
    doubly: int = 0


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows and columns of a grid that hold given cells."""

    grid: Grid
    top: int
    left: int
    shape: tuple[int, int]

    @classmethod
    def around(cls, grid: Grid, ids: Ints) -> _Window:
        rows, columns = grid.row_column_from_cell(ids)
        top, left = int(rows.min()), int(columns.min())
        return cls(grid, top, left, (int(rows.max()) - top + 1, int(columns.max()) - left + 1))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west = self.grid.x_min + self.left * self.grid.cell
        north = self.grid.y_max - self.top * self.grid.cell
        return west, north - self.shape[0] * self.grid.cell, west + self.shape[1] * self.grid.cell, north

    def transform(self) -> Affine:
        from rasterio.transform import from_origin

        west, _, _, north = self.bounds
        return from_origin(west, north, self.grid.cell, self.grid.cell)

    def positions(self, ids: Ints) -> Ints:
        """Return for every place of the window the position of its cell among `ids`, -1 where there is none."""
        rows, columns = self.grid.row_column_from_cell(ids)
        found = np.full(self.shape[0] * self.shape[1], -1, np.int64)
        found[(rows - self.top) * self.shape[1] + columns - self.left] = np.arange(ids.size)
        return found


def by_centre(areas: Areas, grid: Grid, ids: Ints) -> Membership:
    """Give every cell to the area that holds its centre, in each level; in two areas, to the first code.

    Raises
    ------
    InputError
        When the areas are not in the grid's CRS, or more than 5 % of the cells lie in two areas of a level.
    """
    require_crs(areas.frame.crs, grid.crs, areas.source, remedy=TO_CRS)
    parts: list[tuple[Ints, Ints]] = []
    doubly = 0
    for level in areas.levels:
        places = np.flatnonzero((areas.frame[LEVEL] == level).to_numpy())
        label, twice = _labels(areas.frame.geometry.to_numpy()[places], grid, ids)
        if twice > MOST_DOUBLE * max(ids.size, 1):
            raise InputError(
                f"{areas.source}: {twice} of {ids.size} cells lie in two areas of level {level!r}: borders of two "
                "years, or two levels, seem to be mixed; name the level, or read one year"
            )
        doubly += twice
        held = np.flatnonzero(label >= 0)
        order = held[np.argsort(label[held], kind="stable")]
        parts.append((places[label[order]], order))
    area = np.concatenate([part[0] for part in parts])
    cell = np.concatenate([part[1] for part in parts])
    return Membership(area, cell, None, len(areas), ids.size, doubly)


def _labels(shapes: npt.NDArray[Any], grid: Grid, ids: Ints) -> tuple[Ints, int]:
    """Return for each cell the position of its area, -1 outside all, and how many cells lie in two."""
    if ids.size == 0:
        return np.empty(0, np.int64), 0
    from rasterio.features import rasterize

    window = _Window.around(grid, ids)
    rows, columns = grid.row_column_from_cell(ids)
    at = (rows - window.top, columns - window.left)
    burnt = []
    for order in (range(len(shapes) - 1, -1, -1), range(len(shapes))):  # the last one burnt is seen
        drawn = rasterize(
            ((shapes[i], i) for i in order), out_shape=window.shape, transform=window.transform(), fill=-1,
            dtype=np.int32,
        )  # fmt: skip
        burnt.append(drawn[at].astype(np.int64))
    return burnt[0], _overlapped(shapes, burnt[0], burnt[1], grid, ids)


def _overlapped(shapes: npt.NDArray[Any], one: Ints, other: Ints, grid: Grid, ids: Ints) -> int:
    """Count the cells whose centre lies inside two areas; a centre on their common border is in one only."""
    import shapely

    twice = np.flatnonzero(one != other)
    x, y = grid.xy_from_cell(ids[twice])
    inside = [shapely.contains_xy(shapes[label[twice]], x, y) for label in (one, other)]
    return int((inside[0] & inside[1]).sum())


def by_coverage(areas: Areas, grid: Grid, ids: Ints) -> Membership:
    """Give every cell to the areas that cover it, each with the exact part of the cell that it covers.

    Raises
    ------
    InputError
        When the areas are not in the grid's CRS.
    """
    require_crs(areas.frame.crs, grid.crs, areas.source, remedy=TO_CRS)
    if ids.size == 0:
        return Membership(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), len(areas), 0)
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    window = _Window.around(grid, ids)
    west, south, east, north = window.bounds
    frame = areas.frame[["geometry"]]
    if frame.crs is None:  # exactextract only compares the two
        frame = frame.set_crs("EPSG:3857")
    raster = NumPyRasterSource(
        np.zeros(window.shape, np.int8),
        xmin=west,
        ymin=south,
        xmax=east,
        ymax=north,
        srs_wkt=frame.crs.to_wkt(),
    )
    found = exact_extract(raster, frame, ["cell_id", "coverage"], output="pandas")
    position = window.positions(ids)
    sizes = np.array([len(one) for one in found["cell_id"]], dtype=np.int64)
    area = np.repeat(np.arange(len(areas)), sizes)
    cell = position[np.concatenate([*found["cell_id"], np.empty(0, np.int64)]).astype(np.int64)]
    share = np.concatenate([*found["coverage"], np.empty(0)]).astype(np.float64)
    held = (cell >= 0) & (share > 0)
    order = np.flatnonzero(held)[np.lexsort((cell[held], area[held]))]
    return Membership(area[order], cell[order], share[order], len(areas), ids.size)
