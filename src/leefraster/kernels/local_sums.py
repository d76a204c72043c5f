"""The local sum of every place, measured from the mean of what is drawn, and standardised by its moments."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 13
CERTAIN = 1e-13  # a share of variance this small is float error


@jit
def _standardised(deviation, total, square, variance, drawn_from):
    """Return the variance and z of a local sum: z is 0 where nothing varies."""
    share = drawn_from * square - total * total
    if share <= CERTAIN * total * total:
        share = 0.0
    spread = variance * (share * (1.0 / (drawn_from - 1)))
    return spread, (deviation / np.sqrt(spread) if spread > 0.0 else 0.0)


@jit
def _whole_share(value, parts, inverse):
    """Return value // parts, without a division: `inverse` is 1 / parts, and |value| below 2^53."""
    share = np.int64(np.floor(value * inverse))
    left = value - share * parts
    if left < 0:
        return share - 1
    return share + 1 if left >= parts else share


@parallel_jit
def standardise_equal(
    integers, sums, counts, totals, n, whole, rest, own_fixed, squares, variance, known, spread, z
):
    """Fill the variance and z of sums of equally weighted values, and return how many places dominate.

    The mean of all n integers, of which these may be a band, is whole + rest / n, and `squares` the sum of squared
    deviations from it. Where `own_fixed`, the sum is of draws from the n - 1 others, whose mean is found as whole
    number and remainder too, so that one outlying place costs no digits. A place that holds more than half of
    `squares` dominates: the variance of the others has lost digits there. Where `known`, `variance` is that of what
    is drawn, one a place, else one for all. z is that of the mean, the same to the last digit whatever the weight.
    """
    size = integers.size
    pieces = (size + PIECE - 1) // PIECE
    others, inverse = n - 1, 1.0 / (n - 1)
    drawn_from = n - 1 if own_fixed else n
    most = 0.5 * squares * (n - 1) / n
    dominate = 0
    for piece in prange(pieces):
        a, b = piece * PIECE, min((piece + 1) * PIECE, size)
        values, of, near_by = integers[a:b], sums[a:b], counts[a:b]
        weights, spreads, standard = totals[a:b], spread[a:b], z[a:b]
        drawn_at = variance[a:b] if known else variance
        for i in range(values.size):
            k = near_by[i]
            near, fraction, drawn = whole, rest / n, drawn_at[i if known else 0]
            if own_fixed:
                above = values[i] - whole
                left = rest - above
                step = _whole_share(left, others, inverse)
                near, fraction = whole + step, (left - step * others) / others
                if not known:
                    own = np.float64(above) - rest / n
                    drawn = (squares - own * own * (n * inverse)) * inverse
                    if own * own > most:
                        dominate += 1
            if k == 0:
                spreads[i], standard[i] = np.nan, np.nan
                continue
            deviation = (of[i] - k * near) / k - fraction
            spreads[i], standard[i] = _standardised(deviation, 1.0, 1.0 / k, drawn, drawn_from)
            spreads[i] *= weights[i] * weights[i]
    return dominate


@parallel_jit
def standardise(deviation, totals, squares, variance, drawn_from, spread, z):
    """Fill the variance and z of the local sum (Sokal, Oden & Thomson 1998).

    `variance` is that of the values which are drawn, one for all places or one a place, and `drawn_from` their
    number; z is 0 where nothing varies, and NaN where there is no sum.
    """
    n = deviation.size
    pieces = (n + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, n)):
            if totals[i] == 0.0:
                spread[i], z[i] = np.nan, np.nan
                continue
            spread[i], z[i] = _standardised(
                deviation[i], totals[i], squares[i], variance[min(i, variance.size - 1)], drawn_from
            )


@jit
def _in_unit(mean, origin, step):
    """Return a mean of steps in the field's unit."""
    value = origin + step * mean
    # of values near the largest double the product may overflow where the sum does not
    return 2.0 * (0.5 * origin + (0.5 * step) * mean) if np.isinf(value) else value


@parallel_jit
def means_of_sums(sums, counts, origin, step, mean):
    """Fill the means of the summed values in the field's unit; NaN without values."""
    for i in prange(sums.size):
        mean[i] = _in_unit(sums[i] / counts[i], origin, step) if counts[i] > 0 else np.nan


@parallel_jit
def means_of_weighted_sums(sums, totals, origin, step, mean):
    """Fill the weighted means of the values in the field's unit; NaN without weights."""
    for i in prange(sums.size):
        mean[i] = _in_unit(sums[i] / totals[i], origin, step) if totals[i] > 0.0 else np.nan
