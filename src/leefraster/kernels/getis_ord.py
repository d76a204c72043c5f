"""Getis-Ord G and G* of every cell from its neighbour sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.decision import p_of_tails
from leefraster.kernels.jit import parallel_jit

PIECE = 1 << 13


@parallel_jit
def getis_ord_statistic(integers, sums, counts, total, mean, squares, origin, step, star, row, statistic, z):
    """Fill G and z (Ord & Getis 1995); `sums` and `counts` include the cell itself for G*.

    `total` is the sum and `mean` the mean of the integers (float), `squares` the sum of squared deviations.
    """
    n = integers.size
    pieces = (n + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for i in range(piece * PIECE, min((piece + 1) * PIECE, n)):
            k = counts[i]
            if k == (1 if star else 0):
                statistic[i], z[i] = np.nan, np.nan
                continue
            own = integers[i] - mean
            drawn = n if star else n - 1
            centre = mean if star else mean - own / (n - 1)
            left = squares if star else squares - own * own
            shift = 0.0 if star else own / (n - 1)
            spread = max(left / drawn - shift * shift, 0.0) * k * (drawn - k) / (drawn - 1)
            z[i] = (sums[i] - k * centre) / np.sqrt(spread) if spread > 0.0 else 0.0
            all_others = drawn * origin + step * (total if star else total - integers[i])
            here = k * origin + step * sums[i]
            if all_others > 0.0:
                statistic[i] = here / all_others / (k if row else 1)
            else:
                statistic[i] = np.nan


@parallel_jit
def p_and_mark(upper, lower, alternative, p):
    """Fill p from the tails of the local sum, NaN where there is none."""
    for i in prange(p.size):
        p[i] = np.nan if np.isnan(upper[i]) else p_of_tails(upper[i], lower[i], alternative)


@parallel_jit
def spots(z, q, spot):
    """Fill -3..3: the confidence 90, 95 or 99 % after adjustment, negative for cold."""
    for i in prange(q.size):
        level = 0
        if q[i] <= 0.01:
            level = 3
        elif q[i] <= 0.05:
            level = 2
        elif q[i] <= 0.1:
            level = 1
        spot[i] = level if z[i] > 0 else -level
