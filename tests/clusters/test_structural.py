"""Structural clusters on small countries made by hand: the rule by clause, and what is said of each."""

import warnings

import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from scipy.stats import theilslopes

import leefraster as lr
from leefraster.cells import from_raster, to_raster
from leefraster.clusters.structural import structural_clusters
from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.kernels import jit
from leefraster.scoring.cuts import read_cuts

YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024)
CUTS = read_cuts().levels
FINE, WEAK = 4.15, 3.75


def country(*blocks, shape=(24, 30), level=WEAK) -> np.ndarray:
    """Return levels with weak blocks (row, column, height, width) in a fine country."""
    levels = np.full(shape, FINE)
    for row, column, height, width in blocks:
        levels[row : row + height, column : column + width] = level
    return levels


def labels_of(result) -> np.ndarray:
    return to_raster(result.labels).values


def naive_structural(scores, radius=250.0, share=0.75, latest=2) -> np.ndarray:
    """Apply the definition cell by cell."""
    x, y = scores["x"].values, scores["y"].values
    level, dwellings = scores["level"].values, scores["dwellings"].values
    found = []
    for i in range(x.size):
        near = np.hypot(x - x[i], y - y[i]) <= radius
        under, years = [], 0
        for values in level:
            held = near & np.isfinite(values) & (dwellings > 0)
            weight = dwellings[held].sum()
            mean = (values[held] * dwellings[held]).sum() / weight if weight else np.nan
            under.append(bool(np.isfinite(values[i]) and mean <= CUTS[3]))
            years += bool(np.isfinite(values[i]))
        enough = years >= 3 and sum(under) >= share * years - 1e-9
        found.append(enough and all(under[len(under) - latest :]) and level[-1][i] <= CUTS[4])
    return np.array(found)


@pytest.mark.parametrize("seed", range(4))
def test_structural_cells_equal_the_definition_applied_cell_by_cell(make_scores, seed):
    rng = np.random.default_rng(seed)
    levels = country((4, 4, 6, 7), (14, 15, 7, 6), (3, 20, 2, 3)) + rng.normal(0, 0.12, (9, 24, 30))
    levels[rng.random(levels.shape) < 0.05] = np.nan
    levels[:, rng.random(levels.shape[1:]) < 0.2] = np.nan
    scores = make_scores(levels, dwellings=rng.integers(0, 60, (24, 30)).astype(float))
    result = lr.structural_clusters(scores)
    expected = naive_structural(scores)
    assert expected.sum() > 20
    np.testing.assert_array_equal(result.cells["structural"].values, expected)


def test_two_weak_blocks_give_two_clusters_in_order_of_their_first_cell(make_scores):
    result = lr.structural_clusters(make_scores(country((12, 3, 8, 8), (2, 18, 6, 6))))
    assert result.table["cluster"].tolist() == [2, 1]
    assert result.table["rank"].tolist() == [1, 2]
    labels = labels_of(result)
    assert labels[4, 20] == 1
    assert labels[15, 6] == 2
    assert result.labels.dtype == np.int32


def test_weak_years_must_be_enough_and_the_latest_among_them(make_scores):
    def clusters(weak_years) -> int:
        levels = np.stack([country((5, 5, 8, 8)) if year in weak_years else country() for year in YEARS])
        return len(lr.structural_clusters(make_scores(levels)).table)

    assert clusters(YEARS) == 1
    assert clusters(YEARS[2:]) == 1
    assert clusters(YEARS[3:]) == 0
    assert clusters(YEARS[:8]) == 0
    assert clusters(YEARS[:7] + YEARS[8:]) == 0


def test_a_cell_is_judged_by_the_years_in_which_it_has_a_level(make_scores):
    levels = np.repeat(country((5, 5, 8, 8))[np.newaxis], 9, axis=0)
    levels[:6, 8, 8] = np.nan
    result = lr.structural_clusters(make_scores(levels))
    assert labels_of(result)[8, 8] == 1
    assert to_raster(result.cells["weak_years"]).values[8, 8] == 3
    levels[6, 8, 8] = np.nan
    assert not to_raster(lr.structural_clusters(make_scores(levels)).cells["structural"]).values[8, 8]


