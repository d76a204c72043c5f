"""Ranks of p-values by buckets: a sort in pieces of bounded size that shares out over threads.

A p-value of at least 2^-4 falls into one of the buckets of width 2^-16, one of at least 2^-26 into one of 2,048
buckets an octave, a smaller one into one of 16 an octave: small p-values are many where values are alike.
Where one of these holds too many, it is split by the bits of the floats in it, which rise with their values.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

EVEN, MIDDLE = 2.0**-4, 2.0**-26
OCTAVE_BITS = 48  # bits of a float below those that number the 16 buckets of an octave
MIDDLE_BITS = 41  # and below those that number 2,048
FIRST_MIDDLE = (1023 - 26) << 4  # the bucket of 2^-26
BEFORE_MIDDLE = ((1023 - 26) << 11) - FIRST_MIDDLE
FIRST_EVEN = FIRST_MIDDLE + (22 << 11)  # the bucket of 2^-4
BEFORE_EVEN = (1 << 12) - FIRST_EVEN
BUCKETS = (1 << 16) - BEFORE_EVEN + 1
WHOLE = -1  # the shift that stands for these buckets
SPLIT_BITS = 16  # a bucket is split into at most 2^16
PARTS = 4
SMALL_BITS = 9
SMALL = 1 << SMALL_BITS  # a bucket up to which counting smaller ones is the fastest sort
VECTOR = 16
HIGHEST = np.iinfo(np.int64).max


@jit
def _bucket(p, bits, low, shift):
    """Return the bucket of a p-value: of all, or among those that split the floats from bits `low`."""
    if shift >= 0:
        return (max(bits, 0) - low) >> shift  # the bits of -0.0 are negative
    if p < MIDDLE:
        return max(bits, 0) >> OCTAVE_BITS
    even, middle = np.int64(p * 65536.0) - BEFORE_EVEN, (bits >> MIDDLE_BITS) - BEFORE_MIDDLE
    return even if p >= EVEN else middle  # both are made: a branch that is often wrong takes longer


def bounds_of_bucket(bucket):
    """Return the bits of the least float of one of all buckets, and those after its largest."""
    edges = []
    for b in (bucket, bucket + 1):
        if b < FIRST_MIDDLE:
            edges.append(b << OCTAVE_BITS)
        elif b < FIRST_EVEN:
            edges.append((b + BEFORE_MIDDLE) << MIDDLE_BITS)
        else:
            edges.append(int(np.array([(b + BEFORE_EVEN) / 65536.0]).view(np.int64)[0]))
    return edges[0], min(edges[1], int(np.array([1.0]).view(np.int64)[0]) + 1)


@parallel_jit
def bucket_counts(p, bits, low, shift, counts):
    """Count p-values per part and bucket; the last column is for what is outside [0, 1], NaN is left out.

    Of a split (`shift` of at least 0) what lies in other buckets is left out.
    """
    n, last = p.size, counts.shape[1] - 1
    for part in prange(PARTS):
        for i in range(part * n // PARTS, (part + 1) * n // PARTS):
            value = p[i]
            if 0.0 <= value <= 1.0:
                b = _bucket(value, bits[i], low, shift)
                if 0 <= b < last:
                    counts[part, b] += 1
            elif value == value:
                counts[part, last] += 1


@jit
def _starts(counts):
    """Turn counts into the place where each part begins to write; return where each bucket begins."""
    starts = np.zeros(counts.shape[1] + 1, np.int64)
    total = 0
    for b in range(counts.shape[1]):
        starts[b] = total
        for part in range(counts.shape[0]):
            here = counts[part, b]
            counts[part, b] = total
            total += here
    starts[counts.shape[1]] = total
    return starts


@parallel_jit
def _place(p, bits, low, shift, first, counts, placed, origin):
    n, width = p.size, counts.shape[1]
    for part in prange(PARTS):
        for i in range(part * n // PARTS, (part + 1) * n // PARTS):
            value = p[i]
            if value != value:
                continue
            b = _bucket(value, bits[i], low, shift) - first
            if 0 <= b < width:
                at = counts[part, b]
                placed[at] = value
                origin[at] = i
                counts[part, b] += 1


@jit
def _ranks(keys, size, ranks):
    """Fill the ranks of distinct keys below `HIGHEST`: of each, how many are smaller.

    Each is compared with all, in vectors: for a few hundred that is faster than any sort that branches. What
    follows the keys, up to a whole number of vectors, is overwritten.
    """
    padded = (size + VECTOR - 1) // VECTOR * VECTOR
    keys[size:padded] = HIGHEST
    for i in range(size):
        key, rank = keys[i], 0
        for j in range(padded):
            rank += keys[j] < key
        ranks[i] = rank


@parallel_jit
def _sort_pairs(placed, bits, origin, starts):
    pieces = 512
    n = starts.size - 1
    for piece in prange(pieces):
        keys, ranks = np.empty(SMALL, np.int64), np.empty(SMALL, np.int64)
        values, sources = np.empty(SMALL), np.empty(SMALL, origin.dtype)
        for b in range(piece * n // pieces, (piece + 1) * n // pieces):
            begin, end = starts[b], starts[b + 1]
            size = end - begin
            if size > SMALL:
                order = np.argsort(placed[begin:end])
                placed[begin:end] = placed[begin:end][order]
                origin[begin:end] = origin[begin:end][order]
                continue
            if size < 2:
                continue
            least = HIGHEST
            for i in range(size):
                values[i], sources[i] = placed[begin + i], origin[begin + i]
                keys[i] = max(bits[begin + i], 0)  # the bits of -0.0 are negative
                least = min(least, keys[i])
            # floats of a bucket share their first bits: what is left has room for a number
            for i in range(size):
                keys[i] = ((keys[i] - least) << SMALL_BITS) | i
            _ranks(keys, size, ranks)
            for i in range(size):
                placed[begin + ranks[i]], origin[begin + ranks[i]] = values[i], sources[i]


def sorted_piece(p, bits, low, shift, first, counts):
    """Return the sorted p-values of the buckets from `first` on, and where each comes from.

    `counts` holds one column for each of these buckets, as `bucket_counts` fills them.
    """
    places = counts.copy()
    starts = _starts(places)
    size = int(starts[-1])
    placed, origin = np.empty(size), np.empty(size, np.int32 if p.size < 2**31 else np.int64)
    _place(p, bits, low, shift, first, places, placed, origin)
    _sort_pairs(placed, placed.view(np.int64), origin, starts)
    return placed, origin


@jit
def step_up(ordered, below, scale, least):
    """Replace sorted p-values by their step-up adjustment, and return the least so far.

    It is the least of scale p_j / rank_j over j >= i; `below` p-values rank lower, and `least` is the adjusted
    value of the one that ranks next above.
    """
    for i in range(ordered.size - 1, -1, -1):
        least = min(least, ordered[i] * (scale / (below + i + 1)))  # so rounded, never below p itself
        ordered[i] = least
    return least


@parallel_jit
def put_back(ordered, origin, out):
    """Fill out[origin[i]] with ordered[i]."""
    pieces = 256
    n = ordered.size
    for piece in prange(pieces):
        for i in range(piece * n // pieces, (piece + 1) * n // pieces):
            out[origin[i]] = ordered[i]


@parallel_jit
def fill_equal(p, value, filling, out):
    """Fill `out` where p equals the value."""
    for i in prange(p.size):
        if p[i] == value:
            out[i] = filling


@parallel_jit
def count_tests(p):
    """Return how many p-values are not NaN."""
    held = 0
    for i in prange(p.size):
        held += p[i] == p[i]
    return held


@parallel_jit
def _integer_counts(values, shift, counts):
    n = values.size
    for part in prange(PARTS):
        for i in range(part * n // PARTS, (part + 1) * n // PARTS):
            counts[part, values[i] >> shift] += 1


@parallel_jit
def _place_integers(values, shift, counts, placed):
    n = values.size
    for part in prange(PARTS):
        for i in range(part * n // PARTS, (part + 1) * n // PARTS):
            b = values[i] >> shift
            placed[counts[part, b]] = values[i]
            counts[part, b] += 1


@parallel_jit
def _sort_large(placed, starts):
    pieces = 512
    n = starts.size - 1
    for piece in prange(pieces):
        for b in range(piece * n // pieces, (piece + 1) * n // pieces):
            if starts[b + 1] - starts[b] > SMALL:
                placed[starts[b] : starts[b + 1]].sort()


@parallel_jit
def _sort_small(placed, starts):
    pieces = 512
    n = starts.size - 1
    for piece in prange(pieces):
        keys, ranks, values = np.empty(SMALL, np.int64), np.empty(SMALL, np.int64), np.empty(SMALL, np.int64)
        for b in range(piece * n // pieces, (piece + 1) * n // pieces):
            begin, end = starts[b], starts[b + 1]
            size = end - begin
            if size > SMALL or size < 2:
                continue
            for i in range(size):
                values[i] = placed[begin + i]
                keys[i] = (values[i] << SMALL_BITS) | i  # integers have at most 52 bits
            _ranks(keys, size, ranks)
            for i in range(size):
                placed[begin + ranks[i]] = values[i]


def bucketed_integers(values, bits):
    """Return non-negative integers, all below 2^bits, by buckets; and where each bucket begins, and the shift.

    A value lies in bucket ``value >> shift``. Buckets of more than `SMALL` values are sorted, and those of a shift
    of 0 hold one value each.
    """
    wide = min(max(values.size.bit_length() - 6, 16), 20)  # bits of the bucket: some dozens of values in each
    shift = max(bits - wide, 0)
    counts = np.zeros((PARTS, 1 << (bits - shift)), np.int64)
    _integer_counts(values, shift, counts)
    starts = _starts(counts)
    placed = np.empty_like(values)
    _place_integers(values, shift, counts, placed)
    if shift > 0:
        _sort_large(placed, starts)
    return placed, starts, shift


def sort_buckets(placed, starts, shift):
    """Sort, in place, what `bucketed_integers` has left unsorted."""
    if shift > 0:
        _sort_small(placed, starts)


@jit
def count_from(placed, starts, shift, value):
    """Return how many of the integers in buckets are at least the value, and how many are above it."""
    if value < 0:
        return placed.size, placed.size
    b = value >> shift
    if b >= starts.size - 1:
        return 0, 0
    begin, end = starts[b], starts[b + 1]
    at_least = above = placed.size - end
    if end - begin > SMALL:
        here = placed[begin:end]
        at_least += here.size - np.searchsorted(here, value)
        above += here.size - np.searchsorted(here, value, side="right")
    else:
        for i in range(begin, end):
            at_least += placed[i] >= value
            above += placed[i] > value
    return at_least, above
