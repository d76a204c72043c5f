"""Clusters and bridges against naive definitions by distance between squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leefraster import Grid
from leefraster.clusters.connect import connect, gap_runs

GRID = Grid(0, 1200, 14, 12)


def gap(a: int, b: int) -> float:
    """Metres between the squares of two cells."""
    across = max(abs(a % GRID.nx - b % GRID.nx) - 1, 0)
    down = max(abs(a // GRID.nx - b // GRID.nx) - 1, 0)
    return 100.0 * float(np.hypot(across, down))


def touching(a: int, b: int) -> bool:
    return abs(a % GRID.nx - b % GRID.nx) <= 1 and abs(a // GRID.nx - b // GRID.nx) <= 1


def naive_groups(members, joined) -> dict[int, int]:
    """Spread each cell's group until nothing changes; a group is named by its first cell."""
    group = {cell: cell for cell in members}
    changed = True
    while changed:
        changed = False
        for a in members:
            for b in members:
                if joined(a, b) and group[a] != group[b]:
                    group[a] = group[b] = min(group[a], group[b])
                    changed = True
    return group


def naive_connect(cells, structural, bridge):
    members = [int(cell) for cell, weak in zip(cells, structural, strict=True) if weak]
    cluster = naive_groups(members, lambda a, b: gap(a, b) <= bridge)
    piece = naive_groups(members, touching)
    number = {first: i + 1 for i, first in enumerate(sorted(set(cluster.values())))}
    labels, bridges = [], []
    for cell in (int(c) for c in cells):
        if cell in cluster:
            labels.append(number[cluster[cell]])
            bridges.append(False)
            continue
        owners = [
            number[cluster[a]]
            for a in members
            for b in members
            if piece[a] != piece[b] and gap(a, b) <= bridge and _spans(a, b, cell)
        ]
        labels.append(min(owners, default=0))
        bridges.append(bool(owners))
    return labels, bridges


def _spans(a: int, b: int, cell: int) -> bool:
    rows, columns = sorted((a // GRID.nx, b // GRID.nx)), sorted((a % GRID.nx, b % GRID.nx))
    return rows[0] <= cell // GRID.nx <= rows[1] and columns[0] <= cell % GRID.nx <= columns[1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([0, 100, 150, 200, 300]), st.sampled_from([0.05, 0.15, 0.3]))
def test_labels_and_bridges_equal_the_naive_definition(seed, bridge, share):
    rng = np.random.default_rng(seed)
    cells = np.flatnonzero(rng.random(GRID.size) < 0.7)
    structural = rng.random(cells.size) < share
    labels, bridges = connect(GRID, cells, structural, bridge)
    expected, between = naive_connect(cells, structural, bridge)
    assert labels.tolist() == expected
    assert bridges.tolist() == between
    assert labels.dtype == np.int32


@pytest.mark.parametrize("bridge", [0, 100, 141.5, 200, 250, 1000])
def test_runs_hold_exactly_the_squares_within_the_gap(bridge):
    runs = {(dy, dx) for dy, lo, hi in gap_runs(bridge, 100.0) for dx in range(lo, hi + 1)}
    reach = range(-13, 14)
    near = {
        (dy, dx)
        for dy in reach
        for dx in reach
        if 100 * np.hypot(max(abs(dy) - 1, 0), max(abs(dx) - 1, 0)) <= bridge + 1e-9
    }
    assert runs == near


def test_a_row_bridges_two_cells_and_not_three():
    cells = np.arange(8)
    for apart, clusters, bridges in ((3, 1, 2), (4, 2, 0)):
        structural = np.isin(cells, [0, apart])
        labels, between = connect(GRID, cells, structural, 200)
        assert labels.max() == clusters
        assert between.sum() == bridges


def test_an_empty_gap_is_bridged_without_bridges_and_an_enclave_is_left_out():
    labels, between = connect(GRID, np.array([0, 3]), np.array([True, True]), 200)
    assert labels.tolist() == [1, 1]
    assert not between.any()
    block = np.array([row * GRID.nx + column for row in range(3) for column in range(3)])
    structural = np.arange(9) != 4
    labels, between = connect(GRID, block, structural, 200)
    assert labels[4] == 0
    assert not between.any()


def test_cells_at_both_ends_of_a_row_are_not_neighbours():
    ids = np.array([GRID.nx - 1, GRID.nx])
    assert connect(GRID, ids, np.array([True, True]), 0)[0].tolist() == [1, 2]


def test_nothing_structural_gives_no_cluster():
    labels, between = connect(GRID, np.arange(5), np.zeros(5, dtype=bool), 200)
    assert not labels.any()
    assert not between.any()
