"""Values as integers: steps recognised, nothing lost beyond the stated precision, totals exact in any order."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.inference.numbers import Totals, as_numbers, deviations, exact_sum, totals

INTEGERS = st.lists(st.integers(0, 2**52 - 1), min_size=1, max_size=50)


@settings(max_examples=200, deadline=None)
@given(INTEGERS)
def test_totals_are_exact(values):
    sums = totals(np.array(values, dtype=np.int64))
    mean = Fraction(sum(values), len(values))
    assert (sums.n, sums.total, sums.mean) == (len(values), sum(values), mean)
    assert sums.squares == sum((v - mean) ** 2 for v in values)


@settings(max_examples=100, deadline=None)
@given(INTEGERS, st.integers(0, 50))
def test_totals_without_some_are_those_of_the_others(values, some):
    integers = np.array(values, dtype=np.int64)
    few = min(some, integers.size - 1)
    less = totals(integers).without(totals(integers[:few]) if few else Totals(0, 0, Fraction(0)))
    assert less == totals(integers[few:])
    none = totals(integers).without(totals(integers))
    assert (none.n, none.total, none.squares) == (0, 0, 0)


def test_totals_of_many_large_values_need_more_than_64_bits():
    values = np.full(300_000, 2**52 - 1)
    values[::2] = 0
    sums = totals(values)
    assert sums.total == 150_000 * (2**52 - 1)
    assert sums.squares == Fraction(300_000) * Fraction(2**52 - 1, 2) ** 2


@settings(max_examples=100, deadline=None)
@given(INTEGERS)
def test_deviations_have_the_exact_sign(values):
    numbers = as_numbers(np.array(values, dtype=np.int64) % 2**40, 8)
    sums = totals(numbers.integers)
    found = deviations(numbers, sums)
    exact = [int(v) - sums.mean for v in numbers.integers]
    assert np.sign(found).tolist() == [(v > 0) - (v < 0) for v in exact]
    np.testing.assert_allclose(found, [float(v) for v in exact], rtol=1e-12, atol=1e-4)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_exact_sums_do_not_depend_on_order_and_equal_fractions(terms, random):
    bound = 1e3
    found = exact_sum(np.array(terms), bound)
    true = sum(Fraction(t) for t in terms)
    assert abs(found - true) <= Fraction(len(terms)) * Fraction(2) ** -51 + abs(true) * Fraction(2) ** -52
    shuffled = list(terms)
    random.shuffle(shuffled)
    assert exact_sum(np.array(shuffled), bound) == found


@pytest.mark.parametrize("scale", [1e-280, 1e-3, 1.0, 1e100, 1e280])
def test_exact_sums_over_pieces_and_threads_at_any_scale(scale):
    terms = np.random.default_rng(0).normal(size=200_001) * scale
    bound = float(np.abs(terms).max())
    try:
        lr.set_threads(1)
        alone = exact_sum(terms, bound)
        lr.set_threads(2)
        together = exact_sum(terms, bound)
    finally:
        lr.set_threads(2)
    assert alone == together == exact_sum(terms[::-1], bound)
    assert alone / scale == pytest.approx(math.fsum(terms / scale), abs=1e-10)


def test_exact_sums_of_nothing_and_of_zeros():
    assert exact_sum(np.empty(0), 1.0) == 0.0
    assert exact_sum(np.zeros(3), 0.0) == 0.0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(-3000, 3000), min_size=2, max_size=40).filter(lambda v: len(set(v)) > 1),
    st.integers(0, 5),
    st.sampled_from([1, 2, 5, 25]),
    st.sampled_from([np.float64, np.float32]),
)
def test_decimal_steps_are_recognised_despite_float_error(values, decimals, multiple, dtype):
    exact = [Fraction(v * multiple, 10**decimals) for v in values]
    floats = np.array([v * multiple / 10**decimals for v in values], dtype=dtype)
    numbers = as_numbers(floats, 9)
    if dtype == np.float32 and max(map(abs, values)) * multiple > 90_000:
        return  # seven digits are not enough to tell steps from noise
    assert numbers.natural
    assert numbers.integers.min() == 0
    assert np.gcd.reduce(numbers.integers) == 1
    step = Fraction(numbers.step).limit_denominator(10**9)
    least = min(exact)
    assert [int(i) * step + least for i in numbers.integers] == exact
    assert numbers.origin == pytest.approx(float(least), abs=1e-12)


def test_noise_of_arithmetic_does_not_hide_a_step():
    sums = np.array([0.1 + 0.2, 0.3, 0.7 - 0.4, 1.1 - 1.0 + 0.2, 2.3])
    assert len(set(sums.tolist())) > 2
    numbers = as_numbers(sums, 4)
    assert numbers.natural
    assert numbers.integers.tolist() == [0, 0, 0, 0, 1]
    assert numbers.step == pytest.approx(2.0)
    centred = np.round(np.random.default_rng(1).normal(size=500), 2) - 17.3
    assert as_numbers(centred, 8).step == pytest.approx(0.01)


def test_integers_bools_and_multiples_of_five():
    five = as_numbers(np.array([10, 25, -5, 40], dtype=np.int16), 8)
    assert (five.integers.tolist(), five.origin, five.step, five.natural) == ([1, 2, 0, 3], -5.0, 15.0, True)
    assert as_numbers(np.array([5.0, 15.0, 20.0]), 8).step == 5.0
    flags = as_numbers(np.array([True, False, True]), 8)
    assert (flags.integers.tolist(), flags.step) == ([1, 0, 1], 1.0)
    same = as_numbers(np.full(4, 2.5), 8)
    assert (same.largest, same.bits, same.origin) == (0, 1, 2.5)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=40),
    st.sampled_from([1e-200, 1e-9, 1.0, 1e9, 1e200]),
    st.sampled_from([1, 8, 316, 5000, 100_000]),
)
def test_other_values_keep_their_precision_and_their_sums_fit(values, scale, addends):
    floats = np.array(values) * scale + np.pi * scale
    numbers = as_numbers(floats, addends)
    back = numbers.origin + numbers.step * numbers.integers
    bits = min(52, 62 - math.ceil(math.log2(addends + 1)))
    slack = 2.0 ** (3 - bits) * np.abs(floats).max()  # a decimal step is recognised within 8 eps
    np.testing.assert_allclose(back, floats, rtol=0, atol=slack)
    assert numbers.integers.min() >= 0
    assert numbers.largest * addends < 2**63
    assert numbers.largest < 2**53


def test_real_float32_scores_have_no_step():
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    numbers = as_numbers(values, 8)
    assert not numbers.natural
    np.testing.assert_array_equal(
        (numbers.origin + numbers.step * numbers.integers).astype(np.float32), values
    )
