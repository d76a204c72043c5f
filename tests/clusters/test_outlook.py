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
        (0.05, 0.0, "catching up", 0.0),
        (0.05, -0.01, "diverging", 0.0),
    ],
)
def test_states_of_straight_courses(latest, slope, state, closes):
    judged = outlook(YEARS, latest + slope * (YEARS - 2024), 20.0 + 1e-9)
    assert judged.state == state
    assert judged.slope == pytest.approx(slope, abs=1e-12)
    assert judged.years_to_close == pytest.approx(closes, nan_ok=True)


def test_noise_round_a_constant_gap_is_lagging_and_hardly_ever_diverging():
    rng = np.random.default_rng(4)
    states = [outlook(YEARS, -0.3 + rng.normal(0, 0.02, 9), 20).state for _ in range(400)]
    assert states.count("diverging") <= 30
    assert states.count("catching up") <= 4


def test_real_spacing_counts_and_missing_years_are_left_out():
    gap = -0.5 + 0.01 * (YEARS - 2002)
    holed = np.where(np.isin(YEARS, [2008, 2020]), np.nan, gap)
    assert outlook(YEARS, holed, 20).slope == pytest.approx(0.01)
    assert outlook(YEARS, np.full(9, np.nan), 20).state == "lagging"
    assert np.isnan(outlook(YEARS, np.full(9, np.nan), 20).slope)
