"""Exact Euclidean distances to the nearest target cell, in linear time: columns first, then a lower envelope a row.

After Meijster, Roerdink & Hesselink (2000), in whole numbers of cells, so that nothing is rounded.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

STRIP = 64  # columns a task
ROWS = 16  # rows a task


@parallel_jit
def vertical_steps(targets, far, steps):
    """Fill `steps` (ny, nx) with the rows to the nearest target in the same column, at most `far`."""
    ny, nx = targets.shape
    for strip in prange((nx + STRIP - 1) // STRIP):
        west, east = strip * STRIP, min((strip + 1) * STRIP, nx)
        for x in range(west, east):
            steps[0, x] = 0 if targets[0, x] else far
        for y in range(1, ny):
            for x in range(west, east):
                steps[y, x] = 0 if targets[y, x] else min(steps[y - 1, x] + 1, far)
        for y in range(ny - 2, -1, -1):
            for x in range(west, east):
                steps[y, x] = min(steps[y, x], steps[y + 1, x] + 1)


@jit
def _envelope(row, far, centres, begins):
    """Fill the columns whose parabola is lowest, and where each begins to be; return how many there are."""
    last = -1
    for u in range(row.size):
        if row[u] >= far:
            continue
        own = np.int64(row[u]) * np.int64(row[u])
        begin = np.int64(0)
        while last >= 0:
            v = centres[last]
            there = np.int64(row[v])
            # the first column at which u is strictly nearer than v
            begin = (np.int64(u) * u - v * v + own - there * there) // (2 * (u - v)) + 1
            if begin > begins[last]:
                break
            last -= 1
        if last < 0:
            begin = np.int64(0)
        if begin < row.size:
            last += 1
            centres[last] = u
            begins[last] = begin
    return last + 1


@parallel_jit
def nearest_targets(steps, far, starts, columns, squared):
    """Fill for each cell the squared distance to its nearest target, in cells; -1 where there is none.

    Cells are sorted by row: those of row y are starts[y]..starts[y+1]-1, with their columns ascending.
    """
    ny, nx = steps.shape
    for block in prange((ny + ROWS - 1) // ROWS):
        centres, begins = np.empty(nx, np.int64), np.empty(nx, np.int64)
        for y in range(block * ROWS, min((block + 1) * ROWS, ny)):
            if starts[y] == starts[y + 1]:
                continue
            count = _envelope(steps[y], far, centres, begins)
            k = 0
            for i in range(starts[y], starts[y + 1]):
                if count == 0:
                    squared[i] = -1
                    continue
                x = columns[i]
                while k + 1 < count and begins[k + 1] <= x:
                    k += 1
                across, down = np.int64(x) - centres[k], np.int64(steps[y, centres[k]])
                squared[i] = across * across + down * down
