"""The table of clusters: one row each, with all that is said about it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from leefraster.clusters.course import Course, means_by
from leefraster.clusters.names import cluster_areas
from leefraster.clusters.national import National
from leefraster.clusters.outlook import outlook
from leefraster.clusters.panel import Floats, Panel
from leefraster.clusters.pressure import Bools, Pressure

Labels = npt.NDArray[np.int32]

TEXTS = (
    "code", "name", "municipality", "neighbourhoods", "state", "state_urbanity", "weakest_dimension",
    "second_dimension",
)  # fmt: skip
OF_URBANITY = {
    "slope": "slope_urbanity",
    "slope_low": "slope_urbanity_low",
    "slope_high": "slope_urbanity_high",
    "state": "state_urbanity",
    "years_to_close": "years_to_close_urbanity",
}
"""What is said of the gap to the country, and what the same is called of the gap to the same urbanity class."""


def cluster_table(
    panel: Panel,
    labels: Labels,
    bridges: Bools,
    pressure: Pressure,
    course: Course,
    national: National,
    *,
    cut: float,
    horizon: float,
    names: list[str],
    spot: npt.NDArray[np.int8] | None,
) -> pd.DataFrame:
    """Return one row a cluster, the most severe first; columns as `StructuralClusters` describes them."""
    count = course.level.shape[0]
    low = panel.level[-1] <= cut
    sums = _Sums(labels, count)
    parts = [
        _identity(panel, labels, bridges, names),
        _size(panel, sums, bridges, low),
        _duration(labels, bridges, pressure, count),
        _standing(course),
        _outlooks(panel, course, horizon),
        _dimensions(panel, course, national),
        _severity(panel, sums, low, cut, spot),
        _areas(panel, labels),
        _centres(panel, labels, count),
    ]
    return _ranked(pd.concat(parts, axis=1))


def _areas(panel: Panel, labels: Labels) -> pd.DataFrame:
    """Return the codes of the areas in which each cluster lies."""
    municipality, neighbourhoods = cluster_areas(panel, labels)
    return pd.DataFrame({"municipality": municipality, "neighbourhoods": neighbourhoods})


class _Sums:
    """Sums per cluster of a quantity per cell."""

    def __init__(self, labels: Labels, count: int) -> None:
        self.labels, self.count = labels, count

    def __call__(self, values: Floats) -> Floats:
        return np.bincount(self.labels, values, minlength=self.count + 1)[1:].astype(np.float64)


def _identity(panel: Panel, labels: Labels, bridges: Bools, names: list[str]) -> pd.DataFrame:
    first = _first(labels, bridges, len(names))
    return pd.DataFrame(
        {
            "cluster": np.arange(1, len(names) + 1, dtype=np.int32),
            "code": panel.grid.code_from_cell(panel.cells[first]),
            "name": names,
        }
    )


def _size(panel: Panel, sums: _Sums, bridges: Bools, low: Bools) -> pd.DataFrame:
    dwellings, weak = sums(panel.weights), sums(panel.weights * low)
    share = np.full(dwellings.shape, np.nan)
    np.divide(weak, dwellings, out=share, where=dwellings > 0)
    return pd.DataFrame(
        {
            "cells": sums(np.ones(low.size)).astype(np.int64),
            "bridge_cells": sums(bridges.astype(np.float64)).astype(np.int64),
            "dwellings": dwellings,
            "weak_share": share,
        }
    )


def _duration(labels: Labels, bridges: Bools, pressure: Pressure, count: int) -> pd.DataFrame:
    """Return means over the structural cells of each cluster."""
    core, even = np.where(bridges, 0, labels).astype(np.int32), np.ones(labels.size)
    return pd.DataFrame(
        {
            "weak_years": means_by(core, count, pressure.weak_years.astype(np.float64), even),
            "time_share": means_by(core, count, pressure.time_share, even),
        }
    )


def _standing(course: Course) -> pd.DataFrame:
    """Return where each cluster stands in the latest year."""
    return pd.DataFrame(
        {
            "level": course.level[:, -1],
            "gap": course.gap[:, -1],
            "gap_urbanity": course.gap_urbanity[:, -1],
            "fixed_share": course.fixed_share,
        }
    )


def _severity(
    panel: Panel, sums: _Sums, low: Bools, cut: float, spot: npt.NDArray[np.int8] | None
) -> pd.DataFrame:
    short = np.where(low, cut - panel.level[-1], 0.0)
    cells = sums(np.ones(low.size))
    cold = np.full(cells.shape, np.nan) if spot is None else sums((spot < 0).astype(np.float64)) / cells
    return pd.DataFrame({"severity": sums(panel.weights * short), "cold_share": cold})


def _first(labels: Labels, bridges: Bools, count: int) -> npt.NDArray[np.int64]:
    """Return the position of each cluster's first structural cell."""
    core = np.where(bridges, 0, labels)
    positions = np.flatnonzero(core)
    first = np.full(count, labels.size, np.int64)
    np.minimum.at(first, core[positions] - 1, positions)
    return first


def _outlooks(panel: Panel, course: Course, horizon: float) -> pd.DataFrame:
    """Return where the gaps to the country and to the same urbanity class are heading."""
    country, urbanity = (_heading(panel, gap, horizon) for gap in (course.gap, course.gap_urbanity))
    urbanity["state"] = urbanity["state"].replace("unknown", "")
    named = urbanity.rename(columns={column: OF_URBANITY[str(column)] for column in urbanity})
    return pd.concat([country, named], axis=1)


def _heading(panel: Panel, gaps: Floats, horizon: float) -> pd.DataFrame:
    judged = [outlook(panel.years, gap, horizon) for gap in gaps]
    columns = list(OF_URBANITY)
    table = pd.DataFrame([[getattr(one, column) for column in columns] for one in judged], columns=columns)
    return table.astype(dict.fromkeys(columns, np.float64) | {"state": "str"})


def _dimensions(panel: Panel, course: Course, national: National) -> pd.DataFrame:
    """Return per dimension the gap to the country in the latest year, and the two that pull down most.

    On the cells that the gap of the level is taken over, so that the dimensions add up to it.
    """
    count = course.level.shape[0]
    gaps = {
        name: means_by(course.groups, count, values, panel.weights) - national.dimensions[name]
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


def _centres(panel: Panel, labels: Labels, count: int) -> pd.DataFrame:
    """Return the dwelling-weighted centre of each cluster (plain mean where it has no dwellings), m."""
    centres = {}
    for name, axis in zip(("x", "y"), panel.grid.xy_from_cell(panel.cells), strict=True):
        metres = np.asarray(axis, dtype=np.float64)
        weighted = means_by(labels, count, metres, panel.weights)
        plain = means_by(labels, count, metres, np.ones(metres.size))
        centres[name] = np.where(np.isnan(weighted), plain, weighted)
    return pd.DataFrame(centres)


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table by severity, the worst first, ties by number, with the rank as second column."""
    typed = table.astype(dict.fromkeys(TEXTS, "str"))  # empty tables, too
    ordered = typed.sort_values(["severity", "cluster"], ascending=[False, True], ignore_index=True)
    ordered.insert(1, "rank", np.arange(1, len(ordered) + 1, dtype=np.int64))
    return ordered
