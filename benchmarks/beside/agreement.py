"""How far results of two programs on the same cells are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from beside.works import Arrays

MIDDLE = (0.02, 0.35)  # tails where the smaller one is surely the one that was counted


def agreement(ours: Arrays, theirs: Arrays) -> dict[str, float]:
    """Compare results; what both have.

    Returns
    -------
    dict
        `I`, `z`, `sum`: the largest difference, in units of the largest of ours; `bin`: the share of cells in the
        same bin; `p_mean`, `p_sd`: mean and standard deviation of the standardised differences of the smaller
        tail, (r - R t) / sqrt(R t (1 - t)), with r of R permutations as extreme and t ours. With a right exact t
        these are near 0 and 1, up to the one random number that a program draws once for all cells.
    """
    found: dict[str, float] = {}
    for name in ("I", "z", "sum"):
        if name in ours and name in theirs:
            found[name] = _largest(ours[name], theirs[name])
    if "bin" in ours and "bin" in theirs:
        found["bin"] = float(np.mean(ours["bin"] == theirs["bin"]))
    if "drawn" in theirs and "tail" in ours:
        standardised = _standardised(ours["tail"], theirs["tail"], int(theirs["drawn"][0]))
        found["p_mean"], found["p_sd"] = float(standardised.mean()), float(standardised.std())
    return found


def _largest(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> float:
    both = np.isfinite(ours) & np.isfinite(theirs)
    return float(np.abs(ours - theirs)[both].max(initial=0.0) / np.abs(ours[both]).max(initial=1e-300))


def _standardised(tail: npt.NDArray[Any], drawn: npt.NDArray[Any], permutations: int) -> npt.NDArray[Any]:
    middle = (tail > MIDDLE[0]) & (tail < MIDDLE[1]) & np.isfinite(drawn)
    t, r = tail[middle], drawn[middle] * (permutations + 1) - 1
    standardised: npt.NDArray[Any] = (r - permutations * t) / np.sqrt(permutations * t * (1 - t))
    return standardised
