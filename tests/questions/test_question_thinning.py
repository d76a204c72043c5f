"""Thinning: verdicts on made countries, places against brute force, limits against a loop, laws, messages."""

import doctest
import importlib

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_thin_countries import thin_country

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.questions.jackknife import critical_value
from leefraster.questions.thinning_places import find_places
from leefraster.questions.wording import number

thinning, ThinPlaces = lr.questions.thinning, lr.questions.ThinPlaces


@pytest.mark.parametrize(
    ("changes", "sd", "verdict"),
    [
        ({"thin": -0.02}, 0.0005, "holds"),
        ({"thin": -0.02, "near": -0.01, "dense": 0.001}, 0.0005, "holds"),
        ({"thin": -0.02, "near": -0.02, "dense": -0.02}, 0.0005, "mixed"),
        ({"thin": 0.0, "near": 0.02, "dense": 0.02}, 0.0005, "mixed"),
        ({"thin": 0.02}, 0.0005, "does not hold"),
        ({}, 0.0001, "does not hold"),
        ({"thin": 0.02, "near": 0.02, "dense": 0.02}, 0.0001, "does not hold"),
        ({}, 0.02, "cannot be said"),
        ({"thin": -0.001}, 0.01, "cannot be said"),
    ],
)
def test_verdict_on_countries_made_for_it(changes, sd, verdict):
    answer = thinning(thin_country(**changes, sd=sd))
    assert answer.verdict == verdict, answer.sentence["en"]
    assert len(answer.table) == 4


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda s: s.sel(year=[2024]), "one measurement year (2024)"),
        (lambda s: s.drop_vars("score"), "scores by dimension and year (score) are missing"),
        (lambda s: s.sel(dimension=["onv"]), "dimension vrz is missing; given: onv"),
        (
            lambda s: s.assign(version=("year", ["2.0", "3.0"])),
            "of version 2.0 and those of 2024 of version 3.0",
        ),
        (lambda s: s.drop_vars(["x", "y"]), "coordinates (x, y in metres) are missing"),
        (lambda s: s.drop_vars("inhabitants"), "counts (inhabitants) are missing for 2014"),
        (lambda s: s.drop_vars(["inhabitants", "urbanity"]), "urbanity class (urbanity) is missing for 2014"),
        (lambda s: s.drop_vars("dwellings"), "weights (dwellings) are missing for 2014"),
        (
            lambda s: s.assign(inhabitants=s.inhabitants / 2),
            "no centre was found with at least 50,000 inhabitants",
        ),
        (lambda s: s.isel(cell=(s.x.values < 15_000) & (s.y.values < 15_000)), "have 61 units with a score"),
        (
            lambda s: s.assign(score=s.score.where((s.y < 9_000) & (s.x < 9_000))),
            "have 0 units with a score",
        ),
        (lambda s: s.assign(municipality=s.municipality.str[:5]), "lie in 7 municipalities"),
    ],
)
def test_cannot_be_said_names_what_is_missing(spoil, missing):
    spoilt = spoil(thin_country(thin=-0.02))
    answer = thinning(spoilt, minimum_blocks=8 if "municipalities" in missing else 5)
    assert answer.verdict == "cannot be said"
    assert missing in answer.sentence["en"]
    assert answer.sentence["nl"].startswith("Niet te zeggen: ")


def test_what_is_left_open_is_told_with_its_figures_and_caveats():
    answer = thinning(thin_country(sd=0.02))
    row = answer.table.iloc[0]
    assert answer.sentence["nl"].startswith("Niet te zeggen: de verandering tussen 2014 en 2024")
    assert number(float(row["low"]), 4, "nl") in answer.sentence["nl"]
    assert answer.sentence["en"].endswith("show no fall of at least 0.001, but do not rule one out.")
    assert len(answer.caveats) == len(answer.caveats_nl) == 5


def test_no_centre_given_is_no_answer():
    answer = thinning(thin_country(thin=-0.02), centres=np.empty((0, 2)))
    assert "not one centre was given" in answer.sentence["en"]


