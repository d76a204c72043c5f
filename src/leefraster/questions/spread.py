"""The question whether averages of municipalities and neighbourhoods hide large differences."""

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
    values_at,
    weights_at,
    years_of,
)
from leefraster.questions.options import require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.spread_words import QUESTION, caveats, columns, sentence
from leefraster.questions.weighted import counted, group_means, group_sums, quantiles, varies

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVELS = ("municipality", "district", "neighbourhood")
WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data."""

    scores: xr.Dataset
    unit: str
    year: int
    weights: str | None
    holds_from: float
    fails_below: float
    minimum_areas: int

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        names = ("unit", "year", "weights", "holds_from", "fails_below", "minimum_areas")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Parts:
    """How the variance of one measure divides over nested areas.

    Attributes
    ----------
    levels : tuple of str
        Areas from the largest to the smallest, then what lies within the smallest.
    shares, variances : ndarray, shape (levels,)
        Of the variance; between the areas of a level, within those of the level above.
    """

    levels: tuple[str, ...]
    shares: Floats
    variances: Floats

    @property
    def within_municipalities(self) -> float:
        """The share of the variance that lies within municipalities."""
        return float(self.shares[1:].sum())


@computed
def spread(
    scores: xr.Dataset,
    *,
    year: int | None = None,
    weights: str | None = "dwellings",
    holds_from: float = 0.5,
    fails_below: float = 0.25,
    minimum_areas: int = 10,
) -> Answer:
    """Answer whether the averages of municipalities hide large differences.

    The variance of the score over all units is divided, by dwellings, into that between municipalities, between
    districts of a municipality, between neighbourhoods of a district, and within neighbourhoods. The verdict is
    about the share that lies within municipalities.

    Parameters
    ----------
    scores : Dataset
        `level` or `total` ([year,] unit), codes `municipality` and, where known, `district` and `neighbourhood`
        (unit, text, "" is none); `score` ([year,] dimension, unit) where the dimensions are wanted too.
    year : int or None
        Measurement year; the latest when None.
    weights : str or None
        Variable by which units are weighted; None counts every unit once.
    holds_from, fails_below : float
        Share of the variance within municipalities from which the claim holds, and below which it does not.
    minimum_areas : int
        Least number of municipalities.

    Returns
    -------
    Answer
        `table` has a row a level of area with its share of the variance and the standard deviation; `details` holds
        "municipalities" (mean, 10th and 90th percentile of each, and the range between them, the widest first),
        "dimensions" (the shares of every dimension) and, with a level, "theil" (the same division of Theil's T).
        `map` is the unit's score less the mean of its municipality. "Cannot be said" names what is missing.

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, `year` was not measured, or the limits do not ascend.
    InputError
        When a year occurs twice, or a weight is negative or infinite.

    Notes
    -----
    Scores of cells are model estimates: what varies within a neighbourhood is partly their error. Docs:
    ``docs/questions.md``.

    References
    ----------
    Theil, H. (1967). Economics and Information Theory. North-Holland, Amsterdam (division of T).

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> towns = xr.Dataset(
    ...     {"total": (("year", "area"), [[.3, -.3, .2, -.2]]), "municipality": ("area", ["A", "A", "B", "B"]),
    ...      "dwellings": ("area", [10.0, 10, 10, 10])}, coords={"year": [2024], "area": list("abcd")})
    >>> answer = lr.questions.spread(towns, minimum_areas=2)
    >>> answer.verdict, answer.table["share"].tolist()
    ('holds', [0.0, 1.0])
    """
    from leefraster.errors import UsageError

    require_from(0, fails_below=fails_below, holds_from=holds_from, minimum_areas=minimum_areas)
    if not 0 <= fails_below <= holds_from <= 1:
        raise UsageError(
            f"fails_below is {fails_below}, holds_from {holds_from}; they must ascend between 0 and 1"
        )
    scores = in_order(scores)
    chosen = years_of(scores)[-1] if year is None else require_year(scores, year)
    asked = Asked(scores, unit_dimension(scores), chosen, weights, holds_from, fails_below, minimum_areas)
    try:
        return _answer(asked)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _answer(asked: Asked) -> Answer:
    values, is_level = _values(asked)
    weight = weights_at(asked.scores, asked.weights, asked.year)
    groups = _groups(asked)
    kept = counted(values, weight) & (groups["municipality"] >= 0)
    found = int(np.unique(groups["municipality"][kept]).size)
    if found < asked.minimum_areas:
        raise Unanswerable(
            f"er zijn scores van {found} gemeenten; nodig zijn er {asked.minimum_areas}",
            f"there are scores of {found} municipalities; needed are {asked.minimum_areas}",
        )
    if not varies(values[kept]):
        raise Unanswerable("alle scores zijn gelijk", "all scores are the same")
    parts = divided(values, weight, groups, kept)
    municipalities = _municipalities(asked, values, weight, groups["municipality"], kept)
    details = {"municipalities": municipalities, "dimensions": _dimensions(asked, weight, groups)}
    if is_level:
        details["theil"] = _theil(values, weight, groups, kept)
    mean, _ = group_means(values, weight, groups["municipality"], int(groups["municipality"].max()) + 1, kept)
    apart = np.where(kept, values - mean[np.maximum(groups["municipality"], 0)], np.nan).astype(np.float32)
    return QUESTION.answer(
        _verdict(asked, parts),
        sentence(asked, parts, municipalities),
        caveats(asked, int((~kept).sum())),
        table=_table(parts),
        map=unit_field(asked.scores, apart, "spread", "score less the mean of its municipality", "1"),
        figure={
            "kind": "bars", "x": "level", "y": ["share"], "unit": "share of the variance",
            "title": f"Where scores differ, {asked.year}", "title_nl": f"Waar scores verschillen, {asked.year}",
        },
        inputs=asked.inputs(),
        details={name: table for name, table in details.items() if len(table)},
        columns=columns(asked),
    )  # fmt: skip


def _values(asked: Asked) -> tuple[Floats, bool]:
    """Return the level where known, else the deviation; both differ by a number that is the same everywhere."""
    try:
        return level_at(asked.scores, asked.year), True
    except Unanswerable:
        found = values_at(asked.scores, "total", asked.year)
    if found is None or not np.isfinite(found).any():
        raise Unanswerable(
            f"voor {asked.year} ontbreekt de score (level of total)",
            f"the score of {asked.year} (level or total) is missing",
        )
    return found, False


def _groups(asked: Asked) -> dict[str, Ints]:
    """Return for each level of area that is there the number of the area of every unit, -1 for none."""
    import pandas as pd

    found: dict[str, Ints] = {}
    for name in LEVELS:
        if name not in asked.scores:
            continue
        codes = np.asarray(asked.scores[name].values).astype("U").astype(object)
        codes[codes == ""] = None
        numbers, _ = pd.factorize(codes, sort=True)
        found[name] = numbers.astype(np.int64)
    if "municipality" not in found or not (found["municipality"] >= 0).any():
        raise Unanswerable(
            "de gemeentecodes (municipality) ontbreken", "the municipality codes (municipality) are missing"
        )
    return found


def divided(values: Floats, weight: Floats, groups: dict[str, Ints], kept: npt.NDArray[np.bool_]) -> Parts:
    """Divide the weighted variance over nested areas, given from the largest to the smallest.

    A unit without an area of a level counts as an area of its own there, so that the parts add up. Shares are NaN
    where the values are all equal.
    """
    whole = np.average(values[kept], weights=weight[kept])
    above = np.full(values.size, whole)
    variances = []
    levels = list(groups)
    for name in levels:
        below = _means(values, weight, groups[name], kept, above)
        variances.append(np.average(np.square(below - above)[kept], weights=weight[kept]))
        above = below
    variances.append(np.average(np.square(values - above)[kept], weights=weight[kept]))
    parts = np.array(variances)
    shares = parts / parts.sum() if varies(values[kept]) else np.full(parts.size, np.nan)
    return Parts((*levels, WITHIN), shares, parts)


def _means(values: Floats, weight: Floats, group: Ints, kept: npt.NDArray[np.bool_], above: Floats) -> Floats:
    """Return for every unit the mean of its area; that of the level above where it has none."""
    mean, _ = group_means(values, weight, group, int(group.max(initial=0)) + 1, kept & (group >= 0))
    return np.where(group >= 0, mean[np.maximum(group, 0)], above)


def _verdict(asked: Asked, parts: Parts) -> Verdict:
    within = parts.within_municipalities
    if within >= asked.holds_from:
        return "holds"
    return "does not hold" if within < asked.fails_below else "mixed"


def _table(parts: Parts) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {"level": list(parts.levels), "share": parts.shares, "standard_deviation": np.sqrt(parts.variances)}
    )


def _municipalities(
    asked: Asked, values: Floats, weight: Floats, group: Ints, kept: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    import pandas as pd

    codes = np.asarray(asked.scores["municipality"].values).astype("U")
    rows: list[tuple[Any, ...]] = []
    total = group_sums(weight, group, int(group.max()) + 1, kept)
    for number in np.unique(group[kept]).tolist():
        inside = kept & (group == number)
        low, middle, high = quantiles(values[inside], weight[inside], [0.1, 0.5, 0.9])
        mean = float(np.average(values[inside], weights=weight[inside]))
        rows.append(
            (codes[inside][0], int(inside.sum()), float(total[number]), mean, low, middle, high, high - low)
        )
    names = ["municipality", "units", "weight", "mean", "p10", "median", "p90", "range"]
    table = pd.DataFrame(rows, columns=names)
    return table.sort_values(["range", "municipality"], ascending=[False, True], ignore_index=True)


def _dimensions(asked: Asked, weight: Floats, groups: dict[str, Ints]) -> pd.DataFrame:
    import pandas as pd

    if "score" not in asked.scores:
        return pd.DataFrame()
    score = asked.scores["score"]
    score = score.sel(year=asked.year) if "year" in score.dims else score
    rows = []
    for code in score["dimension"].values:
        values = np.asarray(score.sel(dimension=code).values, dtype=np.float64)
        kept = counted(values, weight) & (groups["municipality"] >= 0)
        if kept.any():
            parts = divided(values, weight, groups, kept)
            rows.append({"dimension": str(code), **dict(zip(parts.levels, parts.shares, strict=True))})
    return pd.DataFrame(rows)


def _theil(
    values: Floats, weight: Floats, groups: dict[str, Ints], kept: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Divide Theil's T, sum w x / (W m) log(x / m), over nested areas; empty where a level is not positive."""
    import pandas as pd

    if not (values[kept] > 0).all():
        return pd.DataFrame()
    whole = float(np.average(values[kept], weights=weight[kept]))
    share = np.where(kept, weight * values, 0.0) / float((weight[kept] * values[kept]).sum())
    above = np.full(values.size, whole)
    rows = []
    for name in [level for level in LEVELS if level in groups]:
        below = _means(values, weight, groups[name], kept, above)
        rows.append((name, float((share[kept] * np.log(below[kept] / above[kept])).sum())))
        above = below
    rows.append((WITHIN, float((share[kept] * np.log(values[kept] / above[kept])).sum())))
    table = pd.DataFrame(rows, columns=["level", "theil"])
    total = table["theil"].sum()
    return table.assign(share=table["theil"] / total if total > 0 else np.nan)
