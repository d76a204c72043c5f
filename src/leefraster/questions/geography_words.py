"""The words of `geography`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import (
    LANGUAGES,
    Language,
    column_titles,
    dimension_name,
    listed,
    number,
    percentage,
)

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.geography import Asked
    from leefraster.questions.geography_shares import Nest

QUESTION = Question(
    name="geography",
    asked=words(
        "Volgen verschillen in leefbaarheid de plaats waar mensen wonen, en wordt dat sterker?",
        "Do differences in liveability follow the place where people live, and does that grow?",
    ),
    rule=words(
        "Verschillen volgen de plaats als ten minste het minimumaandeel van de variantie van de totaalscore "
        "tussen de kleinste gebieden ligt, ook naar de onderste grens. Een aandeel groeide als het met ten "
        "minste de minimumverandering toenam en het betrouwbaarheidsinterval boven nul ligt. Klopt: verschillen "
        "volgen de plaats, het aandeel van de totaalscore groeide op elke schaal, en dat van geen dimensie "
        "kromp. Wisselend: het groeide op een schaal of voor een dimensie, maar niet dat alles. Klopt niet: "
        "verschillen volgen de plaats niet, of niets groeide en de intervallen van de totaalscore sluiten een "
        "groei ter grootte van de minimumverandering uit. Niet te zeggen: de intervallen laten het open, of "
        "scores, gewichten, gebieden of een tweede jaar ontbreken.",
        "Differences follow place when at least the least share of the variance of the total score lies between "
        "the smallest areas, by its lower limit too. A share grew when it increased by at least the minimum "
        "change and its interval lies above zero. Holds: differences follow place, the share of the total score "
        "grew at every scale, and that of no dimension shrank. Mixed: it grew at some scale or for some "
        "dimension, but not all of this. Does not hold: differences do not follow place, or nothing grew and the "
        "intervals of the total score rule out a growth of the minimum change. Cannot be said: the intervals "
        "leave it open, or scores, weights, areas or a second year are missing.",
    ),
)

_AREAS = {
    "municipality": words("gemeenten", "municipalities"),
    "district": words("wijken", "districts"),
    "neighbourhood": words("buurten", "neighbourhoods"),
}


def _areas(scale: str) -> Words:
    """Return the areas of a scale in words."""
    if scale in _AREAS:
        return _AREAS[scale]
    metres = float(scale.removesuffix(" m"))
    size = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return words(f"vierkanten van {size.replace('.', ',')}", f"squares of {size}")


def names(scale: str) -> dict[str, str]:
    """Return the name of the areas of a scale, for its row."""
    return {f"name_{language}": text for language, text in _areas(scale).items()}


def _points(value: float, language: Language, sign: bool = True) -> str:
    """Return a change of a share in percentage points, with its sign."""
    text = number(100 * value, 1, language)
    return f"+{text}" if sign and value > 0 and any(c in "123456789" for c in text) else text


def _sure(asked: Asked, language: Language) -> str:
    percent = f"{100 * asked.confidence:g}"
    return f"{percent.replace('.', ',')}%-interval" if language == "nl" else f"{percent} % interval"


def _shares(table: pd.DataFrame, language: Language) -> str:
    """Return the shares between the areas of every scale, as a list; the first says of what."""
    nl = language == "nl"
    what = " van de verschillen in totaalscore" if nl else " of the differences in total score lay"
    items: list[str] = []
    for row in table.to_dict("records"):
        share, area = percentage(float(row["share_end"]), language), _areas(str(row["scale"]))[language]
        items.append(f"{share}{'' if items else what} {'tussen' if nl else 'between'} {area}")
    included = (
        " (wat tussen grotere gebieden ligt, telt mee)"
        if nl
        else " (what lies between larger areas counts too)"
    )
    return listed(items, language) + (included if len(items) > 1 else "")


def sentence(
    asked: Asked, table: pd.DataFrame, dimensions: pd.DataFrame | None, rings: pd.DataFrame | None
) -> Words:
    """Return the answer in words: the shares, their change, the dimensions, and the correlogram."""
    parts = [_now(asked, table), _change(asked, table)]
    if dimensions is not None:
        parts.append(_by_dimension(dimensions))
    if rings is not None and (said := _over_distance(asked, rings)) is not None:
        parts.append(said)
    return words(*(" ".join(part[language] for part in parts) for language in LANGUAGES))


def _now(asked: Asked, table: pd.DataFrame) -> Words:
    smallest = table.iloc[-1]
    little = float(smallest["share_end_high"]) < asked.least_share
    least = {language: percentage(asked.least_share, language) for language in LANGUAGES}
    tail = words("", "")
    if little:
        tail = words(
            f" Dat is te weinig (minder dan {least['nl']}) om te zeggen dat verschillen de plaats volgen.",
            f" That is too little (less than {least['en']}) to say that differences follow place.",
        )
    return words(
        f"In {asked.end} lag {_shares(table, 'nl')}.{tail['nl']}",
        f"In {asked.end}, {_shares(table, 'en')}.{tail['en']}",
    )


def _change(asked: Asked, table: pd.DataFrame) -> Words:
    lists = {
        language: ", ".join(
            f"{_areas(str(row['scale']))[language]} {_points(float(row['change']), language)} "
            f"({_points(float(row['low']), language)} {to} {_points(float(row['high']), language)})"
            for row in table.to_dict("records")
        )
        for language, to in zip(LANGUAGES, ("tot", "to"), strict=True)
    }
    courses = table["course"].tolist()
    grew = [str(row["scale"]) for row in table.to_dict("records") if row["course"] == "grew"]
    if len(grew) == len(courses):
        said = words("groeide dat aandeel op elke schaal", "that share grew at every scale")
    elif grew:
        names = {
            language: listed([_areas(one)[language] for one in grew], language) for language in LANGUAGES
        }
        said = words(
            f"groeide dat aandeel aantoonbaar tussen {names['nl']} en niet op elke schaal",
            f"that share clearly grew between {names['en']} and not at every scale",
        )
    elif all(one == "shrank" for one in courses):
        said = words("kromp dat aandeel op elke schaal", "that share shrank at every scale")
    else:
        said = words(
            "groeide dat aandeel op geen enkele schaal aantoonbaar", "that share clearly grew at no scale"
        )
    each = words(
        f"{_sure(asked, 'nl')} voor alle schalen samen", f"{_sure(asked, 'en')} for all scales together"
    )
    return words(
        f"Sinds {asked.start} {said['nl']} (procentpunten, {each['nl']}): {lists['nl']}.",
        f"Since {asked.start} {said['en']} (percentage points, {each['en']}): {lists['en']}.",
    )


def _by_dimension(dimensions: pd.DataFrame) -> Words:
    """Say for which dimensions the share between the smallest areas grew or shrank, then at larger scales."""
    smallest = str(dimensions["scale"].iloc[-1])
    small = dimensions["scale"] == smallest
    moved = {course: dimensions["course"] == course for course in ("grew", "shrank")}
    area = _areas(smallest)
    if not (moved["grew"] | moved["shrank"]).any():
        return words(
            "Voor geen dimensie groeide of kromp het aandeel aantoonbaar.",
            "For no dimension did the share clearly grow or shrink.",
        )
    grew, shrank = (_named(dimensions[small & moved[course]], smallest) for course in ("grew", "shrank"))
    if grew["nl"]:
        nl = f"Per dimensie groeide het aandeel tussen {area['nl']} aantoonbaar bij {grew['nl']}"
        en = f"By dimension the share between {area['en']} clearly grew for {grew['en']}"
        nl += f", en kromp het bij {shrank['nl']}." if shrank["nl"] else "."
        en += f", and shrank for {shrank['en']}." if shrank["en"] else "."
    elif shrank["nl"]:
        nl = f"Per dimensie kromp het aandeel tussen {area['nl']} aantoonbaar bij {shrank['nl']}."
        en = f"By dimension the share between {area['en']} clearly shrank for {shrank['en']}."
    else:
        nl = f"Voor geen dimensie groeide of kromp het aandeel tussen {area['nl']} aantoonbaar."
        en = f"For no dimension did the share between {area['en']} clearly grow or shrink."
    for course, verb_nl, verb_en in (("grew", "groeide", "grew"), ("shrank", "kromp", "shrank")):
        other = _named(dimensions[~small & moved[course]], smallest)
        nl += f" Op grotere schaal {verb_nl} het bij {other['nl']}." if other["nl"] else ""
        en += f" At a larger scale it {verb_en} for {other['en']}." if other["en"] else ""
    return words(nl, en)


def _named(rows: pd.DataFrame, smallest: str) -> Words:
    """Return the dimensions of some rows with their change, and their areas where these are larger ones."""
    lists = []
    for language, joint in zip(LANGUAGES, ("tussen", "between"), strict=True):
        items: list[str] = []
        for row in rows.to_dict("records"):
            scale = str(row["scale"])
            place = "" if scale == smallest else f" {joint} {_areas(scale)[language]}"
            name = dimension_name(str(row["dimension"]), language)
            items.append(f"{name}{place} ({_points(float(row['change']), language)})")
        lists.append(listed(items, language))
    return words(*lists)


def _over_distance(asked: Asked, rings: pd.DataFrame) -> Words | None:
    """Say how Moran's I of the total falls with distance, in both years."""
    rows = rings[(rings["measure"] == "total") & np.isfinite(rings["I_end"])]
    if not len(rows) or "I_start" not in rows:
        return None
    near, away = rows.iloc[0], rows.iloc[-1]
    texts = []
    for language in LANGUAGES:
        ends = [
            (number(float(row["I_end"]), 2, language), number(float(row["I_start"]), 2, language))
            for row in (near, away)
        ]
        inner, outer = (number(float(row["outer"]), 0, language) for row in (near, away))
        begin = number(float(away["inner"]), 0, language)
        if language == "nl":
            texts.append(
                f"Moran's I van de totaalscore was in {asked.end} {ends[0][0]} tot op {inner} m en {ends[1][0]} "
                f"van {begin} tot {outer} m; in {asked.start} {ends[0][1]} en {ends[1][1]}."
            )
        else:
            texts.append(
                f"Moran's I of the total score was {ends[0][0]} up to {inner} m and {ends[1][0]} from {begin} to "
                f"{outer} m in {asked.end}; in {asked.start} {ends[0][1]} and {ends[1][1]}."
            )
    return words(*texts)