def brute_places(scores, rule):
    """Density, sparse cells and distances to centres by all pairs and a growing group."""
    x, y, people = (scores[name].values for name in ("x", "y", "inhabitants"))
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    density = (apart <= rule.radius) @ people / (np.pi * (rule.radius / 1000) ** 2)
    todo, centre = set(np.flatnonzero(density >= rule.centre_from).tolist()), []
    number = 0
    while todo:
        group = [todo.pop()]
        for one in group:
            joined = {other for other in todo if apart[one, other] <= rule.centre_gap}
            todo -= joined
            group += sorted(joined)
        if people[group].sum() >= rule.centre_size:
            centre += group
            number += 1
    distance = apart[:, centre].min(axis=1) if centre else np.full(x.size, np.inf)
    return density, density < rule.sparse_below, distance, number


@given(seed=st.integers(0, 2**20), gap=st.sampled_from([50.0, 100.0, 150.0, 300.0]), size=st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_places_are_those_of_brute_force(seed, gap, size):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(900, 250, replace=False))
    people = rng.integers(0, 8, 250) ** 2.0
    scores = xr.Dataset(
        {"inhabitants": ("cell", people)}, coords=cell_coordinates(lr.Grid(0, 3000, 30, 30), ids)
    )
    rule = ThinPlaces(radius=250, sparse_below=350, centre_from=800, centre_gap=gap, centre_size=size)
    found = find_places(scores, rule, 2014, None)
    density, sparse, distance, number = brute_places(scores, rule)
    np.testing.assert_allclose(found.density, density, rtol=1e-12)
    assert found.sparse.tolist() == sparse.tolist()
    np.testing.assert_allclose(found.distance, distance, rtol=1e-12)
    assert found.centres == number


