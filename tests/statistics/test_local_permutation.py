"""Permutation inference of local Moran and Getis-Ord: against naive loops, the exact distribution, and threads."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.inference.numbers import Numbers, as_numbers
from leefraster.inference.permutation import IntegerTerms, permuted_tails
from leefraster.kernels.permutation import draw_without_replacement
from naive import raster

QUEEN = lr.Neighbourhood.queen()
STATISTICS = {
    "local Moran": lr.local_moran,
    "G*": lr.getis_ord,
    "G": lambda *args, **options: lr.getis_ord(*args, star=False, **options),
}


def ragged(seed, shape=(30, 40), decimals=None):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < 0.35] = np.nan
    return raster(array if decimals is None else array.round(decimals))


def naive_tails(values, observed, counts, own_fixed, permutations, seed, places, weights=None):
    """Draw, sum, compare and count, one permutation after another."""
    upper, lower = [], []
    starts = np.concatenate([[0], np.cumsum(counts)])
    for i, k in enumerate(counts):
        drawn = np.empty(k, np.int64)
        given = np.ones(k, np.int64) if weights is None else weights[starts[i] : starts[i + 1]]
        larger = smaller = 0
        for r in range(permutations if k else 0):
            draw_without_replacement(seed, places[i], r, k, len(values), i if own_fixed else -1, drawn)
            total = int((values[drawn] * given).sum())
            larger += total >= observed[i]
            smaller += total <= observed[i]
        upper.append((larger + 1) / (permutations + 1) if k else np.nan)
        lower.append((smaller + 1) / (permutations + 1) if k else np.nan)
    return np.array(upper), np.array(lower)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(3, 40), st.booleans(), st.booleans(), st.sampled_from([1, 31, 32, 75])
)
def test_tails_are_those_of_a_naive_loop(seed, n, own_fixed, weighted, permutations):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4 if seed % 2 else 2**40, n)
    counts = rng.integers(0, n - own_fixed + 1, n)
    observed = (values.mean() * counts).astype(np.int64)
    places = rng.permutation(10 * n)[:n]
    weights = rng.integers(0, 5, counts.sum()) if weighted else None
    found = permuted_tails(
        values,
        observed,
        counts,
        own_fixed=own_fixed,
        permutations=permutations,
        seed=seed,
        places=places,
        weights=weights,
    )
    wanted = naive_tails(values, observed, counts, own_fixed, permutations, seed, places, weights)
    np.testing.assert_array_equal(found, wanted)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 2**20, 2**52 - 1]), st.sampled_from([1, 8, 300]))
def test_integer_terms_keep_equality_proportion_and_room(seed, largest, longest):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, longest + 1, 12)
    counts[3] = longest
    starts = np.concatenate([[0], np.cumsum(counts)])
    weights = rng.choice([0.1, 0.25, 0.7, 3e-5], starts[-1]) * 7.0
    values = rng.integers(0, largest + 1, 50)
    values[0] = largest
    terms = IntegerTerms.of(weights, starts, Numbers(values, 0.0, 1.0, True))
    most = largest >> terms.dropped
    assert most >= min(largest, 2**24)
    for i in range(12):
        row, whole = weights[starts[i] : starts[i + 1]], terms.weights[starts[i] : starts[i + 1]]
        assert sum(int(w) * most for w in whole) + int(terms.slack[i]) < 2**62
        if row.size:
            np.testing.assert_allclose(whole / whole.max(), row / row.max(), atol=2.0**-26)
            assert len(set(zip(row.tolist(), whole.tolist(), strict=True))) == len(set(row.tolist()))
            assert terms.slack[i] <= 1.5 * row.size * max(whole.max(), most) + row.size
    band = IntegerTerms.of(
        weights[: starts[3]], starts[:4], Numbers(values[1:4], 0.0, 1.0, True, largest), longest
    )
    assert band.dropped == terms.dropped
    assert band.weights.tolist() == terms.weights[: starts[3]].tolist()
    assert band.slack.tolist() == terms.slack[:3].tolist()


@pytest.mark.parametrize("scale", [1.0, 1 / 3, 0.1], ids=["whole", "thirds", "tenths"])
@pytest.mark.parametrize("share", [1.0, 1 / 3], ids=["exact weights", "thirds"])
def test_ties_of_weighted_sums_are_seen_despite_rounding(scale, share):
    rng = np.random.default_rng(0)
    integers, weights = rng.integers(0, 3, 12), np.array([1, 2, 3, 2, 1, 3])
    starts = np.array([0, 3, 6] + [6] * 10)
    neighbours = np.array([4, 6, 8, 2, 3, 9])
    numbers = as_numbers(integers * scale, 4)
    terms = IntegerTerms.of(weights * share, starts, numbers)
    values = numbers.integers >> terms.dropped
    products = np.concatenate([[0], np.cumsum(terms.weights * values[neighbours])])
    tests = {"own_fixed": False, "permutations": 499, "seed": 1, "places": np.arange(12)}
    found = permuted_tails(
        values,
        np.diff(products[starts]),
        np.diff(starts),
        weights=terms.weights,
        slack=terms.slack,
        **tests,
    )
    plain = np.concatenate([[0], np.cumsum(weights * integers[neighbours])])
    wanted = permuted_tails(integers, np.diff(plain[starts]), np.diff(starts), weights=weights, **tests)
    np.testing.assert_array_equal(found, wanted)
    assert (wanted[0] + wanted[1])[:2].max() > 1.1  # there are ties


@pytest.mark.parametrize("name", sorted(STATISTICS))
@pytest.mark.parametrize("decimals", [None, 0], ids=["floats", "ties"])
def test_converges_to_the_exact_p_with_errors_of_their_own(name, decimals):
    """Errors behave as those of independent binomial counts; esda's move together (one set of draws)."""
    field, permutations = ragged(11, (40, 50), decimals), 1999
    found = {
        alternative: [
            STATISTICS[name](
                field, QUEEN, inference=inference, alternative=alternative, permutations=permutations
            )["p"].values
            for inference in ("exact", "permutation")
        ]
        for alternative in ("greater", "less")
    }
    for exact, drawn in found.values():
        tested = (exact > 0.01) & (exact < 0.99)
        r = drawn[tested] * (permutations + 1) - 1
        p = exact[tested]
        score = (r - permutations * p) / np.sqrt(permutations * p * (1 - p))
        assert abs(score.mean()) < 4 / np.sqrt(score.size)
        assert abs(score.std() - 1) < 4 / np.sqrt(2 * score.size)
        assert np.abs(score).max() < norm.isf(1e-7)


