"""What `lr.risers_and_fallers` is given: levels, dimensions and weights, found and checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.changes.years import YEAR, with_years
from leefraster.errors import InputError, UsageError

UNITS = ("cell", "area")
SCORE_DIMS = {YEAR, "dimension"}


def level_and_scores(given: xr.DataArray | xr.Dataset) -> tuple[xr.Dataset, str]:
    """Return years in order with `level`, and `score` where given; and why there is none.

    Raises
    ------
    UsageError
        When a Dataset has no level, nor a total with the national mean to make it of; or there is neither `cell`
        nor `area`.
    InputError
        When a unit occurs twice.
    """
    if isinstance(given, xr.DataArray):
        data = given.to_dataset(name="level")
    elif isinstance(given, xr.Dataset):
        data = _with_level(given)
    else:
        raise UsageError(
            f"level is a {type(given).__name__}; it must be a DataArray of levels or a Dataset of scores"
        )
    unit = units_of(data)
    extra = set(data["level"].dims) - {YEAR, unit}
    if extra:
        raise UsageError(f"level lies over {data['level'].dims}; it must lie over 'year' and {unit!r} only")
    _refuse_twice(data, unit)
    named = "score" in data and set(data["score"].dims) == SCORE_DIMS | {unit}
    kept = [name for name in ("level", "reference", "version", "dwellings") if name in data]
    note = "" if named else f"no dimensions: the levels came without score(year, dimension, {unit})"
    return with_years(data[[*kept, "score"] if named else kept], "level"), note


def units_of(data: xr.Dataset) -> str:
    """Return the dimension of the units, `cell` or `area`."""
    for name in UNITS:
        if name in data["level"].dims:
            return name
    raise UsageError(f"level needs a dimension 'cell' or 'area'; it lies over {data['level'].dims}")


def weights_of(
    data: xr.Dataset, given: xr.DataArray | None, unit: str, year: int
) -> tuple[npt.NDArray[np.float64], str]:
    """Return one weight a unit in the order of the units, NaN where unknown, and what is counted.

    Raises
    ------
    InputError
        When a weight is negative or infinite, or the given weights are not over the units.
    UsageError
        When the given weights do not have the year.
    """
    found = data.get("dwellings") if given is None else given
    if found is None:
        return np.ones(data.sizes[unit]), "units"
    if not isinstance(found, xr.DataArray) or unit not in found.dims or set(found.dims) - {YEAR, unit}:
        raise InputError(f"dwellings must be a DataArray over {unit!r}, or 'year' and {unit!r}")
    if YEAR in found.dims:
        if year not in found[YEAR].values:
            raise UsageError(
                f"dwellings of {year} are not given; they are for {', '.join(map(str, found[YEAR].values))}"
            )
        found = found.sel({YEAR: year})
    if given is not None and unit in found.coords and unit in data.coords:
        found = found.reindex({unit: data[unit].values})
    weights = np.asarray(found.values, dtype=np.float64)
    if weights.size != data.sizes[unit]:
        raise InputError(f"dwellings have {weights.size} values for {data.sizes[unit]} units")
    wrong = (weights < 0) | np.isinf(weights)
    if wrong.any():
        raise InputError(
            f"dwellings hold {weights[wrong][0]:g} ({int(wrong.sum())} units); they are finite and not negative, "
            "missing is NaN"
        )
    return weights, "dwellings"


def codes_of(given: xr.DataArray, data: xr.Dataset, unit: str) -> npt.NDArray[np.str_]:
    """Return the area of every unit as a code, in the order of the units, "" for none.

    Raises
    ------
    UsageError
        When the codes do not lie over the units, or not over these.
    """
    if not isinstance(given, xr.DataArray) or given.dims != (unit,):
        what = given.dims if isinstance(given, xr.DataArray) else f"a {type(given).__name__}"
        raise UsageError(f"by is {what}; it must be a DataArray of codes of areas over {unit!r}")
    if unit in given.coords and unit in data.coords:
        given = given.reindex({unit: data[unit].values}, fill_value="")
    if given.size != data.sizes[unit]:
        raise UsageError(f"by has {given.size} codes for {data.sizes[unit]} units")
    codes: npt.NDArray[np.str_] = np.asarray(given.values).astype("U")
    return codes


def _with_level(data: xr.Dataset) -> xr.Dataset:
    if "level" in data:
        return data
    if "total" in data and "reference" in data:
        level = data["total"].astype(np.float64) + data["reference"]
        return data.assign(level=level.assign_attrs(long_name="absolute level"))
    lacking = "no 'reference' (national mean by year)" if "total" in data else "no 'total'"
    raise UsageError(
        f"scores have no 'level', and {lacking} to make it of: whether a place rose is a question about its level; "
        "a deviation falls when the country rises"
    )


def _refuse_twice(data: xr.Dataset, unit: str) -> None:
    if unit not in data.coords:
        return
    labels, count = np.unique(data[unit].values, return_counts=True)
    if (count > 1).any():
        first = ", ".join(str(label) for label in labels[count > 1][:10])
        raise InputError(f"level: {int((count > 1).sum())} of {unit} occur more than once, first: {first}")
