"""The identity that scores must satisfy: the total is the sum of its dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr


IDENTITY_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """How well the total is the sum of its dimensions.

    Attributes
    ----------
    checked : int
        Places (year and unit) with a total and all dimensions.
    largest_error : float
        Largest absolute difference; 0 when nothing could be checked.
    violations : int
        Places that differ by more than `tolerance`.
    tolerance : float
        The largest difference allowed.
    examples : tuple
        The worst few: ``(year, unit, total, sum)``.
    """

    checked: int
    largest_error: float
    violations: int
    tolerance: float
    examples: tuple[tuple[int, str, float, float], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no place differs by more than the tolerance."""
        return self.violations == 0

    def sentence(self) -> str:
        """Return the outcome in words."""
        if self.holds:
            return (
                f"total = sum of dimensions holds in all {self.checked:,} places, "
                f"largest error {self.largest_error:.1g} (allowed {self.tolerance:g})"
            )
        shown = "; ".join(
            f"{year} {unit}: total {total:.6f}, sum {summed:.6f}"
            for year, unit, total, summed in self.examples
        )
        return (
            f"total differs from the sum of dimensions by more than {self.tolerance:g} in "
            f"{self.violations:,} of {self.checked:,} places, by up to {self.largest_error:.3g}; "
            f"worst: {shown}"
        )


def score_identity(scores: xr.Dataset, *, tolerance: float = IDENTITY_TOLERANCE) -> IdentityCheck:
    """Check that the total is the sum of its dimensions.

    Parameters
    ----------
    scores : Dataset
        With ``score(year, dimension, cell | area)`` and ``total(year, cell | area)``.
    tolerance : float
        Largest absolute difference allowed; on the published buurten of 2024 the largest is 2e-6.

    Returns
    -------
    IdentityCheck
        Places with a missing total or dimension are not checked.

    Raises
    ------
    UsageError
        When `score` or `total` is absent, or the tolerance is not positive.

    Examples
    --------
    >>> import xarray as xr
    >>> scores = xr.Dataset({"score": (("year", "dimension", "area"), [[[0.25], [0.5]]]),
    ...                      "total": (("year", "area"), [[0.75]])},
    ...                     coords={"year": [2024], "area": ["BU1"]})
    >>> score_identity(scores).sentence()
    'total = sum of dimensions holds in all 1 places, largest error 0 (allowed 1e-05)'
    """
    lacking = [name for name in ("score", "total") if name not in scores]
    if lacking:
        raise UsageError(f"score_identity: needs score and total; there is no {' and no '.join(lacking)}")
    if not tolerance > 0:
        raise UsageError(f"score_identity: tolerance is {tolerance}, it must be positive")
    unit = str(scores["total"].dims[-1])
    score = scores["score"].transpose("year", "dimension", unit)
    total = scores["total"].transpose("year", unit).values.astype(np.float64)
    summed = np.zeros(total.shape)
    for j in range(score.sizes["dimension"]):
        summed += score.isel(dimension=j).values
    error = np.abs(total - summed)
    checked = np.isfinite(error)
    error = np.where(checked, error, 0.0)
    wrong = int((error > tolerance).sum())
    examples = _worst(scores, unit, error, total, summed, min(wrong, 5))
    return IdentityCheck(int(checked.sum()), float(error.max(initial=0.0)), wrong, tolerance, examples)


def _worst(
    scores: xr.Dataset,
    unit: str,
    error: npt.NDArray[np.float64],
    total: npt.NDArray[np.float64],
    summed: npt.NDArray[np.float64],
    count: int,
) -> tuple[tuple[int, str, float, float], ...]:
    if not count:
        return ()
    places = np.argsort(-error, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(places, error.shape)
    names = _unit_names(scores, unit, columns)
    years = scores["year"].values[rows]
    return tuple(
        (int(year), name, float(total[i, j]), float(summed[i, j]))
        for year, name, i, j in zip(years, names, rows, columns, strict=True)
    )


def _unit_names(scores: xr.Dataset, unit: str, places: npt.NDArray[np.intp]) -> Sequence[str]:
    from leefraster.cells import SPATIAL_REF, grid_of

    ids = scores[unit].values[places]
    if unit == "cell" and SPATIAL_REF in scores.coords:
        return [str(code) for code in grid_of(scores).code_from_cell(ids)]
    return [str(name) for name in ids]
