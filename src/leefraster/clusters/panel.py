"""The panel: what the search for clusters needs of the scores, checked, as plain arrays by year and cell."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, from_raster, grid_of
from leefraster.changes.years import with_years
from leefraster.errors import INSIDE, InputError, LeefrasterWarning, UsageError
from leefraster.grid import Grid
from leefraster.scoring.urbanity_classes import known_classes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINIMUM_YEARS = 3
LARGEST = 1e100  # level, dwellings, error or score in size: their products add up to numbers
AREA_LEVELS = ("neighbourhood", "district", "municipality")


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Levels and weights of the cells of one grid over the measurement years.

    Attributes
    ----------
    grid : Grid
        Grid of the cells.
    cells : ndarray of int64, (cell,)
        Sorted cell ids.
    years : ndarray of int64, (year,)
        Measurement years, ascending.
    level : ndarray, (year, cell)
        Absolute levels; NaN is missing.
    dwellings : ndarray, (year, cell)
        Dwellings; missing ones are 0.
    error : ndarray or None, (year, cell)
        Standard error of the levels.
    urbanity : ndarray or None, (cell,)
        Urbanity class of the latest year, NaN where unknown.
    scores : dict of str to ndarray, (cell,)
        Contribution of each dimension in the latest year.
    areas : dict of str to ndarray of str, (cell,)
        Code of the area that a cell lies in, by level of area.
    """

    grid: Grid
    cells: Ints
    years: Ints
    level: Floats
    dwellings: Floats
    error: Floats | None = None
    urbanity: Floats | None = None
    scores: dict[str, Floats] = field(default_factory=dict)
    areas: dict[str, npt.NDArray[np.str_]] = field(default_factory=dict)

    @property
    def weights(self) -> Floats:
        """Dwellings of the latest year, (cell,)."""
        weights: Floats = self.dwellings[-1]
        return weights

    def at(self, where: npt.NDArray[np.bool_] | slice) -> Panel:
        """Return the panel of some of its cells."""
        return replace(
            self,
            cells=self.cells[where],
            level=self.level[:, where],
            dwellings=self.dwellings[:, where],
            error=None if self.error is None else self.error[:, where],
            urbanity=None if self.urbanity is None else self.urbanity[where],
            scores={name: values[where] for name, values in self.scores.items()},
            areas={name: codes[where] for name, codes in self.areas.items()},
        )

    @property
    def latest(self) -> Panel:
        """The levels and dwellings of the latest year alone."""
        return Panel(self.grid, self.cells, self.years[-1:], self.level[-1:], self.dwellings[-1:])

    @classmethod
    def joined(cls, parts: Sequence[Panel]) -> Panel:
        """Return the panel of parts whose cells follow on each other."""
        first = parts[0]
        error, urbanity = [part.error for part in parts], [part.urbanity for part in parts]
        return replace(
            first,
            cells=np.concatenate([part.cells for part in parts]),
            level=np.concatenate([part.level for part in parts], axis=1),
            dwellings=np.concatenate([part.dwellings for part in parts], axis=1),
            error=None
            if first.error is None
            else np.concatenate([e for e in error if e is not None], axis=1),
            urbanity=None
            if first.urbanity is None
            else np.concatenate([u for u in urbanity if u is not None]),
            scores={name: np.concatenate([part.scores[name] for part in parts]) for name in first.scores},
            areas={name: np.concatenate([part.areas[name] for part in parts]) for name in first.areas},
        )


def panel_of(scores: xr.Dataset) -> Panel:
    """Return the checked panel of a scores Dataset over `year` and `cell` (or `y` and `x`).

    Raises
    ------
    UsageError
        When the scores are no Dataset, or lack levels (and a reference to compute them), dwellings, or at least
        three years.
    InputError
        When years or cells repeat, years are no whole numbers or lie in the future, levels are infinite or no
        numbers, dwellings negative, urbanity is none of the classes 1 to 5, or a level, a number of dwellings, an
        error or a score is larger than 1e100 in size.
    """
    if not isinstance(scores, xr.Dataset):
        raise UsageError(
            f"structural clusters need scores as a Dataset, with levels and dwellings; given is a "
            f"{type(scores).__name__}"
        )
    data = _ordered(scores)
    level = _by_year(data, _level(data))
    _refuse_large(level, "levels")
    return Panel(
        grid=grid_of(data),
        cells=data[CELL].values.astype(np.int64),
        years=data["year"].values.astype(np.int64),
        level=level,
        dwellings=_dwellings(data),
        error=_error(data),
        urbanity=_urbanity(data),
        scores=_latest_scores(data),
        areas={name: data[name].values.astype(str) for name in AREA_LEVELS if name in data},
    )


def _refuse_large(values: Floats, what: str) -> None:
    """Refuse infinite values, and those whose sums, products and differences may be none."""
    if (beyond := np.abs(values) > LARGEST).any():
        if infinite := int(np.isinf(values).sum()):
            raise InputError(f"structural clusters: {infinite} {what} are infinite")
        raise InputError(
            f"structural clusters: {int(beyond.sum())} {what} are larger than {LARGEST:g} in size, first "
            f"{values[beyond][0]:g}; their sums and differences would be no numbers. Correct them"
        )


