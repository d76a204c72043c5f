"""Adjustment for many tests against scipy and the definition, whole and in pieces, and its ranks against a sort."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

import leefraster as lr
from leefraster.inference import multiple_testing
from leefraster.inference.multiple_testing import ADJUSTMENTS, adjusted, benjamini_hochberg, harmonic
from leefraster.kernels.ranking import bucketed_integers, count_from, sort_buckets
from leefraster.kernels.step_up import BUCKETS, PARTS, WHOLE, bounds_of_group, coarse_of, group_counts

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
        whole, pieces = adjusted(p, "benjamini-hochberg"), adjusted(p, "benjamini-hochberg", piece=5000)
    finally:
        lr.set_threads(2)
    np.testing.assert_allclose(whole, false_discovery_control(p), rtol=1e-13)
    np.testing.assert_array_equal(whole, pieces)


def plain_step_up(p, factor):
    """Return the same sum by a sort and a loop: what must come out to the last bit."""
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    q, least, n = np.full(p.size, np.nan), 1.0, order.size
    for rank in range(n, 0, -1):
        least = min(least, p[order[rank - 1]] * (n * factor / rank))
        q[order[rank - 1]] = least
    return q


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(P, st.just(np.nan), st.sampled_from([0.0, -0.0, DENORMAL])), max_size=60),
    st.integers(1, 9),
)
def test_pieces_of_any_size_give_the_same_bits(p, piece):
    p = np.array(p, dtype=float)
    tests = int((~np.isnan(p)).sum())
    for name, factor in (("benjamini-hochberg", 1.0), ("benjamini-yekutieli", harmonic(tests))):
        expected = plain_step_up(p, factor)
        np.testing.assert_array_equal(adjusted(p, name), expected)
        np.testing.assert_array_equal(adjusted(p, name, piece=piece), expected)


@pytest.mark.parametrize(
    "made",
    [
        lambda rng, n: rng.random(n),
        lambda rng, n: rng.integers(0, 9, n) / 8,
        lambda rng, n: np.where(rng.random(n) < 0.7, 1.0, rng.random(n)),
        lambda rng, n: 10.0 ** rng.uniform(-308.2, -307.9, n),
        lambda rng, n: DENORMAL * rng.integers(1, 50, n),
        lambda rng, n: 0.25 + 1e-13 * rng.random(n),
        lambda rng, n: np.where(rng.random(n) < 0.3, np.nan, rng.random(n)),
        lambda rng, n: np.full(n, 1e-308),
        lambda rng, n: np.where(
            rng.random(n) < 0.9, 0.2501 + 1e-14 * rng.random(n), 0.25 + 1e-3 * rng.random(n)
        ),
    ],
    ids=["even", "tied", "ones", "tiny", "denormal", "heaped", "missing", "equal", "clumped"],
)
@pytest.mark.parametrize("piece", [64, 3000])
def test_crowded_buckets_are_split_without_changing_a_bit(made, piece):
    p = made(np.random.default_rng(1), 20_000)
    np.testing.assert_array_equal(
        adjusted(p, "benjamini-hochberg", piece=piece), adjusted(p, "benjamini-hochberg")
    )
    np.testing.assert_array_equal(adjusted(p, "benjamini-hochberg"), plain_step_up(p, 1.0))


@pytest.mark.parametrize("coarse", [0, 3, 5])
@pytest.mark.parametrize("piece", [700, 1 << 22])
def test_groups_as_narrow_as_those_of_many_millions_give_the_same_bits(coarse, piece, monkeypatch):
    p = mixture(3000)
    monkeypatch.setattr(multiple_testing, "coarse_of", lambda n: coarse)
    np.testing.assert_array_equal(adjusted(p, "benjamini-hochberg", piece=piece), plain_step_up(p, 1.0))


def test_groups_are_narrower_the_more_p_values_there_are():
    found = [coarse_of(n) for n in (0, 10**6, 2**21 - 1, 2**21, 10**8, 2**40)]
    assert found == [8, 8, 8, 7, 2, 0]


@pytest.mark.parametrize("name", [a for a in ADJUSTMENTS if a != "benjamini-hochberg"])
@settings(max_examples=60, deadline=None)
@given(p=st.lists(P, min_size=1, max_size=60))
def test_other_adjustments_equal_their_definition_and_are_never_below_p(name, p):
    p = np.array(p)
    q = adjusted(p, name)
    expected = {
        "benjamini-yekutieli": lambda: false_discovery_control(p, method="by"),
        "bonferroni": lambda: np.minimum(1.0, p * p.size),
        "none": lambda: p,
    }[name]()
    np.testing.assert_allclose(q, expected, rtol=1e-14, atol=1e-305)
    assert (q >= p).all()
    assert (q <= 1).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(P, st.just(np.nan)), min_size=1, max_size=60))
def test_the_order_of_adjustments_by_strictness(p):
    p = np.array(p, dtype=float)
    none, bh, by, bonferroni = (
        adjusted(p, name) for name in ("none", "benjamini-hochberg", "benjamini-yekutieli", "bonferroni")
    )
    for q in (none, bh, by, bonferroni):
        np.testing.assert_array_equal(np.isnan(q), np.isnan(p))
    held = ~np.isnan(p)
    assert (none[held] <= bh[held]).all()
    assert (bh[held] <= by[held]).all()
    assert (bh[held] <= bonferroni[held]).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1000])
def test_harmonic_numbers(n):
    assert harmonic(n) == pytest.approx(max(1.0, sum(1 / i for i in range(1, n + 1))), rel=1e-14)
    assert harmonic(n) >= 1.0


@pytest.mark.parametrize("wrong", [-1e-9, 1.0000001, np.inf, -np.inf])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match="2 p-values are negative or above 1"):
        adjusted(np.array([0.5, wrong, np.nan, wrong]), "benjamini-hochberg")


@pytest.mark.parametrize("coarse", [0, 3, 8])
def test_the_bounds_of_groups_meet_and_end_at_one(coarse):
    bounds = [bounds_of_group(g, coarse) for g in range(((BUCKETS - 1) >> coarse) + 1)]
    assert bounds[0][0] == 0
    assert all(a[1] == b[0] and b[0] < b[1] for a, b in pairwise(bounds))
    one = int(np.float64(1.0).view(np.int64))
    assert bounds[-1][0] <= one
    assert bounds[-1][1] == one + 1
    ends = np.array([[low, high - 1] for low, high in bounds]).ravel()
    counts = np.zeros((PARTS, len(bounds) + 2), np.int64)
    group_counts(ends.view(np.float64), ends, 0, WHOLE, coarse, counts)
    assert counts.sum(axis=0).tolist() == [2] * len(bounds) + [0, 0]


def test_strided_p_and_read_only_p():
    p = np.random.default_rng(0).random(400)
    p.flags.writeable = False
    for name in ADJUSTMENTS:
        np.testing.assert_array_equal(adjusted(p[::2], name), adjusted(p[::2].copy(), name))


@pytest.mark.parametrize("bits", [1, 9, 16, 17, 40, 52])
def test_integers_in_buckets_are_counted_and_sorted(bits):
    random = np.random.default_rng(bits)
    values = random.integers(0, 2**bits, 5000)
    values[:900] = values[0]  # a bucket that is sorted at once
    values[900:1200] = random.integers(0, min(2**bits, 300), 300)  # one that is not
    buckets = bucketed_integers(values, bits)
    for value in (*values[:2], *values[890:], -1, 0, 2**bits - 1, 2**bits, 2**60):
        assert count_from(*buckets, value) == ((values >= value).sum(), (values > value).sum())
    sort_buckets(*buckets)
    np.testing.assert_array_equal(buckets[0], np.sort(values))


def test_a_zero_with_a_sign_ranks_as_zero():
    p = np.array([0.0, 3e-310, -0.0, 2e-310, 1e-310, 0.5, 1.0, -0.0])
    expected = adjusted(np.abs(p), "benjamini-hochberg")
    np.testing.assert_array_equal(adjusted(p, "benjamini-hochberg"), expected)
    np.testing.assert_array_equal(expected, plain_step_up(np.abs(p), 1.0))
