"""The words of `hard_core`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import LANGUAGES, Language, column_titles, listed, number, percentage

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.hard_core import Asked

QUESTION = Question(
    name="hard_core",
    asked=words(
        "Blijft een harde kern van (delen van) buurten structureel achter bij de over het geheel positieve "
        "ontwikkeling?",
        "Does a hard core of (parts of) neighbourhoods stay structurally behind the generally positive "
        "development?",
    ),
    rule=words(
        "Klopt: er zijn structureel zwakke clusters, ten minste de helft van hun woningen staat in clusters die "
        "achterblijven of verder achterop raken, en het landelijke niveau steeg van het eerste naar het laatste "
        "meetjaar met ten minste de minimumstijging. Wisselend: er zijn clusters, maar het land steeg niet of de "
        "meeste woningen staan in clusters die inlopen. Klopt niet: er zijn geen clusters, terwijl de regel er "
        "wel kon aanwijzen. Niet te zeggen: minder dan drie meetjaren, geen niveau, geen woningen, verschillende "
        "versies, geen clusters bepaald, of te weinig woningen met een niveau voor ook maar één cluster.",
        "Holds: there are structurally weak clusters, at least half of their dwellings stand in clusters that "
        "lag or diverge, and the country's level rose from the first to the latest measurement year by at least "
        "the minimum rise. Mixed: there are clusters, but the country did not rise or most of their dwellings "
        "stand in clusters that catch up. Does not hold: there are no clusters, though the rule could have "
        "selected some. Cannot be said: fewer than three measurement years, no level, no dwellings, different "
        "versions, clusters not determined, or too few dwellings with a level for any cluster.",
    ),
)

STATES: dict[str, Words] = {
    "diverging": words("raakt verder achterop", "diverging"),
    "lagging": words("blijft achter", "lagging"),
    "catching up": words("loopt in", "catching up"),
    "ahead": words("ligt niet achter", "ahead"),
    "all": words("alle clusters", "all clusters"),
}


def sentence(asked: Asked, table: pd.DataFrame, country: pd.DataFrame, measurements: pd.DataFrame) -> Words:
    """Return the answer in words: how many, of whom, the country's course, the states, and before."""
    parts = [_how_many(asked, table), _country(country)]
    if table["clusters"].iloc[-1]:
        parts.append(_states(table))
    if len(measurements) > 1:
        parts.append(_before(measurements))
    return words(*(" ".join(part[language] for part in parts) for language in LANGUAGES))


def _clusters(count: int) -> Words:
    if count == 1:
        return words("is er 1 structureel zwak cluster", "there is 1 structurally weak cluster")
    if count == 0:
        return words("zijn er geen structureel zwakke clusters", "there are no structurally weak clusters")
    return words(
        f"zijn er {number(count, 0, 'nl')} structureel zwakke clusters",
        f"there are {number(count, 0, 'en')} structurally weak clusters",
    )


def _how_many(asked: Asked, table: pd.DataFrame) -> Words:
    row = table.iloc[-1]
    found = _clusters(int(row["clusters"]))
    if row["clusters"] == 0:
        return words(f"In {asked.latest} {found['nl']}.", f"In {asked.latest} {found['en']}.")
    things = (
        ("dwelling_share", "woningen", "dwellings"),
        ("household_share", "huishoudens", "households"),
        ("inhabitant_share", "inwoners", "inhabitants"),
    )
    nl = [f"{percentage(row[key], 'nl')} van de {name}" for key, name, _ in things if np.isfinite(row[key])]
    en = [f"{percentage(row[key], 'en')} of {name}" for key, _, name in things if np.isfinite(row[key])]
    return words(
        f"In {asked.latest} {found['nl']}, met {listed(nl, 'nl')} ({number(row['dwellings'], 0, 'nl')} "
        "woningen).",
        f"In {asked.latest} {found['en']}, with {listed(en, 'en')} ({number(row['dwellings'], 0, 'en')} "
        "dwellings).",
    )


def _country(country: pd.DataFrame) -> Words:
    first, last = country.iloc[0], country.iloc[-1]
    nl, en = ([number(row["level"], 3, language) for row in (first, last)] for language in LANGUAGES)
    years = [str(int(row["year"])) for row in (first, last)]
    return words(
        f"Het gemiddelde niveau van alle woningen ging tussen {years[0]} en {years[1]} van {nl[0]} naar "
        f"{nl[1]}.",
        f"Between {years[0]} and {years[1]} the mean level of all dwellings went from {en[0]} to {en[1]}.",
    )


def _states(table: pd.DataFrame) -> Words:
    count = {state: int(n) for state, n in zip(table["state"], table["clusters"], strict=True)}
    verbs = {
        "diverging": (("raakt", "raken"), "verder achterop", ("diverges", "diverge")),
        "lagging": (("blijft", "blijven"), "achter", ("lags", "lag")),
        "catching up": (("loopt", "lopen"), "in", ("catches up", "catch up")),
        "ahead": (("ligt", "liggen"), "niet achter", ("is not behind", "are not behind")),
    }
    nl, en = [], []
    for state, (verb_nl, tail, verb_en) in verbs.items():
        if state not in count:
            continue
        n, plural = count[state], int(count[state] != 1)
        nl.append(f"{verb_nl[plural]} {number(n, 0, 'nl')} {tail}")
        en.append(f"{number(n, 0, 'en')} {verb_en[plural]}")
    return words(
        f"Ten opzichte van dat gemiddelde {listed(nl, 'nl')}.",
        f"Compared with that mean, {listed(en, 'en')}.",
    )


