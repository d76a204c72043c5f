"""The columns of the CBS squares: their names in every generation of files, English names, units and rounding."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from leefraster.errors import InputError, UsageError

MAIN = ("dwellings", "households", "inhabitants", "urbanity", "address_density")
_CODE = re.compile(r"^(?:crs28992res|c28992r)(\d+)m?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the squares.

    Attributes
    ----------
    names : tuple of str
        What it is called in the files, the present name first.
    long_name, units : str
        What it holds, and its unit.
    rounded_to : float
        Step to which CBS rounds its values; 0 for none that is known.
    """

    names: tuple[str, ...]
    long_name: str
    units: str = "1"
    rounded_to: float = 5.0


def _percentage(names: tuple[str, ...], long_name: str) -> Column:
    return Column(names, long_name, "%", 10.0)


def _built(years: str, now: str, former: str) -> Column:
    return Column((f"aantal_woningen_bouwjaar_{now}", former), f"dwellings built {years}")


COLUMNS: dict[str, Column] = {
    "inhabitants": Column(("aantal_inwoners", "inwoner"), "inhabitants"),
    "men": Column(("aantal_mannen", "man"), "men"),
    "women": Column(("aantal_vrouwen", "vrouw"), "women"),
    "aged_0_14": Column(("aantal_inwoners_0_tot_15_jaar", "inw_014"), "inhabitants of 0 to 14 years"),
    "aged_15_24": Column(("aantal_inwoners_15_tot_25_jaar", "inw_1524"), "inhabitants of 15 to 24 years"),
    "aged_25_44": Column(("aantal_inwoners_25_tot_45_jaar", "inw_2544"), "inhabitants of 25 to 44 years"),
    "aged_45_64": Column(("aantal_inwoners_45_tot_65_jaar", "inw_4564"), "inhabitants of 45 to 64 years"),
    "aged_65_or_over": Column(
        ("aantal_inwoners_65_jaar_en_ouder", "inw_65pl"), "inhabitants of 65 years or over"
    ),
    "households": Column(("aantal_part_huishoudens", "aantal_hh"), "private households"),
    "one_person_households": Column(
        ("aantal_eenpersoonshuishoudens", "tothh_eenp"), "households of one person"
    ),
    "households_without_children": Column(
        ("aantal_meerpersoonshuishoudens_zonder_kind", "tothh_mpzk"),
        "households of several, without children",
    ),
    "one_parent_households": Column(("aantal_eenouderhuishoudens", "hh_eenoud"), "households of one parent"),
    "two_parent_households": Column(
        ("aantal_tweeouderhuishoudens", "hh_tweeoud"), "households of two parents"
    ),
    "household_size": Column(
        ("gemiddelde_huishoudensgrootte", "gem_hh_gr"), "mean size of households", "persons", 0.1
    ),
    "dwellings": Column(("aantal_woningen", "woning"), "dwellings"),
    "built_before_1945": _built("before 1945", "voor_1945", "wonvoor45"),
    "built_1945_1964": _built("1945 to 1964", "45_tot_65", "won_4564"),
    "built_1965_1974": _built("1965 to 1974", "65_tot_75", "won_6574"),
    "built_1975_1984": _built("1975 to 1984", "75_tot_85", "won_7584"),
    "built_1985_1994": _built("1985 to 1994", "85_tot_95", "won_8594"),
    "built_1995_2004": _built("1995 to 2004", "95_tot_05", "won_9504"),
    "built_2005_2014": _built("2005 to 2014", "05_tot_15", "won_0514"),
    "built_2015_or_later": _built("2015 or later", "15_en_later", "won_1524"),
    "multi_family_dwellings": Column(
        ("aantal_meergezins_woningen", "won_mrgez"), "dwellings in buildings of several"
    ),
    "owner_occupied": _percentage(("percentage_koopwoningen", "p_koopwon"), "owner-occupied dwellings"),
    "rented": _percentage(("percentage_huurwoningen", "p_huurwon"), "rented dwellings"),
    "social_rented_dwellings": Column(
        ("aantal_huurwoningen_in_bezit_woningcorporaties", "won_hcorp"),
        "dwellings let by housing associations",
    ),
    "vacant_dwellings": Column(("aantal_niet_bewoonde_woningen", "won_nbew"), "dwellings not lived in"),
    "on_benefit": Column(
        ("aantal_personen_met_uitkering_onder_aowlft", "uitkminaow"), "persons on benefit below pension age"
    ),
    "address_density": Column(
        ("omgevingsadressendichtheid", "oad"), "addresses within 1 km", "addresses per km2", 0.0
    ),
    "urbanity": Column(
        ("stedelijkheid", "sted"),
        "urbanity, 1 (2,500 addresses per km2 or more) to 5 (below 500)",
        "class",
        0.0,
    ),
}


