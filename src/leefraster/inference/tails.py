"""The tails of a local sum of equally weighted values by the inference asked for."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from leefraster.inference.exact import exact_tails
from leefraster.inference.numbers import Numbers, Totals
from leefraster.inference.permutation import permuted_tails

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Inference = Literal["exact", "inversion", "normal", "permutation"]
INFERENCES = ("exact", "inversion", "normal", "permutation")


def normal_tails(z: Floats) -> tuple[Floats, Floats, float]:
    """Return the tails of standardised sums under the normal approximation; its error is not known."""
    return ndtr(-z), ndtr(z), float("nan")


def sum_tails(
    inference: str,
    numbers: Numbers,
    sums: Totals,
    observed: Ints,
    counts: Ints,
    own_fixed: bool,
    z: Floats,
    places: Ints,
    permutations: int,
    seed: int,
) -> tuple[Floats, Floats, float]:
    """Return P(S >= s), P(S <= s) and the reported error for the sums of all places.

    `z` are the standardised sums, from which the normal approximation is taken; NaN where there is no sum.
    `places` are the numbers by which the random stream knows the places. For sums of equally weighted values
    `"inversion"` is `"exact"`: the exact tables are the inverted characteristic function.
    """
    if inference == "normal":
        return normal_tails(z)
    if inference == "permutation":
        upper, lower = permuted_tails(
            numbers.integers, observed, counts,
            own_fixed=own_fixed, permutations=permutations, seed=seed, places=places,
            slack=None if numbers.natural else counts,
        )  # fmt: skip
        return upper, lower, float("nan")
    return exact_tails(numbers, sums, observed, counts, own_fixed=own_fixed)
