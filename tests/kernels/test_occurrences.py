"""How often numbers occur, against numpy's count."""

import numpy as np
import pytest

import leefraster as lr
from leefraster.kernels.occurrences import PIECE, occurrences


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [0, 1, 7, 2 * PIECE + 3])
def test_occurrences_are_those_of_numpy(threads, size):
    numbers = np.random.default_rng(size).binomial(9, 0.7, size)
    lr.set_threads(threads)
    try:
        found = occurrences(numbers, 12)
    finally:
        lr.set_threads(2)
    np.testing.assert_array_equal(found, np.bincount(numbers, minlength=13))
