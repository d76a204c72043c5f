"""Random orders of values from a counter-based stream: one follows from its key alone."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.random_stream import key_of, word_of

OF_A_FIELD = (1 << 63) - 1  # stands for the place in keys of whole fields, so that no place's stream is met
UNIT = 2.0**-53


@jit
def shuffle(values, key):
    """Put values in random order (Fisher & Yates), every order as likely to within size / 2^53."""
    for last in range(values.size - 1, 0, -1):
        share = np.float64(word_of(key, last) >> np.uint64(11)) * UNIT
        other = np.int64(share * (last + 1))
        values[last], values[other] = values[other], values[last]


@parallel_jit
def shuffled(values, seed, first, out):
    """Fill the rows of `out` with permutations number `first`, `first` + 1, ... of the values."""
    field_key = key_of(seed, OF_A_FIELD)
    for row in prange(out.shape[0]):
        out[row, :] = values
        shuffle(out[row], word_of(field_key, first + row))
