"""How often each of few whole numbers occurs."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit

PIECE = 1 << 15
LANES = 4  # tables that take turns: the same number again would wait until it is counted


@parallel_jit
def occurrences(numbers, most):
    """Return how often 0, 1, ..., most occur; there are no other numbers."""
    pieces = (numbers.size + PIECE - 1) // PIECE
    found = np.zeros((pieces, most + 1), np.int64)
    for piece in prange(pieces):
        own = numbers[piece * PIECE : (piece + 1) * PIECE]
        tables = np.zeros((LANES, most + 1), np.int64)
        for i in range(own.size):
            tables[np.uint64(i % LANES), np.uint64(own[i])] += 1
        found[piece] = tables.sum(axis=0)
    return found.sum(axis=0)
