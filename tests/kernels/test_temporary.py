"""Tests of arrays that live no longer than a piece of work."""

import threading

import numba
import numpy as np
import pytest

from leefraster.kernels import jit
from leefraster.kernels.in_threads import in_threads
from leefraster.kernels.temporary import LINE, temporary


@pytest.fixture
def two_threads(monkeypatch):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one processor")
    monkeypatch.setattr(jit, "_threads", 2)


def test_without_room_it_is_an_array_of_its_own():
    first, second = temporary(5), temporary(5, np.int64)
    assert (first.dtype, second.dtype) == (np.dtype("f8"), np.dtype("i8"))
    assert first.shape == second.shape == (5,)
    assert not np.may_share_memory(first, second)


def test_arrays_of_a_piece_are_apart_and_the_next_piece_uses_their_memory_again(two_threads):
    together = threading.Barrier(2)

    def work(piece):
        together.wait(60)  # each of two threads takes one piece of every pair
        arrays = [temporary(n, dtype) for n, dtype in ((3, np.int8), (9, np.float64), (2, np.int64))]
        for number, array in enumerate(arrays):
            array[:] = 10 * piece + number
        together.wait(60)
        starts = [array.ctypes.data for array in arrays]
        return starts, [array.tolist() for array in arrays]

    found = in_threads(work, range(4), room=4 * LINE)
    for piece, (starts, values) in enumerate(found):
        assert values == [[10 * piece + number] * n for number, n in enumerate((3, 9, 2))]
        assert np.diff(starts).tolist() == [LINE, 2 * LINE]
    firsts = [starts[0] for starts, _ in found]
    assert len(set(firsts)) == 2
    assert set(firsts[:2]) == set(firsts[2:])


def test_what_does_not_fit_is_an_array_of_its_own(two_threads):
    def work(_):
        small, large, more = temporary(8), temporary(9), temporary(8)
        small[:], large[:], more[:] = 1, 2, 3
        return small.sum(), large.sum(), more.sum(), more.ctypes.data - small.ctypes.data

    for small, large, more, apart in in_threads(work, range(2), room=2 * LINE):
        assert (small, large, more) == (8, 18, 24)
        assert apart == LINE
