"""Sorted integers in finer buckets: of the few in one, those above a value are found at once."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit

SPARE_BITS = 3  # four to eight values a bucket, were they spread evenly
PIECES = 64


@parallel_jit
def _fill_starts(ordered, shift, starts):
    n = ordered.size
    for piece in prange(PIECES):
        for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
            before = ordered[i - 1] >> shift if i > 0 else -1
            for b in range(before + 1, (ordered[i] >> shift) + 1):
                starts[b] = i


def finer_buckets(ordered, starts, shift):
    """Return where buckets of sorted integers begin, and how many bits number a value in one.

    `starts` and `shift` are those that they were sorted with; buckets are never made coarser.
    """
    bits = (starts.size - 2).bit_length() + shift
    finer = max(min(bits - (ordered.size.bit_length() - SPARE_BITS), shift), 0)
    made = np.full((1 << (bits - finer)) + 1, ordered.size, np.int64)
    _fill_starts(ordered, finer, made)
    return made, finer
