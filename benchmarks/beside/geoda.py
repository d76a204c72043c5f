"""What pygeoda does; one child opens the cells as polygons and makes queen weights (measured), then uses them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from beside.cells import Cells
from beside.works import LOCAL, WEIGHTS, Arrays, Work

Shared = dict[str, Any]


def _weights(cells: Cells, shared: Shared) -> Callable[[], Any]:
    import geopandas
    import pygeoda  # type: ignore[import-not-found]
    import shapely

    x, y = (np.asarray(cells.field[name].values) for name in ("x", "y"))
    squares = shapely.box(x - 50, y - 50, x + 50, y + 50)
    table = geopandas.GeoDataFrame({"value": cells.values}, geometry=squares)

    def run() -> Any:
        shared["weights"] = pygeoda.queen_weights(pygeoda.open(table))
        return shared["weights"]

    return run


def _local(method: str) -> Callable[[Cells, Shared], Callable[[], Any]]:
    def prepare(cells: Cells, shared: Shared) -> Callable[[], Any]:
        import pygeoda  # type: ignore[import-not-found]

        if "weights" not in shared or shared["weights"].num_obs != cells.values.size:
            _weights(cells, shared)()
        weights, values = shared["weights"], cells.values.tolist()
        threads = os.cpu_count() or 1
        options = {"permutations": 999, "permutation_method": method, "cpu_threads": threads, "seed": 1}
        return lambda: pygeoda.local_moran(weights, values, **options)

    return prepare


def _results(result: Any, _cells: Cells) -> Arrays:
    return {
        "I": np.asarray(result.lisa_values()),
        "tail": np.asarray(result.lisa_pvalues()),
        "drawn": np.array([999]),
    }


PYGEODA = ("pygeoda", "pygeoda")
ALL = "999 permutations, {}, all processors"
WORKS = [
    Work("pygeoda weights", WEIGHTS, "open and queen_weights", *PYGEODA, _weights),
    Work(
        "pygeoda lookup",
        LOCAL,
        ALL.format("look-up table"),
        "pygeoda",
        "pygeoda",
        _local("lookup-table"),
        _results,
        germany=True,
    ),
    Work(
        "pygeoda complete",
        LOCAL,
        ALL.format("complete"),
        "pygeoda",
        "pygeoda",
        _local("complete"),
        _results,
        40_000,
    ),
]
