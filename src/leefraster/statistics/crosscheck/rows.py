"""Rows of the comparison: values that must be equal, and p-values that may differ by the error of permutations."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Row = dict[str, Any]
STANDARD_ERRORS = 3


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work returns, and the seconds it took."""
    begin = time.perf_counter()
    return work(), time.perf_counter() - begin


def of_esda(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return esda's result and the seconds it took, without its warnings.

    It uses what pandas will drop, and divides by the spread of islands, which have none.
    """
    with warnings.catch_warnings(action="ignore"):
        return timed(work)


def value_row(statistic: str, ours: npt.ArrayLike, esda: npt.ArrayLike, seconds: tuple[float, float]) -> Row:
    """Return the row of a statistic: both values where they differ most."""
    mine, theirs = np.atleast_1d(np.asarray(ours, float)), np.atleast_1d(np.asarray(esda, float))
    worst = int(np.nanargmax(np.abs(mine - theirs)))
    return {
        "statistic": statistic,
        "ours": float(mine[worst]),
        "esda": float(theirs[worst]),
        "largest_difference": float(abs(mine[worst] - theirs[worst])),
        "share_within": np.nan,
        "seconds_ours": seconds[0],
        "seconds_esda": seconds[1],
    }


def p_row(
    statistic: str,
    ours: npt.NDArray[np.float64],
    sampled: npt.ArrayLike,
    seconds: tuple[float, float],
    permutations: int,
    *,
    sides: int = 2,
) -> Row:
    """Return the row of a p: the share of cells in which it lies within three binomial errors of esda's."""
    theirs = np.asarray(sampled, float)
    row = value_row(statistic, ours, theirs, seconds)
    # a one-sided share of R draws (twice it, if two-sided), plus what (1 + r) / (1 + R) and ties may add
    share = np.clip(ours / sides, 1 / (permutations + 1), None)
    error = sides * np.sqrt(share * np.maximum(1 - share, 0) / permutations)
    within = np.abs(theirs - ours) <= STANDARD_ERRORS * error + 2 * sides / (permutations + 1)
    row["share_within"] = float(np.mean(within))
    return row