def _before(measurements: pd.DataFrame) -> Words:
    """Say whether there are more or fewer than at the previous measurement, in number and in dwellings."""
    earlier, latest = measurements.iloc[0], measurements.iloc[-1]
    more = words(
        _compared(latest["clusters"] - earlier["clusters"], "nl"),
        _compared(latest["clusters"] - earlier["clusters"], "en"),
    )
    same = percentage(earlier["dwelling_share"], "en") == percentage(latest["dwelling_share"], "en")
    difference = 0.0 if same else latest["dwelling_share"] - earlier["dwelling_share"]
    share = words(_compared(difference, "nl"), _compared(difference, "en"))
    year, count = int(earlier["year"]), int(earlier["clusters"])
    were_nl = f"was het er {count}" if count == 1 else f"waren het er {number(count, 0, 'nl')}"
    were_en = "there was 1" if count == 1 else f"there were {number(count, 0, 'en')}"
    return words(
        f"Volgens dezelfde regel {were_nl} bij de vorige meting ({year}), met "
        f"{percentage(earlier['dwelling_share'], 'nl')} van de woningen: hun aantal is {more['nl']}, hun "
        "aandeel "
        f"in de woningen {share['nl']}.",
        f"By the same rule {were_en} at the previous measurement ({year}), with "
        f"{percentage(earlier['dwelling_share'], 'en')} of dwellings: their number {more['en']}, their "
        "share of "
        f"dwellings {share['en']}.",
    )


def _compared(difference: float, language: Language) -> str:
    found = {
        1: ("gestegen", "rose"),
        0: ("gelijk gebleven", "stayed the same"),
        -1: ("gedaald", "fell"),
    }[int(np.sign(difference))]
    return found[LANGUAGES.index(language)]


def caveats(asked: Asked, measurements: pd.DataFrame) -> list[Words]:
    """Return what the answer does not say."""
    found = [
        words(
            "De scores zijn een voorspelling van een model, geen oordeel van bewoners; het instrument "
            "signaleert "
            "en schrijft niets voor.",
            "The scores are a model's prediction and not residents' opinion; the instrument signals and "
            "does not "
            "prescribe.",
        ),
        words(
            "Clusters zijn gekozen omdat zij in deze jaren zwak waren; hun achterstand, en het latere "
            "inlopen "
            "daarvan, is daardoor deels terugkeer naar het gemiddelde.",
            "Clusters are selected for being weak in these very years, so part of their gap, and of its "
            "later "
            "narrowing, is regression to the mean.",
        ),
        words(
            "De klassegrenzen van 2024 zijn uit de publicatie afgeleid en niet officieel."
            if asked.cuts is None
            else "De klassegrenzen zijn door de gebruiker gegeven.",
            "The class cuts of 2024 were measured from the publication and are not official."
            if asked.cuts is None
            else "The class cuts were given by the user.",
        ),
    ]
    return [*found, _comparison(asked, measurements)]


def _comparison(asked: Asked, measurements: pd.DataFrame) -> Words:
    if len(measurements) > 1:
        earlier, latest = measurements.iloc[0], measurements.iloc[-1]
        return words(
            f"De vergelijking met {earlier['year']:.0f} past dezelfde regel toe op minder jaren: zwak in "
            f"{earlier['years_needed']:.0f} van {earlier['years_measured']:.0f} meetjaren, tegen "
            f"{latest['years_needed']:.0f} van {latest['years_measured']:.0f}. Het aantal hangt ook af van "
            "samengaan en "
            "splitsen; het aandeel woningen niet.",
            f"The comparison with {earlier['year']:.0f} applies the same rule to fewer years: weak in "
            f"{earlier['years_needed']:.0f} of {earlier['years_measured']:.0f} measurement years, against "
            f"{latest['years_needed']:.0f} of {latest['years_measured']:.0f}. The number depends on merging "
            "and splitting too; the share of dwellings does not.",
        )
    if asked.unit != "cell":
        return words(
            "Een vergelijking met de vorige meting is alleen voor cellen mogelijk.",
            "A comparison with the previous measurement is possible for cells only.",
        )
    return words(
        "Een vergelijking met de vorige meting is niet mogelijk: daarvoor zijn vier meetjaren nodig.",
        "A comparison with the previous measurement is not possible: it takes four measurement years.",
    )


_COLUMNS = """
state | toestand | state |
name_nl | naam | name in Dutch |
name_en | naam in het Engels | name |
clusters | clusters | clusters | count
cells | cellen | cells | count
dwellings | woningen | dwellings | count
dwelling_share | aandeel van de woningen | share of dwellings | share (0-1)
households | huishoudens | households | count
household_share | aandeel van de huishoudens | share of households | share (0-1)
inhabitants | inwoners | inhabitants | count
inhabitant_share | aandeel van de inwoners | share of inhabitants | share (0-1)
bridge_dwellings | woningen in bruggen | dwellings in bridges | count
gap | verschil met het land | gap to the country | level
gap_urbanity | verschil met dezelfde stedelijkheidsklasse | gap to the same urbanity class | level
state_urbanity | toestand tegenover dezelfde stedelijkheidsklasse | state against the same urbanity class |
year | meetjaar | measurement year | year
years_measured | meetjaren | measurement years | count
years_needed | meetjaren zwak vereist | weak years required | count
stayed_dwellings | woningen in de kern van beide metingen | dwellings in the core of both | count
level | niveau | level | level
rank | rang naar ernst | rank by severity |
cluster | cluster | cluster |
name | plaats | place |
weak_share | aandeel woningen in zwakke cellen | share of dwellings in weak cells | share (0-1)
slope | helling van het verschil | slope of the gap | level per year
years_to_close | jaren tot het verschil sluit | years until the gap closes | years
weakest_dimension | zwakste dimensie | weakest dimension |
"""


def columns() -> dict[str, dict[str, str]]:
    """Return what the columns of the tables mean."""
    return column_titles(_COLUMNS)
