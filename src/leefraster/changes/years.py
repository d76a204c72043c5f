"""The measurement years of a field: checked, in order, and how far apart they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.errors import InputError, UsageError

YEAR = "year"
VERSION = "version"
"""Coordinate (or variable) over `year` that says which version of the model measured it."""


def with_years[T: (xr.DataArray, xr.Dataset)](obj: T, name: str) -> T:
    """Return the object with its years in order.

    Raises
    ------
    UsageError
        When it is no DataArray or Dataset, or there is no dimension `year` with the years as coordinate.
    InputError
        When a year occurs twice, is no whole number or lies in the future.
    """
    if not isinstance(obj, xr.DataArray | xr.Dataset):
        raise UsageError(f"{name} is a {type(obj).__name__}; it must be an xarray DataArray or Dataset")
    if YEAR not in obj.dims or YEAR not in obj.coords:
        raise UsageError(
            f"{name} needs a dimension 'year' with the measurement years; it has {tuple(obj.dims)}"
        )
    years = np.asarray(obj[YEAR].values)
    require_years(years, name)
    return obj if (np.diff(years) > 0).all() else obj.sortby(YEAR)


def require_years(years: npt.NDArray[Any], name: str) -> None:
    """Refuse what are no measurement years: the one check of them, whoever takes them.

    Raises
    ------
    InputError
        When a year occurs twice, is no whole number or lies in the future; the message names it.
    """
    if years.dtype.kind in "mM":
        raise InputError(
            f"{name}: years are dates ({', '.join(map(str, years[:3]))}); they must be whole numbers, as "
            "obj.assign_coords(year=obj['year'].dt.year) makes them"
        )
    if years.dtype.kind not in "iuf" or not _are_whole(years).all():
        raise InputError(f"{name}: years are {years.tolist()}; they must be whole numbers, as 2024")
    twice = sorted({int(year) for year in years if (years == year).sum() > 1})
    if twice:
        count = int((years == twice[0]).sum())
        often = "twice" if count == 2 else f"{count} times"
        raise InputError(f"{name}: year {twice[0]} occurs {often}; every measurement year may occur once")
    refuse_future(years, name)


def _are_whole(years: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    numbers = years.astype(np.float64)
    whole: npt.NDArray[np.bool_] = np.isfinite(numbers) & (numbers == np.floor(numbers))
    return whole


def refuse_future(years: npt.NDArray[Any], name: str) -> None:
    """Refuse measurement years that have not begun.

    Raises
    ------
    InputError
        When there is one; the message names it.
    """
    late = [int(year) for year in years if year > date.today().year]
    if late:
        raise InputError(f"{name}: year {late[0]} lies in the future")


def versions_of(obj: xr.DataArray | xr.Dataset) -> dict[int, str]:
    """Return the version of the model by year; nothing where it is not known.

    A DataArray can tell by a coordinate `version` over `year`, a Dataset by a variable, too.
    """
    known = obj.coords if isinstance(obj, xr.DataArray) else obj
    if VERSION not in known or known[VERSION].dims != (YEAR,):
        return {}
    pairs = zip(obj[YEAR].values.tolist(), known[VERSION].values.tolist(), strict=True)
    return {int(year): str(version) for year, version in pairs}


def refuse_versions(
    obj: xr.DataArray | xr.Dataset, years: Iterable[int] | None = None, *, across: bool = False
) -> None:
    """Refuse years that were measured by different versions of the model, unless that is allowed.

    Parameters
    ----------
    obj : DataArray or Dataset
        What `versions_of` asks; without versions nothing is known, and nothing refused.
    years : iterable of int or None
        The years that are compared; None for all.
    across : bool
        Allow it.

    Raises
    ------
    InputError
        When there are two versions; the message names a year of each.
    """
    versions = versions_of(obj)
    chosen = sorted(versions) if years is None else [year for year in years if year in versions]
    odd = [year for year in chosen if versions[year] != versions[chosen[0]]]
    if odd and not across:
        first, other = chosen[0], odd[0]
        raise InputError(
            f"{first} was measured by version {versions[first]!r}, {other} by {versions[other]!r}: the difference "
            "is no change of places. Choose years of one version, or say across_versions=True"
        )


def require_share(name: str, value: object) -> None:
    """Refuse what is no number between 0 and 1.

    Raises
    ------
    UsageError
        When it is none; the message names it.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise UsageError(f"{name} is {value!r}; it must lie between 0 and 1")


