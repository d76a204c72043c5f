"""Risers and fallers: counted as a plain loop counts them; their changes are the sum of their parts."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, LeefrasterWarning, UsageError

YEARS = [2014, 2018, 2024]
NATIONAL = np.array([4.06, 4.10, 4.13])
CUTS = (3.71, 3.785, 3.82, 3.93, 4.0, 4.11, 4.19, 4.27)
DIMENSIONS = ("won", "vrz", "onv")
SEED = st.integers(0, 2**32 - 1)


def country(seed=0, units=60, missing=0.15, unit="cell"):
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 0.08, (1, 3, units)) + rng.normal(0, 0.05, (3, 3, units))
    total = score.sum(axis=1)
    level = total + NATIONAL[:, None]
    gone = rng.random(level.shape) < missing
    level[gone], total[gone] = np.nan, np.nan
    score[:, 1][gone] = np.nan
    score[1, 0, rng.integers(0, units, 3)] = np.nan
    dwellings = rng.integers(0, 400, units).astype(float)
    dwellings[rng.integers(0, units, 4)] = np.nan
    labels = np.arange(units) if unit == "cell" else np.array([f"BU{i:04d}" for i in range(units)])
    return xr.Dataset(
        {
            "score": (("year", "dimension", unit), score),
            "total": (("year", unit), total),
            "level": (("year", unit), level),
            "reference": ("year", NATIONAL),
            "version": ("year", ["3.0"] * 3),
            "dwellings": (unit, dwellings),
        },
        coords={"year": YEARS, "dimension": list(DIMENSIONS), unit: labels},
    )


def class_of(level):
    return 1 + sum(level > cut for cut in CUTS)


def direction_of(change):
    return 0 if abs(change) <= 0.0392 else math.copysign(1, change)


def by_loop(data, start, end):
    """Return rows by starting class, counted one unit after another."""
    rows = {one: [] for one in range(1, 10)}
    levels = [data["level"].sel(year=year).values.tolist() for year in (start, end)]
    scores = [data["score"].sel(year=year).values.T.tolist() for year in (start, end)]
    for before, after, old, new, weight in zip(
        *levels, *scores, data["dwellings"].values.tolist(), strict=True
    ):
        if math.isnan(before) or math.isnan(after):
            continue
        parts = {name: new[i] - old[i] for i, name in enumerate(DIMENSIONS)}
        rows[class_of(before)].append((class_of(after) - class_of(before), after - before, weight, parts))
    return rows


@settings(max_examples=15, deadline=None)
@given(SEED, st.sampled_from([(2014, 2018), (2018, 2024), (2014, 2024)]))
def test_counts_shares_and_means_are_those_of_a_plain_loop(seed, years):
    data = country(seed)
    found = lr.risers_and_fallers(data, *years, cuts=CUTS)
    for one, rows in by_loop(data, *years).items():
        row = found.table.loc[one]
        weights = [0.0 if math.isnan(w) else w for _, _, w, _ in rows]
        assert row["units"] == len(rows)
        assert row["dwellings"] == sum(weights)
        if not sum(weights):
            assert math.isnan(row["risen"])
            continue
        for name, sign in (("risen", 1), ("unchanged", 0), ("fallen", -1)):
            held = sum(w for (_, c, _, _), w in zip(rows, weights, strict=True) if direction_of(c) == sign)
            assert row[name] == pytest.approx(held / sum(weights))
        for name, sign in (("class_up", 1), ("class_same", 0), ("class_down", -1)):
            held = sum(w for (s, _, _, _), w in zip(rows, weights, strict=True) if np.sign(s) == sign)
            assert row[name] == pytest.approx(held / sum(weights))
        mean = sum(w * c for (_, c, _, _), w in zip(rows, weights, strict=True)) / sum(weights)
        assert row["mean_change"] == pytest.approx(mean)
        for name, sign in (("risen", 1), ("fallen", -1)):
            chosen = [
                (w, parts)
                for (_, c, _, parts), w in zip(rows, weights, strict=True)
                if direction_of(c) == sign and not any(map(math.isnan, parts.values()))
            ]
            whole = sum(w for w, _ in chosen)
            if not whole:
                assert row[f"{name}_leading"] == ""
                continue
            means = {code: sum(w * parts[code] for w, parts in chosen) / whole for code in DIMENSIONS}
            for code in DIMENSIONS:
                assert row[f"{name}_{code}"] == pytest.approx(means[code])
            best = max(means, key=lambda code: sign * means[code])
            assert row[f"{name}_leading"] == (best if sign * means[best] > 0 else "national")


@settings(max_examples=15, deadline=None)
@given(SEED)
def test_dimensions_and_the_national_shift_add_up_to_the_change_of_the_level(seed):
    found = lr.risers_and_fallers(country(seed), 2014, 2024)
    rows = [*(row for _, row in found.table.iterrows()), found.overall]
    for row in rows:
        for name in ("risen", "fallen"):
            if not math.isnan(row[f"{name}_change"]):
                parts = sum(row[f"{name}_{code}"] for code in DIMENSIONS)
                assert row[f"{name}_national"] == pytest.approx(0.07)
                assert row[f"{name}_rest"] == pytest.approx(0, abs=1e-12)
                assert parts + row[f"{name}_national"] == pytest.approx(row[f"{name}_change"], abs=1e-12)
    assert found.overall["units"] == found.table["units"].sum() == found.counts["compared"]
    assert found.overall[["risen", "unchanged", "fallen"]].sum() == pytest.approx(1)


def test_the_shift_of_the_national_mean_is_found_where_it_is_not_given():
    data = country(3)
    known = lr.risers_and_fallers(data, 2014, 2024)
    found = lr.risers_and_fallers(data.drop_vars("reference"), 2014, 2024)
    pd.testing.assert_frame_equal(found.table, known.table)


def test_dimensions_that_do_not_add_up_are_told():
    data = country(4)
    data["score"][2, 0] += 0.01
    with pytest.warns(LeefrasterWarning, match=r"do not add up to the change of the level, at most by 0\.01"):
        found = lr.risers_and_fallers(data, 2014, 2024)
    assert found.overall["risen_rest"] == pytest.approx(-0.01)


def test_each_unit_says_where_it_went_and_what_led_it():
    score = np.zeros((2, 2, 6))
    score[1] = [[0.10, -0.10, 0.01, 0.00, -0.01, np.nan], [0.02, 0.04, 0.00, 0.00, -0.02, 0.10]]
    national = np.array([4.0, 4.05])
    level = score.sum(axis=1) + national[:, None]
    level[1, 5] = 4.2
    data = xr.Dataset(
        {
            "score": (("year", "dimension", "area"), score),
            "level": (("year", "area"), level),
            "reference": ("year", national),
        },
        coords={"year": [2020, 2024], "dimension": ["won", "vrz"], "area": list("abcdef")},
    )
    found = lr.risers_and_fallers(data, 2020, 2024, cuts=[4.0, 4.04])
    units = found.units
    assert units["direction"].values.tolist() == [1, 0, 1, 1, 0, 1]
    assert units["leading"].attrs["flag_meanings"] == "none won vrz national"
    assert units["leading"].values.tolist() == [1, 0, 1, 3, 0, 0]
    assert units["start_class"].values.tolist() == [1] * 6
    assert units["steps"].values.tolist() == [2, 0, 2, 2, 1, 2]
    assert found.counts["without_dimensions"] == 1
    assert found.weighting == "units"
    assert found.table.index.tolist() == [1, 2, 3]
    assert found.table.loc[1, "risen_leading"] == "won"


def test_fallers_are_led_by_the_dimension_that_fell_most():
    score = np.zeros((2, 2, 3))
    score[1] = [[-0.10, 0.05, -0.01], [-0.02, -0.14, -0.02]]
    data = xr.Dataset(
        {
            "score": (("year", "dimension", "area"), score),
            "level": (("year", "area"), score.sum(axis=1) + 4.0),
            "reference": ("year", [4.0, 4.0]),
        },
        coords={"year": [2020, 2024], "dimension": ["won", "vrz"], "area": list("abc")},
    )
    found = lr.risers_and_fallers(data, 2020, 2024, cuts=[5.0])
    assert found.units["direction"].values.tolist() == [-1, -1, 0]
    assert found.units["leading"].values.tolist() == [1, 2, 0]
    assert (found.overall["fallen_won"], found.overall["fallen_vrz"]) == pytest.approx((-0.025, -0.08))
    assert (found.overall["fallen_leading"], found.overall["risen_leading"]) == ("vrz", "")


def test_who_rises_with_the_country_alone_is_led_by_no_dimension():
    score = np.zeros((2, 2, 2))
    score[1] = [[-0.01, 0.0], [0.0, -0.02]]
    national = np.array([4.0, 4.1])
    data = xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), score),
            "level": (("year", "cell"), score.sum(axis=1) + national[:, None]),
            "reference": ("year", national),
        },
        coords={"year": [2020, 2024], "dimension": ["won", "vrz"], "cell": [1, 2]},
    )
    found = lr.risers_and_fallers(data, 2020, 2024)
    assert found.overall["risen"] == 1
    assert found.overall["risen_leading"] == "national"
    assert found.overall["risen_national"] == pytest.approx(0.1)
    assert found.units["leading"].values.tolist() == [3, 3]


def test_a_place_without_a_value_in_either_year_is_counted_apart():
    level = xr.DataArray(
        [[4.0, np.nan, 4.0, np.nan], [4.1, 4.1, np.nan, np.nan]],
        dims=("year", "cell"), coords={"year": [2018, 2024], "cell": range(4)},
    )  # fmt: skip
    weights = xr.DataArray([np.nan, 1, 1, 1], dims="cell", coords={"cell": range(4)})
    found = lr.risers_and_fallers(level, 2018, 2024, dwellings=weights)
    assert found.counts == {
        "compared": 1, "only_before": 1, "only_after": 1, "neither": 1, "without_dwellings": 1,
        "without_dimensions": 0,
    }  # fmt: skip
    assert found.units["direction"].values.tolist() == [1, 0, 0, 0]
    assert found.units["change_class"].values.tolist() == [6, 0, 0, 0]
    assert found.overall["units"] == 1
    assert math.isnan(found.overall["risen"])


def test_levels_alone_have_no_dimensions_and_say_so():
    found = lr.risers_and_fallers(country()["level"], 2014, 2024)
    assert found.dimensions == ()
    assert found.note.startswith("no dimensions: the levels came without score")
    assert "leading" not in found.units
    assert [name for name in found.table if name.startswith("risen_")] == ["risen_change"]


def test_total_and_national_mean_make_a_level_and_a_total_alone_does_not():
    data = country(1)
    found = lr.risers_and_fallers(data.drop_vars("level"), 2014, 2024)
    pd.testing.assert_frame_equal(found.table, lr.risers_and_fallers(data, 2014, 2024).table)
    with pytest.raises(UsageError, match="a deviation falls when the country rises"):
        lr.risers_and_fallers(data.drop_vars(["level", "reference"]), 2014, 2024)


def test_the_gap_and_the_years_passed_over_are_said():
    found = lr.risers_and_fallers(country(), 2014, 2024)
    assert found.period == "2014-2024, 10 years, passing over 2018"
    assert found.units.attrs["passed_over"] == [2018]


@pytest.mark.parametrize("unit", ["cell", "area"])
def test_the_order_of_units_and_years_does_not_matter_to_the_last_bit(unit):
    data = country(7, 500, unit=unit)
    known = lr.risers_and_fallers(data, 2014, 2024)
    order = np.random.default_rng(0).permutation(500)
    found = lr.risers_and_fallers(data.isel({unit: order}).isel(year=[2, 0, 1]), 2014, 2024)
    pd.testing.assert_frame_equal(found.table, known.table, check_exact=True)
    xr.testing.assert_identical(found.units.sortby(unit), known.units)


@settings(max_examples=10, deadline=None)
@given(SEED, st.sampled_from([2.0, 0.5, 64.0]))
def test_scaled_weights_give_the_same_shares(seed, factor):
    data = country(seed)
    known = lr.risers_and_fallers(data, 2014, 2024).table
    found = lr.risers_and_fallers(data, 2014, 2024, dwellings=data["dwellings"] * factor).table
    pd.testing.assert_frame_equal(found.drop(columns="dwellings"), known.drop(columns="dwellings"))


def test_dwellings_are_those_of_the_first_year():
    data = country(2)
    weights = xr.concat([data["dwellings"], data["dwellings"] * 0 + 1], "year").assign_coords(
        year=[2014, 2024]
    )
    found = lr.risers_and_fallers(data, 2014, 2024, dwellings=weights)
    pd.testing.assert_frame_equal(found.table, lr.risers_and_fallers(data, 2014, 2024).table)
    with pytest.raises(UsageError, match="dwellings of 2018 are not given; they are for 2014, 2024"):
        lr.risers_and_fallers(data, 2018, 2024, dwellings=weights)


def test_areas_made_of_smaller_ones_change_as_much_in_the_mean():
    data = country(5, 300, missing=0, unit="area").drop_vars("version").dropna("area")
    larger = (np.arange(data.sizes["area"]) % 7).astype(str)
    whole = lr.aggregate(
        data, xr.DataArray(larger, dims="area", coords={"area": data["area"]}), weight="dwellings"
    )
    small, large = (lr.risers_and_fallers(one, 2014, 2024).overall for one in (data, whole))
    assert large["units"] == 7
    assert large["dwellings"] == small["dwellings"]
    assert large["mean_change"] == pytest.approx(small["mean_change"], abs=1e-12)
    assert large["unchanged"] > small["unchanged"]


def refused_versions():
    data = country()
    return data.assign(version=("year", ["2.0", "3.0", "3.0"]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: lr.risers_and_fallers(refused_versions(), 2014, 2024), InputError, "no change of places"),
        (
            lambda: lr.risers_and_fallers(country(), 2014, 2020),
            UsageError,
            "end is 2020; measured are 2014",
        ),
        (
            lambda: lr.risers_and_fallers(country(), "2014", 2024),
            UsageError,
            "start is '2014'; it must be a measurement year",
        ),
        (
            lambda: lr.risers_and_fallers(country(), 2014, 2023.5),
            UsageError,
            r"end is 2023\.5; it must be a measurement year",
        ),
        (
            lambda: lr.risers_and_fallers(country(), 2024, 2014),
            UsageError,
            "start is 2024, end 2014; the earlier",
        ),
        (
            lambda: lr.risers_and_fallers(country().rename(cell="place"), 2014, 2024),
            UsageError,
            "needs a dimension 'cell' or 'area'",
        ),
        (lambda: lr.risers_and_fallers([4.0], 2014, 2024), UsageError, "level is a list"),
        (
            lambda: lr.risers_and_fallers(country()["score"], 2014, 2024),
            UsageError,
            "must lie over 'year' and 'cell' only",
        ),
        (
            lambda: lr.risers_and_fallers(country(), 2014, 2024, dwellings=-country()["dwellings"]),
            InputError,
            "finite and not negative",
        ),
        (
            lambda: lr.risers_and_fallers(country(), 2014, 2024, dwellings=country()["reference"]),
            InputError,
            "must be a DataArray over 'cell'",
        ),
        (
            lambda: lr.risers_and_fallers(country().assign_coords(cell=[1] * 60), 2014, 2024),
            InputError,
            "1 of cell occur more than once, first: 1",
        ),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_two_versions_may_be_compared_on_request():
    found = lr.risers_and_fallers(refused_versions(), 2014, 2024, across_versions=True)
    assert found.counts["compared"] > 0


@settings(max_examples=10, deadline=None)
@given(SEED, st.sampled_from(["cell", "area"]))
def test_an_area_is_what_its_units_alone_would_be(seed, unit):
    data = country(seed, unit=unit)
    codes = np.random.default_rng(seed).choice(["", "GM1", "GM2", "GM10", "nobody"], 60)
    codes[np.isnan(data["level"].sel(year=2024).values) & (codes == "nobody")] = "GM1"
    by = xr.DataArray(codes, dims=unit, coords={unit: data[unit]})
    found = lr.risers_and_fallers(data, 2014, 2024, cuts=CUTS, by=by.isel({unit: slice(None, None, -1)}))
    held = lr.risers_and_fallers(data, 2014, 2024, cuts=CUTS).units["start_class"].values > 0
    held &= ~np.isnan(data["level"].sel(year=2024).values)
    assert found.areas.index.tolist() == sorted(set(codes[held]) - {""})
    for code, row in found.areas.iterrows():
        alone = lr.risers_and_fallers(data.isel({unit: codes == code}), 2014, 2024, cuts=CUTS).overall
        pd.testing.assert_series_equal(row, alone, check_names=False, check_dtype=False, rtol=0, atol=0)
    assert lr.risers_and_fallers(data, 2014, 2024).areas is None


def test_units_without_any_code_make_no_areas():
    by = xr.DataArray(np.full(60, ""), dims="cell")
    assert len(lr.risers_and_fallers(country(), 2014, 2024, by=by).areas) == 0


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("municipality", "by is a str; it must be a DataArray of codes of areas over 'cell'"),
        (xr.DataArray(["A"], dims="place"), r"by is \('place',\); it must be"),
        (xr.DataArray(["A"], dims="cell"), "by has 1 codes for 60 units"),
    ],
)
def test_areas_that_do_not_fit_are_refused(by, message):
    with pytest.raises(UsageError, match=message):
        lr.risers_and_fallers(country(), 2014, 2024, by=by)
