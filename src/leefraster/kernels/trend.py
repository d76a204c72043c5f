"""Mann-Kendall's S and Theil-Sen's slope of every place's short series, on the years as they are."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 10


@jit
def _row_of_ties(sizes, groups, patterns):
    """Return the row of a table of tie patterns that holds the given group sizes, in descending order."""
    for row in range(patterns.shape[0]):
        same = True
        for i in range(patterns.shape[1]):
            size = sizes[i] if i < groups else 0
            if patterns[row, i] != size:
                same = False
                break
        if same:
            return row
    return -1


@jit
def _group_sizes(ordered, n, sizes):
    """Fill the sizes of groups of equal values, in descending order; return how many groups there are."""
    groups = 0
    i = 0
    while i < n:
        j = i + 1
        while j < n and ordered[j] == ordered[i]:
            j += 1
        size = j - i
        at = groups
        while at > 0 and sizes[at - 1] < size:
            sizes[at] = sizes[at - 1]
            at -= 1
        sizes[at] = size
        groups += 1
        i = j
    return groups


@jit
def _sort(values, n):
    """Sort the first n values in place, by insertion: they are few."""
    for i in range(1, n):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@jit
def _median(ordered, n):
    middle = n // 2
    return ordered[middle] if n % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])


@parallel_jit
def trends(
    values, years, fewest, patterns, first_pattern, tails, ranks, slope, low, high, tau, score, p, used
):
    """Fill the trend of each column of `values` (years, places); NaN is a year without a value.

    `patterns` lists the tie patterns of n values from row ``first_pattern[n]`` on, and ``tails[row, S + reach]``
    holds P(S' >= S) under all orders of such values. ``ranks[n]`` is the rank, from below and above, of the
    slopes that are the limits; 0 where n is too few for limits. Where n has no patterns, p is left NaN.
    """
    steps, places = values.shape
    reach = tails.shape[1] // 2
    pieces = (places + PIECE - 1) // PIECE
    for piece in prange(pieces):
        x, t = np.empty(steps), np.empty(steps)
        slopes = np.empty(steps * (steps - 1) // 2 + 1)
        sizes = np.zeros(steps + 1, np.int64)
        for place in range(piece * PIECE, min((piece + 1) * PIECE, places)):
            n = 0
            for step in range(steps):
                if not np.isnan(values[step, place]):
                    x[n], t[n] = values[step, place], years[step]
                    n += 1
            used[place] = n
            if n < fewest:
                slope[place], low[place], high[place] = np.nan, np.nan, np.nan
                tau[place], p[place] = np.nan, np.nan
                score[place] = 0
                continue
            pairs, total = 0, 0
            for i in range(n):
                for j in range(i + 1, n):
                    change = x[j] - x[i]
                    slopes[pairs] = change / (t[j] - t[i])
                    pairs += 1
                    total += 1 if change > 0 else (-1 if change < 0 else 0)
            _sort(slopes, pairs)
            slope[place] = _median(slopes, pairs)
            rank = ranks[n]
            low[place] = slopes[rank - 1] if rank > 0 else np.nan
            high[place] = slopes[pairs - rank] if rank > 0 else np.nan
            _sort(x, n)
            groups = _group_sizes(x, n, sizes)
            tied = 0
            for g in range(groups):
                tied += sizes[g] * (sizes[g] - 1) // 2
            score[place] = total
            tau[place] = total / np.sqrt((pairs - tied) * float(pairs)) if pairs > tied else np.nan
            p[place] = np.nan
            begin, end = first_pattern[n], first_pattern[n + 1]
            if end > begin:
                row = _row_of_ties(sizes, groups, patterns[begin:end])
                if row >= 0:
                    p[place] = min(1.0, 2.0 * tails[begin + row, abs(total) + reach])
            if pairs == tied:
                p[place] = 1.0