def require_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises
    ------
    UsageError
        When it is none; the message names it.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise UsageError(f"{name} is {value!r}; it must be a whole number of at least {least}")


def ascending(cuts: object, wanted: str) -> npt.NDArray[np.float64]:
    """Return cuts as an array.

    Raises
    ------
    UsageError
        When they are no ascending finite numbers, or none at all; the message says that they must be `wanted`.
    """
    try:
        bounds = np.asarray(cuts, dtype=np.float64)
    except (TypeError, ValueError):
        bounds = np.empty(0)
    if (
        bounds.ndim != 1
        or bounds.size == 0
        or not (np.isfinite(bounds).all() and (np.diff(bounds) > 0).all())
    ):
        shown = list(cuts) if isinstance(cuts, list | tuple | np.ndarray) else cuts
        raise UsageError(f"cuts are {shown!r}; they must be {wanted}")
    return bounds


def year_of(obj: xr.DataArray | xr.Dataset, year: int, role: str) -> Any:
    """Return the object in one year.

    Raises
    ------
    UsageError
        When that year was not measured; the message lists those that were.
    """
    return obj.sel({YEAR: measured_year(year, obj[YEAR].values, role)})


def measured_year(year: object, measured: npt.ArrayLike, role: str) -> int:
    """Return a year that was measured, as a whole number.

    Raises
    ------
    UsageError
        When it is no whole number, or was not measured; the message lists the years that were.
    """
    known = [int(one) for one in np.asarray(measured)]
    listed = ", ".join(map(str, known))
    try:
        found = _whole(year, role)
    except UsageError as error:
        raise UsageError(f"{error}; measured are {listed}") from None
    if found not in known:
        raise UsageError(f"{role} is {found}; measured are {listed}")
    return found


def two_years(first: object, last: object, roles: tuple[str, str]) -> tuple[int, int]:
    """Return two years, the earlier first, as whole numbers.

    Parameters
    ----------
    first, last : int
        The years.
    roles : tuple of str
        What the caller's user calls them.

    Raises
    ------
    UsageError
        When one is no whole number, or the first is not the earlier.
    """
    early, late = (_whole(year, role) for role, year in zip(roles, (first, last), strict=True))
    if not early < late:
        raise UsageError(f"{roles[0]} is {early}, {roles[1]} {late}; the earlier comes first")
    return early, late


def _whole(year: object, role: str) -> int:
    given = np.asarray(year)
    if given.ndim or given.dtype.kind not in "iuf" or not _are_whole(given):
        raise UsageError(f"{role} is {year!r}; it must be a measurement year as a whole number, as 2024")
    return int(given)


def equal_intervals(years: npt.NDArray[Any], name: str) -> int:
    """Return the number of years between measurements when it is always the same.

    Raises
    ------
    UsageError
        When it is not; the message names the intervals and the longest run of equal ones.
    """
    gaps = np.diff(years.astype(int))
    if gaps.size == 0:
        raise UsageError(f"{name} needs at least two years")
    if (gaps == gaps[0]).all():
        return int(gaps[0])
    first, last = _longest_run(years.astype(int), gaps)
    raise UsageError(
        f"{name}: years {', '.join(map(str, years.astype(int)))} lie {', '.join(map(str, gaps))} years apart; "
        "probabilities of a step need equal ones. Choose years that do, for example "
        f".sel(year=slice({first}, {last}))"
    )


def _longest_run(years: npt.NDArray[Any], gaps: npt.NDArray[Any]) -> tuple[int, int]:
    best, start = (0, 0), 0
    for i in range(1, gaps.size + 1):
        if i == gaps.size or gaps[i] != gaps[start]:
            if i - start > best[1] - best[0]:
                best = (start, i)
            start = i
    return int(years[best[0]]), int(years[best[1]])
