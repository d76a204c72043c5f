"""Sums over a neighbourhood by row runs: a prefix sum over the sorted cells, and ends that walk along a row."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

BLOCK = 64  # rows a task: enough work to pay for its start, small enough to share out unevenly filled rows


@jit
def row_starts(rows, ny):
    """Return for each grid row the position of its first cell among the sorted cells (ny + 1 values)."""
    starts = np.zeros(ny + 1, np.int64)
    for i in range(rows.size):
        starts[rows[i] + 1] += 1
    for r in range(ny):
        starts[r + 1] += starts[r]
    return starts


@jit
def prefix_sum(values):
    """Return the running sum of int64 values, starting at 0, modulo 2^64."""
    total = np.empty(values.size + 1, np.int64)
    total[0] = 0
    for i in range(values.size):
        total[i + 1] = total[i] + values[i]
    return total


@parallel_jit
def run_sums(columns, starts, runs, prefix, first_row, last_row, sums, counts):
    """Fill for the cells of rows first_row..last_row-1 the sum over their runs and the number of cells in them.

    `sums` and `counts` have the length of `columns`; the cell itself is counted where a run covers it.
    """
    blocks = (last_row - first_row + BLOCK - 1) // BLOCK
    for block in prange(blocks):
        top = first_row + block * BLOCK
        for row in range(top, min(top + BLOCK, last_row)):
            begin, end = starts[row], starts[row + 1]
            if begin == end:
                continue
            for i in range(begin, end):
                sums[i] = 0
                counts[i] = 0
            for r in range(runs.shape[0]):
                other = row + runs[r, 0]
                if other < 0 or other >= starts.size - 1:
                    continue
                lo, stop = starts[other], starts[other + 1]
                if lo == stop:
                    continue
                hi = lo
                left, right = runs[r, 1], runs[r, 2]
                for i in range(begin, end):
                    west, east = columns[i] + left, columns[i] + right
                    while lo < stop and columns[lo] < west:
                        lo += 1
                    while hi < stop and columns[hi] <= east:
                        hi += 1
                    sums[i] += prefix[hi] - prefix[lo]
                    counts[i] += hi - lo


@jit
def neighbour_pairs(columns, starts, runs):
    """Return all pairs (cell, neighbour) of positions, the cell itself left out, sorted by cell then position."""
    count = 0
    for fill in range(2):
        if fill == 1:
            focal = np.empty(count, np.int64)
            neighbour = np.empty(count, np.int64)
        else:
            focal = np.empty(0, np.int64)
            neighbour = np.empty(0, np.int64)
        k = 0
        for row in range(starts.size - 1):
            for i in range(starts[row], starts[row + 1]):
                for r in range(runs.shape[0]):
                    other = row + runs[r, 0]
                    if other < 0 or other >= starts.size - 1:
                        continue
                    begin, stop = starts[other], starts[other + 1]
                    lo = begin + np.searchsorted(columns[begin:stop], columns[i] + runs[r, 1])
                    while lo < stop and columns[lo] <= columns[i] + runs[r, 2]:
                        if lo != i:
                            if fill == 1:
                                focal[k] = i
                                neighbour[k] = lo
                            k += 1
                        lo += 1
        count = k
    return focal, neighbour
