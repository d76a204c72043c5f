"""Local join counts of every place from its neighbours' ones."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.decision import p_of_tails
from leefraster.kernels.jit import parallel_jit

PIECE = 1 << 13


@parallel_jit
def local_join_count_moments(own, lags, totals, squares, counts, ones, statistic, expected, variance, z):
    """Fill BB, its conditional moments and z-value; `totals` and `squares` are those of each row's weights.

    `own` is 0 or 1 and `ones` how many of its values are 1; the others are n - 1 values.
    """
    n = own.size
    others = n - 1.0
    share = (ones - 1.0) / others
    spread = share * (others - (ones - 1.0)) / (others - 1.0)
    pieces = (n + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, n)):
            if counts[i] == 0:
                statistic[i], expected[i], variance[i], z[i] = np.nan, np.nan, np.nan, np.nan
            elif own[i] == 0:
                statistic[i], expected[i], variance[i], z[i] = 0.0, 0.0, 0.0, 0.0
            else:
                statistic[i] = lags[i]
                expected[i] = totals[i] * share
                left = squares[i] - totals[i] * totals[i] / others
                # all others are neighbours of equal weight: nothing varies but by rounding
                variance[i] = spread * left if left > 1e-13 * squares[i] else 0.0
                sd = np.sqrt(variance[i])
                z[i] = (lags[i] - expected[i]) / sd if sd > 0.0 else 0.0


@parallel_jit
def local_join_count_p(own, upper, lower, alternative, p):
    """Fill p of the places that hold a one from the tails of their sum; NaN elsewhere."""
    for i in prange(p.size):
        tested = own[i] == 1 and not np.isnan(upper[i])
        p[i] = p_of_tails(upper[i], lower[i], alternative) if tested else np.nan
