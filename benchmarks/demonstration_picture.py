"""The picture of the demonstration country in README.md, from the store of a run (default: out/demo/store)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

import leefraster as lr

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "demonstration_country.png"
BLOCK = 8  # cells a side of a point on the national maps
MARGIN = 22  # cells round the cluster that is shown enlarged
NAVY, ROSE, GREY = "#08306b", "#b2182b", "#e4e4e4"

Floats = npt.NDArray[np.float64]


def blocks(field: xr.DataArray) -> tuple[Floats, tuple[float, float, float, float]]:
    """Return the means of blocks of cells, and the extent in kilometres; blocks without a value are NaN."""
    raster = lr.to_raster(field)
    ny, nx = (raster.sizes[dim] // BLOCK * BLOCK for dim in ("y", "x"))
    raster = raster.isel(y=slice(ny), x=slice(nx)).astype(np.float64)
    coarse = raster.coarsen(y=BLOCK, x=BLOCK).mean()
    side = BLOCK * 100 / 2
    x, y = raster["x"].values[[0, -1]], raster["y"].values[[-1, 0]]
    extent = ((x[0] - 50) / 1e3, (x[1] + 50) / 1e3, (y[0] - 50) / 1e3, (y[1] + 50) / 1e3)
    assert coarse["x"].values[0] - side == x[0] - 50
    return coarse.values, extent


def national(axes: Any, data: xr.Dataset) -> None:
    """Draw the latest total, and in its neighbour cold spots with the clusters ringed."""
    total, extent = blocks(data["total"])
    image = axes[0].imshow(total, extent=extent, cmap="PuOr", vmin=-0.3, vmax=0.3, interpolation="none")
    axes[0].set_title("Total: deviation from the national mean", loc="left", fontsize=10)
    axes[0].figure.colorbar(image, ax=axes[0], orientation="horizontal", shrink=0.7, pad=0.02, extend="both")
    cold, _ = blocks((data["getis_ord_spot"] < 0).where(data["getis_ord_p"].notnull()))
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("cold", [GREY, "#6baed6", NAVY])
    image = axes[1].imshow(cold * 100, extent=extent, cmap=colours, vmin=0, vmax=100, interpolation="none")
    axes[1].figure.colorbar(image, ax=axes[1], orientation="horizontal", shrink=0.7, pad=0.02)
    label = data["structural_label"].values
    for number in np.unique(label[label > 0]):
        here = label == number
        x, y = (float(data[name].values[here].mean()) / 1e3 for name in ("x", "y"))
        axes[1].plot(x, y, "o", ms=9, mfc="none", mec=ROSE, mew=1.4)
    axes[1].set_title("% of cells in a cold spot; rings: structural clusters", loc="left", fontsize=10)


def enlarged(axis: Any, data: xr.Dataset, number: int) -> None:
    """Draw the cells round one cluster: total by colour, cold spots dotted, the cluster outlined."""
    label = lr.to_raster(data["structural_label"].astype(np.float64))
    here = label == number
    rows, columns = (np.flatnonzero(here.any(dim).values) for dim in ("x", "y"))
    window = {
        "y": slice(max(rows[0] - MARGIN, 0), rows[-1] + MARGIN),
        "x": slice(max(columns[0] - MARGIN, 0), columns[-1] + MARGIN),
    }
    total = lr.to_raster(data["total"]).isel(window)
    spot = lr.to_raster(data["getis_ord_spot"].astype(np.float64)).isel(window)
    x, y = total["x"].values / 1e3, total["y"].values / 1e3
    extent = (x[0] - 0.05, x[-1] + 0.05, y[-1] - 0.05, y[0] + 0.05)
    axis.imshow(total, extent=extent, cmap="PuOr", vmin=-0.3, vmax=0.3, interpolation="none")
    at_y, at_x = np.nonzero((spot < 0).values)
    axis.plot(x[at_x], y[at_y], ".", color=NAVY, ms=2.2)
    outline = here.isel(window).values.astype(float).repeat(8, 0).repeat(8, 1)
    axis.contour(outline, [0.5], colors=ROSE, linewidths=1.8, extent=extent, origin="upper")
    axis.set_title("One cluster (outlined); dots: cold spots", loc="left", fontsize=10)


def main() -> None:
    """Read the latest year of a run and draw it."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    store = lr.Store.open(sys.argv[1] if len(sys.argv) > 1 else "out/demo/store")
    names = ["total", "getis_ord_spot", "getis_ord_p", "structural_label"]
    data = store.read()[names].isel(year=-1).sel(layer="total").load()
    largest = int(store.tables()["clusters"].sort_values("rank")["cluster"].iloc[0])
    figure, axes = plt.subplots(1, 3, figsize=(12.4, 4.9), dpi=95, layout="constrained")
    national(axes, data)
    enlarged(axes[2], data, largest)
    for axis in axes:
        axis.set(xticks=[], yticks=[], aspect="equal")
        axis.spines[:].set_color("0.8")
    figure.suptitle(f"Invented demonstration country, {int(data['year'])}", x=0.01, ha="left", fontsize=11)
    figure.savefig(PICTURE, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
