"""Adjustment of p-values for the number of tests: exact, in pieces of bounded size however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma

from leefraster.kernels.step_up import (
    BUCKETS,
    PARTS,
    SPLIT_BITS,
    WHOLE,
    bounds_of_group,
    coarse_of,
    count_tests,
    fill_equal,
    group_counts,
    step_up,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ADJUSTMENTS = ("benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none")
PIECE = 1 << 22  # p-values sorted at a time: 34 MB, and half as much again where they are nearly all alike


def adjusted(p: Floats, adjustment: str, *, piece: int = PIECE, out: Floats | None = None) -> Floats:
    """Return p-values adjusted for the number of tests by one of `ADJUSTMENTS`.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        p-values in [0, 1]; NaN where there is no test, and NaN there in the result.
    adjustment : str
        Benjamini & Hochberg (1995) or Benjamini & Yekutieli (2001, any dependence) for the false-discovery
        rate, Bonferroni for the chance of one false rejection, or none.
    piece : int
        How many p-values are sorted at a time; the result does not depend on it.
    out : ndarray of float64, optional
        Where the result goes (not p itself); it may lie on disk.

    Returns
    -------
    ndarray of float64, shape (n,)
        Adjusted p-values, at most 1 and never below p.

    Raises
    ------
    ValueError
        When a p-value is negative or above 1.

    Notes
    -----
    p-values are counted in buckets, then sorted from the largest down in pieces of some four million, so that
    memory above input and output does not grow with their number. Each piece is one more pass over the input.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([0.01, 0.04, 0.03, 0.005])
    >>> adjusted(p, "benjamini-yekutieli").round(6).tolist()
    [0.041667, 0.083333, 0.083333, 0.041667]
    """
    q = np.empty(p.size) if out is None else out
    if adjustment == "none":
        q[...] = p
        return q
    if adjustment == "bonferroni":
        np.multiply(p, max(int(count_tests(p)), 1), out=q)
        return np.minimum(q, 1.0, out=q)
    p = np.ascontiguousarray(p)
    span = _Span(coarse=coarse_of(p.size))
    counts = span.counts(p)
    tests = int(counts.sum())
    if tests < p.size:
        q.fill(np.nan)
    factor = harmonic(tests) if adjustment == "benjamini-yekutieli" else 1.0
    _step_span(p, span, counts, 0, tests * factor, 1.0, piece, q)
    return q


def benjamini_hochberg(p: Floats) -> Floats:
    """Return p-values adjusted for the false-discovery rate: q_i = min over p_j >= p_i of n p_j / rank_j.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        p-values in [0, 1]; NaN where there is no test, and NaN there in the result.

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
    return adjusted(p, "benjamini-hochberg")


def harmonic(n: int) -> float:
    """Return 1 + 1/2 + ... + 1/n (1 for none): what dependence costs at most (Benjamini & Yekutieli 2001)."""
    return max(1.0, float(digamma(n + 1.0)) + float(np.euler_gamma))


@dataclass(frozen=True, slots=True)
class _Span:
    """Floats with bits from `low` to before `high`, in groups of 2^shift; `WHOLE` is all of [0, 1]."""

    low: int = 0
    high: int = 0
    shift: int = WHOLE
    coarse: int = 0

    @property
    def groups(self) -> int:
        if self.shift == WHOLE:
            return ((BUCKETS - 1) >> self.coarse) + 1
        return ((self.high - self.low - 1) >> self.shift) + 1

    def counts(self, p: Floats) -> Ints:
        """Count the p-values of each group, in parts."""
        counts = np.zeros((PARTS, self.groups + 2), np.int64)
        group_counts(p, p.view(np.int64), self.low, self.shift, self.coarse, counts)
        wrong = int(counts[:, -2].sum())
        if wrong:
            raise ValueError(f"{wrong} p-values are negative or above 1")
        return counts[:, :-2]

    def within(self, group: int) -> _Span:
        """Return the span of one group."""
        if self.shift == WHOLE:
            low, high = bounds_of_group(group, self.coarse)
        else:
            low = self.low + (group << self.shift)
            high = min(self.low + ((group + 1) << self.shift), self.high)
        return _Span(low, high, max((high - low - 1).bit_length() - SPLIT_BITS, 0))


def _step_span(
    p: Floats, span: _Span, counts: Ints, below: int, scale: float, least: float, piece: int, q: Floats
) -> float:
    """Fill q of a span, of which `below` p-values rank lower; return the least adjusted value so far."""
    ranks = below + np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    for first, last in _pieces_from_the_top(ranks, piece):
        under, reached = int(ranks[first]), int(ranks[last])
        if reached - under <= piece:
            least = step_up(
                p, p.view(np.int64), span.low, span.shift, span.coarse, span.groups,
                first, counts[:, first:last], under, scale, least, q,
            )  # fmt: skip
            continue
        inner = span.within(first)
        if inner.high - inner.low > 1:
            least = _step_span(p, inner, inner.counts(p), under, scale, least, piece, q)
            continue
        value = float(np.array([inner.low]).view(np.float64)[0])
        least = min(least, value * (scale / reached))
        fill_equal(p, value, least, q)
    return least


def _pieces_from_the_top(ranks: Ints, piece: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of groups, the last first, of at most `piece` p-values, or of one group with more."""
    last = ranks.size - 1
    while last > 0 and ranks[last] > ranks[0]:
        first = min(int(np.searchsorted(ranks, ranks[last] - piece)), last - 1)
        if ranks[last] > ranks[first]:
            yield first, last
        last = first
