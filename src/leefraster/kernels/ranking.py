"""Integers by buckets: counted and sorted in a way that shares out over threads."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PARTS = 4
SMALL_BITS = 9
SMALL = 1 << SMALL_BITS  # a bucket up to which counting smaller ones is the fastest sort
VECTOR = 16
HIGHEST = np.iinfo(np.int64).max


@jit
def starts_of(counts):
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
def _integer_counts(values, shift, counts):
    n = values.size
    for part in prange(PARTS):
        own, row = values[part * n // PARTS : (part + 1) * n // PARTS], counts[part]
        for i in range(own.size):
            row[np.uint64(own[i] >> shift)] += 1


@parallel_jit
def _place_integers(values, shift, counts, placed):
    n = values.size
    for part in prange(PARTS):
        own, row = values[part * n // PARTS : (part + 1) * n // PARTS], counts[part]
        for i in range(own.size):
            bucket = np.uint64(own[i] >> shift)
            at = row[bucket]
            placed[np.uint64(at)] = own[i]
            row[bucket] = at + 1


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
    starts = starts_of(counts)
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
    here = placed[begin:end]
    if here.size > SMALL:
        at_least += here.size - np.searchsorted(here, value)
        above += here.size - np.searchsorted(here, value, side="right")
    else:
        for i in range(here.size):
            at_least += here[i] >= value
            above += here[i] > value
    return at_least, above
