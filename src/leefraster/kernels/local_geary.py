"""Local Geary's C of every place: exact sums of squared differences, their moments, and counts over draws."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.decision import p_of_tails
from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.permutation import BLOCK, draw_block, rejected_below, scratch_for
from leefraster.kernels.random_stream import key_of

PIECE = 1 << 12
PLACES = 64  # a task of permutations
LOW = (1 << 32) - 1
LOW_26 = (1 << 26) - 1
TIED = 2e-14  # sums that differ by less than this share are equal but for float error


@parallel_jit
def split_squares(integers, half, high, low):
    """Fill v^2 = high 2^(2 half) + low of non-negative integers below 2^(2 half), 2 half at most 53."""
    mask = (np.int64(1) << half) - 1
    for i in prange(integers.size):
        top, rest = integers[i] >> half, integers[i] & mask
        middle = 2 * top * rest
        below = ((middle & mask) << half) + rest * rest
        high[i] = top * top + (middle >> half) + (below >> (2 * half))
        low[i] = below & ((np.int64(1) << (2 * half)) - 1)


@jit
def _add(limbs, at, number):
    """Add number 2^(32 at) to limbs of 32 bits."""
    limbs[at] += number & LOW
    limbs[at + 1] += number >> 32


@jit
def _value(limbs):
    """Carry, and return the limbs' value as the nearest float but for its last bit."""
    for j in range(limbs.size - 1):
        limbs[j + 1] += limbs[j] >> 32
        limbs[j] &= LOW
    total = 0.0
    for j in range(limbs.size - 1, -1, -1):
        total = total * 4294967296.0 + limbs[j]
    return total


@parallel_jit
def squared_differences(integers, counts, sums, high, low, high_sums, low_sums, bits, out):
    """Fill sum_j (v_i - v_j)^2 over the neighbours, exact up to its rounding to a float.

    `sums`, `high_sums` and `low_sums` are neighbour sums of v, and of the parts of v^2 = high 2^bits + low.
    """
    pieces = (integers.size + PIECE - 1) // PIECE
    at, shift = bits >> 5, bits & 31
    for piece in prange(pieces):
        limbs = np.zeros(6, np.int64)
        for i in range(piece * PIECE, min((piece + 1) * PIECE, integers.size)):
            k, v = counts[i], integers[i]
            above = sums[i] - k * v
            # sum v_j^2 - k v^2 - 2 v sum (v_j - v), every product below 2^63
            limbs[:] = 0
            part = high_sums[i] - k * high[i]
            _add(limbs, at, (part & LOW) << shift)
            _add(limbs, at + 1, (part >> 32) << shift)
            _add(limbs, 0, low_sums[i] - k * low[i])
            v1, v0 = v >> 32, v & LOW
            t1, t0 = above >> 32, above & LOW
            lowest = np.uint64(v0) * np.uint64(t0)
            limbs[0] -= 2 * np.int64(lowest & np.uint64(LOW))
            limbs[1] -= 2 * np.int64(lowest >> np.uint64(32))
            for product in (v0 * t1, v1 * t0):
                limbs[1] -= 2 * (product & LOW)
                limbs[2] -= 2 * (product >> 32)
            limbs[2] -= 2 * ((v1 * t1) & LOW)
            limbs[3] -= 2 * ((v1 * t1) >> 32)
            out[i] = _value(limbs)


@parallel_jit
def weighted_squared_differences(starts, neighbours, weights, own, around, out):
    """Fill sum_j w_ij (v_i - v_j)^2, in fixed point of each row so that the order of neighbours has no part.

    Neighbours are positions in `around`, which is `own` but for a band.
    """
    for i in prange(out.size):
        largest = 0.0
        for j in range(starts[i], starts[i + 1]):
            d = np.float64(around[neighbours[j]] - own[i])
            largest = max(largest, weights[j] * d * d)
        out[i] = 0.0
        if largest > 0.0:
            scale = 2.0**61 / ((starts[i + 1] - starts[i]) * largest)
            total = np.int64(0)
            for j in range(starts[i], starts[i + 1]):
                d = np.float64(around[neighbours[j]] - own[i])
                total += np.int64(np.rint(weights[j] * d * d * scale))
            out[i] = total / scale


@jit
def _take(sums, column, sign, carry):
    """Add the lowest 26 bits, with a sign, to the sum of a column; return the rest."""
    sums[column] += sign * (carry & LOW_26)
    return carry >> 26


