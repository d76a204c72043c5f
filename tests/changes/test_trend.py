"""Trends: against scipy, pymannkendall and all orders of the values."""

from itertools import permutations

import numpy as np
import pymannkendall
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import leefraster as lr
from leefraster.inference.mann_kendall import inversions, partitions

YEARS = [2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024]


def series(values, years=None):
    values = np.asarray(values, dtype=float)
    return xr.DataArray(values, dims=("year", "cell"), coords={"year": years or YEARS[: values.shape[0]]})


def score(x):
    return sum(np.sign(x[j] - x[i]) for i in range(len(x)) for j in range(i + 1, len(x)))


def p_by_enumeration(x):
    observed = abs(score(x))
    orders = [score(order) for order in permutations(x)]
    return min(1.0, 2 * np.mean([s >= observed for s in orders])) if observed else 1.0


@given(values=st.lists(st.integers(0, 4), min_size=3, max_size=5))
@settings(max_examples=60, deadline=None)
def test_p_counts_all_orders_ties_included(values):
    found = lr.trend(series(np.array(values)[:, None]))
    assert float(found["S"][0]) == score(values)
    expected = 1.0 if len(set(values)) == 1 else p_by_enumeration(values)
    assert float(found["p"][0]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", range(3, 10))
def test_without_ties_p_tau_and_slope_are_those_of_scipy(n):
    rng = np.random.default_rng(n)
    values = rng.normal(size=(n, 40))
    found = lr.trend(series(values))
    years = np.array(YEARS[:n], dtype=float)
    for i in range(40):
        kendall = stats.kendalltau(years, values[:, i], method="exact")
        assert float(found["tau"][i]) == pytest.approx(kendall.statistic, abs=1e-12)
        assert float(found["p"][i]) == pytest.approx(kendall.pvalue, abs=1e-12)
        assert float(found["slope"][i]) == pytest.approx(
            stats.theilslopes(values[:, i], years).slope, abs=1e-12
        )


def test_with_ties_tau_is_tau_b():
    rng = np.random.default_rng(3)
    values = rng.integers(0, 4, (9, 60)).astype(float)
    found = lr.trend(series(values))
    for i in range(60):
        expected = stats.kendalltau(YEARS, values[:, i]).statistic
        assert float(found["tau"][i]) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_longer_series_are_those_of_pymannkendall():
    rng = np.random.default_rng(4)
    values = np.round(rng.normal(size=(20, 30)), 1)
    found = lr.trend(series(values, list(range(2000, 2020))))
    for i in range(30):
        theirs = pymannkendall.original_test(values[:, i])
        assert float(found["S"][i]) == theirs.s
        assert float(found["p"][i]) == pytest.approx(theirs.p, rel=1e-9)
        assert float(found["slope"][i]) == pytest.approx(theirs.slope, abs=1e-12)


@given(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=4).filter(lambda sizes: sum(sizes) <= 6))
@settings(max_examples=30, deadline=None)
def test_inversions_count_all_orders(sizes):
    values = [group for group, size in enumerate(sizes) for _ in range(size)]
    counted = {}
    for order in set(permutations(values)):
        number = sum(order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order)))
        counted[number] = counted.get(number, 0) + 1
    assert inversions(tuple(sizes)) == [counted.get(i, 0) for i in range(max(counted) + 1)]


def test_partitions_are_as_many_as_is_known():
    assert [len(partitions(n)) for n in range(13)] == [1, 1, 2, 3, 5, 7, 11, 15, 22, 30, 42, 56, 77]


def test_limits_hold_the_true_slope_as_often_as_they_say():
    rng = np.random.default_rng(5)
    years = np.array(YEARS, dtype=float)
    values = 0.02 * years[:, None] + rng.normal(0, 0.1, (9, 20_000))
    found = lr.trend(series(values), confidence=0.9)
    inside = (found["slope_low"] <= 0.02) & (found["slope_high"] >= 0.02)
    assert 0.9 <= float(inside.mean()) < 0.95  # the exact distribution moves in steps


def test_limits_reject_where_the_test_does():
    rng = np.random.default_rng(6)
    found = lr.trend(series(rng.normal(0, 1, (8, 3_000)) + 0.1 * np.array(YEARS[:8])[:, None]))
    outside = (found["slope_low"] > 0) | (found["slope_high"] < 0)
    np.testing.assert_array_equal(outside, found["p"] <= 0.05)