def test_weighting_is_by_dwellings(make_scores):
    levels = country((5, 5, 8, 8))
    levels[8, 8] = 4.05
    dwellings = np.full(levels.shape, 20.0)
    dwellings[8, 8] = 5000.0
    weighted = lr.structural_clusters(make_scores(levels, dwellings=dwellings))
    plain = lr.structural_clusters(make_scores(levels))
    assert int(weighted.cells["structural"].sum()) < int(plain.cells["structural"].sum())


def test_too_few_dwellings_are_no_cluster(make_scores):
    levels = country((5, 5, 5, 5))
    cells = int(lr.structural_clusters(make_scores(levels)).table["cells"].iloc[0])
    enough, short = 250 / cells + 1e-9, 250 / cells - 0.01
    assert len(lr.structural_clusters(make_scores(levels, dwellings=enough)).table) == 1
    assert len(lr.structural_clusters(make_scores(levels, dwellings=short)).table) == 0


def test_bridges_do_not_help_a_cluster_to_its_minimum(make_scores):
    levels = country((5, 2, 8, 20))
    levels[5:13, 12] = 4.05
    plain = lr.structural_clusters(make_scores(levels)).table.iloc[0]
    core = 20.0 * (plain["cells"] - plain["bridge_cells"])
    assert plain["bridge_cells"] > 0
    for minimum, clusters in ((core, 1), (core + 1, 0)):
        rule = lr.StructuralRule(minimum_dwellings=minimum)
        assert len(lr.structural_clusters(make_scores(levels), rule).table) == clusters


def test_missing_dwellings_count_as_none_and_zero_everywhere_finds_nothing(make_scores):
    levels = country((5, 5, 8, 8))
    holed = np.full(levels.shape, 20.0)
    holed[7, 7] = np.nan
    result = lr.structural_clusters(make_scores(levels, dwellings=holed))
    assert labels_of(result)[7, 7] == 1
    assert result.table["dwellings"].iloc[0] == 20.0 * (result.table["cells"].iloc[0] - 1)
    with pytest.warns(LeefrasterWarning, match=r"minimum_dwellings is 250, .* hold 0 dwellings"):
        assert len(lr.structural_clusters(make_scores(levels, dwellings=0.0)).table) == 0


def test_a_cell_of_class_6_inside_is_left_out_and_one_in_a_gap_is_a_marked_bridge(make_scores):
    levels = country((5, 2, 8, 20))
    levels[8, 6] = 4.05
    levels[5:13, 12] = 4.05
    result = lr.structural_clusters(make_scores(levels))
    labels, bridge = labels_of(result), to_raster(result.cells["bridge"]).values
    assert len(result.table) == 1
    assert labels[8, 6] == 0
    assert labels[8, 12] == 1
    assert bridge[8, 12]
    assert result.table["bridge_cells"].iloc[0] == bridge.sum()
    classes = lr.classify(make_scores(levels)["level"].isel(year=-1)).values
    inside = result.labels.values > 0
    assert not (inside & (classes >= 6) & ~result.cells["bridge"].values).any()
    apart = lr.structural_clusters(make_scores(levels), lr.StructuralRule(bridge=0))
    assert len(apart.table) == 2
    assert apart.table["bridge_cells"].sum() == 0


def test_a_cluster_mostly_not_weak_itself_is_dropped(make_scores):
    levels = country((5, 5, 10, 10), level=3.95)
    levels[5:15:2, 5:15] = 3.90
    levels[5:15, 5:15:3] = 3.95
    scores = make_scores(levels)
    lax = lr.structural_clusters(scores, lr.StructuralRule(minimum_weak_share=0))
    assert 0 < lax.table["weak_share"].iloc[0] < 0.5
    assert len(lr.structural_clusters(scores).table) == 0


def test_states_follow_the_course_against_the_country(make_scores):
    levels = np.repeat(country(shape=(40, 40))[np.newaxis], 9, axis=0)
    when = np.array(YEARS)
    for row, slope, year, level in ((3, -0.02, 2002, 3.8), (16, 0.0, 2024, 3.8), (29, 0.02, 2024, 3.85)):
        levels[:, row : row + 8, 5:13] = (level + slope * (when - year))[:, None, None]
    scores = make_scores(levels, dwellings=np.where(levels[0] == FINE, 100.0, 20.0))
    result = lr.structural_clusters(scores).table.sort_values("cluster")
    assert result["state"].tolist() == ["diverging", "lagging", "catching up"]
    assert result["years_to_close"].isna().tolist()[:1] == [True]
    assert 0 < result["years_to_close"].iloc[2] <= 20


