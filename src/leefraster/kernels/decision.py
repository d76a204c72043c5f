"""From tails to p: the one place where the alternative is applied."""

from __future__ import annotations

from leefraster.kernels.jit import jit

TWO_SIDED, GREATER, LESS = 0, 1, 2


@jit
def p_of_tails(upper, lower, alternative):
    """Return the p-value of a statistic with P(T >= t) and P(T <= t)."""
    if alternative == TWO_SIDED:
        return min(1.0, 2.0 * min(upper, lower))
    if alternative == GREATER:
        return upper
    return lower
