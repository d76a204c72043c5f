"""The words of `spread`: question, rule, sentence, caveats and column titles, in Dutch and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leefraster.questions.question import Question, Words, words
from leefraster.questions.wording import column_titles, listed, number, percentage

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.spread import Asked, Parts

QUESTION = Question(
    name="spread",
    asked=words(
        "Gaan achter de gemiddelden van gemeenten en buurten grote verschillen schuil?",
        "Do averages of municipalities and neighbourhoods hide large differences?",
    ),
    rule=words(
        "Klopt: ten minste de helft van de gewogen variantie van de score ligt binnen gemeenten. Klopt niet: "
        "minder dan een kwart. Wisselend: daartussen. Niet te zeggen: scores, gewichten of gemeentecodes "
        "ontbreken, of er zijn te weinig gemeenten.",
        "Holds: at least half of the weighted variance of the score lies within municipalities. Does not hold: "
        "less than a quarter. Mixed: in between. Cannot be said: scores, weights or municipality codes are "
        "missing, or there are too few municipalities.",
    ),
)

_NL = {
    "municipality": "tussen gemeenten",
    "district": "tussen wijken binnen een gemeente",
    "neighbourhood": "tussen buurten binnen een wijk",
    "within": "binnen het kleinste gebied",
}
_EN = {
    "municipality": "between municipalities",
    "district": "between districts of a municipality",
    "neighbourhood": "between neighbourhoods of a district",
    "within": "within the smallest area",
}


def sentence(asked: Asked, parts: Parts, municipalities: pd.DataFrame) -> Words:
    """Return the answer in words: the shares, and the widest range under one average."""
    within = parts.within_municipalities
    shares = list(zip(parts.levels, parts.shares, strict=True))
    nl = listed([f"{percentage(float(share), 'nl')} {_NL[name]}" for name, share in shares], "nl")
    en = listed([f"{percentage(float(share), 'en')} {_EN[name]}" for name, share in shares], "en")
    widest = municipalities.iloc[0]
    middle = float(municipalities["range"].median())
    low, high = float(widest["p10"]), float(widest["p90"])
    return words(
        f"In {asked.year} ligt {percentage(within, 'nl')} van de verschillen in score binnen gemeenten: {nl}. In "
        f"een gemeente in het midden van de rij ligt {number(middle, 3, 'nl')} tussen de laagste en de hoogste "
        f"tien procent; het meest in {widest['municipality']} (van {number(low, 3, 'nl')} tot "
        f"{number(high, 3, 'nl')}).",
        f"In {asked.year}, {percentage(within, 'en')} of the differences in score lie within municipalities: "
        f"{en}. In a municipality in the middle of the row {number(middle, 3, 'en')} lies between the lowest and "
        f"the highest tenth; most in {widest['municipality']} (from {number(low, 3, 'en')} to "
        f"{number(high, 3, 'en')}).",
    )


def caveats(asked: Asked, left_out: int) -> list[Words]:
    """Return what the answer does not say."""
    found = [
        words(
            "Scores zijn schattingen van een model: een deel van wat binnen buurten verschilt, is hun fout.",
            "Scores are estimates of a model: part of what differs within neighbourhoods is their error.",
        ),
        words(
            "Het aandeel hangt af van de grootte van de gebieden: hoe kleiner, hoe minder er binnen valt.",
            "The share depends on the size of the areas: the smaller they are, the less lies within them.",
        ),
    ]
    if asked.unit == "area":
        found.append(
            words(
                "De eenheden zijn gebieden: verschillen binnen een gebied zijn hier niet te zien.",
                "The units are areas: differences within an area cannot be seen here.",
            )
        )
    if left_out:
        found.append(
            words(
                f"{number(left_out, 0, 'nl')} eenheden zonder score, gewicht of gemeente tellen niet mee.",
                f"{number(left_out, 0, 'en')} units without a score, a weight or a municipality are left out.",
            )
        )
    return found


def columns(asked: Asked) -> dict[str, dict[str, str]]:
    """Return the titles of the columns of all tables."""
    weight = asked.weights or "units"
    return column_titles(
        f"""
        level | niveau | level | text
        share | aandeel in de variantie | share of the variance | 1
        standard_deviation | standaardafwijking | standard deviation | score
        municipality | gemeente | municipality | text
        district | tussen wijken | between districts | 1
        neighbourhood | tussen buurten | between neighbourhoods | 1
        within | binnen het kleinste gebied | within the smallest area | 1
        units | eenheden | units | 1
        weight | gewicht ({weight}) | weight ({weight}) | {weight}
        mean | gemiddelde | mean | score
        p10 | tiende percentiel | 10th percentile | score
        median | mediaan | median | score
        p90 | negentigste percentiel | 90th percentile | score
        range | van tiende tot negentigste percentiel | from 10th to 90th percentile | score
        dimension | dimensie | dimension | text
        theil | Theils T | Theil's T | 1
        """
    )
