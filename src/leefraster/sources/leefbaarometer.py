"""The Leefbaarometer's published scores at grid level, and the identity that they must satisfy."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.sources.files import FileOptions, existing
from leefraster.sources.missing import Quality, counts
from leefraster.sources.tables import Keys, LongTable, Paths, as_paths, locate, read_long, table_columns
from leefraster.table import (
    Arranged,
    arrange,
    cell_namer,
    find_column,
    placed_dims,
    store_as,
    year_coordinate,
    years_of,
)

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.grid import Grid

DIMENSIONS = ("won", "fys", "vrz", "soc", "onv")
DIMENSION_NAMES = {
    "won": "housing stock",
    "fys": "physical environment",
    "vrz": "amenities",
    "soc": "social cohesion",
    "onv": "nuisance and insecurity",
}
TOTAL, LEVEL = "afw", "lbm"
IDENTITY_TOLERANCE = 1e-5
_KNOWN_EXTRAS = {"kscore", "kafw", "kwon", "kfys", "kvrz", "ksoc", "konv", "fid", "geom", "geometry"}
_CONSTANT = 2e-4


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


def read_scores(
    path: Paths,
    *,
    grid: Grid | None = None,
    drop_outside: bool = False,
    references: Mapping[int, float] | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    missing: Mapping[str, str] | None = None,
    final_newline: bool = True,
    layer: str | None = None,
    rows: int | None = None,
    sha256: str | None = None,
    strict: bool = False,
) -> xr.Dataset:
    r"""Read published Leefbaarometer scores of 100 m cells.

    Columns, without regard to case: `jaar`, `grid_id`, `afw` (deviation from the national mean), `won fys vrz
    soc onv` (contributions of the dimensions), and where published `lbm` (absolute level) and `versie`.

    Parameters
    ----------
    path : path or sequence of paths
        CSV files, also zipped, with separator ``,`` or ``;`` (recognised); Parquet works as well.
    grid : Grid or None
        The grid; None is ``Grid.netherlands()``.
    drop_outside : bool
        Leave out cells outside the grid, which are refused otherwise.
    references : mapping or None
        National mean level by year. With it, and no column `lbm`, level = total + reference.
    separator, encoding, decimal, final_newline, layer, rows, sha256
        How files are read and what they must be, as in `leefraster.sources.tables.read_table`.
    missing : mapping or None
        What missing codes stand for, as in `read_table`.
    strict : bool
        Refuse columns that are not known, about which a warning is given otherwise.

    Returns
    -------
    Dataset
        ``score(year, dimension, cell)``, ``total(year, cell)``, ``level(year, cell)`` where known, all
        float32 on the model's scale; ``reference(year)`` where given, or where the file's own level minus
        total is one number a year; ``version(year)`` where the file has it. Missing is NaN.

    Raises
    ------
    UsageError
        When references are given for some of the years only.
    InputError
        For all that `read_table` refuses, for several versions within a year, and in strict reading for
        unknown columns.

    Warns
    -----
    LeefrasterWarning
        When a column is unknown, a year holds no value, or the version changes between years.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "scores.csv"
    >>> _ = file.write_text(
    ...     "jaar;grid_id;afw;won;fys;vrz;soc;onv\n"
    ...     "2024;E0974N4514;.15;.01;.02;.03;.04;.05\n")
    >>> scores = read_scores(file)
    >>> dict(scores.sizes), round(float(scores["total"][0, 0]), 3)
    ({'year': 1, 'cell': 1, 'dimension': 5}, 0.15)
    """
    from leefraster.grid import Grid

    grid = grid or Grid.netherlands()
    options = FileOptions(separator, encoding, decimal, final_newline, layer, rows, sha256)
    columns = published_columns(path, options, strict=strict)
    keys = Keys(code="grid_id", year="jaar")
    long = read_score_rows(path, keys, columns, grid=grid, missing=missing, options=options)
    return place_scores(long, keys, columns, grid, drop_outside=drop_outside, references=references)


def published_columns(path: Paths, options: FileOptions, *, strict: bool = False) -> ScoreColumns:
    """Return which of the published columns a file has; the required ones must be there."""
    first = existing(as_paths(path)[0])
    present = table_columns(first, options)
    for name in ("jaar", "grid_id", TOTAL, *DIMENSIONS):
        find_column(present, name, str(first))
    folded = {name.casefold() for name in present}
    known = {"jaar", "grid_id", TOTAL, *DIMENSIONS, LEVEL, "versie", *_KNOWN_EXTRAS}
    unknown = [name for name in present if name.casefold() not in known]
    if unknown:
        said = f"{first}: unknown columns {', '.join(map(repr, unknown))}"
        if strict:
            raise InputError(f"{said}; remove them, or read without strict")
        warnings.warn(f"{said} are not read", LeefrasterWarning, stacklevel=3)
    return ScoreColumns(
        {code: code for code in DIMENSIONS},
        TOTAL,
        LEVEL if LEVEL in folded else None,
        "versie" if "versie" in folded else None,
    )


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
    if columns.version:
        data["version"] = ("year", _versions(long, placed), {"long_name": "version of the model"})
    names = [DIMENSION_NAMES.get(code, code) for code in codes]
    coords = {**year_coordinate(placed), "dimension": codes, "dimension_name": ("dimension", names)}
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


_UNITS = {"units": "score"}
_SCORE = {"long_name": "contribution of the dimension to the total", **_UNITS}
_TOTAL = {"long_name": "liveability, deviation from the national mean", **_UNITS}
_LEVEL = {"long_name": "liveability, absolute level", **_UNITS}
_REFERENCE = {"long_name": "national mean level", **_UNITS}


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
