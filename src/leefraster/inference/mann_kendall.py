"""The exact distribution of Mann-Kendall's S for few values, with ties, and what limits follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_EXACT = 12  # values; beyond, the normal distribution


@dataclass(frozen=True, slots=True)
class NullOfS:
    """Tails of S for every tie pattern of up to `MOST_EXACT` values, as kernels.trend reads them."""

    patterns: Ints
    first: Ints
    tails: Floats


def partitions(n: int, most: int | None = None) -> list[tuple[int, ...]]:
    """Return the ways to write n as a sum of group sizes, each in descending order."""
    if n == 0:
        return [()]
    found = []
    for size in range(min(n, most or n), 0, -1):
        found += [(size, *rest) for rest in partitions(n - size, size)]
    return found


def inversions(sizes: tuple[int, ...]) -> list[int]:
    """Return how many orders of values in groups of equal ones have 0, 1, 2, ... inversions.

    They are the coefficients of the Gaussian multinomial ``[n]! / prod [t]!``, in whole numbers.
    """
    counts, done = [1], 0
    for size in sizes:
        for j in range(1, size + 1):  # times (1 - q^(done + j)) / (1 - q^j)
            counts = _divided(_times(counts, done + j), j)
        done += size
    return counts


def _times(counts: list[int], power: int) -> list[int]:
    out = counts + [0] * power
    for i, value in enumerate(counts):
        out[i + power] -= value
    return out


def _divided(counts: list[int], power: int) -> list[int]:
    out = list(counts)
    for i in range(power, len(out)):
        out[i] += out[i - power]
    return out[: len(out) - power]


@lru_cache(maxsize=1)
def null_of_s() -> NullOfS:
    """Return the tails P(S' >= S) over all orders of the values, for every n and tie pattern."""
    reach = MOST_EXACT * (MOST_EXACT - 1) // 2
    patterns: list[tuple[int, ...]] = []
    first = np.zeros(MOST_EXACT + 2, np.int64)
    for n in range(MOST_EXACT + 1):
        first[n] = len(patterns)
        patterns += partitions(n)
    first[MOST_EXACT + 1] = len(patterns)
    table = np.zeros((len(patterns), MOST_EXACT), np.int64)
    tails = np.zeros((len(patterns), 2 * reach + 1))
    for row, sizes in enumerate(patterns):
        table[row, : len(sizes)] = sizes
        tails[row] = _tails(sizes, reach)
    return NullOfS(table, first, tails)


def _tails(sizes: tuple[int, ...], reach: int) -> Floats:
    n = sum(sizes)
    untied = n * (n - 1) // 2 - sum(size * (size - 1) // 2 for size in sizes)
    counts = inversions(sizes)  # S = untied - 2 * inversions
    total = sum(counts)
    below = np.zeros(2 * reach + 1)
    running = 0
    for score in range(reach, -reach - 1, -1):
        number = (untied - score) // 2
        if (untied - score) % 2 == 0 and 0 <= number < len(counts):
            running += counts[number]
        below[score + reach] = running / total
    return below


def slope_ranks(confidence: float, most: int) -> Ints:
    """Return for n = 0..most values the rank of the slope that is the lower limit (and, from above, the upper).

    Sen (1968): a slope lies outside the limits where Mann-Kendall's test of the values less that slope rejects.
    For up to 12 values by the exact distribution, beyond by the normal one; 0 where no limits are that sure.
    """
    ranks = np.zeros(most + 1, np.int64)
    share = (1 - confidence) / 2
    for n in range(2, most + 1):
        pairs = n * (n - 1) // 2
        if n <= MOST_EXACT:
            tails = _tails((1,) * n, pairs)
            rejected = [score for score in range(pairs, 0, -2) if tails[score + pairs] <= share]
            critical = min(rejected) if rejected else pairs + 2
            ranks[n] = max((pairs - critical) // 2 + 1, 0)
        else:
            spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
            ranks[n] = max(math.floor((pairs - float(ndtri(1 - share)) * spread) / 2), 0)
    return ranks


def normal_p(score: Ints, n: Ints, tie_sum: Floats) -> Floats:
    """Return two-sided p of S by the normal distribution, corrected for continuity and ties.

    `tie_sum` is the sum of t (t - 1) (2 t + 5) over groups of equal values.
    """
    variance = (n * (n - 1) * (2.0 * n + 5) - tie_sum) / 18
    z = (np.abs(score) - 1) / np.sqrt(np.where(variance > 0, variance, np.nan))
    return np.where(score == 0, 1.0, np.minimum(2 * ndtr(-z), 1.0))
