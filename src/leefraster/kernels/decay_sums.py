"""Sums over neighbours weighted by distance: the weights are the same to all four sides."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit

ROWS = 16  # rows a task


@parallel_jit
def decay_sums(columns, starts, west, east, reach, weights, values, sums):
    """Fill for each cell the sum of weight x value over the cells around it, the cell itself included.

    Cells are sorted by row, with columns within west..east. weights[dy, dx] is that of the offsets (+-dy, +-dx),
    for dx up to reach[dy]. Terms are added in a fixed order: dy from 0, in it dx from 0, opposite offsets in pairs;
    so the sum of a cell depends neither on threads nor on the side from which one counts.
    """
    ny, across = starts.size - 1, weights.shape[1] - 1
    width = east - west + 1 + 2 * across
    for block in prange((ny + ROWS - 1) // ROWS):
        line = np.empty(width)
        for row in range(block * ROWS, min((block + 1) * ROWS, ny)):
            begin, end = starts[row], starts[row + 1]
            if begin == end:
                continue
            for i in range(begin, end):
                sums[i] = 0.0
            for dy in range(reach.size):
                above, below = row - dy, row + dy
                line[:] = 0.0
                if above >= 0:
                    for j in range(starts[above], starts[above + 1]):
                        line[columns[j] - west + across] += values[j]
                if dy > 0 and below < ny:
                    for j in range(starts[below], starts[below + 1]):
                        line[columns[j] - west + across] += values[j]
                for dx in range(reach[dy] + 1):
                    weight = weights[dy, dx]
                    if dx == 0:
                        for i in range(begin, end):
                            sums[i] += weight * line[columns[i] - west + across]
                    else:
                        for i in range(begin, end):
                            at = columns[i] - west + across
                            sums[i] += weight * (line[at - dx] + line[at + dx])
