"""Write xarray_spatial_values.json: focal statistics of xarray-spatial on a small raster.

Run once, by hand, where xarray-spatial is installed; the tests read the file.
"""

import json
from pathlib import Path

import numpy as np
import xarray as xr


def field() -> xr.DataArray:
    """Return the raster that both sides work on."""
    values = (np.arange(12 * 13).reshape(12, 13) * 7 % 31).astype(float)
    coords = {"y": (np.arange(12)[::-1] + 0.5) * 100.0, "x": (np.arange(13) + 0.5) * 100.0}
    return xr.DataArray(values, dims=("y", "x"), coords=coords)


if __name__ == "__main__":
    import xrspatial
    from xrspatial import convolution, focal

    found = {"xarray-spatial": xrspatial.__version__}
    for radius in (100, 300, 450):
        kernel = convolution.circle_kernel(100, 100, radius)
        made = focal.focal_stats(field(), kernel, stats_funcs=["mean", "sum"])
        for name in ("mean", "sum"):
            values = made.sel(stats=name).values.astype(float).tolist()
            found[f"{name} {radius}"] = [[round(v, 4) for v in row] for row in values]
    path = Path(__file__).with_name("xarray_spatial_values.json")
    path.write_text(json.dumps(found).replace("]], ", "]],\n ") + "\n")
