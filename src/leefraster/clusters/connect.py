"""From structural cells to clusters: what belongs together, what bridges a gap, what is large enough."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from leefraster.clusters.panel import Panel
from leefraster.clusters.pressure import Bools
from leefraster.clusters.rule import StructuralRule
from leefraster.grid import Grid
from leefraster.kernels.components import between, components
from leefraster.kernels.rowruns import neighbour_pairs, row_starts
from leefraster.neighbourhood import Neighbourhood

Labels = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
PIECES = Neighbourhood.queen()
"""Structural cells that touch by side or corner are one piece."""


def gap_runs(gap: float, cell: float) -> npt.NDArray[np.int64]:
    """Return the row runs of the cells whose square lies at most `gap` metres from a cell's square.

    Squares that touch by side or corner have gap 0; two squares in a row with one cell between have a gap of
    one cell. Rows of (dy, lo, hi), ends included.
    """
    most = math.floor((gap / cell) ** 2 * (1 + 1e-12))
    top = math.isqrt(most) + 1
    found = []
    for dy in range(-top, top + 1):
        across = max(abs(dy) - 1, 0)
        reach = math.isqrt(most - across * across) + 1
        found.append((dy, -reach, reach))
    return np.array(found, dtype=np.int64)


def connect(
    grid: Grid, cells: npt.NDArray[np.int64], structural: Bools, bridge: float
) -> tuple[Labels, Bools]:
    """Return labels of the clusters of structural cells, and which cells bridge a gap in one.

    Structural cells belong to one cluster where the gap between their squares is at most `bridge` metres. A
    cell that is not structural becomes a bridge where it lies in the rectangle spanned by two such cells of
    different pieces, a piece being structural cells that touch by side or corner; between clusters, it goes
    to the first.

    Returns
    -------
    labels : ndarray of int32
        1 to n in the order of each cluster's first structural cell, bridges included; 0 elsewhere.
    bridges : ndarray of bool
        Which labelled cells are bridges.
    """
    rows, columns = grid.row_column_from_cell(cells)
    groups, pieces = np.zeros(cells.size, np.int32), np.zeros(cells.size, np.int32)
    runs = gap_runs(bridge, grid.cell)
    members = np.flatnonzero(structural)
    if members.size:
        column, starts = np.ascontiguousarray(columns[members]), row_starts(rows[members], grid.ny)
        groups[members] = np.unique(components(column, starts, runs), return_inverse=True)[1] + 1
        pieces[members] = components(column, starts, PIECES.runs(grid.cell))
    return bridged(rows, columns, grid.ny, groups, pieces, runs)


def bridged(
    rows: Ints, columns: Ints, ny: int, groups: Labels, pieces: Labels, runs: Ints
) -> tuple[Labels, Bools]:
    """Return the clusters with what bridges their gaps, and which cells do.

    Parameters
    ----------
    rows, columns : ndarray of int64
        Where the sorted cells lie. They may be a band and, around it, as many rows as the runs reach: what the
        band's own cells get is what they get among all cells.
    ny : int
        Rows of the grid.
    groups, pieces : ndarray of int32
        Cluster of each structural cell, from 1, and the piece that it lies in; 0 for cells that are not.
    runs : ndarray of int64
        Row runs of the cells that belong together, as of `gap_runs`.
    """
    members = np.flatnonzero(groups)
    row, column = np.ascontiguousarray(rows[members]), np.ascontiguousarray(columns[members])
    group, piece = groups[members].astype(np.int64), pieces[members]
    first, second = neighbour_pairs(column, row_starts(row, ny), runs)
    apart = (first < second) & (piece[first] != piece[second])
    first, second = first[apart], second[apart]
    none = np.iinfo(np.int64).max
    lowest = np.full(columns.size, none, np.int64)
    between(
        columns, row_starts(rows, ny), row[first], column[first], row[second], column[second], group[first], lowest
    )  # fmt: skip
    bridges = (lowest < none) & (groups == 0)
    labels = groups.astype(np.int32)
    labels[bridges] = lowest[bridges]
    return labels, bridges


def keep_large(
    labels: Labels, bridges: Bools, panel: Panel, rule: StructuralRule, cut: float
) -> tuple[Labels, Bools]:
    """Drop clusters with too few dwellings, or too few of them in weak cells; renumber the rest in order."""
    numbers = numbers_of_large(labels, bridges, panel, rule, cut)
    return numbers[labels], bridges & (numbers[labels] > 0)


def numbers_of_large(
    labels: Labels, bridges: Bools, panel: Panel, rule: StructuralRule, cut: float
) -> Labels:
    """Return the number that each cluster keeps, by the number that it has; 0 for those that are dropped.

    Bridges do not help a cluster to its minimum of dwellings; they do count in the share that is weak. Of the panel
    dwellings and levels of the latest year are taken, in the order of the cells; cells in no cluster may be absent.
    """
    count = int(labels.max(initial=0)) + 1
    dwellings = np.bincount(labels, panel.weights, minlength=count)
    weak = np.bincount(labels, panel.weights * (panel.level[-1] <= cut), minlength=count)
    core = np.bincount(labels, panel.weights * ~bridges, minlength=count)
    kept = (core >= rule.minimum_dwellings) & (weak >= rule.minimum_weak_share * dwellings)
    kept[0] = False
    numbers: Labels = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return numbers
