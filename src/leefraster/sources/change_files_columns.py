"""Which columns of a change file hold what: assumed names, or those that the user gives."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.sources.scores import DIMENSION_NAMES
from leefraster.table.columns import find_column

Unit = Literal["cell", "area"]

KEYS: dict[str, Unit] = {
    "grid_id": "cell",
    "gridcode": "cell",
    "bu_code": "area",
    "wk_code": "area",
    "gm_code": "area",
    "PC4": "area",
}
ASSUMED: dict[str, str] = {
    "from_year": "jaar_van",
    "to_year": "jaar_tot",
    "period": "periode",
    "level": "lbm",
    "total": "afw",
    **{code: code for code in DIMENSION_NAMES},
    "version": "versie",
}
"""Assumed names of columns by role; the key is one of `KEYS`, and a class of change is read only when named."""

ROLES = ("key", *ASSUMED, "class")
WORDS = ("from_year", "to_year", "period", "version")
VALUES = ("level", "total", *DIMENSION_NAMES, "class")
NOT_READ = ("bu_naam", "wk_naam", "gm_naam", "fid", "geom", "geometry")


@dataclass(frozen=True, slots=True)
class ChangeColumns:
    """Columns by role, what the key is a key of, and which roles were assumed."""

    key: str
    unit: Unit
    roles: dict[str, str]
    assumed: tuple[str, ...]

    def values(self) -> dict[str, str]:
        """Return the numeric columns by role."""
        return {role: self.roles[role] for role in VALUES if role in self.roles}

    def words(self) -> dict[str, str]:
        """Return the columns of text by role."""
        return {role: self.roles[role] for role in WORDS if role in self.roles}

    def attrs(self) -> dict[str, str]:
        """Return what served as what, in words."""
        shown = {"key": self.key, **self.roles}
        return {
            "columns": ", ".join(f"{role}: {name}" for role, name in shown.items()),
            "assumed": ", ".join(self.assumed) or "none",
        }


def chosen_columns(
    present: Sequence[str], given: Mapping[str, str] | None, unit: Unit | None, source: str, *, strict: bool
) -> ChangeColumns:
    """Return the columns by role: the given ones, and the assumed ones that the file has.

    Raises
    ------
    UsageError
        When a role does not exist, or the unit of the key is not known.
    InputError
        When a given column is absent, there is no key or several, no column of changes, or only some dimensions.
    """
    given = dict(given or {})
    odd = [role for role in given if role not in ROLES]
    if odd:
        raise UsageError(f"columns has role {odd[0]!r}; roles are {', '.join(ROLES)}")
    named = {role: find_column(present, name, source) for role, name in given.items()}
    key = named.pop("key", None) or assumed_key(present, source)
    taken = {key, *named.values()}
    roles = dict(named)
    for role, name in ASSUMED.items():
        there = _like(present, name)
        if role not in roles and there is not None and there not in taken:
            roles[role] = there
    _check_values(roles, present, source)
    _tell_unknown(present, {key, *roles.values()}, source, strict=strict)
    assumed = tuple(role for role in ("key", *roles) if role not in given)
    return ChangeColumns(key, unit_of(key, unit, source), roles, assumed)


def _like(present: Sequence[str], wanted: str) -> str | None:
    return next((name for name in present if name.strip().casefold() == wanted.casefold()), None)


def assumed_key(present: Sequence[str], source: str) -> str:
    """Return the one column that is called like a key."""
    found = [name for name in (_like(present, key) for key in KEYS) if name is not None]
    if len(found) == 1:
        return found[0]
    what = f"several keys ({', '.join(found)})" if found else f"no key ({', '.join(KEYS)})"
    raise InputError(
        f"{source}: has {what}; say which column it is, columns={{'key': ...}}. Columns: {', '.join(present)}"
    )


def unit_of(key: str, unit: Unit | None, source: str) -> Unit:
    """Return what a key is a key of: as said, or by its name."""
    if unit not in (None, "cell", "area"):
        raise UsageError(f"unit is {unit!r}; it must be 'cell' or 'area'")
    known = {name.casefold(): what for name, what in KEYS.items()}.get(key.strip().casefold())
    found = unit or known
    if found is None:
        raise UsageError(
            f"{source}: say whether {key!r} holds codes of cells or of areas, unit='cell' or unit='area'"
        )
    return found


def _check_values(roles: Mapping[str, str], present: Sequence[str], source: str) -> None:
    if not any(role in roles for role in VALUES):
        raise InputError(
            f"{source}: has no column of changes; assumed were {', '.join(ASSUMED[role] for role in VALUES[:-1])}. "
            f"Say which it is, as in columns={{'level': ...}}. Columns: {', '.join(present)}"
        )
    lacking = [code for code in DIMENSION_NAMES if code not in roles]
    if lacking and len(lacking) < len(DIMENSION_NAMES):
        raise InputError(
            f"{source}: has some dimensions, but not {', '.join(lacking)}; name their columns, as in "
            f"columns={{{lacking[0]!r}: ...}}. Columns: {', '.join(present)}"
        )


def _tell_unknown(present: Sequence[str], known: set[str], source: str, *, strict: bool) -> None:
    unknown = [name for name in present if name not in known and name.strip().casefold() not in NOT_READ]
    if not unknown:
        return
    said = f"{source}: unknown columns {', '.join(map(repr, unknown))}"
    if strict:
        raise InputError(f"{said}; remove them, name them in columns, or read without strict")
    warnings.warn(f"{said} are not read", LeefrasterWarning, stacklevel=4)
