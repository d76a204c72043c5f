"""Sums over rectangles are those of row runs, which tests/kernels/test_rowruns.py holds against all pairs."""

from collections import namedtuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.kernels.box_sums import WIDEST, box_of, box_sums
from leefraster.kernels.read_only import read_only
from leefraster.kernels.rowruns import prefix_sum, row_starts, run_sums
from leefraster.neighbours import RunNeighbours

NONE = np.empty(0, np.int64)


@pytest.fixture
def both_threads():
    yield
    lr.set_threads(2)


Cells = namedtuple("Cells", "columns ids nx starts")


def runs_of(north, south, west, east):
    return np.array([(dy, west, east) for dy in range(north, south + 1)])


def cells_of(seed, ny, nx, share):
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(rng.random((ny, nx)) < share)
    return Cells(columns, read_only(rows * nx + columns), nx, row_starts(rows, ny)), rng.integers(
        -(2**62), 2**62, rows.size
    )


def filled(cells, box, values, without_own, cuts, counts):
    sums = np.full(values.size, -7)
    for first, last in pairwise(cuts):
        box_sums(cells.ids, cells.nx, cells.starts, box, values, without_own, first, last, sums, counts)
    return sums


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(-3, 0), st.integers(0, 3), st.integers(-4, 0), st.integers(0, 4)),
    st.integers(0, 999), st.integers(1, 40), st.integers(1, 40), st.floats(0.02, 1.0), st.booleans(),
    st.lists(st.integers(0, 40), max_size=3),
)  # fmt: skip
def test_a_rectangle_gives_what_its_rows_give(sides, seed, ny, nx, share, without_own, cuts):
    cells, values = cells_of(seed, ny, nx, share)
    box = box_of(runs_of(*sides), nx)
    assert box.tolist() == list(sides)
    expected, number = np.empty_like(values), np.empty_like(values)
    run_sums(cells.columns, cells.starts, runs_of(*sides), prefix_sum(values), 0, ny, expected, number)
    bands = sorted([0, ny, *(min(cut, ny) for cut in cuts)])
    counts = np.full(values.size, -7)
    sums = filled(cells, box, values, without_own, bands, counts)
    np.testing.assert_array_equal(sums, expected - without_own * values)
    np.testing.assert_array_equal(counts, number - without_own)
    np.testing.assert_array_equal(filled(cells, box, values, without_own, bands, NONE), sums)


@pytest.mark.usefixtures("both_threads")
def test_one_and_two_threads_give_the_same_bytes():
    cells, values = cells_of(2, 700, 90, 0.9)
    box, found = box_of(runs_of(-1, 1, -1, 1), 90), []
    for threads in (1, 2):
        lr.set_threads(threads)
        counts = np.empty_like(values)
        found.append(filled(cells, box, values, True, [0, 700], counts).tobytes() + counts.tobytes())
    assert found[0] == found[1]


def test_other_rows_are_left_alone():
    cells, values = cells_of(1, 150, 20, 0.4)
    counts = np.full(values.size, -7)
    sums = filled(cells, np.array([-1, 1, -1, 1]), values, True, [60, 70], counts)
    inside = slice(cells.starts[60], cells.starts[70])
    assert (np.delete(sums, inside) == -7).all()
    assert (np.delete(counts, inside) == -7).all()
    assert (counts[inside] >= 0).all()


@pytest.mark.parametrize(
    ("neighbourhood", "nx"),
    [
        (lr.Neighbourhood.rook(), 9),
        (lr.Neighbourhood.disc(420), 9),
        (lr.Neighbourhood.ring(150, 330), 9),
        (lr.Neighbourhood.queen(), WIDEST + 1),
    ],
    ids=["rook", "disc", "ring", "a queen on very long rows"],
)
def test_what_is_no_rectangle_has_none(neighbourhood, nx):
    assert box_of(neighbourhood.runs(100.0), nx) is None


def test_rows_that_leave_one_out_are_no_rectangle():
    assert box_of(np.array([[-1, -1, 1], [1, -1, 1]]), 9) is None


def test_cells_are_counted_once_and_summed_again():
    ids = np.flatnonzero(np.random.default_rng(4).random(2400) < 0.5)
    values = np.random.default_rng(5).integers(0, 2**50, ids.size)
    neighbours = RunNeighbours(ids, 60, 40, lr.Neighbourhood.queen().runs(100.0), True)
    sums, counts = neighbours.sums(values), neighbours.counts
    again = neighbours.sums(values[::-1].copy())
    assert neighbours.counts is counts
    focal, neighbour = np.repeat(np.arange(ids.size), counts), neighbours.pairs()[1]
    expected = np.zeros((2, ids.size), np.int64)
    np.add.at(expected[0], focal, values[neighbour])
    np.add.at(expected[1], focal, values[::-1][neighbour])
    np.testing.assert_array_equal([sums, again], expected)
