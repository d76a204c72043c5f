"""Random orders of values from a counter-based stream: one follows from its key alone."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.random_stream import key_of, word_of

OF_A_FIELD = (1 << 63) - 1  # stands for the place in keys of whole fields, so that no place's stream is met
UNIT = 2.0**-53
AHEAD = 64  # places drawn before they are swapped, so that drawing does not wait for memory


@jit
def shuffle(values, key):
    """Put values in random order (Fisher & Yates), every order as likely to within size / 2^53."""
    others = np.empty(AHEAD, np.uint64)
    last = values.size - 1
    while last > 0:
        size = min(AHEAD, last)
        for i in range(size):
            share = np.float64(word_of(key, last - i) >> np.uint64(11)) * UNIT
            others[i] = np.uint64(np.int64(share * (last - i + 1)))
        for i in range(size):
            here, other = np.uint64(last - i), others[i]
            values[here], values[other] = values[other], values[here]
        last -= size


@parallel_jit
def shuffled(values, seed, first, out):
    """Fill the rows of `out` with permutations number `first`, `first` + 1, ... of the values."""
    field_key = key_of(seed, OF_A_FIELD)
    for row in prange(out.shape[0]):
        out[row, :] = values
        shuffle(out[row], word_of(field_key, first + row))
