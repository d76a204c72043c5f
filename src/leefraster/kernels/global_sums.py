"""The sums over a field that global statistics are made of, in deviations from the mean, in the integers' unit."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.fixed_point import LIMB, PIECE
from leefraster.kernels.jit import jit, parallel_jit

LOW = (1 << LIMB) - 1
PART = 1 << 11  # values whose deviations are kept at a time
SUMS = 5  # products, third and fourth powers, linear, quadratic


@jit
def _scaled(term):
    return np.int64(np.rint(term))


@jit
def _add_powers(z, lags, scales, limbs):
    """Add the low and high limbs of the sums of z lag, z^3 and z^4."""
    s0, s1, s2 = scales[0], scales[1], scales[2]
    a0, a1, b0, b1, c0, c1 = 0, 0, 0, 0, 0, 0
    for i in range(z.size):
        square = z[i] * z[i]
        a, b, c = _scaled(z[i] * lags[i] * s0), _scaled(square * z[i] * s1), _scaled(square * square * s2)
        a0 += a & LOW
        a1 += a >> LIMB
        b0 += b & LOW
        b1 += b >> LIMB
        c0 += c & LOW
        c1 += c >> LIMB
    for column, limb in enumerate((a0, a1, b0, b1, c0, c1)):
        limbs[column] += limb


@jit
def _add_margins(z, margins, scales, limbs):
    """Add the low and high limbs of the sums of a z and a z^2."""
    s3, s4 = scales[3], scales[4]
    d0, d1, e0, e1 = 0, 0, 0, 0
    for i in range(z.size):
        d, e = _scaled(margins[i] * z[i] * s3), _scaled(margins[i] * (z[i] * z[i]) * s4)
        d0 += d & LOW
        d1 += d >> LIMB
        e0 += e & LOW
        e1 += e >> LIMB
    for column, limb in enumerate((d0, d1, e0, e1)):
        limbs[6 + column] += limb


@jit
def _add_piece(integers, sums, counts, alone, margins, whole, fraction, row, scales, limbs):
    z, lags = np.empty(PART), np.empty(PART)
    for begin in range(0, integers.size, PART):
        own = integers[begin : begin + PART]
        _centre(
            own, sums[begin : begin + PART], counts[begin : begin + PART], alone[begin : begin + PART],
            whole, fraction, row, z, lags,
        )  # fmt: skip
        _add_powers(z[: own.size], lags, scales, limbs)
        if margins.size > 0:
            _add_margins(z[: own.size], margins[begin : begin + PART], scales, limbs)


@jit
def _centre(integers, sums, counts, alone, whole, fraction, row, z, lags):
    for i in range(integers.size):
        k = counts[i]
        z[i] = 0.0 if alone[i] else np.float64(integers[i] - whole) - fraction
        lag = np.float64(sums[i] - k * whole) - k * fraction
        lags[i] = lag / max(k, 1) if row else lag


@parallel_jit
def field_sums(integers, sums, counts, alone, margins, whole, fraction, row, scales):
    """Return per piece the low and high limbs of five sums, whose terms times `scales` are rounded to integers.

    With z = integer - whole - fraction the sums are z lag, z^3, z^4, and a z and a z^2 for the margins a of the
    weights; without margins the last two are 0. `sums` and `counts` are those of the neighbours' integers, and
    the lag is the sum (`row`: the mean) of their z. Places that are `alone` are left out.
    """
    pieces = (integers.size + PIECE - 1) // PIECE
    limbs = np.zeros((pieces, 2 * SUMS), np.int64)
    for piece in prange(pieces):
        a, b = piece * PIECE, min((piece + 1) * PIECE, integers.size)
        beside = margins[a:b] if margins.size > 0 else margins
        _add_piece(
            integers[a:b],
            sums[a:b],
            counts[a:b],
            alone[a:b],
            beside,
            whole,
            fraction,
            row,
            scales,
            limbs[piece],
        )
    return limbs


@parallel_jit
def weighted_field_sums(z, lags, margins, scales):
    """Return what `field_sums` returns, for deviations z and their lags under any weights."""
    pieces = (z.size + PIECE - 1) // PIECE
    limbs = np.zeros((pieces, 2 * SUMS), np.int64)
    for piece in prange(pieces):
        a, b = piece * PIECE, min((piece + 1) * PIECE, z.size)
        _add_powers(z[a:b], lags[a:b], scales, limbs[piece])
        if margins.size > 0:
            _add_margins(z[a:b], margins[a:b], scales, limbs[piece])
    return limbs


@parallel_jit
def arranged_sums(integers, sums, counts, alone, margins, whole, fraction, row, scales):
    """Return per piece the low and high limbs of the sums of z lag, a z and a z^2 alone.

    The parameters, and the terms, are those of `field_sums`; `scales` are those of these three sums.
    """
    pieces = (integers.size + PIECE - 1) // PIECE
    limbs = np.zeros((pieces, 6), np.int64)
    marginal = margins.size > 0
    for piece in prange(pieces):
        s0, s1, s2 = scales[0], scales[1], scales[2]
        a0, a1, b0, b1, c0, c1 = 0, 0, 0, 0, 0, 0
        a, b = piece * PIECE, min((piece + 1) * PIECE, integers.size)
        own, of, number, apart = integers[a:b], sums[a:b], counts[a:b], alone[a:b]
        beside = margins[a:b] if marginal else margins
        for i in range(own.size):
            z = 0.0 if apart[i] else np.float64(own[i] - whole) - fraction
            k = number[i]
            lag = np.float64(of[i] - k * whole) - k * fraction
            if row:
                lag /= max(k, 1)
            m = _scaled(z * lag * s0)
            a0 += m & LOW
            a1 += m >> LIMB
            if marginal:
                t, q = _scaled(beside[i] * z * s1), _scaled(beside[i] * (z * z) * s2)
                b0 += t & LOW
                b1 += t >> LIMB
                c0 += q & LOW
                c1 += q >> LIMB
        for column, limb in enumerate((a0, a1, b0, b1, c0, c1)):
            limbs[piece, column] = limb
    return limbs


@parallel_jit
def arranged_weighted_sums(z, lags, margins, scales):
    """Return what `arranged_sums` returns, for deviations z and their lags under any weights.

    Without lags the first sum is 0.
    """
    pieces = (z.size + PIECE - 1) // PIECE
    limbs = np.zeros((pieces, 6), np.int64)
    lagged, marginal = lags.size > 0, margins.size > 0
    for piece in prange(pieces):
        s0, s1, s2 = scales[0], scales[1], scales[2]
        a0, a1, b0, b1, c0, c1 = 0, 0, 0, 0, 0, 0
        for i in range(piece * PIECE, min((piece + 1) * PIECE, z.size)):
            if lagged:
                a = _scaled(z[i] * lags[i] * s0)
                a0 += a & LOW
                a1 += a >> LIMB
            if marginal:
                b, c = _scaled(margins[i] * z[i] * s1), _scaled(margins[i] * (z[i] * z[i]) * s2)
                b0 += b & LOW
                b1 += b >> LIMB
                c0 += c & LOW
                c1 += c >> LIMB
        for column, limb in enumerate((a0, a1, b0, b1, c0, c1)):
            limbs[piece, column] = limb
    return limbs
