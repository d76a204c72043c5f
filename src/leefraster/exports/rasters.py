"""Which statistics of a run become rasters, and how."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL
from leefraster.exports.cog import Raster
from leefraster.exports.styles import cluster_style, spot_style

CODES = {"local_moran_cluster": (cluster_style(), 0), "getis_ord_spot": (spot_style(), 3)}
"""Codes with their style and what is added to them in a file, whose colour table takes no negative numbers."""

_NO_DATA = 255  # apart from 0, "not significant", which is data

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
    for name in CODES:
        if name in latest:
            yield from _codes(name, latest)
    for name in MEASURES:
        if name in latest:
            yield Raster(name, _bands(latest[name]), "float32", np.nan, _tags(latest[name]), smooth=True)


def _values(name: str, latest: xr.Dataset) -> Raster:
    bands = _bands(latest[name])
    if name == "score":
        bands |= {extra: _floats(latest[extra]) for extra in ("total", "level") if extra in latest}
    return Raster(name, bands, "float32", np.nan, _tags(latest[name]), smooth=True)


def _codes(name: str, latest: xr.Dataset) -> Iterator[Raster]:
    """Yield a raster of codes a layer (only a file of one band can hold a colour table).

    A cell without a result is no data.
    """
    style, shift = CODES[name]
    known = f"{name.rpartition('_')[0]}_p"
    for layer in latest["layer"].values:
        codes = (latest[name].sel(layer=layer).values + np.int8(shift)).astype(np.uint8)
        if known in latest:
            codes[np.isnan(latest[known].sel(layer=layer).values)] = _NO_DATA
        tags = {**_tags(latest[name]), "codes": _MEANINGS[name]}
        if shift:
            tags["offset"] = f"the file holds code + {shift}; the band's offset of {-shift} undoes it"
        yield Raster(
            f"{name}_{layer}", {str(layer): codes}, "uint8", _NO_DATA, tags, style=style, shift=shift
        )


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