def one_year(asked: Asked, table: pd.DataFrame) -> Words:
    """Return why growth cannot be told with one year, and what the shares are in it."""
    return words(
        f"er is één meetjaar ({asked.end}), en voor groei zijn er twee nodig; in dat jaar lag "
        f"{_shares(table, 'nl')}",
        f"there is one measurement year ({asked.end}), and growth takes two; in that year {_shares(table, 'en')}",
    )


def open_question(
    asked: Asked, table: pd.DataFrame, dimensions: pd.DataFrame | None, rings: pd.DataFrame | None
) -> Words:
    """Say why nothing can be said where the limits leave it open, then what is known of scale and dimensions."""
    smallest = table.iloc[-1]
    uncertain = not smallest["share_end_low"] >= asked.least_share
    parts = [_too_uncertain(asked, smallest) if uncertain else _untold(asked, table), _now(asked, table)]
    parts.append(_change(asked, table))
    if dimensions is not None:
        parts.append(_by_dimension(dimensions))
    if rings is not None and (said := _over_distance(asked, rings)) is not None:
        parts.append(said)
    return words(*(" ".join(part[language] for part in parts) for language in LANGUAGES))


def _too_uncertain(asked: Asked, smallest: pd.Series[Any]) -> Words:
    area = _areas(str(smallest["scale"]))
    limits = {
        language: [
            _points(float(smallest[key]), language, False)
            for key in ("share_end", "share_end_low", "share_end_high")
        ]
        for language in LANGUAGES
    }
    nl, en = limits["nl"], limits["en"]
    return words(
        f"Niet te zeggen: het aandeel van de verschillen tussen {area['nl']} in {asked.end} ({nl[0]} procent; "
        f"{_sure(asked, 'nl')} {nl[1]} tot {nl[2]}) is te onzeker om te zeggen of verschillen de plaats volgen "
        f"(grens {percentage(asked.least_share, 'nl')}).",
        f"Cannot be said: the share of the differences between {area['en']} in {asked.end} ({en[0]} per cent; "
        f"{_sure(asked, 'en')} {en[1]} to {en[2]}) is too uncertain to say whether differences follow place "
        f"(limit {percentage(asked.least_share, 'en')}).",
    )


