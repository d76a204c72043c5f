"""From measures to dimension scores in one pass: transforms, sums by dimension, and the sums of the means."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

IDENTITY, LOG1P, SQRT, CLIP, Z_SCORE = 0, 1, 2, 3, 4
BLOCK = 512  # cells a task: the block of all indicators stays in the processor's cache
MISSING, NEGATIVE, INFINITE = 0, 1, 2  # columns of `counts`


@jit
def transform(values, code, first, second):
    """Apply one step to values in place; return how many are negative where they must not be."""
    negative = 0
    if code in (LOG1P, SQRT):
        for i in range(values.size):
            if values[i] < 0:
                negative += 1
        if code == LOG1P:
            for i in range(values.size):
                values[i] = np.log1p(values[i])
        else:
            for i in range(values.size):
                values[i] = np.sqrt(values[i])
    elif code == CLIP:
        for i in range(values.size):
            if values[i] < first:
                values[i] = first
            elif values[i] > second:
                values[i] = second
    elif code == Z_SCORE:
        for i in range(values.size):
            values[i] = (values[i] - first) / second
    return negative


@parallel_jit
def score_tile(
    values, weights, starts, codes, parameters, coefficients, dimensions, required, scores, gaps, sums, counts
):
    """Transform the measures of a tile of cells, and add them up by dimension.

    values : (indicators, cells), replaced by the transformed values; weights : (cells,), 0 where none.
    starts, codes, parameters : the steps of indicator k are starts[k]..starts[k+1]-1, each with two parameters.
    scores : (dimensions, cells), filled with sum of coefficient x value over the indicators that are there, NaN
    where a required one is missing; gaps : (cells,), the number of others that are missing.
    sums : (blocks, indicators, 2), filled with the sums of weight x value and of weight over the cells that have
    all required indicators. counts : (blocks, indicators, 3), missing, negative and infinite values.
    """
    indicators, cells = values.shape
    for block in prange((cells + BLOCK - 1) // BLOCK):
        begin, end = block * BLOCK, min((block + 1) * BLOCK, cells)
        scores[:, begin:end] = 0.0
        gaps[begin:end] = 0
        counted = weights[begin:end].copy()
        for k in range(indicators):
            row = values[k, begin:end]
            missing, infinite = 0, 0
            for i in range(row.size):
                if np.isnan(row[i]):
                    missing += 1
                elif np.isinf(row[i]):
                    infinite += 1
            counts[block, k, MISSING] = missing
            counts[block, k, INFINITE] = infinite
            negative = 0
            for s in range(starts[k], starts[k + 1]):
                negative += transform(row, codes[s], parameters[s, 0], parameters[s, 1])
            counts[block, k, NEGATIVE] = negative
            out = scores[dimensions[k], begin:end]
            coefficient = coefficients[k]
            if missing == 0 or required[k]:
                for i in range(row.size):
                    out[i] += coefficient * row[i]
                if missing > 0:
                    for i in range(row.size):
                        if np.isnan(row[i]):
                            counted[i] = 0.0
            else:
                for i in range(row.size):
                    if np.isnan(row[i]):
                        gaps[begin + i] += 1
                    else:
                        out[i] += coefficient * row[i]
        for k in range(indicators):
            row = values[k, begin:end]
            total, whole = 0.0, 0.0
            for i in range(row.size):
                if not np.isnan(row[i]) and counted[i] > 0:
                    total += counted[i] * row[i]
                    whole += counted[i]
            sums[block, k, 0] = total
            sums[block, k, 1] = whole
