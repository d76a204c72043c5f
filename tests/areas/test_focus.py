"""Progress of focus areas: by hand, against a loop, and what cannot be foreseen."""

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr

import leefraster as lr
from leefraster.areas.focus import _closes_not_before
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
        ([np.nan, np.nan, np.nan, np.nan, np.nan, -0.1], np.inf),
        ([np.nan, np.nan, np.nan, -0.3, -0.2, -0.1], np.inf),  # three years give no limit
    ],
)
def test_the_year_before_which_a_gap_will_not_close(gap, year):
    assert _closes_not_before(np.array(YEARS), np.array(gap)) == pytest.approx(year)


def test_noise_moves_the_year_forward_and_never_back():
    rng = np.random.default_rng(1)
    line = np.linspace(-0.6, -0.1, 6)
    for _ in range(50):
        noisy = line + rng.normal(0, 0.03, 6)
        fitted = lr.trend(xr.DataArray(noisy, dims="year", coords={"year": YEARS}))
        latest = np.median(noisy) + float(fitted["slope"]) * (2024 - np.median(YEARS))
        expected = 2024 - latest / float(fitted["slope"]) if latest < 0 else 2024
        assert _closes_not_before(np.array(YEARS), noisy) <= expected + 1e-9


def test_wrong_input_is_refused():
    with pytest.raises(lr.UsageError, match="start is 2021; measured are 2014, 2016"):
        lr.focus_progress(scores(), WEST, start=2021)
    with pytest.raises(lr.UsageError, match="weak_class is 12"):
        lr.focus_progress(scores(), WEST, weak_class=12)
    with pytest.raises(lr.InputError, match="none of the 400 cells lies in any of the 1 areas"):
        lr.focus_progress(scores(), areas(X=(9000, 9000, 9500, 9500)))
