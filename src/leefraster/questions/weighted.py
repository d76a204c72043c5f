"""Weighted means, spread and quantiles, by group; only units with a value and a positive weight count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Relative; a cumulated weight meets a share of the total to within it: rescaled weights pick the same unit.
_ROUNDING = 1e-12


def counted(values: Floats, weights: Floats) -> Bools:
    """Return which units count: a value, and a weight above zero."""
    return np.isfinite(values) & (weights > 0)


def varies(values: Floats) -> bool:
    """Tell whether values differ by more than rounding does.

    Examples
    --------
    >>> varies(np.array([4.044, 4.044 + 4e-16])), varies(np.array([4.044, 4.045]))
    (False, True)
    """
    return values.size > 0 and bool(np.ptp(values) > _ROUNDING * np.abs(values).max())


def group_sums(amounts: Floats, group: npt.NDArray[np.int64], n_groups: int, where: Bools) -> Floats:
    """Return the sums of `amounts` by group (0 to n_groups - 1) over the units chosen by `where`."""
    return np.bincount(group[where], weights=amounts[where], minlength=n_groups).astype(np.float64)


def group_means(
    values: Floats, weights: Floats, group: npt.NDArray[np.int64], n_groups: int, where: Bools
) -> tuple[Floats, Floats]:
    """Return weighted mean and weighted standard deviation (about that mean) by group; NaN for an empty one.

    Parameters
    ----------
    values, weights : ndarray of float64, shape (units,)
        Values and non-negative weights.
    group : ndarray of int64, shape (units,)
        Group of every unit that `where` chooses.
    n_groups : int
        Number of groups.
    where : ndarray of bool, shape (units,)
        Units that may count; of these the ones without value or weight are left out.
    """
    kept = where & counted(values, weights)
    total = group_sums(weights, group, n_groups, kept)
    total[total == 0] = np.nan
    mean = group_sums(weights * values, group, n_groups, kept) / total
    deviation = np.zeros_like(values)
    deviation[kept] = values[kept] - mean[group[kept]]
    variance = group_sums(weights * deviation**2, group, n_groups, kept) / total
    return mean, np.sqrt(variance)


def quantiles(values: Floats, weights: Floats, shares: list[float]) -> Floats:
    """Return weighted quantiles: the smallest value at or below which at least that share of the weight lies.

    Examples
    --------
    >>> quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), [0.25, 0.5, 0.9]).tolist()
    [1.0, 2.0, 3.0]
    """
    kept = counted(values, weights)
    if not kept.any():
        return np.full(len(shares), np.nan)
    order = np.argsort(values[kept], kind="stable")
    cumulated = np.cumsum(weights[kept][order])
    wanted = np.array(shares) * cumulated[-1] * (1 - _ROUNDING)
    found = np.searchsorted(cumulated, wanted, side="left")
    picked: Floats = values[kept][order][np.minimum(found, order.size - 1)]
    return picked


def weighted_mean(values: Floats, weights: Floats, where: Bools | None = None) -> float:
    """Return the weighted mean over the units chosen by `where`; NaN when none counts."""
    kept = counted(values, weights) if where is None else where & counted(values, weights)
    total = float(weights[kept].sum())
    return float((weights[kept] * values[kept]).sum() / total) if total > 0 else float("nan")
