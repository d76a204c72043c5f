"""Times of every statistic on a ragged field, and growth with size; the peer, esda, runs beside ours where asked.

Run as ``python benchmarks/statistics_figures.py [cells] [--esda]``; prints a table. Best and median of several warm
repetitions on as many threads as the process may use.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

import leefraster as lr
from fields import ragged_field

N = lr.Neighbourhood


def measured(work: Callable[[], object], repetitions: int) -> tuple[float, float]:
    """Return best and median time in seconds, after one repetition that compiles."""
    work()
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times), statistics.median(times)


def works(cells: int) -> dict[str, tuple[Callable[[], object], int]]:
    """Return what is measured, and how often."""
    field = ragged_field(cells)
    amounts = field - float(field.min())
    ones = (field > 0).astype(float).where(field.notnull())
    queen, decay = N.queen(), N.decay(500, cutoff=1500)
    return {
        "global Moran's I with p": (lambda: lr.moran(field, queen), 9),
        "global Geary's C": (lambda: lr.geary(field, queen), 5),
        "general G": (lambda: lr.getis_ord_general(amounts, queen), 5),
        "join counts": (lambda: lr.join_count(ones, queen), 5),
        "bivariate Moran's I": (lambda: lr.moran(field, queen, other=amounts), 5),
        "local Moran, exact, queen": (lambda: lr.local_moran(field, queen), 5),
        "local Moran, exact, disc 1 km": (lambda: lr.local_moran(field, N.disc(1000)), 3),
        "G*, exact, queen": (lambda: lr.getis_ord(field, queen), 5),
        "local join counts, exact": (lambda: lr.local_join_count(ones, queen), 3),
        "local Geary": (lambda: lr.local_geary(field, queen), 2),
        "local Moran, inversion, decay 500 m to 1.5 km": (
            lambda: lr.local_moran(field, decay, inference="inversion"),
            2,
        ),
        "local Moran, 999 permutations, queen": (
            lambda: lr.local_moran(field, queen, inference="permutation"),
            1,
        ),
    }


def beside_esda(cells: int) -> None:
    """Print ours and esda's global Moran, its weights included, in the same minute."""
    from esda import Moran

    field = ragged_field(cells)
    values = field.values[np.isfinite(field.values)]

    def theirs() -> None:
        graph = N.queen().graph(field)
        linked = graph.cardinalities.to_numpy() > 0
        sub = graph.subgraph(graph.unique_ids[linked])
        Moran(values[linked], sub, transformation="r", permutations=0)

    ours = measured(lambda: lr.moran(field, N.queen()), 5)[1]
    esda = measured(theirs, 1)[1]
    print(f"global Moran, {field.size:,} cells: {ours:.3f} s, esda {esda:.2f} s, ratio {esda / ours:.0f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--esda", action="store_true")
    options = parser.parse_args()
    if options.esda:
        beside_esda(options.cells)
        return
    for name, (work, repetitions) in works(options.cells).items():
        best, middle = measured(work, repetitions)
        print(f"| {name} | {best:.3f} | {middle:.3f} |", flush=True)


if __name__ == "__main__":
    main()
