"""Tails of local Geary's C: sums of squared differences with neighbours that are drawn from all others.

The population, the squared differences with the place's own value, is another one for every place. Where it can
be counted it is: one neighbour, few sets of neighbours, few different values. Elsewhere tables of quantiles
(`inference.geary_tables`) are made for a grid of own values, and read between them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from leefraster.inference.draws import log_choose, newton_weights
from leefraster.inference.geary_tables import NORMAL, others_of, quantiles
from leefraster.inference.numbers import Numbers, Totals
from leefraster.kernels.geary_null import few_valued_tails, look_up
from leefraster.kernels.local_geary import count_far_differences, enumerated_tails, single_tails
from leefraster.kernels.ranking import sorted_integers

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ENUMERABLE = 200_000  # sets of neighbours of a place
ENUMERATED = 1e8  # sets of all places together
COUNTABLE = 3e8  # steps in counting the sets of few different values
TABLE_BYTES = 64 * 2**20
STEP = 0.4  # between own values of tables, in units of asinh
LOGIT, LOGIT_STEP = 5.0, 1.2  # and of the logit of the rank, up to this one
SCALE_POINTS = 2000
CLOSEST = 12  # numbers of draws up to here have tables of their own
APART = 1.15  # ratio of the numbers beyond that do
CALL = 2e8  # draws a call of the kernel of permutations


def geary_tails(
    numbers: Numbers, sums: Totals, total: Floats, numerator: Floats, counts: Ints
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return P(D >= d) and P(D <= d) for the sum D of squared differences with k of the n - 1 others.

    Parameters
    ----------
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    total : ndarray of float64, shape (n,)
        The sum of squared differences with all others, in steps squared.
    numerator, counts : ndarray, shape (n,)
        The observed sum of each place in steps squared, and its number of neighbours.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        At least 1 / C(n - 1, k); NaN where nothing is drawn.
    """
    n = sums.n
    upper, lower = np.full(n, np.nan), np.full(n, np.nan)
    certain = counts == n - 1
    upper[certain], lower[certain] = 1.0, 1.0
    single = np.flatnonzero((counts == 1) & ~certain)
    if single.size:
        ordered = sorted_integers(numbers.integers, numbers.bits)
        single_tails(single, ordered, numbers.integers, numerator, upper, lower)
    left = (counts > 1) & ~certain
    few = _enumerable(n, counts, left)
    if few.size:
        enumerated_tails(few, numbers.integers, numerator, counts, upper, lower)
        left[few] = False
    if left.any() and not _count_few_values(numbers, numerator, np.where(left, counts, 0), upper, lower):
        _read_tables(numbers, sums, total, numerator, counts, np.flatnonzero(left), upper, lower)
    _bound_below(upper, lower, counts, n - 1)
    return upper, lower


def _enumerable(n: int, counts: Ints, left: npt.NDArray[np.bool_]) -> Ints:
    """Return the places of which all sets of neighbours can be gone through."""
    logarithm = log_choose(n - 1, np.arange(int(counts.max(initial=0)) + 1))
    sets = np.exp(np.minimum(logarithm, 700.0))[counts]
    places = np.flatnonzero(left & (sets <= ENUMERABLE))
    return places if sets[places].sum() <= ENUMERATED else places[:0]


def _count_few_values(
    numbers: Numbers, numerator: Floats, counts: Ints, upper: Floats, lower: Floats
) -> bool:
    """Fill the tails exactly where the field has few different values; return whether it has."""
    kmax, largest = int(counts.max()), numbers.largest
    longest = kmax * largest * largest
    if not numbers.natural or longest > TABLE_BYTES // 16 // (kmax + 1):
        return False
    number = np.bincount(numbers.integers)
    values = np.flatnonzero(number)
    if 0.25 * values.size**2 * kmax**2 * longest > COUNTABLE:
        return False
    if float(log_choose(numbers.integers.size - 1, kmax)) > 700:  # beyond float64
        return False
    number = number[values]
    order = np.argsort(numbers.integers, kind="stable")
    starts = np.concatenate([[0], np.cumsum(number)])
    whole = np.rint(numerator).astype(np.int64)
    few_valued_tails(values, number, order, starts, whole, counts, kmax, longest, upper, lower)
    return True


def _read_tables(
    numbers: Numbers, sums: Totals, total: Floats, numerator: Floats, counts: Ints, cells: Ints,
    upper: Floats, lower: Floats,
) -> None:  # fmt: skip
    """Fill the tails of the given places from tables of quantiles."""
    n = sums.n
    sd = math.sqrt(float(sums.squares / n))
    drawn = counts[cells]
    turned = 2 * drawn > n - 1  # of most of the others, the rest is drawn
    k = np.where(turned, n - 1 - drawn, drawn)
    observed = np.where(turned, total[cells] - numerator[cells], numerator[cells]) / (sd * sd)
    ks = tabled_draws(k)
    ordered, mean = sorted_integers(numbers.integers, numbers.bits), float(sums.mean)
    table, nodes = _tables(ordered, mean, sd, ks)
    rows = np.minimum(np.searchsorted(ks, k, side="right") - 1, ks.size - 1)
    following = np.minimum(rows + 1, ks.size - 1)
    distance = 1 / np.sqrt(ks[rows]) - 1 / np.sqrt(ks[following])
    shares = np.where(
        k > ks[rows], (1 / np.sqrt(ks[rows]) - 1 / np.sqrt(k)) / np.where(distance, distance, 1), 0.0
    )
    at = (numbers.integers[cells] - mean) / sd
    deviate = np.empty(cells.size)
    logarithms = np.log(np.maximum(observed / k, 1e-300))
    look_up(np.arange(cells.size), at, logarithms, rows, shares, nodes, NORMAL, table, deviate)
    deviate = np.where(turned, -deviate, deviate)
    upper[cells], lower[cells] = ndtr(-deviate), ndtr(deviate)
    _equal_neighbours(numbers, numerator, counts, cells, upper, lower)


