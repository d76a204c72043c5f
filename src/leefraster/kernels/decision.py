"""From tails to p: the one place where the alternative is applied."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

TWO_SIDED, GREATER, LESS = 0, 1, 2


@jit
def p_of_tails(upper, lower, alternative):
    """Return the p-value of a statistic with P(T >= t) and P(T <= t)."""
    if alternative == TWO_SIDED:
        return min(1.0, 2.0 * min(upper, lower))
    if alternative == GREATER:
        return upper
    return lower


@parallel_jit
def p_of_all(upper, lower, direction, alternative, p):
    """Fill p from the tails of a sum of which the statistic is a multiple, NaN where there is none.

    The statistic rises with the sum where `direction` is above 0, falls where it is below, and is always the
    same where it is 0; without directions it is the sum.
    """
    for i in prange(p.size):
        sign = direction[i] if direction.size else 1.0
        if np.isnan(upper[i]):
            p[i] = np.nan
        elif sign == 0.0:
            p[i] = 1.0
        elif sign > 0.0:
            p[i] = p_of_tails(upper[i], lower[i], alternative)
        else:
            p[i] = p_of_tails(lower[i], upper[i], alternative)
