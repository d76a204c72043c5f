"""The distance of each statistic from the physical limit: a plain copy, and writing the outputs once."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

import leefraster as lr
from beside.cells import QUEEN, RADIUS, Cells
from beside.children import BENCHMARKS

COPIES, RUNS = 20, 9
MILLION = 1_000_000
FEWEST_FOR_DISCS = 50_000
DISC = lr.Neighbourhood.disc(RADIUS)


def copy_seconds(values: int, runs: int = COPIES) -> float:
    """Return the median seconds of copying float64 values, per million of them."""
    source, target = np.full(values, 1.5), np.full(values, 2.5)  # zeros would all be one page of memory
    return median_of(lambda: np.copyto(target, source), runs) * MILLION / values


def median_of(work: Callable[[], object], runs: int, effort: float = math.inf) -> float:
    """Return the median seconds of several runs; no more of them begin when `effort` seconds are over."""
    times: list[float] = []
    while not times or (len(times) < runs and sum(times) < effort):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def writing_seconds(result: xr.Dataset | xr.DataArray, runs: int = COPIES) -> float:
    """Return the median seconds of writing arrays like the outputs once, into memory that is there."""
    outputs = [result] if isinstance(result, xr.DataArray) else list(result.data_vars.values())
    arrays: list[npt.NDArray[Any]] = [np.zeros_like(output.values) for output in outputs]

    def write() -> None:
        for array in arrays:
            array.fill(1)

    return median_of(write, runs)


def statistics_of(cells: Cells) -> dict[str, Callable[[], xr.Dataset | xr.DataArray]]:
    """Return what is held against the limit; discs of 316 cells only where there are many times as many cells."""
    field = cells.field
    ones = (field > 0).astype(float)
    amounts = field - float(field.min())
    found: dict[str, Callable[[], xr.Dataset | xr.DataArray]] = {
        "local Moran, exact, queen": lambda: lr.local_moran(field, QUEEN),
        "local Moran, exact, disc of 1 km": lambda: lr.local_moran(field, DISC),
        "G*, exact, queen": lambda: lr.getis_ord(field, QUEEN),
        "G*, exact, disc of 1 km": lambda: lr.getis_ord(field, DISC),
        "local join counts, exact, queen": lambda: lr.local_join_count(ones, QUEEN),
        "global Moran, queen": lambda: lr.moran(field, QUEEN),
        "global Geary, queen": lambda: lr.geary(field, QUEEN),
        "general G, queen": lambda: lr.getis_ord_general(amounts, QUEEN),
        "join counts, queen": lambda: lr.join_count(ones, QUEEN),
        "sums over discs of 1 km": lambda: lr.focal_sum(field, RADIUS),
    }
    return found if field.size >= FEWEST_FOR_DISCS else {k: v for k, v in found.items() if "disc" not in k}


def limits(made: Cells, copied: int, effort: float) -> dict[str, Any]:
    """Measure in this process, each statistic for `effort` seconds; of copies in between the median counts."""
    copies = [copy_seconds(copied)]
    found = []
    for name, work in statistics_of(made).items():
        result = work()
        seconds = median_of(work, RUNS, effort)
        writing = writing_seconds(result)
        found.append({"name": name, "seconds": seconds, "writing": writing})
        copies.append(copy_seconds(copied, 5))
    copies.append(copy_seconds(copied))
    return {"cells": made.values.size, "copy_per_million": statistics.median(copies), "statistics": found}


def in_child(module: str, *arguments: float) -> dict[str, Any]:
    """Run a module of this folder in a process of its own and return what it prints as JSON."""
    command = [sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=BENCHMARKS, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
