"""Squared differences of each value with all others: their sum and spread, exact conditional moments of local C."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Numbers, Totals, deviations
from leefraster.kernels.local_geary import fourth_powers, spread_of_squares

Floats = npt.NDArray[np.float64]


def squares_with_others(numbers: Numbers, sums: Totals) -> tuple[Floats, Floats]:
    """Return for each value the sum of a_j = (v_i - v_j)^2 over the n - 1 others, and the sum of (a_j - mean)^2.

    In steps squared and to the fourth. Both follow from the field's sums of powers, taken exactly; where a few
    extreme values carry these, the second is computed in whole numbers.
    """
    n = sums.n
    centre = sums.total // n
    limbs = fourth_powers(numbers.integers, centre)
    powers = [sum(int(limb) << (26 * j) for j, limb in enumerate(row)) for row in limbs]
    second, third, fourth = _central(powers, n)
    total, spread = np.empty(n), np.empty(n)
    doubtful = np.empty(n, dtype=bool)
    spread_of_squares(
        deviations(numbers, sums), n, float(second), float(third), float(fourth), total, spread, doubtful
    )
    if doubtful.any():
        values, place = np.unique(numbers.integers[doubtful], return_inverse=True)
        spread[doubtful] = np.array([_exact_spread(int(v) - centre, powers, n) for v in values])[place]
    return total, spread


def _central(powers: list[int], n: int) -> tuple[Fraction, Fraction, Fraction]:
    """Return the sums of squared, cubed and fourth powers of deviations from the mean."""
    p1, p2, p3, p4 = (Fraction(p) for p in powers)
    m = p1 / n
    second = p2 - n * m**2
    third = p3 - 3 * m * p2 + 2 * n * m**3
    fourth = p4 - 4 * m * p3 + 6 * m**2 * p2 - 3 * n * m**4
    return second, third, fourth


def _exact_spread(u: int, powers: list[int], n: int) -> float:
    """Return the spread of squared differences with u from sums of powers about the same centre."""
    p1, p2, p3, p4 = powers
    first = n * u * u - 2 * u * p1 + p2
    second = n * u**4 - 4 * u**3 * p1 + 6 * u * u * p2 - 4 * u * p3 + p4
    return float(Fraction((n - 1) * second - first * first, n - 1))
