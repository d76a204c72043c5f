"""What esda and libpysal do; one child builds the weights (measured) and hands them to the statistics."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from beside.cells import QUEEN, Cells
from beside.works import GLOBAL, LOCAL, SPOTS, WEIGHTS, Arrays, Work

Shared = dict[str, Any]
NO_DATA = -9999.0


def _filled(cells: Cells) -> xr.DataArray:
    raster = cells.raster.fillna(NO_DATA).expand_dims(band=[1])
    return raster.assign_attrs(nodatavals=(NO_DATA,))


def _sparse(cells: Cells, _shared: Shared) -> Callable[[], Any]:
    from libpysal.weights.raster import da2WSP

    raster = _filled(cells)
    return lambda: da2WSP(raster, criterion="queen")


def _raster_graph(cells: Cells, shared: Shared) -> Callable[[], Any]:
    from libpysal.graph import Graph

    raster = _filled(cells).squeeze("band")

    def run() -> Any:
        shared["graph"] = Graph.build_raster_contiguity(raster)
        return shared["graph"]

    return run


def _graph(cells: Cells, shared: Shared) -> Any:
    """Return the graph that the measured work built, or ours of the same neighbours where it did not run."""
    if "graph" not in shared or shared["graph"].n != cells.values.size:
        shared["graph"] = QUEEN.graph(cells.field)
    return shared["graph"]


def _moran(permutations: int) -> Callable[[Cells, Shared], Callable[[], Any]]:
    def prepare(cells: Cells, shared: Shared) -> Callable[[], Any]:
        from esda import Moran

        graph, values = _graph(cells, shared), cells.values
        return lambda: Moran(values, graph, transformation="r", permutations=permutations)

    return prepare


def _local_moran(cells: Cells, shared: Shared) -> Callable[[], Any]:
    from esda import Moran_Local

    graph, values = _graph(cells, shared), cells.values
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return lambda: Moran_Local(
        values, graph, permutations=999, n_jobs=jobs, keep_simulations=False, seed=1, alternative="directed"
    )


def _spots(cells: Cells, shared: Shared) -> Callable[[], Any]:
    from esda import G_Local

    graph, values = _graph(cells, shared), cells.values
    lifted = values - values.min() + 1.0
    return lambda: G_Local(lifted, graph, transform="B", star=True, permutations=0)


def _nothing(_result: Any, _cells: Cells) -> Arrays:
    return {}


def _of_moran(result: Any, _cells: Cells) -> Arrays:
    return {"I": np.array([result.I]), "z": np.array([result.z_rand])}


def _of_local(result: Any, _cells: Cells) -> Arrays:
    return {"I": result.Is, "tail": result.p_sim, "drawn": np.array([999])}


def _of_spots(result: Any, _cells: Cells) -> Arrays:
    return {"z": result.Zs}


def _work(name: str, task: str, label: str, prepare: Any, results: Any = None, largest: int = 10**12) -> Work:
    program = "libpysal" if task == WEIGHTS else "esda"
    return Work(
        f"{program} {name}", task, label, "esda and libpysal", program, prepare, results or _nothing, largest
    )


PERMUTED = "999 permutations"
WORKS = [
    _work("sparse", WEIGHTS, "da2WSP", _sparse),
    _work("graph", WEIGHTS, "Graph.build_raster_contiguity", _raster_graph),
    _work("global", GLOBAL, "normal p", _moran(0), _of_moran),
    _work("global permuted", GLOBAL, PERMUTED, _moran(999), _of_moran, 400_500),
    _work("spots", SPOTS, "normal p", _spots, _of_spots),
    _work("local", LOCAL, f"{PERMUTED}, all processors", _local_moran, _of_local, 400_500),
]
