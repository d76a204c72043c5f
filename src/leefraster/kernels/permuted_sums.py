"""How many permutations have a local sum as large, or as small, as the observed one."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.permutation import BLOCK, draw_block, rejected_below, scratch_for
from leefraster.kernels.random_stream import key_of

PIECE = 64  # places a task


@parallel_jit
def count_extremes(
    values,
    before,
    observed,
    slack,
    starts,
    weights,
    permutations,
    seed,
    places,
    first,
    last,
    larger,
    smaller,
):
    """Fill for the places first..last-1 how many permutations have a sum >= and <= the observed one, up to slack.

    Place i draws starts[i + 1] - starts[i] of the int64 values; its own, values[before + i], is not among them,
    unless `before` is -1. They are weighted with the int64 `weights` from starts[i] on, or equally where there are
    none. `places` are the names under which the stream knows the places.
    """
    pieces = (last - first + PIECE - 1) // PIECE
    below = rejected_below(values.size)
    for piece in prange(pieces):
        begin = first + piece * PIECE
        end = min(begin + PIECE, last)
        most = 0
        for i in range(begin, end):
            most = max(most, starts[i + 1] - starts[i])
        scratch = scratch_for(most)
        positions = np.empty((most + 1) * BLOCK, np.uint32)
        for i in range(begin, end):
            larger[i], smaller[i] = _extremes(
                values,
                observed[i] - slack[i],
                observed[i] + slack[i],
                starts[i + 1] - starts[i],
                weights[starts[i] : starts[i + 1]],
                before + i if before >= 0 else -1,
                permutations,
                key_of(seed, places[i]),
                below,
                scratch,
                positions,
            )


@jit
def _extremes(values, low, high, k, weights, excluded, permutations, base, below, scratch, positions):
    """Return how many permutations of one place have a sum of at least `low`, and of at most `high`."""
    larger = 0
    smaller = 0
    sums = np.empty(BLOCK, np.int64)
    for begin in range(0, permutations, BLOCK):
        draw_block(base, begin, k, values.size, excluded, below, scratch, positions)
        sums[:] = 0
        for c in range(k):
            drawn = positions[c * BLOCK : (c + 1) * BLOCK]
            if weights.size:
                for b in range(BLOCK):
                    sums[b] += weights[c] * values[drawn[b]]
            else:
                for b in range(BLOCK):
                    sums[b] += values[drawn[b]]
        for b in range(min(BLOCK, permutations - begin)):
            larger += sums[b] >= low
            smaller += sums[b] <= high
    return larger, smaller
