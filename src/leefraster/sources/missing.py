"""Missing codes: suppressed, not available and missing are three things, and none of them is zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]

NULL_KEYS = ("", "null")
_MAY_BE_CODES = 5
_CBS_CODES = (-99999.0, -99990.0)


class Quality(IntEnum):
    """What a place in a table holds."""

    VALUE = 0
    SUPPRESSED = 1
    NOT_AVAILABLE = 2
    MISSING = 3


KINDS = {
    "suppressed": Quality.SUPPRESSED,
    "not available": Quality.NOT_AVAILABLE,
    "missing": Quality.MISSING,
}


@dataclass(frozen=True, slots=True)
class MissingCodes:
    """What stands for "no value" in a table: numbers, words, and what an empty place means."""

    numeric: Mapping[float, Quality]
    words: Mapping[str, Quality]
    null: Quality = Quality.MISSING

    @classmethod
    def parse(cls, mapping: Mapping[str, str] | None) -> MissingCodes:
        """Read a mapping such as ``{"-99997": "suppressed", "null": "missing", ".": "not available"}``.

        The key ``"null"`` (or ``""``) says what an empty place means; without it, missing.

        Raises
        ------
        UsageError
            When a kind is not "suppressed", "not available" or "missing".

        Examples
        --------
        >>> MissingCodes.parse({"-99997": "suppressed"}).numeric
        {-99997.0: <Quality.SUPPRESSED: 1>}
        """
        numeric: dict[float, Quality] = {}
        words: dict[str, Quality] = {}
        null = Quality.MISSING
        for key, kind in (mapping or {}).items():
            quality = _kind(str(key), kind)
            number = _number(str(key))
            if str(key).strip().lower() in NULL_KEYS:
                null = quality
            elif number is None:
                words[str(key).strip()] = quality
            else:
                numeric[number] = quality
        return cls(numeric, words, null)


def _kind(key: str, kind: str) -> Quality:
    name = kind.strip().lower().replace("_", " ")
    if name not in KINDS:
        raise UsageError(f"missing code {key!r} is {kind!r}; allowed are {', '.join(map(repr, KINDS))}")
    return KINDS[name]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def separate(values: Floats, codes: MissingCodes) -> tuple[Floats, Codes]:
    """Put NaN for every missing code, in place; return the values, and per value its `Quality`."""
    quality = np.where(np.isnan(values), np.int8(codes.null), np.int8(Quality.VALUE)).astype(np.int8)
    for code, kind in codes.numeric.items():
        quality[values == code] = kind
    if codes.numeric:
        values[quality != Quality.VALUE] = np.nan
    return values, quality


def refuse_unmapped(values: Floats, name: str, source: str) -> None:
    """Refuse negative values that look like missing codes nobody mapped.

    In a column of whole numbers every negative value does. In a column of fractions up to five whole negative
    numbers do, when they are its only negative values (-1 among means), lie ten times as far from zero as
    all others (-99 among scores), or are codes of CBS (-99999 to -99990).

    Raises
    ------
    InputError
        With every such value and how often it occurs.
    """
    held = values[np.isfinite(values)]
    suspect = held[(held < 0) & (held == np.floor(held))]
    if not suspect.size:
        return
    whole = bool((held == np.floor(held)).all())
    found, count = np.unique(suspect, return_counts=True)
    if not whole:
        alike = _like_codes(found, held)
        found, count = found[alike], count[alike]
    if not found.size:
        return
    shown = ", ".join(f"{value:g} ({n} times)" for value, n in zip(found[:10], count[:10], strict=True))
    what = "a column of counts" if whole else "a column of fractions"
    raise InputError(
        f"{source}: column {name!r}, {what}, has {count.sum()} negative values that look like missing "
        f'codes: {shown}. Say what they mean, as in missing = {{ "{found[0]:.0f}" = "suppressed" }}, '
        f"or list the column under signed when negative values are meant"
    )


def _like_codes(found: Floats, held: Floats) -> npt.NDArray[np.bool_]:
    """Tell which of the whole negative numbers in a column of fractions look like codes."""
    if found.size > _MAY_BE_CODES:
        return np.zeros(found.size, dtype=bool)
    others = held[~np.isin(held, found)]
    only = not (others < 0).any()
    far = np.abs(found) > 10 * np.abs(others).max(initial=0.0)
    alike: npt.NDArray[np.bool_] = far | only | ((found >= _CBS_CODES[0]) & (found <= _CBS_CODES[1]))
    return alike


def counts(quality: Codes) -> dict[str, int]:
    """Return how many places hold a value, are suppressed, not available, and missing."""
    names = ("values", "suppressed", "not_available", "missing")
    return {name: int(np.count_nonzero(quality == kind)) for name, kind in zip(names, Quality, strict=True)}


def describe(
    found: Mapping[str, Any], names: Sequence[str] = ("suppressed", "not_available", "missing")
) -> str:
    """Return counts in words, such as "2,091 suppressed, 3 missing"; "none missing" when all are zero."""
    parts = [f"{found[name]:,} {name.replace('_', ' ')}" for name in names if found[name]]
    return ", ".join(parts) if parts else "none missing"
