"""From measures to dimension scores in one pass: transforms, sums by dimension, and the sums of the means.

The loops over the cells of a block are plain, without branches where nothing is missing, so that they run side by
side.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit
from leefraster.kernels.logarithm import log1p_in_place

IDENTITY, LOG1P, SQRT, CLIP, Z_SCORE = 0, 1, 2, 3, 4
BLOCK = 512  # cells a task: the block of all indicators stays in the processor's cache
MISSING, NEGATIVE, INFINITE = 0, 1, 2  # columns of `counts`
LANES = 8  # sums that run side by side; they are added up in order
WORD = 63  # indicators to a word of `absent`


@jit
def transform(values, code, first, second, room, bits):
    """Apply one step to values in place; return how many are negative where they must not be."""
    negative = 0
    if code in (LOG1P, SQRT):
        for i in range(values.size):
            negative += values[i] < 0
        if code == LOG1P:
            log1p_in_place(values, room, bits)
        else:
            for i in range(values.size):
                values[i] = np.sqrt(values[i])
    elif code == CLIP:
        for i in range(values.size):  # a missing value is on neither side
            value = values[i]
            value = first if value < first else value
            values[i] = second if value > second else value
    elif code == Z_SCORE:
        for i in range(values.size):
            values[i] = (values[i] - first) / second
    return negative


@jit
def _count(values):
    """Return how many values are missing, and how many infinite."""
    missing, infinite = 0, 0
    for i in range(values.size):
        missing += values[i] != values[i]
        infinite += abs(values[i]) == np.inf
    return missing, infinite


@jit
def _weighted(values, weights, totals, wholes):
    """Return the sum of weight x value and of weight, over the values that are there."""
    totals[:] = 0.0
    wholes[:] = 0.0
    full = values.size - values.size % LANES
    for begin in range(0, full, LANES):
        for lane in range(LANES):
            value, weight = values[begin + lane], weights[begin + lane]
            there = value == value
            totals[lane] += weight * value if there else 0.0
            wholes[lane] += weight if there else 0.0
    for i in range(full, values.size):
        if values[i] == values[i]:
            totals[i - full] += weights[i] * values[i]
            wholes[i - full] += weights[i]
    total, whole = 0.0, 0.0
    for lane in range(LANES):
        total += totals[lane]
        whole += wholes[lane]
    return total, whole


@jit
def _add_what_is_there(values, coefficient, k, out, gaps, absent):
    """Add coefficient x value where there is one, and take down where there is none."""
    for i in range(values.size):
        value = values[i]
        out[i] += coefficient * value if value == value else 0.0
    for i in range(values.size):
        if values[i] != values[i]:
            gaps[i] += 1
            absent[k // WORD, i] |= np.int64(1) << np.int64(k % WORD)


@jit
def _count_beyond(values, held, largest):
    """Return how many of the values that are held are larger than the largest, or no number."""
    beyond = 0
    for i in range(values.size):
        beyond += not (abs(values[i]) <= largest) and held[i] > 0.0
    return beyond


@jit
def _score_block(
    values, begin, end, first, weights, starts, codes, parameters, coefficients, dimensions, required, largest,
    scores, gaps, absent, sums, counts, beyond,
):  # fmt: skip
    """Score the cells begin..end-1 of a tile; the other arguments as those of `score_tile`.

    Rows are cut from whole arrays, so that they are known to lie side by side.
    """
    cells, low, high = end - begin, first + begin, first + end
    room, totals, wholes = np.empty((3, cells)), np.empty(LANES), np.empty(LANES)
    bits = room.view(np.int64)
    own_gaps, counted = gaps[low:high], weights[low:high].copy()
    held = np.ones(
        (scores.shape[0], cells)
    )  # 0 where the dimension has no score; of the size of values: one loop
    scores[:, low:high] = 0.0
    own_gaps[:] = 0
    absent[:, low:high] = 0
    for k in range(values.shape[0]):
        row, out, coefficient = values[k, begin:end], scores[dimensions[k], low:high], coefficients[k]
        own_held = held[dimensions[k]]
        missing, infinite = _count(row)
        counts[k, MISSING], counts[k, INFINITE] = missing, infinite
        negative = 0
        for s in range(starts[k], starts[k + 1]):
            negative += transform(row, codes[s], parameters[s, 0], parameters[s, 1], room, bits)
        counts[k, NEGATIVE] = negative
        if missing > 0 and not required[k]:
            _add_what_is_there(row, coefficient, k, out, own_gaps, absent[:, low:high])
            continue
        for i in range(cells):
            out[i] += coefficient * row[i]
        if missing > 0:
            for i in range(cells):
                counted[i] = counted[i] if row[i] == row[i] else 0.0
                own_held[i] = own_held[i] if row[i] == row[i] else 0.0
    for k in range(values.shape[0]):
        sums[k, 0], sums[k, 1] = _weighted(values[k, begin:end], counted, totals, wholes)
    for d in range(scores.shape[0]):
        beyond[d] = _count_beyond(scores[d, low:high], held[d], largest)


@parallel_jit
def score_tile(
    values, first, cells, weights, starts, codes, parameters, coefficients, dimensions, required, largest,
    scores, gaps, absent, sums, counts, beyond,
):  # fmt: skip
    """Transform the measures of a tile of cells, and add them up by dimension.

    values : (indicators, room), of which the first `cells` are used and replaced by the transformed values; they
    belong to the cells from position `first`. weights : (all cells,), 0 where none.
    starts, codes, parameters : the steps of indicator k are starts[k]..starts[k+1]-1, each with two parameters.
    scores : (dimensions, all cells), filled with sum of coefficient x value over the indicators that are there, NaN
    where a required one is missing; gaps : (all cells,), the number of others that are missing; absent : (words,
    all cells), which these are, as bits. sums : (blocks, indicators, 2), filled with the sums of weight x value and
    of weight over the cells that have all required indicators. counts : (blocks, indicators, 3), missing, negative
    and infinite values. beyond : (blocks, dimensions), filled with how many scores go beyond `largest`, among cells
    that lack nothing that is required. Arrays are whole, not slices, so that one build serves all.
    """
    for block in prange((cells + BLOCK - 1) // BLOCK):
        begin, end = block * BLOCK, min((block + 1) * BLOCK, cells)
        _score_block(
            values, begin, end, first, weights, starts, codes, parameters, coefficients, dimensions, required,
            largest, scores, gaps, absent, sums[block], counts[block], beyond[block],
        )  # fmt: skip


@parallel_jit
def take_off_means(scores, absent, dimensions, shares, sums):
    """Take off each dimension's sum of means, but put an indicator's own share back where it is absent."""
    cells, words = scores.shape[1], absent.shape[0]
    for block in prange((cells + BLOCK - 1) // BLOCK):
        begin, end = block * BLOCK, min((block + 1) * BLOCK, cells)
        for d in range(scores.shape[0]):
            for i in range(begin, end):
                scores[d, i] -= sums[d]
        for word in range(words):
            for i in range(begin, end):
                left, k = absent[word, i], word * WORD
                while left != 0:
                    if left & 1:
                        scores[dimensions[k], i] += shares[k]
                    left >>= 1
                    k += 1
