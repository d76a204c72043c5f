"""Print the figures of the first issue: local Moran warm and cold, beside esda in the same run, and start-up.

Run as ``python benchmarks/first_figures.py``; nothing is written. Wall-clock seconds; run it on a quiet machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import leefraster as lr
from fields import ragged_field

RUNS = 7


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def median_of(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Return the first time (kernels loaded or compiled) and the median of the runs after it."""
    first = seconds(work)
    return first, statistics.median(seconds(work) for _ in range(runs))


def start_up() -> None:
    for name, command in (
        ("import leefraster", [sys.executable, "-c", "import leefraster"]),
        ("leefraster --help", [sys.executable, "-m", "leefraster", "--help"]),
    ):
        times = [
            seconds(lambda c=command: subprocess.run(c, check=True, capture_output=True)) for _ in range(7)
        ]
        print(f"{name:42s} median {statistics.median(times):6.3f} s  ({min(times):.3f}-{max(times):.3f})")


def local_statistics() -> None:
    field = ragged_field(1_000_000)
    print(f"cells: {field.size:,}")
    for neighbourhood in (lr.Neighbourhood.queen(), lr.Neighbourhood.disc(1000)):
        for name, function in (
            ("local_moran", lr.local_moran),
            ("getis_ord", lr.getis_ord),
            ("moran", lr.moran),
        ):
            first, warm = median_of(lambda f=function, n=neighbourhood: f(field, n))
            label = f"{name}, {neighbourhood}"
            print(f"{label:42s} first {first:6.2f} s   warm median {warm:6.3f} s")


def beside_esda(cells: int = 100_000) -> None:
    """Interleave ours with esda's default (999 permutations, one process); its weights are not counted."""
    from esda import Moran_Local

    field = ragged_field(cells, seed=1)
    queen = lr.Neighbourhood.queen()
    graph = queen.graph(field)
    small = ragged_field(2_000, seed=2)
    with warnings.catch_warnings(action="ignore"):
        Moran_Local(small.values, queen.graph(small), permutations=9)  # compiles
        ratios = []
        for _ in range(3):
            ours = statistics.median(seconds(lambda: lr.local_moran(field, queen)) for _ in range(5))
            theirs = seconds(lambda: Moran_Local(field.values, graph, permutations=999, seed=1))
            ratios.append(theirs / ours)
            print(f"{field.size:,} cells: ours {ours:.4f} s, esda {theirs:.2f} s, ratio {theirs / ours:.0f}")
    print(f"median ratio to esda: {statistics.median(ratios):.0f}")


if __name__ == "__main__":
    start_up()
    local_statistics()
    beside_esda()
