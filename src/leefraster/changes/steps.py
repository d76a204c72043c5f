"""Steps between states from one measurement to the next: counts, probabilities, and whether groups step alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def count_steps(
    states: npt.NDArray[np.integer],
    known: npt.NDArray[np.bool_],
    k: int,
    started: npt.NDArray[np.bool_] | None = None,
) -> Ints:
    """Return how often state i is followed by state j.

    Parameters
    ----------
    states : ndarray of int, shape (years, places)
        States 0..k-1.
    known : ndarray of bool, shape (years, places)
        Steps from or to a year without a state are not counted.
    k : int
        Number of states.
    started : ndarray of bool or None, shape (years, places)
        Count only steps that start where this holds.
    """
    both = known[:-1] & known[1:]
    if started is not None:
        both &= started[:-1]
    code = states[:-1][both].astype(np.int64) * k + states[1:][both]
    return np.bincount(code, minlength=k * k).reshape(k, k)


def probabilities(counts: Ints) -> Floats:
    """Return the share of each state's steps that lead to each state; NaN for a state that was never left."""
    total = counts.sum(axis=-1, keepdims=True).astype(float)
    share = np.full(counts.shape, np.nan)
    np.divide(counts, total, out=share, where=total > 0)
    return share


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """Whether groups step alike (Bickenbach & Bode 2003): Pearson's and the likelihood-ratio statistic."""

    pearson: float
    pearson_p: float
    likelihood_ratio: float
    likelihood_ratio_p: float
    degrees_of_freedom: int


def homogeneity(counts: Ints) -> Homogeneity:
    """Test that all groups have the same probabilities of steps; `counts` has shape (groups, k, k).

    States that a group never leaves, and steps that no group takes, do not count for the degrees of freedom.
    """
    pooled = counts.sum(axis=0)
    p = np.nan_to_num(probabilities(pooled))
    expected = counts.sum(axis=2, keepdims=True) * p
    held = expected > 0
    pearson = float((np.square(counts - expected)[held] / expected[held]).sum())
    taken = held & (counts > 0)
    ratio = float(2 * (counts[taken] * np.log(counts[taken] / expected[taken])).sum())
    groups = (counts.sum(axis=2) > 0).sum(axis=0)
    ways = (pooled > 0).sum(axis=1)
    freedom = int((np.maximum(groups - 1, 0) * np.maximum(ways - 1, 0)).sum())
    tails = np.asarray(chi2.sf([pearson, ratio], freedom)) if freedom else np.ones(2)
    return Homogeneity(pearson, float(tails[0]), ratio, float(tails[1]), freedom)