@jit
def _add_powers(own, centre, first, second, third, fourth):
    """Add the first four powers of every d to their sums by column, written out: sooner than loops."""
    for i in range(own.size):
        d = own[i] - centre
        sign = np.int64(1) if d >= 0 else np.int64(-1)
        size = abs(d)
        a, b, c = size & LOW_26, (size >> 26) & LOW_26, size >> 52
        first[0] += sign * a
        first[1] += sign * b
        first[2] += sign * c
        carry = a * a
        s0, carry = carry & LOW_26, (carry >> 26) + 2 * a * b
        s1, carry = carry & LOW_26, (carry >> 26) + 2 * a * c + b * b
        s2, carry = carry & LOW_26, (carry >> 26) + 2 * b * c
        s3, s4 = carry & LOW_26, (carry >> 26) + c * c
        second[0] += s0
        second[1] += s1
        second[2] += s2
        second[3] += s3
        second[4] += s4
        carry = _take(third, 0, sign, s0 * a)
        carry = _take(third, 1, sign, carry + s0 * b + s1 * a)
        carry = _take(third, 2, sign, carry + s0 * c + s1 * b + s2 * a)
        carry = _take(third, 3, sign, carry + s1 * c + s2 * b + s3 * a)
        carry = _take(third, 4, sign, carry + s2 * c + s3 * b + s4 * a)
        carry = _take(third, 5, sign, carry + s3 * c + s4 * b)
        third[6] += sign * (carry + s4 * c)
        carry = _take(fourth, 0, 1, s0 * s0)
        carry = _take(fourth, 1, 1, carry + 2 * s0 * s1)
        carry = _take(fourth, 2, 1, carry + 2 * s0 * s2 + s1 * s1)
        carry = _take(fourth, 3, 1, carry + 2 * (s0 * s3 + s1 * s2))
        carry = _take(fourth, 4, 1, carry + 2 * (s0 * s4 + s1 * s3) + s2 * s2)
        carry = _take(fourth, 5, 1, carry + 2 * (s1 * s4 + s2 * s3))
        carry = _take(fourth, 6, 1, carry + 2 * s2 * s4 + s3 * s3)
        carry = _take(fourth, 7, 1, carry + 2 * s3 * s4)
        fourth[8] += carry + s4 * s4


@parallel_jit
def fourth_powers(integers, centre):
    """Return the sums of d, d^2, d^3, d^4 with d = integer - centre, |d| below 2^53, in limbs of 26 bits.

    Rows are pieces, and the value of a column j of a power is worth 2^(26 j).
    """
    parts = 16
    sums = np.zeros((parts, 4, 9), np.int64)
    n = integers.size
    for part in prange(parts):
        own = integers[part * n // parts : (part + 1) * n // parts]
        room = np.zeros((4, 9), np.int64)
        _add_powers(own, centre, room[0], room[1], room[2], room[3])
        sums[part] = room
    return sums.sum(axis=0)


@parallel_jit
def spread_of_squares(deviation, n, second, third, fourth, total, spread, doubtful):
    """Fill for each place the sum of a_j = (d_i - d_j)^2 over the others, and of (a_j - mean)^2.

    `second`, `third`, `fourth` are the sums of powers of all deviations. `doubtful` marks places at which
    the second loses more than four digits.
    """
    pieces = (deviation.size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, deviation.size)):
            d = deviation[i]
            square = d * d
            total[i] = n * square + second
            # about d_i^2, with the place itself left out
            first = second + square
            bent = 4.0 * d * third
            plus = fourth + 4.0 * square * second + max(-bent, 0.0)
            minus = max(bent, 0.0) + square * square + first * first / (n - 1)
            spread[i] = max(plus - minus, 0.0)
            doubtful[i] = spread[i] < 1e-4 * plus


@parallel_jit
def local_geary_moments(
    numerator, totals, squares, counts, total, spread, others, scale, statistic, expected, variance, z
):
    """Fill C, its conditional moments and z-value; `totals` and `squares` are those of each row's weights.

    `total` and `spread` describe the squared differences with the `others`, as a float, `scale` is the variance.
    """
    for i in prange(numerator.size):
        if counts[i] == 0:
            statistic[i], expected[i], variance[i], z[i] = np.nan, np.nan, np.nan, np.nan
            continue
        statistic[i] = numerator[i] / scale
        mean = totals[i] * total[i] / others
        left = squares[i] - totals[i] * totals[i] / others
        # all others are neighbours of equal weight: nothing varies but by rounding
        square = spread[i] / (others - 1.0) * left if left > 1e-13 * squares[i] else 0.0
        expected[i] = mean / scale
        variance[i] = square / (scale * scale)
        z[i] = (numerator[i] - mean) / np.sqrt(square) if square > 0.0 else 0.0


@parallel_jit
def local_geary_p(upper, lower, alternative, p):
    """Fill p from the tails, NaN where there is none."""
    for i in prange(p.size):
        p[i] = np.nan if np.isnan(upper[i]) else p_of_tails(upper[i], lower[i], alternative)


@jit
def _is_above(total, k, whole, rest, n):
    """Return whether the mean of k integers of that total lies above whole + rest / n, exactly."""
    excess = total - k * whole
    if excess <= 0:
        return False
    return excess >= k or excess * n > k * rest


