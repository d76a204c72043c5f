"""Local Moran's I of every place from the sum over its neighbours."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit

PIECE = 1 << 13


@parallel_jit
def local_moran_moments(
    own, drawn_own, lag, totals, spread, n, offset, scale, statistic, expected, variance, z
):
    """Fill I and its conditional moments, and turn z of the lag into z of I.

    `own` are deviations from the centre, `drawn_own` those of the drawn variable from its mean, `offset` that
    mean less its centre, and `scale` times own times lag is I. There are n places, of which these may be a band.
    """
    size = own.size
    pieces = (size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, size)):
            if totals[i] == 0.0:
                statistic[i], expected[i], variance[i] = np.nan, np.nan, np.nan
                continue
            factor = scale * own[i]
            statistic[i] = factor * lag[i]
            expected[i] = factor * totals[i] * (offset - drawn_own[i] / (n - 1))
            variance[i] = factor * factor * spread[i]
            if own[i] == 0.0:
                z[i] = 0.0
            elif own[i] < 0.0:
                z[i] = -z[i]


@parallel_jit
def quadrants(own, sums, floors, counts, lag, quadrant):
    """Fill 1 high-high, 2 low-high, 3 low-low, 4 high-low, 0 for islands; a deviation of 0 counts as low.

    `floors[k]` is the largest whole number not above k times the centre of the neighbours' integers; where
    there are no `sums`, since weights differ, the sign of `lag` decides.
    """
    for i in prange(own.size):
        k = counts[i]
        high = own[i] > 0.0
        if k == 0:
            quadrant[i] = 0
        elif sums[i] > floors[k] if sums.size else lag[i] > 0.0:
            quadrant[i] = 1 if high else 2
        else:
            quadrant[i] = 4 if high else 3
