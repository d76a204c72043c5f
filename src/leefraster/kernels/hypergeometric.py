"""Tails of hypergeometric distributions by the recurrence of their probabilities, without cancellation."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

START = 1e200  # weight of the mode: leaves 500 powers of ten below it


@jit
def _fill(n, ones, k, upper, lower):
    """Fill P(X >= b) and P(X <= b) for b = 0..k ones among k draws without replacement from n with `ones` ones."""
    least, most = max(0, k - (n - ones)), min(k, ones)
    mode = np.int64((k + 1.0) * (ones + 1.0) / (n + 2.0))
    mode = min(max(mode, least), most)
    weight = np.zeros(k + 1)
    weight[mode] = START
    for b in range(mode, most):
        weight[b + 1] = weight[b] * (np.float64(ones - b) * (k - b)) / ((b + 1.0) * (n - ones - k + b + 1))
    for b in range(mode, least, -1):
        weight[b - 1] = weight[b] * (np.float64(b) * (n - ones - k + b)) / ((ones - b + 1.0) * (k - b + 1))
    total = 0.0
    for b in range(k, -1, -1):
        total += weight[b]
        upper[b] = total
    below = 0.0
    for b in range(k + 1):
        below += weight[b]
        lower[b] = below
    for b in range(k + 1):
        upper[b] /= total
        lower[b] /= below


@parallel_jit
def hypergeometric_tables(n, ones, ks, begin, upper, lower):
    """Fill for each k the tails of b = 0..k at begin[k]: a table a number of draws, laid end to end."""
    for j in prange(ks.size):
        k = ks[j]
        at = begin[k]
        _fill(n, ones, k, upper[at : at + k + 1], lower[at : at + k + 1])
