"""Mann-Kendall's S and Theil-Sen's slope of every place's short series, on the years as they are.

The slopes of many places are put in order by the same exchanges, side by side: no branch goes wrong.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 10
LANES = 64  # places whose slopes are sorted side by side
NEGATIVE_ZERO = np.int64(-(1 << 63))  # its bits


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
def _exchanges(n):
    """Return the pairs of rows that are put in order one after another to sort n (Batcher's merge exchange)."""
    found = []
    top = 1
    while top < n:
        top *= 2
    p = top // 2
    while p > 0:
        q, r, d = top // 2, 0, p
        while d > 0:
            found.extend([(i, i + d) for i in range(n - d) if i & p == r])
            d, q, r = q - p, q // 2, p
        p //= 2
    return found


@jit
def _put_in_order(first, second):
    for lane in range(first.size):
        a, b = first[lane], second[lane]
        first[lane] = a if a < b else b
        second[lane] = b if a < b else a


@jit
def _add_pair(before, after, years, slopes, bits, total, equal, signed):
    """Fill the slopes of a pair of years, infinite where one has no value, and count rises, ties and -0.0."""
    for lane in range(slopes.size):
        change = after[lane] - before[lane]
        slope = change / years
        slopes[lane] = slope if slope == slope else np.inf
        total[lane] += np.int64(change > 0) - np.int64(change < 0)
        equal[lane] += np.int64(change == 0)
    for lane in range(slopes.size):
        signed[lane] |= np.int64(bits[lane] == NEGATIVE_ZERO)


@jit
def _keep(series, x):
    """Fill the values that are there."""
    n = 0
    for step in range(series.size):
        if not np.isnan(series[step]):
            x[n] = series[step]
            n += 1


@jit
def _sorted_by_insertion(series, years, slopes):
    """Fill the slopes of a series, sorted so that zeros of either sign keep their order."""
    pairs = 0
    for i in range(series.size):
        for j in range(i + 1, series.size):
            slope = (series[j] - series[i]) / (years[j] - years[i])
            if slope == slope:
                slopes[pairs] = slope
                pairs += 1
    _sort(slopes, pairs)


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
    most = steps * (steps - 1) // 2
    exchanges = _exchanges(most)
    pieces = (places + PIECE - 1) // PIECE
    for piece in prange(pieces):
        x, slopes = np.empty(steps), np.empty(most)
        sizes = np.ones(steps + 1, np.int64)
        without_ties = np.full(steps + 1, -2)  # rows of the patterns
        room = np.empty((most, LANES))
        bits, found = room.view(np.int64), np.empty((3, LANES), np.int64)
        for begin in range(piece * PIECE, min((piece + 1) * PIECE, places), LANES):
            width = min(LANES, places - begin)
            own = values[:, begin : begin + width]
            total, equal, signed = found[0, :width], found[1, :width], found[2, :width]
            found[:] = 0
            pair = 0
            for i in range(steps):
                for j in range(i + 1, steps):
                    _add_pair(
                        own[i], own[j], years[j] - years[i], room[pair, :width], bits[pair, :width],
                        total, equal, signed,
                    )  # fmt: skip
                    pair += 1
            for first, second in exchanges:
                _put_in_order(room[first, :width], room[second, :width])
            for lane in range(width):
                place, n = begin + lane, 0
                for step in range(steps):
                    if not np.isnan(own[step, lane]):
                        n += 1
                used[place] = n
                if n < fewest:
                    slope[place], low[place], high[place] = np.nan, np.nan, np.nan
                    tau[place], p[place] = np.nan, np.nan
                    score[place] = 0
                    continue
                pairs = n * (n - 1) // 2
                for k in range(pairs):
                    slopes[k] = room[k, lane]
                if signed[lane]:
                    _sorted_by_insertion(own[:, lane], years, slopes)
                slope[place] = _median(slopes, pairs)
                rank = ranks[n]
                low[place] = slopes[rank - 1] if rank > 0 else np.nan
                high[place] = slopes[pairs - rank] if rank > 0 else np.nan
                start, end = first_pattern[n], first_pattern[n + 1]
                tied = 0
                if equal[lane] == 0:
                    if without_ties[n] == -2:
                        sizes[:] = 1
                        without_ties[n] = _row_of_ties(sizes, n, patterns[start:end])
                    row = without_ties[n]
                else:
                    _keep(own[:, lane], x)
                    _sort(x, n)
                    groups = _group_sizes(x, n, sizes)
                    for g in range(groups):
                        tied += sizes[g] * (sizes[g] - 1) // 2
                    row = _row_of_ties(sizes, groups, patterns[start:end])
                score[place] = total[lane]
                tau[place] = total[lane] / np.sqrt((pairs - tied) * float(pairs)) if pairs > tied else np.nan
                p[place] = np.nan
                if row >= 0:
                    p[place] = min(1.0, 2.0 * tails[start + row, abs(total[lane]) + reach])
                if pairs == tied:
                    p[place] = 1.0
