"""Which statistics of a run become rasters, and how."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL
from leefraster.export.cog import Raster

CODES = {"local_moran_cluster": ("uint8", 255), "getis_ord_spot": ("int16", -32768)}
"""Codes with GDAL's type and value for no data (0 means "not significant" and is data)."""

MEASURES = ("local_moran_I", "getis_ord_z")
_MEANINGS = {
    "local_moran_cluster": "0 not significant, 1 high-high, 2 low-high, 3 low-low, 4 high-low",
    "getis_ord_spot": "negative cold, positive hot; 3, 2, 1: 99, 95, 90 % after adjustment; 0 not significant",
}


def rasters_of(latest: xr.Dataset) -> Iterator[Raster]:
    """Yield the rasters of one year: scores or values, then each statistic with a band a layer."""
    for name in ("score", "value"):
        if name in latest:
            yield _values(name, latest)
    for name, (dtype, nodata) in CODES.items():
        if name in latest:
            yield _codes(name, latest, dtype, nodata)
    for name in MEASURES:
        if name in latest:
            yield Raster(name, _bands(latest[name]), "float32", np.nan, _tags(latest[name]), smooth=True)


def _values(name: str, latest: xr.Dataset) -> Raster:
    bands = _bands(latest[name])
    if name == "score":
        bands |= {extra: _floats(latest[extra]) for extra in ("total", "level") if extra in latest}
    return Raster(name, bands, "float32", np.nan, _tags(latest[name]), smooth=True)


def _codes(name: str, latest: xr.Dataset, dtype: str, nodata: int) -> Raster:
    """Return a raster of codes in which a cell without a result is no data."""
    known = f"{name.rpartition('_')[0]}_p"
    bands = {}
    for layer in latest["layer"].values:
        codes = latest[name].sel(layer=layer).values.astype(dtype)
        if known in latest:
            codes[np.isnan(latest[known].sel(layer=layer).values)] = nodata
        bands[str(layer)] = codes
    return Raster(name, bands, dtype, nodata, {**_tags(latest[name]), "codes": _MEANINGS[name]})


def _bands(variable: xr.DataArray) -> dict[str, npt.NDArray[np.float32]]:
    moved = variable.transpose(..., CELL)
    if moved.ndim == 1:
        return {str(variable.name): _floats(moved)}
    dim = moved.dims[0]
    return {str(label): _floats(moved.sel({dim: label})) for label in moved[dim].values}


def _floats(variable: xr.DataArray) -> npt.NDArray[np.float32]:
    return np.asarray(variable.values, dtype=np.float32)


def _tags(variable: xr.DataArray) -> dict[str, str]:
    names = ("long_name", "units", "method", "neighbourhood")
    return {name: str(variable.attrs[name]) for name in names if name in variable.attrs}