def code_column(present: Sequence[str], wanted: str | None, source: str) -> tuple[str, float | None]:
    """Return the column of square codes, and the side of the squares in metres that its name tells.

    Raises
    ------
    InputError
        When there is none, or several.
    """
    if wanted is not None:
        named = _CODE.match(wanted.strip())
        return wanted, float(named[1]) if named else None
    found = [(name, float(named[1])) for name in present if (named := _CODE.match(name.strip()))]
    if len(found) == 1:
        return found[0]
    what = "no" if not found else f"{len(found)} columns ({', '.join(name for name, _ in found)})"
    raise InputError(
        f"{source}: holds {what} {'column ' if not found else ''}of square codes, such as crs28992res100m or "
        "c28992r500; name it with code="
    )


def chosen_columns(
    present: Sequence[str], columns: Sequence[str] | Mapping[str, str] | Literal["main", "all"], source: str
) -> dict[str, str]:
    """Return the columns to read, as ``{name here: name in the file}``.

    Raises
    ------
    UsageError
        When the choice is empty, or a word other than "main" and "all".
    InputError
        When a wanted column is not in the file; the nearest name is told.
    """
    there = {name.strip().casefold(): name for name in present}
    if isinstance(columns, str):
        return _by_word(there, columns, source)
    if not columns:
        raise UsageError("columns names no column; give some, or 'main' or 'all'")
    wanted = columns if isinstance(columns, Mapping) else {name: name for name in columns}
    return {name: _in_file(there, column, source) for name, column in wanted.items()}


def described(column: str) -> Column:
    """Return what is known of a column of the files; of others, what the beginning of their name tells."""
    known = COLUMNS.get(english(column) or "")
    if known is not None:
        return known
    if column.strip().casefold().startswith("percentage"):
        return _percentage((column,), column)
    counted = column.strip().casefold().startswith("aantal")
    return Column((column,), column, "1" if counted else "", 5.0 if counted else 0.0)


def english(column: str) -> str | None:
    """Return the English name of a column of the files; None where it has none here."""
    return _ENGLISH.get(column.strip().casefold())


_ENGLISH = {name: english_name for english_name, column in COLUMNS.items() for name in column.names}


def _by_word(there: Mapping[str, str], word: str, source: str) -> dict[str, str]:
    if word not in ("main", "all"):
        raise UsageError(f"columns is {word!r}; allowed are 'main', 'all', a list of names, or a mapping")
    found = {english(name) or name: name for name in there.values() if not _is_place(name)}
    if word == "all":
        return found
    main = {name: found[name] for name in MAIN if name in found}
    if not main:
        raise InputError(f"{source}: holds none of {', '.join(MAIN)}; its columns: {_listed(there)}")
    return main


def _is_place(name: str) -> bool:
    return bool(_CODE.match(name.strip())) or name.strip().casefold() in ("fid", "geom", "geometry", "jaar")


def _in_file(there: Mapping[str, str], column: str, source: str) -> str:
    known = COLUMNS.get(column)
    for name in (column.strip().casefold(), *(known.names if known else ())):
        if name in there:
            return there[name]
    near = difflib.get_close_matches(column.casefold(), [*there, *COLUMNS], n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near and near[0] != column else ""
    raise InputError(f"{source}: there is no column {column!r}.{hint} Its columns: {_listed(there)}")


def _listed(there: Mapping[str, str]) -> str:
    names = list(there.values())
    return ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
