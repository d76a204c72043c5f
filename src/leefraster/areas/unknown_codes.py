"""Codes of areas that are not there: refused, with the year of the borders and the nearest ones that are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from leefraster.errors import UsageError

_SHOWN, _EXPLAINED, _NEAR = 10, 5, 3  # unknown codes named, those of them with a hint, and codes in a hint
_DUTCH = re.compile(r"(GM|WK|BU)(\d{4})\d*")  # codes of Statistics Netherlands begin with their municipality


def refuse_unknown(wanted: Iterable[str], known: Iterable[str], source: str, border_year: int | None) -> None:
    """Refuse codes that are not there, naming the nearest ones, those of the same municipality first.

    Parameters
    ----------
    wanted, known : iterable of str
        Codes asked for, and those that there are.
    source : str
        Whose codes they are, for the message.
    border_year : int or None
        Year of the borders that the known codes are of; None where it is not known.

    Raises
    ------
    UsageError
        When one is unknown.

    Examples
    --------
    >>> refuse_unknown(["BU0344"], ["BU0363"], "buurten.gpkg", 2024)
    Traceback (most recent call last):
    leefraster.errors.UsageError: buurten.gpkg: 1 codes are not there: BU0344. Of municipality GM0344, that of
    BU0344, there is no code at all. The codes here are of the borders of 2024; codes change with the year of the
    borders
    """
    there = sorted({code for code in known if code})
    unknown = sorted(set(wanted) - set(there))
    if not unknown:
        return
    hints = [hint for code in unknown[:_EXPLAINED] if (hint := _hint(code, there))]
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    said = [f"{source}: {len(unknown)} codes are not there: {', '.join(unknown[:_SHOWN])}{more}", *hints]
    raise UsageError(". ".join([*said, _of_year(border_year)]))


def _of_year(border_year: int | None) -> str:
    if border_year is not None:
        return (
            f"The codes here are of the borders of {border_year}; codes change with the year of the borders"
        )
    return (
        "Codes change with the year of the borders, and which year these are of is not known: state it with "
        "border_year= (lr.Areas.read, .from_geopandas, .from_codes) or [areas] border_year = 2024"
    )


def _hint(code: str, there: list[str]) -> str:
    """Return what is near a code; of a municipality without codes, that there are none."""
    own = _DUTCH.fullmatch(code)
    if own is None:
        near = difflib.get_close_matches(code, there, _NEAR, cutoff=0.4)
        return _near(code, near) if near else ""
    alike = [other for other in there if other.startswith(own[1])]
    if not alike:
        kinds = sorted({other[:2] for other in there if _DUTCH.fullmatch(other)})
        return (
            f"No code here begins with {own[1]}, as {code} does, but with {', '.join(kinds)}" if kinds else ""
        )
    within = [other for other in alike if other.startswith(own[1] + own[2])]
    if not within:
        return f"Of municipality GM{own[2]}, that of {code}, there is no code at all"
    return _near(code, difflib.get_close_matches(code, within, _NEAR, cutoff=0.0))


def _near(code: str, near: list[str]) -> str:
    return f"Near {code} {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
