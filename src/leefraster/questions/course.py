"""The course of a figure over ordered classes: falling, rising, flat or mixed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Course = Literal["falling", "rising", "flat", "mixed"]


def course(means: npt.ArrayLike, *, minimum_range: float, tolerance: float) -> Course:
    """Name the course of a row of means.

    Parameters
    ----------
    means : array_like of float
        Means of the classes in their order.
    minimum_range : float
        Difference between first and last, and between highest and lowest, below which nothing is concluded.
    tolerance : float
        A step in the other direction of at most this size counts as no step.

    Returns
    -------
    {"falling", "rising", "flat", "mixed"}
        Flat when highest and lowest differ by less than `minimum_range`. Falling (rising) when the last is
        lower (higher) than the first by at least `minimum_range` and no step goes the other way by more than
        `tolerance`. Mixed otherwise.

    Examples
    --------
    >>> course([0.2, 0.1, 0.1, -0.1], minimum_range=0.04, tolerance=0.0005)
    'falling'
    >>> course([0.2, 0.1, 0.3, -0.1], minimum_range=0.04, tolerance=0.0005)
    'mixed'
    """
    row = np.asarray(means, dtype=float)
    steps, net = np.diff(row), row[-1] - row[0]
    if row.max() - row.min() < minimum_range:
        return "flat"
    if net <= -minimum_range and (steps <= tolerance).all():
        return "falling"
    if net >= minimum_range and (steps >= -tolerance).all():
        return "rising"
    return "mixed"
