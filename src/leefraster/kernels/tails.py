"""Look-ups in the tables of a null distribution: the two tails of every cell's neighbour sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.ranking import count_from

ABSENT, SORTED, TABLE, SINGLE = 0, 1, 2, 3  # SINGLE: one value, counted among the values in buckets
PIECE = 1 << 10
LINE = 8  # values that come with one from memory
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


# The two readings of a table have no branches, so that several places are read at a time; unsigned places are not
# counted from the end.
@jit
def _interpolate(tails, begin, size, u):
    """Return the tail at a real table position by a cubic through the four points around it."""
    end = size - 1.0
    i = min(max(np.int64(min(max(u, 0.0), end)), 1), size - 3)
    f = u - i
    at = np.uint64(begin + i)
    a, b = tails[at - np.uint64(1)], tails[at]
    c, d = tails[at + np.uint64(1)], tails[at + np.uint64(2)]
    before, after, far = f + 1.0, f - 1.0, f - 2.0
    tail = f * after * (before * d - far * a) * (1.0 / 6.0) + before * far * (after * b - f * c) * 0.5
    tail = 1.0 if u <= 0.0 else tail
    return 0.0 if u >= end else tail


@jit
def _between(tails, begin, size, u):
    """Return the tail at a real table position by a line: enough for terms of little weight."""
    end = size - 1.0
    i = min(np.int64(min(max(u, 0.0), end)), size - 2)
    at = np.uint64(begin + i)
    tail = tails[at] + (u - i) * (tails[at + np.uint64(1)] - tails[at])
    tail = 1.0 if u <= 0.0 else tail
    return 0.0 if u >= end else tail


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


@jit
def _third_terms(exact, kind, mass, coefficients, terms, enough):
    """Return below which tail a third term matters; infinite where two cannot be read from tables."""
    below = np.full(kind.size, np.inf)
    if exact:
        return below
    for k in range(kind.size):
        if terms[k] >= 1 and _only_smooth(k, 1, kind, mass) and coefficients[k, 1] <= LIGHT:
            below[k] = coefficients[k, 2] / enough if terms[k] >= 2 else -1.0
    return below


@jit
def _single_terms(kind, coefficients, terms, enough):
    """Return which numbers of draws count the values above one of them, for a term that mostly matters."""
    asked = np.zeros(kind.size, np.bool_)
    for k in range(1, kind.size):
        asked[k] = kind[1] == SINGLE and k - 1 <= terms[k] and coefficients[k, k - 1] >= 0.5 * enough
    return asked


@jit
def _fetch_singles(observed, own, counts, first, last, asked, placed, starts, shift, at, touched):
    """Read the buckets that places are going to count values in: many at a time, since memory is slow to answer.

    `at` and `touched` take what is read, which is of no use.
    """
    last_bucket, last_value = starts.size - 2, placed.size - 1
    for i in range(first, last):
        k = counts[i]
        if k < asked.size and asked[k]:
            b = (observed[i] - (k - 1) * own[i]) >> shift
            at[i] = starts[np.uint64(min(max(b, 0), last_bucket))]
    for i in range(first, last):
        k = counts[i]
        if k < asked.size and asked[k]:
            begin = min(np.int64(at[i]), last_value)
            end = min(begin + LINE, last_value)
            touched[i] = placed[np.uint64(begin)] + placed[np.uint64(end)]


@jit
def _read_two_terms(
    observed,
    own,
    counts,
    first,
    last,
    enough,
    below,
    coefficients,
    begin,
    size,
    gain,
    base,
    tails,
    upper,
    lower,
):
    """Fill the tails of two terms for the places first..last-1; of no use where a third one matters."""
    n = below.size
    # of each number of draws and the one before: tables, and their weights; where these are not, any table is read
    some = np.argmin(below)
    at, points = np.full((2, n), begin[some]), np.full((2, n), size[some])
    slope, level, share = np.zeros((2, n)), np.zeros((2, n)), np.zeros((2, n))
    for k in range(n):
        for m in range(2 * (below[k] < np.inf)):
            at[m, k], points[m, k] = begin[k - m], size[k - m]
            slope[m, k], level[m, k], share[m, k] = gain[k - m], base[k - m], coefficients[k, m]
    for i in range(first, last):
        k, s = np.uint64(min(counts[i], n - 1)), observed[i]
        one = share[0, k] * _interpolate(tails, at[0, k], points[0, k], s * slope[0, k] + level[0, k])
        two = share[1, k] * _between(tails, at[1, k], points[1, k], (s - own[i]) * slope[1, k] + level[1, k])
        at_least = one - two if share[1, k] >= enough * min(one, 1.0 - one) else one
        upper[i], lower[i] = min(max(at_least, 0.0), 1.0), min(max(1.0 - at_least, 0.0), 1.0)


@parallel_jit
def tails_without_self(
    observed, own, counts, n, total, coefficients, terms, half,
    exact, kind, begin, size, start, gain, base, tails, sums, atom, mass, placed, starts, shift, upper, lower,
):  # fmt: skip
    """Fill P(S >= s) and P(S <= s) for the sum of k of the n - 1 values other than the cell's own.

    `coefficients[k, m]` is C(n, k-m) / C(n-1, k). Of more than `half` draws the complement is drawn. The
    recursion ends where what is left of it cannot matter to either tail. Where all its terms are read from
    tables, P(S >= s) and P(S > s) are one number, and nothing but these tables is touched; two terms are mostly
    enough then, and are read for several places at a time.
    """
    pieces = (observed.size + PIECE - 1) // PIECE
    enough = 1e-14 if exact else 1e-7  # far below what a lattice leaves unsure
    plain, smooth = np.zeros(kind.size, np.bool_), np.zeros(kind.size, np.bool_)
    if not exact:
        for k in range(kind.size):
            plain[k] = kind[k] == TABLE and mass[k] == 0.0
            smooth[k] = kind[k] == TABLE and _only_smooth(k, terms[k], kind, mass)
    below = _third_terms(exact, kind, mass, coefficients, terms, enough)
    two_terms = below.min() < np.inf
    asked = _single_terms(kind, coefficients, terms, enough)
    any_asked = asked.any()
    for piece in prange(pieces):
        first, last = piece * PIECE, min((piece + 1) * PIECE, observed.size)
        if any_asked:
            _fetch_singles(
                observed, own, counts, first, last, asked, placed, starts, shift, upper, lower,
            )  # fmt: skip
        if two_terms:
            _read_two_terms(
                observed, own, counts, first, last, enough, below, coefficients, begin, size, gain, base, tails,
                upper, lower,
            )  # fmt: skip
        for i in range(first, last):
            k, s, q = counts[i], observed[i], own[i]
            if two_terms and k < below.size and min(upper[i], lower[i]) > below[k]:
                continue
            turned = k > half
            if turned:
                k = n - 1 - k
                s = total - q - s
            at_least, above = 0.0, 0.0
            sign = 1.0
            if smooth[k]:
                begun = 0
                if two_terms and below[k] < np.inf and not turned:
                    at_least = upper[i]
                    if min(at_least, 1.0 - at_least) > 0.0:
                        begun = 2
                    else:
                        at_least = 0.0
                for m in range(begun, terms[k] + 1):
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
                    j, value = k - m, s - m * q
                    if kind[j] == SINGLE:  # said again here: calling takes longer than reading
                        a, b = count_from(placed, starts, shift, value)
                        a, b = a / placed.size, b / placed.size
                    elif plain[j]:
                        u = value * gain[j] + base[j]
                        if share > LIGHT:
                            a = _interpolate(tails, begin[j], size[j], u)
                        else:
                            a = _between(tails, begin[j], size[j], u)
                        b = a
                    else:
                        a, b = tail_of_draws(
                            j, value, share > LIGHT, exact, kind, begin, size, start, gain, base, tails, sums,
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
        a, b = piece * PIECE, min((piece + 1) * PIECE, counts.size)
        draws, above, below = counts[a:b], upper[a:b], lower[a:b]
        for i in range(draws.size):
            k = draws[i]
            if k == 0:
                above[i], below[i] = np.nan, np.nan
                continue
            if above[i] < least[k]:
                above[i] = least[k]
            if below[i] < least[k]:
                below[i] = least[k]


@jit
def cells_below(upper, lower, counts, drawn_from, limits):
    """Return the cells whose upper tail, and those whose lower tail, is below the limit of the number of draws.

    Of more than half of the values the complement is drawn. They are meant to be few.
    """
    many = _count_below(upper, lower, counts, drawn_from, limits)
    above, below = np.empty(many[0], np.int64), np.empty(many[1], np.int64)
    at, to = 0, 0
    for a in range(0, counts.size, PIECE):
        up, down, draws = upper[a : a + PIECE], lower[a : a + PIECE], counts[a : a + PIECE]
        here = _count_below(up, down, draws, drawn_from, limits)
        if here[0] == 0 and here[1] == 0:
            continue
        for i in range(draws.size):
            limit = limits[min(draws[i], drawn_from - draws[i])]
            if up[i] < limit:
                above[at] = a + i
                at += 1
            if down[i] < limit:
                below[to] = a + i
                to += 1
    return above, below


@jit
def _count_below(upper, lower, counts, drawn_from, limits):
    many = more = 0
    for i in range(counts.size):
        limit = limits[np.uint64(min(counts[i], drawn_from - counts[i]))]
        many += upper[i] < limit
        more += lower[i] < limit
    return many, more
