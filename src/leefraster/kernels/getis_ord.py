"""Getis-Ord G and G* of every place from its local sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit


@parallel_jit
def getis_ord_shares(local, totals, own, total, statistic):
    """Fill G: the local sum over the sum of all, in the field's unit; NaN where that is not positive.

    `totals` are the sums of weights (0 for islands), `own` the values that G leaves out below, or empty (G*).
    """
    for i in prange(local.size):
        below = total - own[i] if own.size else total
        statistic[i] = local[i] / below if totals[i] > 0.0 and below > 0.0 else np.nan


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
