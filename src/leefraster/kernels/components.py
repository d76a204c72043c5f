"""Connected groups of sorted cells, and the cells that lie between two groups."""

from __future__ import annotations

import numpy as np

from leefraster.kernels.jit import jit


@jit
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit
def components(columns, starts, runs):
    """Return for each cell the position of the first cell of its group.

    Two cells are joined where one lies in the other's runs; the runs must be symmetric.
    """
    parent = np.arange(columns.size)
    for row in range(starts.size - 1):
        for i in range(starts[row], starts[row + 1]):
            for r in range(runs.shape[0]):
                other = row + runs[r, 0]
                if runs[r, 0] > 0 or other < 0:  # symmetric: looking back is enough
                    continue
                begin, stop = starts[other], starts[other + 1]
                k = begin + np.searchsorted(columns[begin:stop], columns[i] + runs[r, 1])
                while k < stop and columns[k] <= columns[i] + runs[r, 2] and k < i:
                    a, b = _root(parent, i), _root(parent, k)
                    if a < b:
                        parent[b] = a
                    elif b < a:
                        parent[a] = b
                    k += 1
    for i in range(parent.size):
        parent[i] = _root(parent, i)
    return parent


@jit
def between(columns, starts, first_row, first_column, second_row, second_column, groups, out):
    """Lower `out` to the pair's group at the cells of the rectangle that each pair of cells spans.

    `out` holds for each cell a group's number; cells that lie between pairs of several groups get the lowest.
    """
    for pair in range(groups.size):
        top = min(first_row[pair], second_row[pair])
        bottom = max(first_row[pair], second_row[pair])
        west = min(first_column[pair], second_column[pair])
        east = max(first_column[pair], second_column[pair])
        for row in range(top, bottom + 1):
            begin, stop = starts[row], starts[row + 1]
            k = begin + np.searchsorted(columns[begin:stop], west)
            while k < stop and columns[k] <= east:
                out[k] = min(out[k], groups[pair])
                k += 1
