"""Pieces of one computation in threads: order, serial kernels, errors."""

from threading import Event

import numpy as np
import pytest

from leefraster.kernels import jit
from leefraster.kernels.in_threads import in_threads
from leefraster.kernels.step_up import count_tests


@pytest.fixture(params=[1, 2])
def with_threads(request, monkeypatch):
    monkeypatch.setattr(jit, "_threads", request.param)
    return request.param


def test_results_come_in_the_order_of_the_pieces(with_threads):
    assert in_threads(lambda n: n * n, list(range(50))) == [n * n for n in range(50)]
    assert in_threads(lambda n: n, []) == []


def test_kernels_called_from_a_piece_use_one_thread(with_threads):
    assert set(in_threads(lambda _: jit.threads(), [0, 1, 2])) == {1}
    counts = in_threads(lambda n: int(count_tests(np.ones(n))), [10, 20, 30])
    assert counts == [10, 20, 30]


def test_outside_of_pieces_nothing_changes(with_threads):
    before = jit.threads()
    in_threads(lambda _: jit.threads(), [0, 1])
    assert jit.threads() == before


def test_an_error_of_a_piece_is_raised_and_ends_what_has_not_begun(with_threads):
    begun, nothing = [], Event()

    def work(n):
        begun.append(n)
        if n == 3:
            raise ValueError("piece 3")
        if n > 3:
            nothing.wait(0.005)  # the caller gets to see the error, however busy the machine is
        return n

    with pytest.raises(ValueError, match="piece 3"):
        in_threads(work, list(range(1000)))
    assert len(begun) < 1000


def test_a_piece_sees_the_error_state_of_its_caller(with_threads):
    with np.errstate(divide="ignore"):
        found = in_threads(lambda n: float((np.ones(2) / np.zeros(2))[0]) + n, [1, 2])
    assert found == [np.inf, np.inf]
