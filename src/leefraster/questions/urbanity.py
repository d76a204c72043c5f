"""The question whether amenities are worse, and the other dimensions better, the lower the urbanity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.by_unit import (
    in_order,
    level_at,
    require_year,
    unit_dimension,
    unit_field,
    urbanity_at,
    values_at,
    weights_at,
    years_of,
)
from leefraster.questions.course import Course, course
from leefraster.questions.options import require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.urbanity_words import QUESTION, caveats, columns, sentence
from leefraster.questions.weighted import counted, group_means, group_sums, quantiles
from leefraster.questions.wording import LANGUAGES, URBANITY, dimension_name, number
from leefraster.scoring.urbanity_classes import URBANITY_CLASSES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data: the parameters of one call."""

    scores: xr.Dataset
    unit: str
    year: int
    weights: str | None
    amenities: str
    high_class: int
    minimum_range: float
    tolerance: float
    minimum_units: int
    minimum_weight: float

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        names = ("unit", "year", "weights", "amenities", "high_class", "minimum_range", "tolerance")
        return {name: getattr(self, name) for name in (*names, "minimum_units", "minimum_weight")}

    @property
    def weight_column(self) -> str:
        """Name of the column that holds the weights."""
        return self.weights or "weight"


@dataclass(frozen=True, slots=True)
class Profile:
    """Means and spread by dimension and class, with what they rest on."""

    codes: list[str]
    values: dict[str, Floats]
    group: Ints
    weight: Floats
    means: Floats
    deviations: Floats
    courses: dict[str, Course]

    def row(self, code: str) -> Floats:
        """Return the means of a dimension in classes 1 to 5."""
        means: Floats = self.means[self.codes.index(code)]
        return means

    def others(self, amenities: str) -> list[str]:
        """Return the dimensions that are neither the amenities nor the total."""
        return [code for code in self.codes if code not in (amenities, "total")]


@computed
def urbanity(
    scores: xr.Dataset,
    *,
    year: int | None = None,
    weights: str | None = "dwellings",
    amenities: str = "vrz",
    high_class: int = 7,
    minimum_range: float = 0.0392,
    tolerance: float = 0.0005,
    minimum_units: int = 10,
    minimum_weight: float = 1000.0,
) -> Answer:
    """Answer whether amenities fall, and the other dimensions rise, with decreasing urbanity.

    The score of every dimension and the total is averaged by urbanity class, 1 (very strongly urban) to 5
    (not urban), weighted by dwellings. The course of each over the five classes is named falling, rising,
    flat or mixed (see `leefraster.questions.course`), and the verdict follows from the courses.

    Parameters
    ----------
    scores : Dataset
        `score` ([year,] dimension, unit) and `urbanity` ([year,] unit), 1 to 5; the unit is `cell` or `area`.
        `total` is the sum of the dimensions where absent; `level` serves the share of dwellings with a high
        score.
    year : int or None
        Measurement year; the latest with a score when None.
    weights : str or None
        Variable by which units are weighted; None counts every unit once. Units without a weight, or with
        weight 0, are left out and counted in the caveats.
    amenities : str
        Code of the dimension that is expected to fall.
    high_class : int
        Class of the level, 1 to 9, from which a score is high (7 is "goed").
    minimum_range : float
        Difference over the five classes below which nothing is concluded. The default is the upper cut of the
        middle class of dimension scores (a quarter of their standard deviation).
    tolerance : float
        Step in the other direction that still counts as none: half of the third decimal.
    minimum_units, minimum_weight : int, float
        Least number of units, and least sum of weights, in every class.

    Returns
    -------
    Answer
        `table` has a row a class with the means; `details` holds "courses" (a row a dimension), "spread"
        (weighted standard deviation, 10th percentile, median and 90th percentile) and, with a level,
        "high" (share of the weight in `high_class` or better). `map` is the urbanity class. "Cannot be said"
        names what is missing.

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, or `year` is not among its years.
    InputError
        When a year occurs twice, urbanity is not 1 to 5, or a weight is negative or infinite.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> towns = xr.Dataset(
    ...     {"score": (("year", "dimension", "area"), [[[.3, .2, .1, 0, -.1], [-.2, -.1, 0, .1, .2]]]),
    ...      "urbanity": ("area", [1, 2, 3, 4, 5]), "dwellings": ("area", [500, 400, 300, 200, 100])},
    ...     coords={"year": [2024], "dimension": ["vrz", "onv"], "area": list("abcde")})
    >>> urbanity(towns, minimum_units=1, minimum_weight=0).verdict
    'holds'

    Notes
    -----
    The claim is that of the letter to parliament of 19 December 2023 (Kamerstukken I 33 797). Classes of
    urbanity are those of Statistics Netherlands. Docs: ``docs/questions.md``.
    """
    scores = in_order(scores)
    chosen = _latest(scores) if year is None else require_year(scores, year)
    require_from(
        0, minimum_range=minimum_range, tolerance=tolerance, minimum_units=minimum_units,
        minimum_weight=minimum_weight,
    )  # fmt: skip
    unit = unit_dimension(scores)
    asked = Asked(
        scores, unit, chosen, weights, amenities, high_class, minimum_range, tolerance, minimum_units,
        minimum_weight,
    )  # fmt: skip
    try:
        return _answer(asked)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _latest(scores: xr.Dataset) -> int:
    """Return the latest year that holds a score, or the latest year when none does."""
    years = years_of(scores)
    for year in reversed(years):
        found = values_at(scores, "score", year)
        if found is None or np.isfinite(found).any():
            return year
    return years[-1]


