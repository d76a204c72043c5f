"""Moments of Moran's I over all permutations (Cliff & Ord 1981)."""

from __future__ import annotations


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
    """
    expected = -1.0 / (n - 1)
    if normality:
        square = (n * n * s1 - n * s2 + 3 * s0 * s0) / ((n - 1.0) * (n + 1.0) * s0 * s0)
        return expected, square - expected * expected
    if n < 4:
        return expected, float("nan")
    first = n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0 * s0)
    second = kurtosis * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0 * s0)
    square = (first - second) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * s0 * s0)
    return expected, square - expected * expected
