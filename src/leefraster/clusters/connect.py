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
    members = np.flatnonzero(structural)
    labels, bridges = np.zeros(cells.size, np.int32), np.zeros(cells.size, dtype=bool)
    if not members.size:
        return labels, bridges
    row, column = np.ascontiguousarray(rows[members]), np.ascontiguousarray(columns[members])
    starts, runs = row_starts(row, grid.ny), gap_runs(bridge, grid.cell)
    _, group = np.unique(components(column, starts, runs), return_inverse=True)
    labels[members] = group + 1
    piece = components(column, starts, Neighbourhood.queen().runs(grid.cell))
    first, second = neighbour_pairs(column, starts, runs)
    apart = (first < second) & (piece[first] != piece[second])
    first, second = first[apart], second[apart]
    lowest = np.full(cells.size, members.size + 1, np.int64)
    between(
        columns,
        row_starts(rows, grid.ny),
        row[first],
        column[first],
        row[second],
        column[second],
        group[first].astype(np.int64) + 1,
        lowest,
    )
    bridges = (lowest <= members.size) & ~structural
    labels[bridges] = lowest[bridges]
    return labels, bridges


def keep_large(
    labels: Labels, bridges: Bools, panel: Panel, rule: StructuralRule, cut: float
) -> tuple[Labels, Bools]:
    """Drop clusters with too few dwellings, or too few of them in weak cells; renumber the rest in order.

    Bridges do not help a cluster to its minimum of dwellings; they do count in the share that is weak.
    """
    count = int(labels.max(initial=0)) + 1
    dwellings = np.bincount(labels, panel.weights, minlength=count)
    weak = np.bincount(labels, panel.weights * (panel.level[-1] <= cut), minlength=count)
    core = np.bincount(labels, panel.weights * ~bridges, minlength=count)
    kept = (core >= rule.minimum_dwellings) & (weak >= rule.minimum_weak_share * dwellings)
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return numbers[labels], bridges & kept[labels]
