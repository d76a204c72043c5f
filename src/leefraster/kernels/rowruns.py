"""Sums over a neighbourhood by row runs: a prefix sum over the sorted cells, and where runs begin and end in it.

Where a run begins among the sorted cells is looked up in a table per row (how many cells lie west of each column),
made once a row and used by all runs that reach it. Where rows are so wide and empty that tables cost more, two
ends walk along the row instead.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.read_only import read_only

TASK = 1 << 14  # cells a task: enough work to pay for its start, small enough to share out
WALK = 24  # walking to an end costs as much as making about this many entries of a table
WIDEST = 1 << 23  # entries of a task's tables


@jit
def row_starts(rows, ny):
    """Return for each grid row the position of its first cell among the sorted cells (ny + 1 values)."""
    starts = np.zeros(ny + 1, np.int64)
    for i in range(rows.size):
        starts[rows[i] + 1] += 1
    for r in range(ny):
        starts[r + 1] += starts[r]
    return starts


def columns_and_starts(ids, nx, ny):
    """Return the column of every sorted cell id, and what `row_starts` returns."""
    starts, columns = np.searchsorted(ids, np.arange(ny + 1) * nx), np.empty(ids.size, np.int64)
    _fill_columns(read_only(ids), nx, starts, columns)
    return columns, starts


@parallel_jit
def _fill_columns(ids, nx, starts, columns):
    for row in prange(starts.size - 1):
        own, west = ids[starts[row] : starts[row + 1]], row * nx
        here = columns[starts[row] : starts[row + 1]]
        for i in range(own.size):
            here[i] = own[i] - west


def prefix_sum(values):
    """Return the running sum of int64 values, starting at 0, modulo 2^64."""
    total = np.empty(values.size + 1, np.int64)
    _fill_prefix_sum(values, total)
    return total


@parallel_jit
def _fill_prefix_sum(values, total):
    n = values.size
    total[0] = 0
    pieces = (n + TASK - 1) // TASK
    before = np.zeros(pieces + 1, np.int64)
    for piece in prange(pieces):
        before[piece + 1] = values[piece * TASK : (piece + 1) * TASK].sum()
    for piece in range(pieces):
        before[piece + 1] += before[piece]
    for piece in prange(pieces):
        running = before[piece]
        own = values[piece * TASK : (piece + 1) * TASK]
        here = total[piece * TASK + 1 : (piece + 1) * TASK + 1]
        for i in range(own.size):
            running += own[i]
            here[i] = running


@parallel_jit
def run_sums(columns, starts, runs, prefix, first_row, last_row, sums, counts):
    """Fill for the cells of rows first_row..last_row-1 the sum over their runs and the number of cells in them.

    `sums` and `counts` have the length of `columns`; the cell itself is counted where a run covers it.
    """
    lowest, highest = runs[:, 0].min(), runs[:, 0].max()
    height = highest - lowest + 1
    bounds = row_tasks(starts, first_row, last_row, height)
    for task in prange(bounds.size - 1):
        top, bottom = bounds[task], bounds[task + 1]
        cells = starts[bottom] - starts[top]
        if cells == 0:
            continue
        west, width = _span(columns, starts, runs, top, bottom)
        if height * width < WIDEST and (bottom - top + height) * width < WALK * runs.shape[0] * cells:
            tables = np.empty((height, width), np.uint32)
            _sums_by_table(columns, starts, runs, prefix, top, bottom, west, lowest, tables, sums, counts)
        else:
            _sums_by_walking(columns, starts, runs, prefix, top, bottom, sums, counts)


@parallel_jit
def leave_out_own(values, sums, counts):
    """Take each cell's own value out of its sum, and itself out of its count."""
    for i in prange(values.size):
        sums[i] -= values[i]
        counts[i] -= 1


@jit
def row_tasks(starts, first_row, last_row, height):
    """Return row bounds of tasks with about as many cells each, tall beside the neighbourhood."""
    cells = starts[last_row] - starts[first_row]
    tasks = max(1, min(cells // TASK, (last_row - first_row) // (2 * height)))
    bounds = np.empty(tasks + 1, np.int64)
    row = first_row
    for task in range(tasks):
        while starts[row] < starts[first_row] + cells * task // tasks:
            row += 1
        bounds[task] = row
    bounds[tasks] = last_row
    return bounds


@jit
def _span(columns, starts, runs, top, bottom):
    """Return the first column that runs of these rows can reach, and how many boundaries of columns they span."""
    west, east = columns[starts[top]], columns[starts[bottom] - 1]
    for row in range(top, bottom):
        if starts[row] < starts[row + 1]:
            west = min(west, columns[starts[row]])
            east = max(east, columns[starts[row + 1] - 1])
    west += runs[:, 1].min()
    return west, east + runs[:, 2].max() + 2 - west


@jit
def _positions(columns, starts, row, west, table):
    """Fill entry c with the position of the first cell of a row at or beyond column west + c."""
    table[:] = 0
    if row < 0 or row >= starts.size - 1:
        return
    position = starts[row]
    here = columns[position : starts[row + 1]]
    for i in range(here.size):
        entry = here[i] - west + 1
        if entry <= 0:
            position += 1
        elif entry < table.size:
            table[np.uint64(entry)] = 1
    for entry in range(table.size):
        position += np.int64(table[entry])
        table[entry] = position


@jit
def _sums_by_table(columns, starts, runs, prefix, top, bottom, west, lowest, tables, sums, counts):
    # unsigned positions: for signed ones every look-up would first be tested for being negative
    height = tables.shape[0]
    for row in range(top + lowest, top + lowest + height - 1):
        _positions(columns, starts, row, west, tables[row % height])
    for row in range(top, bottom):
        newest = row + lowest + height - 1
        _positions(columns, starts, newest, west, tables[newest % height])
        here = columns[starts[row] : starts[row + 1]]
        own_sums, own_counts = sums[starts[row] : starts[row + 1]], counts[starts[row] : starts[row + 1]]
        own_sums[:] = 0
        own_counts[:] = 0
        for r in range(runs.shape[0]):
            table = tables[(row + runs[r, 0]) % height]
            left, right = runs[r, 1] - west, runs[r, 2] - west + 1
            for i in range(here.size):
                lo, hi = table[np.uint64(here[i] + left)], table[np.uint64(here[i] + right)]
                own_sums[i] += prefix[hi] - prefix[lo]
                own_counts[i] += np.int64(hi) - np.int64(lo)


@jit
def _sums_by_walking(columns, starts, runs, prefix, top, bottom, sums, counts):
    for row in range(top, bottom):
        begin, end = starts[row], starts[row + 1]
        for i in range(begin, end):
            sums[i] = 0
            counts[i] = 0
        for r in range(runs.shape[0]):
            other = row + runs[r, 0]
            if begin == end or other < 0 or other >= starts.size - 1:
                continue
            lo, stop = starts[other], starts[other + 1]
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