def _answer(asked: Asked) -> Answer:
    profile = _profile(asked)
    verdict = _verdict(asked, profile)
    high = _high_shares(asked, profile)
    details = {"courses": _courses_table(asked, profile), "spread": _spread_table(profile)}
    if high is not None:
        details["high"] = high
    group = profile.group
    mapped = np.where(group > 0, group, np.nan).astype(np.float32)
    return QUESTION.answer(
        verdict,
        sentence(asked, profile, high),
        caveats(asked, profile, high),
        table=_table(asked, profile),
        map=unit_field(asked.scores, mapped, "urbanity", "urbanity class, 1 most urban to 5 not urban", "1"),
        figure={
            "kind": "lines", "x": "urbanity", "y": profile.codes, "unit": "score",
            "title": f"Score by urbanity class, {asked.year}",
            "title_nl": f"Score naar stedelijkheidsklasse, {asked.year}",
        },
        inputs=asked.inputs(),
        details=details,
        columns=columns(asked, profile.codes),
    )  # fmt: skip


def _profile(asked: Asked) -> Profile:
    """Average every dimension and the total by class, after checking that every class can bear it."""
    values = _score_values(asked)
    group = urbanity_at(asked.scores, asked.year)
    weight = weights_at(asked.scores, asked.weights, asked.year)
    codes = list(values)
    means, deviations = np.empty((len(codes), 5)), np.empty((len(codes), 5))
    for row, code in enumerate(codes):
        _require_filled(asked, code, values[code], group, weight)
        mean, deviation = group_means(values[code], weight, group, 6, group > 0)
        means[row], deviations[row] = mean[1:], deviation[1:]
    limits = {"minimum_range": asked.minimum_range, "tolerance": asked.tolerance}
    courses = {code: course(means[row], **limits) for row, code in enumerate(codes)}
    return Profile(codes, values, group, weight, means, deviations, courses)


def _score_values(asked: Asked) -> dict[str, Floats]:
    """Return the values of every dimension, and of the total, in the asked year."""
    if "score" not in asked.scores:
        raise Unanswerable(
            "de scores per dimensie (score) ontbreken", "the scores by dimension (score) are missing"
        )
    score = asked.scores["score"]
    if "year" in score.dims:
        score = score.sel(year=asked.year)
    score = score.transpose("dimension", asked.unit)
    codes = [str(code) for code in score["dimension"].values]
    if asked.amenities not in codes or len(codes) < 2:
        raise Unanswerable(
            f"naast de dimensie {asked.amenities} is ten minste één andere nodig; gegeven: "
            f"{', '.join(codes)}",
            f"dimension {asked.amenities} and at least one other are needed; given: {', '.join(codes)}",
        )
    rows = np.asarray(score.values, dtype=np.float64)
    values = dict(zip(codes, rows, strict=True))
    total = values_at(asked.scores, "total", asked.year)
    values["total"] = rows.sum(axis=0) if total is None else total
    return values


