"""Conditional permutation inference by random draws, each place with draws of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Numbers
from leefraster.kernels.permuted_sums import count_extremes

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NOT_FIXED = -1  # in the place of a position: the place itself may be drawn
CALL = 2e8  # draws a call of the kernel, so that a long computation can be interrupted
BITS = 61  # of a weighted sum
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
    slack: Ints | None = None,
    before: int = 0,
) -> tuple[Floats, Floats]:
    """Return P(S >= s) and P(S <= s) of each place's local sum, from random draws without replacement.

    S is the sum of as many values as `counts` says, drawn from all n or from the n - 1 others. With r of R
    permutations as extreme as the observed sum, ties included, a tail is (r + 1) / (R + 1) (Davison & Hinkley
    1997, section 4.2).

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        The values; sums are compared as integers, so that ties are exact.
    observed : ndarray of int64, shape (m,)
        The observed sums, of all places or of a part of them.
    counts : ndarray of int64, shape (m,)
        How many values each sum has; 0 where there is none.
    own_fixed : bool
        Whether a place's own value is not among its draws.
    permutations, seed : int
        Number of permutations and the seed of their stream.
    places : ndarray of int64, shape (m,)
        Under what number the stream knows each place: the draws depend on it, on the seed, on the number of
        the permutation, n, the place's position and its count, and on nothing else.
    weights : ndarray of int64, shape (counts.sum(),), optional
        The weights of the values in each sum, place by place; without them all are 1.
    slack : ndarray of int64, shape (m,), optional
        How far two sums may lie apart and still be ties, where values or weights were rounded; by default 0.
    before : int
        The position of the first place among all.

    Returns
    -------
    upper, lower : ndarray of float64, shape (m,)
        At least 1 / (R + 1); NaN where the count is 0.
    """
    starts = np.concatenate([[0], np.cumsum(counts)])
    larger, smaller = np.zeros(counts.size, np.int64), np.zeros(counts.size, np.int64)
    given = np.empty(0, np.int64) if weights is None else weights
    allowed = np.zeros_like(counts) if slack is None else slack
    cost = starts * float(permutations)
    bounds = np.searchsorted(cost, np.arange(CALL, cost[-1] + CALL, CALL))
    first = 0
    for last in [int(b) for b in np.minimum(bounds, counts.size)]:
        count_extremes(
            values, before if own_fixed else NOT_FIXED, observed, allowed, starts, given, permutations,
            seed % 2**63, places, first, last, larger, smaller,
        )  # fmt: skip
        first = last
    tails = [np.where(counts > 0, (r + 1.0) / (permutations + 1.0), np.nan) for r in (larger, smaller)]
    return tails[0], tails[1]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrom:
    """What the places of a band draw from: the values of the whole field.

    Attributes
    ----------
    values : ndarray of int64
        All integers of the field, in the order of its places.
    before : int
        How many of them come before those of the band.
    places : ndarray of int64
        The numbers under which the stream knows the places of the band.
    most : int
        The most neighbours that a place of the field has.
    """

    values: Ints
    before: int
    places: Ints
    most: int


@dataclass(frozen=True, slots=True)
class IntegerTerms:
    """Weights and values as integers whose sums of products stay within 62 bits.

    Attributes
    ----------
    weights : ndarray of int64
        Row after row, each row on the scale of its largest; what is equal within a row stays so.
    dropped : int
        How many of their last bits values are without, where there is no room for these.
    slack : ndarray of int64, shape (n,)
        How far the sums of a row may lie apart by rounding.
    """

    weights: Ints
    dropped: int
    slack: Ints

    @classmethod
    def of(cls, weights: Floats, starts: Ints, numbers: Numbers, longest: int | None = None) -> IntegerTerms:
        """Take weights (at least 0, row i from starts[i] on) and values to integers.

        `longest` is the longest row of the field, where these are only some of its rows.
        """
        counts = np.diff(starts)
        most_terms = int(counts.max(initial=1)) if longest is None else max(longest, 1)
        room = BITS - math.ceil(math.log2(most_terms + 1))
        bits = min(FINEST_WEIGHT, max(room - numbers.bits, room // 2))
        dropped = max(numbers.bits + bits - room, 0)
        filled = np.flatnonzero(counts)
        most = np.zeros(counts.size)
        if filled.size:
            most[filled] = np.maximum.reduceat(weights, starts[filled])
        scale = np.divide(2.0**bits, most, out=np.zeros(most.size), where=most > 0)
        scaled = weights * np.repeat(scale, counts)
        whole = np.rint(scaled)
        slack = np.zeros(counts.size, np.int64)
        if dropped or not numbers.natural:  # every value may be off by 1
            slack += counts << bits
        inexact = np.abs(whole - scaled) > 2.0**-20  # such weights may be off by 1/2
        slack += np.bincount(np.repeat(np.arange(counts.size), counts), inexact, counts.size).astype(
            np.int64
        ) * ((numbers.largest >> dropped) // 2 + 1)
        return cls(whole.astype(np.int64), dropped, slack)
