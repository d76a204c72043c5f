"""Draws without replacement from a counter-based stream.

A draw is a position among n: half a word of the stream, multiplied by n, of which the whole part counts
(Lemire 2019; remainders that would favour some positions are passed over). A position that was drawn before,
or is excluded, is passed over as well. Where most positions are drawn they are shuffled instead.
"""

from __future__ import annotations

import numpy as np

from leefraster.kernels.jit import jit
from leefraster.kernels.random_stream import HALF, LOW, key_of, word_of

BLOCK = 32  # permutations that are drawn together, so that processors take several at a time
FEW = 100  # up to here repeats are looked for among all pairs of a block's draws, beyond in a hash table


@jit
def scratch_for(k):
    """Return room for `k` draws and one excluded position: a power of two of at least 2 (k + 1)."""
    size = 64
    while size < 2 * (k + 1):
        size *= 2
    return np.empty(size, np.int64)


@jit
def rejected_below(n):
    """Return 2^32 mod n: remainders below it would make some of n positions likelier."""
    return np.uint32((np.uint64(1) << HALF) % np.uint64(n))


@jit
def draw_without_replacement(seed, place, permutation, k, n, excluded, out):
    """Fill the first k of `out` with different positions among n, in random order.

    They depend on (seed, place, permutation, k, n, excluded) alone. `excluded` is a position that is not
    drawn, or -1. For many permutations of one place `draw_block` is faster, and gives the same.
    """
    key = word_of(key_of(seed, place), permutation)
    draw(key, k, n, excluded, rejected_below(n), scratch_for(k), out)


@jit
def draw_block(base, first, k, n, excluded, below, scratch, positions):
    """Fill positions[c * BLOCK + b] with draw c of permutation first + b, for c below k and b below BLOCK.

    `positions` (uint32) has room for (k + 1) * BLOCK; `base` is `key_of(seed, place)`, `below` is
    `rejected_below(n)`, `scratch` comes from `scratch_for(k)`.
    """
    if k > FEW or BLOCK * k * k > 4 * n:
        for b in range(BLOCK):
            draw(word_of(base, first + b), k, n, excluded, below, scratch, positions[b::BLOCK])
        return
    failed = np.zeros(BLOCK, np.bool_)
    if _draw_pairs(base, first, k, n, below, positions, failed) + _repeats(positions, k, excluded) == 0:
        return
    for b in range(BLOCK):
        if failed[b] or _repeated(positions[b::BLOCK], k, excluded):
            _draw_one_by_one(word_of(base, first + b), k, n, excluded, below, scratch, positions[b::BLOCK])


@jit
def _draw_pairs(base, first, k, n, below, positions, failed):
    """Fill `positions` with the first k of each permutation's stream; mark and count remainders too low."""
    size = np.uint64(n)
    keys = np.empty(BLOCK, np.uint64)
    for b in range(BLOCK):
        keys[b] = word_of(base, first + b)
    for pair in range((k + 1) // 2):
        even = positions[2 * pair * BLOCK : (2 * pair + 1) * BLOCK]
        odd = positions[(2 * pair + 1) * BLOCK : (2 * pair + 2) * BLOCK]
        for b in range(BLOCK):
            word = word_of(keys[b], pair)
            low, high = (word & LOW) * size, (word >> HALF) * size
            even[b] = low >> HALF
            odd[b] = high >> HALF
            failed[b] |= (np.uint32(low) < below) | (np.uint32(high) < below)
    count = 0
    for b in range(BLOCK):
        count += failed[b]
    return count


@jit
def _repeats(positions, k, excluded):
    """Return how many pairs of draws within the permutations of a block are equal, or equal `excluded`."""
    count = 0
    barred = np.uint32(excluded)  # -1 becomes a position that is never drawn
    drawn = positions[: k * BLOCK]
    for t in range(drawn.size):
        count += 1 if drawn[t] == barred else 0
    for apart in range(1, k):
        earlier, later = positions[: (k - apart) * BLOCK], positions[apart * BLOCK : k * BLOCK]
        for t in range(earlier.size):
            count += 1 if earlier[t] == later[t] else 0
    return count


@jit
def _repeated(drawn, k, excluded):
    """Return whether one permutation has a draw twice, or the excluded position."""
    for c in range(k):
        if drawn[c] == excluded:
            return True
        for earlier in range(c):
            if drawn[c] == drawn[earlier]:
                return True
    return False


@jit
def draw(key, k, n, excluded, below, scratch, out):
    """Fill the first k of `out` with the draws of one permutation, whose key is `word_of(base, permutation)`."""
    candidates = n - 1 if excluded >= 0 else n
    if 2 * k > candidates:
        _shuffle(key, k, candidates, excluded, scratch, out)
    else:
        _draw_one_by_one(key, k, n, excluded, below, scratch, out)


@jit
def _draw_one_by_one(key, k, n, excluded, below, table, out):
    """Fill `out` from the stream, passing over repeats with a hash table."""
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
