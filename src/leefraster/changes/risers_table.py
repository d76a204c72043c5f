"""Counts, shares and means of risers and fallers by starting class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leefraster.changes.risers_parts import Parts

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Held = npt.NDArray[np.bool_]

DIRECTIONS = {"risen": 1, "fallen": -1}


@dataclass(frozen=True, slots=True)
class Groups:
    """Per unit: its label, class in either year (0 missing), direction, weight (NaN unknown), whether compared."""

    labels: npt.NDArray[Any]
    start: npt.NDArray[np.int8]
    end: npt.NDArray[np.int8]
    direction: npt.NDArray[np.int8]
    weights: Floats
    held: Held


def table_of(groups: Groups, parts: Parts, classes: int) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return a row a starting class, and one over all; sums run in the order of labels."""
    import pandas as pd

    order = np.argsort(groups.labels, kind="stable")
    start = np.where(groups.held, groups.start, 0)[order]
    rows = [_row(groups, parts, order[start == one]) for one in range(1, classes + 1)]
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, classes + 1, name="class"))
    overall = pd.Series(_row(groups, parts, order[start > 0]), name="overall", dtype=object)
    return table, overall


def areas_of(groups: Groups, parts: Parts, codes: npt.NDArray[np.str_]) -> pd.DataFrame:
    """Return a row an area, by code; units whose code is "" are in none."""
    import pandas as pd

    order = np.argsort(groups.labels, kind="stable")
    order = order[groups.held[order] & (codes[order] != "")]
    known, position = np.unique(codes[order], return_inverse=True)
    sorted_by_area = order[np.argsort(position, kind="stable")]
    members = np.split(sorted_by_area, np.cumsum(np.bincount(position, minlength=known.size))[:-1])
    rows = [_row(groups, parts, chosen) for chosen in members] if known.size else []
    return pd.DataFrame(rows, index=pd.Index(known.astype(object), name="area", dtype="str"))


def _row(groups: Groups, parts: Parts, chosen: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the figures of some units, given by position."""
    weight = np.nan_to_num(groups.weights[chosen])
    direction, steps = groups.direction[chosen], np.sign(groups.end[chosen] - groups.start[chosen])
    row: dict[str, Any] = {"units": chosen.size, "dwellings": float(weight.sum())}
    row |= _shares(direction, weight, ("risen", "unchanged", "fallen"))
    row |= _shares(steps, weight, ("class_up", "class_same", "class_down"))
    row["mean_change"] = _mean(parts.level[chosen], weight)
    for name, sign in DIRECTIONS.items():
        row |= _pulled(parts, chosen[direction == sign], weight[direction == sign], name, sign)
    return row


def _shares(sign: npt.NDArray[np.int8], weight: Floats, names: tuple[str, str, str]) -> dict[str, float]:
    whole = weight.sum()
    share = [float(weight[sign == one].sum() / whole) if whole > 0 else float("nan") for one in (1, 0, -1)]
    return dict(zip(names, share, strict=True))


def _pulled(
    parts: Parts, chosen: npt.NDArray[np.int64], weight: Floats, name: str, sign: int
) -> dict[str, Any]:
    """Return the mean change of those that went one way, its parts, and the dimension that pulls most."""
    if not parts.dimensions:
        return {f"{name}_change": _mean(parts.level[chosen], weight)}
    known = parts.known[chosen]
    chosen, weight = chosen[known], weight[known]
    means = {code: _mean(parts.by_dimension[i, chosen], weight) for i, code in enumerate(parts.dimensions)}
    has = bool(weight.sum() > 0)
    best = max(means, key=lambda code: sign * means[code]) if has else ""
    leading = best if not has or sign * means[best] > 0 else "national"
    return {
        f"{name}_change": _mean(parts.level[chosen], weight),
        **{f"{name}_{code}": mean for code, mean in means.items()},
        f"{name}_national": parts.national if has else float("nan"),
        f"{name}_rest": _mean(parts.rest[chosen], weight),
        f"{name}_leading": leading,
    }


def _mean(values: Floats, weight: Floats) -> float:
    whole = float(weight.sum())
    return float((values * weight).sum() / whole) if whole > 0 else float("nan")
