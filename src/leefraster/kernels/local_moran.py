"""Local Moran's I of every cell from its neighbour sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.decision import p_of_tails
from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 13


@jit
def is_above(total, k, whole, rest, n):
    """Return whether the mean of k integers of that total lies above whole + rest / n, exactly."""
    excess = total - k * whole
    if excess <= 0:
        return False
    if excess >= k:
        return True
    return excess * n > k * rest


@parallel_jit
def local_moran_moments(
    integers, sums, counts, whole, rest, squares, row, statistic, expected, variance, z, quadrant
):
    """Fill I, its conditional moments, z-value and quadrant.

    The mean is whole + rest / n and `squares` the sum of squared deviations, in the integers' unit.
    """
    n = integers.size
    fraction = rest / n
    pieces = (n + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, n)):
            k = counts[i]
            if k == 0:
                statistic[i], expected[i], variance[i], z[i] = np.nan, np.nan, np.nan, np.nan
                quadrant[i] = 0
                continue
            own = (integers[i] - whole) - fraction
            lag = (sums[i] - k * whole) / k - fraction
            weight = 1.0 if row else np.float64(k)
            factor = (n - 1) * own / squares * weight
            others = (squares - own * own) / (n - 1) - (own / (n - 1)) ** 2
            spread = max(others, 0.0) / k * (n - 1 - k) / (n - 2)
            statistic[i] = factor * lag
            expected[i] = -own * own / squares * weight
            variance[i] = factor * factor * spread
            if own == 0.0 or spread == 0.0:
                z[i] = 0.0
            else:
                z[i] = (lag + own / (n - 1)) / np.sqrt(spread) * (1.0 if own > 0 else -1.0)
            high = is_above(integers[i], 1, whole, rest, n)
            if is_above(sums[i], k, whole, rest, n):
                quadrant[i] = 1 if high else 2
            else:
                quadrant[i] = 4 if high else 3


@parallel_jit
def local_moran_p(integers, whole, rest, upper, lower, alternative, p):
    """Fill p from the tails of the neighbour sum: I rises with the sum where the cell is above the mean."""
    n = integers.size
    pieces = (n + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, n)):
            if np.isnan(upper[i]):
                p[i] = np.nan
            elif integers[i] == whole and rest == 0:
                p[i] = 1.0
            elif is_above(integers[i], 1, whole, rest, n):
                p[i] = p_of_tails(upper[i], lower[i], alternative)
            else:
                p[i] = p_of_tails(lower[i], upper[i], alternative)
