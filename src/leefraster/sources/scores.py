"""Rows of scores, from any table, to the Dataset of scores that everything above works on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.sources.files import FileOptions
from leefraster.sources.longtable import Keys, LongTable, Paths, read_long
from leefraster.sources.missing import Quality, counts
from leefraster.sources.tables import locate
from leefraster.table.arrange import Arranged, arrange, placed_dims, store_as, year_coordinate
from leefraster.table.columns import years_of
from leefraster.table.place import cell_namer

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid


DIMENSION_NAMES = {
    "won": "housing stock",
    "fys": "physical environment",
    "vrz": "amenities",
    "soc": "social cohesion",
    "onv": "nuisance and insecurity",
}
_CONSTANT = 2e-4
_UNITS = {"units": "score"}
_SCORE = {"long_name": "contribution of the dimension to the total", **_UNITS}
_TOTAL = {"long_name": "liveability, deviation from the national mean", **_UNITS}
_LEVEL = {"long_name": "liveability, absolute level", **_UNITS}
_REFERENCE = {"long_name": "national mean level", **_UNITS}


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """Which columns hold what, in a table of scores."""

    dimensions: Mapping[str, str]
    total: str
    level: str | None = None
    version: str | None = None

    def values(self) -> dict[str, str]:
        """Return the numeric columns by the names they get here."""
        named = {f"score {code}": column for code, column in self.dimensions.items()}
        return named | {"total": self.total} | ({"level": self.level} if self.level else {})


def read_score_rows(
    path: Paths,
    keys: Keys,
    columns: ScoreColumns,
    *,
    grid: Grid | None,
    missing: Mapping[str, str] | None,
    options: FileOptions,
    where: Mapping[str, str] | None = None,
    point: Mapping[str, str] | None = None,
) -> LongTable:
    """Read the rows of a table of scores; `point` names columns `x` and `y` to take along for areas."""
    words = {"version": columns.version} if columns.version else {}
    point = dict(point or {})
    return read_long(
        path,
        keys,
        columns.values() | point,
        grid=grid,
        words=words,
        where=where,
        missing=missing,
        signed=list(point),
        options=options,
    )


def place_scores(
    long: LongTable,
    keys: Keys,
    columns: ScoreColumns,
    grid: Grid,
    *,
    drop_outside: bool = False,
    references: Mapping[int, float] | None = None,
) -> xr.Dataset:
    """Place rows of scores on a grid, as the Dataset that `read_scores` describes."""
    from leefraster.cells import CELL, cell_coordinates

    cells, inside = locate(long, keys, grid, drop_outside)
    years = years_of(long.table, keys.year, long.source)
    assert years is not None, "scores have years"
    placed = arrange(cells, years[inside], cell_namer(grid), long.source)
    scores = scores_dataset(long.rows(inside), placed, columns, CELL, references)
    attrs = {"source": long.source, "rows": int(inside.size), "dropped_outside": int((~inside).sum())}
    return scores.assign_coords(cell_coordinates(grid, placed.units)).assign_attrs(attrs)


def scores_dataset(
    long: LongTable,
    placed: Arranged,
    columns: ScoreColumns,
    unit: str,
    references: Mapping[int, float] | None,
) -> xr.Dataset:
    """Build the Dataset of scores over `year`, `dimension` and the unit, without the unit's coordinates."""
    import xarray as xr

    codes = list(columns.dimensions)
    dims = placed_dims(placed, unit)
    score, quality = _by_dimension(long, placed, codes)
    total = placed.spread(long.values["total"], np.nan)
    level = placed.spread(long.values["level"], np.nan) if columns.level else None
    reference = _reference(placed, total, level, references, long.source)
    if level is None and references:
        level = total + reference[:, None]
    state = placed.spread(long.quality["total"], np.int8(Quality.MISSING))
    _warn_empty_years(total, placed, long.source)
    data: dict[str, Any] = {
        "score": (("year", "dimension", unit), score, _SCORE | counts(quality)),
        "total": (dims, store_as(total, "float32", "total", long.source), _TOTAL | counts(state)),
    }
    if level is not None:
        data["level"] = (dims, store_as(level, "float32", "level", long.source), _LEVEL)
    if np.isfinite(reference).all():
        data["reference"] = ("year", reference, _REFERENCE)
    names = [DIMENSION_NAMES.get(code, code) for code in codes]
    coords = {**year_coordinate(placed), "dimension": codes, "dimension_name": ("dimension", names)}
    if columns.version:
        coords["version"] = ("year", _versions(long, placed), {"long_name": "version of the model"})
    return xr.Dataset(data, coords=coords)


def _by_dimension(
    long: LongTable, placed: Arranged, codes: Sequence[str]
) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.int8]]:
    """Return scores and their quality over year, dimension and unit, one dimension at a time."""
    years, units = placed.shape
    score = np.empty((years, len(codes), units), np.float32)
    quality = np.empty(score.shape, np.int8)
    for j, code in enumerate(codes):
        name = f"score {code}"
        spread = placed.spread(long.values[name], np.nan)
        score[:, j] = store_as(spread, "float32", name, long.source)
        quality[:, j] = placed.spread(long.quality[name], np.int8(Quality.MISSING))
    return score, quality


def _reference(
    placed: Arranged,
    total: npt.NDArray[np.float64],
    level: npt.NDArray[np.float64] | None,
    references: Mapping[int, float] | None,
    source: str,
) -> npt.NDArray[np.float64]:
    """Return the national mean a year: as given, else level minus total where that is one number."""
    years = placed.years
    assert years is not None, "scores have years"
    if references:
        lacking = [str(year) for year in years if int(year) not in references]
        if lacking:
            raise UsageError(
                f"{source}: references are given, but not for {', '.join(lacking)}; give every year, or none"
            )
        return np.array([references[int(year)] for year in years], dtype=float)
    if level is None:
        return np.full(years.size, np.nan)
    return np.array([_one_number(row) for row in level - total])


def _one_number(differences: npt.NDArray[np.float64]) -> float:
    held = differences[np.isfinite(differences)]
    if not held.size or float(np.ptp(held)) > _CONSTANT:
        return float("nan")
    return float(np.round(np.median(held), 6))


def _warn_empty_years(total: npt.NDArray[np.float64], placed: Arranged, source: str) -> None:
    assert placed.years is not None, "scores have years"
    empty = placed.years[~np.isfinite(total).any(axis=1)]
    if empty.size:
        shown = ", ".join(map(str, empty))
        warnings.warn(f"{source}: year {shown} holds no total at all", LeefrasterWarning, stacklevel=4)


def _versions(long: LongTable, placed: Arranged) -> list[str]:
    words = long.words["version"]
    spread = placed.spread(words.place, -1)
    found = []
    assert placed.years is not None, "scores have years"
    for year, row in zip(placed.years, spread, strict=True):
        held = np.unique(words.vocabulary[np.unique(row)])
        held = held[held != ""]
        if held.size > 1:
            raise InputError(
                f"{long.source}: year {year} mixes versions {', '.join(held)}; read one version at a time"
            )
        found.append(str(held[0]) if held.size else "")
    if len(set(found)) > 1:
        said = ", ".join(f"{year}: {name or 'none'}" for year, name in zip(placed.years, found, strict=True))
        warnings.warn(
            f"{long.source}: the version differs between years ({said}), so that scores may not compare",
            LeefrasterWarning,
            stacklevel=5,
        )
    return found
