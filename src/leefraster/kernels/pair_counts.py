"""How many pairs of values add up to at least a given sum, where they are few."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit


@jit
def _pairs_from(ordered, value):
    """Return the number of pairs of sorted values whose sum is at least the value: from the top down."""
    high = ordered.size - 1
    low = np.searchsorted(ordered[:high], value - ordered[high])
    count = 0
    while low < high:
        count += high - low
        high -= 1
        while low < high and ordered[low] + ordered[high] < value:
            low += 1
    return count


@parallel_jit
def replace_pair_tails(cells, observed, own, without_self, ordered, pairs, tail):
    """Replace the tails of sums of two by counts: of all pairs, or of those that leave the cell's own value out."""
    for c in prange(cells.size):
        i = cells[c]
        value = observed[i]
        count = _pairs_from(ordered, value)
        if without_self:
            partners = ordered.size - np.searchsorted(ordered, value - own[i])
            count -= partners - (1 if 2 * own[i] >= value else 0)
        tail[i] = count / pairs