def test_limits_are_those_of_leaving_out_every_municipality_by_a_loop():
    scores = thin_country(thin=-0.02, near=-0.01, sd=0.003)
    answer = thinning(scores)
    x, w = scores.score.sel(dimension="vrz").values, scores.dwellings.values
    thin, place = np.isfinite(answer.map.values), scores.municipality.values
    change = x[1] - x[0]

    def means(kept):
        return np.array([np.average(change[kept & g], weights=w[kept & g]) for g in (thin, ~thin)])

    def apart(pair):
        return np.array([pair[0], pair[0] - pair[1]])

    names = np.unique(place)
    without = np.array([apart(means(place != name)) for name in names])
    error = np.sqrt((names.size - 1) / names.size * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    sums = [np.array([w[g & (place == name)].sum() for name in names]) for g in (thin, ~thin)]
    effective = [one.sum() ** 2 / (one**2).sum() for one in sums]
    whole = apart(means(np.ones(thin.size, bool)))
    for row, key, k, freedom in (
        (answer.table.iloc[0], "change", 0, effective[0]),
        (answer.details["against"].iloc[0], "difference", 1, min(effective)),
    ):
        reach = critical_value(freedom, 0.95) * error[k]
        found = [row[key], row["low"], row["high"]]
        assert found == pytest.approx([whole[k], whole[k] - reach, whole[k] + reach], abs=1e-12)


def test_table_counts_and_ends():
    scores = thin_country(thin=-0.02)
    answer = thinning(scores)
    table = answer.table.set_index("group")
    thin = np.isfinite(answer.map.values)
    assert table.index.tolist() == ["thin", "rest", "sparse, near", "not sparse"]
    assert table.loc["thin", "units"] == thin.sum()
    assert table.loc["thin", "weight"] == scores.dwellings.values[thin].sum()
    assert table["units"].iloc[:2].sum() == scores.sizes["cell"]
    assert table.loc["rest", "units"] == table.loc[["sparse, near", "not sparse"], "units"].sum()
    start = np.average(scores.score.values[0, 0][thin], weights=scores.dwellings.values[thin])
    assert table.loc["thin", "contribution_start"] == pytest.approx(start)
    level = np.average(scores.level.values[1][thin], weights=scores.dwellings.values[thin])
    assert answer.details["level"]["level_end"].iloc[0] == pytest.approx(level)
    np.testing.assert_allclose(
        table["contribution_end"] - table["contribution_start"], table["change"], rtol=0, atol=1e-12
    )


def test_sentence_tells_the_figures_of_the_table():
    answer = thinning(thin_country(thin=-0.02, near=-0.005, dense=0.002), regions="municipality")
    row, other = answer.table.iloc[0], answer.details["against"].iloc[0]
    for language in ("nl", "en"):
        text = answer.sentence[language]
        for value in (row["change"], row["low"], row["high"]):
            assert number(float(value), 4, language) in text
        for value in (row["contribution_start"], row["contribution_end"]):
            assert number(float(value), 3, language) in text
        for value in (other["difference"], other["low"], other["high"]):
            assert number(float(value), 4, language) in text
        assert number(float(row["weight"]), 0, language) in text
    assert "ver van het enige centrum" in answer.sentence["nl"]
    assert "geen van de regio's liggen er genoeg" in answer.sentence["nl"]


def by_side(change_west, change_east, **options):
    """A country whose amenities change in the east other than in the west, with the side as region."""
    scores = thin_country(**options)
    east = (scores.x.values > 20_000) & (scores.urbanity.values == 5)
    scores["score"][1, 0] += np.where(east, change_east, change_west * (scores.urbanity.values == 5))
    return scores.assign(side=("cell", np.where(scores.x.values > 20_000, "east", "west")))


@pytest.mark.parametrize(
    ("west", "east", "verdict", "courses"),
    [
        (-0.02, -0.02, "holds", {"east": "fell", "west": "fell"}),
        (0.02, -0.04, "mixed", {"east": "fell", "west": "rose"}),
        (-0.02, 0.03, "mixed", {"east": "rose", "west": "fell"}),
        (0.02, 0.02, "does not hold", {"east": "rose", "west": "rose"}),
    ],
)
def test_regions_have_rows_of_their_own_and_may_make_it_mixed(west, east, verdict, courses):
    answer = thinning(by_side(west, east), regions="side")
    assert answer.verdict == verdict
    rows = answer.details["regions"].set_index("region")
    assert rows["course"].to_dict() == courses
    assert rows["units"].sum() == answer.table["units"].iloc[0]


def test_limits_of_regions_hold_together():
    scores = by_side(-0.02, -0.02, sd=0.003)
    both = thinning(scores, regions="side").details["regions"].set_index("region")
    alone = scores.assign(side=scores.side.where(scores.side == "east", ""))
    one = thinning(alone, regions="side").details["regions"].set_index("region")
    assert one.loc["east", "low"] > both.loc["east", "low"]
    assert one.loc["east", "change"] == both.loc["east", "change"]
    assert "unit lie in none" not in " ".join(thinning(scores, regions="side").caveats)
    assert any("units lie in none of the regions" in text for text in thinning(alone, regions="side").caveats)


def areas(*rows, level="region", crs="EPSG:28992"):
    frame = geopandas.GeoDataFrame(
        {"code": [row[0] for row in rows]}, geometry=[shapely.box(*row[1:]) for row in rows], crs=crs
    )
    return lr.Areas.from_geopandas(frame, code="code", level=level)


def test_regions_as_polygons_are_those_of_the_codes():
    scores = by_side(-0.02, 0.03)
    sides = areas(("west", 0, 0, 20_000, 40_000), ("east", 20_000, 0, 40_000, 40_000))
    drawn = thinning(scores, regions=sides).details["regions"]
    pd.testing.assert_frame_equal(drawn, thinning(scores, regions="side").details["regions"])


def test_centres_given_as_points_and_areas():
    scores = thin_country(thin=-0.02)
    found = thinning(scores)
    dense = lr.density(scores.inhabitants, 1000).values >= 1500
    points = pd.DataFrame({"x": scores.x.values[dense], "y": scores.y.values[dense]})
    given = thinning(scores, centres=points)
    pd.testing.assert_frame_equal(given.table, found.table)
    assert given.inputs["centres_given"]
    assert given.inputs["number_of_centres"] == dense.sum()
    city, town = (500, 500, 5500, 5500), (34_000, 34_000, 36_000, 36_000)
    drawn = thinning(scores, centres=areas(("city", *city), ("town", *town)))
    x, y = scores.x.values, scores.y.values
    away = [
        np.hypot(np.maximum(np.maximum(w - x, x - e), 0), np.maximum(np.maximum(s - y, y - n), 0))
        for w, s, e, n in (city, town)
    ]
    sparse = lr.density(scores.inhabitants, 1000).values < 300
    assert np.isfinite(drawn.map.values).tolist() == (sparse & (np.minimum(*away) > 10_000)).tolist()
    assert "alle 2 centra" in drawn.sentence["nl"]


def test_by_urbanity_cells_and_areas_give_the_same():
    scores = thin_country(thin=-0.02)
    cells = thinning(scores, places=ThinPlaces(measure="urbanity"))
    assert "stedelijkheidsklasse 5, niet stedelijk; verder dan 10 km van elk centrum" in cells.sentence["nl"]
    towns = scores.drop_vars(["spatial_ref", "cell"]).rename(cell="area")
    towns = towns.assign_coords(area=[f"a{i:05d}" for i in range(towns.sizes["area"])])
    as_areas = thinning(towns)
    assert as_areas.inputs["places_measure"] == "urbanity"
    pd.testing.assert_frame_equal(as_areas.table, cells.table)
    sparse = scores.urbanity.values == 5
    assert cells.table["units"].iloc[3] == (~sparse).sum()
    refused = thinning(towns, places=ThinPlaces(measure="density"))
    assert "do not lie on a grid" in refused.sentence["en"]


@given(seed=st.integers(0, 2**20), shift=st.floats(-1, 1))
@settings(max_examples=10, deadline=None)
def test_neither_order_nor_labels_nor_a_constant_matter(seed, shift):
    scores = thin_country(thin=-0.02, sd=0.002)
    rng = np.random.default_rng(seed)
    plain = thinning(scores).table
    turned = scores.isel(cell=rng.permutation(scores.sizes["cell"]), year=[1, 0])
    pd.testing.assert_frame_equal(thinning(turned).table, plain)
    names = dict(zip(np.unique(scores.municipality), rng.permutation(64).astype(str), strict=True))
    named = scores.assign(municipality=("cell", [names[one] for one in scores.municipality.values]))
    raised = named.assign(score=named.score + shift)
    columns = ["change", "low", "high", "units", "weight"]
    np.testing.assert_allclose(thinning(raised).table[columns], plain[columns], rtol=0, atol=1e-12)


def test_a_change_of_all_places_moves_the_change_and_not_the_difference():
    scores = thin_country(thin=-0.02, sd=0.002)
    moved = scores.copy(deep=True)
    moved["score"][1] += 0.3
    one, other = thinning(scores), thinning(moved)
    np.testing.assert_allclose(other.table["change"], one.table["change"] + 0.3)
    columns = ["difference", "low", "high"]
    np.testing.assert_allclose(other.details["against"][columns], one.details["against"][columns], atol=1e-12)


def test_shifted_coordinates_give_the_same():
    towns = thin_country(thin=-0.02).drop_vars(["spatial_ref", "cell"]).rename(cell="area")
    towns = towns.assign_coords(area=np.arange(towns.sizes["area"]))
    moved = towns.assign_coords(x=towns.x + 123_000.0, y=towns.y - 7_000.0)
    pd.testing.assert_frame_equal(thinning(moved).table, thinning(towns).table)


def test_other_thresholds_are_shown_and_are_those_of_asking():
    scores = thin_country(thin=-0.02)
    rows = thinning(scores).details["definitions"]
    assert rows["far"].tolist() == [10_000, 5_000, 20_000, 10_000, 10_000]
    assert rows["sparse_below"].tolist() == [300, 300, 300, 150, 600]
    for row in rows.itertuples():
        asked = thinning(scores, places=ThinPlaces(far=row.far, sparse_below=row.sparse_below))
        assert asked.table["change"].iloc[0] == pytest.approx(row.change, abs=1e-12)
        assert asked.table["units"].iloc[0] == row.units
        assert asked.details["against"]["difference"].iloc[0] == pytest.approx(row.difference, abs=1e-12)


def test_cells_without_a_score_or_population_are_counted():
    scores = thin_country(thin=-0.02)
    scores["score"][1, 0, :11] = np.nan
    scores["dwellings"][11:14] = np.nan
    answer = thinning(scores)
    assert any("14 of 9,95" in text or "14 of 10," in text for text in answer.caveats)
    assert len(answer.caveats) == len(answer.caveats_nl)


def test_every_column_has_a_title():
    answer = thinning(by_side(-0.02, -0.02), regions="side")
    for frame in (answer.table, *answer.details.values()):
        assert set(frame.columns) <= set(answer.columns)
    assert set(answer.details) == {"against", "definitions", "regions", "level"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"measure": "feeling"}, r"measure is 'feeling', it must be 'density', 'urbanity' or None"),
        ({"count": ""}, r"count is '', it must be the name of a variable"),
        ({"radius": 0}, r"radius is 0, it must be above 0 \(metres\)"),
        ({"far": float("nan")}, r"far is nan, it must be above 0 \(metres\)"),
        ({"sparse_below": -1}, r"sparse_below is -1, it must be above 0 \(per km2\)"),
        ({"sparse_below": 2000}, r"sparse_below is 2000, it must be at most centre_from \(1500 per km2\)"),
        ({"centre_size": -5}, r"centre_size is -5, it must be 0 or more"),
        ({"sparse_class": 6}, r"sparse_class is 6, it must be a class from 1 to 5"),
        ({"sparse_class": 2}, r"sparse_class is 2, it must be above centre_class \(2\)"),
    ],
)
def test_a_rule_outside_its_range_is_refused(values, message):
    with pytest.raises(lr.UsageError, match=f"ThinPlaces: {message}"):
        ThinPlaces(**values)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"confidence": 1.0}, lr.UsageError, "confidence is 1; it must lie between 0 and 1"),
        ({"start": 2015}, lr.UsageError, "start is 2015; measured are 2014, 2024"),
        ({"start": 2024}, lr.UsageError, "start is 2024 and end 2024; start must come before end"),
        ({"end": 2014}, lr.UsageError, "start is 2014 and end 2014"),
        (
            {"regions": "corop"},
            lr.UsageError,
            "regions is 'corop'; the scores hold over cell: .*municipality",
        ),
        ({"places": {"far": 5}}, lr.UsageError, "places is a dict; it must be an lr.questions.ThinPlaces"),
        ({"regions": 5}, lr.UsageError, "regions is a int; it must be an lr.Areas"),
        ({"centres": np.zeros(3)}, lr.UsageError, r"points is a ndarray of shape \(3,\)"),
        ({"centres": areas(("a", 0, 0, 1, 1), crs="EPSG:4326")}, lr.InputError, "centres .*wanted"),
        ({"regions": areas(("a", 0, 0, 1, 1), crs="EPSG:4326")}, lr.InputError, "regions .*wanted"),
        ({"blocks": "streets"}, lr.UsageError, "blocks is 'streets'"),
    ],
)
def test_misuse_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        thinning(thin_country(thin=-0.02), **options)


