"""The sums over symmetric neighbourhoods that moments of global statistics need, in one pass."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.fixed_point import LIMB, PIECE
from leefraster.kernels.jit import jit, parallel_jit

LOW = (1 << LIMB) - 1


@parallel_jit
def looked_up(counts, table, out):
    """Fill `out` with the entry of the table for every count."""
    for i in prange(counts.size):
        out[i] = table[counts[i]]


@jit
def _add_margins(counts, received, unit, scales, margins, limbs):
    a0, a1, b0, b1 = 0, 0, 0, 0
    keep = margins.size > 0
    for i in range(counts.size):
        k = counts[i]
        margin = 1.0 + received[i] * unit if k > 0 else 0.0
        if keep:
            margins[i] = margin
        a, b = (
            np.int64(np.rint(margin / max(k, 1) * scales[0])),
            np.int64(np.rint(margin * margin * scales[1])),
        )
        a0 += a & LOW
        a1 += a >> LIMB
        b0 += b & LOW
        b1 += b >> LIMB
    for column, limb in enumerate((a0, a1, b0, b1)):
        limbs[column] += limb


@parallel_jit
def row_margins(counts, received, unit, scales, margins):
    """Fill the margins of row-standardised weights; return limbs of the sums of margin / count and margin^2.

    `margins` may be empty: then they are not kept.

    `received` times `unit` is the sum of the weights that a place has in the rows of its neighbours.
    """
    pieces = (counts.size + PIECE - 1) // PIECE
    limbs = np.zeros((pieces, 4), np.int64)
    for piece in prange(pieces):
        a, b = piece * PIECE, min((piece + 1) * PIECE, counts.size)
        _add_margins(counts[a:b], received[a:b], unit, scales, margins[a:b], limbs[piece])
    return limbs


@parallel_jit
def count_sums(counts):
    """Return per piece how many counts are above 0, their sum and that of their squares, and the largest."""
    pieces = (counts.size + PIECE - 1) // PIECE
    found = np.zeros((pieces, 4), np.int64)
    for piece in prange(pieces):
        linked, total, squares, largest = 0, 0, 0, 0
        own = counts[piece * PIECE : (piece + 1) * PIECE]
        for i in range(own.size):
            k = own[i]
            linked += np.int64(k > 0)
            total += k
            squares += k * k
            largest = max(largest, k)
        found[piece, 0], found[piece, 1], found[piece, 2], found[piece, 3] = linked, total, squares, largest
    return found
