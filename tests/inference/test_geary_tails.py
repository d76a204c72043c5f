"""Tails of sums of squared differences against enumeration, simulation, and what must hold between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from leefraster.inference import geary_composed, geary_counted
from leefraster.inference import geary_grid as grid_under_test
from leefraster.inference import geary_tails as under_test
from leefraster.inference.geary_grid import own_places, tabled_draws
from leefraster.inference.geary_tails import geary_tails, permuted_geary_tails
from leefraster.inference.numbers import as_numbers, totals
from leefraster.inference.squared_differences import squares_with_others
from naive_geary import draws_of_squares


@pytest.fixture(autouse=True)
def tables_once(monkeypatch):
    """Tests ask about one place at several sums: its tables are the same."""
    kept = {}
    make = grid_under_test.tables

    def once(ordered, mean, sd, ks):
        key = (ordered.tobytes(), ks.tobytes())
        if key not in kept:
            kept[key] = make(ordered, mean, sd, ks)
        return kept[key]

    monkeypatch.setattr(grid_under_test, "tables", once)


def prepared(values, k=8):
    numbers = as_numbers(np.asarray(values, float), k + 1)
    sums = totals(numbers.integers)
    return numbers, sums, squares_with_others(numbers, sums)[0]


def tails_at(values, place, k, sums_of_squares):
    """Return the tails of a place at several values of its sum, as if each were another field's."""
    numbers, sums, total = prepared(values, k)
    counts = np.zeros(sums.n, np.int64)
    numerator = np.zeros(sums.n)
    out = []
    for observed in sums_of_squares:
        counts[place], numerator[place] = k, observed / numbers.step**2
        upper, lower = geary_tails(numbers, sums, total, numerator, counts)
        out.append((upper[place], lower[place]))
    return np.array(out).T


def quantile_check(values, place, k, draws=60_000, seed=1):
    drawn = np.sort(draws_of_squares(np.asarray(values), place, k, draws, seed))
    levels = np.array([0.002, 0.01, 0.1, 0.5, 0.9, 0.99, 0.998])
    at = drawn[(levels * draws).astype(int)]
    upper, lower = tails_at(values, place, k, at)
    seen_lower = np.searchsorted(drawn, at, side="right") / draws
    seen_upper = 1 - np.searchsorted(drawn, at, side="left") / draws
    return upper, seen_upper, lower, seen_lower, draws


def assert_close(ours, seen, draws, relative):
    slack = relative * seen + 4 * np.sqrt(seen * (1 - seen) / draws)
    assert (np.abs(ours - seen) < slack).all(), np.column_stack([ours, seen])


RNG = np.random.default_rng(5)
POPULATIONS = {
    "normal": RNG.normal(size=20_000),
    "lognormal": RNG.lognormal(size=20_000),
    "pareto": RNG.pareto(2.5, size=20_000),
}


@pytest.mark.parametrize("name", sorted(POPULATIONS))
@pytest.mark.parametrize("k", [3, 8, 40])
def test_both_tails_agree_with_simulation(name, k):
    values = POPULATIONS[name]
    for quantile in (0.05, 0.6, 0.99):
        place = int(np.argsort(values)[int(quantile * values.size)])
        upper, seen_upper, lower, seen_lower, draws = quantile_check(values, place, k)
        # own values far out in a long tail: steps in the upper tail fall between two tables
        relative = 0.5 if quantile == 0.99 and name != "normal" else 0.04
        assert_close(upper, seen_upper, draws, relative)
        assert_close(lower, seen_lower, draws, relative)


@pytest.mark.parametrize("far", [1e12, 1e13])
def test_one_value_that_dwarfs_the_others_leaves_the_tails_of_these(far):
    values = np.append(np.random.default_rng(6).normal(size=2999), far)
    place = int(np.argsort(values)[1200])
    upper, seen_upper, lower, seen_lower, draws = quantile_check(values, place, 8)
    some = slice(0, 6)  # sums without it
    assert_close(upper[some], seen_upper[some], draws, 0.15)
    assert_close(lower[some], seen_lower[some], draws, 0.15)


def test_draws_of_many_and_of_most_values_agree_with_simulation():
    values = RNG.lognormal(size=300)
    place = int(np.argsort(values)[150])
    for k in (100, 200):
        rng = np.random.default_rng(k)
        squares = (np.delete(values, place) - values[place]) ** 2
        drawn = np.sort([rng.permutation(squares)[:k].sum() for _ in range(8000)])
        at = drawn[[80, 800, 4000, 7200, 7920]]
        upper, lower = tails_at(values, place, k, at)
        assert_close(lower, np.searchsorted(drawn, at, side="right") / 8000, 8000, 0.03)
        assert_close(upper, 1 - np.searchsorted(drawn, at) / 8000, 8000, 0.03)


