"""The pictures in docs/plots.md, on a made field and made areas.

.venv/bin/python benchmarks/statistics_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import shapely
import xarray as xr
from libpysal.graph import Graph

import leefraster as lr
from fields import ragged_field

FOLDER = Path(__file__).parents[1] / "docs" / "images"
DPI = 80


def made_areas(n: int = 180, seed: int = 5) -> tuple[geopandas.GeoDataFrame, xr.DataArray, Graph]:
    """Return Voronoi polygons, a value that is alike over some kilometres, and who borders on whom."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 20_000, (n, 2))
    box = shapely.box(0, 0, 20_000, 20_000)
    cells = shapely.intersection(list(shapely.voronoi_polygons(shapely.multipoints(points)).geoms), box)
    frame = geopandas.GeoDataFrame({"code": [f"WK{i:03d}" for i in range(n)]}, geometry=cells).set_index(
        "code"
    )
    x, y = frame.centroid.x.to_numpy() / 4000, frame.centroid.y.to_numpy() / 4000
    values = np.sin(x) + np.cos(1.3 * y) + rng.normal(0, 0.5, n)
    field = xr.DataArray(values, dims="code", coords={"code": frame.index.to_numpy()}, name="score")
    return frame, field, Graph.build_contiguity(frame, rook=False)


def main() -> None:
    """Draw every picture, and print what stands in its title."""
    field = ragged_field(6000, seed=4).rename("score")
    queen = lr.Neighbourhood.queen()
    local = lr.local_moran(field, queen)
    cell = int(field["cell"][int(np.argsort(local["p"].values)[1500])])
    frame, values, graph = made_areas()
    drawn = {
        "moran_scatter": lr.plot.moran_scatter(field, queen, label=4),
        "cluster_map": lr.plot.cluster_map(local),
        "spot_map": lr.plot.cluster_map(lr.getis_ord(field, queen)),
        "area_map": lr.plot.cluster_map(lr.local_moran(values, graph), polygons=frame),
        "correlogram": lr.plot.correlogram(
            lr.correlogram(field, [100, 200, 300, 400, 500, 700, 900, 1200, 1500])
        ),
        "null_distribution": lr.plot.null_distribution(lr.null_distribution(field, queen, cell)),
        "null_distribution_log": lr.plot.null_distribution(
            lr.null_distribution(field, queen, cell), log=True
        ),
    }
    for name, axes in drawn.items():
        path = FOLDER / f"{name}.png"
        axes.figure.savefig(path, dpi=DPI)
        print(f"{path.name:<28} {path.stat().st_size / 1000:5.0f} kB  {axes.get_title(loc='left')}")


if __name__ == "__main__":
    main()
