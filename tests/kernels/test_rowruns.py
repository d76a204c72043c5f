"""Sums over row runs against a loop over all pairs; any split into bands and any threads give the same bytes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.kernels.rowruns import (
    WALK,
    columns_and_starts,
    neighbour_pairs,
    prefix_sum,
    row_starts,
    run_sums,
)

RUNS = {
    "queen": lr.Neighbourhood.queen().runs(100.0),
    "rook": lr.Neighbourhood.rook(2).runs(100.0),
    "disc": lr.Neighbourhood.disc(420).runs(100.0),
    "ring": lr.Neighbourhood.ring(150, 330).runs(100.0),
    "lopsided": np.array([[-2, 1, 3], [0, -4, -1], [1, 0, 0], [3, -2, 5]]),
}


@pytest.fixture
def both_threads():
    yield
    lr.set_threads(2)


def cells_of(seed, ny, nx, share):
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(rng.random((ny, nx)) < share)
    return rows, columns, row_starts(rows, ny), rng.integers(-(2**40), 2**40, rows.size)


def banded(columns, starts, runs, values, cuts):
    sums, counts = np.full(columns.size, -7), np.full(columns.size, -7)
    prefix = prefix_sum(values)
    for first, last in pairwise(cuts):
        run_sums(columns, starts, runs, prefix, first, last, sums, counts)
    return sums, counts


def naive(rows, columns, runs, values):
    covered = {(dy, dx) for dy, lo, hi in runs.tolist() for dx in range(lo, hi + 1)}
    sums, counts = [], []
    for i in range(rows.size):
        near = [
            j for j in range(rows.size) if (rows[j] - rows[i], columns[j] - columns[i]) in covered
        ]  # fmt: skip
        sums.append(sum(int(values[j]) for j in near))
        counts.append(len(near))
    return sums, counts


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(RUNS)), st.integers(0, 999), st.integers(1, 9), st.integers(1, 9), st.floats(0.05, 1.0)
)  # fmt: skip
def test_sums_counts_and_pairs_equal_a_loop_over_all_pairs(name, seed, ny, nx, share):
    rows, columns, starts, values = cells_of(seed, ny, nx, share)
    sums, counts = banded(columns, starts, RUNS[name], values, [0, ny])
    expected = naive(rows, columns, RUNS[name], values)
    assert (sums.tolist(), counts.tolist()) == expected
    focal, neighbour = neighbour_pairs(columns, starts, RUNS[name])
    assert not (focal == neighbour).any()
    self_covered = any(dy == 0 and lo <= 0 <= hi for dy, lo, hi in RUNS[name].tolist())
    np.testing.assert_array_equal(np.bincount(focal, minlength=rows.size), counts - self_covered)
    again = np.zeros(rows.size, np.int64)
    np.add.at(again, focal, values[neighbour])
    np.testing.assert_array_equal(again, sums - self_covered * values)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(RUNS)), st.integers(0, 99), st.lists(st.integers(0, 150), max_size=6))
def test_any_split_into_bands_gives_the_same(name, seed, cuts):
    _, columns, starts, values = cells_of(seed, 150, 20, 0.4)
    whole = banded(columns, starts, RUNS[name], values, [0, 150])
    bands = banded(columns, starts, RUNS[name], values, sorted([0, 150, *cuts]))
    assert [a.tobytes() for a in bands] == [a.tobytes() for a in whole]


@pytest.mark.usefixtures("both_threads")
@pytest.mark.parametrize("name", sorted(RUNS))
@pytest.mark.parametrize("full", [False, True], ids=["reached by walking", "looked up"])
def test_wide_empty_rows_and_uneven_ones_give_what_pairs_give(name, full):
    rng = np.random.default_rng(3)
    held = rng.random((260, 4000)) < 0.0008
    if full:
        held[200:, 100:300] = True
        held[40:44] |= rng.random((4, 4000)) < 0.6
    rows, columns = np.nonzero(held)
    starts, values = row_starts(rows, 260), rng.integers(-(2**40), 2**40, rows.size)
    assert (WALK * RUNS[name].shape[0] * rows.size > 260 * 4000) == full
    focal, neighbour = neighbour_pairs(columns, starts, RUNS[name])
    inside = any(dy == 0 and lo <= 0 <= hi for dy, lo, hi in RUNS[name].tolist())
    expected = values * inside
    np.add.at(expected, focal, values[neighbour])
    found = []
    for threads in (1, 2):
        lr.set_threads(threads)
        sums, counts = banded(columns, starts, RUNS[name], values, [0, 260])
        np.testing.assert_array_equal(sums, expected)
        np.testing.assert_array_equal(counts, np.bincount(focal, minlength=rows.size) + inside)
        found.append(sums.tobytes())
    assert found[0] == found[1]


def test_a_band_leaves_other_rows_alone():
    rows, columns, starts, values = cells_of(1, 150, 20, 0.4)
    sums, counts = banded(columns, starts, RUNS["queen"], values, [60, 70])
    inside = (rows >= 60) & (rows < 70)
    assert (sums[~inside] == -7).all()
    assert (counts[~inside] == -7).all()
    assert (counts[inside] > 0).all()


@pytest.mark.usefixtures("both_threads")
@pytest.mark.parametrize("name", sorted(RUNS))
def test_one_and_two_threads_give_the_same_bytes(name):
    _, columns, starts, values = cells_of(2, 700, 90, 0.3)
    found = []
    for threads in (1, 2):
        lr.set_threads(threads)
        found.append([a.tobytes() for a in banded(columns, starts, RUNS[name], values, [0, 700])])
    assert found[0] == found[1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(1, 12), st.integers(1, 12), st.floats(0, 1))
def test_columns_and_starts_are_those_of_rows_and_columns(seed, ny, nx, share):
    ids = np.flatnonzero(np.random.default_rng(seed).random(ny * nx) < share)
    columns, starts = columns_and_starts(ids, nx, ny)
    assert columns.tolist() == (ids % nx).tolist()
    assert starts.tolist() == row_starts(ids // nx, ny).tolist()


def test_prefix_sums_that_wrap_around_do_no_harm():
    columns, starts = np.arange(5000), row_starts(np.zeros(5000, np.int64), 1)
    values = np.full(5000, 2**59)
    sums, counts = banded(columns, starts, np.array([[0, -1, 1]]), values, [0, 1])
    assert set(sums[1:-1].tolist()) == {3 * 2**59}
    assert sums[0] == sums[-1] == 2**60
    assert counts.sum() == 3 * 5000 - 2


def test_empty_rows_and_no_cells():
    starts = row_starts(np.array([0, 0, 3]), 5)
    assert starts.tolist() == [0, 2, 2, 2, 3, 3]
    none = np.zeros(0, np.int64)
    sums, counts = banded(none, row_starts(none, 4), RUNS["disc"], none, [0, 4])
    assert sums.size == counts.size == 0
    focal, neighbour = neighbour_pairs(none, row_starts(none, 4), RUNS["disc"])
    assert focal.size == neighbour.size == 0