def _equal_neighbours(
    numbers: Numbers, numerator: Floats, counts: Ints, cells: Ints, upper: Floats, lower: Floats
) -> None:
    """Count the sets of neighbours that all have the place's own value, where those are observed."""
    same = cells[numerator[cells] == 0.0]
    if same.size == 0:
        return
    _, place, number = np.unique(numbers.integers, return_inverse=True, return_counts=True)
    ties = number[place[same]] - 1
    k = counts[same]
    upper[same] = 1.0
    ways = log_choose(np.maximum(ties, k), k) - log_choose(numbers.integers.size - 1, k)
    lower[same] = np.exp(ways)


def tabled_draws(k: Ints) -> Ints:
    """Return the numbers of draws that get tables: all few ones, and of the others one every 15 %."""
    present = np.flatnonzero(np.bincount(k))
    few, many = present[present <= CLOSEST], present[present > CLOSEST]
    if many.size <= CLOSEST:
        return present
    steps = max(math.ceil(math.log(many[-1] / many[0]) / math.log(APART)), 2)
    spaced = np.rint(np.geomspace(many[0], many[-1], steps + 1)).astype(np.int64)
    return np.unique(np.concatenate([few, spaced]))


def _tables(ordered: Ints, mean: float, sd: float, ks: Ints) -> tuple[Floats, Floats]:
    """Return table[k, own value, deviate] of the quantiles' logarithms, and the own values in standard units."""
    standard = (ordered.astype(np.float64) - mean) / sd
    places = own_places(standard)
    running = np.concatenate([[0.0], np.cumsum(standard)])
    others = ordered.size - 1
    newton = newton_weights(others, int(ks.max()))
    table = np.empty((ks.size, places.size, NORMAL.size))
    for column, place in enumerate(places):
        table[:, column] = quantiles(others_of(standard, running, int(place)), others, ks, newton)
    return table, standard[places]


def own_places(standard: Floats) -> Ints:
    """Return the places, among sorted values, of the own values to make tables for.

    All different values where they are few. Else values a constant step apart on a scale that is linear in the
    values within the interquartile range and logarithmic beyond, stretched by the logit of their rank, since
    at a sharp end of the distribution quantiles change within a few per cent of the values.
    """
    first = np.flatnonzero(np.concatenate([[True], np.diff(standard) > 0]))
    held = first[np.unique(np.linspace(0, first.size - 1, min(first.size, SCALE_POINTS)).astype(np.int64))]
    quarters = standard[[standard.size // 4, standard.size // 2, (3 * standard.size) // 4]]
    width = max(quarters[2] - quarters[0], 0.05) / 1.35
    rank = (held + np.append(held[1:], standard.size)) / 2
    logit = LOGIT * np.tanh(np.log(rank / (standard.size - rank)) / LOGIT)
    scale = np.arcsinh((standard[held] - quarters[1]) / width) / STEP + logit / LOGIT_STEP
    steps = math.ceil(float(scale[-1] - scale[0])) + 1
    if first.size <= steps:
        return first
    wanted = np.interp(np.linspace(scale[0], scale[-1], steps), scale, standard[held])
    right = np.clip(np.searchsorted(standard[first], wanted), 1, first.size - 1)
    nearer = np.abs(standard[first][right - 1] - wanted) < np.abs(standard[first][right] - wanted)
    return np.asarray(first[np.unique(np.where(nearer, right - 1, right))])


def _bound_below(upper: Floats, lower: Floats, counts: Ints, others: int) -> None:
    """The observed set is one of the equally likely draws, so that no tail is below 1 / C(n - 1, k)."""
    k = np.arange(int(counts.max(initial=0)) + 1)
    least = np.maximum(np.exp(-log_choose(others, np.minimum(k, others))), np.nextafter(0.0, 1.0))
    for tail in (upper, lower):
        np.maximum(tail, least[counts], out=tail)
        tail[counts == 0] = np.nan


def permuted_geary_tails(
    integers: Ints, numerator: Floats, counts: Ints, permutations: int, seed: int, places: Ints,
    weights: Floats | None = None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the tails from random draws without replacement, (r + 1) / (R + 1) each.

    `places` are the numbers under which the stream knows the places, `weights` those of the differences in each
    sum, place by place (all 1 where there are none).
    """
    starts = np.concatenate([[0], np.cumsum(counts)])
    larger, smaller = np.zeros(counts.size, np.int64), np.zeros(counts.size, np.int64)
    given = np.empty(0) if weights is None else weights
    cost = starts * float(permutations)
    ends = np.searchsorted(cost, np.arange(CALL, cost[-1] + CALL, CALL))
    first = 0
    for last in [int(end) for end in np.minimum(ends, counts.size)]:
        count_far_differences(
            integers, numerator, starts, given, permutations, seed, places, first, last, larger, smaller
        )
        first = last
    tails = [np.where(counts > 0, (r + 1.0) / (permutations + 1.0), np.nan) for r in (larger, smaller)]
    return tails[0], tails[1]