def test_tables_equal_enumeration_where_both_can_be_made(monkeypatch):
    """Enumeration is switched off to see what the tables give for the same places."""
    values = np.random.default_rng(2).normal(size=60)
    numbers, sums, total = prepared(values, 3)
    rng = np.random.default_rng(3)
    counts = np.full(60, 3)
    v = numbers.integers.astype(float)
    near = [rng.permutation(np.delete(np.arange(60), i))[:3] for i in range(60)]
    numerator = np.array([np.square(v[i] - v[near[i]]).sum() for i in range(60)])
    exact = geary_tails(numbers, sums, total, numerator, counts)
    monkeypatch.setattr(under_test, "ENUMERABLE", 0)
    tables = geary_tails(numbers, sums, total, numerator, counts)
    for one, other in zip(exact, tables, strict=True):
        seen = one > 0.02
        assert seen.sum() > 50
        assert np.abs(other[seen] / one[seen] - 1).max() < 0.15
        assert np.abs(other[seen] / one[seen] - 1).mean() < 0.02


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=30, max_size=60).filter(lambda v: len(set(v)) > 2), st.integers(2, 6)
)
def test_fields_of_few_values_are_counted_exactly(values, k):
    """Against the distribution of the sum by whole-number recursion, set by set."""
    _assert_counted(values, k)