def test_a_state_against_the_same_urbanity_class_is_its_own(make_scores):
    when, wiggle = np.array(YEARS), np.tile([0.01, -0.01], 5)[:9]
    levels = np.repeat(country(shape=(24, 40))[np.newaxis], 9, axis=0)
    falls = (-0.03 * (when - 2024))[:, None, None]
    levels[:, :, :20] = 3.95 + falls  # cities fall as the cluster in them does
    levels[:, 5:13, 5:13] = 3.2 + falls + wiggle[:, None, None]
    urbanity = np.tile(np.where(np.arange(40) < 20, 1.0, 5.0), 24)
    weights = np.where(np.arange(40) < 20, 20.0, 200.0)
    scores = make_scores(levels, dwellings=weights, urbanity=("cell", urbanity))
    result = lr.structural_clusters(scores)
    row = result.table.iloc[0]
    assert (row["state"], row["state_urbanity"]) == ("diverging", "lagging")
    theirs = theilslopes(result.course["gap_urbanity"], when, alpha=0.95)
    found = [row[name] for name in ("slope_urbanity", "slope_urbanity_low", "slope_urbanity_high")]
    assert found == pytest.approx([theirs.slope, theirs.low_slope, theirs.high_slope], abs=1e-12)
    assert found[1] < 0 < found[2]
    assert row["slope"] == pytest.approx(-0.03 * 200 / 220, abs=0.002)
    levels[:, 5:13, 5:13] = 3.6  # the cities come down to it
    row = lr.structural_clusters(
        make_scores(levels, dwellings=weights, urbanity=("cell", urbanity))
    ).table.iloc[0]
    gap = row["gap_urbanity"]
    assert (row["state"], row["state_urbanity"]) == ("lagging", "catching up")
    assert row["years_to_close_urbanity"] == pytest.approx(-gap / row["slope_urbanity"])


@pytest.mark.parametrize("falls", [0.0, -0.004])
def test_a_cluster_that_is_not_below_its_class_is_ahead_of_it_whatever_its_course(make_scores, falls):
    levels = np.repeat(country((5, 2, 8, 8), (5, 20, 8, 8))[np.newaxis], 9, axis=0)
    levels[:, 5:13, 2:10] += (falls * (np.array(YEARS) - 2024))[:, None, None]
    levels[:, 5:13, 20:28] -= 0.4
    labels = lr.structural_clusters(make_scores(levels)).labels.values
    for alike, gap in ((labels == 1, 0.0), (labels > 0, 0.1)):  # its class alone, or with a far weaker place
        scores = make_scores(levels, urbanity=("cell", np.where(alike, 1.0, 5.0)))
        row = lr.structural_clusters(scores).table.set_index("cluster").loc[1]
        assert row["gap_urbanity"] == pytest.approx(0, abs=1e-12) if gap == 0 else row["gap_urbanity"] > gap
        assert row["state_urbanity"] == "ahead"
        assert np.isnan(row["years_to_close_urbanity"])
        assert row["state"] != "ahead"


def test_gaps_and_severity_equal_sums_by_hand(make_scores):
    rng = np.random.default_rng(2)
    levels = country((5, 5, 8, 8)) + rng.normal(0, 0.02, (9, 24, 30))
    dwellings = rng.integers(5, 60, (24, 30)).astype(float)
    urbanity = rng.integers(1, 4, 24 * 30).astype(np.float32)
    scores = make_scores(levels, dwellings=dwellings, urbanity=("cell", urbanity))
    result = lr.structural_clusters(scores)
    row = result.table.iloc[0]
    inside, weight = result.labels.values == 1, scores["dwellings"].values
    values = scores["level"].values[-1]
    mean = np.average(values[inside], weights=weight[inside])
    assert row["level"] == pytest.approx(mean)
    assert row["gap"] == pytest.approx(mean - np.average(values, weights=weight))
    peers = np.empty(values.size)
    for one in (1, 2, 3):
        peers[urbanity == one] = np.average(values[urbanity == one], weights=weight[urbanity == one])
    assert row["gap_urbanity"] == pytest.approx(mean - np.average(peers[inside], weights=weight[inside]))
    short = np.clip(CUTS[3] - values[inside], 0, None)
    assert row["severity"] == pytest.approx((weight[inside] * short).sum())
    assert row["weak_share"] == pytest.approx(
        weight[inside & (values <= CUTS[3])].sum() / weight[inside].sum()
    )
    assert row["x"] == pytest.approx(np.average(scores["x"].values[inside], weights=weight[inside]))
    course = result.course
    assert course["year"].tolist() == list(YEARS)
    assert course["gap"].iloc[-1] == row["gap"]
    np.testing.assert_allclose(course["gap"], course["level"] - course["country"])


