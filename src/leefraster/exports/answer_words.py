"""Sentences under disclosure control: counts that are too small, and figures of rows that are withheld."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.exports.protection import rounded
from leefraster.questions.wording import Language, number, percentage_number

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.disclosure.rule import DisclosureRule

_FEWER = {"nl": "minder dan", "en": "fewer than"}
_WITHHELD = {"nl": "[niet gepubliceerd]", "en": "[withheld]"}
_FIGURE = r"(?<![\w.,])(?P<sign>[-+]?)(?P<figure>\d+(?:[.,]\d+)*)"
_NOUN = r"(?:dwellings?|woning(?:en)?|households?|huishoudens?|inhabitants?|inwoners?)\b(?!\s+(?:per|a)\b)"
_COUNT = re.compile(
    rf"(?P<said>\b(?:weight|gewicht) )?{_FIGURE}(?(said)(?!\w)|(?=\s+(?:weak |zwakke )?{_NOUN}))"
)
_DECIMAL = re.compile(_FIGURE + r"(?!\w)")
_DIGITS = range(1, 5)  # decimals that sentences are written with


@dataclass(frozen=True, slots=True)
class Hidden:
    """What sentences of an answer may not say.

    Attributes
    ----------
    rule : DisclosureRule
        The rule.
    figures : frozenset of float
        Values that stand in rows of its tables that are withheld.
    allowed : frozenset of float
        Parameters of the answer, which are no counts of the data and are left as they are.
    """

    rule: DisclosureRule
    figures: frozenset[float]
    allowed: frozenset[float]

    @classmethod
    def of(
        cls, rule: DisclosureRule, before: Iterable[pd.DataFrame], after: Iterable[pd.DataFrame], inputs: Any
    ) -> Hidden:
        """Return what is hidden, given the tables of an answer before and after they were protected."""
        found: set[float] = set()
        for one, other in zip(before, after, strict=True):
            found |= _lost(one, other)
        parameters = {value for value in _numbers(inputs) if value >= rule.minimum}
        return cls(rule, frozenset(found), frozenset(parameters))

    def without(self, text: str, language: Language) -> str:
        """Return a text without what is hidden; other counts are rounded to the rule's base.

        Counts are numbers of dwellings, households or inhabitants, and weights, which are one of these. Figures are
        known by how they are written, with one decimal to four or as a percentage, so that a figure that happens to
        be written like a hidden one is withheld too.
        """
        counted = _COUNT.sub(lambda found: self._count(found, language), text)
        written = _written(self.figures, language)
        return _DECIMAL.sub(lambda found: self._figure(found, counted, written, language), counted)

    def _count(self, found: re.Match[str], language: Language) -> str:
        value = _value(found["figure"], language)
        if value == 0 or value in self.allowed or not float(value).is_integer():
            return found[0]
        if value < self.rule.minimum:
            said = f"{_FEWER[language]} {number(math.ceil(self.rule.minimum), 0, language)}"
        else:
            said = number(float(rounded(value, self.rule.base)), 0, language)
        return f"{found['said'] or ''}{found['sign']}{said}"

    def _figure(self, found: re.Match[str], text: str, written: Written, language: Language) -> str:
        follows = text[found.end() :].lstrip()
        percent = follows.startswith(("%", "per cent", "procent"))
        hidden = found["figure"] in (written.percentages if percent else written.decimals)
        return _WITHHELD[language] if hidden else found[0]


@dataclass(frozen=True, slots=True)
class Written:
    """How hidden figures may be written, without their sign: as decimals, and as percentages."""

    decimals: frozenset[str]
    percentages: frozenset[str]


def _written(figures: frozenset[float], language: Language) -> Written:
    sizes = {abs(value) for value in figures}
    decimals = {number(value, digits, language) for value in sizes for digits in _DIGITS}
    percentages = {percentage_number(value, language) for value in sizes}
    percentages |= {number(100 * value, digits, language) for value in sizes for digits in (0, 1, 2)}
    nothing = {number(0.0, digits, language) for digits in range(5)}
    return Written(frozenset(decimals - nothing), frozenset(percentages - nothing))


def _value(text: str, language: Language) -> float:
    """Return a number as it is written in a language."""
    thousands, point = (".", ",") if language == "nl" else (",", ".")
    return float(text.replace(thousands, "").replace(point, "."))


def _lost(before: pd.DataFrame, after: pd.DataFrame) -> set[float]:
    """Return the numbers of a table that its protected form lacks."""
    found: set[float] = set()
    for name in before.columns:
        if before[name].dtype.kind not in "fiu":
            continue
        values, kept = before[name].to_numpy(dtype=float), after[name].to_numpy(dtype=float)
        found |= set(values[np.isfinite(values) & np.isnan(kept)].tolist())
    return found


def _numbers(inputs: Any) -> set[float]:
    """Return all numbers among the parameters of an answer."""
    if isinstance(inputs, Mapping):
        return set().union(*(_numbers(value) for value in inputs.values()))
    if isinstance(inputs, list | tuple):
        return set().union(*(_numbers(value) for value in inputs))
    number_given = isinstance(inputs, int | float | np.number) and not isinstance(inputs, bool)
    return {float(inputs)} if number_given else set()
