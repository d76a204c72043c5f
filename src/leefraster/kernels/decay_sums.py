"""Sums over neighbours weighted by distance: the weights are the same to all four sides."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

ROWS = 16  # rows a task
FULL = 4  # a row with a cell in at least one of so many columns is added up in all columns at once


@jit
def _lay_out(columns, values, first, line):
    """Add a row's values to a line of which the first column is `first`."""
    for j in range(values.size):
        line[columns[j] - first] += values[j]


@jit
def _add_columns(line, start, reach, weights, totals):
    """Add to the total of every column, that at `start` of the line on, its weighted sum over the line."""
    middle, weight = line[start:], weights[0]
    for x in range(totals.size):
        totals[x] += weight * middle[x]
    for dx in range(1, reach + 1):
        left, right, weight = line[start - dx :], line[start + dx :], weights[dx]
        for x in range(totals.size):
            totals[x] += weight * (left[x] + right[x])


@jit
def _add_cells(line, columns, first, reach, weights, sums):
    """Add to the sum of every cell its weighted sum over the line, of which the first column is `first`."""
    weight = weights[0]
    for i in range(sums.size):
        sums[i] += weight * line[columns[i] - first]
    for dx in range(1, reach + 1):
        weight = weights[dx]
        for i in range(sums.size):
            at = columns[i] - first
            sums[i] += weight * (line[at - dx] + line[at + dx])


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
        line, room = np.empty(width), np.empty(width)
        for row in range(block * ROWS, min((block + 1) * ROWS, ny)):
            begin, end = starts[row], starts[row + 1]
            if begin == end:
                continue
            own, out = columns[begin:end], sums[begin:end]
            low, high = own.min(), own.max()
            full = (end - begin) * FULL > high - low
            totals = room[: high - low + 1] if full else out
            totals[:] = 0.0
            for dy in range(reach.size):
                above, below = row - dy, row + dy
                line[:] = 0.0
                if above >= 0:
                    a, b = starts[above], starts[above + 1]
                    _lay_out(columns[a:b], values[a:b], west - across, line)
                if dy > 0 and below < ny:
                    a, b = starts[below], starts[below + 1]
                    _lay_out(columns[a:b], values[a:b], west - across, line)
                if full:
                    _add_columns(line, low - west + across, reach[dy], weights[dy], totals)
                else:
                    _add_cells(line, own, west - across, reach[dy], weights[dy], totals)
            if full:
                for i in range(out.size):
                    out[i] = totals[own[i] - low]
