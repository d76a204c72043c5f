"""The tables of `thinning`: the change by group of places, by region, of the level, and by other thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.questions.by_unit import level_at
from leefraster.questions.direction import direction_of_change
from leefraster.questions.jackknife import Interval, block_means, covariance, critical_value, interval
from leefraster.questions.question import Unanswerable
from leefraster.questions.thinning_places import Found
from leefraster.questions.thinning_regions import Regions
from leefraster.questions.thinning_units import GROUPS, REST, THIN, Asked, Units, groups_of
from leefraster.questions.thinning_words import names, nowhere
from leefraster.questions.weighted import weighted_mean

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def change_by_group(
    asked: Asked, units: Units, block: Ints, n_blocks: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the change of every group, and the change in thin places less that of every other group.

    Raises
    ------
    Unanswerable
        When thin places, or all others, lie in too few blocks.
    """
    import pandas as pd

    weights = [np.where(units.member[group], units.weight, 0.0) for group in GROUPS]
    means = block_means([(units.change, weight) for weight in weights], block, n_blocks)
    for column, group in enumerate(GROUPS[:2]):
        if means.blocks[column] < max(asked.minimum_blocks, 2) or np.isnan(means.without[:, column]).any():
            raise Unanswerable(*nowhere(asked, False, group, blocks=int(means.blocks[column])).values())
    rows, pairs = [], []
    for column, group in enumerate(GROUPS):
        inside = units.member[group]
        if not inside.any():
            continue
        limits = _limits(
            asked, means.means[column], means.without[:, [column]], float(means.effective[column])
        )
        begin = weighted_mean(units.start, units.weight, inside)
        rows.append(
            {"group": group}
            | names(group)
            | _counts(units, inside)
            | _row(asked, begin, limits, int(means.blocks[column]))
        )
        if column:
            apart = means.without[:, [0]] - means.without[:, [column]]
            effective = float(min(means.effective[0], means.effective[column]))
            limits = _limits(asked, means.means[0] - means.means[column], apart, effective)
            named = {"difference": limits.estimate, "low": limits.low, "high": limits.high}
            course = direction_of_change(limits, asked.minimum_change, "fall")
            pairs.append({"against": group} | named | {"course": course})
    return pd.DataFrame(rows), pd.DataFrame(pairs)


def _limits(asked: Asked, estimate: float, without: Floats, effective: float, tests: int = 1) -> Interval:
    """Return an estimate with limits; NaN where a block cannot be left out. `tests` hold together."""
    if np.isnan(without).any():
        return Interval(float(estimate), float("nan"), float("nan"))
    critical = critical_value(effective, 1 - (1 - asked.confidence) / tests)
    return interval(float(estimate), float(covariance(without)[0, 0]), critical)


def _counts(units: Units, inside: Bools) -> dict[str, float]:
    return {"units": int(inside.sum()), "weight": float(units.weight[inside].sum())}


def _row(asked: Asked, begin: float, limits: Interval, blocks: int) -> dict[str, Any]:
    return {
        "contribution_start": begin,
        "contribution_end": begin + limits.estimate,
        "change": limits.estimate,
        "low": limits.low,
        "high": limits.high,
        "course": direction_of_change(limits, asked.minimum_change, "fall"),
        "blocks": blocks,
    }


def change_by_region(
    asked: Asked, units: Units, regions: Regions, block: Ints, n_blocks: int
) -> pd.DataFrame:
    """Return the change of every region's thin places, the deepest fall first; limits hold together."""
    import pandas as pd

    rows = []
    inside = [units.member[THIN] & (regions.number == place) for place in range(len(regions.codes))]
    enough = [_is_enough(asked, units, members, block) for members in inside]
    for place, members in enumerate(inside):
        row: dict[str, Any] = {"region": regions.codes[place], "name": regions.names[place]}
        row |= _counts(units, members)
        weight = np.where(members, units.weight, 0.0)
        begin = weighted_mean(units.start, units.weight, members)
        if not members.any():
            continue
        means = block_means([(units.change, weight)], block, n_blocks)
        limits = Interval(float(means.means[0]), float("nan"), float("nan"))
        if enough[place]:
            effective = float(means.effective[0])
            limits = _limits(asked, means.means[0], means.without[:, [0]], effective, sum(enough))
        row |= _row(asked, begin, limits, int(means.blocks[0]))
        rows.append(row if enough[place] else row | {"course": "too few"})
    names = ["region", "name", "units", "weight", *_row(asked, 0.0, Interval(0, 0, 0), 0)]
    table = pd.DataFrame(rows, columns=names)
    few = (table["course"] == "too few").rename("few")
    order = (
        pd.concat([few, table[["change", "region"]]], axis=1).sort_values(["few", "change", "region"]).index
    )
    return table.loc[order].reset_index(drop=True)


def _is_enough(asked: Asked, units: Units, members: Bools, block: Ints) -> bool:
    return (
        int(members.sum()) >= max(asked.minimum_units, 1)
        and float(units.weight[members].sum()) >= asked.minimum_weight
        and np.unique(block[members]).size >= max(asked.minimum_blocks, 2)
    )


def level_by_group(asked: Asked, units: Units, block: Ints, n_blocks: int) -> pd.DataFrame | None:
    """Return the level of the total score by group, over units with a level in both years; None without levels."""
    import pandas as pd

    try:
        begin, finish = level_at(asked.scores, asked.start), level_at(asked.scores, asked.end)
    except Unanswerable:
        return None
    kept = np.isfinite(begin) & np.isfinite(finish)
    rows = []
    for group in GROUPS:
        weight = np.where(units.member[group] & kept, units.weight, 0.0)
        if not (weight > 0).any():
            continue
        means = block_means([(begin, weight), (finish - begin, weight)], block, n_blocks)
        limits = _limits(asked, means.means[1], means.without[:, [1]], float(means.effective[1]))
        ends = {"level_start": float(means.means[0]), "level_end": float(means.means[0]) + limits.estimate}
        rows.append(
            {"group": group} | ends | {"change": limits.estimate, "low": limits.low, "high": limits.high}
        )
    return pd.DataFrame(rows)


def change_by_definition(asked: Asked, found: Found, units: Units) -> pd.DataFrame:
    """Return the change in thin places, and against the rest, by other thresholds than the asked ones."""
    import pandas as pd

    rule, rows = asked.places, []
    kept = units.weight > 0
    for low, reach in ((1.0, 1.0), (1.0, 0.5), (1.0, 2.0), (0.5, 1.0), (2.0, 1.0)):
        if found.density is None and low != 1.0:
            continue
        below = min(rule.sparse_below * low, rule.centre_from)
        other = replace(rule, sparse_below=below, far=rule.far * reach)
        sparse = found.sparse if found.density is None else found.density < below
        groups = groups_of(other, replace(found, sparse=sparse), kept)
        changes = [weighted_mean(units.change, units.weight, groups[group]) for group in (THIN, REST)]
        row = {"sparse_below": below if found.density is not None else float("nan"), "far": other.far}
        rows.append(
            row | _counts(units, groups[THIN]) | {"change": changes[0], "difference": changes[0] - changes[1]}
        )
    return pd.DataFrame(rows)
