"""Conditional permutation inference by random draws, each place with draws of its own."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from leefraster.kernels.permuted_sums import count_extremes

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CALL = 2e8  # draws a call of the kernel, so that a long computation can be interrupted
BITS = 62  # of a weighted sum
FINEST_WEIGHT = 30


def permuted_tails(
    values: Ints,
    observed: Ints,
    counts: Ints,
    *,
    own_fixed: bool,
    permutations: int,
    seed: int,
    places: Ints,
    weights: Ints | None = None,
) -> tuple[Floats, Floats]:
    """Return P(S >= s) and P(S <= s) of each place's local sum, from random draws without replacement.

    S is the sum of as many values as `counts` says, drawn from all n or from the n - 1 others. With r of R
    permutations as extreme as the observed sum, ties included, a tail is (r + 1) / (R + 1) (Davison & Hinkley
    1997, section 4.2).

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        The values; sums are compared as integers, so that ties are exact.
    observed : ndarray of int64, shape (n,)
        The observed sums.
    counts : ndarray of int64, shape (n,)
        How many values each sum has; 0 where there is none.
    own_fixed : bool
        Whether a place's own value is not among its draws.
    permutations, seed : int
        Number of permutations and the seed of their stream.
    places : ndarray of int64, shape (n,)
        Under what number the stream knows each place: the draws depend on it, on the seed, on the number of
        the permutation, n, the place's position and its count, and on nothing else.
    weights : ndarray of int64, shape (counts.sum(),), optional
        The weights of the values in each sum, place by place; without them all are 1.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        At least 1 / (R + 1); NaN where the count is 0.
    """
    starts = np.concatenate([[0], np.cumsum(counts)])
    larger, smaller = np.zeros(counts.size, np.int64), np.zeros(counts.size, np.int64)
    given = np.empty(0, np.int64) if weights is None else weights
    cost = starts * float(permutations)
    bounds = np.searchsorted(cost, np.arange(CALL, cost[-1] + CALL, CALL))
    first = 0
    for last in [int(b) for b in np.minimum(bounds, counts.size)]:
        count_extremes(
            values, observed, starts, given, own_fixed, permutations, seed, places, first, last, larger, smaller
        )  # fmt: skip
        first = last
    tails = [np.where(counts > 0, (r + 1.0) / (permutations + 1.0), np.nan) for r in (larger, smaller)]
    return tails[0], tails[1]


def weights_as_integers(weights: Floats, starts: Ints, largest_value: int) -> tuple[Ints, int]:
    """Return weights as integers, each row on the scale of its largest, and how many bits values must lose.

    Weights that are equal within a row stay so. Together with values of which the last bits are dropped, no
    sum over a row leaves 63 bits.

    Parameters
    ----------
    weights : ndarray of float64
        At least 0, row after row.
    starts : ndarray of int64, shape (n + 1,)
        Where each row starts.
    largest_value : int
        The largest of the values that they will multiply.
    """
    longest = int(np.diff(starts).max(initial=1))
    room = BITS - math.ceil(math.log2(longest + 1))
    bits = min(FINEST_WEIGHT, max(room - largest_value.bit_length(), room // 2))
    dropped = max(largest_value.bit_length() + bits - room, 0)
    filled = np.flatnonzero(np.diff(starts))
    most = np.zeros(starts.size - 1)
    if filled.size:
        most[filled] = np.maximum.reduceat(weights, starts[filled])
    scale = np.repeat(np.divide(2.0**bits, most, out=np.zeros(most.size), where=most > 0), np.diff(starts))
    return np.rint(weights * scale).astype(np.int64), dropped
