"""Blocks of places that are left out together: municipalities where known, else squares of 10 km."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError
from leefraster.questions.question import Unanswerable

Blocks = Literal["municipality", "squares"]


def default_blocks(scores: xr.Dataset) -> Blocks:
    """Return municipalities when at least half of the units have a code, else squares."""
    if (
        "municipality" in scores
        and (np.asarray(scores["municipality"].values).astype("U") != "").mean() >= 0.5
    ):
        return "municipality"
    return "squares"


def block_numbers(scores: xr.Dataset, kind: Blocks, side: float) -> tuple[npt.NDArray[np.int64], int]:
    """Return the block of every unit, numbered from 0, and the number of blocks.

    A unit without a municipality belongs to the square that it lies in, together with others like it.

    Parameters
    ----------
    scores : Dataset
        With `municipality` (unit), or coordinates `x` and `y` (unit) in metres.
    kind : {"municipality", "squares"}
        What a block is.
    side : float
        Side of the squares, in metres.

    Raises
    ------
    UsageError
        When `kind` is another word, or the side is not positive.
    InputError
        When a coordinate is needed and not finite.
    Unanswerable
        When the Dataset lacks what the blocks are made of.
    """
    import pandas as pd

    if kind not in ("municipality", "squares"):
        raise UsageError(f"blocks is {kind!r}; allowed are 'municipality' and 'squares'")
    if not side > 0:
        raise UsageError(f"block_side is {side:g}; it must be positive (metres)")
    codes = _municipalities(scores) if kind == "municipality" else None
    if codes is None or (codes == "").any():
        squares = _squares(scores, side)
        codes = squares if codes is None else np.where(codes == "", squares, codes)
    numbers, found = pd.factorize(codes.astype(object), sort=True)
    return numbers.astype(np.int64), len(found)


def _municipalities(scores: xr.Dataset) -> npt.NDArray[np.str_]:
    if "municipality" not in scores:
        raise Unanswerable(
            "de gemeentecodes (municipality) ontbreken, waarmee de onzekerheid wordt bepaald",
            "the municipality codes (municipality) are missing, from which the uncertainty is found",
        )
    return np.asarray(scores["municipality"].values).astype("U")


def _squares(scores: xr.Dataset, side: float) -> npt.NDArray[np.str_]:
    if "x" not in scores.coords or "y" not in scores.coords:
        raise Unanswerable(
            "gemeentecodes (municipality) en coördinaten (x, y) ontbreken, waarmee de onzekerheid wordt "
            "bepaald",
            "municipality codes (municipality) and coordinates (x, y) are missing, from which the "
            "uncertainty "
            "is found",
        )
    x, y = (np.asarray(scores[name].values, dtype=float) for name in ("x", "y"))
    lost = ~(np.isfinite(x) & np.isfinite(y))
    if lost.any():
        raise InputError(f"scores: {int(lost.sum())} of {lost.size} units lack a finite x or y (metres)")
    column, row = np.floor(x / side).astype(np.int64), np.floor(y / side).astype(np.int64)
    # One number a square, written out, so that squares and codes can stand in one array.
    return (row * 1_000_003 + column).astype("U20")
