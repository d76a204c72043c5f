"""Hypergeometric tails against scipy, exact fractions, and the exact inference that uses them."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from leefraster.inference.exact import exact_tails
from leefraster.inference.hypergeometric import hypergeometric_tails
from leefraster.inference.numbers import as_numbers, totals


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_tails_equal_fractions_for_every_count(case):
    n, ones, k = case
    observed = np.arange(k + 1)
    upper, lower = hypergeometric_tails(n, ones, np.full(k + 1, k), observed)
    ways = [comb(ones, b) * comb(n - ones, k - b) for b in range(k + 1)]
    for b in range(k + 1):
        assert upper[b] == pytest.approx(float(Fraction(sum(ways[b:]), comb(n, k))), rel=1e-13, abs=0)
        assert lower[b] == pytest.approx(float(Fraction(sum(ways[: b + 1]), comb(n, k))), rel=1e-13, abs=0)


def test_far_tails_keep_their_relative_accuracy():
    n, ones, k = 1_000_000, 2_000, 316
    observed = np.array([1, 5, 20, 60, 115])
    upper, _ = hypergeometric_tails(n, ones, np.full(5, k), observed)
    every = comb(n, k)
    exact = [
        float(Fraction(sum(comb(ones, b) * comb(n - ones, k - b) for b in range(o, k + 1)), every))
        for o in observed
    ]
    assert exact[-1] < 1e-190
    np.testing.assert_allclose(upper, exact, rtol=1e-12)
    np.testing.assert_allclose(upper[:3], stats.hypergeom.sf(observed[:3] - 1, n, ones, k), rtol=1e-6)


def test_lower_tails_as_small_as_1e_300_are_exact():
    n, ones, k = 50_000, 40_000, 450
    _, lower = hypergeometric_tails(n, ones, np.array([k, k]), np.array([2, 30]))
    every = comb(n, k)
    for got, most in zip(lower, (2, 30), strict=True):
        exact = Fraction(sum(comb(ones, b) * comb(n - ones, k - b) for b in range(most + 1)), every)
        assert got == pytest.approx(float(exact), rel=1e-11, abs=0)
    assert lower[0] < 1e-295


def test_different_numbers_of_draws_have_their_own_tables():
    draws, observed = np.array([3, 0, 7, 3]), np.array([1, 0, 7, 3])
    upper, lower = hypergeometric_tails(20, 8, draws, observed)
    drawn = draws > 0
    np.testing.assert_allclose(
        upper[drawn], stats.hypergeom.sf(observed[drawn] - 1, 20, 8, draws[drawn]), rtol=1e-12
    )
    np.testing.assert_allclose(
        lower[drawn], stats.hypergeom.cdf(observed[drawn], 20, 8, draws[drawn]), rtol=1e-12
    )
    assert np.isnan([upper[1], lower[1]]).all()


@pytest.mark.parametrize("own_fixed", [True, False])
def test_exact_inference_of_two_valued_fields_is_hypergeometric_into_the_far_tail(own_fixed):
    values = np.r_[np.zeros(4_000), np.full(300, 2.5)]
    numbers = as_numbers(values, 64)
    assert numbers.largest == 1
    counts = np.full(values.size, 40)
    observed = np.arange(values.size) % 41
    upper, lower, error = exact_tails(
        numbers, totals(numbers.integers), observed, counts, own_fixed=own_fixed
    )
    own = numbers.integers if own_fixed else 0
    n = values.size - own_fixed
    np.testing.assert_allclose(
        np.log(upper), stats.hypergeom.logsf(observed - 1, n, 300 - own, counts), rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(lower, stats.hypergeom.cdf(observed, n, 300 - own, counts), rtol=1e-7)
    assert upper.min() < 1e-45
    assert error == 0.0