def _assert_counted(values, k):
    numbers, sums, total = prepared(values, k)
    v = numbers.integers
    n = v.size
    rng = np.random.default_rng(len(values) + k)
    near = [rng.permutation(np.delete(np.arange(n), i))[:k] for i in range(n)]
    whole = v.astype(object)
    observed = [((whole[i] - whole[near[i]]) ** 2).sum() for i in range(n)]
    upper, lower = geary_tails(numbers, sums, total, np.array(observed, float), np.full(n, k))
    for i in (0, n // 2, n - 1):
        squares = (whole[i] - np.delete(whole, i)) ** 2
        ways = {(0, 0): 1}
        for square in squares.tolist():
            added = {(j + 1, s + square): w for (j, s), w in ways.items() if j < k}
            for key, w in added.items():
                ways[key] = ways.get(key, 0) + w
        every = sum(w for (j, _), w in ways.items() if j == k)
        at_least = sum(w for (j, s), w in ways.items() if j == k and s >= observed[i])
        at_most = sum(w for (j, s), w in ways.items() if j == k and s <= observed[i])
        assert upper[i] == pytest.approx(at_least / every, rel=1e-12)
        assert lower[i] == pytest.approx(at_most / every, rel=1e-12)


@pytest.mark.parametrize("turned", [1.0, -1.0])
def test_one_value_other_than_all_the_rest_is_counted_exactly(turned):
    values = turned * np.array([np.e] * 199 + [np.pi])
    square = (np.pi - np.e) ** 2
    upper, lower = tails_at(values, 199, 8, [8 * square])
    assert (upper[0], lower[0]) == (1.0, 1.0)
    upper, lower = tails_at(values, 0, 8, [0.0, square])
    np.testing.assert_allclose(upper, [1.0, 8 / 199], rtol=1e-12)
    np.testing.assert_allclose(lower, [1 - 8 / 199, 1.0], rtol=1e-12)


def test_a_place_that_all_others_are_as_far_from_is_certain_where_tables_are_made(monkeypatch):
    monkeypatch.setattr(geary_composed, "COMPOSITIONS", 0)
    values = np.array([np.e] * 199 + [np.pi])
    for k in (8, 120):  # of 120, the other 79 are drawn
        upper, lower = tails_at(values, 199, k, [k * (np.pi - np.e) ** 2])
        assert (upper[0], lower[0]) == (1.0, 1.0)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1 / 3, np.pi, 1e5]), min_size=30, max_size=60)
    .filter(lambda v: len(set(v)) > 1), st.integers(2, 6), st.sampled_from([1.0, 1e16, -1e290])
)  # fmt: skip
def test_few_values_of_any_size_are_counted_exactly(values, k, scale):
    """Set by set, as the few values on a step are."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(under_test, "ENUMERABLE", 0)
        patched.setattr(geary_counted, "COUNTABLE", 0)
        _assert_counted(np.array(values) * scale, k)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.integers(-5, 5).map(float), st.floats(-9, 9)), min_size=5, max_size=30, unique=False)
       .filter(lambda v: max(v) - min(v) > 1e-3), st.integers(0, 10_000))  # fmt: skip
def test_one_neighbour_is_counted_exactly(values, seed):
    numbers, sums, total = prepared(values, 1)
    if numbers.largest < 1:
        return
    v = numbers.integers.astype(object)
    n = len(values)
    rng = np.random.default_rng(seed)
    near = [int(rng.choice(np.delete(np.arange(n), i))) for i in range(n)]
    numerator = np.array([float((v[i] - v[near[i]]) ** 2) for i in range(n)])
    upper, lower = geary_tails(numbers, sums, total, numerator, np.ones(n, np.int64))
    for i in range(n):
        distance = [abs(v[i] - v[j]) for j in range(n) if j != i]
        observed = abs(v[i] - v[near[i]])
        assert upper[i] == pytest.approx(sum(d >= observed for d in distance) / (n - 1))
        assert lower[i] == pytest.approx(sum(d <= observed for d in distance) / (n - 1))


def test_neighbours_all_equal_to_the_place_are_counted():
    values = np.concatenate([np.zeros(3000), np.random.default_rng(1).lognormal(size=2000)])
    upper, lower = tails_at(values, 0, 8, [0.0])
    assert upper[0] == 1.0
    assert lower[0] == pytest.approx(stats.hypergeom.pmf(8, 4999, 2999, 8), rel=1e-9)


def test_tails_fall_with_the_sum_into_the_far_tail_and_are_never_zero():
    values = POPULATIONS["normal"]
    place = int(np.argsort(values)[9000])
    at = 40 * np.geomspace(0.02, 8, 60)
    upper, lower = tails_at(values, place, 40, at)
    assert (np.diff(upper) <= 0).all()
    assert (np.diff(lower) >= 0).all()
    assert 0 < lower[0] < 1e-15
    assert 0 < upper[-1] < 1e-15
    np.testing.assert_allclose(upper[20:45] + lower[20:45], 1, atol=1e-9)


def test_far_lower_tail_is_that_of_chi_square_where_values_are_normal():
    """At the mean of many normal values squared differences are about chi-square distributed."""
    values = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    at = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 20.0, 30.0])
    upper, lower = tails_at(values, 100_000, 8, at)
    np.testing.assert_allclose(lower[:5], stats.chi2.cdf(at[:5], 8), rtol=0.02)
    np.testing.assert_allclose(upper[5:], stats.chi2.sf(at[5:], 8), rtol=0.03)


def test_bound_of_one_set_holds():
    values = np.array([0.0, 1.0, 3.0, 7.0, 20.0, 50.0])
    upper, _ = tails_at(values, 0, 3, [49 + 400 + 2500])
    assert upper[0] == pytest.approx(1 / 10)


def test_own_values_of_tables_hold_both_ends_and_few_different_values_all():
    ordered = np.sort(np.random.default_rng(0).lognormal(size=5000))
    places = own_places(ordered)
    assert places[0] == 0
    assert places[-1] == 4999
    assert 10 < places.size < 60
    assert (np.diff(places) > 0).all()
    few = np.repeat([0.0, 1.0, 2.0], [5, 3, 2])
    np.testing.assert_array_equal(own_places(few), [0, 5, 8])


def test_numbers_of_draws_that_get_tables():
    np.testing.assert_array_equal(tabled_draws(np.array([2, 8, 8, 3])), [2, 3, 8])
    many = tabled_draws(np.arange(2, 317))
    assert many[0] == 2
    assert many[-1] == 316
    assert many.size < 45


def test_permutations_agree_with_the_tables():
    values = POPULATIONS["lognormal"][:3000]
    numbers, sums, total = prepared(values)
    rng = np.random.default_rng(4)
    v = numbers.integers.astype(float)
    counts = rng.integers(3, 9, v.size)
    numerator = np.array(
        [np.square(v[i] - v[rng.integers(0, v.size, counts[i])]).sum() for i in range(v.size)]
    )
    upper, lower = geary_tails(numbers, sums, total, numerator, counts)
    drawn = permuted_geary_tails(numbers.integers, numerator, counts, 999, 7, np.arange(v.size))
    for ours, theirs in zip((upper, lower), drawn, strict=True):
        score = (theirs - ours) / np.sqrt(np.maximum(ours * (1 - ours), 1e-3) / 999)
        assert abs(score.mean()) < 0.25
        assert 0.85 < score.std() < 1.15
