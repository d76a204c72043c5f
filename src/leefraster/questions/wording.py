"""Numbers and lists in plain Dutch and English."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, Language] = ("nl", "en")

DIMENSIONS: dict[str, dict[str, str]] = {
    "won": {"nl": "woningvoorraad", "en": "housing stock"},
    "fys": {"nl": "fysieke omgeving", "en": "physical environment"},
    "vrz": {"nl": "voorzieningen", "en": "amenities"},
    "soc": {"nl": "sociale samenhang", "en": "social cohesion"},
    "onv": {"nl": "overlast en onveiligheid", "en": "nuisance and insecurity"},
    "total": {"nl": "totaalscore", "en": "total score"},
}

URBANITY: dict[int, dict[str, str]] = {
    1: {"nl": "zeer sterk stedelijk", "en": "very strongly urban"},
    2: {"nl": "sterk stedelijk", "en": "strongly urban"},
    3: {"nl": "matig stedelijk", "en": "moderately urban"},
    4: {"nl": "weinig stedelijk", "en": "slightly urban"},
    5: {"nl": "niet stedelijk", "en": "not urban"},
}


def dimension_name(code: str, language: Language) -> str:
    """Return the name of a dimension in words; a code that is not the Leefbaarometer's stays as it is."""
    return DIMENSIONS.get(code, {}).get(language, code)


def number(value: float, digits: int, language: Language) -> str:
    """Return a number with a fixed count of decimals, grouped by thousands, never as minus zero.

    Examples
    --------
    >>> number(-1234.5678, 2, "nl"), number(-1234.5678, 2, "en"), number(-0.0001, 3, "nl")
    ('-1.234,57', '-1,234.57', '0,000')
    """
    if not math.isfinite(value):
        return {"nl": "onbekend", "en": "unknown"}[language]
    text = f"{value:,.{digits}f}"
    if not any(character in "123456789" for character in text):
        text = text.lstrip("-")
    return text.translate(str.maketrans(",.", ".,")) if language == "nl" else text


def percentage(share: float, language: Language) -> str:
    """Return a share as a percentage in words: whole from 10 upwards, then one decimal, two below 1.

    Examples
    --------
    >>> percentage(0.174, "nl"), percentage(0.023, "nl"), percentage(0.0073, "en")
    ('17 procent', '2,3 procent', '0.73 per cent')
    """
    return f"{percentage_number(share, language)} {'procent' if language == 'nl' else 'per cent'}"


def percentage_number(share: float, language: Language) -> str:
    """Return a share as a percentage without the word."""
    percent = 100 * share
    size = abs(percent)
    digits = 0 if size >= 9.95 or size == 0 else 1 if size >= 0.995 else 2
    return number(percent, digits, language)


def listed(items: Sequence[str], language: Language) -> str:
    """Return a list in words; with a comma before the last "and" where an item holds an "and" itself.

    Examples
    --------
    >>> listed(["woningvoorraad", "overlast en onveiligheid"], "nl")
    'woningvoorraad, en overlast en onveiligheid'
    >>> listed(["a", "b", "c"], "en")
    'a, b and c'
    """
    joint = {"nl": " en ", "en": " and "}[language]
    if len(items) < 2:
        return "".join(items)
    comma = "," if any(joint in item for item in items) else ""
    return f"{', '.join(items[:-1])}{comma}{joint}{items[-1]}"


def column_titles(text: str) -> dict[str, dict[str, str]]:
    """Read column titles from lines of ``name | Dutch | English | unit``.

    Examples
    --------
    >>> column_titles("level | niveau | level | 1")
    {'level': {'nl': 'niveau', 'en': 'level', 'unit': '1'}}
    """
    rows = ([part.strip() for part in line.split("|")] for line in text.splitlines() if line.strip())
    return {name: {"nl": nl, "en": en, "unit": unit} for name, nl, en, unit in rows}


def span(classes: tuple[int, ...]) -> str:
    """Return classes as a label: ``"2-5"`` when they follow each other, else ``"1,3"``."""
    if len(classes) > 1 and classes[-1] - classes[0] == len(classes) - 1:
        return f"{classes[0]}-{classes[-1]}"
    return ",".join(map(str, classes))
