"""Progress of focus areas: by hand, against a loop, and what cannot be foreseen."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

import leefraster as lr
from leefraster.areas.prospects import closes_not_before, prospects
from leefraster.cells import cell_coordinates

GRID = lr.Grid(0.0, 2000.0, 20, 20, 100.0, "EPSG:28992")
YEARS = [2014, 2016, 2018, 2020, 2022, 2024]


def areas(**boxes):
    frame = geopandas.GeoDataFrame(
        {"code": list(boxes), "name": [f"Area {code}" for code in boxes]},
        geometry=[shapely.box(*box) for box in boxes.values()], crs="EPSG:28992",
    )  # fmt: skip
    return lr.Areas.from_geopandas(frame, code="code", name="name", level="focus")


WEST = areas(N=(0, 1000, 500, 2000), S=(0, 0, 500, 1000))


def scores(seed=0, lift=0.0):
    """Return weak cells in the west (and as weak ones in the east), the northern area lifted in 2024."""
    rng = np.random.default_rng(seed)
    base = np.full((20, 20), 4.2)
    base[:, :5] = 3.6
    base[:, 15:] = 3.6
    level = np.broadcast_to(base, (6, 20, 20)) + rng.normal(0, 0.02, (6, 20, 20))
    level[-1, :10, :5] += lift
    level[-1, :, 15:] += 0.03  # cells alike rose too
    score = np.stack([level.reshape(6, -1) * share for share in (-0.5, 1.5)], axis=1)
    return xr.Dataset(
        {
            "level": (("year", "cell"), level.reshape(6, -1)),
            "score": (("year", "dimension", "cell"), score),
            "dwellings": ("cell", rng.integers(5, 40, 400).astype(float)),
            "urbanity": ("cell", np.full(400, 2.0)),
        },
        coords={"year": YEARS, "dimension": ["vrz", "onv"], **cell_coordinates(GRID, np.arange(400))},
    )


def test_each_area_and_year_has_its_row():
    data = scores()
    found = lr.focus_progress(data, WEST)
    assert found.table[["code", "year"]].values.tolist() == [[c, y] for c in "NS" for y in YEARS]
    level, weight = data["level"].values.reshape(6, 20, 20), data["dwellings"].values.reshape(20, 20)
    for code, rows in (("N", slice(0, 10)), ("S", slice(10, 20))):
        own = found.table[found.table["code"] == code]
        for y in range(6):
            mean = np.average(level[y, rows, :5], weights=weight[rows, :5])
            country = np.average(level[y], weights=weight)
            row = own.iloc[y]
            assert row["level"] == pytest.approx(mean)
            assert row["gap"] == pytest.approx(mean - country)
            assert row["gap_onv"] == pytest.approx(1.5 * (mean - country))
            assert row["dwellings"] == weight[rows, :5].sum()
    assert found.areas["weak_share"].tolist() == [1.0, 1.0]
    assert found.areas["weakest_dimension"].tolist() == ["onv", "onv"]


def test_a_rise_is_held_against_cells_that_were_alike_at_the_start():
    found = lr.focus_progress(scores(lift=0.2), WEST).areas.set_index("code")
    assert found.loc["N", "change_since_start"] == pytest.approx(0.2, abs=0.02)
    assert found.loc["N", "matched_change"] == pytest.approx(0.03, abs=0.015)
    assert found.loc["N", "difference"] == pytest.approx(0.17, abs=0.025)
    assert found.loc["S", "difference"] == pytest.approx(-0.03, abs=0.025)
    assert abs(found["placebo"]).max() < 0.02


def test_cells_alike_start_at_the_level_of_the_area():
    found = lr.focus_progress(scores(lift=0.2), WEST).table
    at_start = found[found["year"] == 2022]
    np.testing.assert_allclose(at_start["matched_level"], at_start["level"], atol=1e-12)


def ragged(seed=3):
    """Return scores with holes, whose urbanity and dwellings change from year to year, some of them unknown."""
    rng = np.random.default_rng(seed)
    level = rng.integers(72, 84, 400) * 0.05 + 0.025 + rng.uniform(-0.02, 0.02, (6, 400))
    level[rng.random((6, 400)) < 0.03] = np.nan
    level[:, 0] = 3.01  # in area N, and like no other cell
    score = rng.normal(0, 0.1, (6, 2, 400))
    urbanity = rng.integers(1, 4, (6, 400)).astype(float)
    urbanity[rng.random((6, 400)) < 0.1] = np.nan
    urbanity[:, 300:] = 1.0
    dwellings = rng.integers(0, 30, (6, 400)).astype(float)
    return xr.Dataset(
        {
            "level": (("year", "cell"), level),
            "score": (("year", "dimension", "cell"), score),
            "dwellings": (("year", "cell"), dwellings),
            "urbanity": (("year", "cell"), urbanity),
        },
        coords={"year": YEARS, "dimension": ["vrz", "onv"], **cell_coordinates(GRID, np.arange(400))},
    )


def by_loop(data, inside, outside, begin, end):
    """Return own change, that of cells alike, and the share of dwellings that is compared, cell by cell."""
    level, urbanity, weight = data["level"].values, data["urbanity"].values, data["dwellings"].values[-1]
    own = alike = compared = 0.0
    for cell in inside:
        if not np.isfinite(level[:, cell]).all():
            continue
        total = count = 0.0
        for other in outside:
            if (
                np.floor(level[begin, other] / 0.05) == np.floor(level[begin, cell] / 0.05)
                and urbanity[begin, other] == urbanity[begin, cell]
                and np.isfinite(level[end, other])
            ):
                total += weight[other] * (level[end, other] - level[begin, other])
                count += weight[other]
        if count > 0:
            own += weight[cell] * (level[end, cell] - level[begin, cell])
            alike += weight[cell] * total / count
            compared += weight[cell]
    return own / compared, alike / compared, compared / weight[inside].sum()


def test_areas_and_cells_alike_are_compared_over_the_same_cells_as_by_a_loop():
    data = ragged()
    found = lr.focus_progress(data, WEST)
    row, column = np.divmod(np.arange(400), 20)
    always = np.isfinite(data["level"].values).all(axis=0)
    weight = data["dwellings"].values
    outside = np.flatnonzero(column >= 5)
    for code, half in (("N", row < 10), ("S", row >= 10)):
        inside = np.flatnonzero((column < 5) & half)
        fixed = inside[always[inside]]
        table = found.table[found.table["code"] == code].set_index("year")
        summary = found.areas.set_index("code").loc[code]
        for y, year in enumerate(YEARS):
            mean = np.average(data["level"].values[y, fixed], weights=weight[-1, fixed])
            assert table.loc[year, "level"] == pytest.approx(mean, abs=1e-12)
            for d, name in enumerate(("vrz", "onv")):
                values = data["score"].values[y, d]
                gap = np.average(values[fixed], weights=weight[-1, fixed]) - np.average(
                    values, weights=weight[y]
                )
                assert table.loc[year, f"gap_{name}"] == pytest.approx(gap, abs=1e-12)
            _, moved, _ = by_loop(data, inside, outside, 4, y)
            assert table.loc[year, "matched_level"] == pytest.approx(
                table.loc[2022, "level"] + moved, abs=1e-12
            )
        own, alike, share = by_loop(data, inside, outside, 4, 5)
        assert summary["change_since_start"] == table.loc[2024, "level"] - table.loc[2022, "level"]
        found_here = summary[["own_change", "matched_change", "difference", "matched_share"]].to_list()
        assert found_here == pytest.approx([own, alike, own - alike, share], abs=1e-12)
        before, like_it, share = by_loop(data, inside, outside, 3, 4)
        placebo = summary[["placebo", "placebo_matched_share"]].to_list()
        assert placebo == pytest.approx([before - like_it, share], abs=1e-12)
        assert 0.5 < summary["matched_share"] < 0.9
    assert any("2 of 2 areas have cells alike for less than 90%" in text for text in found.caveats)


def test_an_area_like_no_other_place_is_compared_with_none():
    data = scores()
    level = data["level"].values.reshape(6, 20, 20).copy()
    level[:, 10:, :5] -= 1.0
    found = lr.focus_progress(data.assign(level=(("year", "cell"), level.reshape(6, 400))), WEST)
    one = found.areas.set_index("code")
    assert one["matched_share"].tolist() == [1.0, 0.0]
    assert one.loc["S", ["own_change", "matched_change", "difference", "placebo"]].isna().all()
    assert np.isfinite(one.loc["S", "change_since_start"])
    assert (
        "At the start, 1 of 2 areas have cells alike for less than 90% of their dwellings (S 0%)"
        in found.caveats[2]
    )
    assert len(lr.focus_progress(data, WEST).caveats) == 2


def test_cells_alike_are_of_the_same_urbanity_at_the_start_whatever_they_are_later():
    data = scores(lift=0.2)
    urbanity = np.full((6, 400), 2.0)
    urbanity[-1, np.arange(400) % 20 >= 15] = 5.0  # what is alike in 2022 is not so in 2024
    found = lr.focus_progress(data.assign(urbanity=(("year", "cell"), urbanity)), WEST)
    expected = lr.focus_progress(data, WEST)
    columns = ["matched_change", "difference", "placebo", "matched_share"]
    np.testing.assert_array_equal(found.areas[columns], expected.areas[columns])


def test_without_urbanity_the_caveats_say_so():
    data = scores()
    for without in (data.drop_vars("urbanity"), data.assign(urbanity=data["urbanity"] * np.nan)):
        found = lr.focus_progress(without, WEST)
        assert any("Urbanity is not known at the start" in text for text in found.caveats)
        assert found.areas["matched_share"].tolist() == [1.0, 1.0]


def test_an_area_above_the_country_is_ahead_and_one_without_levels_unknown():
    data = scores()
    level = data["level"].values.reshape(6, 20, 20).copy()
    level[:, :10, :5] += 1.5
    level[:, 10:, :5] = np.nan
    score = np.stack([level.reshape(6, 400) - 5.0, 5.0 - level.reshape(6, 400)], axis=1)
    changed = data.assign(
        level=(("year", "cell"), level.reshape(6, 400)), score=(("year", "dimension", "cell"), score)
    )
    found = lr.focus_progress(changed, WEST).areas.set_index("code")
    assert found["state"].tolist() == ["ahead", "unknown"]
    assert found["outlook"].tolist() == ["no gap", "unknown"]
    assert found["closes_not_before"].isna().all()
    assert found["weakest_dimension"].tolist() == ["onv", ""]
    both = changed.assign(score=changed["score"].where(changed["dimension"] == "vrz", -changed["score"]))
    assert lr.focus_progress(both, WEST).areas["weakest_dimension"].tolist() == ["", ""]


def test_a_geodataframe_and_scores_as_a_raster_are_taken_as_they_are():
    expected = lr.focus_progress(scores(), WEST)
    for given in (WEST.frame, WEST.frame.drop(columns=["name", "level"])):
        found = lr.focus_progress(scores(), given)
        pd.testing.assert_frame_equal(found.areas.drop(columns="name"), expected.areas.drop(columns="name"))
    raster = lr.focus_progress(lr.to_raster(scores()), WEST)
    pd.testing.assert_frame_equal(raster.table, expected.table)


def test_without_a_measurement_after_the_start_nothing_is_said_of_it():
    found = lr.focus_progress(scores(), WEST, start=2024).areas
    assert found[["change_since_start", "matched_change", "difference"]].isna().all(axis=None)
    assert found["placebo"].notna().all()


@pytest.mark.parametrize(
    ("gap", "year"),
    [
        ([-0.6, -0.5, -0.4, -0.3, -0.2, -0.1], 2026),  # a straight line closes when it does
        ([-0.3] * 6, np.inf),
        ([-0.1, -0.2, -0.3, -0.4, -0.5, -0.6], np.inf),
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 2024),
        ([0.1, 0.1, 0.1, 0.1, 0.1, -0.1], np.inf),  # the latest gap contradicts the fitted line
        ([-0.3 - 4e-16, -0.3 - 3e-16, -0.3 - 2e-16, -0.3 - 1e-16, -0.3, -0.3], np.inf),  # rounding
        ([np.nan, np.nan, np.nan, np.nan, np.nan, -0.1], np.inf),
        ([np.nan, np.nan, np.nan, -0.3, -0.2, -0.1], np.inf),  # three years give no limit
    ],
)
def test_the_year_before_which_a_gap_will_not_close(gap, year):
    assert closes_not_before(np.array(YEARS), np.array(gap)) == pytest.approx(year)


@pytest.mark.parametrize(
    ("latest", "slope", "said", "year"),
    [
        (-0.9682, 0.01, "not before 2120", 2120.82),  # 2121 would be too late
        (-0.02, 0.01, "not before 2026", 2026),
        (-1.0, 0.01, "not before 2124", 2124),
        (-1.01, 0.01, "not foreseeable", np.nan),
    ],
)
def test_a_date_is_said_in_whole_years_and_at_most_a_century_ahead(latest, slope, said, year):
    line = latest + slope * (np.array(YEARS) - 2024)
    found = prospects(np.array(YEARS), line[np.newaxis], 20).iloc[0]
    assert found["outlook"] == said
    assert found["closes_not_before"] == pytest.approx(year, nan_ok=True)


def test_an_area_that_falls_below_the_country_is_not_catching_up():
    data = scores()
    country = data["level"].weighted(data["dwellings"]).mean("cell")
    course = xr.DataArray([0.025] * 5 + [-0.25], dims="year", coords={"year": YEARS})
    inside = xr.DataArray(np.arange(400) % 20 < 5, dims="cell")
    level = data["level"].where(~inside, country + course).transpose("year", "cell")
    found = lr.focus_progress(data.assign(level=level), WEST).areas
    assert (found["gap"] < 0).all()
    assert found["state"].tolist() == ["lagging"] * 2
    assert found["outlook"].tolist() == ["not foreseeable"] * 2
    assert found["closes_not_before"].isna().all()


def test_noise_moves_the_year_forward_and_never_back():
    rng = np.random.default_rng(1)
    line = np.linspace(-0.6, -0.1, 6)
    for _ in range(50):
        noisy = line + rng.normal(0, 0.03, 6)
        fitted = lr.trend(xr.DataArray(noisy, dims="year", coords={"year": YEARS}))
        latest = np.median(noisy) + float(fitted["slope"]) * (2024 - np.median(YEARS))
        expected = 2024 - latest / float(fitted["slope"]) if latest < 0 else 2024
        assert closes_not_before(np.array(YEARS), noisy) <= expected + 1e-9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": 2021}, "start is 2021; measured are 2014, 2016"),
        (
            {"start": "2022"},
            "start is '2022'; it must be a measurement year as a whole number.*measured are 2014, 2016",
        ),
        ({"start": None}, "start is None; it must be a measurement year"),
        ({"weak_class": 12}, "weak_class is 12; it must be a whole number between 1 and 8"),
        ({"weak_class": 4.5}, r"weak_class is 4\.5; it must be a whole number"),
        ({"horizon": -3}, "horizon is -3; it must be a number above 0"),
        ({"horizon": "20"}, "horizon is '20'; it must be a number above 0"),
        ({"areas": None}, r"areas is a NoneType; it must be lr\.Areas: make them by lr\.Areas\.read"),
        ({"areas": "areas.gpkg"}, r"areas is 'areas\.gpkg'; read a file first: lr\.Areas\.read\(path"),
        (
            {"areas": WEST.frame.rename(columns={"code": "id"})},
            "GeoDataFrame without a column 'code' .it has id, name",
        ),
        ({"scores": None}, "scores is a NoneType; it must be a Dataset"),
    ],
)
def test_wrong_use_is_refused(change, message):
    with pytest.raises(lr.UsageError, match=message):
        lr.focus_progress(**({"scores": scores(), "areas": WEST} | change))


@pytest.mark.parametrize(
    ("years", "message"),
    [
        (list(map(str, YEARS)), r"years are \['2014'.*whole numbers, as 2024"),
        ([*YEARS[:-1], np.nan], "years are .*nan.*whole numbers"),
        ([*YEARS[:-1], np.inf], "years are .*inf.*whole numbers"),
        ([*YEARS[:-1], 2024.5], r"years are .*2024\.5.*whole numbers"),
        (pd.to_datetime(list(map(str, YEARS))), "years are dates .2014-01-01.*year=obj"),
        ([*YEARS[:-1], YEARS[0]], "year 2014 occurs twice; every measurement year may occur once"),
    ],
)
def test_years_that_are_none_are_refused_in_the_same_words_everywhere(years, message):
    data = scores().assign_coords(year=years)
    cold = (data["level"] > 0).astype(int)
    asked = {
        "structural clusters": [
            lambda: lr.structural_clusters(data),
            lambda: lr.structural_sensitivity(data, recomputations=1),
            lambda: lr.focus_progress(data, WEST),
        ],
        "scores": [lambda: lr.questions.urbanity(data), lambda: lr.questions.focus_areas(data, WEST)],
        "field": [lambda: lr.trend(data["level"])],
        "spot": [lambda: lr.structural_clusters(scores(), spot=cold)],
    }
    for name, calls in asked.items():
        for call in calls:
            with pytest.raises(lr.InputError, match=f"^{name}: {message}"):
                call()


def test_wrong_input_is_refused():
    with pytest.raises(lr.InputError, match="none of the 400 cells lies in any of the 1 areas"):
        lr.focus_progress(scores(), areas(X=(9000, 9000, 9500, 9500)))
    urbanity = np.full(400, 2.0)
    urbanity[:3] = 7.0
    with pytest.raises(lr.InputError, match=r"urbanity holds 7 \(3 of 400 values\); classes are 1 .* to 5"):
        lr.focus_progress(scores().assign(urbanity=("cell", urbanity)), WEST)
    with pytest.raises(
        lr.InputError, match=r"score lies over \('dimension', 'cell'\); wanted are year, dimension"
    ):
        lr.focus_progress(scores().assign(score=scores()["score"].isel(year=0, drop=True)), WEST)
    degrees = WEST.frame.to_crs("EPSG:4326")
    with pytest.raises(lr.InputError, match=r"EPSG:4326.* wanted EPSG:28992.*to_crs='EPSG:28992'"):
        lr.focus_progress(scores(), degrees)
