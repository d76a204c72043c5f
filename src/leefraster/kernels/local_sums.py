"""The local sum of every place, measured from the mean of what is drawn, and standardised by its moments."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit

PIECE = 1 << 13
CERTAIN = 1e-13  # a share of variance this small is float error


@parallel_jit
def deviations_of_sums(integers, sums, counts, n, whole, rest, own_fixed, deviation, totals, squares):
    """Fill the local mean less its expectation, and its sums of weights (1, or 0 without values) and their squares.

    The mean of all n integers, of which these may be a band, is whole + rest / n. Where `own_fixed`, the sum is of
    draws from the n - 1 others, whose mean is found as whole number and remainder too, so that one outlying place
    costs no digits.
    """
    size = integers.size
    pieces = (size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, size)):
            k = counts[i]
            if k == 0:
                deviation[i], totals[i], squares[i] = np.nan, 0.0, 0.0
                continue
            near, fraction = whole, rest / n
            if own_fixed:
                left = rest - (integers[i] - whole)
                step = left // (n - 1)
                near, fraction = whole + step, (left - step * (n - 1)) / (n - 1)
            deviation[i] = (sums[i] - k * near) / k - fraction
            totals[i], squares[i] = 1.0, 1.0 / k


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
            share = drawn_from * squares[i] - totals[i] * totals[i]
            if share <= CERTAIN * totals[i] * totals[i]:
                share = 0.0
            spread[i] = variance[min(i, variance.size - 1)] * share / (drawn_from - 1)
            z[i] = deviation[i] / np.sqrt(spread[i]) if spread[i] > 0.0 else 0.0


@parallel_jit
def lags_of_sums(sums, counts, whole, fraction, totals, lag):
    """Fill the mean of the summed values, measured from whole + fraction, times its weight; NaN without values."""
    for i in prange(sums.size):
        k = counts[i]
        lag[i] = ((sums[i] - k * whole) / k - fraction) * totals[i] if k > 0 else np.nan
