"""False-discovery adjustment against scipy and the definition, and its ranks against a sort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

import leefraster as lr
from leefraster.inference.multiple_testing import benjamini_hochberg
from leefraster.kernels.ranking import sorted_by_bucket, sorted_integers

DENORMAL = float(np.nextafter(0.0, 1.0))
P = st.one_of(
    st.floats(1e-300, 1.0),
    st.floats(1e-4, 1e-3),
    st.sampled_from([1.0, 0.5, 0.05, 2.0**-10, float(np.nextafter(2.0**-10, 0)), 1e-12, 2.3e-308]),
)


def by_definition(p):
    """Return the least of n p_j / rank_j over all p_j >= p_i, by a loop over all pairs."""
    n = len(p)
    scaled = [n * a / sum(b <= a for b in p) for a in p]
    return [min(1.0, *(s for s, a in zip(scaled, p, strict=True) if a >= b)) for b in p]


@settings(max_examples=150, deadline=None)
@given(st.lists(P, min_size=1, max_size=40))
def test_equals_scipy_and_the_definition(p):
    p = np.array(p)
    q = benjamini_hochberg(p)
    np.testing.assert_allclose(q, false_discovery_control(p, method="bh"), rtol=1e-14)
    np.testing.assert_allclose(q, by_definition(p.tolist()), rtol=1e-14)
    assert (q >= p * (1 - 1e-15)).all()
    assert (np.diff(q[np.argsort(p)]) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(P, st.just(np.nan)), max_size=40))
def test_missing_is_no_test_and_stays_missing(p):
    p = np.array(p, dtype=float)
    q = benjamini_hochberg(p)
    tested = ~np.isnan(p)
    np.testing.assert_array_equal(np.isnan(q), ~tested)
    np.testing.assert_array_equal(q[tested], benjamini_hochberg(p[tested]))


@settings(max_examples=60, deadline=None)
@given(st.lists(P, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_order_does_not_matter_to_the_last_bit(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    p = np.array(p)
    np.testing.assert_array_equal(benjamini_hochberg(p[order]), benjamini_hochberg(p)[order])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.01, 0.02, 0.5]), min_size=2, max_size=30))
def test_equal_p_have_equal_q(p):
    p = np.array(p)
    q = benjamini_hochberg(p)
    for value in set(p.tolist()):
        assert np.unique(q[p == value]).size == 1


def test_p_of_one_and_denormal_p():
    assert benjamini_hochberg(np.ones(5)).tolist() == [1.0] * 5
    q = benjamini_hochberg(np.array([DENORMAL, 1.0, 3 * DENORMAL, 1.0]))
    assert q.tolist() == [4 * DENORMAL, 1.0, 6 * DENORMAL, 1.0]
    assert benjamini_hochberg(np.array([DENORMAL])).tolist() == [DENORMAL]


def test_no_tests_and_one_test():
    assert benjamini_hochberg(np.empty(0)).size == 0
    assert np.isnan(benjamini_hochberg(np.full(3, np.nan))).all()
    assert benjamini_hochberg(np.array([0.3])).tolist() == [0.3]


def test_input_stays_untouched():
    p = np.array([0.4, 0.01, 0.2])
    benjamini_hochberg(p)
    assert p.tolist() == [0.4, 0.01, 0.2]


def mixture(n):
    """Return p-values over all sizes: even, tiny, heaped in one bucket, and tied."""
    rng = np.random.default_rng(0)
    pieces = [
        rng.random(n), 10.0 ** rng.uniform(-300, 0, n), 0.25 + 1e-7 * rng.random(n), rng.integers(1, 9, n) / 8
    ]  # fmt: skip
    return rng.permutation(np.clip(np.concatenate(pieces), DENORMAL, 1.0))


@pytest.mark.parametrize("threads", [1, 2])
def test_many_p_equal_scipy_and_do_not_depend_on_threads(threads):
    p = mixture(30_000)
    try:
        lr.set_threads(threads)
        q = benjamini_hochberg(p)
        ordered, origin = sorted_by_bucket(p)
    finally:
        lr.set_threads(2)
    np.testing.assert_allclose(q, false_discovery_control(p), rtol=1e-13)
    np.testing.assert_array_equal(ordered, np.sort(p))
    np.testing.assert_array_equal(p[origin], ordered)
    assert np.unique(origin).size == p.size


@pytest.mark.parametrize("bits", [1, 9, 16, 17, 40, 52])
def test_integers_are_sorted_by_bucket(bits):
    values = np.random.default_rng(bits).integers(0, 2**bits, 5000)
    values[:900] = values[0]
    np.testing.assert_array_equal(sorted_integers(values, bits), np.sort(values))
