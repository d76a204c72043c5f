"""The course of each cluster beside the country's: on fixed cells, with fixed weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.clusters.national import National, urbanity_groups
from leefraster.clusters.panel import Floats, Panel

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Means per cluster and year; row i is cluster i + 1.

    Attributes
    ----------
    level, gap, gap_urbanity, weak_share, dwellings : ndarray, (cluster, year)
        Mean level; minus the country's; minus that of the same urbanity class; share of dwellings in cells
        of the weak class or lower; dwellings of that year.
    country : ndarray, (year,)
        Mean level of all dwellings of the year.
    fixed_share : ndarray, (cluster,)
        Share of the cluster's dwellings that stand in cells with a level in every year: the fixed cells.
    groups : ndarray of int32, (cell,)
        Cluster of each cell that its means are taken over, 0 for all others.
    """

    level: Floats
    gap: Floats
    gap_urbanity: Floats
    weak_share: Floats
    dwellings: Floats
    country: Floats
    fixed_share: Floats
    groups: Labels


def means_by(groups: Labels, count: int, values: Floats, weights: Floats) -> Floats:
    """Return the weighted mean of the finite values in groups 1 to `count`, NaN without weight."""
    held = np.flatnonzero((groups > 0) & np.isfinite(values))
    group, weight = groups[held], weights[held]
    whole = np.bincount(group, weight, minlength=count + 1)[1:]
    total = np.bincount(group, weight * values[held], minlength=count + 1)[1:]
    mean = np.full(count, np.nan)
    np.divide(total, whole, out=mean, where=whole > 0)
    return mean


def course_of(panel: Panel, labels: Labels, cut: float, national: National | None = None) -> Course:
    """Return the course of every cluster.

    The panel may hold the cells of clusters alone, where the means of the whole country are given.

    A cluster's mean is taken over its fixed cells, those with a level in every year (bridges too), weighted
    by the dwellings of the latest year, so that it moves with levels and not with demolition and building; a
    cluster without fixed cells is averaged over the cells that each year has. The country is every cell with
    a level, weighted by the dwellings of the year: the national mean as published. The urbanity class's mean
    is taken like the country's, by the class of the latest year, and averaged over the cluster's fixed cells.
    """
    count, years = int(labels.max(initial=0)), panel.years.size
    fixed, fixed_share = _fixed_cells(panel, labels, count)
    groups = np.where(fixed, labels, 0).astype(np.int32)
    national = National.of(panel) if national is None else national
    country, urbanity = national.country, urbanity_groups(panel, national.classes)
    level, peers, weak, dwellings = (np.full((count, years), np.nan) for _ in range(4))
    for y in range(years):
        values = panel.level[y]
        level[:, y] = means_by(groups, count, values, panel.weights)
        peer_level = np.concatenate([[np.nan], national.peers[y]])[urbanity]
        peers[:, y] = means_by(groups, count, peer_level, panel.weights)
        low = np.where(np.isfinite(values), (values <= cut).astype(np.float64), np.nan)
        weak[:, y] = means_by(groups, count, low, panel.weights)
        dwellings[:, y] = np.bincount(labels, panel.dwellings[y], minlength=count + 1)[1:]
    return Course(level, level - country, level - peers, weak, dwellings, country, fixed_share, groups)


def _fixed_cells(panel: Panel, labels: Labels, count: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Return the cells that the course rests on, and the share of dwellings in cells measured every year."""
    always = np.isfinite(panel.level).all(axis=0)
    whole = np.bincount(labels, panel.weights, minlength=count + 1)
    kept = np.bincount(labels, panel.weights * always, minlength=count + 1)
    share = np.zeros(count + 1)
    np.divide(kept, whole, out=share, where=whole > 0)
    return always | (share == 0)[labels], share[1:]
