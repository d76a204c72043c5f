"""Two ways of summing over discs give the same integers; the logarithm is that of the C library to one unit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.kernels.logarithm import log1p_in_place
from leefraster.scoring import disc as discs
from leefraster.scoring.disc import Disc

GRID = lr.Grid(0, 6000, 70, 60)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.01, 0.1, 0.3, 1.0]),
    st.sampled_from([100, 250, 470, 1000, 9000]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([1e-310, 1.0, 1e300]),
)
def test_whole_rows_and_row_runs_give_the_same_bits(seed, share, radius, missing, size):
    rng = np.random.default_rng(seed)
    cells = np.flatnonzero(rng.random(GRID.size) < share)
    cells = cells if cells.size else np.array([5])
    values = np.where(rng.random(cells.size) < missing, np.nan, rng.normal(size=cells.size) * size)
    disc, usual = Disc.around(GRID, cells, radius), discs._DENSE
    found = {}
    try:
        for way, least in (("rows", 0.0), ("runs", 2.0)):
            discs._DENSE = least
            found[way] = (*disc.sums(values), disc.totals(values))
    finally:
        discs._DENSE = usual
    for one, other in zip(found["rows"], found["runs"], strict=True):
        assert one.tobytes() == other.tobytes()
    assert (found["rows"][1] <= disc.most).all()


def logarithms(values):
    out, room = np.array(values, dtype=float), np.empty((3, len(values)))
    log1p_in_place(out, room, room.view(np.int64))
    return out


def test_logarithms_agree_with_the_c_library_to_one_unit():
    rng = np.random.default_rng(1)
    special = [0.0, 5e-324, 1e-17, 2.0**-53, math.sqrt(2) - 1, 1.0, 2.0**52, 2.0**53, 2.0**54, 1e308]
    values = np.concatenate([rng.gamma(2, 2, 40_000), 10 ** rng.uniform(-320, 300, 40_000), special])
    expected = np.log1p(values)
    assert (np.abs(logarithms(values) - expected) <= np.spacing(expected)).all()
    assert np.isnan(logarithms([np.nan])).all()
    assert logarithms([0.0, math.e - 1])[1] == pytest.approx(1, abs=1e-15)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e300), min_size=2, max_size=40))
def test_logarithms_rise_and_do_not_depend_on_their_neighbours(values):
    found = logarithms(sorted(values))
    assert (np.diff(found) >= -np.spacing(found[1:])).all()
    for value, one in zip(sorted(values), found, strict=True):
        assert logarithms([value])[0] == one
