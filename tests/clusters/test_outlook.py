"""Slope, state and years to close, against scipy and on courses made by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import theilslopes

from leefraster.clusters.outlook import outlook, theil_sen

YEARS = np.array([2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024])


@settings(max_examples=100, deadline=None)
@given(st.integers(5, 9), st.lists(st.integers(-99, 99), min_size=9, max_size=9), st.integers(0, 100))
def test_slope_and_limits_equal_scipy(n, whole, seed):
    years = np.sort(np.random.default_rng(seed).choice(YEARS, n, replace=False)).astype(float)
    values = np.array(whole[:n]) / 8.0
    slope, low, high = theil_sen(years, values)
    fit = theilslopes(values, years, alpha=0.95)
    assert slope == pytest.approx(fit.slope, abs=1e-14)
    if np.isfinite(low) and np.unique(values).size == n:  # with ties scipy's normal limits are narrower
        assert (low, high) == pytest.approx((fit.low_slope, fit.high_slope), abs=1e-14)


def test_limits_need_five_years():
    for n in range(2, 10):
        values = np.random.default_rng(n).normal(size=n)
        assert np.isnan(theil_sen(YEARS[:n].astype(float), values)[1]) == (n < 5)


@pytest.mark.parametrize(
    ("latest", "slope", "state", "closes"),
    [
        (-0.3, -0.01, "diverging", np.nan),
        (-0.3, 0.0, "lagging", np.nan),
        (-0.3, 0.01, "lagging", 30.0),
        (-0.3, 0.015, "catching up", 20.0),
        (-0.3, 0.03, "catching up", 10.0),
        (0.0, 0.0, "ahead", np.nan),
        (-4e-16, 0.0, "ahead", np.nan),  # rounding is no gap
        (0.05, 0.0, "ahead", np.nan),
        (0.05, -0.01, "ahead", np.nan),
    ],
)
def test_states_of_straight_courses(latest, slope, state, closes):
    judged = outlook(YEARS, latest + slope * (YEARS - 2024), 20.0 + 1e-9)
    assert judged.state == state
    assert judged.slope == pytest.approx(slope, abs=1e-12)
    assert judged.years_to_close == pytest.approx(closes, nan_ok=True)


@pytest.mark.parametrize(
    ("gap", "state"),
    [
        ([0.025] * 7 + [-0.25] * 2, "lagging"),
        ([0.025] * 8 + [-0.1], "lagging"),
        (-0.3 + 0.02 * np.minimum(YEARS - 2002, 18) - 0.05 * np.maximum(YEARS - 2020, 0), "lagging"),
        ([0.10, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, -0.02], "diverging"),
    ],
)
def test_what_falls_below_is_not_catching_up_though_the_fitted_line_is_above(gap, state):
    judged = outlook(YEARS, np.array(gap), 20)
    assert (judged.state, np.isnan(judged.years_to_close)) == (state, True)


def test_rounding_is_no_course():
    rounding = -0.3 + np.array([0, 1, 0, 1, 1, 2, 2, 2, 3]) * 1e-16
    for gap in (rounding, rounding[::-1].copy()):
        judged = outlook(YEARS, gap, 20)
        assert (judged.state, judged.slope) == ("lagging", 0.0)
        assert np.isnan(judged.years_to_close)


def test_noise_round_a_constant_gap_is_lagging_and_hardly_ever_diverging():
    rng = np.random.default_rng(4)
    states = [outlook(YEARS, -0.3 + rng.normal(0, 0.02, 9), 20).state for _ in range(400)]
    assert states.count("diverging") <= 30
    assert states.count("catching up") <= 4


def test_real_spacing_counts_and_missing_years_are_left_out():
    gap = -0.5 + 0.01 * (YEARS - 2002)
    holed = np.where(np.isin(YEARS, [2008, 2020]), np.nan, gap)
    assert outlook(YEARS, holed, 20).slope == pytest.approx(0.01)
    assert outlook(YEARS, np.full(9, np.nan), 20).state == "unknown"
    assert outlook(YEARS, np.where(YEARS < 2024, np.nan, -0.3), 20).state == "lagging"
    assert outlook(YEARS, np.where(YEARS == 2024, np.nan, gap), 20).state == "unknown"
    assert np.isnan(outlook(YEARS, np.full(9, np.nan), 20).slope)
