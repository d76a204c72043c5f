"""The table of clusters: one row each, with all that is said about it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from leefraster.clusters.course import Course, means_by, weighted_mean
from leefraster.clusters.outlook import outlook
from leefraster.clusters.panel import Floats, Panel
from leefraster.clusters.pressure import Bools, Pressure

Labels = npt.NDArray[np.int32]

TEXTS = ("code", "name", "state", "weakest_dimension", "second_dimension")


def cluster_table(
    panel: Panel,
    labels: Labels,
    bridges: Bools,
    pressure: Pressure,
    course: Course,
    *,
    cut: float,
    horizon: float,
    names: list[str],
    spot: npt.NDArray[np.int8] | None,
) -> pd.DataFrame:
    """Return one row a cluster, the most severe first; columns as `StructuralClusters` describes them."""
    count = course.level.shape[0]
    low = np.where(np.isfinite(panel.level[-1]), panel.level[-1] <= cut, False)
    sums = _Sums(labels, count)
    dwellings = sums(panel.weights)
    table = pd.DataFrame({"cluster": np.arange(1, count + 1, dtype=np.int32)})
    table["code"] = panel.grid.code_from_cell(panel.cells[_first(labels, bridges, count)])
    table["name"] = names
    table["cells"] = sums(np.ones(labels.size)).astype(np.int64)
    table["bridge_cells"] = sums(bridges.astype(np.float64)).astype(np.int64)
    table["dwellings"] = dwellings
    table["weak_share"] = _ratio(sums(panel.weights * low), dwellings)
    core = np.where(bridges, 0, labels).astype(np.int32)
    table["weak_years"] = means_by(core, count, pressure.weak_years.astype(np.float64), np.ones(labels.size))
    table["time_share"] = means_by(core, count, pressure.time_share, np.ones(labels.size))
    table["level"], table["gap"] = course.level[:, -1], course.gap[:, -1]
    table["gap_urbanity"], table["fixed_share"] = course.gap_urbanity[:, -1], course.fixed_share
    table = pd.concat([table, _outlooks(panel, course, horizon), _dimensions(panel, labels, count)], axis=1)
    short = np.where(low, cut - panel.level[-1], 0.0)
    table["severity"] = sums(panel.weights * short)
    cold = np.full(count, np.nan) if spot is None else sums((spot < 0).astype(np.float64)) / table["cells"]
    table["cold_share"] = cold
    x, y = panel.grid.xy_from_cell(panel.cells)
    table["x"], table["y"] = (
        _centres(x, labels, count, panel.weights),
        _centres(y, labels, count, panel.weights),
    )
    return _ranked(table)


class _Sums:
    """Sums per cluster of a quantity per cell."""

    def __init__(self, labels: Labels, count: int) -> None:
        self.labels, self.count = labels, count

    def __call__(self, values: Floats) -> Floats:
        return np.bincount(self.labels, values, minlength=self.count + 1)[1:].astype(np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    share = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _first(labels: Labels, bridges: Bools, count: int) -> npt.NDArray[np.int64]:
    """Return the position of each cluster's first structural cell."""
    core = np.where(bridges, 0, labels)
    positions = np.flatnonzero(core)
    first = np.full(count, labels.size, np.int64)
    np.minimum.at(first, core[positions] - 1, positions)
    return first


def _outlooks(panel: Panel, course: Course, horizon: float) -> pd.DataFrame:
    judged = [outlook(panel.years, gap, horizon) for gap in course.gap]
    columns = ("slope", "slope_low", "slope_high", "state", "years_to_close")
    table = pd.DataFrame([[getattr(one, column) for column in columns] for one in judged], columns=columns)
    return table.astype(dict.fromkeys(columns, np.float64) | {"state": "str"})


def _dimensions(panel: Panel, labels: Labels, count: int) -> pd.DataFrame:
    """Return per dimension the gap to the country in the latest year, and the two that pull down most."""
    gaps = {
        name: means_by(labels, count, values, panel.weights) - weighted_mean(values, panel.weights)
        for name, values in panel.scores.items()
    }
    worst = [_pulling({name: float(gap[i]) for name, gap in gaps.items()}) for i in range(count)]
    table = pd.DataFrame(worst, columns=["weakest_dimension", "second_dimension"])
    for name, gap in gaps.items():
        table[f"gap_{name}"] = gap
    return table


def _pulling(gaps: dict[str, float]) -> list[str]:
    """Return the names of the two lowest gaps below 0, "" where there are fewer."""
    below = sorted((gap, name) for name, gap in gaps.items() if gap < 0)
    return ([name for _, name in below] + ["", ""])[:2]


def _centres(axis: Floats, labels: Labels, count: int, weights: Floats) -> Floats:
    """Return the dwelling-weighted mean coordinate of each cluster (plain mean where it has no dwellings)."""
    weighted = means_by(labels, count, axis, weights)
    return np.where(np.isnan(weighted), means_by(labels, count, axis, np.ones(axis.size)), weighted)


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table by severity, the worst first, ties by number, with the rank as second column."""
    typed = table.astype(dict.fromkeys(TEXTS, "str"))  # empty tables, too
    ordered = typed.sort_values(["severity", "cluster"], ascending=[False, True], ignore_index=True)
    ordered.insert(1, "rank", np.arange(1, len(ordered) + 1, dtype=np.int64))
    return ordered
