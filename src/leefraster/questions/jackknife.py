"""Intervals for differences of means and for shares of them, by leaving out one block of places at a time.

Scores of neighbouring cells are alike, so cells are no independent observations; whole blocks
(municipalities, or squares of 10 km) nearly are. The delete-one-block jackknife (Efron & Stein 1981; Busing,
Meijer & Van der Leeden 1999) needs no random numbers. The interval of a share, a ratio of two estimates, is
Fieller's (1954): it is bounded exactly when its denominator differs from zero at the same confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BlockMeans:
    """Weighted means of some columns, and the same with every block left out in turn.

    Attributes
    ----------
    means : ndarray, shape (columns,)
        Weighted mean of every column over all units.
    without : ndarray, shape (blocks, columns)
        The same without one block.
    blocks : ndarray of int64, shape (columns,)
        Number of blocks with weight in the column.
    effective : ndarray, shape (columns,)
        Effective number of them: (sum of block weights)^2 / sum of squares, which large blocks lower.
    """

    means: Floats
    without: Floats
    blocks: Ints
    effective: Floats


def block_means(columns: list[tuple[Floats, Floats]], block: Ints, n_blocks: int) -> BlockMeans:
    """Compute weighted means and their leave-one-block-out values.

    Parameters
    ----------
    columns : list of (values, weights), each ndarray of shape (units,)
        A unit takes part in a column where its weight is above zero; its value is finite there.
    block : ndarray of int64, shape (units,)
        Block of every unit, 0 to `n_blocks` - 1.
    n_blocks : int
        Number of blocks.
    """
    weight, amount = np.empty((n_blocks, len(columns))), np.empty((n_blocks, len(columns)))
    for column, (values, weights) in enumerate(columns):
        kept = weights > 0
        inside = block[kept]
        weight[:, column] = np.bincount(inside, weights=weights[kept], minlength=n_blocks)
        amount[:, column] = np.bincount(inside, weights=weights[kept] * values[kept], minlength=n_blocks)
    total, summed = weight.sum(axis=0), amount.sum(axis=0)
    filled = np.where(total > 0, total, np.nan)
    rest = total - weight
    # What is left of one single block is rounding, no weight.
    rest = np.where(rest > 1e-9 * total, rest, np.nan)
    effective = filled**2 / np.where(total > 0, (weight**2).sum(axis=0), np.nan)
    return BlockMeans(summed / filled, (summed - amount) / rest, (weight > 0).sum(axis=0), effective)


def covariance(without: Floats) -> Floats:
    """Return the jackknife covariance of estimates from leave-one-out values, shape (blocks, estimates)."""
    n_blocks = without.shape[0]
    centred = without - without.mean(axis=0)
    # Summed here and not by a matrix product, whose last bits may depend on the number of threads.
    products = (centred[:, :, None] * centred[:, None, :]).sum(axis=0)
    scaled: Floats = (n_blocks - 1) / n_blocks * products
    return scaled


def critical_value(effective_blocks: float, confidence: float) -> float:
    """Return Student's two-sided critical value; its freedom is the effective number of blocks less one."""
    from scipy.special import stdtrit

    return float(stdtrit(max(effective_blocks - 1.0, 1.0), 0.5 + confidence / 2))


def interval(estimate: float, variance: float, critical: float) -> Interval:
    """Return the symmetric interval of an estimate."""
    half = critical * float(np.sqrt(variance))
    return Interval(estimate, estimate - half, estimate + half)


def ratio_interval(numerator: float, denominator: float, covariances: Floats, critical: float) -> Interval:
    """Return the ratio of two estimates with Fieller's interval.

    Parameters
    ----------
    numerator, denominator : float
        The estimates.
    covariances : ndarray, shape (2, 2)
        Their covariance, numerator first.
    critical : float
        Critical value.

    Returns
    -------
    Interval
        Limits are minus and plus infinity where the denominator does not differ from zero.

    Examples
    --------
    >>> ratio_interval(1.0, 2.0, np.zeros((2, 2)), 1.96)
    Interval(estimate=0.5, low=0.5, high=0.5)
    >>> ratio_interval(1.0, 2.0, np.eye(2) * 4.0, 1.96).high
    inf
    """
    (var_n, cov), (_, var_d) = covariances
    square = critical**2
    a = denominator**2 - square * float(var_d)
    if a <= 0:
        return Interval(numerator / denominator if denominator else np.nan, -np.inf, np.inf)
    b = numerator * denominator - square * float(cov)
    c = numerator**2 - square * float(var_n)
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    return Interval(numerator / denominator, (b - root) / a, (b + root) / a)
