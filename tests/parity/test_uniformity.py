"""p is uniform where the values lie in no order: one place of each of 20,000 small fields, ties broken at random.

Places of one field are dependent, so that only one is taken of each. The fields of a case are random orders of the
same 60 values, so that one set of tables serves them all.
"""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from leefraster.inference.drawn import drawn_of
from leefraster.inference.draws import Population, draw_tails
from leefraster.inference.exact import _refined, exact_tails
from leefraster.inference.numbers import as_numbers, deviations, totals

FIELDS = 20_040
PLACES = 60
VALUES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "Pareto": lambda rng, n: rng.pareto(2.5, n),
    "counts": lambda rng, n: rng.poisson(2.0, n).astype(float),
    "many zeros": lambda rng, n: np.where(rng.random(n) < 0.7, 0.0, rng.gamma(2.0, size=n)),
    "two values": lambda rng, n: (np.arange(n) < 17).astype(float),  # local join counts as well
}
# Of 60 values with 42 zeros, sums of one or two of the 18 others tie in many sets, which a table on a lattice
# smears: docs/exact-inference.md, under accuracy. Of 600 that is no more to be seen.
MORE_PLACES = {"many zeros": 600}
# (own value fixed, own value in the sum, turned where the place lies below the mean)
STATISTICS = {
    "local Moran": (True, False, "own"),
    "bivariate local Moran": (True, False, "other"),
    "G": (True, False, ""),
    "G*": (False, True, ""),
}
CASES = [
    *((statistic, kind, 8) for statistic in STATISTICS for kind in VALUES),
    *(
        (statistic, kind, k)
        for statistic in ("G", "G*")
        for kind in ("lognormal", "counts", "two values")
        for k in (3, 40)
    ),
]


def tails_of_fields(kind, statistic, k, seed):
    """Return P(T >= t), P(T <= t) and z of one place of each field."""
    rng = np.random.default_rng(seed)
    fixed, with_own, turned = STATISTICS[statistic]
    n = MORE_PLACES.get(kind, PLACES)
    numbers = as_numbers(VALUES[kind](rng, n), PLACES)
    sums, values = totals(numbers.integers), numbers.integers
    order = rng.permuted(np.tile(np.arange(n), (FIELDS, 1)), axis=1)[:, : k + 1]
    own = values[order[:, 0]]
    observed = values[order[:, 1:]].sum(axis=1) + (own if with_own else 0)
    counts = np.full(FIELDS, k + with_own)
    upper, lower = tails_of(numbers, sums, observed, counts, order[:, 0] if fixed else None)
    standard = (observed - counts * float(sums.mean)) / np.sqrt(float(sums.squares) / n * k)
    sign = {
        "own": np.sign(deviations(numbers, sums))[order[:, 0]],
        "other": rng.choice([-1.0, 1.0], FIELDS),
        "": np.ones(FIELDS),
    }[turned]
    turned_down = sign < 0
    return np.where(turned_down, lower, upper), np.where(turned_down, upper, lower), standard * sign


def tails_of(numbers, sums, observed, counts, place):
    """Return the tails of all fields with one set of tables; `place` holds its value fixed, if any."""
    if place is None or numbers.largest == 1:
        if place is None:
            return exact_tails(numbers, sums, observed, counts, own_fixed=False)[:2]
        return two_values_by_place(numbers, sums, observed, counts, place)
    people = Population.of(drawn_of(numbers), sums)
    most = int(min(counts[0], sums.n - 1 - counts[0]))
    tables, _, _ = _refined(people, most, np.ones(most + 1, dtype=bool))
    return draw_tails(tables, people, observed, counts, numbers.integers[place])


def two_values_by_place(numbers, sums, observed, counts, place):
    """Return the tails of a field of two values: one call serves a place for every value it can hold."""
    upper, lower = np.empty(FIELDS), np.empty(FIELDS)
    for value in (0, 1):
        for total in np.unique(observed):
            all_places = np.full(PLACES, total), np.full(PLACES, counts[0])
            tails = exact_tails(numbers, sums, *all_places, own_fixed=True)
            here = (numbers.integers[place] == value) & (observed == total)
            at = int(np.flatnonzero(numbers.integers == value)[0])
            upper[here], lower[here] = tails[0][at], tails[1][at]
    return upper, lower


def randomised(upper, lower, seed=0):
    """Return P(T >= t) - U P(T = t)."""
    mass = np.maximum(upper + lower - 1, 0)
    return upper - np.random.default_rng(seed).random(upper.size) * mass


@pytest.mark.parametrize(("statistic", "kind", "k"), CASES)
def test_p_is_uniform(statistic, kind, k):
    upper, lower, _ = tails_of_fields(kind, statistic, k, seed=k)
    assert kstest(randomised(upper, lower), "uniform").pvalue > 1e-3
    # the ends as well, where a test of the whole range sees little
    for level in (0.001, 0.01, 0.05):
        slack = 4 * np.sqrt(level * (1 - level) / FIELDS)
        for tail in (upper, lower):
            assert np.mean(tail <= level) <= level + slack
        p = randomised(upper, lower)
        assert abs(np.mean(p <= level) - level) <= slack
        assert abs(np.mean(p >= 1 - level) - level) <= slack


@pytest.mark.parametrize("kind", ["two values", "counts"])
def test_local_join_counts_and_ties_are_conservative_before_they_are_broken(kind):
    upper, lower, _ = tails_of_fields(kind, "G", 8, seed=1)
    assert (upper + lower).min() >= 1.0
    assert kstest(upper, "uniform").pvalue < 1e-9


def test_a_normal_approximation_would_be_noticed():
    _, _, z = tails_of_fields("lognormal", "G", 8, seed=2)
    assert kstest(norm.sf(z), "uniform").pvalue < 1e-9


def test_a_place_among_its_own_draws_would_be_noticed():
    rng = np.random.default_rng(3)
    numbers = as_numbers(VALUES["Pareto"](rng, PLACES), PLACES)
    sums, values = totals(numbers.integers), numbers.integers
    highest = int(values.argmax())
    others = np.delete(values, highest)
    observed = others[rng.permuted(np.tile(np.arange(59), (FIELDS, 1)), axis=1)[:, :8]].sum(axis=1)
    wrong = exact_tails(numbers, sums, observed, np.full(FIELDS, 8), own_fixed=False)[0]
    assert kstest(wrong, "uniform").pvalue < 1e-9
