"""Statistics of one year as cloud-optimised GeoTIFF: north-up, one band a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.exports.styles import Style, rgb
from leefraster.grid import Grid

_BLOCK = 512
_CACHE_MB = 64


@dataclass(frozen=True, eq=False)
class Raster:
    """What becomes one file.

    Attributes
    ----------
    name : str
        Name of the statistic.
    bands : dict of str to ndarray, (cell,)
        Values by band name, all of `dtype`.
    dtype, nodata
        GDAL's type of the file and its value for "no data".
    tags : dict
        Long name, unit, method and so on.
    smooth : bool
        Overviews take means (measures) rather than the most frequent value (codes).
    style : Style or None
        Colours and labels of codes, which make a colour table.
    shift : int
        What was added to the codes, so that they are not negative; the file states it as the band's offset.
    """

    name: str
    bands: dict[str, npt.NDArray[Any]]
    dtype: str
    nodata: float
    tags: dict[str, str] = field(default_factory=dict)
    smooth: bool = False
    style: Style | None = None
    shift: int = 0


def write_raster(raster: Raster, grid: Grid, cells: npt.NDArray[np.int64], path: Path) -> None:
    """Write a cloud-optimised GeoTIFF over the whole grid.

    Written strip by strip into a plain file, which GDAL's COG driver then copies; memory stays at a strip and
    GDAL's cache, whatever the size of the grid.

    Parameters
    ----------
    raster : Raster
        Values over `cells`.
    grid : Grid
        The grid; with a CRS where the file is to have one.
    cells : ndarray of int64
        Sorted cell ids.
    path : Path
        Ends in ``.tif``.
    """
    import rasterio
    from rasterio.shutil import copy

    plain = path.with_suffix(".plain.tif")
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB, GDAL_TIFF_INTERNAL_MASK=False):
        with rasterio.open(plain, "w", **_profile(raster, grid)) as target:
            _describe(target, raster)
            for top in range(0, grid.ny, _BLOCK):
                _write_strip(target, raster, grid, cells, top)
        copy(plain, path, driver="COG", **_cog_options(raster))
    plain.unlink()


def _profile(raster: Raster, grid: Grid) -> dict[str, Any]:
    from rasterio.transform import Affine

    return {
        "driver": "GTiff",
        "width": grid.nx,
        "height": grid.ny,
        "count": len(raster.bands),
        "dtype": raster.dtype,
        "nodata": raster.nodata,
        "crs": grid.crs,
        "transform": Affine(grid.cell, 0.0, grid.x_min, 0.0, -grid.cell, grid.y_max),
        "tiled": True,
        "blockxsize": _BLOCK,
        "blockysize": _BLOCK,
        "interleave": "band",
        "sparse_ok": True,
        "bigtiff": "if_safer",
    }


def _cog_options(raster: Raster) -> dict[str, Any]:
    """Return GDAL's options.

    Deflate is read by every program; level 1 without predictor was half the time and, with so few cells in a
    raster, smaller than the default. Means and modes keep lone cells visible on maps of the whole country.
    One thread: more of GDAL's were little faster and held on to twice the memory.
    """
    return {
        "blocksize": _BLOCK,
        "compress": "DEFLATE",
        "level": 1,
        "overview_resampling": "AVERAGE" if raster.smooth else "MODE",
        "interleave": "BAND",
        "sparse_ok": "YES",
        "bigtiff": "IF_SAFER",
        "statistics": "YES",
    }


def _describe(target: Any, raster: Raster) -> None:
    for number, name in enumerate(raster.bands, start=1):
        target.set_band_description(number, name)
    target.update_tags(**raster.tags)
    if raster.style is not None:
        colours = zip(raster.style.values, raster.style.colours, strict=True)
        target.write_colormap(1, {value + raster.shift: rgb(colour) for value, colour in colours})
    if raster.shift:
        target.offsets = tuple(float(-raster.shift) for _ in raster.bands)
        target.scales = tuple(1.0 for _ in raster.bands)


def _write_strip(target: Any, raster: Raster, grid: Grid, cells: npt.NDArray[np.int64], top: int) -> None:
    """Write the rows from `top` on, where they hold a cell; the rest stays no data."""
    from rasterio.windows import Window

    height = min(_BLOCK, grid.ny - top)
    first, last = np.searchsorted(cells, [top * grid.nx, (top + height) * grid.nx])
    if first == last:
        return
    place = cells[first:last] - top * grid.nx
    for number, values in enumerate(raster.bands.values(), start=1):
        plane = np.full(height * grid.nx, raster.nodata, dtype=raster.dtype)
        plane[place] = values[first:last]
        target.write(plane.reshape(height, grid.nx), number, window=Window(0, top, grid.nx, height))