def _require_filled(asked: Asked, code: str, values: Floats, group: Ints, weight: Floats) -> None:
    kept = (group > 0) & counted(values, weight)
    units, weights = np.bincount(group[kept], minlength=6), group_sums(weight, group, 6, kept)
    for number_of_class in URBANITY_CLASSES:
        n, w = int(units[number_of_class]), float(weights[number_of_class])
        if n < max(asked.minimum_units, 1) or w < asked.minimum_weight:
            needed = asked.minimum_units, asked.minimum_weight
            (units_nl, weight_nl, least_nl), (units_en, weight_en, least_en) = (
                [number(value, 0, language) for value in (n, w, needed[1])] for language in LANGUAGES
            )
            raise Unanswerable(
                f"klasse {number_of_class} ({URBANITY[number_of_class]['nl']}) telt voor "
                f"{dimension_name(code, 'nl')} in {asked.year} {units_nl} eenheden met gewicht {weight_nl}; nodig "
                f"zijn {needed[0]} en {least_nl}",
                f"class {number_of_class} ({URBANITY[number_of_class]['en']}) has, for "
                f"{dimension_name(code, 'en')} in {asked.year}, {units_en} units with weight {weight_en}; needed "
                f"are {needed[0]} and {least_en}",
            )


def _verdict(asked: Asked, profile: Profile) -> Verdict:
    found = profile.courses[asked.amenities]
    row = profile.row(asked.amenities)
    if found == "falling":
        others = [profile.courses[code] for code in profile.others(asked.amenities)]
        return "holds" if all(other == "rising" for other in others) else "mixed"
    if found == "mixed" and row[-1] <= row[0] - asked.minimum_range:
        return "mixed"
    return "does not hold"


def _high_shares(asked: Asked, profile: Profile) -> pd.DataFrame | None:
    """Return the share of the weight with a level in the high class or better, by class and groups."""
    import pandas as pd

    from leefraster.scoring.classify import classify

    try:
        level = level_at(asked.scores, asked.year)
    except Unanswerable:
        return None
    level_field = unit_field(asked.scores, level, "level", "level", "1")
    classes = np.asarray(classify(level_field).values)
    rows = []
    groups = {str(k): (k,) for k in URBANITY_CLASSES} | {"1-3": (1, 2, 3), "4-5": (4, 5)}
    for name, members in groups.items():
        kept = np.isin(profile.group, members) & (classes > 0) & (profile.weight > 0)
        weight = float(profile.weight[kept].sum())
        high = float(profile.weight[kept & (classes >= asked.high_class)].sum())
        rows.append((name, weight, high, high / weight if weight > 0 else np.nan))
    return pd.DataFrame(rows, columns=["urbanity_group", asked.weight_column, "high", "high_share"])


def _table(asked: Asked, profile: Profile) -> pd.DataFrame:
    import pandas as pd

    kept = (profile.group > 0) & counted(profile.values["total"], profile.weight)
    weight = group_sums(profile.weight, profile.group, 6, kept)[1:]
    table: dict[str, Any] = {
        "urbanity": list(URBANITY_CLASSES),
        "name_nl": [URBANITY[k]["nl"] for k in URBANITY_CLASSES],
        "name_en": [URBANITY[k]["en"] for k in URBANITY_CLASSES],
        "units": np.bincount(profile.group[kept], minlength=6)[1:],
        asked.weight_column: weight,
        "weight_share": weight / weight.sum(),
    }
    return pd.DataFrame(table | dict(zip(profile.codes, profile.means, strict=True)))


def _courses_table(asked: Asked, profile: Profile) -> pd.DataFrame:
    import pandas as pd

    steps = np.diff(profile.means, axis=1)
    return pd.DataFrame(
        {
            "dimension": profile.codes,
            "name_nl": [dimension_name(code, "nl") for code in profile.codes],
            "name_en": [dimension_name(code, "en") for code in profile.codes],
            "course": [profile.courses[code] for code in profile.codes],
            "expected": [_expected(asked, code) for code in profile.codes],
            "class_1": profile.means[:, 0],
            "class_5": profile.means[:, -1],
            "difference": profile.means[:, -1] - profile.means[:, 0],
            "lowest_step": steps.min(axis=1),
            "highest_step": steps.max(axis=1),
        }
    )


def _expected(asked: Asked, code: str) -> str:
    return {asked.amenities: "falling", "total": ""}.get(code, "rising")


def _spread_table(profile: Profile) -> pd.DataFrame:
    import pandas as pd

    rows = []
    members = {k: np.flatnonzero(profile.group == k) for k in URBANITY_CLASSES}
    for row, code in enumerate(profile.codes):
        for k, inside in members.items():
            values, weight = profile.values[code][inside], profile.weight[inside]
            low, middle, high = quantiles(values, weight, [0.1, 0.5, 0.9])
            mean, deviation = profile.means[row, k - 1], profile.deviations[row, k - 1]
            rows.append((code, k, mean, deviation, low, middle, high))
    names = ["dimension", "urbanity", "mean", "standard_deviation", "p10", "median", "p90"]
    return pd.DataFrame(rows, columns=names)
