"""Integers for sums that do not depend on their order: fixed point values, and totals in two limbs."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit

LIMB = 32  # bits of the low limb: 2^31 addends of it stay within 63 bits
PIECE = 1 << 16  # values a task


@parallel_jit
def to_integers(values, scale, out):
    """Fill `out` with values * scale, rounded to the nearest integer (ties to even)."""
    for i in prange(values.size):
        out[i] = np.int64(np.rint(values[i] * scale))


@parallel_jit
def to_integers_from(values, scale, base, out):
    """Fill `out` with what `to_integers` gives, less a base."""
    for i in prange(values.size):
        out[i] = np.int64(np.rint(values[i] * scale)) - base


@parallel_jit
def power_sums(integers, centre):
    """Return limbs of the sum of d = integer - centre and of the parts of the sum of d^2, |d| below 2^53.

    With |d| = high 2^26 + rest: columns are pairs (low, high limb) of the sums of d, high^2, high rest, rest^2;
    rows are pieces.
    """
    pieces = (integers.size + PIECE - 1) // PIECE
    sums = np.zeros((pieces, 8), np.int64)
    low = np.int64((1 << LIMB) - 1)
    half = np.int64((1 << 26) - 1)
    for piece in prange(pieces):
        a0, a1, b0, b1, c0, c1, d0, d1 = 0, 0, 0, 0, 0, 0, 0, 0
        own = integers[piece * PIECE : (piece + 1) * PIECE]
        for i in range(own.size):
            d = own[i] - centre
            a0 += d & low
            a1 += d >> LIMB
            size = abs(d)
            high, rest = size >> 26, size & half
            b0 += (high * high) & low
            b1 += (high * high) >> LIMB
            c0 += (high * rest) & low
            c1 += (high * rest) >> LIMB
            d0 += (rest * rest) & low
            d1 += (rest * rest) >> LIMB
        sums[piece, 0], sums[piece, 1], sums[piece, 2], sums[piece, 3] = a0, a1, b0, b1
        sums[piece, 4], sums[piece, 5], sums[piece, 6], sums[piece, 7] = c0, c1, d0, d1
    return sums


@parallel_jit
def sum_in_limbs(terms, scale):
    """Return per piece the low and high limb of the sum of round(term * scale), |term * scale| below 2^62."""
    pieces = (terms.size + PIECE - 1) // PIECE
    sums = np.zeros((pieces, 2), np.int64)
    low = np.int64((1 << LIMB) - 1)
    for piece in prange(pieces):
        lo, hi = 0, 0
        own = terms[piece * PIECE : (piece + 1) * PIECE]
        for i in range(own.size):
            n = np.int64(np.rint(own[i] * scale))
            lo += n & low
            hi += n >> LIMB
        sums[piece, 0], sums[piece, 1] = lo, hi
    return sums
