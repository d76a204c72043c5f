"""Differences between two years: what they are, which years they span, and what is refused."""

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.changes.change import CUTS

YEARS = [2014, 2018, 2020, 2024]


def scores(version=("3.0",) * 4):
    rng = np.random.default_rng(0)
    score = rng.normal(0, 0.1, (4, 2, 6))
    data = xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), score),
            "total": (("year", "cell"), score.sum(1)),
            "level": (("year", "cell"), score.sum(1) + np.array([4.0, 4.05, 4.1, 4.2])[:, None]),
            "version": ("year", list(version)),
            "dwellings": ("cell", np.arange(6.0)),
        },
        coords={"year": YEARS, "dimension": ["won", "vrz"], "cell": np.arange(6)},
    )
    data["level"][0, 2] = np.nan
    return data


def test_levels_and_deviations_change_each_by_themselves():
    data = scores()
    found = lr.change(data, 2018, 2024)
    for name in ("score", "total", "level"):
        expected = data[name].sel(year=2024).values - data[name].sel(year=2018).values
        np.testing.assert_allclose(found[f"{name}_change"].transpose(*data[name].dims[1:]), expected)
    # the country rose by .15 between the two: deviations do not see it
    np.testing.assert_allclose(found["level_change"] - found["total_change"], 0.15, atol=1e-12)
    assert found.attrs["change_class_of"] == "level"
    assert "dwellings_change" not in found


def test_the_period_and_the_years_passed_over_are_said():
    found = lr.change(scores(), 2014, 2024)
    assert found.attrs["period"] == "2014-2024, 10 years, passing over 2018, 2020"
    assert (found.attrs["years_between"], found.attrs["passed_over"]) == (10, [2018, 2020])
    assert np.isnan(found["level_change"][2])
    assert found["change_class"][2] == 0


def test_classes_run_from_a_strong_fall_to_a_strong_rise():
    steps = np.array([-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, np.nan])
    level = xr.DataArray(np.stack([np.zeros(8), steps]), dims=("year", "cell"), coords={"year": [2020, 2024]})
    assert lr.change(level, 2020, 2024)["change_class"].values.tolist() == [1, 2, 3, 4, 5, 6, 7, 0]
    bounds = xr.zeros_like(level).isel(cell=slice(6)) + xr.DataArray([[0.0] * 6, CUTS], dims=("year", "cell"))
    assert lr.change(bounds, 2020, 2024)["change_class"].values.tolist() == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]  # the class below
    own = lr.change(level, 2020, 2024, cuts=(-0.3, -0.2, -0.15, 0.15, 0.2, 0.3))
    assert own["change_class"].values.tolist() == [2, 4, 4, 4, 4, 4, 5, 0]
    assert own["change_class"].attrs["cuts"] == [-0.3, -0.2, -0.15, 0.15, 0.2, 0.3]


def test_turning_time_round_turns_the_classes_round():
    rng = np.random.default_rng(1)
    values = rng.normal(0, 0.1, (2, 500))
    there = lr.change(xr.DataArray(values, dims=("year", "cell"), coords={"year": [2020, 2024]}), 2020, 2024)
    back = lr.change(
        xr.DataArray(values[::-1], dims=("year", "cell"), coords={"year": [2020, 2024]}), 2020, 2024
    )
    np.testing.assert_array_equal(there["change_class"], 8 - back["change_class"])


def test_years_of_two_versions_are_not_mixed():
    data = scores(("2.0", "2.0", "3.0", "3.0"))
    with pytest.raises(lr.InputError, match=r"2018 was measured by version '2\.0', 2024 by '3\.0'"):
        lr.change(data, 2018, 2024)
    assert lr.change(data, 2018, 2024, across_versions=True)["level_change"].notnull().any()
    assert lr.change(data, 2020, 2024)["level_change"].notnull().any()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((2018, 2023), {}, "to_year is 2023; measured are 2014, 2018, 2020, 2024"),
        ((2024, 2018), {}, "from_year is 2024, to_year 2018; the earlier comes first"),
        ((2018, 2018), {}, "the earlier comes first"),
        ((2018, 2024), {"cuts": (0, 1)}, "they must be six ascending numbers"),
        ((2018, 2024), {"cuts": CUTS[::-1]}, "they must be six ascending numbers"),
        ((2018, 2024), {"cuts": 3}, "cuts are 3; they must be six ascending numbers"),
        ((2018, 2024), {"cuts": "abcdef"}, "cuts are 'abcdef'; they must be six ascending numbers"),
    ],
)
def test_wrong_questions_are_refused(arguments, options, message):
    with pytest.raises(lr.UsageError, match=message):
        lr.change(scores(), *arguments, **options)


def test_scores_without_a_measure_are_refused():
    with pytest.raises(lr.UsageError, match="none of score, total, level; it has version, dwellings"):
        lr.change(scores()[["version", "dwellings"]], 2018, 2024)


def test_infinite_values_are_refused():
    data = scores()
    data["level"][3, 1] = np.inf
    with pytest.raises(lr.InputError, match="level has 1 infinite values in 2018 and 2024"):
        lr.change(data, 2018, 2024)
