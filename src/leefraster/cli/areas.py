"""``leefraster areas``: statistics of areas, from polygons with values or from the cells of a stored run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from leefraster.errors import InputError, UsageError

if TYPE_CHECKING:
    import argparse

    import xarray as xr

    from leefraster.areas.areas import Areas


def perform(options: argparse.Namespace) -> None:
    """Read the areas, analyse their values, write polygons and tables, and print Moran's I."""
    from leefraster.areas.analysis import analyse_areas
    from leefraster.areas.areas import Areas
    from leefraster.exports.area_files import write_area_files

    areas = Areas.read(
        options.polygons, code=options.code, name=options.name, level=options.level, layer=options.layer,
        crs=options.crs, to_crs=options.to_crs,
    )  # fmt: skip
    if options.level is not None and options.level in areas.levels:
        areas = areas.at(options.level)
    values = _of_run(options, areas) if options.store is not None else _of_file(options)
    graph = areas.graph(
        options.neighbours, tolerance=options.tolerance, k=options.nearest, distance=options.distance
    )
    result = analyse_areas(values.sel(area=areas.codes.astype(str)), graph, alpha=options.alpha)
    paths = write_area_files(areas, result, options.out)
    _print(areas, result)
    for path in paths:
        sys.stdout.write(f"{path}\n")


def _of_file(options: argparse.Namespace) -> xr.Dataset:
    """Return the columns asked for, of the polygons' own file."""
    import numpy as np
    import xarray as xr

    from leefraster.areas.files import read_frame

    if not options.value:
        raise UsageError("name the columns to analyse with --value, or a run's output folder with --store")
    frame = read_frame(options.polygons, options.layer)
    absent = [name for name in options.value if name not in frame.columns]
    if absent:
        columns = ", ".join(str(name) for name in frame.columns if name != frame.geometry.name)
        raise InputError(f"{options.polygons}: has no column {absent[0]!r}; it has {columns}")
    text = [name for name in options.value if frame[name].dtype.kind not in "fiub"]
    if text:
        raise InputError(f"{options.polygons}: column {text[0]!r} is no column of numbers")
    codes = frame[options.code].astype(str).str.strip().to_numpy(dtype=str)
    _, first = np.unique(codes, return_index=True)
    data = {name: ("area", frame[name].to_numpy(dtype=np.float64)[first]) for name in options.value}
    return xr.Dataset(data, coords={"area": codes[first]})


def _of_run(options: argparse.Namespace, areas: Areas) -> xr.Dataset:
    """Return the latest year of a stored run, its cells aggregated to the areas by dwellings."""
    from leefraster.areas.aggregate import aggregate
    from leefraster.cli.stores import run_key, store_at
    from leefraster.exports.latest import of_latest_year

    run: Any = None if options.run is None else run_key(options.run)
    latest = of_latest_year(store_at(options.store).read(run))
    weight = options.weight or ("dwellings" if "dwellings" in latest else None)
    wanted = options.value or [name for name in ("level", "total") if name in latest]
    scores = latest["score"].to_dataset("dimension") if "score" in latest and not options.value else None
    absent = [name for name in wanted if name not in latest]
    if absent:
        raise UsageError(
            f"the run has no variable {absent[0]!r}; it has {', '.join(map(str, latest.data_vars))}"
        )
    picked = latest[[*wanted, *([weight] if weight else [])]]
    if scores is not None:
        picked = picked.assign(dict(scores.data_vars))
    found: xr.Dataset = aggregate(picked, areas, weight=weight)
    return found


def _print(areas: Areas, result: xr.Dataset) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{areas!r}: {areas.repaired} repaired, {areas.left_out} left out by rule")
    for name in ("layer", "Moran's I", "z", "p", "low-low", "high-high", "cold", "hot"):
        table.add_column(name, justify="left" if name == "layer" else "right")
    for layer in result["layer"].values:
        one = result.sel(layer=layer)
        cluster, spot = one["local_moran_cluster"].values, one["getis_ord_spot"].values
        table.add_row(
            str(layer), f"{float(one['moran_I']):.3f}", f"{float(one['moran_z']):.1f}",
            _small(float(one["moran_p"])), f"{(cluster == 3).sum():,}", f"{(cluster == 1).sum():,}",
            f"{(spot < 0).sum():,}", f"{(spot > 0).sum():,}",
        )  # fmt: skip
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 110).print(table)


def _small(p: float) -> str:
    return "< 1e-300" if p < 1e-300 else f"{p:.2g}"
