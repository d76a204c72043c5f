"""The variance of the values that a place's local sum is drawn from."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Numbers, Totals, deviations

Floats = npt.NDArray[np.float64]


def variance_of_drawn(numbers: Numbers, sums: Totals, own_fixed: bool) -> Floats:
    """Return the variance of all values (one number), or of the others of each place (one a place).

    Where one place holds more than half of the variance, subtracting its square would lose digits: there the
    difference is taken in exact arithmetic.

    Parameters
    ----------
    numbers, sums : Numbers, Totals
        The values as integers, and their totals.
    own_fixed : bool
        Whether the place itself is left out.
    """
    n, squares = sums.n, float(sums.squares)
    if not own_fixed:
        return np.array([squares / n])
    inverse = 1.0 / (n - 1)  # the arithmetic of `kernels.local_sums`, where no place dominates
    left = (squares - np.square(deviations(numbers, sums)) * (n * inverse)) * inverse
    for i in dominating(numbers, sums):
        own = int(numbers.integers[i]) - sums.mean
        left[i] = float((sums.squares - own * own * Fraction(n, n - 1)) / (n - 1))
    return left


def dominating(numbers: Numbers, sums: Totals) -> npt.NDArray[np.int64]:
    """Return the places (two at most) that hold more than half of the sum of squared deviations."""
    return np.flatnonzero(
        2 * np.square(deviations(numbers, sums)) > float(sums.squares) * (sums.n - 1) / sums.n
    )
