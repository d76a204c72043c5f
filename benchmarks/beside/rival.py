"""The honest rival of exact inference: a plain permutation kernel, compiled, on all processors.

A stream made by hashing (place, permutation, neighbour), no copies of the values, no stored simulations. It draws
with replacement, which spares it the check for repeats; that favours it, and changes p by about k^2 / 2n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange

from beside.cells import Cells
from beside.works import LOCAL, Arrays, Work

PERMUTATIONS = 999


@njit(cache=True, nogil=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def _hashed(x):  # type: ignore[no-untyped-def]
    """Mix 64 bits (the finaliser of SplitMix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)  # type: ignore[untyped-decorator]
def permuted_tails(z, starts, neighbours, permutations, seed, lag, tail):  # type: ignore[no-untyped-def]
    """Fill the sum of z over the neighbours of each place, and its smaller tail among random draws."""
    n = z.size
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    golden, others = np.uint64(0x9E3779B97F4A7C15), np.uint64(n - 1)
    for i in prange(n):
        k = starts[i + 1] - starts[i]
        observed = 0.0
        for j in range(starts[i], starts[i + 1]):
            observed += z[neighbours[j]]
        lag[i] = observed
        counter = _hashed(np.uint64(seed) + golden * np.uint64(i))
        larger = 0
        for _ in range(permutations):
            drawn = 0.0
            for j in range(0, k, 2):
                counter += golden
                bits = _hashed(counter)
                one = np.int64(((bits & low) * others) >> half)
                drawn += z[one + (one >= i)]
                if j + 1 < k:
                    other = np.int64(((bits >> half) * others) >> half)
                    drawn += z[other + (other >= i)]
            larger += drawn >= observed
        tail[i] = (min(larger, permutations - larger) + 1) / (permutations + 1)


def _prepare(cells: Cells, _shared: dict[str, Any]) -> Callable[[], Any]:
    values, (starts, neighbours) = cells.values, cells.pairs

    def run() -> Arrays:
        z = values - values.mean()
        lag, tail = np.empty(z.size), np.empty(z.size)
        permuted_tails(z, starts, neighbours, PERMUTATIONS, 1, lag, tail)
        return {"I": (z.size - 1) * z * lag / np.diff(starts) / (z * z).sum(), "tail": tail}

    return run


def _results(result: Arrays, _cells: Cells) -> Arrays:
    return {**result, "drawn": np.array([PERMUTATIONS])}


LABEL = "999 permutations, all processors"
WORKS = [Work("rival local", LOCAL, LABEL, "plain numba kernel", "numba", _prepare, _results, germany=True)]
