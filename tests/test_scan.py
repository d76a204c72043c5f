"""One look at values against numpy's; ids that must rise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leefraster.fields import Scan
from leefraster.kernels.extremes import PIECE, is_rising
from leefraster.kernels.read_only import read_only

AWKWARD = [math.nan, -math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308, 1.0, -1.5]


def expected(values):
    held = values[np.isfinite(values)]
    ends = (float(held.min()), float(held.max())) if held.size else (math.inf, -math.inf)
    return int(np.isnan(values).sum()), int(np.isinf(values).sum()), held.size, *ends


def found(values):
    scan = Scan.of(values)
    return scan.missing, scan.infinite, scan.extent.n, scan.extent.least, scan.extent.most


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(AWKWARD) | st.floats(-1e9, 1e9), max_size=12),
    st.sampled_from(["f8", "f4", "f2", ">f8", ">f4"]),
)
def test_missing_infinite_least_and_most_are_those_of_numpy(numbers, dtype):
    with np.errstate(over="ignore"):
        values = np.array(numbers, dtype)
    assert found(values) == expected(values)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_pieces_are_put_together(dtype):
    values = np.random.default_rng(0).normal(size=3 * PIECE + 5).astype(dtype)
    values[[7, PIECE, -1]], values[[9, 2 * PIECE]], values[[3, PIECE + 1]] = np.nan, np.inf, [-1e6, 1e6]
    assert found(values) == (3, 2, values.size - 5, -1e6, 1e6)
    assert found(values.reshape(1, -1)) == found(values)


@pytest.mark.parametrize(
    "make", [lambda v: v[::2], read_only, lambda v: v.T], ids=["every other", "read only", "turned"]
)
def test_arrays_of_any_layout_are_looked_at(make):
    values = make(np.array([[1.0, np.nan, 3.0], [np.inf, -2.0, 8.0], [9.0, np.nan, 0.5]]))
    assert found(values) == expected(values)


def test_whole_numbers_have_none_missing():
    assert found(np.array([4, -3, 9], np.int16)) == (0, 0, 3, -3.0, 9.0)
    assert found(np.array([True, False])) == (0, 0, 2, 0.0, 1.0)


@pytest.mark.parametrize(
    ("ids", "rising"),
    [([], True), ([5], True), ([1, 2, 9], True), ([1, 2, 2], False), ([3, 1], False), ([1, 5, 4, 9], False)],
)
def test_ids_rise_or_they_do_not(ids, rising):
    assert is_rising(read_only(np.array(ids, np.int64))) == rising