def test_without_urbanity_scores_spots_or_areas_the_columns_say_so(make_scores):
    row = lr.structural_clusters(make_scores(country((5, 5, 8, 8)))).table.iloc[0]
    assert np.isnan(row["gap_urbanity"])
    assert row["state_urbanity"] == ""
    assert np.isnan(
        row[["slope_urbanity", "slope_urbanity_low", "years_to_close_urbanity"]].astype(float)
    ).all()
    assert np.isnan(row["cold_share"])
    assert row["weakest_dimension"] == row["second_dimension"] == row["name"] == ""


def test_the_dimensions_that_pull_down_most_are_named(make_scores):
    levels = country((5, 5, 8, 8))
    weak = (levels == WEAK).ravel()
    score = np.zeros((9, 3, levels.size))
    score[:, 0, weak], score[:, 1, weak], score[:, 2, weak] = -0.1, 0.2, -0.3
    scores = make_scores(levels, score=(("year", "dimension", "cell"), score))
    row = structural_clusters(scores.assign_coords(dimension=["won", "vrz", "onv"])).table.iloc[0]
    assert (row["weakest_dimension"], row["second_dimension"]) == ("onv", "won")
    assert row["gap_vrz"] > 0 > row["gap_won"] > row["gap_onv"]


def test_names_are_those_of_the_areas_with_most_dwellings(make_scores):
    levels = country((5, 5, 8, 8))
    column = np.tile(np.arange(30), 24)
    codes = np.where(column < 8, "BU01", "BU02")
    scores = make_scores(
        levels, neighbourhood=("cell", codes), municipality=("cell", np.full(levels.size, "GM01"))
    )
    assert lr.structural_clusters(scores).table["name"].tolist() == ["BU02, GM01"]
    table = pd.DataFrame({"code": ["BU02", "GM01"], "name": ["Zuid", "Stad"]})
    assert lr.structural_clusters(scores, names=table).table["name"].tolist() == ["Zuid, Stad"]
    assert lr.structural_clusters(scores, names={"BU02": "Zuid"}).table["name"].tolist() == ["Zuid, GM01"]
    with pytest.raises(UsageError, match="lacks column name"):
        lr.structural_clusters(scores, names=table[["code"]])


def test_cold_spots_are_reported_and_never_select(make_scores):
    scores = make_scores(country((5, 5, 8, 8)))
    plain = lr.structural_clusters(scores)
    spot = xr.zeros_like(plain.labels).astype(np.int8)
    spot[plain.labels == 1] = np.where(np.arange(int((plain.labels == 1).sum())) % 2, -2, 1)
    by_year = xr.concat([spot * 0, spot], dim="year").assign_coords(year=[2022, 2024])
    for given in (spot, by_year, to_raster(spot)):
        if "cell" in given.dims:
            result = lr.structural_clusters(scores, spot=given)
            assert result.table["cold_share"].iloc[0] == pytest.approx(0.5, abs=0.02)
            assert result.labels.equals(plain.labels)
    with pytest.raises(InputError, match="spot: must lie over the cells of the scores; 1 of 720"):
        lr.structural_clusters(scores, spot=spot.isel(cell=slice(1, None)))


def test_polygons_hold_exactly_the_squares_of_their_cells(make_scores):
    levels = country((2, 3, 8, 20))
    levels[4, 8], levels[2:10, 12] = 4.05, np.nan
    result = lr.structural_clusters(make_scores(levels))
    polygons = result.polygons
    assert polygons.crs == "EPSG:28992"
    assert polygons["cluster"].tolist() == result.table["cluster"].tolist()
    points = shapely.points(result.labels["x"].values, result.labels["y"].values)
    for number, shape in zip(polygons["cluster"], polygons.geometry, strict=True):
        inside = result.labels.values == number
        assert shape.is_valid
        assert shape.area == pytest.approx(inside.sum() * 10_000)
        np.testing.assert_array_equal(shapely.contains(shape, points), inside)


