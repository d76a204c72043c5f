"""Controlled rounding of counts in a tree of totals: every figure within its base, and sums that add up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.disclosure.tree import Tree
from leefraster.errors import InputError

Ints = npt.NDArray[np.int64]


def round_in_tree(counts: npt.NDArray[np.float64], tree: Tree, base: int) -> npt.NDArray[np.float64]:
    """Round counts to multiples of a base, from the top down, so that parts add up to their rounded whole.

    The top is rounded to the nearest multiple (halves up). Of each whole, all parts are rounded down; the
    multiples still lacking go to the parts with the largest remainders, ties to the first. Every figure moves
    by less than the base, whatever the depth, and the same figures give the same result.

    Parameters
    ----------
    counts : ndarray, shape (n,)
        Whole numbers of at least 0; NaN is missing and stays so. A whole must be the sum of its parts.
    tree : Tree
        Which unit is part of which.
    base : int
        At least 1.

    Raises
    ------
    InputError
        When a count is negative or no whole number, or a whole is not the sum of its parts.
    """
    known = ~np.isnan(counts)
    if (counts[known] < 0).any() or (counts[known] != np.floor(counts[known])).any():
        raise InputError("counts to be rounded must be whole numbers of at least 0; missing is NaN")
    rounded = counts.copy()
    for parent in (-1, *tree.from_the_top()):
        parts = tree.parts(parent)
        parts = parts[known[parts]]
        if parts.size == 0:
            continue
        if parent < 0:
            rounded[parts] = np.floor(counts[parts] / base + 0.5) * base
            continue
        if not known[parent] or not known[tree.parts(parent)].all():
            rounded[parts] = np.floor(counts[parts] / base + 0.5) * base
            continue
        if counts[parts].sum() != counts[parent]:
            raise InputError(
                f"{tree.names[parent]}: its {parts.size} parts add up to {counts[parts].sum():g}, it counts "
                f"{counts[parent]:g}; a table whose parts do not add up cannot be rounded so that they do"
            )
        rounded[parts] = _share_out(counts[parts].astype(np.int64), int(rounded[parent]), base)
    return rounded


def _share_out(counts: Ints, whole: int, base: int) -> Ints:
    """Round parts down, and up where the whole asks for it: largest remainder first."""
    down = counts // base
    lacking = whole // base - int(down.sum())
    order = np.argsort(-(counts - down * base), kind="stable")
    down[order[:lacking]] += 1
    return down * base
