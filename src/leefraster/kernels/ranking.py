"""Ranks of p-values by buckets: a sort that shares out over threads, and needs one copy of the values.

A p-value of at least 2^-10 falls into one of 2^16 equal buckets, a smaller one into one of 64 buckets an octave.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

EVEN = 2.0**-10
FIRST_EVEN = (1023 - 10) << 6  # the bucket of 2^-10
BUCKETS = FIRST_EVEN + (1 << 16) - 64 + 1
PARTS = 4
SMALL = 32  # a bucket up to which insertion is the fastest sort


@jit
def _bucket(p, bits):
    if p >= EVEN:
        return FIRST_EVEN + np.int64(p * 65536.0) - 64
    return bits >> 46


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
def _counts_by_part(p, bits, counts):
    n = p.size
    for part in prange(PARTS):
        for i in range(part * n // PARTS, (part + 1) * n // PARTS):
            counts[part, _bucket(p[i], bits[i])] += 1


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
def _place(p, bits, counts, placed, origin):
    n = p.size
    for part in prange(PARTS):
        for i in range(part * n // PARTS, (part + 1) * n // PARTS):
            b = _bucket(p[i], bits[i])
            at = counts[part, b]
            placed[at] = p[i]
            origin[at] = i
            counts[part, b] += 1


@parallel_jit
def _sort_pairs(placed, origin, starts):
    pieces = 512
    n = starts.size - 1
    for piece in prange(pieces):
        for b in range(piece * n // pieces, (piece + 1) * n // pieces):
            begin, end = starts[b], starts[b + 1]
            if end - begin > SMALL:
                order = np.argsort(placed[begin:end])
                placed[begin:end] = placed[begin:end][order]
                origin[begin:end] = origin[begin:end][order]
                continue
            for i in range(begin + 1, end):
                value, source = placed[i], origin[i]
                j = i - 1
                while j >= begin and placed[j] > value:
                    placed[j + 1], origin[j + 1] = placed[j], origin[j]
                    j -= 1
                placed[j + 1], origin[j + 1] = value, source


@jit
def step_up(ordered, tests, factor):
    """Replace sorted p-values by their step-up adjustment: the least of factor tests p_j / rank_j, j >= i."""
    least = 1.0
    for i in range(ordered.size - 1, -1, -1):
        least = min(least, ordered[i] * (factor * tests / (i + 1)))  # so rounded, never below p itself
        ordered[i] = least


@parallel_jit
def put_back(ordered, origin, out):
    """Fill out[origin[i]] with ordered[i]."""
    pieces = 256
    n = ordered.size
    for piece in prange(pieces):
        for i in range(piece * n // pieces, (piece + 1) * n // pieces):
            out[origin[i]] = ordered[i]


def sorted_by_bucket(p):
    """Return the sorted p-values (all in (0, 1]) and where each comes from."""
    bits = p.view(np.int64)
    counts = np.zeros((PARTS, BUCKETS), np.int64)
    _counts_by_part(p, bits, counts)
    starts = _starts(counts)
    placed, origin = np.empty_like(p), np.empty(p.size, np.int32 if p.size < 2**31 else np.int64)
    _place(p, bits, counts, placed, origin)
    _sort_pairs(placed, origin, starts)
    return placed, origin


@parallel_jit
def _sort_buckets(placed, starts):
    pieces = 512
    n = starts.size - 1
    for piece in prange(pieces):
        for b in range(piece * n // pieces, (piece + 1) * n // pieces):
            begin, end = starts[b], starts[b + 1]
            if end - begin > SMALL:
                placed[begin:end].sort()
                continue
            for i in range(begin + 1, end):
                value = placed[i]
                j = i - 1
                while j >= begin and placed[j] > value:
                    placed[j + 1] = placed[j]
                    j -= 1
                placed[j + 1] = value


def sorted_integers(values, bits):
    """Return the sorted non-negative integers, all below 2^bits."""
    shift = max(bits - 16, 0)
    counts = np.zeros((PARTS, 1 << (bits - shift)), np.int64)
    _integer_counts(values, shift, counts)
    starts = _starts(counts)
    placed = np.empty_like(values)
    _place_integers(values, shift, counts, placed)
    if shift > 0:
        _sort_buckets(placed, starts)
    return placed
