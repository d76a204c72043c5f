"""The two years of every row of a change file: from columns, from arguments, or from the file's name."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.sources.longtable import LongTable
from leefraster.table.columns import checked_years

Ints = npt.NDArray[np.int64]

_PERIOD = re.compile(r"\s*(\d{4})\s*[-–/_ ]\s*(\d{4})\s*")
_IN_NAME = re.compile(r"(?<!\d)(\d{4})\s*[-–_]\s*(\d{4})(?!\d)")
_YEAR = re.compile(r"\s*(\d{4})(\.0*)?\s*")


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a file in order, and for each row which it is of.

    Attributes
    ----------
    years : ndarray, shape (periods, 2)
        First and last year.
    row : ndarray, shape (rows,)
        Position of the row's period.
    told_by : str
        Where the years come from.
    """

    years: Ints
    row: Ints
    told_by: str

    @property
    def labels(self) -> list[str]:
        """Periods as they are called, "2018-2024"."""
        return [f"{first}-{last}" for first, last in self.years]

    def coordinates(self) -> dict[str, Any]:
        """Return the coordinates of the dimension `period`."""
        return {
            "period": ("period", self.labels),
            "from_year": ("period", self.years[:, 0], {"long_name": "first year"}),
            "to_year": ("period", self.years[:, 1], {"long_name": "last year"}),
        }


def periods_of(long: LongTable, file: Path, from_year: int | None, to_year: int | None) -> Periods:
    """Return the period of every row.

    Raises
    ------
    UsageError
        When there are neither columns, arguments nor a name with two years; when years are given in two ways, or
        one of the two only.
    InputError
        When a period cannot be read, lies in the future or does not run forward.

    Warns
    -----
    LeefrasterWarning
        When the years come from the file's name.
    """
    rows = long.table.num_rows
    _refuse_doubt(long, from_year, to_year)
    if "from_year" in long.words:
        pairs = [_years(long, role) for role in ("from_year", "to_year")]
        return _checked(np.stack(pairs, axis=1), "columns of years", long.source)
    if "period" in long.words:
        return _checked(_pairs(long), "column of periods", long.source)
    if from_year is not None and to_year is not None:
        return _checked(np.tile([from_year, to_year], (rows, 1)), "arguments", long.source)
    named = _IN_NAME.search(file.name)
    if named is None:
        raise UsageError(
            f"{file}: has no columns of years, and no years in its name; say columns={{'from_year': ..., "
            "'to_year': ...}, columns={'period': ...}, or from_year= and to_year="
        )
    first, last = int(named[1]), int(named[2])
    warnings.warn(
        f"{file}: the years {first}-{last} of all rows come from the file's name; say from_year= and to_year= to "
        "be sure",
        LeefrasterWarning,
        stacklevel=3,
    )
    return _checked(np.tile([first, last], (rows, 1)), "the file's name", long.source)


def _refuse_doubt(long: LongTable, from_year: int | None, to_year: int | None) -> None:
    """Refuse half a period, and years that are said in two ways."""
    if (from_year is None) != (to_year is None):
        raise UsageError(f"from_year is {from_year}, to_year {to_year}; give both, or neither")
    if ("from_year" in long.words) != ("to_year" in long.words):
        there = "from_year" if "from_year" in long.words else "to_year"
        raise UsageError(f"{long.source}: has a column of {there} only; name both in columns, or neither")
    told: list[str] = [name for name in ("from_year", "period") if name in long.words]
    if from_year is not None:
        told.append("from_year=")
    if len(told) > 1:
        raise UsageError(f"{long.source}: years are given in {len(told)} ways ({', '.join(told)}); leave one")


def _years(long: LongTable, role: str) -> Ints:
    words = long.words[role]
    return _numbers([_YEAR.fullmatch(str(word)) for word in words.vocabulary], words, role, 1, long.source)


def _pairs(long: LongTable) -> Ints:
    words = long.words["period"]
    found = [_PERIOD.fullmatch(str(word)) for word in words.vocabulary]
    return np.stack([_numbers(found, words, "period", group, long.source) for group in (1, 2)], axis=1)


def _numbers(found: list[re.Match[str] | None], words: Any, role: str, group: int, source: str) -> Ints:
    """Return a number a row from matches of the vocabulary; a word in use that does not match is refused."""
    used = np.unique(words.place)
    for at in used:
        if found[at] is None:
            shown = str(words.vocabulary[at])
            form = "two years such as '2018-2024'" if role == "period" else "a year such as 2018"
            raise InputError(
                f"{source}: the column of {role} holds {shown!r}; it must hold {form} in every row"
            )
    numbers = np.array([int(match[group]) if match else 0 for match in found], dtype=np.int64)
    return np.asarray(numbers[words.place], dtype=np.int64)


def _checked(years: Ints, told_by: str, source: str) -> Periods:
    if years.shape[0] == 0:
        raise InputError(f"{source}: there are no rows to read")
    for side, name in ((0, "from_year"), (1, "to_year")):
        checked_years(years[:, side].astype(float), name, source)
    unique, row = np.unique(years, axis=0, return_inverse=True)
    backward = unique[unique[:, 0] >= unique[:, 1]]
    if backward.size:
        raise InputError(
            f"{source}: a period runs from {backward[0][0]} to {backward[0][1]}; the earlier comes first"
        )
    return Periods(unique.astype(np.int64), row.reshape(-1).astype(np.int64), told_by)
