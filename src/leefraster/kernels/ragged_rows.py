"""Rows of an endless ragged field: which cells are inhabited and what they hold follows from seed, row and column.

Noise on lattices of several widths, each corner's value a word of the stream of its seed, blended bilinearly:
places of every size, with values alike nearby. No row needs another one.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.random_stream import key_of, mixed, word_of

UNIT = 2.0**-53
ROUGH = np.uint64(11)


@jit
def _corner(key, row, column):
    """Return a number from 0 to 1 of a lattice corner."""
    word = mixed(word_of(word_of(key, row), column))
    return (word >> ROUGH) * UNIT


@jit
def _blend(values, row, column, width):
    """Return the lattice noise of a cell from the two corner rows above and below it."""
    at = column // width
    g = (column - at * width + 0.5) / width
    f = (row - (row // width) * width + 0.5) / width
    top = values[0, at] + g * (values[0, at + 1] - values[0, at])
    bottom = values[1, at] + g * (values[1, at + 1] - values[1, at])
    return top + f * (bottom - top)


@jit
def _corners(key, row, width, nx):
    """Return the two rows of corners around a row of cells."""
    count = nx // width + 2
    values = np.empty((2, count))
    for side in range(2):
        for c in range(count):
            values[side, c] = _corner(key, row // width + side, c)
    return values


@parallel_jit
def ragged_rows(seed, first_row, nx, threshold, columns, values, counts):
    """Fill per row the columns of its inhabited cells and their values, and how many there are.

    Rows of `columns` and `values` are rows of the grid from `first_row` on. A cell is inhabited where the noise
    of places, wide and narrow, with a little of its own, exceeds the threshold.
    """
    keys = np.empty(6, np.uint64)
    for k in range(6):
        keys[k] = key_of(seed, k)
    for r in prange(counts.size):
        row = first_row + r
        wide, narrow = _corners(keys[0], row, 512, nx), _corners(keys[1], row, 48, nx)
        broad, near, fine = (
            _corners(keys[2], row, 256, nx),
            _corners(keys[3], row, 32, nx),
            _corners(keys[4], row, 6, nx),
        )
        own = word_of(keys[5], row)
        n = 0
        for column in range(nx):
            place = 0.45 * _blend(wide, row, column, 512) + 0.35 * _blend(narrow, row, column, 48)
            if place + 0.2 <= threshold:
                continue
            word = word_of(own, column)
            if place + 0.2 * (word >> ROUGH) * UNIT <= threshold:
                continue
            columns[r, n] = column
            values[r, n] = (
                0.5 * _blend(broad, row, column, 256)
                + 0.5 * _blend(near, row, column, 32)
                + 0.4 * _blend(fine, row, column, 6)
                + 0.25 * (mixed(word) >> ROUGH) * UNIT
            )
            n += 1
        counts[r] = n
