"""The land: an outline of invented coast and border, held as an elevation that is positive on land."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from leefraster.sources.synthetic.noise import Smooth
from leefraster.sources.synthetic.streams import stream

if TYPE_CHECKING:
    from shapely import Geometry

Floats = npt.NDArray[np.floating]

STEP = 1_000.0  # metres between the elevation's points
WIDTH, HEIGHT = 300_000.0, 330_000.0
SHORE = 700.0  # metres of bare shore: no cell lies nearer to the outline

# Corners of the rough outline and of an inland sea, in km of the full extent; invented.
_OUTLINE = [
    (14, 118), (30, 62), (78, 50), (112, 66), (150, 34), (168, 6), (204, 14), (196, 58), (238, 92), (232, 140),
    (284, 176), (272, 232), (288, 280), (236, 318), (186, 300), (150, 324), (112, 314), (98, 262), (66, 232),
    (58, 184), (30, 160),
]  # fmt: skip
_SEA = [(172, 214), (206, 204), (226, 232), (208, 262), (176, 256)]


@dataclass(frozen=True, slots=True)
class Land:
    """Elevation over the country's extent: about the distance in metres to the outline, negative in the sea.

    Attributes
    ----------
    elevation : ndarray of float
        On points `STEP` apart, first row in the south.
    x_min, y_min : float
        Position of the first point.
    factor : float
        Size of the country: 1 fills the grid of the Netherlands, .25 a quarter of its width and height.
    """

    elevation: Floats
    x_min: float
    y_min: float
    factor: float

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the elevation at points, by bilinear interpolation."""
        place = np.stack([(y - self.y_min) / STEP, (x - self.x_min) / STEP])
        height = ndimage.map_coordinates(self.elevation, place, order=1, mode="constant", cval=-1e5)
        return np.asarray(height, dtype=np.float64)

    def outline(self) -> Geometry:
        """Return the polygons of the land, holes for inland water."""
        import contourpy
        import shapely

        x = self.x_min + STEP * np.arange(self.elevation.shape[1])
        y = self.y_min + STEP * np.arange(self.elevation.shape[0])
        contours = contourpy.contour_generator(
            x, y, self.elevation, fill_type=contourpy.FillType.OuterOffset
        ).filled(0.0, 1e9)
        polygons = [
            shapely.Polygon(rings[0], rings[1:])
            for points, offsets in zip(*contours, strict=True)
            for rings in [[points[a:b] for a, b in pairwise(offsets)]]
        ]
        return shapely.make_valid(shapely.union_all(polygons))


def make_land(seed: int, factor: float) -> Land:
    """Return the land of a country whose width and height are `factor` times the full extent's."""
    nx, ny = (round(length * factor / STEP) + 1 for length in (WIDTH, HEIGHT))
    x_min = round(WIDTH * (1 - factor) / 2 / STEP) * STEP
    y_min = 300_000.0 + round(HEIGHT * (1 - factor) / 2 / STEP) * STEP
    column, row = np.meshgrid(np.arange(nx), np.arange(ny))
    x, y = column.ravel() * STEP, row.ravel() * STEP
    random = stream(seed, "land")
    rough = 9_000 * Smooth(x, y, 40_000 * factor + 5_000).field(random)
    rough += 3_000 * Smooth(x, y, 9_000.0).field(random)
    elevation = (_rough_distance(nx, ny, factor).ravel() + rough * factor**0.7).reshape(ny, nx)
    for edge in (np.s_[:2], np.s_[-2:], np.s_[:, :2], np.s_[:, -2:]):
        elevation[edge] = np.minimum(elevation[edge], -2_000)
    return Land(elevation, x_min, y_min, factor)


def _rough_distance(nx: int, ny: int, factor: float) -> Floats:
    """Return the signed distance to the rough outline in metres, on the elevation's points."""
    import shapely

    land = shapely.Polygon(_OUTLINE).difference(shapely.Polygon(_SEA))
    shapely.prepare(land)
    km_x, km_y = np.meshgrid(np.arange(nx) / factor, np.arange(ny) / factor)
    inside = shapely.contains_xy(land, km_x.ravel(), km_y.ravel()).reshape(ny, nx)
    away = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    return np.asarray(away * STEP, dtype=np.float64)
