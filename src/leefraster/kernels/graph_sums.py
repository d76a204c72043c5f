"""Sums over the neighbours of a graph in compressed rows."""

from __future__ import annotations

from numba import prange

from leefraster.kernels.jit import parallel_jit


@parallel_jit
def graph_sums(starts, neighbours, values, sums):
    """Fill for each place the sum of int64 values over its neighbours."""
    for i in prange(starts.size - 1):
        total = 0
        for j in range(starts[i], starts[i + 1]):
            total += values[neighbours[j]]
        sums[i] = total
