"""What R's spdep and terra do: Rscript measures its own time and peak memory, results come back in files."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from beside.cells import Cells
from beside.works import GLOBAL, LOCAL, SPOTS, Arrays, Told, Work

SCRIPT = Path(__file__).with_name("peers.R")
PERMUTATIONS = 999


@cache
def has_package(name: str) -> bool:
    """Return whether Rscript is there and can load the package."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "--vanilla", "-e", f"quit(status = !requireNamespace('{name}', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True).returncode == 0


def version_of(name: str) -> str:
    """Return the version of an R package."""
    asked = ["Rscript", "--vanilla", "-e", f"cat(as.character(packageVersion('{name}')))"]
    return subprocess.run(asked, capture_output=True, text=True).stdout


def _prepare(job: str, permutations: int = 0) -> Callable[[Cells, dict[str, Any]], Callable[[], Told]]:
    def prepare(cells: Cells, _shared: dict[str, Any]) -> Callable[[], Told]:
        def run() -> Told:
            with tempfile.TemporaryDirectory() as folder:
                return _run(job, permutations, cells, Path(folder))

        return run

    return prepare


def _run(job: str, permutations: int, cells: Cells, folder: Path) -> Told:
    _write(cells, folder)
    command = ["Rscript", "--vanilla", str(SCRIPT), job, str(permutations), str(os.cpu_count() or 1)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"Rscript {job} ended with {done.returncode}: {done.stderr[-400:]}")
    told = dict(line.split("=") for line in done.stdout.split() if "=" in line)
    results = {path.stem: np.fromfile(path, "<f8") for path in folder.glob("*.out")}
    if permutations:
        results["drawn"] = np.array([permutations])
    return Told(float(told["seconds"]), int(told["bytes"]), _in_our_definitions(job, results))


def _write(cells: Cells, folder: Path) -> None:
    starts, neighbours = cells.pairs
    cells.values.astype("<f8").tofile(folder / "values.in")
    np.diff(starts).astype("<i4").tofile(folder / "counts.in")
    (neighbours + 1).astype("<i4").tofile(folder / "neighbours.in")
    cells.raster.values.astype("<f8").tofile(folder / "raster.in")
    np.array(cells.raster.shape, "<i4").tofile(folder / "shape.in")


def _in_our_definitions(job: str, results: Arrays) -> Arrays:
    """Tell apart: the local I of spdep is ours times n / (n - 1); terra gives the whole raster."""
    if job == "terra_local":
        results["I"] = results["I"][~np.isnan(results["I"])]
    if job == "terra_global":
        del results["I"]  # weights of 1: another statistic than the row-standardised one
    if job == "spdep_local":
        n = results["I"].size
        results["I"] = results["I"] * (n - 1) / n
    return results


def _results(result: Told, _cells: Cells) -> Arrays:
    return result.results


def _work(job: str, task: str, label: str, permutations: int = 0, largest: int = 10**12) -> Work:
    package, _, name = job.partition("_")
    prepare = _prepare(job, permutations)
    return Work(
        f"{package} {name}", task, label, f"{package} (R)", f"R:{package}", prepare, _results, largest
    )


WORKS = [
    _work("spdep_local", LOCAL, "localmoran_perm, 999, one process", PERMUTATIONS, 10_500),
    _work("terra_local", LOCAL, "autocor, no p"),
    _work("spdep_spots", SPOTS, "localG, normal p", largest=100_500),
    _work("spdep_global", GLOBAL, "moran.test", largest=100_500),
    _work("terra_global", GLOBAL, "autocor, weights of 1, no p"),
]
