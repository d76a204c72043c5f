"""What joined numbers must be: weights, and classes of urbanity."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError

URBANITY_CLASSES = (2500.0, 1500.0, 1000.0, 500.0)


def urbanity_class(density: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the class of urbanity of an address density: 1 (2500 or more per km2) to 5 (below 500).

    Parameters
    ----------
    density : ndarray of float
        Addresses per km2 within 1 km; NaN stays NaN.

    References
    ----------
    CBS, "Stedelijkheid (van een gebied)": classes by omgevingsadressendichtheid.

    Examples
    --------
    >>> urbanity_class(np.array([2500.0, 2499.0, 499.0, np.nan])).tolist()
    [1.0, 2.0, 5.0, nan]
    """
    values = np.asarray(density, dtype=float)
    classes = np.ones(values.shape)
    for cut in URBANITY_CLASSES:
        classes += values < cut
    return np.where(np.isnan(values), np.nan, classes)


def require_urbanity(classes: npt.NDArray[Any], source: str) -> None:
    """Refuse classes of urbanity other than 1 to 5."""
    held = classes[np.isfinite(classes)]
    wrong = held[~np.isin(held, [1, 2, 3, 4, 5])]
    if wrong.size:
        raise InputError(
            f"{source}: urbanity has {wrong.size} values that are no class 1 to 5, first {wrong[0]:g}. "
            "For addresses per km2, say kind = 'density'"
        )


def require_weights(values: npt.NDArray[Any], name: str, source: str, *, fractions: bool) -> None:
    """Refuse negative numbers, and fractions in counts unless they are meant (thousands points look so)."""
    held = values[np.isfinite(values)]
    if (held < 0).any():
        raise InputError(
            f"{source}: {name} has {int((held < 0).sum())} negative values, first {held[held < 0][0]:g}"
        )
    broken = held[held != np.floor(held)]
    if broken.size and not fractions:
        raise InputError(
            f"{source}: {name} is a count, and {broken.size} of {held.size} values are no whole numbers, "
            f"first {broken[0]:g}. If these are thousands points, write the numbers without; else say "
            "fractions = true"
        )
