"""The change of a level in parts: the dimensions, the shift of the national mean, and the rest."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.changes.years import YEAR
from leefraster.errors import INSIDE, LeefrasterWarning

Floats = npt.NDArray[np.float64]
MOST_REST = 1e-3  # more than rounding of published figures


@dataclass(frozen=True, slots=True)
class Parts:
    """What the change of each unit's level is made of.

    Attributes
    ----------
    dimensions : tuple of str
        Their codes; empty when there are none.
    by_dimension : ndarray, shape (dimensions, units)
        Change of each contribution; NaN where it is missing.
    level : ndarray, shape (units,)
        Change of the level.
    national : float
        Shift of the national mean; NaN without dimensions.
    """

    dimensions: tuple[str, ...]
    by_dimension: Floats
    level: Floats
    national: float

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which units have a change of the level and of every dimension."""
        held: npt.NDArray[np.bool_] = ~np.isnan(self.level) & ~np.isnan(self.by_dimension).any(axis=0)
        return held

    @property
    def rest(self) -> Floats:
        """What the dimensions and the national mean leave of each change, NaN where unknown."""
        out: Floats = self.level - self.by_dimension.sum(axis=0) - self.national
        return out


def parts_of(data: xr.Dataset, changed: xr.Dataset, start: int, end: int, unit: str) -> Parts:
    """Divide the changes of levels; the national shift comes from `reference`, else it is the median remainder.

    Warns
    -----
    LeefrasterWarning
        When a unit's rest is more than rounding.
    """
    level = changed["level_change"].transpose(unit).values.astype(np.float64)
    if "score_change" not in changed:
        return Parts((), np.empty((0, level.size)), level, float("nan"))
    score = changed["score_change"].transpose("dimension", unit)
    by_dimension = score.values.astype(np.float64)
    remainder = level - by_dimension.sum(axis=0)
    parts = Parts(
        tuple(str(name) for name in score["dimension"].values),
        by_dimension,
        level,
        _national(data, remainder, start, end),
    )
    _warn_of_rest(parts)
    return parts


def leading_of(parts: Parts, direction: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Return per unit 1.. for the dimension that pulls most its way, one more for "national", 0 for none."""
    signed = np.where(parts.known & (direction != 0), parts.by_dimension * direction, -np.inf)
    first = signed.argmax(axis=0) + 1
    codes = np.where(signed.max(axis=0) > 0, first, len(parts.dimensions) + 1)
    return np.where(parts.known & (direction != 0), codes, 0).astype(np.int8)


def _national(data: xr.Dataset, remainder: Floats, start: int, end: int) -> float:
    if "reference" in data and data["reference"].dims == (YEAR,):
        shift = float(data["reference"].sel({YEAR: end})) - float(data["reference"].sel({YEAR: start}))
        if np.isfinite(shift):
            return shift
    held = remainder[~np.isnan(remainder)]
    return float(np.median(held)) if held.size else float("nan")


def _warn_of_rest(parts: Parts) -> None:
    rest = np.abs(parts.rest[parts.known])
    if not rest.size or rest.max() <= MOST_REST:
        return
    warnings.warn(
        f"risers_and_fallers: in {int((rest > MOST_REST).sum())} of {rest.size} units the dimensions and the shift "
        f"of the national mean ({parts.national:.4g}) do not add up to the change of the level, at most by "
        f"{rest.max():.3g}; what is left stands in the columns 'risen_rest' and 'fallen_rest'",
        LeefrasterWarning,
        skip_file_prefixes=INSIDE,
    )