def test_fixed_cells_leave_out_those_that_came_later(make_scores):
    levels = np.repeat(country((5, 5, 8, 8))[np.newaxis], 9, axis=0)
    plain = lr.structural_clusters(make_scores(levels))
    levels[:3, 7:9, 6:12] = np.nan
    levels[3:, 7:9, 6:12] = 3.6
    result = lr.structural_clusters(make_scores(levels))
    row = result.table.iloc[0]
    assert row["fixed_share"] == pytest.approx(1 - 12 / row["cells"])
    assert result.course["level"].tolist() == pytest.approx(plain.course["level"].tolist())
    assert result.course["dwellings"].tolist() == [20.0 * row["cells"]] * 9


def test_the_gaps_of_the_dimensions_add_up_to_the_gap_where_cells_came_later(make_scores):
    rng = np.random.default_rng(4)
    levels = country((5, 5, 8, 8)) + rng.normal(0, 0.02, (9, 24, 30))
    levels[:3, 7:9, 6:12] = np.nan
    levels[3:, 7:9, 6:12] = 3.4
    share = rng.dirichlet([1.0, 1.0, 1.0], 720).T
    score = (levels[-1].ravel() - 4.0) * share
    scores = make_scores(
        levels, score=(("dimension", "cell"), score), dwellings=rng.integers(5, 60, (24, 30)) * 1.0
    )
    row = lr.structural_clusters(scores.assign_coords(dimension=["won", "vrz", "onv"])).table.iloc[0]
    assert row["fixed_share"] < 0.9
    assert row[["gap_won", "gap_vrz", "gap_onv"]].sum() == pytest.approx(row["gap"], abs=1e-12)


def test_errors_of_levels_ask_for_surety(make_scores):
    scores = make_scores(country((5, 5, 8, 8), level=CUTS[3] - 0.05))
    surely = scores.assign(level_error=("cell", np.full(720, 0.02)))
    hardly = scores.assign(level_error=("cell", np.full(720, 0.2)))
    assert len(lr.structural_clusters(surely).table) == 1
    assert len(lr.structural_clusters(hardly).table) == 0
    assert len(lr.structural_clusters(hardly, lr.StructuralRule(probability=0.5)).table) == 1


def test_order_of_rows_threads_and_kind_of_weights_do_not_change_a_bit(make_scores, monkeypatch):
    rng = np.random.default_rng(3)
    levels = country((4, 4, 9, 9), (14, 16, 8, 9)) + rng.normal(0, 0.1, (9, 24, 30))
    scores = make_scores(levels, dwellings=rng.integers(0, 60, (24, 30)).astype(float))
    first = lr.structural_clusters(scores)
    monkeypatch.setattr(jit, "_threads", 1)
    mixed = scores.isel(cell=rng.permutation(720), year=rng.permutation(9))
    again = lr.structural_clusters(mixed)
    by_year = lr.structural_clusters(
        scores.assign(dwellings=scores["dwellings"].expand_dims(year=scores["year"]))
    )
    for other in (again, by_year):
        pd.testing.assert_frame_equal(first.table, other.table, check_exact=True)
        pd.testing.assert_frame_equal(first.course, other.course, check_exact=True)
        assert first.cells.identical(other.cells)


def test_a_level_may_be_given_as_total_and_reference_or_on_a_raster(make_scores):
    scores = make_scores(country((5, 5, 8, 8)))
    reference = xr.DataArray(np.linspace(4.0, 4.2, 9), dims="year", coords={"year": list(YEARS)})
    split = scores.drop_vars("level").assign(total=scores["level"] - reference, reference=reference)
    expected = lr.structural_clusters(scores)
    assert lr.structural_clusters(split).labels.equals(expected.labels)
    raster = to_raster(scores)
    assert lr.structural_clusters(raster).labels.equals(expected.labels)
    assert from_raster(raster).sizes["cell"] == 720


def test_other_cells_and_cuts(make_scores):
    levels = country((5, 5, 8, 8)) * 10
    scores = make_scores(levels, cell=200.0)
    rule = lr.StructuralRule(radius=500, weak_class=1, bridge=400)
    assert len(lr.structural_clusters(scores, rule, cuts=[38.0, 40.0]).table) == 1
    only = lr.structural_clusters(scores, rule, cuts=[38.0])
    assert len(only.table) == 1


