"""Adjustment of p-values for the number of tests in a field."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.kernels.ranking import put_back, sorted_by_bucket, step_up

Floats = npt.NDArray[np.float64]
ADJUSTMENTS = ("benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none")


def adjusted(p: Floats, adjustment: str) -> Floats:
    """Return p-values adjusted for the number of tests by one of `ADJUSTMENTS`.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        p-values in (0, 1]; NaN where there is no test, and NaN there in the result.
    adjustment : str
        Benjamini & Hochberg (1995) or Benjamini & Yekutieli (2001, any dependence) for the false-discovery
        rate, Bonferroni for the chance of one false rejection, or none.
    """
    if adjustment == "none":
        return p.copy()
    tests = int(np.count_nonzero(~np.isnan(p)))
    if adjustment == "bonferroni":
        return np.minimum(p * tests, 1.0)
    q = benjamini_hochberg(p)
    if adjustment == "benjamini-yekutieli":
        return np.minimum(q * float((1.0 / np.arange(1, tests + 1)).sum()), 1.0)
    return q


def benjamini_hochberg(p: Floats) -> Floats:
    """Return p-values adjusted for the false-discovery rate: q_i = min over p_j >= p_i of n p_j / rank_j.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        p-values in (0, 1]; NaN where there is no test, and NaN there in the result.

    Returns
    -------
    ndarray of float64, shape (n,)
        Adjusted p-values, at most 1. Rejecting where q <= alpha keeps the expected share of false discoveries
        at alpha (Benjamini & Hochberg 1995).

    Examples
    --------
    >>> import numpy as np
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.005])).round(9).tolist()
    [0.02, 0.04, 0.04, 0.02]
    """
    tested = ~np.isnan(p)
    if tested.all():
        return _adjust(np.ascontiguousarray(p))
    q = np.full(p.size, np.nan)
    q[tested] = _adjust(p[tested])
    return q


def _adjust(p: Floats) -> Floats:
    if p.size == 0:
        return p.copy()
    ordered, origin = sorted_by_bucket(p)
    step_up(ordered, p.size, 1.0)
    q = np.empty(p.size)
    put_back(ordered, origin, q)
    return q
