"""How much a cell counts by its distance: kernels, and their weights by row and column offset."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError

Kernel = Literal["gaussian", "exponential", "bisquare", "triangular"]
Floats = npt.NDArray[np.float64]

# Weight by distance over bandwidth, and how many bandwidths it reaches where no cutoff is given.
_KERNELS: dict[str, tuple[Callable[[Floats], Floats], float]] = {
    "gaussian": (lambda u: np.exp(-0.5 * u * u), 3.0),
    "exponential": (lambda u: np.exp(-u), 5.0),
    "bisquare": (lambda u: np.square(np.maximum(1 - u * u, 0.0)), 1.0),
    "triangular": (lambda u: np.maximum(1 - u, 0.0), 1.0),
}


def decay_weights(
    bandwidth: float, kernel: str, cutoff: float | None, cell: float
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the weights by row and column offset (from 0), and how many columns each row reaches.

    Raises
    ------
    UsageError
        When the kernel is unknown, bandwidth or cutoff are not positive and finite, or no neighbour is reached.
    """
    if kernel not in _KERNELS:
        raise UsageError(f"kernel is {kernel!r}; allowed are {', '.join(map(repr, get_args(Kernel)))}")
    for name, value in (("bandwidth", bandwidth), ("cutoff", cutoff)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} is {value}, it must be positive and finite (metres)")
    weight, usual = _KERNELS[kernel]
    limit = usual * bandwidth if cutoff is None else float(cutoff)
    squared = math.floor((limit / cell) ** 2 * (1 + 1e-12))
    reach = np.array([math.isqrt(squared - dy * dy) for dy in range(math.isqrt(squared) + 1)], dtype=np.int64)
    if reach[0] == 0:
        raise UsageError(
            f"a decay of {bandwidth:g} m reaches {limit:g} m, no neighbouring centre of {cell:g} m cells; widen it"
        )
    away = np.hypot(*np.meshgrid(np.arange(reach.size), np.arange(reach[0] + 1), indexing="ij")) * cell
    return weight(away / bandwidth), reach
