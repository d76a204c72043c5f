"""Sums over a neighbourhood that is a rectangle of offsets, as the queen's: its rows are first added up per column.

One line, an entry a column, holds what the rows of the rectangle add up to; going down a row adds one row to it and
takes one away. A cell's sum is that of as many entries as the rectangle is wide. The same integers as
`rowruns.run_sums` gives, about twice as fast.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.rowruns import row_tasks

WIDEST = 1 << 14  # columns of a grid whose line stays in a processor's cache


def box_of(runs, nx):
    """Return the rectangle (north, south, west, east), ends included, that row runs are; None where they are none.

    Nor is there one for grids of so many columns that a line of them is slower than the runs.
    """
    rows, west, east = runs[:, 0], runs[:, 1], runs[:, 2]
    alike = (west == west[0]).all() and (east == east[0]).all() and (np.diff(rows) == 1).all()
    return np.array([rows[0], rows[-1], west[0], east[0]]) if alike and nx <= WIDEST else None


@parallel_jit
def box_sums(ids, nx, starts, box, values, without_own, first_row, last_row, sums, counts):
    """Fill for the cells of rows first_row..last_row-1 the sum over the cells in a rectangle, and their number.

    Cells are known by sorted ids, of which a grid has nx a row; `starts` are those of `rowruns.row_starts`.

    `without_own` leaves out the cell itself, which the rectangle must cover. `counts` may be empty: then cells are
    not counted.
    """
    north, south, left, right = box[0], box[1], box[2], box[3]
    bounds = row_tasks(starts, first_row, last_row, south - north + 1)
    rows, counting = starts.size - 1, counts.size > 0
    for task in prange(bounds.size - 1):
        top, bottom = bounds[task], bounds[task + 1]
        if starts[top] == starts[bottom]:
            continue
        west, east = _span(ids, nx, starts, max(top + north, 0), min(bottom + south, rows))
        west, across = west + min(left, 0), right - left + 1
        line = np.zeros((east + max(right, 0) + 1 - west, 2 if counting else 1), np.int64)
        for row in range(max(top + north, 0), min(top + south, rows)):
            a, b = starts[row], starts[row + 1]
            _add(ids[a:b], values[a:b], 1, row * nx + west, counting, line)
        for row in range(top, bottom):
            if 0 <= row + south < rows:
                a, b = starts[row + south], starts[row + south + 1]
                _add(ids[a:b], values[a:b], 1, (row + south) * nx + west, counting, line)
            a, b, first = starts[row], starts[row + 1], row * nx + west - left
            if counting:
                _sum_and_count(
                    ids[a:b], values[a:b], first, across, line, without_own, sums[a:b], counts[a:b]
                )
            else:
                _sum(ids[a:b], values[a:b], first, across, line[:, 0], without_own, sums[a:b])
            if 0 <= row + north < rows:
                a, b = starts[row + north], starts[row + north + 1]
                _add(ids[a:b], values[a:b], -1, (row + north) * nx + west, counting, line)


@jit
def _span(ids, nx, starts, first, last):
    """Return the first and the last column that holds a cell in some rows."""
    west, east = nx, -1
    for row in range(first, last):
        if starts[row] < starts[row + 1]:
            west = min(west, ids[starts[row]] - row * nx)
            east = max(east, ids[starts[row + 1] - 1] - row * nx)
    return west, east


@jit
def _add(ids, values, sign, first, counting, line):
    # unsigned positions: signed ones would first be tested for being negative
    if counting:
        for i in range(ids.size):
            at = np.uint64(ids[i] - first)
            line[at, 0] += sign * values[i]
            line[at, 1] += sign
    else:
        for i in range(ids.size):
            line[np.uint64(ids[i] - first), 0] += sign * values[i]


@jit
def _sum_and_count(ids, values, first, across, line, without_own, sums, counts):
    own = np.int64(without_own)
    if across == 3:  # without a loop: most neighbourhoods are the queen's
        for i in range(ids.size):
            at = np.uint64(ids[i] - first)
            middle, last = at + np.uint64(1), at + np.uint64(2)
            sums[i] = line[at, 0] + line[middle, 0] + line[last, 0] - own * values[i]
            counts[i] = line[at, 1] + line[middle, 1] + line[last, 1] - own
        return
    for i in range(ids.size):
        at = np.uint64(ids[i] - first)
        total, count = -own * values[i], -own
        for step in range(across):
            total += line[at + np.uint64(step), 0]
            count += line[at + np.uint64(step), 1]
        sums[i], counts[i] = total, count


@jit
def _sum(ids, values, first, across, line, without_own, sums):
    own = np.int64(without_own)
    if across == 3:
        for i in range(ids.size):
            at = np.uint64(ids[i] - first)
            sums[i] = line[at] + line[at + np.uint64(1)] + line[at + np.uint64(2)] - own * values[i]
        return
    for i in range(ids.size):
        at = np.uint64(ids[i] - first)
        total = -own * values[i]
        for step in range(across):
            total += line[at + np.uint64(step)]
        sums[i] = total
