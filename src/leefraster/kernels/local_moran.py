"""Local Moran's I of every place from the sum over its neighbours."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 13


@parallel_jit
def local_moran_of_sums(
    own, drawn_own, sums, counts, whole, rest, floors, lags, totals, spread, n, offset, scale,
    statistic, expected, variance, z, quadrant,
):  # fmt: skip
    """Fill I, its conditional moments and the quadrant, and turn z of the lag into z of I.

    `own` are deviations from the centre, `drawn_own` those of the drawn variable from its mean, `offset` that mean
    less its centre, and `scale` times own times lag is I. The lag is the mean of the `sums`, measured from a whole
    number and a rest, times its weight; where there are no sums, since weights differ, it is one of the `lags`.
    There are n places, of which these may be a band.

    Quadrants are 1 high-high, 2 low-high, 3 low-low, 4 high-low, 0 for islands; a deviation of 0 counts as low.
    `floors[k]` is the largest whole number not above k times the centre of the summed integers.
    """
    size = own.size
    pieces = (size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        a, b = piece * PIECE, min((piece + 1) * PIECE, size)
        _fill(
            own[a:b], drawn_own[a:b], sums[a:b], counts[a:b], whole, rest, floors, lags[a:b], totals[a:b],
            spread[a:b], n, offset, scale, statistic[a:b], expected[a:b], variance[a:b], z[a:b], quadrant[a:b],
        )  # fmt: skip


@jit
def _fill(
    own, drawn_own, sums, counts, whole, rest, floors, lags, totals, spread, n, offset, scale,
    statistic, expected, variance, z, quadrant,
):  # fmt: skip
    for i in range(own.size):
        k, total, deviation = counts[i], totals[i], own[i]
        lag, lag_is_high = np.nan, False
        if sums.size == 0:
            lag = lags[i]
            lag_is_high = lag > 0.0
        elif k > 0:
            lag = ((sums[i] - k * whole) / k - rest) * total
            lag_is_high = sums[i] > floors[k]
        high, lag_high = (
            int(deviation > 0.0),
            int(lag_is_high),
        )  # numbers: branches would go wrong every other time
        quadrant[i] = (k > 0) * (3 - lag_high + high * (1 - 2 * lag_high))
        if total == 0.0:
            statistic[i], expected[i], variance[i] = np.nan, np.nan, np.nan
            continue
        factor = scale * deviation
        statistic[i] = factor * lag
        expected[i] = factor * total * (offset - drawn_own[i] / (n - 1))
        variance[i] = factor * factor * spread[i]
        z[i] = z[i] * (2.0 * high - 1.0) if deviation != 0.0 else 0.0


@parallel_jit
def significant(quadrant, q, alpha, cluster):
    """Fill the quadrant where q is at most alpha, else 0."""
    for i in prange(q.size):
        cluster[i] = quadrant[i] if q[i] <= alpha else 0