def test_errors_are_independent_from_seed_to_seed():
    field = ragged(12, (30, 40))
    exact = lr.getis_ord(field, QUEEN, alternative="greater")["p"].values
    held = (exact > 0.05) & (exact < 0.95)
    scores = []
    for seed in (1, 2):
        drawn = lr.getis_ord(
            field, QUEEN, alternative="greater", inference="permutation", permutations=499, seed=seed
        )
        error = drawn["p"].values[held] - exact[held]
        scores.append(error / np.sqrt(exact[held] * (1 - exact[held]) / 499))
    assert abs(np.corrcoef(scores)[0, 1]) < 4 / np.sqrt(held.sum())


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_bit_identical_for_threads_and_order_of_cells(name):
    field = lr.from_raster(ragged(2, (30, 40), 1))
    options = {"inference": "permutation", "permutations": 99, "seed": 5}
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results.append(STATISTICS[name](field, QUEEN, **options))
    finally:
        lr.set_threads(2)
    shuffled = field.isel(cell=np.random.default_rng(4).permutation(field.size))
    back = STATISTICS[name](shuffled, QUEEN, **options).sortby("cell")
    for variable in ("p", "q"):
        first = results[0][variable].values.tobytes()
        assert first == results[1][variable].values.tobytes() == back[variable].values.tobytes()


def test_seed_and_number_of_permutations():
    field = ragged(6, (12, 14))
    first, again, other = (
        lr.local_moran(field, QUEEN, inference="permutation", permutations=99, seed=seed)
        for seed in (3, 3, 4)
    )
    xr.testing.assert_identical(first, again)
    assert (first["p"] != other["p"]).any()
    assert first.attrs["permutations"] == 99
    assert first.attrs["seed"] == 3
    p = first["p"].values[~np.isnan(first["p"].values)]
    np.testing.assert_allclose(p * 50, np.rint(p * 50))  # twice (r + 1) / 100
    assert p.min() >= 0.02
    exact = lr.local_moran(field, QUEEN)
    assert "seed" not in exact.attrs
    for name in ("I", "lag", "expected", "variance", "z", "quadrant"):
        np.testing.assert_array_equal(first[name], exact[name])
    assert np.isnan(first["p_error"])


def test_leading_dimensions_are_mapped_and_equal_a_loop():
    arrays = np.stack([ragged(seed, (8, 9)).values for seed in range(3)])
    options = {"inference": "permutation", "permutations": 49}
    together = lr.getis_ord(raster(arrays), QUEEN, **options)
    for i in range(3):
        np.testing.assert_array_equal(
            together["p"][i], lr.getis_ord(raster(arrays[i]), QUEEN, **options)["p"]
        )


def test_ties_count_as_extreme():
    array = np.zeros((6, 6))
    array[0, 0] = 1.0
    result = lr.getis_ord(raster(array), QUEEN, inference="permutation", alternative="less", permutations=99)
    assert float(result["p"][0, 0]) == 1.0  # no sum is larger than the observed one
    np.testing.assert_array_equal(result["p"][3:, 3:] > 0.5, True)


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_a_family_of_all_fields_is_adjusted_together(name):
    field = raster(np.random.default_rng(1).normal(size=(3, 9, 9)))
    alone = STATISTICS[name](field, QUEEN)
    together = STATISTICS[name](field, QUEEN, family="all")
    p = alone["p"].values.ravel()
    np.testing.assert_array_equal(together["p"], alone["p"])
    np.testing.assert_allclose(together["q"].values.ravel(), false_discovery_control(p), rtol=1e-13)
    bonferroni = STATISTICS[name](field, QUEEN, family="all", adjustment="bonferroni")
    np.testing.assert_allclose(bonferroni["q"].values.ravel(), np.minimum(1, p * p.size))
    assert "Bonferroni) over all fields" in bonferroni["q"].attrs["long_name"]
    assert "Benjamini-Hochberg" in alone["q"].attrs["long_name"]


def test_errors_say_what_is_wrong():
    field = raster(np.arange(9.0).reshape(3, 3))
    for options, message in (
        ({"permutations": 0}, "permutations is 0; it must be a whole number of at least 1"),
        ({"permutations": 9.5}, "permutations is 9.5; it must be a whole number"),
        ({"seed": -1}, "seed is -1; it must be a whole number of at least 0"),
        ({"family": "year"}, "family is 'year'; allowed are 'field', 'all'"),
        ({"adjustment": "holm"}, "adjustment is 'holm'; allowed are 'benjamini-hochberg'"),
        ({"inference": "bootstrap"}, "inference is 'bootstrap'; allowed are 'exact', 'inversion', 'normal'"),
    ):  # fmt: skip
        for statistic in STATISTICS.values():
            with pytest.raises(UsageError, match=message):
                statistic(field, QUEEN, **options)
