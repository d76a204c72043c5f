"""Look-ups in the tables of a null distribution: the two tails of every cell's neighbour sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.ranking import count_from

ABSENT, SORTED, TABLE, SINGLE = 0, 1, 2, 3  # SINGLE: one value, counted among the values in buckets
PIECE = 1 << 12
LIGHT = 1e-3  # weight below which a term's tail is read by a line, its error some 1e-5 of a tail


@jit
def _counts_from(sums, begin, size, value):
    """Return how many of the sorted sums are at least the value, and how many are above it."""
    lo, hi = begin, begin + size
    while lo < hi:
        middle = (lo + hi) >> 1
        if sums[middle] < value:
            lo = middle + 1
        else:
            hi = middle
    end = begin + size
    at_least = end - lo
    if lo == end or sums[lo] > value:
        return at_least, at_least
    hi = end
    while lo < hi:
        middle = (lo + hi) >> 1
        if sums[middle] <= value:
            lo = middle + 1
        else:
            hi = middle
    return at_least, end - lo


@jit
def _interpolate(tails, begin, size, u):
    """Return the tail at a real table position by a cubic through the four points around it."""
    if u <= 0.0:
        return 1.0
    if u >= size - 1.0:
        return 0.0
    i = min(max(np.int64(u), 1), size - 3)
    f = u - i
    at = begin + i
    a, b, c, d = tails[at - 1], tails[at], tails[at + 1], tails[at + 2]
    before, after, far = f + 1.0, f - 1.0, f - 2.0
    return f * after * (before * d - far * a) * (1.0 / 6.0) + before * far * (after * b - f * c) * 0.5


@jit
def _between(tails, begin, size, u):
    """Return the tail at a real table position by a line: enough for terms of little weight."""
    if u <= 0.0:
        return 1.0
    if u >= size - 1.0:
        return 0.0
    i = np.int64(u)
    at = begin + i
    return tails[at] + (u - i) * (tails[at + 1] - tails[at])


@jit
def tail_of_draws(
    k,
    value,
    finely,
    exact,
    kind,
    begin,
    size,
    start,
    gain,
    base,
    tails,
    sums,
    atom,
    mass,
    placed,
    starts,
    shift,
):
    """Return P(S >= value) and P(S > value) for the sum S of k draws from the whole population.

    A value stands at table position ``value * gain[k] + base[k]`` where the lattice is not the data's own.
    """
    if k == 0:
        return (1.0 if value <= 0 else 0.0), (1.0 if value < 0 else 0.0)
    if kind[k] == SINGLE:
        at_least, above = count_from(placed, starts, shift, value)
        return at_least / placed.size, above / placed.size
    if kind[k] == SORTED:
        at_least, above = _counts_from(sums, begin[k], size[k], value)
        return at_least / size[k], above / size[k]
    if exact:
        i = value - start[k]
        if i < 0:
            return 1.0, 1.0
        if i >= size[k]:
            return 0.0, 0.0
        below = tails[begin[k] + i]
        return below, (tails[begin[k] + i + 1] if i + 1 < size[k] else 0.0)
    u = value * gain[k] + base[k]
    smooth = _interpolate(tails, begin[k], size[k], u) if finely else _between(tails, begin[k], size[k], u)
    if mass[k] == 0.0:
        return smooth, smooth
    at_atom = value - k * atom
    return smooth + (mass[k] if at_atom <= 0 else 0.0), smooth + (mass[k] if at_atom < 0 else 0.0)


@jit
def _only_smooth(k, m, kind, mass):
    """Tell whether the tails of k, k - 1, ... k - m draws all come from a table, without an atom."""
    return k > m and np.all((kind[k - m : k + 1] == TABLE) & (mass[k - m : k + 1] == 0.0))


@parallel_jit
def tails_without_self(
    observed, own, counts, n, total, coefficients, terms, half,
    exact, kind, begin, size, start, gain, base, tails, sums, atom, mass, placed, starts, shift, upper, lower,
):  # fmt: skip
    """Fill P(S >= s) and P(S <= s) for the sum of k of the n - 1 values other than the cell's own.

    `coefficients[k, m]` is C(n, k-m) / C(n-1, k). Of more than `half` draws the complement is drawn. The
    recursion ends where what is left of it cannot matter to either tail. Where all its terms are read from
    tables, P(S >= s) and P(S > s) are one number, and nothing but these tables is touched.
    """
    pieces = (observed.size + PIECE - 1) // PIECE
    enough = 1e-14 if exact else 1e-7  # far below what a lattice leaves unsure
    smooth = np.zeros(kind.size, np.bool_)
    if not exact:
        for k in range(kind.size):
            smooth[k] = kind[k] == TABLE and _only_smooth(k, terms[k], kind, mass)
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, observed.size)):
            k, s, q = counts[i], observed[i], own[i]
            turned = k > half
            if turned:
                k = n - 1 - k
                s = total - q - s
            at_least, above = 0.0, 0.0
            sign = 1.0
            if smooth[k]:
                for m in range(terms[k] + 1):
                    share = coefficients[k, m]
                    if share < enough * min(at_least, 1.0 - at_least):
                        break
                    j = k - m
                    u = (s - m * q) * gain[j] + base[j]
                    if share > LIGHT:
                        at_least += sign * share * _interpolate(tails, begin[j], size[j], u)
                    else:
                        at_least += sign * share * _between(tails, begin[j], size[j], u)
                    sign = -sign
                above = at_least
            else:
                for m in range(terms[k] + 1):
                    share = coefficients[k, m]
                    if share < enough * min(at_least, 1.0 - above):
                        break
                    a, b = tail_of_draws(
                        k - m, s - m * q, share > LIGHT, exact, kind, begin, size, start, gain, base, tails, sums,
                        atom, mass, placed, starts, shift,
                    )  # fmt: skip
                    at_least += sign * share * a
                    above += sign * share * b
                    sign = -sign
            one, other = min(max(at_least, 0.0), 1.0), min(max(1.0 - above, 0.0), 1.0)
            upper[i] = other if turned else one
            lower[i] = one if turned else other


@parallel_jit
def tails_of_all(
    observed, counts, n, total, half,
    exact, kind, begin, size, start, gain, base, tails, sums, atom, mass, placed, starts, shift, upper, lower,
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
            if not exact and kind[k] == TABLE and mass[k] == 0.0:
                at_least = _interpolate(tails, begin[k], size[k], s * gain[k] + base[k])
                above = at_least
            else:
                at_least, above = tail_of_draws(
                    k, s, True, exact, kind, begin, size, start, gain, base, tails, sums, atom, mass, placed,
                    starts, shift,
                )  # fmt: skip
            one, other = min(max(at_least, 0.0), 1.0), min(max(1.0 - above, 0.0), 1.0)
            upper[i] = other if turned else one
            lower[i] = one if turned else other


@parallel_jit
def raise_to(least, counts, upper, lower):
    """Raise both tails to the least for their number of draws; NaN where nothing is drawn."""
    pieces = (counts.size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, counts.size)):
            k = counts[i]
            if k == 0:
                upper[i], lower[i] = np.nan, np.nan
                continue
            if upper[i] < least[k]:
                upper[i] = least[k]
            if lower[i] < least[k]:
                lower[i] = least[k]


@jit
def cells_below(upper, lower, counts, drawn_from, limits):
    """Return the cells whose upper tail, and those whose lower tail, is below the limit of the number of draws.

    Of more than half of the values the complement is drawn.
    """
    above, below = np.empty(counts.size, np.int64), np.empty(counts.size, np.int64)
    half, many, more = drawn_from // 2, 0, 0
    for i in range(counts.size):
        limit = limits[counts[i] if counts[i] <= half else drawn_from - counts[i]]
        above[many], below[more] = i, i
        many += upper[i] < limit
        more += lower[i] < limit
    return above[:many].copy(), below[:more].copy()