@parallel_jit
def association(integers, sums, counts, whole, rest, n, statistic, expected, kind):
    """Fill 1 high-high, 2 low-low, 3 other positive, 4 negative: C below or above what is expected; 0 neither.

    The mean of the n values of the field is whole + rest / n.
    """
    for i in prange(integers.size):
        kind[i] = 0
        if counts[i] == 0 or statistic[i] == expected[i]:
            continue
        if statistic[i] > expected[i]:
            kind[i] = 4
            continue
        high = _is_above(integers[i], 1, whole, rest, n)
        if high != _is_above(sums[i], counts[i], whole, rest, n):
            kind[i] = 3
        else:
            kind[i] = 1 if high else 2


@parallel_jit
def single_tails(cells, ordered, integers, numerator, upper, lower):
    """Fill the tails of the squared difference with one drawn value, counted in the field's sorted values."""
    n = ordered.size
    for c in prange(cells.size):
        i = cells[c]
        distance = np.int64(np.rint(np.sqrt(numerator[i])))
        v = integers[i]
        below = np.searchsorted(ordered, v - distance, side="right")
        above = n - np.searchsorted(ordered, v + distance, side="left")
        far = below + above if distance > 0 else n - 1
        inside = np.searchsorted(ordered, v + distance, side="right")
        inside -= np.searchsorted(ordered, v - distance, side="left")
        upper[i] = far / (n - 1)
        lower[i] = (inside - 1) / (n - 1)


@parallel_jit
def enumerated_tails(cells, ordered, integers, numerator, counts, upper, lower):
    """Fill the tails by going through all sets of neighbours, from the field's sorted values, of the places."""
    n = ordered.size
    for c in prange(cells.size):
        i = cells[c]
        k = counts[i]
        own = np.searchsorted(ordered, integers[i])
        squares = np.empty(n - 1)
        for j in range(n - 1):
            d = np.float64(integers[i] - ordered[j if j < own else j + 1])
            squares[j] = d * d
        upper[i], lower[i] = _enumerate(squares, k, numerator[i])


@jit
def _enumerate(squares, k, observed):
    """Return the shares of sums of k of the squares that are at least, and at most, the observed one."""
    n = squares.size
    chosen = np.arange(k)
    partial = np.zeros(k + 1)
    at_least, at_most, count = 0, 0, 0
    begin = 0
    while True:
        for j in range(begin, k):
            partial[j + 1] = partial[j] + squares[chosen[j]]
        total = partial[k]
        slack = TIED * (total + observed)
        at_least += total >= observed - slack
        at_most += total <= observed + slack
        count += 1
        begin = k - 1
        while begin >= 0 and chosen[begin] == n - k + begin:
            begin -= 1
        if begin < 0:
            return at_least / count, at_most / count
        chosen[begin] += 1
        for j in range(begin + 1, k):
            chosen[j] = chosen[j - 1] + 1


@parallel_jit
def count_far_differences(
    integers, before, numerator, starts, weights, permutations, seed, places, first, last, larger, smaller
):
    """Fill for the places first..last-1 how many permutations have a sum >= and <= the observed one.

    Place i draws starts[i + 1] - starts[i] of the values other than its own, integers[before + i]; squared
    differences are weighted with `weights` from starts[i] on, or equally where there are none.
    """
    pieces = (last - first + PLACES - 1) // PLACES
    below = rejected_below(integers.size)
    for piece in prange(pieces):
        begin = first + piece * PLACES
        end = min(begin + PLACES, last)
        most = 0
        for i in range(begin, end):
            most = max(most, starts[i + 1] - starts[i])
        scratch = scratch_for(most)
        positions = np.empty((most + 1) * BLOCK, np.uint32)
        sums = np.empty(BLOCK)
        for i in range(begin, end):
            k = starts[i + 1] - starts[i]
            base, own = key_of(seed, places[i]), before + i
            weighted = weights[starts[i] : starts[i + 1]]
            larger[i], smaller[i] = 0, 0
            for block in range(0, permutations, BLOCK):
                draw_block(base, block, k, integers.size, own, below, scratch, positions)
                _sums_of_block(integers, integers[own], k, weighted, positions, sums)
                for b in range(min(BLOCK, permutations - block)):
                    slack = TIED * (sums[b] + numerator[i])
                    larger[i] += sums[b] >= numerator[i] - slack
                    smaller[i] += sums[b] <= numerator[i] + slack


@jit
def _sums_of_block(integers, own, k, weights, positions, sums):
    """Fill the (weighted) sums of squared differences of a block of permutations."""
    sums[:] = 0.0
    for c in range(k):
        weight = weights[c] if weights.size else 1.0
        for b in range(BLOCK):
            d = np.float64(integers[positions[c * BLOCK + b]] - own)
            sums[b] += weight * d * d
