"""Tests of finer buckets of sorted integers, by plain counts."""

import numpy as np
import pytest

from leefraster.kernels.finer_buckets import finer_buckets
from leefraster.kernels.ranking import bucketed_integers, count_from, sort_buckets


@pytest.mark.parametrize(
    ("n", "bits"), [(1, 1), (2, 3), (700, 1), (700, 9), (700, 31), (1 << 19, 31), (1 << 19, 52)]
)
def test_counts_are_those_of_plain_comparisons(n, bits):
    rng = np.random.default_rng(bits)
    values = (rng.random(n) ** 3 * ((1 << bits) - 1)).astype(np.int64)
    ordered, starts, shift = bucketed_integers(values, bits)
    sort_buckets(ordered, starts, shift)
    finer, finer_shift = finer_buckets(ordered, starts, shift)
    assert finer_shift <= shift
    assert (finer_shift < shift) == (n == 1 << 19)
    assert np.array_equal(finer, np.searchsorted(ordered, np.arange(finer.size) << finer_shift))
    for value in [-1, 0, *values[:50].tolist(), *(values[:50] + 1).tolist(), 1 << bits, 1 << 60]:
        assert count_from(ordered, finer, finer_shift, value) == (
            (values >= value).sum(),
            (values > value).sum(),
        )