def _ordered(scores: xr.Dataset) -> xr.Dataset:
    """Return the scores over sorted cells and years, neither repeated."""
    data = from_raster(scores) if CELL not in scores.dims and {"y", "x"} <= set(scores.dims) else scores
    if CELL not in data.dims:
        raise UsageError(
            f"structural clusters need scores over 'cell', or 'y' and 'x'; these have {tuple(data.dims)}"
        )
    years = data.sizes.get("year", 1)
    if "year" not in data.dims or years < MINIMUM_YEARS:
        raise UsageError(
            f"structural clusters need at least {MINIMUM_YEARS} measurement years; the scores have {years}"
        )
    data = with_years(data, "structural clusters")
    unique, counts = np.unique(data[CELL].values, return_counts=True)
    if unique.size < data.sizes[CELL]:
        first = ", ".join(str(label) for label in unique[counts > 1][:10])
        raise InputError(f"structural clusters: cell repeats; first: {first}")
    data = in_order(data, CELL)
    warn_of_versions(data)
    return data


def warn_of_versions(data: xr.Dataset) -> None:
    """Say so when the levels are of several versions of the model."""
    if "version" not in data:
        return
    versions = sorted({str(version) for version in np.atleast_1d(data["version"].values)})
    if len(versions) > 1:
        warnings.warn(
            f"structural clusters: levels of versions {', '.join(versions)} are compared; a change of version is "
            "no change of the place",
            LeefrasterWarning,
            skip_file_prefixes=INSIDE,
        )


def in_order[T: (xr.Dataset, xr.DataArray)](data: T, name: str) -> T:
    """Return data with ascending labels along a dimension; as it is, without a copy, where they are."""
    return data.sortby(name) if (np.diff(data[name].values) < 0).any() else data


def _level(data: xr.Dataset) -> xr.DataArray:
    """Return the level, or the total plus the reference of its year; never a deviation in its place."""
    if "level" in data:
        return data["level"]
    if "total" in data and "reference" in data:
        return data["total"].astype(np.float64) + data["reference"]
    lacking = "'reference' (national mean by year)" if "total" in data else "'total' and 'reference'"
    raise UsageError(
        f"structural clusters need absolute levels: the scores have no 'level', "
        f"and no {lacking} to compute it"
    )


def _by_year(data: xr.Dataset, variable: xr.DataArray) -> Floats:
    """Return a variable over ([year,] cell) as (year, cell)."""
    _refuse_text(variable)
    extra = [str(dim) for dim in variable.dims if dim not in ("year", CELL)]
    if extra:
        raise InputError(f"{variable.name} has dimension {', '.join(extra)}; wanted are year and cell")
    if "year" not in variable.dims:
        variable = variable.expand_dims(year=data["year"].values)
    return np.array(variable.transpose("year", CELL).values, dtype=np.float64, order="C")


def _refuse_text(variable: xr.DataArray) -> None:
    if variable.dtype.kind not in "fiub":
        raise InputError(f"{variable.name} is of type {variable.dtype}; it must be numbers, missing is NaN")


def _dwellings(data: xr.Dataset) -> Floats:
    if "dwellings" not in data:
        raise UsageError("structural clusters need weights: the scores have no 'dwellings'; join them first")
    _refuse_negative(data["dwellings"], "missing and suppressed numbers are NaN")
    return np.nan_to_num(_by_year(data, data["dwellings"]), nan=0.0)


def _error(data: xr.Dataset) -> Floats | None:
    if "level_error" not in data:
        return None
    _refuse_negative(data["level_error"], "standard errors are 0 or more")
    return _by_year(data, data["level_error"])


def _refuse_negative(variable: xr.DataArray, rule: str) -> None:
    _refuse_text(variable)
    values = np.asarray(variable.values, dtype=np.float64)
    wrong = (values < 0) | np.isinf(values)
    if wrong.any():
        raise InputError(
            f"{variable.name}: {int(wrong.sum())} of {values.size} values are negative or infinite, "
            f"first {values[wrong][0]:g}; {rule}"
        )
    _refuse_large(values, f"values of {variable.name}")


def _urbanity(data: xr.Dataset) -> Floats | None:
    return known_classes(_latest(data["urbanity"])) if "urbanity" in data else None


def _latest(variable: xr.DataArray) -> Floats:
    latest = variable.isel(year=-1) if "year" in variable.dims else variable
    _refuse_text(latest)
    return np.asarray(latest.transpose(CELL).values, dtype=np.float64)


def _latest_scores(data: xr.Dataset) -> dict[str, Floats]:
    if "score" not in data or "dimension" not in data["score"].dims:
        return {}
    score = data["score"]
    found = {
        str(name): _latest(score.isel(dimension=position))
        for position, name in enumerate(data["dimension"].values)
    }
    for name, values in found.items():
        _refuse_large(values, f"scores of dimension {name!r}")
    return found
