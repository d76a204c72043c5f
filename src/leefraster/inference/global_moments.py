"""Moments of global statistics over all permutations of the values, or of normal values.

Every statistic is ``constant + products M + linear T + quadratic Q``, with deviations z from the mean,
``M = sum_ij w_ij z_i z_j``, ``T = sum_i a_i z_i``, ``Q = sum_i a_i z_i^2`` and the margins
``a_i = sum_j (w_ij + w_ji)`` of the weights. Taking deviations first loses no digits where the mean is large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class Powers:
    """Sums over n values of powers of their deviation from the mean.

    Attributes
    ----------
    n : int
        How many values.
    second, third, fourth : float
        Sums of z^2, z^3 and z^4.
    """

    n: int
    second: float
    third: float
    fourth: float


@dataclass(frozen=True, slots=True)
class Form:
    """A statistic as a form in M, T and Q, with its moments.

    Attributes
    ----------
    constant, products, linear, quadratic : float
        What is added, and the factors of M, T and Q.
    expected, variance : float
        Moments of the statistic; NaN where they are not defined.
    """

    constant: float
    products: float
    linear: float
    quadratic: float
    expected: float
    variance: float

    def of[T: (float, npt.NDArray[np.float64])](self, products: T, linear: T, quadratic: T) -> T:
        """Return the statistic for given M, T and Q."""
        found: T = (
            self.constant + self.products * products + self.linear * linear + self.quadratic * quadratic
        )
        return found

    def standardised(self, value: float) -> float:
        """Return the distance of a value from what is expected, in standard deviations; NaN where these are 0."""
        return (value - self.expected) / math.sqrt(self.variance) if self.variance > 0 else math.nan


def moran_moments(
    n: int, s0: float, s1: float, s2: float, kurtosis: float, *, normality: bool
) -> tuple[float, float]:
    """Return expectation and variance of Moran's I under randomisation, or under normality.

    Parameters
    ----------
    n : int
        Places with at least one neighbour.
    s0, s1, s2 : float
        Sums of the weights (`leefraster.neighbours.WeightSums`).
    kurtosis : float
        n sum z^4 / (sum z^2)^2.
    normality : bool
        Moments under normality instead; they need no kurtosis.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 2.3.
    """
    expected = -1.0 / (n - 1)
    if normality:
        square = (n * n * s1 - n * s2 + 3 * s0 * s0) / ((n - 1.0) * (n + 1.0) * s0 * s0)
    elif n < 4:
        return expected, math.nan
    else:
        first = n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0 * s0)
        second = kurtosis * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0 * s0)
        square = (first - second) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * s0 * s0)
    return expected, _or_zero(square - expected * expected, max(s1 / (s0 * s0), expected * expected))


def geary_moments(
    n: int, s0: float, s1: float, s2: float, kurtosis: float, *, normality: bool
) -> tuple[float, float]:
    """Return expectation and variance of Geary's C under randomisation, or under normality.

    The parameters are those of `moran_moments`.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, section 2.3.
    """
    if normality:
        square = ((2 * s1 + s2) * (n - 1.0) - 4 * s0 * s0) / (2 * (n + 1.0) * s0 * s0)
        return 1.0, _or_zero(square, 1.0 / n)
    if n < 4:
        return 1.0, math.nan
    first = (n - 1.0) * s1 * (n * n - 3.0 * n + 3 - (n - 1.0) * kurtosis)
    second = 0.25 * (n - 1.0) * s2 * (n * n + 3.0 * n - 6 - (n * n - n + 2.0) * kurtosis)
    third = s0 * s0 * (n * n - 3.0 - (n - 1.0) ** 2 * kurtosis)
    return 1.0, _or_zero((first - second + third) / (n * (n - 2.0) * (n - 3.0) * s0 * s0), 1.0 / n)


def product_form(
    powers: Powers, s0: float, s1: float, s2: float, *, constant: float, products: float, linear: float
) -> Form:
    """Return ``constant + products M + linear T`` with its moments over all permutations.

    With E[M] = -S0 sum z^2 / (n (n - 1)), E[T] = 0, Var[T] = sum z^2 (S2 - 4 S0^2 / n) / (n - 1) and
    Cov[T, M] = sum z^3 (4 S0^2 - n S2) / (n (n - 1) (n - 2)); Var[M] follows from that of Moran's I. This serves
    general G and join counts, whose moments it equals (Getis & Ord 1992; Cliff & Ord 1981, section 2.2).
    """
    n = powers.n
    kurtosis = n * powers.fourth / powers.second**2
    per_unit = s0 * powers.second / n  # M is I times this
    expected, variance = moran_moments(n, s0, s1, s2, kurtosis, normality=False)
    spread = _or_zero(s2 - 4 * s0 * s0 / n, s2)
    together = -powers.third * spread / ((n - 1.0) * (n - 2.0))
    parts = (
        (products * per_unit) ** 2 * variance,
        2 * products * linear * together,
        linear**2 * powers.second * spread / (n - 1),
    )
    total = _or_zero(sum(parts), sum(map(abs, parts)))
    return Form(constant, products, linear, 0.0, constant + products * per_unit * expected, total)


def linear_form(margins_squares: float, powers: Powers, factor: float) -> Form:
    """Return ``factor T`` with its moments: E = 0 and Var[T] = sum (a - mean)^2 sum z^2 / (n - 1).

    They are the same over all permutations and under normality, given the margins.
    """
    variance = factor**2 * margins_squares * powers.second / (powers.n - 1)
    return Form(0.0, 0.0, factor, 0.0, 0.0, variance)


def _or_zero(variance: float, scale: float) -> float:
    """A variance that is nothing but rounding beside the terms it is made of is none."""
    return 0.0 if variance <= ROUNDING * scale else variance
