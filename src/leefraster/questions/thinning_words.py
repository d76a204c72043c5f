"""The words of `thinning`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import (
    LANGUAGES,
    URBANITY,
    Language,
    column_titles,
    dimension_name,
    listed,
    number,
    percentage,
)

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.thinning_places import Found
    from leefraster.questions.thinning_regions import Regions
    from leefraster.questions.thinning_units import Asked

QUESTION = Question(
    name="thinning",
    asked=words(
        "Verliezen dunbevolkte gebieden ver van een centrum voorzieningen?",
        "Do sparsely populated places far from a centre lose amenities?",
    ),
    rule=words(
        "De bijdrage van voorzieningen daalde als zij met ten minste de minimumverandering afnam en het "
        "betrouwbaarheidsinterval onder nul ligt. Klopt: in dunbevolkte gebieden ver van een centrum daalde zij, "
        "ook tegenover de rest van het land, en in geen opgegeven regio steeg zij. Wisselend: slechts een van "
        "beide daalde, of alleen in een regio, of zij steeg in een regio. Klopt niet: geen van beide daalde, en "
        "de intervallen sluiten een daling ter grootte van de minimumverandering uit. Niet te zeggen: de "
        "intervallen laten het open, er zijn geen of te weinig van zulke gebieden, of scores, aantallen, "
        "coördinaten, gewichten of een tweede jaar ontbreken.",
        "The contribution of amenities fell when it decreased by at least the minimum change and its interval "
        "lies below zero. Holds: in sparsely populated places far from a centre it fell, against the rest of the "
        "country too, and it rose in none of the given regions. Mixed: only one of the two fell, or it fell in a "
        "region only, or rose in a region. Does not hold: neither fell, and the intervals rule out a fall of the "
        "minimum change. Cannot be said: the intervals leave it open, there are no or too few such places, or "
        "scores, counts, coordinates, weights or a second year are missing.",
    ),
)

_GROUPS = {
    "thin": words("dunbevolkte gebieden ver van een centrum", "sparsely populated places far from a centre"),
    "rest": words("de rest van het land", "the rest of the country"),
    "sparse, near": words("dunbevolkte gebieden bij een centrum", "sparsely populated places near a centre"),
    "not sparse": words("gebieden die niet dunbevolkt zijn", "places that are not sparsely populated"),
}

_SHORT = {
    "thin": words("dun, ver van een centrum", "sparse, far from a centre"),
    "rest": words("de rest van het land", "the rest of the country"),
    "sparse, near": words("dun, bij een centrum", "sparse, near a centre"),
    "not sparse": words("niet dun", "not sparse"),
}

_COUNTED = {
    "inhabitants": words("inwoners", "inhabitants"),
    "dwellings": words("woningen", "dwellings"),
    "households": words("huishoudens", "households"),
    "addresses": words("adressen", "addresses"),
}

_MOVED = {
    "fell": words("daalde", "fell"),
    "rose": words("steeg", "rose"),
    "no fall": words("daalde niet", "did not fall"),
    "open": words("veranderde niet aantoonbaar", "did not clearly change"),
}


def names(group: str) -> dict[str, str]:
    """Return the name of a group of places, for its row."""
    return {f"name_{language}": text for language, text in _SHORT[group].items()}


def _counted(name: str | None, language: Language) -> str:
    return _COUNTED.get(name or "", words(name or "eenheden", name or "units"))[language]


def _signed(value: float, language: Language) -> str:
    """Return a change with its sign; a change is small, so it has a decimal more than a score."""
    text = number(value, 4, language)
    return f"+{text}" if value > 0 and any(character in "123456789" for character in text) else text


def _kilometres(metres: float, language: Language) -> str:
    text = f"{metres / 1000:,.10g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "nl" else text


def _interval(asked: Asked, low: float, high: float, language: Language) -> str:
    percent = f"{100 * asked.confidence:g}"
    if language == "nl":
        return f"{percent.replace('.', ',')}%-interval {_signed(low, 'nl')} tot {_signed(high, 'nl')}"
    return f"{percent} % interval {_signed(low, 'en')} to {_signed(high, 'en')}"


def sentence(
    asked: Asked, found: Found, table: pd.DataFrame, against: pd.DataFrame, regions: pd.DataFrame | None
) -> Words:
    """Return the answer in words: what thin places are, how amenities moved there, elsewhere, and by region."""
    parts = [_where(asked, found, table), _moved(asked, table), _against(asked, table, against)]
    if regions is not None:
        parts.append(_by_region(regions))
    return words(*(" ".join(part[language] for part in parts) for language in LANGUAGES))


def definition(asked: Asked, measure: str) -> Words:
    """Return what sparse and far mean here."""
    rule = asked.places
    reach = {language: _kilometres(rule.far, language) for language in LANGUAGES}
    if measure == "density":
        nl = (
            f"minder dan {number(rule.sparse_below, 0, 'nl')} {_counted(rule.count, 'nl')} per km² binnen "
            f"{_kilometres(rule.radius, 'nl')} km"
        )
        en = (
            f"fewer than {number(rule.sparse_below, 0, 'en')} {_counted(rule.count, 'en')} per km² within "
            f"{_kilometres(rule.radius, 'en')} km"
        )
    else:
        k = rule.sparse_class
        more = words("", "") if k == 5 else words(" of minder stedelijk", " or less urban")
        nl = f"stedelijkheidsklasse {k}, {URBANITY[k]['nl']}{more['nl']}"
        en = f"urbanity class {k}, {URBANITY[k]['en']}{more['en']}"
    return words(
        f"{nl}; verder dan {reach['nl']} km van elk centrum", f"{en}; over {reach['en']} km from every centre"
    )


def _where(asked: Asked, found: Found, table: pd.DataFrame) -> Words:
    thin, whole = table.iloc[0], float(table["weight"].iloc[:2].sum())
    weight, share = float(thin["weight"]), float(thin["weight"]) / whole
    said, hold = definition(asked, found.measure), "staan" if asked.weights == "dwellings" else "zijn"
    one = found.centres == 1
    return words(
        f"In dunbevolkte gebieden ver van {'het enige centrum' if one else f'alle {found.centres} centra'} "
        f"({said['nl']}) {hold} {number(weight, 0, 'nl')} {_counted(asked.weights, 'nl')}, "
        f"{percentage(share, 'nl')} van het totaal.",
        f"Sparsely populated places far from {'the one centre' if one else f'all {found.centres} centres'} "
        f"({said['en']}) hold {number(weight, 0, 'en')} {_counted(asked.weights, 'en')}, "
        f"{percentage(share, 'en')} of the total.",
    )


def _moved(asked: Asked, table: pd.DataFrame) -> Words:
    row = table.iloc[0]
    name = {language: dimension_name(asked.dimension, language) for language in LANGUAGES}
    moved = _MOVED[row["course"]]
    ends = {
        language: [number(float(row[key]), 3, language) for key in ("contribution_start", "contribution_end")]
        for language in LANGUAGES
    }
    limits = {
        language: f"{_signed(float(row['change']), language)}; "
        + _interval(asked, float(row["low"]), float(row["high"]), language)
        for language in LANGUAGES
    }
    return words(
        f"De bijdrage van {name['nl']} {moved['nl']} er tussen {asked.start} en {asked.end}: van {ends['nl'][0]} "
        f"naar {ends['nl'][1]} ({limits['nl']}).",
        f"The contribution of {name['en']} {moved['en']} there between {asked.start} and {asked.end}: from "
        f"{ends['en'][0]} to {ends['en'][1]} ({limits['en']}).",
    )


def _against(asked: Asked, table: pd.DataFrame, against: pd.DataFrame) -> Words:
    changes = table.set_index("group")["change"]
    row = against.iloc[0]
    nl, en = (
        f"{_signed(float(row['difference']), language)}; "
        + _interval(asked, float(row["low"]), float(row["high"]), language)
        for language in LANGUAGES
    )
    others = [group for group in ("sparse, near", "not sparse") if group in changes.index]
    each = {
        language: listed(
            [f"{_signed(float(changes[group]), language)} in {_GROUPS[group][language]}" for group in others],
            language,
        )
        for language in LANGUAGES
    }
    verb = {
        "fell": words("Dat is een daling tegenover", "That is a fall against"),
        "rose": words("Dat is een stijging tegenover", "That is a rise against"),
        "no fall": words("Dat is geen daling tegenover", "That is no fall against"),
        "open": words("Dat verschilt niet aantoonbaar van", "That does not clearly differ from"),
    }[row["course"]]
    return words(
        f"{verb['nl']} de rest van het land ({nl}), waar de verandering {_signed(float(changes['rest']), 'nl')} "
        f"was: {each['nl']}.",
        f"{verb['en']} the rest of the country ({en}), where the change was "
        f"{_signed(float(changes['rest']), 'en')}: {each['en']}.",
    )


def _by_region(regions: pd.DataFrame) -> Words:
    judged = regions[regions["course"] != "too few"]
    few = len(regions) - len(judged)
    if not len(regions):
        return words(
            "In geen van de regio's liggen zulke gebieden.", "None of the regions holds such places."
        )
    if not len(judged):
        return words(
            "In geen van de regio's liggen er genoeg om iets te zeggen.",
            "None of the regions holds enough of them to say anything.",
        )
    fell, rose = (
        [str(name) for name in judged.loc[judged["course"] == one, "name"]] for one in ("fell", "rose")
    )
    nl = f"Van de {len(judged)} regio's met genoeg van zulke gebieden daalde de bijdrage aantoonbaar in {len(fell)}"
    en = f"Of the {len(judged)} regions with enough such places the contribution clearly fell in {len(fell)}"
    if len(judged) == 1:
        nl = f"In {'de' if fell else 'de enige'} regio met genoeg van zulke gebieden daalde zij"
        nl += " aantoonbaar" if fell else " niet aantoonbaar"
        en = (
            "In the one region with enough such places it clearly fell"
            if fell
            else ("In the one region with enough such places it did not clearly fall")
        )
    nl += f" ({_some(fell, 'nl')})" if fell else ""
    en += f" ({_some(fell, 'en')})" if fell else ""
    if rose:
        nl += f" en steeg zij in {len(rose)} ({_some(rose, 'nl')})"
        en += f" and rose in {len(rose)} ({_some(rose, 'en')})"
    tail_nl = f"; {few} {'heeft' if few == 1 else 'hebben'} er te weinig." if few else "."
    tail_en = f"; {few} {'has' if few == 1 else 'have'} too few." if few else "."
    return words(nl + tail_nl, en + tail_en)


def _some(names: list[str], language: Language) -> str:
    """Return at most five names."""
    more = {"nl": "andere", "en": "others"}[language]
    return listed(names if len(names) <= 5 else [*names[:5], f"{len(names) - 5} {more}"], language)


def nowhere(
    asked: Asked, given: bool, group: str = "", units: int = 0, weight: float = 0.0, blocks: int | None = None
) -> Words:
    """Return why nothing is said: no centre, or too few units or blocks in a group."""
    if not group:
        rule = asked.places
        if given:
            return words("er is geen enkel centrum opgegeven", "not one centre was given")
        size = {language: number(rule.centre_size, 0, language) for language in LANGUAGES}
        return words(
            f"er is geen centrum gevonden met ten minste {size['nl']} {_counted(rule.count, 'nl')}; geef centra "
            "op (centres) of een ruimere regel (ThinPlaces)",
            f"no centre was found with at least {size['en']} {_counted(rule.count, 'en')}; give centres "
            "(centres) or a wider rule (ThinPlaces)",
        )
    name = _GROUPS[group]
    if blocks is not None:
        kind = {"municipality": ("gemeenten", "municipalities"), "squares": ("vierkanten", "squares")}[
            asked.blocks
        ]
        return words(
            f"{name['nl']} liggen in {blocks} {kind[0]}; voor een betrouwbaarheidsinterval zijn er "
            f"{max(asked.minimum_blocks, 2)} nodig",
            f"{name['en']} lie in {blocks} {kind[1]}; a confidence interval takes {max(asked.minimum_blocks, 2)}",
        )
    need = {language: number(asked.minimum_weight, 0, language) for language in LANGUAGES}
    have = {language: number(weight, 0, language) for language in LANGUAGES}
    said = definition(asked, asked.places.measured(asked.scores))
    return words(
        f"{name['nl']} tellen {number(units, 0, 'nl')} eenheden met een score in {asked.start} en {asked.end}, "
        f"met gewicht {have['nl']}; nodig zijn {asked.minimum_units} en {need['nl']} (regel: {said['nl']})",
        f"{name['en']} have {number(units, 0, 'en')} units with a score in {asked.start} and {asked.end}, with "
        f"weight {have['en']}; needed are {asked.minimum_units} and {need['en']} (rule: {said['en']})",
    )


def open_question(asked: Asked, table: pd.DataFrame, against: pd.DataFrame) -> Words:
    """Say why nothing can be said where the intervals leave it open."""
    own, other = table.iloc[0], against.iloc[0]
    figures = {
        language: [
            f"{_signed(float(row[key]), language)}; "
            f"{_interval(asked, float(row['low']), float(row['high']), language)}"
            for row, key in ((own, "change"), (other, "difference"))
        ]
        for language in LANGUAGES
    }
    nl, en = figures["nl"], figures["en"]
    least = {language: number(asked.minimum_change, 3, language) for language in LANGUAGES}
    return words(
        f"Niet te zeggen: de verandering tussen {asked.start} en {asked.end} in dunbevolkte gebieden ver van een "
        f"centrum ({nl[0]}) en het verschil met de rest van het land ({nl[1]}) tonen geen daling van ten minste "
        f"{least['nl']} aan, maar sluiten die ook niet uit.",
        f"Cannot be said: the change between {asked.start} and {asked.end} in sparsely populated places far from a "
        f"centre ({en[0]}) and the difference from the rest of the country ({en[1]}) show no fall of at least "
        f"{least['en']}, but do not rule one out.",
    )


def caveats(asked: Asked, found: Found, taking_part: int, regions: Regions | None) -> list[Words]:
    """Return what the answer does not say, and what was left out."""
    kind = {
        "municipality": words("gemeenten", "municipalities"),
        "squares": words(
            f"vierkanten van {_kilometres(asked.block_side, 'nl')} km",
            f"squares of {_kilometres(asked.block_side, 'en')} km",
        ),
    }[asked.blocks]
    notes = [
        words(
            "Een bijdrage is gemeten tegen het landelijk gemiddelde van haar jaar: zij daalt ook waar "
            "voorzieningen blijven en elders toenemen. Het niveau van voorzieningen zelf is niet gepubliceerd; "
            "de tabel met niveaus gaat over de totaalscore.",
            "A contribution is measured against the national mean of its year: it falls too where amenities stay "
            "and grow elsewhere. The level of amenities itself is not published; the table of levels is about "
            "the total score.",
        ),
        words(
            f"Dunbevolkt en ver zijn bepaald naar de toestand van {asked.start}, en gewichten zijn die van "
            f"{asked.start}: wie er sindsdien wegtrok of bijkwam, verandert het cijfer niet.",
            f"Sparse and far are by the state of {asked.start}, and weights are those of {asked.start}: who left "
            "or came since does not change the figure.",
        ),
        words(
            "Afstanden zijn hemelsbreed; water, wegen en wat er over de grens ligt tellen niet mee.",
            "Distances are as the crow flies; water, roads and what lies across the border do not count.",
        ),
        words(
            "De drempels zijn keuzes; de tabel met andere drempels laat zien hoeveel ervan afhangt.",
            "The thresholds are choices; the table with other thresholds shows how much hangs on them.",
        ),
        words(
            f"De intervallen volgen uit het beurtelings weglaten van {kind['nl']} (jackknife); samenhang over "
            "hun grenzen heen en fouten van het model zelf zitten er niet in.",
            f"The intervals come from leaving out {kind['en']} in turn (jackknife); likeness across their "
            "borders and errors of the model itself are not in them.",
        ),
    ]
    return notes + _left_out(asked, found, taking_part, regions)


def _left_out(asked: Asked, found: Found, taking_part: int, regions: Regions | None) -> list[Words]:
    notes = []
    if lost := int(found.known.size) - taking_part:
        notes.append(
            words(
                f"{number(lost, 0, 'nl')} van {number(found.known.size, 0, 'nl')} eenheden tellen niet mee: "
                f"zonder score in {asked.start} of {asked.end}, gewicht, of bekende bevolking.",
                f"{number(lost, 0, 'en')} of {number(found.known.size, 0, 'en')} units are left out: without a "
                f"score in {asked.start} or {asked.end}, a weight, or a known population.",
            )
        )
    if regions is not None and (outside := int((regions.number < 0).sum())):
        notes.append(
            words(
                f"{number(outside, 0, 'nl')} eenheden liggen in geen van de regio's.",
                f"{number(outside, 0, 'en')} units lie in none of the regions.",
            )
        )
    return notes


_COLUMNS = """
group | groep | group | text
name_nl | gebieden | places in Dutch | text
name_en | gebieden in het Engels | places | text
against | vergeleken met | compared with | text
region | regio | region | text
name | naam | name | text
units | eenheden | units | count
weight | {nl} in het beginjaar | {en} in the start year | count
contribution_start | bijdrage in het beginjaar | contribution in the start year | score
contribution_end | bijdrage in het eindjaar | contribution in the end year | score
change | verandering | change | score
difference | verandering in dunbevolkt en ver, min die elders | change in thin places less that elsewhere | score
low | ondergrens | lower limit | score
high | bovengrens | upper limit | score
course | verloop | course | text
blocks | blokken | blocks | count
level_start | niveau van de totaalscore in het beginjaar | level of the total score in the start year | level
level_end | niveau van de totaalscore in het eindjaar | level of the total score in the end year | level
sparse_below | dunbevolkt onder | sparse below | {counted} per km2
far | ver vanaf | far from | m
"""


def columns(asked: Asked) -> dict[str, dict[str, Any]]:
    """Return what the columns of the tables mean."""
    nl, en = (_counted(asked.weights, language) for language in LANGUAGES)
    return column_titles(_COLUMNS.format(nl=nl, en=en, counted=asked.places.count))
