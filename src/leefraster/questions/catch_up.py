"""The question whether the rise of the cities held elsewhere, and how much of their lag was made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.lazy import computed
from leefraster.questions.answer import Answer, Verdict
from leefraster.questions.blocks import Blocks, block_numbers, default_blocks
from leefraster.questions.by_unit import (
    in_order,
    level_at,
    require_one_version,
    require_year,
    unit_dimension,
    unit_field,
    urbanity_at,
    weights_at,
    years_of,
)
from leefraster.questions.catch_up_words import (
    QUESTION,
    caveats,
    columns,
    insignificant,
    open_rise,
    sentence,
)
from leefraster.questions.direction import direction_of_change
from leefraster.questions.jackknife import (
    BlockMeans,
    Interval,
    block_means,
    covariance,
    critical_value,
    interval,
    ratio_interval,
)
from leefraster.questions.options import require_between, require_from
from leefraster.questions.question import Unanswerable
from leefraster.questions.weighted import weighted_mean
from leefraster.questions.wording import URBANITY, number, span
from leefraster.scoring.urbanity_classes import URBANITY_CLASSES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# The columns of block means: for every group its level at the start, and at the end by both weights.
_MOMENTS = ("start", "end_fixed", "end_current")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which data: the parameters of one call."""

    scores: xr.Dataset
    unit: str
    start: int
    end: int
    weights: str | None
    cities: tuple[int, ...]
    confidence: float
    blocks: Blocks
    block_side: float
    minimum_change: float
    minimum_units: int
    minimum_weight: float
    minimum_blocks: int

    def inputs(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        names = ("unit", "start", "end", "weights", "confidence", "blocks", "block_side", "minimum_change")
        more = ("minimum_units", "minimum_weight", "minimum_blocks")
        return {"cities": list(self.cities)} | {name: getattr(self, name) for name in (*names, *more)}

    def rest(self) -> tuple[int, ...]:
        """Return the classes that are no cities."""
        return tuple(k for k in URBANITY_CLASSES if k not in self.cities)

    def groups(self) -> dict[str, tuple[int, ...]]:
        """Return the groups of urbanity classes that have a row in the table."""
        single: dict[str, tuple[int, ...]] = {str(k): (k,) for k in URBANITY_CLASSES}
        return single | {
            span(self.cities): self.cities,
            span(self.rest()): self.rest(),
            "1-5": URBANITY_CLASSES,
        }


@dataclass(frozen=True, slots=True)
class Units:
    """Level, weight and class of the units at both ends, and which of them existed when."""

    level_start: Floats
    level_end: Floats
    weight_start: Floats
    weight_end: Floats
    urbanity: Ints
    urbanity_end: Ints
    existing: Bools
    new: Bools
    vanished: Bools


@computed
def catch_up(
    scores: xr.Dataset,
    *,
    start: int | None = None,
    end: int | None = None,
    weights: str | None = "dwellings",
    cities: tuple[int, ...] = (1,),
    confidence: float = 0.95,
    blocks: Blocks | None = None,
    block_side: float = 10_000.0,
    minimum_change: float = 0.001,
    minimum_units: int = 10,
    minimum_weight: float = 1000.0,
    minimum_blocks: int = 5,
) -> Answer:
    """Answer whether the rise of the cities held for less urban areas, and how much of their lag was made up.

    The *level* is averaged by urbanity class over the units that had a level in both years (existing units),
    with the class of the start year throughout. *Fixed* weights are those of the start year in both years, so
    that a change is one of places and not of where dwellings stand; *current* weights are each year's own.
    New and vanished units are shown apart. The lag is the level of the less urban classes minus that of the
    cities; the share made up is one minus the lag at the end over that at the start.

    Parameters
    ----------
    scores : Dataset
        `level` (year, unit), or `total` with `reference` (year); `urbanity` ([year,] unit), 1 to 5; the
        weights ([year,] unit); `municipality` (unit) or coordinates `x` and `y` in metres. The unit is `cell`
        or `area`.
    start, end : int or None
        Measurement years. By default 2014 where measured, else the first; and the latest.
    weights : str or None
        Variable by which units are weighted; None counts every unit once.
    cities : tuple of int
        Urbanity classes that are the cities.
    confidence : float
        Confidence of the intervals, between 0 and 1.
    blocks : {"municipality", "squares"} or None
        Places left out together by the jackknife; by default municipalities where at least half of the units
        have a code, else squares.
    block_side : float
        Side of the squares, in metres.
    minimum_change : float
        Change of a level below which it is none, however sure.
    minimum_units, minimum_weight, minimum_blocks : int, float, int
        Least number of existing units, sum of weights and number of blocks in every class.

    Returns
    -------
    Answer
        `table` has a row a group of classes: level at both ends, change with its interval by fixed weights,
        course, change by current weights. `details` holds "lag" (lag and share made up, against the rest and
        against the country, by both weights) and "cells" (existing, new and vanished units). `map` is the
        change of the level. "Cannot be said" names what is missing, that the lag at the start is not
        significant, or whose rise is neither shown nor ruled out. `course` is "rose", "fell", "no rise" (the
        interval holds no rise of `minimum_change`) or "open".

    Raises
    ------
    UsageError
        When the Dataset has no year or unit dimension, a year is not among its years, `start` is not before
        `end`, `cities` is none or all of the classes, or `confidence` is not between 0 and 1.
    InputError
        When a year occurs twice, urbanity is not 1 to 5, a weight is negative or infinite, or a coordinate is
        needed and missing.

    Notes
    -----
    Neighbouring scores are alike, so a standard error over cells would be far too small. Intervals are those
    of the delete-one-block jackknife over municipalities (or squares), with Student's critical value at the
    effective number of blocks less one, and Fieller's for the share. Blocks next to each other are taken as
    independent. Levels of two versions of the model are never compared.

    References
    ----------
    Busing, Meijer & Van der Leeden (1999), Delete-m jackknife for unequal m, Statistics and Computing 9, 3-8.
    Fieller (1954), Some problems in interval estimation, JRSS B 16, 175-185.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> n = 50
    >>> kind = np.arange(n) % 5 + 1
    >>> begin = 4.0 + 0.05 * kind
    >>> finish = begin + np.where(kind == 1, 0.05, 0.02)
    >>> country = xr.Dataset(
    ...     {"level": (("year", "area"), [begin, finish]), "urbanity": ("area", kind),
    ...      "dwellings": ("area", np.full(n, 100.0)), "municipality": ("area", np.arange(n) // 5 + 100)},
    ...     coords={"year": [2014, 2024], "area": np.arange(n)})
    >>> answer = catch_up(country, minimum_weight=0)
    >>> answer.verdict, round(float(answer.details["lag"]["share_made_up"][0]), 3)
    ('holds', 0.24)
    """
    scores = in_order(scores)
    cities = _checked_cities(cities)
    require_between(0, 1, confidence=confidence)
    require_from(
        0, minimum_change=minimum_change, minimum_units=minimum_units, minimum_weight=minimum_weight,
        minimum_blocks=minimum_blocks,
    )  # fmt: skip
    first, last = _years(scores, start, end)
    asked = Asked(
        scores, unit_dimension(scores), first, last, weights, cities, confidence,
        blocks or default_blocks(scores), block_side, minimum_change, minimum_units, minimum_weight,
        minimum_blocks,
    )  # fmt: skip
    try:
        return _answer(asked)
    except Unanswerable as gap:
        return QUESTION.cannot_say(gap.reason, asked.inputs())


def _checked_cities(cities: tuple[int, ...]) -> tuple[int, ...]:
    chosen = tuple(sorted(set(cities)))
    if not chosen or len(chosen) == len(URBANITY_CLASSES) or not set(chosen) <= set(URBANITY_CLASSES):
        raise UsageError(f"cities is {tuple(cities)}; it must hold some, not all, of the classes 1 to 5")
    return chosen


def _years(scores: xr.Dataset, start: int | None, end: int | None) -> tuple[int, int]:
    years = years_of(scores)
    first = (2014 if 2014 in years else years[0]) if start is None else require_year(scores, start, "start")
    last = years[-1] if end is None else require_year(scores, end, "end")
    if start is None and first >= last:
        first = years[0]
    if first >= last and (start is not None or end is not None):
        raise UsageError(f"start is {first} and end {last}; start must come before end")
    return first, last


def _answer(asked: Asked) -> Answer:
    if asked.start >= asked.end:
        raise Unanswerable(
            f"er is één meetjaar ({asked.end}); voor een verandering zijn er twee nodig",
            f"there is one measurement year ({asked.end}); a change takes two",
        )
    require_one_version(asked.scores, [asked.start, asked.end])
    units = _units(asked)
    _require_filled(asked, units)
    means = _block_means(asked, units)
    changes = _changes_table(asked, units, means)
    lag = _lag_table(asked, means)
    parts: dict[str, Any] = {
        "table": changes,
        "map": _change_map(asked, units),
        "figure": {
            "kind": "bars", "x": "urbanity", "y": ["change", "change_current"], "unit": "level",
            "title": f"Change of the level by urbanity class, {asked.start}-{asked.end}",
            "title_nl": f"Verandering van het niveau naar stedelijkheidsklasse, {asked.start}-{asked.end}",
        },
        "inputs": asked.inputs() | {"number_of_blocks": int(means.blocks[-1])},
        "details": {"lag": lag, "cells": _cells_table(asked, units)},
        "columns": columns(asked.weights),
    }  # fmt: skip
    verdict = _verdict(asked, changes, lag)
    if verdict == "cannot be said":
        inputs, significant = parts.pop("inputs"), lag["significant"].iloc[0]
        reason = open_rise(asked, changes) if significant else insignificant(asked, lag)
        return QUESTION.cannot_say(reason, inputs, **parts)
    return QUESTION.answer(verdict, sentence(asked, changes, lag), caveats(asked, units), **parts)


def _units(asked: Asked) -> Units:
    scores, start, end = asked.scores, asked.start, asked.end
    level_start, level_end = level_at(scores, start), level_at(scores, end)
    weight_start, weight_end = (
        weights_at(scores, asked.weights, start),
        weights_at(scores, asked.weights, end),
    )
    before, after = np.isfinite(level_start), np.isfinite(level_end)
    urbanity = urbanity_at(scores, start)
    try:
        urbanity_end = urbanity_at(scores, end)
    except Unanswerable:
        urbanity_end = np.zeros_like(urbanity)
    return Units(
        level_start, level_end, weight_start, weight_end, urbanity, urbanity_end,
        existing=before & after & (weight_start > 0) & (urbanity > 0),
        new=~before & after & (weight_end > 0) & (urbanity_end > 0),
        vanished=before & ~after & (weight_start > 0) & (urbanity > 0),
    )  # fmt: skip


def _require_filled(asked: Asked, units: Units) -> None:
    for k in URBANITY_CLASSES:
        members = units.existing & (units.urbanity == k)
        n, weight = int(members.sum()), float(units.weight_start[members].sum())
        current = float(units.weight_end[members].sum())
        if n < max(asked.minimum_units, 1) or weight < asked.minimum_weight or current <= 0:
            raise Unanswerable(
                f"klasse {k} ({URBANITY[k]['nl']}) telt {number(n, 0, 'nl')} eenheden met een niveau in "
                f"{asked.start} en {asked.end}, met gewicht {number(weight, 0, 'nl')}; nodig zijn "
                f"{asked.minimum_units} en {number(asked.minimum_weight, 0, 'nl')}",
                f"class {k} ({URBANITY[k]['en']}) has {number(n, 0, 'en')} units with a level in "
                f"{asked.start} "
                f"and {asked.end}, with weight {number(weight, 0, 'en')}; needed are {asked.minimum_units} "
                "and "
                f"{number(asked.minimum_weight, 0, 'en')}",
            )


def _block_means(asked: Asked, units: Units) -> BlockMeans:
    """Return means per group and moment (columns in the order of `groups` x `_MOMENTS`)."""
    block, n_blocks = block_numbers(asked.scores, asked.blocks, asked.block_side)
    taken: list[tuple[Floats, Floats]] = []
    for members in asked.groups().values():
        inside = units.existing & np.isin(units.urbanity, members)
        fixed, current = np.where(inside, units.weight_start, 0.0), np.where(inside, units.weight_end, 0.0)
        taken += [(units.level_start, fixed), (units.level_end, fixed), (units.level_end, current)]
    means = block_means(taken, block, n_blocks)
    for row, name in enumerate(asked.groups()):
        found = int(means.blocks[row * len(_MOMENTS)])
        if found < max(asked.minimum_blocks, 2) or np.isnan(means.without[:, row * 3 : row * 3 + 3]).any():
            kind = {"municipality": ("gemeenten", "municipalities"), "squares": ("vierkanten", "squares")}
            nl, en = kind[asked.blocks]
            raise Unanswerable(
                f"klasse {name} ligt in {found} {nl}; voor een betrouwbaarheidsinterval zijn er "
                f"{asked.minimum_blocks} nodig",
                f"class {name} lies in {found} {en}; a confidence interval takes {asked.minimum_blocks}",
            )
    return means


def _column(asked: Asked, group: str, moment: str) -> int:
    return list(asked.groups()).index(group) * len(_MOMENTS) + _MOMENTS.index(moment)


def _change(asked: Asked, means: BlockMeans, group: str, moment: str) -> Interval:
    """Return the change of a group's level from the start to a moment, with its interval."""
    first, last = _column(asked, group, "start"), _column(asked, group, moment)
    changes = means.without[:, [last]] - means.without[:, [first]]
    critical = critical_value(float(means.effective[first]), asked.confidence)
    return interval(means.means[last] - means.means[first], covariance(changes)[0, 0], critical)


def _changes_table(asked: Asked, units: Units, means: BlockMeans) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, members in asked.groups().items():
        inside = units.existing & np.isin(units.urbanity, members)
        fixed, current = (_change(asked, means, name, moment) for moment in _MOMENTS[1:])
        start = float(means.means[_column(asked, name, "start")])
        rows.append(
            {
                "urbanity": name,
                "name_nl": _group_name(asked, name, members, "nl"),
                "name_en": _group_name(asked, name, members, "en"),
                "units": int(inside.sum()),
                "weight": float(units.weight_start[inside].sum()),
                "level_start": start,
                "level_end": start + fixed.estimate,
                "change": fixed.estimate,
                "change_low": fixed.low,
                "change_high": fixed.high,
                "course": direction_of_change(fixed, asked.minimum_change, "rise"),
                "level_end_current": start + current.estimate,
                "change_current": current.estimate,
                "blocks": int(means.blocks[_column(asked, name, "start")]),
            }
        )
    return pd.DataFrame(rows)


def _group_name(asked: Asked, name: str, members: tuple[int, ...], language: str) -> str:
    if len(members) == 1:
        return URBANITY[members[0]][language]
    if name == "1-5":
        return {"nl": "alle klassen", "en": "all classes"}[language]
    if members == asked.cities:
        return {"nl": "de steden", "en": "the cities"}[language]
    return {"nl": "minder stedelijk", "en": "less urban"}[language]


def _lag_table(asked: Asked, means: BlockMeans) -> pd.DataFrame:
    """Return lag and share made up: the row of the verdict (rest, fixed weights) first."""
    import pandas as pd

    rows = []
    for against, group in (("less urban", span(asked.rest())), ("country", "1-5")):
        for weights, moment in (("fixed", "end_fixed"), ("current", "end_current")):
            rows.append({"against": against, "weights": weights} | _lag(asked, means, group, moment))
    return pd.DataFrame(rows)


def _lag(asked: Asked, means: BlockMeans, group: str, moment: str) -> dict[str, float | bool]:
    city = span(asked.cities)
    picked = [_column(asked, g, m) for g in (city, group) for m in ("start", moment)]

    def made_up_and_lag(values: Floats) -> Floats:
        city_start, city_end, other_start, other_end = (values[..., column] for column in picked)
        lag_start = other_start - city_start
        return np.stack([lag_start - (other_end - city_end), lag_start], axis=-1)

    made_up, lag = made_up_and_lag(means.means)
    covariances = covariance(made_up_and_lag(means.without))
    effective = min(float(means.effective[picked[0]]), float(means.effective[picked[2]]))
    critical = critical_value(effective, asked.confidence)
    start = interval(lag, covariances[1, 1], critical)
    share = ratio_interval(made_up, lag, covariances, critical)
    return {
        "lag_start": start.estimate,
        "lag_start_low": start.low,
        "lag_start_high": start.high,
        "significant": bool(start.low > 0 or start.high < 0),
        "lag_end": lag - made_up,
        "share_made_up": share.estimate,
        "share_low": share.low,
        "share_high": share.high,
        "effective_blocks": effective,
    }


def _verdict(asked: Asked, changes: pd.DataFrame, lag: pd.DataFrame) -> Verdict:
    """Return the verdict; that something does not hold takes that a rise is ruled out, not that none was shown."""
    courses = dict(zip(changes["urbanity"], changes["course"], strict=True))
    cities, less_urban = courses[span(asked.cities)], [courses[str(k)] for k in asked.rest()]
    lag_row = lag.iloc[0]
    if not lag_row["significant"]:
        return "cannot be said"
    ruled_out = ("no rise", "fell")
    if lag_row["lag_start"] < 0 or cities in ruled_out or all(one in ruled_out for one in less_urban):
        return "does not hold"
    if cities == "open" or "rose" not in less_urban:
        return "cannot be said"
    return "holds" if set(less_urban) == {"rose"} and lag_row["share_low"] > 0 else "mixed"


def _cells_table(asked: Asked, units: Units) -> pd.DataFrame:
    """Return existing, new and vanished units by group, and what their coming and going does to the mean."""
    import pandas as pd

    rows = []
    for name, members in asked.groups().items():
        old = np.isin(units.urbanity, members)
        existing, vanished = units.existing & old, units.vanished & old
        new = units.new & np.isin(units.urbanity_end, members)
        start = weighted_mean(units.level_start, units.weight_start, existing)
        end = weighted_mean(units.level_end, units.weight_end, existing)
        all_start = weighted_mean(units.level_start, units.weight_start, existing | vanished)
        all_end = weighted_mean(units.level_end, units.weight_end, existing | new)
        rows.append(
            {
                "urbanity": name,
                "existing_units": int(existing.sum()),
                "existing_weight_start": float(units.weight_start[existing].sum()),
                "existing_weight_end": float(units.weight_end[existing].sum()),
                "new_units": int(new.sum()),
                "new_weight": float(units.weight_end[new].sum()),
                "new_level": weighted_mean(units.level_end, units.weight_end, new),
                "vanished_units": int(vanished.sum()),
                "vanished_weight": float(units.weight_start[vanished].sum()),
                "vanished_level": weighted_mean(units.level_start, units.weight_start, vanished),
                "change_all": all_end - all_start,
                "change_by_coming_and_going": (all_end - all_start) - (end - start),
            }
        )
    return pd.DataFrame(rows)


def _change_map(asked: Asked, units: Units) -> xr.DataArray:
    change = (units.level_end - units.level_start).astype(np.float32)
    title = f"change of the level, {asked.start} to {asked.end}"
    return unit_field(asked.scores, change, "level_change", title, "level")