def _untold(asked: Asked, table: pd.DataFrame) -> Words:
    """Say at which scales growth is neither shown nor ruled out."""
    rows = table[table["course"] == "open"]
    scales = [_areas(str(scale)) for scale in rows["scale"]]
    nl, en = (listed([scale[language] for scale in scales], language) for language in LANGUAGES)
    none = bool((rows["low"] <= 0).all())
    return words(
        f"Niet te zeggen: verschillen volgen de plaats, maar groei sinds {asked.start} is tussen {nl} niet "
        "aantoonbaar en ook niet "
        f"uitgesloten{'; de verandering is niet van nul te onderscheiden' if none else ''}.",
        f"Cannot be said: differences follow place, but growth since {asked.start} between {en} is neither "
        f"shown nor ruled out{'; the change cannot be told from none' if none else ''}.",
    )


def caveats(asked: Asked, nest: Nest, left_out: int) -> list[Words]:
    """Return what the answer does not say, and what was left out."""
    kind = {
        "municipality": words("gemeenten", "municipalities"),
        "squares": words("vierkanten", "squares"),
    }[asked.blocks]
    found = [
        words(
            "Een aandeel groeit als gebieden uiteenlopen, maar ook als verschillen binnen gebieden kleiner "
            "worden: de standaardafwijkingen in de tabel laten zien wat er gebeurde.",
            "A share grows when areas move apart, but also when differences within areas shrink: the standard "
            "deviations in the table show what happened.",
        ),
        words(
            "Hoe kleiner de gebieden, hoe groter het aandeel, ook door toeval; voor beide jaren geldt dat even "
            "sterk.",
            "The smaller the areas, the larger the share, by chance as well; that is so in both years alike.",
        ),
        words(
            "Scores zijn schattingen van een model dat kenmerken in de omgeving meetelt: een deel van de "
            "samenhang over korte afstand komt daarvandaan.",
            "Scores are estimates of a model that counts characteristics around a place: part of the likeness "
            "over short distances comes from there.",
        ),
        words(
            f"De intervallen volgen uit het beurtelings weglaten van {kind['nl']} (jackknife); samenhang over "
            "hun grenzen heen en fouten van het model zelf zitten er niet in.",
            f"The intervals come from leaving out {kind['en']} in turn (jackknife); likeness across their "
            "borders and errors of the model itself are not in them.",
        ),
        words(
            f"Gewichten zijn die van {asked.start}, en alleen eenheden met een score in beide jaren tellen: "
            "nieuwbouw, sloop en verhuizing veranderen het cijfer niet.",
            f"Weights are those of {asked.start}, and only units with a score in both years count: building, "
            "demolition and removal do not change the figure.",
        ),
    ]
    if nest.dropped:
        nl, en = (listed([_areas(one)[language] for one in nest.dropped], language) for language in LANGUAGES)
        found.append(
            words(
                f"Zonder uitkomst voor {nl}: onbekend voor de meeste eenheden, of niet groter dan de eenheden "
                "zelf.",
                f"Without a result for {en}: unknown for most units, or no larger than the units themselves.",
            )
        )
    if left_out:
        found.append(
            words(
                f"{number(left_out, 0, 'nl')} eenheden tellen niet mee: zonder score in beide jaren, gewicht of "
                "gebied.",
                f"{number(left_out, 0, 'en')} units are left out: without a score in both years, a weight or an "
                "area.",
            )
        )
    return found


