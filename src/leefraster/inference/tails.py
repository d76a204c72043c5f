"""The tails of a neighbour sum by the inference asked for."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from leefraster.inference.exact import exact_tails
from leefraster.inference.numbers import Numbers, Totals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Inference = Literal["exact", "normal"]
INFERENCES = ("exact", "normal")


def sum_tails(
    inference: str, numbers: Numbers, sums: Totals, observed: Ints, counts: Ints, own_fixed: bool, z: Floats
) -> tuple[Floats, Floats, float]:  # fmt: skip
    """Return P(S >= s), P(S <= s) and the reported error for the sums of all places.

    `z` are the standardised sums, from which the normal approximation is taken; NaN where there is no sum.
    """
    if inference == "normal":
        return ndtr(-z), ndtr(z), float("nan")
    return exact_tails(numbers, sums, observed, counts, own_fixed=own_fixed)
