"""How many ones are among k draws without replacement: exact tails with full relative accuracy, one table a k."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Totals
from leefraster.kernels.hypergeometric import hypergeometric_tables

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def hypergeometric_tails(n: int, ones: int, draws: Ints, observed: Ints) -> tuple[Floats, Floats]:
    """Return P(X >= b) and P(X <= b) for the number X of ones among k of n values, `ones` of which are one.

    Parameters
    ----------
    n, ones : int
        How many values there are, and how many of them are one.
    draws, observed : ndarray of int64, shape (m,)
        k (0 to n) and b of each place; where k is 0, b is not looked at.

    Returns
    -------
    upper, lower : ndarray of float64, shape (m,)
        Relative error of a few times 1e-16 k down to the smallest float64; there it is 0. NaN where nothing is
        drawn.

    Examples
    --------
    >>> import numpy as np
    >>> upper, lower = hypergeometric_tails(5, 2, np.array([2]), np.array([1]))
    >>> upper.round(6).tolist(), lower.round(6).tolist()
    ([0.7], [0.9])
    """
    if draws.size == 0:
        return np.empty(0), np.empty(0)
    ks = np.flatnonzero(np.bincount(draws))
    begin = np.zeros(int(ks[-1]) + 1, np.int64)
    begin[ks] = np.cumsum(ks + 1) - (ks + 1)
    tables = [np.empty(int((ks + 1).sum())) for _ in range(2)]
    hypergeometric_tables(n, ones, ks, begin, *tables)
    at = begin[draws] + np.where(draws > 0, observed, 0)
    upper, lower = (np.where(draws > 0, table[at], np.nan) for table in tables)
    return upper, lower


def two_valued_tails(
    integers: Ints, sums: Totals, observed: Ints, counts: Ints, own_fixed: bool
) -> tuple[Floats, Floats]:
    """Return the tails of neighbour sums of a field whose integers are 0 and 1; see `inference.exact`."""
    if not own_fixed:
        return hypergeometric_tails(sums.n, sums.total, counts, observed)
    upper, lower = np.empty(observed.size), np.empty(observed.size)
    for own in (0, 1):
        at = integers == own
        upper[at], lower[at] = hypergeometric_tails(
            sums.n - 1, sums.total - own, counts[at], observed[at]
        )  # fmt: skip
    return upper, lower