def test_nothing_weak_gives_empty_results_of_the_same_form(make_scores):
    some = lr.structural_clusters(make_scores(country((5, 5, 8, 8))))
    none = lr.structural_clusters(make_scores(country()))
    assert list(none.table.columns) == list(some.table.columns)
    assert none.table.dtypes.astype(str).tolist() == some.table.dtypes.astype(str).tolist()
    assert list(none.course.columns) == list(some.course.columns)
    assert len(none.table) == len(none.course) == len(none.polygons) == 0
    assert none.polygons.crs == "EPSG:28992"
    assert not none.labels.any()


def test_the_bias_of_selection_is_said(make_scores):
    result = lr.structural_clusters(make_scores(country((5, 5, 8, 8))))
    assert "biased by selection" in result.table.attrs["caveat"]
    assert "biased by selection" in result.labels.attrs["caveat"]
    assert result.labels.attrs["rule_radius"] == 250


def test_what_is_missing_is_named(make_scores):
    scores = make_scores(country((5, 5, 8, 8)))
    cases = {
        "at least 3 measurement years; the scores have 2": scores.isel(year=slice(2)),
        "at least 3 measurement years; the scores have 1": scores.isel(year=0, drop=True),
        "no 'dwellings'": scores.drop_vars("dwellings"),
        "no 'level'.*no 'total' and 'reference'": scores.drop_vars("level"),
        "no 'reference'": scores.rename(level="total"),
        "need scores over 'cell'": scores.drop_vars(["x", "y", "spatial_ref"]).rename(cell="area"),
    }
    for message, given in cases.items():
        with pytest.raises(UsageError, match=message):
            lr.structural_clusters(given)
    with pytest.raises(UsageError, match="latest_years is 10, but there are 9 years"):
        lr.structural_clusters(scores, lr.StructuralRule(latest_years=10))
    with pytest.raises(UsageError, match="weak_class is 4, but the cuts only bound classes 1 to 2"):
        lr.structural_clusters(scores, cuts=[3.0, 4.0])


def test_what_is_wrong_is_refused(make_scores):
    scores = make_scores(country((5, 5, 8, 8)))
    repeated = scores.assign_coords(year=[2002, 2002, *YEARS[2:]])
    cases = {
        "structural clusters: year 2002 occurs twice": repeated,
        "cell repeats; first: 0": scores.assign_coords(cell=[0, *range(719)]),
        "1 levels are infinite": scores.assign(level=scores["level"].where(scores["level"] < 9, 0)).assign(
            level=lambda s: s["level"].copy(data=_with(s["level"].values, np.inf))
        ),
        r"1 levels are larger than 1e\+100 in size, first -1e\+300": scores.assign(
            level=lambda s: s["level"].copy(data=_with(s["level"].values, -1e300))
        ),
        r"1 values of dwellings are larger than 1e\+100 in size, first 1e\+208": scores.assign(
            dwellings=("cell", _with(np.ones(720), 1e208))
        ),
        r"1 values of level_error are larger than 1e\+100 in size": scores.assign(
            level_error=("cell", _with(np.ones(720), 1e208))
        ),
        r"1 scores of dimension 'won' are larger than 1e\+100 in size, first -1e\+300": scores.assign(
            score=(("dimension", "cell"), _with(np.ones(720), -1e300)[np.newaxis])
        ).assign_coords(dimension=["won"]),
        "1 scores of dimension 'won' are infinite": scores.assign(
            score=(("dimension", "cell"), _with(np.ones(720), np.inf)[np.newaxis])
        ).assign_coords(dimension=["won"]),
        "dwellings: 1 of 720 values are negative": scores.assign(
            dwellings=("cell", _with(np.ones(720), -99997.0))
        ),
        "level_error: 1 of 720 values are negative": scores.assign(
            level_error=("cell", _with(np.ones(720), -1.0))
        ),
        "has dimension layer": scores.assign(dwellings=(("layer", "cell"), np.ones((2, 720)))),
    }
    for message, given in cases.items():
        with pytest.raises(InputError, match=message):
            lr.structural_clusters(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": {"radius": 100}}, "rule is a dict; it must be a StructuralRule"),
        ({"rule": None}, "rule is a NoneType; it must be a StructuralRule"),
        (
            {"rule": lr.StructuralRule(radius=50)},
            "StructuralRule: radius is 50 m, but cells are 100 m wide.*at least 100",
        ),
        ({"cuts": 3}, "cuts is 3; it must be ascending numbers"),
        ({"names": 3}, "names is a int; it must be a mapping"),
        ({"spot": 3}, "spot is a int; it must be a DataArray"),
    ],
)
def test_arguments_that_are_none_are_refused(make_scores, given, message):
    with pytest.raises(UsageError, match=message):
        lr.structural_clusters(make_scores(country((5, 5, 8, 8))), **given)


