"""Points within a radius of cell centres: whole squares by running sums, points one by one only along the rim."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

BLOCK = 1024  # cells a task


@jit
def square_starts(squares, count):
    """Return for each square the position of its first point among points sorted by square (count + 1 values)."""
    starts = np.zeros(count + 1, np.int64)
    for i in range(squares.size):
        starts[squares[i] + 1] += 1
    for s in range(count):
        starts[s + 1] += starts[s]
    return starts


@parallel_jit
def count_points(
    x, y, starts, width, centre_x, centre_y, row, column, inside, touched, squared_radius, counts
):
    """Fill for each cell the number of points at most a radius from its centre.

    Points are sorted by square, squares by row and column in a window `width` squares wide that reaches one radius
    beyond all cells. (row, column) is the square of a cell; in the row of squares at dy (index dy + height) those
    up to inside[.] squares away lie wholly within the radius (-1: none), those up to touched[.] at least partly.
    """
    height = (inside.size - 1) // 2
    cells = row.size
    for block in prange((cells + BLOCK - 1) // BLOCK):
        for i in range(block * BLOCK, min((block + 1) * BLOCK, cells)):
            found = 0
            for r in range(inside.size):
                base = (row[i] + r - height) * width + column[i]
                a, b = inside[r], touched[r]
                if a >= 0:
                    found += starts[base + a + 1] - starts[base - a]
                for side in range(2):
                    if a >= 0:
                        lo, hi = (base - b, base - a) if side == 0 else (base + a + 1, base + b + 1)
                    elif side == 0:
                        lo, hi = base - b, base + b + 1
                    else:
                        break
                    for p in range(starts[lo], starts[hi]):
                        across, down = x[p] - centre_x[i], y[p] - centre_y[i]
                        if across * across + down * down <= squared_radius:
                            found += 1
            counts[i] = found
