"""Tails of weighted sums under conditional permutation, by inversion of their generating function.

The sum over a place's neighbours is S = sum_j w_j X_j, X drawn without replacement from n values with mean 0. With
the weights centred over all n places (w - m for neighbours, -m for the rest, m = sum w / n) the draws are nearly
independent, and log E exp(s S) is the sum of log M(s w) over the places, M being the generating function of one
value. To it belongs the correction for pairs, since two places cannot draw one value: -sum F(w_j, w_l) / (n - 1)
over pairs, F = M(s (w_j + w_l)) / (M(s w_j) M(s w_l)) - 1. Values with much of the variance (outliers x) are taken
the other way round: each falls on one of the n places, a factor 1 + sum_j (exp(s w_j x) / M(s w_j) - 1) / n.

As a function of the weight, log M is expanded in Chebyshev polynomials: then a place needs only the sums of these
over its neighbours, made once a mask, and F is likewise a sum of squares of such expansions (a Nystroem
approximation). The tail is the integral of exp(log E - s x) / s along a line near the saddlepoint of the place, by
the trapezoid rule: small tails keep their relative accuracy.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from leefraster.inference.inversion_lines import TILTS, Lines
from leefraster.inference.numbers import Numbers, Totals, deviations
from leefraster.inference.weight_patterns import Group, Patterns, Places
from leefraster.inference.weighted_population import Points
from leefraster.kernels.inversion import count_arrangements

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEW_ARRANGEMENTS = 1_000_000  # of values on a place's weights: all are looked at
ALL_ARRANGEMENTS = 2e9  # over all places
UNSOUND = 0.01  # beyond the probabilities that there are
TINY = float(np.nextafter(0.0, 1.0))


def inversion_tails(
    patterns: Patterns, numbers: Numbers, sums: Totals, observed: Floats, *, own_fixed: bool
) -> tuple[Floats, Floats, float]:
    """Return P(S >= s) and P(S <= s) of each place's weighted sum under conditional permutation.

    Parameters
    ----------
    patterns : Patterns
        The weights.
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    observed : ndarray of float64, shape (n,)
        The observed weighted sums of the integers.
    own_fixed : bool
        Whether a place's own value is not among its draws.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        Tails, never 0; NaN where there is no weight.
    error : float
        Largest relative change of a tail, on a sample of places, when every second node of the integral is left
        out; 0 where all arrangements were counted, infinite where an integral failed. The approximation to
        dependence is not in it.

    Notes
    -----
    Where a place has at most a million arrangements, and all places 2e9, these are counted, ties included. Else
    the sum is taken as continuous, so that a tie counts half.
    """
    drawn_from = sums.n - own_fixed
    upper, lower = np.full(sums.n, np.nan), np.full(sums.n, np.nan)
    spread = patterns.squares - np.square(patterns.totals) / drawn_from
    middle, sd = float(sums.mean), math.sqrt(float(sums.squares) / sums.n)
    z = np.asarray((numbers.integers - middle) / sd, np.float64)
    population = Points.of(np.sort(z))
    own = population.own(z) if own_fixed else np.full(sums.n, -1)
    standard, varies = _standard(patterns, numbers, sums, observed, own if own_fixed else None)
    left = patterns.counts > 0
    certain = left & ((spread <= 1e-13 * patterns.squares) | ~varies)
    upper[certain] = lower[certain] = 1.0
    left &= ~certain
    few = _count_few(patterns, numbers, observed, left, own_fixed, upper, lower)
    left &= ~few
    error = 0.0
    if left.any():
        whole = Places(patterns, drawn_from, spread, population.numbers.size > 0)
        for group in whole.groups(np.flatnonzero(left), standard, own):
            error = max(error, _group_tails(group, population, drawn_from, upper, lower))
    _bound_below(patterns.counts, drawn_from, upper, lower)
    return upper, lower, error


def _standard(
    patterns: Patterns, numbers: Numbers, sums: Totals, observed: Floats, own: Ints | None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the sums in standard units, and where the values that are drawn vary.

    With `own` (values that are not drawn; -1 or an outlier) the units are those of the other values, of outliers
    those of all: their null has one outlier less instead.
    """
    n, mean, squares = sums.n, float(sums.mean), float(sums.squares)
    from_all = (observed - patterns.totals * mean) / math.sqrt(squares / n)
    if own is None:
        return from_all, np.ones(n, dtype=bool)
    from_mean = deviations(numbers, sums)
    left = np.maximum(squares - np.square(from_mean) * (n / (n - 1)), 0.0) / (n - 1)
    varies = left > 1e-12 * squares / n
    sd = np.sqrt(np.where(varies, left, 1.0))
    from_others = (observed - patterns.totals * (mean - from_mean / (n - 1))) / sd
    return np.where(own < 0, from_others, from_all), varies