def test_scores_that_are_no_numbers_or_no_dataset_are_refused(make_scores):
    scores = make_scores(country((5, 5, 8, 8)))
    with pytest.raises(UsageError, match="given is a DataArray"):
        lr.structural_clusters(scores["level"])
    classes = scores.assign(urbanity=("cell", np.full(720, 3.0)))
    for name in ("level", "dwellings", "urbanity"):
        with pytest.raises(InputError, match=rf"{name} is of type <U\d+; it must be numbers"):
            lr.structural_clusters(classes.assign({name: classes[name].astype(str)}))
    for wrong in (9.0, 2.5, np.inf):
        urbanity = _with(np.full(720, 3.0), wrong)
        with pytest.raises(InputError, match=rf"urbanity holds {wrong:g} \(1 of 720 values\); classes are 1"):
            lr.structural_clusters(scores.assign(urbanity=("cell", urbanity)))
    without = [_with(np.full(720, 3.0), unknown) for unknown in (0.0, np.nan)]
    found = [lr.structural_clusters(scores.assign(urbanity=("cell", urbanity))).table for urbanity in without]
    pd.testing.assert_frame_equal(*found)


def test_a_rule_that_can_select_nothing_is_warned_of_with_the_numbers(make_scores):
    levels = np.repeat(country((5, 5, 8, 8))[np.newaxis], 9, axis=0)
    levels[:, 0, 0] = np.where(np.arange(9) < 2, 4.0, np.nan)  # a cell that no rule can select
    scores = make_scores(levels)
    unsure = scores.assign(level_error=(("year", "cell"), np.full((9, 720), np.nan)))
    gone = scores.assign(level=scores["level"].where(scores["year"] < 2022))
    cases = [
        (
            scores, lr.StructuralRule(minimum_dwellings=14_381),
            "minimum_dwellings is 14,381, and the 719 cells that can be judged hold 14,380 dwellings",
        ),
        (scores * np.nan, lr.StructuralRule(), "of 720 cells none has a level in 3 measurement years and in each"),
        (gone, lr.StructuralRule(latest_years=0), "of 720 cells none has a level.*the latest 1"),
        (unsure, lr.StructuralRule(), "of the 719 cells that can be judged none has a level_error"),
        (
            scores.assign(dwellings=scores["dwellings"].where(scores["year"] >= 2020)), lr.StructuralRule(),
            "cells with a level have dwellings in 3 of 9 measurement years.* in 7 at least, the latest 2 among",
        ),
        (
            scores.assign(dwellings=scores["dwellings"].where(scores["year"] != 2022)), lr.StructuralRule(),
            "cells with a level have dwellings in 8 of 9 measurement years",
        ),
        (
            scores.assign(dwellings=scores["dwellings"] * 0), lr.StructuralRule(minimum_dwellings=0),
            "cells with a level have dwellings in 0 of 9 measurement years",
        ),
    ]  # fmt: skip
    for given, rule, message in cases:
        for find in (lr.structural_clusters, lambda *a: lr.structural_sensitivity(*a, recomputations=1)):
            with pytest.warns(LeefrasterWarning, match=f"the rule can select nothing: {message}") as told:
                find(given, rule)
            assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lr.structural_clusters(scores, lr.StructuralRule(minimum_dwellings=14_380))
        seven = scores.assign(dwellings=scores["dwellings"].where(scores["year"] > 2008))
        assert len(lr.structural_clusters(seven).table) == 1


def _with(values: np.ndarray, wrong: float) -> np.ndarray:
    changed = values.copy()
    changed.flat[0] = wrong
    return changed
