"""Print the figures of scoring: measures around a cell beside scipy, and a model of 94 indicators over nine years.

Run as ``python benchmarks/scoring.py``; nothing is written. Best of several wall-clock seconds, warm; peers run in
the same minute. Peak memory is that of a process of its own, its input included.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import convolve, distance_transform_edt

import leefraster as lr
from fields import ragged_field
from leefraster.cells import cell_coordinates
from leefraster.scoring.score import Scoring

YEARS = [2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024]
INDICATORS, FOCAL = 94, 20
RADII = (300, 300, 500, 500, 1000)


def best(work: Callable[[], object], runs: int = 5) -> float:
    """Return the shortest time of several, after one that loads or compiles."""
    work()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def national_cells(count: int, seed: int = 0) -> xr.DataArray:
    """Return a field on about as many inhabited cells of a raster as large as the Netherlands, in clumps."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    rough = gaussian_filter(rng.normal(size=(660, 600)), 2)  # at 500 m
    rough = np.kron(rough, np.ones((5, 5))) + 0.02 * rng.normal(size=(3300, 3000))
    ids = np.sort(np.argpartition(rough.ravel(), -count)[-count:])
    grid = lr.Grid.netherlands()
    return xr.DataArray(rng.gamma(2, 2, ids.size), dims="cell", coords=cell_coordinates(grid, ids))


def disc(radius: float) -> Any:
    reach = int(radius / 100)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return (np.hypot(dy, dx) * 100 <= radius).astype(float)


def measures() -> None:
    full = lr.from_raster(_full_raster(1000))
    ragged, national = ragged_field(1_000_000), national_cells(400_000)
    print(f"{'disc sums, 1 km':52s} {'ours':>8s} {'convolve':>9s} {'ratio':>6s}")
    for name, field in (
        ("1,000,000 cells, a full raster", full),
        ("1,000,000 cells, 60 % of a raster", ragged),
        ("400,000 cells of the Netherlands (4 %)", national),
    ):
        dense = np.nan_to_num(lr.to_raster(field, crop=True).values)
        ours = best(lambda f=field: lr.focal_sum(f, 1000))
        theirs = best(lambda d=dense: convolve(d, disc(1000), mode="constant"), 1)
        print(f"  {name:50s} {ours:8.3f} {theirs:9.3f} {theirs / ours:6.1f}")
    print(
        f"{'distance to the nearest target, 1,000 x 1,000':52s} {'ours':>8s} {'scipy edt':>9s} {'ratio':>6s}"
    )
    for share in (0.0005, 0.01, 0.3):
        targets = _full_raster(1000) > np.quantile(_full_raster(1000), 1 - share)
        ours = best(lambda t=targets: lr.distance_to(t))
        theirs = best(lambda t=targets: distance_transform_edt(~t.values))
        print(f"  {f'{share:.2%} of cells are targets':50s} {ours:8.3f} {theirs:9.3f} {theirs / ours:6.1f}")
    points = np.random.default_rng(1).uniform((0, 300_000), (300_000, 630_000), (200_000, 2))
    for name, work in (
        ("focal_mean 1 km, 1,000,000 cells (60 %)", lambda: lr.focal_mean(ragged, 1000)),
        ("decay_sum 500 m to 1.5 km, 400,000 cells", lambda: lr.decay_sum(national, 500, cutoff=1500)),
        (
            "count_within 1 km, 200,000 points, 400,000 cells",
            lambda: lr.count_within(points, 1000, like=national),
        ),
        ("distance_to 200,000 points, cap 5 km", lambda: lr.distance_to(points, like=national, cap=5000)),
        ("distance_to cells, Netherlands, cap 5 km", lambda: lr.distance_to(national > 12, cap=5000)),
    ):
        print(f"  {name:50s} {best(work, 3):8.3f}")


def _full_raster(side: int) -> xr.DataArray:
    centres = (np.arange(side) + 0.5) * 100
    values = np.random.default_rng(2).gamma(2, 2, (side, side))
    return xr.DataArray(values, dims=("y", "x"), coords={"y": centres[::-1], "x": centres})


def model(focal: int) -> lr.Model:
    """Return a model of 94 indicators, `focal` of them measured within a disc; a third take a logarithm."""
    rows = []
    for k in range(INDICATORS):
        measure = f'{{ kind = "focal_mean", radius = {RADII[k % 5]} }}' if k < focal else '"cell"'
        transform = ("identity", "log1p", "sqrt")[k % 3]
        rows.append(
            f'{{ name = "i{k:02d}", unit = "1", dimension = "d{k % 5}", coefficient = {0.001 * (k - 40)}, '
            f'measure = {measure}, transform = "{transform}" }}'
        )
    names = ", ".join(f'd{d} = "{d}"' for d in range(5))
    return lr.Model.parse(
        f'name = "benchmark"\nversion = "1"\nprovenance = "made"\nlicence = "none"\ndimensions = {{ {names} }}\n'
        f'reference = {{ year = 2024, level = 4.1 }}\nmissing = {{ then = "national mean" }}\n'
        f"indicators = [{', '.join(rows)}]"
    )


def layers(cells: int) -> xr.Dataset:
    base = national_cells(cells)
    rng = np.random.default_rng(3)
    data: dict[str, Any] = {}
    for k in range(INDICATORS):
        values = np.empty((len(YEARS), cells), np.float32)
        for year in range(len(YEARS)):
            values[year] = rng.standard_exponential(cells, dtype=np.float32)
            values[year, rng.integers(0, cells, cells // 100)] = np.nan
        data[f"i{k:02d}"] = (("year", "cell"), values)
    data["dwellings"] = ("cell", np.rint(base.values * 6))
    return xr.Dataset(data, coords={"year": YEARS, **base.coords})


def whole(focal: int, cells: int, out: Any) -> None:
    """Score once to compile on few cells, then all; report seconds and peak memory of this process."""
    small = layers(2_000)
    lr.score(small, model(focal))
    data = layers(cells)
    before = _peak()
    begin = time.perf_counter()
    lr.score(data, model(focal))
    seconds = time.perf_counter() - begin
    out.put((seconds, before, _peak()))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fused_pass(cells: int) -> None:
    """Compare the fused pass over one year with reading its input once."""
    data = layers(cells).isel(year=[8])
    scoring = Scoring.of(data, model(0), None)
    engine, weights = scoring.engine, scoring.weights_of(0)
    rows = engine.rows(0)
    passed = best(lambda: engine.one_year(0, weights))
    read = best(lambda: [np.maximum.reduce(row) for row in rows])
    size = sum(row.nbytes for row in rows) / 1e6
    print(f"fused pass, one year, 94 x {cells:,} float32 ({size:.0f} MB): {passed:.3f} s")
    print(f"  reading that input once (largest value of each layer): {read:.3f} s")
    print(f"  ratio {passed / read:.1f}")


def in_own_process(focal: int, cells: int) -> tuple[float, float, float]:
    context = multiprocessing.get_context("spawn")
    out = context.SimpleQueue()
    process = context.Process(target=whole, args=(focal, cells, out))
    process.start()
    process.join()
    return out.get()


if __name__ == "__main__":
    measures()
    fused_pass(400_000)
    for focal in (0, FOCAL):
        seconds, before, peak = in_own_process(focal, 400_000)
        said = "measured layers" if not focal else f"raw layers, {focal} focal means a year"
        print(
            f"94 indicators, 400,000 cells, 9 years, from {said}: {seconds:.2f} s, peak {peak:.0f} MB "
            f"(with the layers, before scoring: {before:.0f} MB)"
        )