def test_many_places_are_those_of_a_plain_sort_to_the_last_bit():
    """Blocks of places that are sorted side by side, the last one in part, with gaps and zeros below 0."""
    rng = np.random.default_rng(5)
    values = np.where(rng.random((9, 150)) < 0.5, rng.normal(size=(9, 150)), -0.0)
    values[rng.random(values.shape) < 0.3 * (np.arange(150) % 2)] = np.nan
    values[1, 1::3] = 0.0
    found = lr.trend(series(values), confidence=0.5)
    wanted = []
    for x in values.T:
        held = [(year, value) for year, value in zip(YEARS, x, strict=True) if value == value]
        rises = sorted((b - a) / (t - s) for i, (s, a) in enumerate(held) for t, b in held[i + 1 :])
        middle = len(rises) // 2
        wanted.append(rises[middle] if len(rises) % 2 else 0.5 * (rises[middle - 1] + rises[middle]))
        assert found["years"][len(wanted) - 1] == len(held) > 2
        assert found["S"][len(wanted) - 1] == score([value for _, value in held])
    assert np.signbit(found["slope"].values[found["slope"].values == 0.0]).any()
    assert found["slope"].values.tobytes() == np.array(wanted).tobytes()
    alone = [lr.trend(series(values[:, [i]]), confidence=0.5) for i in range(0, 150, 7)]
    for name in found.data_vars:
        assert np.concatenate([one[name] for one in alone]).tobytes() == found[name].values[::7].tobytes()


def test_too_few_years_give_no_limits():
    values = np.random.default_rng(0).normal(size=(4, 5))
    assert lr.trend(series(values))["slope_low"].isnull().all()
    assert lr.trend(series(values), confidence=0.9)["slope_low"].notnull().all()
    assert (lr.trend(series(values))["p"] > 0.08).all()


@given(seed=st.integers(0, 2**20))
@settings(max_examples=25, deadline=None)
def test_missing_years_are_as_if_not_measured(seed):
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(7, 3)), 1)
    gone = int(rng.integers(0, 7))
    missing = values.copy()
    missing[gone] = np.nan
    without = series(np.delete(values, gone, 0), [year for i, year in enumerate(YEARS[:7]) if i != gone])
    one, other = lr.trend(series(missing)), lr.trend(without)
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name], other[name])


@given(seed=st.integers(0, 2**20), shift=st.floats(-5, 5), scale=st.sampled_from([0.5, 2.0, 4.0]))
@settings(max_examples=25, deadline=None)
def test_shift_scale_reflection_and_the_order_of_years(seed, shift, scale):
    values = np.random.default_rng(seed).integers(-9, 9, (6, 4)).astype(float)
    plain = lr.trend(series(values))
    moved = lr.trend(series(values * scale + np.round(shift)))
    np.testing.assert_allclose(moved["slope"], plain["slope"] * scale, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(moved["p"], plain["p"])
    turned = lr.trend(series(-values))
    np.testing.assert_array_equal(turned["S"], -plain["S"])
    np.testing.assert_allclose(turned["slope_low"], -plain["slope_high"])
    order = np.random.default_rng(seed).permutation(6)
    assert lr.trend(series(values).isel(year=order)).identical(plain)


def test_other_dimensions_stay_and_too_few_years_are_missing():
    values = np.random.default_rng(1).normal(size=(2, 5, 3))
    values[0, 2:, 1] = np.nan
    field = xr.DataArray(
        values,
        dims=("layer", "year", "cell"),
        coords={"year": YEARS[:5], "layer": ["a", "b"]},
        attrs={"units": "pt"},
    )
    found = lr.trend(field)
    assert found["slope"].dims == ("layer", "cell")
    assert found["slope"].attrs["units"] == "pt a year"
    assert found["years"].values[0].tolist() == [5, 2, 5]
    assert found["slope"].isnull().values[0].tolist() == [False, True, False]
    np.testing.assert_array_equal(found.sel(layer="b")["p"], lr.trend(field.sel(layer="b"))["p"])


def test_nothing_changes_is_no_trend():
    found = lr.trend(series(np.ones((5, 2))))
    assert found["slope"].values.tolist() == [0.0, 0.0]
    assert found["p"].values.tolist() == [1.0, 1.0]
    assert found["tau"].isnull().all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.rename(year="time"), lr.UsageError, "needs a dimension 'year'"),
        (lambda f: f.assign_coords(year=[2020, 2020, 2022]), lr.InputError, "year 2020 occurs twice; every"),
        (lambda f: f.assign_coords(year=[2020, 2022, 2999]), lr.InputError, "year 2999 lies in the future"),
        (lambda f: f.assign_coords(year=[2020, 2022, 2023.5]), lr.InputError, "whole numbers"),
        (lambda f: f / 0, lr.InputError, "infinite values"),
    ],
)
def test_wrong_series_are_refused(change, error, message):
    with pytest.raises(error, match=message), np.errstate(all="ignore"):
        lr.trend(change(series(np.ones((3, 1)), [2018, 2020, 2022])))


def test_wrong_options_are_refused():
    for wrong in (95, "a", None, True, float("nan")):
        with pytest.raises(lr.UsageError, match=f"confidence is {wrong!r}; it must lie between 0 and 1"):
            lr.trend(series(np.ones((3, 1))), confidence=wrong)
    for wrong in (2, 3.5, "a", True):
        with pytest.raises(
            lr.UsageError, match=f"minimum_years is {wrong!r}; it must be a whole number of at"
        ):
            lr.trend(series(np.ones((3, 1))), minimum_years=wrong)
    with pytest.raises(lr.UsageError, match="minimum_years is 4, but the field has 3 years"):
        lr.trend(series(np.ones((3, 1))), minimum_years=4)
    assert lr.trend(series(np.ones((4, 1))), minimum_years=4)["slope"].notnull().all()
