"""One number per cell or area in a year, read from a Dataset of scores and checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.areas.given import require_scores
from leefraster.changes.years import measured_year, require_years
from leefraster.errors import InputError, UsageError
from leefraster.questions.question import Unanswerable
from leefraster.scoring.urbanity_classes import known_classes

Floats = npt.NDArray[np.float64]


def unit_dimension(scores: xr.Dataset) -> str:
    """Return the dimension of the units: ``"cell"``, or ``"area"`` for runs over areas.

    Raises
    ------
    UsageError
        When the Dataset has neither.
    """
    for name in ("cell", "area"):
        if name in scores.dims:
            return name
    raise UsageError(f"scores needs a dimension 'cell' or 'area'; it has {sorted(map(str, scores.dims))}")


def in_order(scores: xr.Dataset) -> xr.Dataset:
    """Return the scores with years and units ascending, so that sums do not depend on the given order.

    Raises
    ------
    UsageError
        When it is no Dataset, or there is no dimension `year`.
    InputError
        When a year occurs twice, is no whole number or lies in the future.
    """
    require_scores(scores)
    if "year" not in scores.dims or "year" not in scores.coords:
        raise UsageError("scores needs a dimension 'year' with the measurement years as coordinate")
    years = np.asarray(scores["year"].values)
    require_years(years, "scores")
    for name in ("year", unit_dimension(scores)):
        if name in scores.coords:
            labels = np.asarray(scores[name].values)
            if labels.size > 1 and not (labels[1:] >= labels[:-1]).all():
                scores = scores.isel({name: np.argsort(labels, kind="stable")})
    return scores


def years_of(scores: xr.Dataset) -> list[int]:
    """Return the measurement years, ascending."""
    return sorted(int(year) for year in scores["year"].values)


def require_year(scores: xr.Dataset, year: int, role: str = "year") -> int:
    """Return the year when it was measured.

    Raises
    ------
    UsageError
        When it is no whole number, or not among the measurement years; the message lists them.
    """
    return measured_year(year, years_of(scores), role)


def values_at(scores: xr.Dataset, name: str, year: int) -> Floats | None:
    """Return a variable per unit in a year (shape (units,)), or None when the Dataset does not hold it."""
    if name not in scores:
        return None
    variable = scores[name]
    if "year" in variable.dims:
        variable = variable.sel(year=year)
    return np.asarray(variable.values, dtype=np.float64)


def level_at(scores: xr.Dataset, year: int) -> Floats:
    """Return the level per unit in a year: `level` where given, else `total` plus that year's `reference`.

    Raises
    ------
    Unanswerable
        When the Dataset holds neither.
    """
    level = values_at(scores, "level", year)
    if level is None and "reference" in scores and "total" in scores:
        reference = float(np.asarray(values_at(scores, "reference", year)).reshape(-1)[0])
        level = np.asarray(values_at(scores, "total", year)) + reference
    if level is None or not np.isfinite(level).any():
        raise Unanswerable(
            f"voor {year} ontbreekt het niveau (level, gepubliceerd als lbm, of total met de landelijke "
            "referentie); afwijkingen van het landelijk gemiddelde zeggen niets over vooruitgang",
            f"the level of {year} is missing (level, published as lbm, or total with the national "
            "reference); "
            "deviations from the national mean say nothing about progress",
        )
    return level


def require_one_version(scores: xr.Dataset, years: list[int]) -> None:
    """Refuse to compare levels of different versions of the model.

    Raises
    ------
    Unanswerable
        When the Dataset states versions and the given years have more than one.
    """
    if "version" not in scores:
        return
    versions = {year: str(scores["version"].sel(year=year).values) for year in years}
    first, odd = years[0], [year for year in years if versions[year] != versions[years[0]]]
    if odd:
        raise Unanswerable(
            f"de scores van {first} zijn van versie {versions[first]} en die van {odd[0]} van versie "
            f"{versions[odd[0]]}; niveaus van verschillende versies zijn niet te vergelijken",
            f"scores of {first} are of version {versions[first]} and those of {odd[0]} of version "
            f"{versions[odd[0]]}; levels of different versions cannot be compared",
        )


def urbanity_at(scores: xr.Dataset, year: int) -> npt.NDArray[np.int64]:
    """Return the urbanity class per unit in a year, 1 (most urban) to 5, and 0 where unknown.

    Raises
    ------
    Unanswerable
        When the Dataset holds no urbanity, or none in that year.
    InputError
        When a value is not 1, 2, 3, 4 or 5.
    """
    found = values_at(scores, "urbanity", year)
    classes = None if found is None else known_classes(found)
    if classes is None or np.isnan(classes).all():
        raise Unanswerable(
            f"de stedelijkheidsklasse (urbanity) ontbreekt voor {year}",
            f"the urbanity class (urbanity) is missing for {year}",
        )
    return np.nan_to_num(classes).astype(np.int64)


def weights_at(scores: xr.Dataset, name: str | None, year: int) -> Floats:
    """Return the weight per unit in a year, 0 where unknown; ones when `name` is None.

    Raises
    ------
    Unanswerable
        When the Dataset does not hold the weights, or none above zero in that year.
    InputError
        When a weight is negative or infinite.
    """
    if name is None:
        return np.ones(scores.sizes[unit_dimension(scores)])
    found = values_at(scores, name, year)
    if found is not None and ((found < 0) | np.isinf(found)).any():
        wrong = found[(found < 0) | np.isinf(found)][0]
        raise InputError(f"{name} holds {wrong:g} in {year}; weights are finite and not negative")
    if found is None or not (found > 0).any():
        raise Unanswerable(
            f"de gewichten ({name}) ontbreken voor {year}", f"the weights ({name}) are missing for {year}"
        )
    return np.where(np.isfinite(found), found, 0.0)


def unit_field(
    scores: xr.Dataset, values: npt.NDArray, name: str, long_name: str, units: str
) -> xr.DataArray:
    """Return values per unit as a DataArray with the coordinates of the scores, for a map."""
    unit = unit_dimension(scores)
    coords = {
        key: coordinate
        for key, coordinate in scores.coords.items()
        if coordinate.dims == (unit,) or str(key) == "spatial_ref"
    }
    attrs = {"long_name": long_name, "units": units}
    return xr.DataArray(values, dims=(unit,), coords=coords, name=name, attrs=attrs)
