"""Getis-Ord G and G* of every place from its local sum."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import parallel_jit


@parallel_jit
def getis_ord_shares(local, own, total, statistic):
    """Fill G: the local sum (NaN for islands) over that of all; NaN where the latter is not positive.

    `own` are the values that G leaves out of the sum of all; it is empty for G*.
    """
    for i in prange(local.size):
        below = total - own[i] if own.size else total
        statistic[i] = local[i] / below if below > 0.0 else np.nan


@parallel_jit
def sides(z, beside, spot):
    """Fill 1 where z is above 0 and -1 elsewhere; 0 where `beside`, unless it is empty, is false."""
    for i in prange(z.size):
        side = 1 if z[i] > 0 else -1
        spot[i] = side if beside.size == 0 or beside[i] else 0


@parallel_jit
def spots(q, spot):
    """Make -3..3 of the side on which a place lies: the confidence 90, 95 or 99 % after adjustment, times that."""
    for i in prange(q.size):
        level = 0
        if q[i] <= 0.01:
            level = 3
        elif q[i] <= 0.05:
            level = 2
        elif q[i] <= 0.1:
            level = 1
        spot[i] = level * spot[i]
