"""Squared differences of each value with all others: their sum and spread, exact conditional moments of local C."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Numbers, Totals, deviations
from leefraster.kernels.local_geary import fourth_powers, spread_of_squares

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Powers = tuple[int, int, int, int]


def powers_about(centre: int, integers: Ints) -> Powers:
    """Return the sums of d, d^2, d^3 and d^4 with d = integer - centre, exact; those of parts add up."""
    first, second, third, fourth = (
        sum(int(limb) << (26 * j) for j, limb in enumerate(row)) for row in fourth_powers(integers, centre)
    )
    return first, second, third, fourth


def centre_of(sums: Totals) -> int:
    """Return the integer about which a field's powers are taken: its mean, rounded down."""
    return sums.total // sums.n


def squares_with_others(
    numbers: Numbers, sums: Totals, powers: Powers | None = None
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return for each value the sum of a_j = (v_i - v_j)^2 over the n - 1 others, and the sum of (a_j - mean)^2.

    In steps squared and to the fourth. Both follow from the field's sums of powers, taken exactly; where a few
    extreme values carry these, the second is computed in whole numbers. Of values that are a part of a field,
    `powers` are those of the whole field about its centre.
    """
    n, centre = sums.n, centre_of(sums)
    if powers is None:
        powers = powers_about(centre, numbers.integers)
    second, third, fourth = _central(powers, n)
    total, spread = np.empty(numbers.integers.size), np.empty(numbers.integers.size)
    doubtful = np.empty(numbers.integers.size, dtype=bool)
    spread_of_squares(
        deviations(numbers, sums), n, float(second), float(third), float(fourth), total, spread, doubtful
    )
    if doubtful.any():
        values, place = np.unique(numbers.integers[doubtful], return_inverse=True)
        spread[doubtful] = np.array([_exact_spread(int(v) - centre, powers, n) for v in values])[place]
    return total, spread


def _central(powers: Powers, n: int) -> tuple[Fraction, Fraction, Fraction]:
    """Return the sums of squared, cubed and fourth powers of deviations from the mean."""
    p1, p2, p3, p4 = (Fraction(p) for p in powers)
    m = p1 / n
    second = p2 - n * m**2
    third = p3 - 3 * m * p2 + 2 * n * m**3
    fourth = p4 - 4 * m * p3 + 6 * m**2 * p2 - 3 * n * m**4
    return second, third, fourth


def _exact_spread(u: int, powers: Powers, n: int) -> float:
    """Return the spread of squared differences with u from sums of powers about the same centre."""
    p1, p2, p3, p4 = powers
    first = n * u * u - 2 * u * p1 + p2
    second = n * u**4 - 4 * u**3 * p1 + 6 * u * u * p2 - 4 * u * p3 + p4
    return float(Fraction((n - 1) * second - first * first, n - 1))
