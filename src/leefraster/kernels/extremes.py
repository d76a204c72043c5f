"""The smallest and largest of floats, and how many of them are missing or infinite, in one pass over their bits.

The bits of floats above 0 are, as integers, in the order of the floats; those below 0 are so when all bits but the
sign are turned. Integers are compared several at a time, floats that may be NaN one by one.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 15


@parallel_jit
def extremes(bits, size_bits, infinity):
    """Return per piece the numbers of missing and of infinite values, and the least and the most key of the others.

    `bits` are floats seen as integers of their width, `size_bits` all of these but the sign, `infinity` those of
    infinity. A key is bits in the order of the floats; `key ^ ((key >> 63) & size_bits)` makes it bits again.
    """
    pieces = (bits.size + PIECE - 1) // PIECE
    found = np.empty((pieces, 4), np.int64)
    for piece in prange(pieces):
        own = bits[piece * PIECE : (piece + 1) * PIECE]
        missing, infinite, least, most = 0, 0, size_bits, -size_bits - 1
        for i in range(own.size):
            number = np.int64(own[i])
            size = number & size_bits
            missing += np.int64(size > infinity)
            infinite += np.int64(size == infinity)
            key = number ^ ((number >> 63) & size_bits)
            least = min(least, key if size < infinity else size_bits)
            most = max(most, key if size < infinity else -size_bits - 1)
        found[piece, 0], found[piece, 1], found[piece, 2], found[piece, 3] = missing, infinite, least, most
    return found


@jit
def is_rising(numbers):
    """Return whether each number is above the one before."""
    after, falls = numbers[1:], 0
    for i in range(after.size):
        falls += np.int64(after[i] <= numbers[i])
    return falls == 0
