"""Rows in any order, arranged by year and unit, in the type they are kept in."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, PrecisionWarning, UsageError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
DType = Literal["float32", "float64"]


_EXAMPLES = 10


class Arranged(NamedTuple):
    """Sorted units and years, and where each row of the table belongs in their product."""

    units: npt.NDArray[Any]
    years: Ints | None
    position: Ints

    @property
    def shape(self) -> tuple[int, ...]:
        """(years, units), or (units,) for a table without years."""
        return (self.units.size,) if self.years is None else (self.years.size, self.units.size)

    def spread(self, values: npt.NDArray[Any], empty: Any) -> npt.NDArray[Any]:
        """Put one value a row in its place; places without a row are `empty`."""
        out = np.full(int(np.prod(self.shape)), empty, dtype=values.dtype)
        out[self.position] = values
        return out.reshape(self.shape)


def placed_dims(placed: Arranged, unit: str) -> tuple[str, ...]:
    """Return the dimensions of arranged values."""
    return (unit,) if placed.years is None else ("year", unit)


def year_coordinate(placed: Arranged) -> dict[str, Any]:
    """Return the coordinate `year` of arranged values, or nothing when they have no years."""
    return {} if placed.years is None else {"year": ("year", placed.years, {"long_name": "measurement year"})}


def arrange(
    units: npt.NDArray[Any],
    years: Ints | None,
    name_of: Callable[[npt.NDArray[Any]], Sequence[str]],
    source: str,
) -> Arranged:
    """Sort units and years, and find the place of every row; rows may come in any order.

    Raises
    ------
    InputError
        When there are no rows, or a unit (and year) occurs more than once, also with equal values.
    """
    if units.size == 0:
        raise InputError(f"{source}: there are no rows to read")
    ids = sorted_unique(units)
    position = np.searchsorted(ids, units)
    year_ids = None
    if years is not None:
        year_ids = sorted_unique(years)
        year_index = np.searchsorted(year_ids, years)
        position = year_index * ids.size + position
    placed = Arranged(ids, year_ids, position.astype(np.int64))
    _refuse_duplicates(placed, name_of, source)
    return placed


def sorted_unique(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the distinct values in order, by sorting (several times faster than hashing for cell ids)."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if ordered.size else ordered


def _refuse_duplicates(
    placed: Arranged, name_of: Callable[[npt.NDArray[Any]], Sequence[str]], source: str
) -> None:
    count = np.bincount(placed.position, minlength=int(np.prod(placed.shape)))
    twice = np.flatnonzero(count > 1)
    if not twice.size:
        return
    first = twice[:_EXAMPLES]
    names = name_of(placed.units[first % placed.units.size])
    if placed.years is None:
        shown, key = list(names), "key"
    else:
        in_year = placed.years[first // placed.units.size]
        shown = [f"{name} {year}" for name, year in zip(names, in_year, strict=True)]
        key = "(key, year)"
    raise InputError(
        f"{source}: {twice.size} values of {key} occur more than once ({int(count[twice].sum())} rows), "
        f"first: {', '.join(shown)}. Each may occur once, even with equal values"
    )


def store_as(values: Floats, dtype: DType, name: str, source: str) -> npt.NDArray[np.floating[Any]]:
    """Return values in the type they are kept in; warn when whole numbers lose digits.

    Warns
    -----
    PrecisionWarning
        When float32 does not hold a whole number beyond 2**24 exactly.
    """
    if dtype == "float64":
        return values
    if dtype != "float32":
        raise UsageError(f"dtype is {dtype!r}; allowed are 'float32', 'float64'")
    if np.nanmax(np.abs(values), initial=0.0) > float(np.finfo(np.float32).max):
        raise InputError(f"{source}: column {name!r} has values beyond float32; use dtype='float64'")
    kept = values.astype(np.float32)
    lost = (np.abs(values) > 2**24) & (values == np.floor(values)) & (kept.astype(np.float64) != values)
    if lost.any():
        first = float(values[lost].flat[0])
        warnings.warn(
            f"{source}: column {name!r} has {int(lost.sum())} whole numbers beyond 2**24 that float32 rounds "
            f"(first {first:.0f} becomes {np.float32(first):.0f}); use dtype='float64' to keep them",
            PrecisionWarning,
            stacklevel=2,
        )
    return kept
