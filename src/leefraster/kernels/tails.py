"""Look-ups in the tables of a null distribution: the two tails of every cell's neighbour sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

ABSENT, SORTED, TABLE = 0, 1, 2
PIECE = 1 << 12


@jit
def _count_below(sums, begin, size, value):
    """Return how many of the sorted sums are below the value."""
    lo, hi = begin, begin + size
    while lo < hi:
        middle = (lo + hi) >> 1
        if sums[middle] < value:
            lo = middle + 1
        else:
            hi = middle
    return lo - begin


@jit
def _interpolate(tails, begin, size, u):
    """Return the tail at a real table position by a cubic through the four points around it."""
    if u <= 0.0:
        return 1.0
    if u >= size - 1.0:
        return 0.0
    i = np.int64(u)
    if i < 1:
        i = 1
    elif i > size - 3:
        i = size - 3
    f = u - i
    at = begin + i
    a, b, c, d = tails[at - 1], tails[at], tails[at + 1], tails[at + 2]
    return (
        -f * (f - 1.0) * (f - 2.0) / 6.0 * a
        + (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0 * b
        - (f + 1.0) * f * (f - 2.0) / 2.0 * c
        + (f + 1.0) * f * (f - 1.0) / 6.0 * d
    )


@jit
def tail_of_draws(k, value, exact, offset, shift, kind, begin, size, start, stride, tails, sums, atom, mass):
    """Return P(S >= value) and P(S > value) for the sum S of k draws from the whole population."""
    if k == 0:
        return (1.0 if value <= 0 else 0.0), (1.0 if value < 0 else 0.0)
    if kind[k] == SORTED:
        count = size[k]
        return (
            (count - _count_below(sums, begin[k], count, value)) / count,
            (count - _count_below(sums, begin[k], count, value + 1)) / count,
        )
    if exact:
        i = value - start[k]
        if i < 0:
            return 1.0, 1.0
        if i >= size[k]:
            return 0.0, 0.0
        at_least = tails[begin[k] + i]
        return at_least, (tails[begin[k] + i + 1] if i + 1 < size[k] else 0.0)
    x = np.float64(value - k * offset) * 2.0 ** (-shift)
    smooth = _interpolate(tails, begin[k], size[k], (x + 0.5 - start[k]) / stride[k])
    at_atom = value - k * atom
    return smooth + (mass[k] if at_atom <= 0 else 0.0), smooth + (mass[k] if at_atom < 0 else 0.0)


@parallel_jit
def tails_without_self(
    observed, own, counts, n, total, coefficients, terms, half,
    exact, offset, shift, kind, begin, size, start, stride, tails, sums, atom, mass, upper, lower,
):  # fmt: skip
    """Fill P(S >= s) and P(S <= s) for the sum of k of the n - 1 values other than the cell's own.

    `coefficients[k, m]` is C(n, k-m) / C(n-1, k). Of more than `half` draws the complement is drawn.
    """
    pieces = (observed.size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, observed.size)):
            k, s, q = counts[i], observed[i], own[i]
            turned = k > half
            if turned:
                k = n - 1 - k
                s = total - q - s
            at_least, above = 0.0, 0.0
            sign = 1.0
            for m in range(terms[k] + 1):
                a, b = tail_of_draws(
                    k - m, s - m * q, exact, offset, shift, kind, begin, size, start, stride, tails, sums,
                    atom, mass,
                )  # fmt: skip
                at_least += sign * coefficients[k, m] * a
                above += sign * coefficients[k, m] * b
                sign = -sign
            one, other = min(max(at_least, 0.0), 1.0), min(max(1.0 - above, 0.0), 1.0)
            upper[i] = other if turned else one
            lower[i] = one if turned else other


@parallel_jit
def tails_of_all(
    observed, counts, n, total, half,
    exact, offset, shift, kind, begin, size, start, stride, tails, sums, atom, mass, upper, lower,
):  # fmt: skip
    """Fill P(S >= s) and P(S <= s) for the sum of k draws from all n values."""
    pieces = (observed.size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, observed.size)):
            k, s = counts[i], observed[i]
            turned = k > half
            if turned:
                k = n - k
                s = total - s
            at_least, above = tail_of_draws(
                k, s, exact, offset, shift, kind, begin, size, start, stride, tails, sums, atom, mass
            )
            one, other = min(max(at_least, 0.0), 1.0), min(max(1.0 - above, 0.0), 1.0)
            upper[i] = other if turned else one
            lower[i] = one if turned else other
