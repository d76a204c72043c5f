"""The words of `focus_areas`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leefraster.areas.focus import ENOUGH_MATCHED, NO_URBANITY
from leefraster.questions.question import Question, Unanswerable, Words, words
from leefraster.questions.selectable import require_selectable
from leefraster.questions.wording import (
    DIMENSIONS,
    LANGUAGES,
    Language,
    column_titles,
    listed,
    number,
    percentage,
)

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.areas.compare import AreaComparison
    from leefraster.areas.focus import FocusProgress
    from leefraster.questions.focus_areas import Asked

QUESTION = Question(
    name="focus_areas",
    asked=words(
        "Lopen de focusgebieden hun achterstand in, elk voor zich?",
        "Do the focus areas make up their lag, each by itself?",
    ),
    rule=words(
        "Een gebied loopt in als zijn achterstand op het landelijk niveau op de gepaste lijn binnen de horizon "
        "verdwijnt. Klopt: elk gebied dat achterligt loopt in. Klopt niet: geen enkel. "
        "Wisselend: sommige wel, andere niet. Niet te zeggen: gebieden, niveaus, woningen of een "
        "derde meetjaar ontbreken.",
        "An area catches up when, on the fitted line, its gap to the national level closes within the horizon. "
        "Holds: every area that lies behind does. Does not hold: none does. Mixed: some do and others do "
        "not. Cannot be said: areas, levels, dwellings or a third measurement year are missing.",
    ),
)

NONE_BEHIND = words(
    "geen van de gebieden ligt achter op het land", "none of the areas lies behind the country"
)

_STATES: dict[str, Words] = {
    "diverging": words("verder achterop", "falling further behind"),
    "lagging": words("achterblijvend", "staying behind"),
    "catching up": words("inlopend", "catching up"),
    "ahead": words("voor op het land", "ahead of the country"),
}


def sentence(asked: Asked, table: pd.DataFrame, compared: AreaComparison | None) -> Words:
    """Return the answer in words: how many areas in each state, the widest gap, and the clusters in no area."""
    judged = table[table["gap"].notna()]
    return words(*(_sentence(asked, judged, compared, language) for language in LANGUAGES))


def _sentence(asked: Asked, judged: pd.DataFrame, compared: AreaComparison | None, language: Language) -> str:
    counts = judged["state"].value_counts()
    states = listed(
        [f"{counts[state]} {_STATES[state][language]}" for state in _STATES if state in counts], language
    )
    worst, first, last = judged.iloc[0], asked.years[0], asked.years[-1]
    low, high = (percentage(float(judged["weak_share_last"].agg(how)), language) for how in ("min", "max"))
    to = {"nl": "tot", "en": "to"}[language]
    shares = low if low == high else f"{low} {to} {high}"
    gap = number(float(worst["gap"]), 3, language)
    if language == "nl":
        text = (
            f"Focusgebieden over {first}-{last}, {len(judged)} in getal: {states}. In {last} staat per gebied "
            f"{shares} van de woningen in cellen van klasse {asked.weak_class} of lager. De grootste "
            f"achterstand op het land heeft {worst['name']} ({gap})."
        )
    else:
        text = (
            f"Focus areas over {first}-{last}, {len(judged)} in number: {states}. In {last}, by area, {shares} "
            f"of the dwellings stand in cells of class {asked.weak_class} or lower. {worst['name']} lags "
            f"furthest behind the country ({gap})."
        )
    return text if compared is None else f"{text} {_missed(asked, compared, language)}"


def _missed(asked: Asked, compared: AreaComparison, language: Language) -> str:
    """Say how many clusters lie in no area; where there is no cluster, whether there could be one."""
    missed, whole = compared.missed, compared.clusters
    if len(whole) == 0:
        return _no_clusters(asked, language)
    dwellings = number(float(missed["dwellings"].sum()), 0, language)
    if language == "nl":
        return (
            f"Structurele clusters die in geen enkel focusgebied liggen: {len(missed)} van {len(whole)}, met "
            f"{dwellings} woningen."
        )
    counts = f"{len(missed)} of {len(whole)}, with {dwellings} dwellings"
    return f"Structural clusters that lie in no focus area: {counts}."


def _no_clusters(asked: Asked, language: Language) -> str:
    assert asked.clusters is not None
    try:
        require_selectable(asked.scores, asked.years, asked.clusters.rule)
    except Unanswerable as gap:
        start = {
            "nl": "Over structurele clusters is niets te zeggen",
            "en": "Of clusters nothing can be said",
        }
        return f"{start[language]}: {gap.reason[language]}."
    return {
        "nl": "Er zijn geen structurele clusters.",
        "en": "There are no structural clusters.",
    }[language]


def caveats(asked: Asked, table: pd.DataFrame, progress: FocusProgress, said: list[str]) -> list[Words]:
    """Return what the answer does not say, the warnings given among it."""
    follows = [year for year in asked.years if year > asked.start]
    after = ", ".join(map(str, follows)) or "-"
    found = [
        words(
            "Dit beschrijft en evalueert geen programma: gebieden zijn gekozen omdat ze zwak waren, en een deel "
            "van een latere stijging is terugkeer naar het gemiddelde.",
            "This describes and evaluates no programme: areas were chosen for being weak, and part of a later "
            "rise is regression to the mean.",
        ),
        words(
            f"Alleen deze metingen volgen duidelijk op de start ({asked.start}): {after}. Waar de schijnstart een "
            "meting eerder evenveel verschil laat zien, zegt het verschil met vergelijkbare cellen niets.",
            f"Only these measurements clearly follow the start ({asked.start}): {after}. Where the placebo start "
            "one measurement earlier shows as much, the difference with cells alike says nothing.",
        ),
        words(
            "Met weinig meetjaren is de helling onzeker; grenzen van 95 procent bestaan vanaf vijf jaren.",
            "With few measurement years the slope is uncertain; limits of 95 per cent exist from five years on.",
        ),
    ]
    if NO_URBANITY in progress.caveats:
        found.append(
            words(
                "De stedelijkheid is aan het begin van de vergelijking niet bekend: vergelijkbare cellen hebben "
                "hetzelfde niveau, in welke stedelijkheidsklasse ook.",
                NO_URBANITY,
            )
        )
    found += _partly_matched(progress.areas)
    lost = int(table["gap"].isna().sum())
    if lost:
        found.append(
            words(
                f"{lost} gebieden zonder woningen met een niveau zijn niet beoordeeld.",
                f"{lost} areas without dwellings that have a level are not judged.",
            )
        )
    found += [words(text, text) for text in said]
    return found


def _partly_matched(areas: pd.DataFrame) -> list[Words]:
    """Say for how many areas the comparison is about a part of the dwellings only."""
    found = []
    for column, nl, en in (
        ("matched_share", "de start", "the start"),
        ("placebo_matched_share", "de schijnstart", "the placebo start"),
    ):
        few = areas[areas[column] < ENOUGH_MATCHED].sort_values([column, "code"])
        if len(few):
            first = few[["name", "code", column]].head(10).to_numpy()
            shares: dict[Language, str] = {
                language: ", ".join(
                    f"{name or code} {percentage(share, language)}" for name, code, share in first
                )
                for language in LANGUAGES
            }
            found.append(
                words(
                    f"Bij {nl} zijn er in {len(few)} van {len(areas)} gebieden voor minder dan 90 procent van de "
                    f"woningen vergelijkbare cellen ({shares['nl']}); het verschil gaat alleen over dat deel.",
                    f"At {en}, {len(few)} of {len(areas)} areas have cells alike for less than 90 per cent of "
                    f"their dwellings ({shares['en']}); the difference is about that part only.",
                )
            )
    return found


def columns(asked: Asked) -> dict[str, dict[str, str]]:
    """Return the titles of the columns of all tables."""
    weak, first, last = asked.weak_class, asked.years[0], asked.years[-1]
    titles = column_titles(
        f"""
        number | nummer op de kaart | number on the map | 1
        code | code | code | text
        name | focusgebied | focus area | text
        year | jaar | year | year
        dwellings | woningen | dwellings | dwellings
        weak_share_first | klasse {weak} of lager, {first} | class {weak} or lower, {first} | share of dwellings
        weak_share_last | klasse {weak} of lager, {last} | class {weak} or lower, {last} | share of dwellings
        weak_share | klasse {weak} of lager | class {weak} or lower | share of dwellings
        level | niveau | level | level
        country | land | country | level
        gap | achterstand (-) op het land | gap to the country | level
        slope | verandering van de achterstand | change of the gap | level per year
        slope_low | onderste grens | lower limit | level per year
        slope_high | bovenste grens | upper limit | level per year
        state | toestand | state | text
        outlook | sluit | closes | text
        change_since_start | verandering sinds {asked.start} | change since {asked.start} | level
        own_change | dezelfde, cellen met vergelijkbare | the same, cells that have cells alike | level
        matched_change | dezelfde, vergelijkbare cellen | the same, cells alike | level
        matched_share | met vergelijkbare cellen | with cells alike | share of dwellings
        matched_level | niveau van vergelijkbare cellen | level of cells alike | level
        difference | verschil | difference | level
        placebo | verschil bij een schijnstart | difference at a placebo start | level
        placebo_matched_share | dezelfde, schijnstart | the same, placebo | share of dwellings
        weakest_dimension | zwakste dimensie | weakest dimension | text
        cluster | cluster | cluster | text
        rank | rang | rank | 1
        severity | ernst | severity | dwellings x level
        dwellings_in_areas | woningen in focusgebieden | dwellings in focus areas | dwellings
        share_in_areas | aandeel in focusgebieden | share in focus areas | share (0-1)
        dwellings_in_clusters | woningen in clusters | dwellings in clusters | dwellings
        share_in_clusters | aandeel in clusters | share in clusters | share (0-1)
        clusters | clusters | clusters | text
        """
    )
    for code, name in DIMENSIONS.items():
        titles[f"gap_{code}"] = {
            "nl": f"achterstand {name['nl']}",
            "en": f"gap in {name['en']}",
            "unit": "score",
        }
    return titles
