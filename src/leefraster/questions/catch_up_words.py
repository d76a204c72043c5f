"""The words of `catch_up`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import (
    LANGUAGES,
    URBANITY,
    Language,
    column_titles,
    listed,
    number,
    percentage,
    percentage_number,
    span,
)

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.catch_up import Asked, Units

QUESTION = Question(
    name="catch_up",
    asked=words(
        "Gold de verbetering van de steden ook voor minder stedelijke gebieden, en hoeveel van hun "
        "achterstand "
        "hebben de steden ingelopen?",
        "Did the improvement of the cities hold for less urban areas too, and how much of their lag did the "
        "cities make up?",
    ),
    rule=words(
        "Een klasse steeg als haar niveau, op bestaande eenheden met de stedelijkheid en gewichten van het "
        "beginjaar, met ten minste de minimumverandering toenam en het betrouwbaarheidsinterval boven nul "
        "ligt. "
        "Klopt: de steden stegen, elke minder stedelijke klasse steeg, en het interval van het ingelopen "
        "deel "
        "ligt boven nul. Wisselend: de steden en ten minste één andere klasse stegen, maar de rest niet "
        "allemaal. "
        "Klopt niet: de steden lagen voor, of het interval sluit voor de steden, of voor elke andere klasse, een "
        "stijging van de minimumverandering uit. Niet te zeggen: of de steden of de andere klassen stegen is open, "
        "niveau, stedelijkheid, gewichten of een tweede jaar ontbreken, versies verschillen, een klasse "
        "telt te "
        "weinig eenheden, woningen of blokken, of de achterstand aan het begin is niet significant.",
        "A class rose when its level, on existing units with the urbanity and weights of the start year, "
        "grew by "
        "at least the minimum change and its interval lies above zero. Holds: the cities rose, every less "
        "urban "
        "class rose, and the interval of the share made up lies above zero. Mixed: the cities and at least "
        "one "
        "other class rose, but not all of this holds. Does not hold: the cities were ahead, or the interval rules "
        "out a rise of the minimum change for the cities, or for every other class. Cannot be said: whether the "
        "cities, or the other classes, rose is open, level, urbanity, weights or a second year are missing, "
        "versions differ, a class has too few units, dwellings or blocks, or the lag at the start is not "
        "significant.",
    ),
)

_MOVED = {
    "rose": words("steeg het niveau", "the level rose"),
    "fell": words("daalde het niveau", "the level fell"),
    "no rise": words("steeg het niveau niet", "the level did not rise"),
    "open": words("veranderde het niveau niet aantoonbaar", "the level did not change clearly"),
}


def sentence(asked: Asked, changes: pd.DataFrame, lag: pd.DataFrame) -> Words:
    """Return the answer in words: the cities, the less urban classes, and the lag."""
    parts = [_cities(asked, changes), _less_urban(asked, changes), _lag(asked, lag)]
    return words(*(" ".join(part[language] for part in parts) for language in ("nl", "en")))


def insignificant(asked: Asked, lag: pd.DataFrame) -> Words:
    """Return why nothing is said when the lag at the start may be none."""
    row = lag.iloc[0]
    nl, en = (
        [number(row[name], 3, language) for name in ("lag_start", "lag_start_low", "lag_start_high")]
        for language in LANGUAGES
    )
    sure = _sure(asked)
    return words(
        f"de achterstand van de steden in {asked.start} ({nl[0]}; {sure['nl']} {nl[1]} tot {nl[2]}) "
        "verschilt "
        "niet aantoonbaar van nul, zodat een ingelopen deel niets betekent",
        f"the lag of the cities in {asked.start} ({en[0]}; {sure['en']} {en[1]} to {en[2]}) does not differ "
        "from "
        "zero beyond doubt, so that a share made up has no meaning",
    )


def open_rise(asked: Asked, changes: pd.DataFrame) -> Words:
    """Return whose rise is open: that of the cities, else those of the less urban classes."""
    rows = dict(zip(changes["urbanity"], changes.to_dict("records"), strict=True))
    cities = rows[span(asked.cities)]
    period = (f"tussen {asked.start} en {asked.end}", f"between {asked.start} and {asked.end}")
    if cities["course"] == "open":
        name = _city_name(asked)
        return words(
            f"of het niveau in {name['nl']} {period[0]} steeg, is open ({_limits(asked, cities, 'nl')})",
            f"whether the level rose in {name['en']} {period[1]} is open ({_limits(asked, cities, 'en')})",
        )
    less = [str(k) for k in asked.rest() if rows[str(k)]["course"] == "open"]
    limits = {
        language: "; ".join(f"{k}: {_limits(asked, rows[k], language)}" for k in less)
        for language in LANGUAGES
    }
    return words(
        f"of het niveau {period[0]} in minder stedelijke klassen steeg, is open ({limits['nl']})",
        f"whether the level rose in less urban classes {period[1]} is open ({limits['en']})",
    )


def _limits(asked: Asked, row: Mapping[Hashable, Any], language: Language) -> str:
    change, low, high = (
        _signed(float(row[key]), language) for key in ("change", "change_low", "change_high")
    )
    to = "tot" if language == "nl" else "to"
    return f"{change}, {_sure(asked)[language]} {low} {to} {high}"


def _sure(asked: Asked) -> Words:
    percent = f"{100 * asked.confidence:g}"
    return words(f"{percent.replace('.', ',')}%-interval", f"{percent} % interval")


def _city_name(asked: Asked) -> Words:
    if len(asked.cities) == 1:
        name = URBANITY[asked.cities[0]]
        return words(f"{name['nl']} gebied", f"{name['en']} areas")
    return words(
        f"de steden (klassen {listed([str(k) for k in asked.cities], 'nl')})",
        f"the cities (classes {listed([str(k) for k in asked.cities], 'en')})",
    )


def _cities(asked: Asked, changes: pd.DataFrame) -> Words:
    row = changes.loc[changes["urbanity"] == span(asked.cities)].iloc[0]
    name, moved = _city_name(asked), _MOVED[row["course"]]
    nl, en = (
        [number(row[key], 3, language) for key in ("level_start", "level_end", "change")]
        for language in LANGUAGES
    )
    return words(
        f"Tussen {asked.start} en {asked.end} {moved['nl']} in {name['nl']}: van {nl[0]} naar {nl[1]} "
        f"({_signed(row['change'], 'nl')}).",
        f"Between {asked.start} and {asked.end} {moved['en']} in {name['en']}: from {en[0]} to {en[1]} "
        f"({_signed(row['change'], 'en')}).",
    )


def _signed(value: float, language: Language) -> str:
    text = number(value, 3, language)
    return f"+{text}" if value > 0 and any(character in "123456789" for character in text) else text


def _less_urban(asked: Asked, changes: pd.DataFrame) -> Words:
    """Say in which less urban classes the level rose, with the changes."""
    rows = changes.set_index("urbanity").loc[[str(k) for k in asked.rest()]]
    rose = [k for k in rows.index if rows.loc[k, "course"] == "rose"]
    lists = {
        language: ", ".join(f"{k}: {_signed(float(rows.loc[k, 'change']), language)}" for k in rows.index)
        for language in LANGUAGES
    }
    if len(rose) == len(rows):
        nl, en = "In alle minder stedelijke klassen steeg het ook", "It rose in all less urban classes too"
    elif not rose:
        nl = "In geen van de minder stedelijke klassen steeg het aantoonbaar"
        en = "It clearly rose in none of the less urban classes"
    else:
        noun = ("klasse", "class") if len(rose) == 1 else ("klassen", "classes")
        nl = f"Van de minder stedelijke klassen steeg het aantoonbaar in {noun[0]} {listed(rose, 'nl')}"
        en = f"Of the less urban classes it clearly rose in {noun[1]} {listed(rose, 'en')}"
    return words(f"{nl} ({lists['nl']}).", f"{en} ({lists['en']}).")


def _lag(asked: Asked, lag: pd.DataFrame) -> Words:
    row = lag.iloc[0]
    begin, finish = float(row["lag_start"]), float(row["lag_end"])
    ends = {
        language: f"{number(begin, 3, language)} {to} {number(finish, 3, language)}"
        for language, to in zip(LANGUAGES, ("naar", "to"), strict=True)
    }
    if row["lag_start"] < 0:
        ahead = {language: number(-row["lag_start"], 3, language) for language in LANGUAGES}
        return words(
            f"De steden hadden in {asked.start} geen achterstand op minder stedelijk gebied, maar een "
            f"voorsprong van {ahead['nl']}.",
            f"In {asked.start} the cities were not behind less urban areas but ahead, by {ahead['en']}.",
        )
    nl = f"De achterstand van de steden op minder stedelijk gebied ging van {ends['nl']}"
    en = f"The lag of the cities behind less urban areas went from {ends['en']}"
    share, low, high = (float(row[name]) for name in ("share_made_up", "share_low", "share_high"))
    sure = _sure(asked)
    limits_nl = f"{sure['nl']} {percentage_number(low, 'nl')} tot {percentage(high, 'nl')}"
    limits_en = f"{sure['en']} {percentage_number(low, 'en')} to {percentage(high, 'en')}"
    if high >= 0:
        doubt = low <= 0
        return words(
            f"{nl}: {percentage(share, 'nl')} ingelopen ({limits_nl})"
            + (", wat niet aantoonbaar van nul verschilt." if doubt else "."),
            f"{en}: {percentage(share, 'en')} made up ({limits_en})"
            + (", which does not differ from zero beyond doubt." if doubt else "."),
        )
    grown = (-high, -low)
    return words(
        f"{nl}: zij groeide met {percentage(-share, 'nl')} ({sure['nl']} "
        f"{percentage_number(grown[0], 'nl')} tot "
        f"{percentage(grown[1], 'nl')}).",
        f"{en}: it grew by {percentage(-share, 'en')} ({sure['en']} {percentage_number(grown[0], 'en')} to "
        f"{percentage(grown[1], 'en')}).",
    )


def caveats(asked: Asked, units: Units) -> list[Words]:
    """Return what the answer does not say, and what was left out."""
    kind = {
        "municipality": words("gemeenten", "municipalities"),
        "squares": words(
            f"vierkanten van {asked.block_side / 1000:g} km", f"squares of {asked.block_side / 1000:g} km"
        ),
    }[asked.blocks]
    found = [
        words(
            "De scores zijn een voorspelling van een model, geen oordeel van bewoners.",
            "The scores are a model's prediction and not residents' opinion.",
        ),
        words(
            f"De intervallen volgen uit het beurtelings weglaten van {kind['nl']} (jackknife); samenhang "
            "over hun "
            "grenzen heen en fouten van het model zelf zitten er niet in.",
            f"The intervals come from leaving out {kind['en']} in turn (jackknife); likeness across their "
            "borders "
            "and errors of the model itself are not in them.",
        ),
        words(
            f"Klasse en gewicht zijn die van {asked.start}; verandering door nieuwbouw en sloop staat apart "
            "in de "
            "tabel van cellen.",
            f"Class and weight are those of {asked.start}; change by building and demolition stands apart "
            "in the "
            "table of cells.",
        ),
    ]
    return found + _one_measurement(asked) + _left_out(asked, units)


def _one_measurement(asked: Asked) -> list[Words]:
    """Say where urbanity or weights are the same for all years."""
    found = []
    if "year" not in asked.scores["urbanity"].dims:
        found.append(
            words(
                "De stedelijkheid is voor één moment bekend en voor alle jaren gebruikt.",
                "Urbanity is known for one moment and used for all years.",
            )
        )
    if asked.weights is not None and "year" not in asked.scores[asked.weights].dims:
        found.append(
            words(
                f"De gewichten ({asked.weights}) zijn voor één moment bekend: vaste en actuele gewichten "
                "zijn gelijk.",
                f"The weights ({asked.weights}) are known for one moment: fixed and current weights are the "
                "same.",
            )
        )
    return found


def _left_out(asked: Asked, units: Units) -> list[Words]:
    """Count the units with a level in both years, or in the last only, that could not take part."""
    both = np.isfinite(units.level_start) & np.isfinite(units.level_end)
    lost = int((both & ~units.existing).sum())
    came = ~np.isfinite(units.level_start) & np.isfinite(units.level_end)
    lost_new = int((came & ~units.new).sum())
    found = []
    if lost:
        found.append(
            words(
                f"{number(lost, 0, 'nl')} van {number(int(both.sum()), 0, 'nl')} eenheden met een niveau in "
                "beide "
                f"jaren tellen niet mee: zonder stedelijkheidsklasse of gewicht in {asked.start}.",
                f"{number(lost, 0, 'en')} of {number(int(both.sum()), 0, 'en')} units with a level in both "
                "years are "
                f"left out: without an urbanity class or weight in {asked.start}.",
            )
        )
    if lost_new:
        found.append(
            words(
                f"{number(lost_new, 0, 'nl')} van {number(int(came.sum()), 0, 'nl')} nieuwe eenheden tellen "
                "niet mee: "
                f"zonder stedelijkheidsklasse of gewicht in {asked.end}.",
                f"{number(lost_new, 0, 'en')} of {number(int(came.sum()), 0, 'en')} new units are left out: "
                "without "
                f"an urbanity class or weight in {asked.end}.",
            )
        )
    return found


_COLUMNS = """
urbanity | stedelijkheidsklasse in het beginjaar | urbanity class in the start year | 1-5
name_nl | naam | name in Dutch |
name_en | naam in het Engels | name |
units | bestaande eenheden | existing units | count
weight | {nl} in het beginjaar | {en} in the start year | count
level_start | niveau in het beginjaar | level in the start year | level
level_end | niveau in het eindjaar, vaste gewichten | level in the end year, fixed weights | level
change | verandering, vaste gewichten | change, fixed weights | level
change_low | ondergrens van de verandering | lower limit of the change | level
change_high | bovengrens van de verandering | upper limit of the change | level
course | verloop | course |
level_end_current | niveau in het eindjaar, actuele gewichten | level in the end year, current weights | level
change_current | verandering, actuele gewichten | change, current weights | level
blocks | blokken | blocks | count
against | vergeleken met | compared with |
weights | gewichten | weights |
lag_start | achterstand in het beginjaar | lag in the start year | level
lag_start_low | ondergrens van de achterstand | lower limit of the lag | level
lag_start_high | bovengrens van de achterstand | upper limit of the lag | level
significant | achterstand significant | lag significant |
lag_end | achterstand in het eindjaar | lag in the end year | level
share_made_up | ingelopen deel | share made up | share (1 = all)
share_low | ondergrens van het ingelopen deel | lower limit of the share made up | share (1 = all)
share_high | bovengrens van het ingelopen deel | upper limit of the share made up | share (1 = all)
effective_blocks | effectief aantal blokken | effective number of blocks | count
existing_units | bestaande eenheden | existing units | count
existing_weight_start | {nl} in bestaande eenheden, beginjaar | {en} in existing units, start year | count
existing_weight_end | {nl} in bestaande eenheden, eindjaar | {en} in existing units, end year | count
new_units | nieuwe eenheden | new units | count
new_weight | {nl} in nieuwe eenheden | {en} in new units | count
new_level | niveau van nieuwe eenheden | level of new units | level
vanished_units | verdwenen eenheden | vanished units | count
vanished_weight | {nl} in verdwenen eenheden | {en} in vanished units | count
vanished_level | niveau van verdwenen eenheden | level of vanished units | level
change_all | verandering over alle eenheden | change over all units | level
change_by_coming_and_going | verandering door komen en gaan | change by coming and going | level
"""


def columns(weights: str | None) -> dict[str, dict[str, str]]:
    """Return what the columns of the tables mean."""
    known = {"dwellings": ("woningen", "dwellings"), "households": ("huishoudens", "households")}
    nl, en = known.get(weights or "", ("gewicht", "weight"))
    return column_titles(_COLUMNS.format(nl=nl, en=en))
