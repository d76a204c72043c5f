"""Tables of the sums of draws against exact dynamic programming in whole numbers, and against enumeration."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leefraster.inference import draws
from leefraster.inference.drawn import drawn_of
from leefraster.inference.draws import (
    Lattice,
    Population,
    Tables,
    build_tables,
    choose_lattice,
    draw_tails,
    draw_windows,
    exclusion_coefficients,
    log_choose,
    newton_weights,
    table_bytes,
)
from leefraster.inference.numbers import as_numbers, totals
from leefraster.kernels.null_table import subset_sums
from leefraster.kernels.tails import ABSENT, SINGLE, SORTED, TABLE
from naive import subsets_by_sum


def population(values):
    numbers = as_numbers(np.asarray(values), len(values))
    return Population.of(drawn_of(numbers), totals(numbers.integers))


def tables_of(people, ks, kmax=None):
    """Return the tables of the wanted numbers of draws, on the lattice that the field would have."""
    wanted = np.zeros((kmax or max(ks)) + 1, dtype=bool)
    wanted[ks] = True
    lattice, _ = choose_lattice(people, wanted.size - 1)
    return build_tables(people, lattice, wanted.size - 1, wanted)


def exact_tails(integers, k):
    """Return P(S >= s) for s = 0 .. largest + 1 over all sets of k, by recursion in whole numbers."""
    ways = subsets_by_sum([int(v) for v in integers], k)
    total = math.comb(len(integers), k)
    above = np.cumsum(np.append(ways, 0)[::-1])[::-1]
    return np.array([float(Fraction(int(a), total)) for a in above])


def quickly_exact_tails(integers, k):
    """Return the same in float64: probabilities by recursion with positive terms only, error some 1e-16 N."""
    n, top = len(integers), int(np.sort(integers)[-k:].sum())
    share = np.zeros((k + 1, top + 1))  # P(S = s) of j of the values seen so far
    share[0, 0] = 1.0
    for seen, value in enumerate(integers.tolist()):
        draws_now = np.arange(min(k, seen + 1), 0, -1)
        moved = np.zeros((draws_now.size, top + 1))
        moved[:, value:] = share[draws_now - 1, : top + 1 - value]
        chance = (draws_now / (seen + 1))[:, None]
        share[draws_now] = share[draws_now] * (1 - chance) + moved * chance
    assert n == seen + 1
    return np.append(np.cumsum(share[k][::-1])[::-1], 0.0)


POPULATIONS = {
    "even": lambda rng, n: rng.integers(0, 12, n),
    "skewed": lambda rng, n: np.minimum(rng.geometric(0.3, n) - 1, 25),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.9, 0, rng.integers(1, 9, n)),
    "two values": lambda rng, n: rng.integers(0, 2, n),
    "one outlier": lambda rng, n: np.append(rng.integers(0, 4, n - 1), 40),
}


def assert_tails(people, tables, k, exact, tolerance):
    observed = np.arange(-2, exact.size + 3)
    upper, lower = draw_tails(tables, people, observed, np.full(observed.size, k), None)
    padded = np.concatenate([[1.0, 1.0], exact, np.zeros(4)])
    np.testing.assert_allclose(upper, padded[:-1], rtol=0, atol=tolerance)
    np.testing.assert_allclose(lower, 1 - padded[1:], rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", sorted(POPULATIONS))
@pytest.mark.parametrize(("n", "k"), [(40, 6), (60, 30), (150, 9), (200, 100), (150, 120)])
def test_tables_equal_dynamic_programming_in_whole_numbers(kind, n, k):
    people = population(POPULATIONS[kind](np.random.default_rng(n + k), n))
    assert people.drawn.natural
    tables = tables_of(people, [min(k, n - k)])
    assert tables.kind[min(k, n - k)] == TABLE
    assert tables.lattice.exact
    assert_tails(people, tables, k, exact_tails(people.drawn.ordered, k), 1e-12)


@pytest.mark.parametrize(("n", "k"), [(2000, 8), (2000, 100), (1000, 300), (600, 300)])
def test_large_tables_equal_dynamic_programming(n, k):
    people = population(np.random.default_rng(k).integers(0, 3 if k == 300 else 5, n))
    tables = tables_of(people, [k])
    assert_tails(people, tables, k, quickly_exact_tails(people.drawn.ordered, k), 1e-12)


@pytest.mark.parametrize(("n", "k"), [(2000, 1000), (2000, 300), (1999, 999), (5000, 1000)])
def test_draws_of_two_values_are_hypergeometric(n, k):
    from scipy.stats import hypergeom

    ones = n // 3
    people = population(np.arange(n) < ones)
    exact = hypergeom.sf(np.arange(-1, ones + 1), n, ones, k)
    assert_tails(people, tables_of(people, [k]), k, exact, 1e-12)


def test_the_two_recursions_agree():
    values = np.random.default_rng(0).integers(0, 6, 60)
    np.testing.assert_allclose(quickly_exact_tails(values, 13), exact_tails(values, 13), atol=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=4, max_size=14).filter(lambda v: len(set(v)) > 1), st.data())
def test_a_table_instead_of_enumeration_gives_the_same(values, data):
    k = data.draw(st.integers(2, max(2, len(values) // 2)))
    people = population(np.array(values))
    listed = tables_of(people, [k])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "ENUMERABLE", 1)
        tabled = tables_of(people, [k])
    assert (listed.kind[k], tabled.kind[k]) == (SORTED, TABLE)
    exact = exact_tails(people.drawn.ordered, k)
    assert_tails(people, listed, k, exact, 1e-15)
    assert_tails(people, tabled, k, exact, 1e-13)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=12).filter(lambda v: len(set(v)) > 1), st.data())
def test_leaving_the_cell_out_equals_enumeration_of_the_others(values, data):
    people = population(np.array(values))
    integers = people.drawn.ordered
    n = len(values)
    k = data.draw(st.integers(1, n - 1))
    i = data.draw(st.integers(0, n - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "ENUMERABLE", 1)
        tables = tables_of(people, list(range(1, n // 2 + 1)))
    exact = exact_tails(np.delete(integers, i), k)
    observed = np.arange(exact.size)
    same = np.full(observed.size, k), np.full(observed.size, integers[i])
    upper, lower = draw_tails(tables, people, observed, *same)
    np.testing.assert_allclose(upper, exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(lower, 1 - np.append(exact[1:], 0.0), rtol=0, atol=1e-12)


def test_leaving_the_cell_out_with_many_draws_and_cut_terms():
    values = np.random.default_rng(3).integers(0, 6, 300)
    people = population(values)
    k = 60
    _, terms = exclusion_coefficients(300, k)
    assert terms[k] < k
    tables = tables_of(people, list(range(k - terms[k], k + 1)))
    for i in (0, int(values.argmax()), int(values.argmin())):
        exact = quickly_exact_tails(np.delete(people.drawn.ordered, i), k)
        observed = np.arange(exact.size)
        own = np.full(observed.size, people.drawn.ordered[i])
        upper, lower = draw_tails(tables, people, observed, np.full(observed.size, k), own)
        np.testing.assert_allclose(upper, exact, rtol=0, atol=1e-12)
        np.testing.assert_allclose(lower, 1 - np.append(exact[1:], 0.0), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "k"), [(9, 8), (9, 5), (12, 11), (40, 33)])
def test_more_than_half_is_the_complement(n, k):
    people = population(np.random.default_rng(n).integers(0, 7, n))
    integers = people.drawn.ordered
    tables = tables_of(people, [n - k, max(n - 1 - k, 1)] if n < 20 else list(range(1, n // 2 + 1)))
    assert_tails(people, tables, k, exact_tails(integers, k), 1e-12)
    if n - 1 - k > 0:
        whole = tables_of(people, list(range(1, n // 2 + 1)))
        exact = exact_tails(integers[1:], k)
        observed = np.arange(exact.size)
        own = np.full(observed.size, integers[0])
        upper, _ = draw_tails(whole, people, observed, np.full(observed.size, k), own)
        np.testing.assert_allclose(upper, exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "kmax"), [(5, 2), (60, 30), (5000, 1000), (10**6, 316), (10**8, 1000)])
def test_newton_weights_are_ratios_of_binomials(n, kmax):
    weights, terms = newton_weights(n, kmax)
    assert weights.shape[0] == kmax + 1
    for k in {1, 2, kmax // 2, kmax}:
        for m in range(1, min(weights.shape[1] - 1, k) + 1):
            exact = Fraction(n, k)
            for a in range(k - m + 1, k + 1):
                exact *= Fraction(a, n - a + 1)
            assert weights[k, m] == pytest.approx(float(exact), rel=1e-11)
        assert (weights[k, k + 1 :] == 0).all()
        assert terms[k] <= k
        if terms[k] + 1 < weights.shape[1] and terms[k] < k:
            assert weights[k, terms[k] + 1] <= draws.NEGLIGIBLE_WEIGHT
    assert weights[1, 1] == pytest.approx(1.0)
    assert int(terms.max()) < 40 or n < 100


@pytest.mark.parametrize(("n", "kmax"), [(5, 2), (60, 29), (5000, 300), (10**8, 1000)])
def test_exclusion_coefficients_are_ratios_of_binomials(n, kmax):
    coefficients, terms = exclusion_coefficients(n, kmax)
    for k in {0, 1, 2, kmax}:
        for m in range(min(coefficients.shape[1], k + 1)):
            exact = Fraction(n, n - k)
            for a in range(k - m + 1, k + 1):
                exact *= Fraction(a, n - a + 1)
            assert coefficients[k, m] == pytest.approx(float(exact), rel=1e-11)
        assert terms[k] <= k


def test_logarithms_of_binomials():
    for n, k in ((5, 2), (60, 30), (1000, 3), (2000, 1000)):
        assert float(log_choose(n, k)) == pytest.approx(math.log(math.comb(n, k)), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=2, max_size=12), st.data())
def test_sums_of_all_subsets(values, data):
    from itertools import combinations

    k = data.draw(st.integers(1, len(values)))
    found = subset_sums(np.array(values, dtype=np.int64), k)
    assert found.tolist() == sorted(sum(c) for c in combinations(values, k))


@pytest.mark.parametrize("kind", sorted(POPULATIONS))
def test_less_than_1e_16_lies_outside_the_window(kind):
    people = population(POPULATIONS[kind](np.random.default_rng(1), 90))
    for k in (3, 10, 40):
        low, high = draw_windows(people, np.array([k]))
        exact = exact_tails(people.drawn.ordered, k)
        beyond = math.floor(high[0]) + 1
        assert beyond >= exact.size or exact[beyond] < 1e-16
        assert 1 - exact[max(math.ceil(low[0]), 0)] < 1e-15


def test_a_step_too_fine_for_the_memory_is_coarsened():
    rng = np.random.default_rng(0)
    people = population(rng.lognormal(0, 2, 3000).round(6))
    assert people.drawn.natural
    lattice, _ = choose_lattice(people, 300)
    assert not lattice.exact
    assert table_bytes(people, lattice, 300) <= draws.TABLE_BYTES
    assert table_bytes(people, Lattice(0, 0, True), 300) > draws.TABLE_BYTES


def test_a_tied_bound_lies_on_the_lattice():
    values = np.maximum(np.random.default_rng(0).normal(size=500), -0.3)
    people = population(values)
    bound, count = people.atom
    assert (bound, count) == (0, int((values == -0.3).sum()))
    tables = tables_of(people, [8])
    on_bound = np.array([0])
    upper, lower = draw_tails(tables, people, on_bound, np.array([8]), None)
    exact = math.comb(count, 8) / math.comb(500, 8)
    # smeared over its neighbours, the atom would count half
    assert lower[0] == pytest.approx(exact, rel=0.05)
    assert upper[0] == pytest.approx(1.0, abs=0.05 * exact)
    above, _ = draw_tails(tables, people, on_bound + 1, np.array([8]), None)
    assert above[0] == pytest.approx(1 - exact, abs=0.05 * exact)


def test_only_the_wanted_numbers_of_draws_are_tabled():
    people = population(np.random.default_rng(0).integers(0, 9, 400))
    tables = tables_of(people, [1, 2, 5, 8])
    assert isinstance(tables, Tables)
    assert tables.kind.tolist() == [ABSENT, SINGLE, SORTED, ABSENT, ABSENT, TABLE, ABSENT, ABSENT, TABLE]