def test_population_is_that_of_the_start_and_a_rule_may_hold_numpy_numbers():
    scores = thin_country(thin=-0.02)
    emptied = xr.concat([scores.inhabitants, scores.inhabitants * 0 + 1], dim="year")
    plain, dated = thinning(scores), thinning(scores.assign(inhabitants=emptied))
    pd.testing.assert_frame_equal(dated.table, plain.table)
    same = thinning(scores, places=ThinPlaces(far=np.int64(10_000), sparse_below=np.float32(300)))
    pd.testing.assert_frame_equal(same.table, plain.table)


def test_regions_of_two_levels_and_negative_counts_are_refused():
    scores = thin_country(thin=-0.02)
    frame = pd.concat([areas(("a", 0, 0, 9, 9)).frame, areas(("b", 0, 0, 9, 9), level="deal").frame])
    two = lr.Areas.from_geopandas(frame, code="code", level="level")
    with pytest.raises(
        lr.UsageError, match=r"regions has levels deal, region; name one with regions=areas.at"
    ):
        thinning(scores, regions=two)
    scores["inhabitants"][3] = -5
    with pytest.raises(lr.InputError, match="inhabitants holds -5 in 2014; counts are not negative"):
        thinning(scores)


@pytest.mark.parametrize("name", ["thinning", "thinning_places"])
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(f"leefraster.questions.{name}")).failed == 0
