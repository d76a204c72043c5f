"""Made fields for benchmarks: ragged, autocorrelated, of a given number of cells."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

import leefraster as lr


def ragged_field(cells: int, seed: int = 0, held: float = 0.6) -> xr.DataArray:
    """Return about `cells` cells of a square raster, of which the share `held` holds a value, in clumps."""
    side = round((cells / held) ** 0.5)
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=(side, side)), 2)
    values = smooth / smooth.std() + 0.5 * rng.normal(size=(side, side))
    clumps = gaussian_filter(rng.normal(size=(side, side)), 3)
    values[clumps < np.quantile(clumps, 1 - held)] = np.nan
    coords = {"y": (np.arange(side)[::-1] + 0.5) * 100.0, "x": (np.arange(side) + 0.5) * 100.0}
    return lr.from_raster(xr.DataArray(values, dims=("y", "x"), coords=coords))