_COLUMNS = """
scale | schaal | scale | text
name_nl | gebieden | areas in Dutch | text
name_en | gebieden in het Engels | areas | text
areas | aantal gebieden | number of areas | count
share_start | aandeel van de variantie in het beginjaar | share of the variance in the start year | 1
share_end | aandeel van de variantie in het eindjaar | share of the variance in the end year | 1
change | verandering | change | 1
low | ondergrens van de verandering | lower limit of the change | 1
high | bovengrens van de verandering | upper limit of the change | 1
course | verloop | course | text
share_end_low | ondergrens van het aandeel in het eindjaar | lower limit of the share in the end year | 1
share_end_high | bovengrens van het aandeel in het eindjaar | upper limit of the share in the end year | 1
between_start | sd tussen gebieden, beginjaar | sd between areas, start year | score
within_start | sd binnen gebieden, beginjaar | sd within areas, start year | score
between_end | sd tussen gebieden, eindjaar | sd between areas, end year | score
within_end | sd binnen gebieden, eindjaar | sd within areas, end year | score
dimension | dimensie | dimension | text
measure | maat | measure | text
inner | van | from | m
outer | tot en met | up to | m
I_start | Moran's I in het beginjaar | Moran's I in the start year | 1
I_end | Moran's I in het eindjaar | Moran's I in the end year | 1
I_change | verandering van Moran's I | change of Moran's I | 1
"""


def columns(_: Asked) -> dict[str, dict[str, Any]]:
    """Return what the columns of the tables mean."""
    return column_titles(_COLUMNS)
