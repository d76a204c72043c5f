"""The words of `urbanity`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leefraster.questions.course import Course
from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import (
    Language,
    column_titles,
    dimension_name,
    listed,
    number,
    percentage,
)

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.urbanity import Asked, Profile

QUESTION = Question(
    name="urbanity",
    asked=words(
        "Geldt dat de score op voorzieningen lager is naarmate een gebied minder stedelijk is, terwijl "
        "andere "
        "dimensies daar beter scoren?",
        "Is it true that the lower the urbanity, the lower the score on amenities, while other dimensions "
        "are "
        "better there?",
    ),
    rule=words(
        "Klopt: de gewogen gemiddelde score op voorzieningen daalt van klasse 1 naar klasse 5 (geen stap "
        "omhoog "
        "groter dan de tolerantie, in totaal ten minste het minimumverschil) en elke andere dimensie stijgt. "
        "Wisselend: voorzieningen dalen, maar niet elke andere dimensie stijgt; of voorzieningen zijn in "
        "klasse "
        "5 lager dan in klasse 1 met ten minste het minimumverschil, zonder bij elke stap te dalen. Klopt "
        "niet: "
        "overige gevallen. Niet te zeggen: stedelijkheid, gewichten of scores ontbreken, of een klasse telt "
        "te "
        "weinig eenheden of woningen.",
        "Holds: the weighted mean score on amenities falls from class 1 to class 5 (no step up larger than "
        "the "
        "tolerance, and at least the minimum difference in all) and every other dimension rises. Mixed: "
        "amenities fall but not every other dimension rises; or amenities are lower in class 5 than in "
        "class 1 "
        "by at least the minimum difference without falling at every step. Does not hold: otherwise. Cannot "
        "be "
        "said: urbanity, weights or scores are missing, or a class has too few units or too little weight.",
    ),
)


def _ends(profile: Profile, code: str, language: Language) -> str:
    row = profile.row(code)
    first, last = number(row[0], 3, language), number(row[-1], 3, language)
    return f"van {first} naar {last}" if language == "nl" else f"from {first} to {last}"


def _extremes(profile: Profile, code: str, language: Language) -> str:
    """Return the lowest and the highest mean of a dimension with their classes, where there is no line."""
    row = profile.row(code)
    low, high = int(row.argmin()), int(row.argmax())
    least, most = number(row[low], 3, language), number(row[high], 3, language)
    if language == "nl":
        return f"van {least} in klasse {low + 1} tot {most} in klasse {high + 1}"
    return f"from {least} in class {low + 1} to {most} in class {high + 1}"


def sentence(asked: Asked, profile: Profile, high: pd.DataFrame | None) -> Words:
    """Return the answer in words: amenities, the other dimensions, and the dwellings with a high score."""
    parts = [_amenities_words(asked, profile), _others_words(asked, profile)]
    if high is not None:
        parts.append(_high_words(asked, high))
    return words(" ".join(p["nl"] for p in parts if p["nl"]), " ".join(p["en"] for p in parts if p["en"]))


def _amenities_words(asked: Asked, profile: Profile) -> Words:
    code, year = asked.amenities, asked.year
    course = profile.courses[code]
    figures = _ends if course in ("falling", "rising") else _extremes
    nl = f"{dimension_name(code, 'nl')}: {figures(profile, code, 'nl')}"
    en = f"{dimension_name(code, 'en')}: {figures(profile, code, 'en')}"
    if course in ("falling", "rising"):
        nl, en = f"{nl} (klasse 1 naar klasse 5)", f"{en} (class 1 to class 5)"
    phrases: dict[Course, Words] = {
        "falling": words(
            f"In {year} geldt: hoe minder stedelijk, hoe lager de score op {nl}.",
            f"In {year}, the lower the urbanity, the lower the score on {en}.",
        ),
        "rising": words(
            f"In {year} geldt het omgekeerde: hoe minder stedelijk, hoe hoger de score op {nl}.",
            f"In {year} the opposite is true: the lower the urbanity, the higher the score on {en}.",
        ),
        "flat": words(
            f"In {year} verschillen de stedelijkheidsklassen nauwelijks in de score op {nl}.",
            f"In {year} the urbanity classes hardly differ in the score on {en}.",
        ),
        "mixed": words(
            f"In {year} is er geen vaste lijn tussen stedelijkheid en de score op {nl}.",
            f"In {year} there is no steady line between urbanity and the score on {en}.",
        ),
    }
    return phrases[course]


_OTHERS: dict[Course, Words] = {
    "rising": words("Minder stedelijk gebied scoort beter op", "Less urban areas score better on"),
    "falling": words("Minder stedelijk gebied scoort slechter op", "Less urban areas score worse on"),
    "flat": words("Er is nauwelijks verschil in", "There is hardly any difference in"),
    "mixed": words("Geen vaste lijn is er in", "There is no steady line in"),
}


def _others_words(asked: Asked, profile: Profile) -> Words:
    """Say which other dimensions are better or worse in less urban areas, hardly differ or show no line."""
    nl, en = [], []
    for course, head in _OTHERS.items():
        codes = [code for code in profile.others(asked.amenities) if profile.courses[code] == course]
        if codes:
            nl.append(f"{head['nl']} {_named(profile, codes, course, 'nl')}.")
            en.append(f"{head['en']} {_named(profile, codes, course, 'en')}.")
    return words(" ".join(nl), " ".join(en))


def _named(profile: Profile, codes: list[str], course: Course, language: Language) -> str:
    figures = _ends if course in ("falling", "rising") else _extremes
    named = [f"{dimension_name(code, language)} ({figures(profile, code, language)})" for code in codes]
    return listed(named, language)


def _high_words(asked: Asked, high: pd.DataFrame) -> Words:
    share = dict(zip(high["urbanity_group"], high["high_share"], strict=True))
    nl_thing, en_thing = _weight_words(asked)
    return words(
        f"Van de {nl_thing} in weinig en niet stedelijk gebied (klassen 4 en 5) heeft "
        f"{percentage(share['4-5'], 'nl')} een totaalscore van klasse {asked.high_class} of hoger, tegen "
        f"{percentage(share['1-3'], 'nl')} in de klassen 1 tot en met 3.",
        f"Of the {en_thing} in slightly urban and non-urban areas (classes 4 and 5), "
        f"{percentage(share['4-5'], 'en')} have a total score of class {asked.high_class} or better, against "
        f"{percentage(share['1-3'], 'en')} in classes 1 to 3.",
    )


def _unit_words(asked: Asked) -> tuple[str, str]:
    return ("cellen", "cells") if asked.unit == "cell" else ("gebieden", "areas")


def _weight_words(asked: Asked) -> tuple[str, str]:
    known = {
        "dwellings": ("woningen", "dwellings"),
        "households": ("huishoudens", "households"),
        "inhabitants": ("inwoners", "inhabitants"),
        None: _unit_words(asked),
    }
    return known.get(asked.weights, (f"gewichten ({asked.weights})", f"weight ({asked.weights})"))


def caveats(asked: Asked, profile: Profile, high: pd.DataFrame | None) -> list[Words]:
    """Return what the answer does not say, and what was left out."""
    found = [
        words(
            "De scores zijn een voorspelling van een model, geen oordeel van bewoners; een verband met "
            "stedelijkheid is geen oorzaak.",
            "The scores are a model's prediction and not residents' opinion; a relation with urbanity is no "
            "cause.",
        ),
        words(
            "Gemiddelden per klasse verbergen grote verschillen daarbinnen; zie de tabel met spreiding.",
            "Means by class hide large differences within them; see the table of spread.",
        ),
    ]
    if "onv" in profile.codes:
        found.append(
            words(
                "Een hogere score op overlast en onveiligheid betekent minder overlast.",
                "A higher score on nuisance and insecurity means less nuisance.",
            )
        )
    found += _left_out(asked, profile)
    if high is None:
        found.append(
            words(
                "Het niveau (level) ontbreekt, dus het aandeel woningen met een hoge score is niet bepaald.",
                "The level is missing, so the share of dwellings with a high score is not given.",
            )
        )
    return found


def _left_out(asked: Asked, profile: Profile) -> list[Words]:
    """Count the scored units that did not take part."""
    scored = np.isfinite(profile.values["total"])
    no_class = int((scored & (profile.group == 0)).sum())
    no_weight = int((scored & (profile.group > 0) & ~(profile.weight > 0)).sum())
    n, caveats = int(scored.sum()), []
    nl_units, en_units = _unit_words(asked)
    for count, nl, en in (
        (no_class, "zonder stedelijkheidsklasse", "without an urbanity class"),
        (no_weight, f"zonder gewicht ({asked.weights})", f"without a weight ({asked.weights})"),
    ):
        if count:
            caveats.append(
                words(
                    f"{number(count, 0, 'nl')} van {number(n, 0, 'nl')} {nl_units} met een score tellen "
                    "niet mee: "
                    f"{nl}.",
                    f"{number(count, 0, 'en')} of {number(n, 0, 'en')} {en_units} with a score are left "
                    f"out: {en}.",
                )
            )
    return caveats


_COLUMNS = """
urbanity | stedelijkheidsklasse (1 = zeer sterk stedelijk) | urbanity class (1 = very strongly urban) | 1-5
urbanity_group | stedelijkheidsklassen | urbanity classes | 1-5
name_nl | naam | name in Dutch |
name_en | naam in het Engels | name |
units | {units_nl} | {units_en} | count
{weight} | {thing_nl} | {thing_en} | count
weight_share | aandeel van de {thing_nl} | share of the {thing_en} | share (0-1)
high | {thing_nl} met een hoge score | {thing_en} with a high score | count
high_share | aandeel met klasse {high_class} of hoger | share in class {high_class} or better | share (0-1)
dimension | dimensie | dimension |
course | verloop van klasse 1 naar 5 | course from class 1 to 5 |
expected | verwacht verloop | expected course |
class_1 | gemiddelde in klasse 1 | mean in class 1 | score
class_5 | gemiddelde in klasse 5 | mean in class 5 | score
difference | klasse 5 min klasse 1 | class 5 minus class 1 | score
lowest_step | laagste stap tussen klassen | lowest step between classes | score
highest_step | hoogste stap tussen klassen | highest step between classes | score
mean | gewogen gemiddelde | weighted mean | score
standard_deviation | standaardafwijking binnen de klasse | standard deviation within the class | score
p10 | 10e percentiel | 10th percentile | score
median | mediaan | median | score
p90 | 90e percentiel | 90th percentile | score
"""


def columns(asked: Asked, codes: list[str]) -> dict[str, dict[str, str]]:
    """Return what the columns of the tables mean."""
    thing_nl, thing_en = _weight_words(asked)
    units_nl, units_en = _unit_words(asked)
    text = _COLUMNS.format(
        units_nl=units_nl, units_en=units_en, thing_nl=thing_nl, thing_en=thing_en,
        weight=asked.weight_column, high_class=asked.high_class,
    )  # fmt: skip
    dimensions = {
        code: {"nl": dimension_name(code, "nl"), "en": dimension_name(code, "en"), "unit": "score"}
        for code in codes
    }
    return column_titles(text) | dimensions
