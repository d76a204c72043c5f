"""The words of `tradeoff`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import Language, column_titles, dimension_name, listed, number

if TYPE_CHECKING:
    from leefraster.questions.tradeoff import Asked, Relation

QUESTION = Question(
    name="tradeoff",
    asked=words(
        "Gaan meer voorzieningen samen met meer overlast?",
        "Do more amenities go with more nuisance?",
    ),
    rule=words(
        "Klopt: over alle eenheden, en binnen elke stedelijkheidsklasse met genoeg eenheden, staan de twee scores "
        "tegenover elkaar: de correlatie is ten hoogste min de ondergrens en haar bovenste grens ligt niet boven "
        "nul. Wisselend: over alle eenheden wel, maar niet binnen elke klasse. Klopt niet: de onderste grens ligt "
        "boven min de ondergrens. Niet te zeggen: scores of gewichten ontbreken, of de grenzen laten het open.",
        "Holds: over all units, and within each urbanity class with enough units, the two scores oppose each "
        "other: a correlation of at most minus the least one, whose upper limit is not above zero. Mixed: over all "
        "units they do, but not within each class. Does not hold: the lower limit lies above minus the least one. "
        "Cannot be said: scores or weights are missing, or the limits leave it open.",
    ),
)


def _figure(relation: Relation, language: Language) -> str:
    value, low, high = (number(x, 2, language) for x in (relation.correlation, relation.low, relation.high))
    return f"{value} ({low} tot {high})" if language == "nl" else f"{value} ({low} to {high})"


def sentence(asked: Asked, relations: list[Relation]) -> Words:
    """Return the answer in words: the correlation over all units, and within urbanity classes."""
    one_nl, other_nl = (dimension_name(code, "nl") for code in (asked.one, asked.other))
    one_en, other_en = (dimension_name(code, "en") for code in (asked.one, asked.other))
    nl = (
        f"In {asked.year} is de samenhang tussen de score op {one_nl} en die op {other_nl} over alle eenheden "
        f"{_figure(relations[0], 'nl')}; een lage score op overlast en onveiligheid is meer overlast."
    )
    en = (
        f"In {asked.year} the correlation of the score on {one_en} with that on {other_en} over all units is "
        f"{_figure(relations[0], 'en')}; a low score on nuisance and insecurity is more nuisance."
    )
    if len(relations) > 1:
        classes_nl = listed([f"{_figure(one, 'nl')} in klasse {one.group}" for one in relations[1:]], "nl")
        classes_en = listed([f"{_figure(one, 'en')} in class {one.group}" for one in relations[1:]], "en")
        nl += f" Binnen stedelijkheidsklassen: {classes_nl}."
        en += f" Within urbanity classes: {classes_en}."
    return words(nl, en)


def caveats(asked: Asked, relations: list[Relation]) -> list[Words]:
    """Return what the answer does not say."""
    found = [
        words(
            "Samenhang is geen oorzaak: beide volgen ook uit hoe dicht en hoe centraal een plek is.",
            "Correlation is no cause: both follow from how dense and how central a place is, too.",
        ),
        words(
            "De dimensies zijn bijdragen uit een en hetzelfde model; kenmerken kunnen in beide meetellen.",
            "The dimensions are contributions from one and the same model; characteristics may count in both.",
        ),
    ]
    if len(relations) == 1:
        found.append(
            words(
                "De stedelijkheid is niet bekend, zodat alleen over alle eenheden is gekeken.",
                "Urbanity is not known, so that only all units together were looked at.",
            )
        )
    if not asked.weights:
        found.append(words("Elke eenheid telt even zwaar.", "Every unit counts the same."))
    return found


def columns() -> dict[str, dict[str, str]]:
    """Return the titles of the columns of all tables."""
    return column_titles(
        """
        group | stedelijkheidsklasse | urbanity class | text
        units | eenheden | units | 1
        correlation | correlatie | correlation | 1
        low | onderste grens | lower limit | 1
        high | bovenste grens | upper limit | 1
        one | dimensie | dimension | text
        other | andere dimensie | other dimension | text
        cluster | cluster | cluster | text
        share | aandeel | share | share (0-1)
        """
    )
