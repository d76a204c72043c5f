"""Standardised sums of equal weights: a share in whole numbers without a division, and the exact moments."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leefraster.kernels.local_sums import _whole_share, standardise_equal


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(2, 2**40))
def test_a_whole_share_is_that_of_the_division(value, parts):
    assert _whole_share(value, parts, 1.0 / parts) == value // parts


@given(st.integers(-(2**12), 2**12), st.integers(2, 2**30), st.integers(-1, 1))
def test_a_whole_share_is_right_beside_multiples(times, parts, off):
    value = times * parts + off
    assert _whole_share(value, parts, 1.0 / parts) == value // parts


@pytest.mark.parametrize("own_fixed", [True, False])
def test_variance_and_z_are_those_of_draws_without_replacement(own_fixed):
    rng = np.random.default_rng(4)
    values = rng.integers(0, 1000, 40)
    values[0] = 10**9  # holds nearly all of the variance
    counts = rng.integers(0, 9, 40)
    sums = np.array([int(values[rng.choice(40, k, replace=False)].sum()) if k else 0 for k in counts])
    total = int(values.sum())
    squares = float(sum((Fraction(int(v)) - Fraction(total, 40)) ** 2 for v in values))
    spread, z = np.empty(40), np.empty(40)
    ones = (counts > 0).astype(float)
    arguments = (values, sums, counts, ones, 40, *divmod(total, 40), own_fixed, squares)
    dominate = standardise_equal(*arguments, np.array([squares / 40]), False, spread, z)
    assert dominate == (1 if own_fixed else 0)
    for i in range(1, 40):
        k = int(counts[i])
        others = np.delete(values, i) if own_fixed else values
        drawn = [Fraction(int(v)) for v in others]
        if k == 0:
            assert np.isnan(z[i])
            assert np.isnan(spread[i])
            continue
        n, mean = len(drawn), sum(drawn) / len(drawn)
        exact = sum((v - mean) ** 2 for v in drawn) / n * Fraction(n - k, n - 1) / k
        assert spread[i] == pytest.approx(float(exact), rel=1e-9)
        assert z[i] == pytest.approx(float(Fraction(int(sums[i]), k) - mean) / float(exact) ** 0.5, rel=1e-9)