def _count_few(
    patterns: Patterns,
    numbers: Numbers,
    observed: Floats,
    left: npt.NDArray[np.bool_],
    own_fixed: bool,
    upper: Floats,
    lower: Floats,
) -> npt.NDArray[np.bool_]:
    """Count all arrangements where these are few; return at which places."""
    drawn_from = left.size - own_fixed
    ways = _log_arrangements(drawn_from, patterns.counts)
    few = left & (ways <= math.log(FEW_ARRANGEMENTS) + 1e-9)
    cells = np.flatnonzero(few)
    if cells.size == 0 or float(np.exp(ways[cells]).sum()) > ALL_ARRANGEMENTS:
        return np.zeros(left.size, dtype=bool)
    starts, weights = patterns.rows(cells)
    values = numbers.integers.astype(np.float64)
    slack = 1e-12 * patterns.totals[cells] * max(numbers.largest, 1)
    own = cells if own_fixed else np.full(cells.size, -1)
    larger, smaller = np.zeros(cells.size, np.int64), np.zeros(cells.size, np.int64)
    count_arrangements(starts, weights, values, own, observed[cells], slack, larger, smaller)
    total = np.rint(np.exp(ways[cells]))
    upper[cells], lower[cells] = larger / total, smaller / total
    return few


def _log_arrangements(n: int, counts: Ints) -> Floats:
    """The logarithm of the number of ways to put n values on so many places."""
    found: Floats = gammaln(n + 1.0) - gammaln(n - counts + 1.0)
    return found


def _bound_below(counts: Ints, n: int, upper: Floats, lower: Floats) -> None:
    """What is observed is one of the equally likely arrangements."""
    least = np.maximum(np.exp(-_log_arrangements(n, counts)), TINY)
    for tail in (upper, lower):
        np.clip(tail, least, 1.0, out=tail)


def _group_tails(group: Group, population: Points, n: int, upper: Floats, lower: Floats) -> float:
    """Fill both tails of a group's places; return the error seen on a sample."""
    error = 0.0
    for sign, tail, other in ((1.0, upper, lower), (-1.0, lower, upper)):
        here = np.flatnonzero(group.sums >= 0 if sign > 0 else group.sums < 0)
        if here.size == 0:
            continue
        points = population if sign > 0 else population.mirrored()
        lines = Lines(group, points, n)
        bases, sums = group.bases[here], sign * group.sums[here] - points.middle * group.totals[here]
        own = group.own[here]
        tilts = lines.best(bases, sums, own)
        for tilt in np.unique(tilts):
            chosen = np.flatnonzero(tilts == tilt)
            found, change = lines.tails(float(TILTS[tilt]), bases[chosen], sums[chosen], own[chosen])
            error = max(error, change if found.min() > -UNSOUND and found.max() < 1 + UNSOUND else math.inf)
            places = group.cells[here[chosen]]
            tail[places] = found
            other[places] = 1.0 - found
    return error
