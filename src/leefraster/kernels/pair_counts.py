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


@jit
def _pairs_to(ordered, value):
    """Return the number of pairs of sorted values whose sum is at most the value: from the bottom up."""
    low = 0
    high = np.searchsorted(ordered, value - ordered[0], side="right") - 1
    count = 0
    while low < high:
        count += high - low
        low += 1
        while low < high and ordered[low] + ordered[high] > value:
            high -= 1
    return count


@parallel_jit
def replace_pair_tails(cells, observed, own, without_self, ordered, pairs, upwards, tail):
    """Replace the tails of sums of two by counts: of all pairs, or of those that leave the cell's own value out.

    `upwards` counts the pairs with at least the observed sum, else those with at most it.
    """
    for c in prange(cells.size):
        i = cells[c]
        value = observed[i]
        count = _pairs_from(ordered, value) if upwards else _pairs_to(ordered, value)
        if without_self:
            if upwards:
                partners = ordered.size - np.searchsorted(ordered, value - own[i])
                with_itself = 2 * own[i] >= value
            else:
                partners = np.searchsorted(ordered, value - own[i], side="right")
                with_itself = 2 * own[i] <= value
            count -= partners - (1 if with_itself else 0)
        tail[i] = count / pairs
