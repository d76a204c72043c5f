"""Draws without replacement from a counter-based stream, and the sums they have."""

from __future__ import annotations

import numpy as np

from leefraster.kernels.jit import jit
from leefraster.kernels.random_stream import HALF, LOW, key_of, word_of

FEW = 24  # up to here a repeat is looked for among all earlier draws, beyond in a hash table


@jit
def scratch_for(k):
    """Return room for `k` draws and one excluded position: a power of two of at least 2 (k + 1)."""
    size = 64
    while size < 2 * (k + 1):
        size *= 2
    return np.empty(size, np.int64)


@jit
def rejected_below(n):
    """Return 2^32 mod n: remainders below it would make some of n positions likelier (Lemire 2019)."""
    return np.uint32((np.uint64(1) << HALF) % np.uint64(n))


@jit
def draw(key, k, n, excluded, below, scratch, out):
    """Fill the first k of `out` with different positions among n, in random order, `excluded` not among them.

    `key` is that of one permutation, `below` is `rejected_below(n)`, `scratch` comes from `scratch_for(k)`;
    `excluded` is -1 where all can be drawn. An excluded position is one that was drawn before all others.
    """
    candidates = n - 1 if excluded >= 0 else n
    if 2 * k > candidates:
        _shuffle(key, k, candidates, excluded, scratch, out)
    elif k > FEW or not _first(key, k, n, excluded, below, out):
        _draw_one_by_one(key, k, n, excluded, below, scratch, out)


@jit
def _first(key, k, n, excluded, below, out):
    """Fill `out` with the first k positions of the stream; return whether they can stand as they are."""
    size = np.uint64(n)
    bad = False
    for pair in range((k + 1) // 2):
        word = word_of(key, pair)
        first = (word & LOW) * size
        bad |= np.uint32(first) < below
        out[2 * pair] = np.int64(first >> HALF)
        if 2 * pair + 1 < k:
            second = (word >> HALF) * size
            bad |= np.uint32(second) < below
            out[2 * pair + 1] = np.int64(second >> HALF)
    for c in range(k):
        bad |= out[c] == excluded
        for earlier in range(c):
            bad |= out[c] == out[earlier]
    return not bad


@jit
def _draw_one_by_one(key, k, n, excluded, below, table, out):
    """Fill `out` from the same stream, passing over repeats with a hash table."""
    size = np.uint64(n)
    table[:] = 0
    if excluded >= 0:
        _is_new(table, excluded)
    filled = 0
    number = 0
    word = np.uint64(0)
    while filled < k:
        if number % 2 == 0:
            word = word_of(key, number // 2)
            product = (word & LOW) * size
        else:
            product = (word >> HALF) * size
        number += 1
        position = np.int64(product >> HALF)
        if np.uint32(product) >= below and _is_new(table, position):
            out[filled] = position
            filled += 1


@jit
def _is_new(table, position):
    """Put a position in the table; return whether it was not there."""
    mask = table.size - 1
    slot = np.int64((np.uint64(position) * np.uint64(0x9E3779B1)) >> np.uint64(8)) & mask
    while table[slot] != 0:
        if table[slot] == position + 1:
            return False
        slot = (slot + 1) & mask
    table[slot] = position + 1
    return True


@jit
def _shuffle(key, k, candidates, excluded, order, out):
    """Fill `out` by Fisher and Yates's shuffle of all candidates: for k above half of them."""
    for c in range(candidates):
        order[c] = c + 1 if 0 <= excluded <= c else c
    number = 0
    for c in range(k):
        left = candidates - c
        below = rejected_below(left)
        while True:
            product = (word_of(key, number) >> HALF) * np.uint64(left)
            number += 1
            if np.uint32(product) >= below:
                break
        other = c + np.int64(product >> HALF)
        order[c], order[other] = order[other], order[c]
        out[c] = order[c]


@jit
def draw_without_replacement(seed, place, permutation, k, n, excluded, out):
    """Fill the first k of `out` with different positions among n, in random order.

    They depend on (seed, place, permutation, k, n, excluded) alone. `excluded` is a position that is not
    drawn, or -1. A caller with many permutations saves time with `key_of`, `word_of`, `scratch_for` and `draw`.
    """
    key = word_of(key_of(seed, place), permutation)
    draw(key, k, n, excluded, rejected_below(n), scratch_for(k), out)
