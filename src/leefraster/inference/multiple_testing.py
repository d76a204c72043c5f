"""Adjustment of p-values for the number of tests: exact, in pieces of bounded size however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma

from leefraster.kernels.ranking import (
    BUCKETS,
    PARTS,
    SPLIT_BITS,
    WHOLE,
    bounds_of_bucket,
    bucket_counts,
    count_tests,
    fill_equal,
    put_back,
    sorted_piece,
    step_up,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ADJUSTMENTS = ("benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none")
PIECE = 1 << 22  # p-values sorted at a time: 50 MB, and as much again where they are nearly all alike


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
    tests = int(count_tests(p))
    if adjustment == "bonferroni":
        np.multiply(p, max(tests, 1), out=q)
        return np.minimum(q, 1.0, out=q)
    factor = harmonic(tests) if adjustment == "benjamini-yekutieli" else 1.0
    q.fill(np.nan)
    _step_span(np.ascontiguousarray(p), _Span(), 0, tests * factor, 1.0, piece, q)
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
    """Floats with bits from `low` to before `high`, in buckets of 2^shift; `WHOLE` is all of [0, 1]."""

    low: int = 0
    high: int = 0
    shift: int = WHOLE

    @property
    def buckets(self) -> int:
        return BUCKETS if self.shift == WHOLE else ((self.high - self.low - 1) >> self.shift) + 1

    def counts(self, p: Floats) -> Ints:
        """Count the p-values of each bucket, in parts."""
        counts = np.zeros((PARTS, self.buckets + 1), np.int64)
        bucket_counts(p, p.view(np.int64), self.low, self.shift, counts)
        if counts[:, -1].any():
            raise ValueError(f"{int(counts[:, -1].sum())} p-values are negative or above 1")
        return counts[:, :-1]

    def within(self, bucket: int) -> _Span:
        """Return the span of one bucket."""
        if self.shift == WHOLE:
            low, high = bounds_of_bucket(bucket)
        else:
            low = self.low + (bucket << self.shift)
            high = min(self.low + ((bucket + 1) << self.shift), self.high)
        return _Span(low, high, max((high - low - 1).bit_length() - SPLIT_BITS, 0))


def _step_span(
    p: Floats, span: _Span, below: int, scale: float, least: float, piece: int, q: Floats
) -> float:
    """Fill q of a span, of which `below` p-values rank lower; return the least adjusted value so far."""
    counts = span.counts(p)
    ranks = below + np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    for first, last in _pieces_from_the_top(ranks, piece):
        under, reached = int(ranks[first]), int(ranks[last])
        if reached - under <= piece:
            ordered, origin = sorted_piece(
                p, p.view(np.int64), span.low, span.shift, first, counts[:, first:last]
            )
            least = step_up(ordered, under, scale, least)
            put_back(ordered, origin, q)
            continue
        inner = span.within(first)
        if inner.high - inner.low > 1:
            least = _step_span(p, inner, under, scale, least, piece, q)
            continue
        value = float(np.array([inner.low]).view(np.float64)[0])
        least = min(least, value * (scale / reached))
        fill_equal(p, value, least, q)
    return least


def _pieces_from_the_top(ranks: Ints, piece: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of buckets, the last first, of at most `piece` p-values, or of one bucket with more."""
    last = ranks.size - 1
    while last > 0 and ranks[last] > ranks[0]:
        first = min(int(np.searchsorted(ranks, ranks[last] - piece)), last - 1)
        if ranks[last] > ranks[first]:
            yield first, last
        last = first
