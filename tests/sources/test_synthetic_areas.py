"""Areas and programme areas of the demonstration country."""

import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from leefraster.sources import synthetic
from leefraster.sources.synthetic.administration import _two
from leefraster.sources.synthetic.names import names

LEVELS = ("neighbourhood", "district", "municipality")


@pytest.fixture(scope="module")
def full():
    return synthetic.country(seed=0)


@pytest.fixture(scope="module")
def small():
    return synthetic.country(seed=5, cells=20_000)


def test_numbers_of_areas_are_those_of_a_country(full):
    counts = full.areas["level"].value_counts()
    assert 12_000 <= counts["neighbourhood"] <= 14_000
    assert 2_700 <= counts["district"] <= 3_300
    assert 320 <= counts["municipality"] <= 345
    assert full.areas.crs.to_epsg() == 28992
    assert list(full.areas.columns) == ["code", "name", "level", "geometry"]


def test_codes_are_well_formed_unique_and_nested(full):
    scores = full.scores
    patterns = {
        "neighbourhood": r"BU[0-9A-Z]{8}",
        "district": r"WK[0-9A-Z]{6}",
        "municipality": r"GM[0-9]{4}",
    }
    for level in LEVELS:
        codes = full.areas.loc[full.areas["level"] == level, "code"]
        assert codes.is_unique
        assert all(re.fullmatch(patterns[level], code) for code in codes)
    bu, wk, gm = (scores[level].values for level in LEVELS)
    frame = pd.DataFrame({"bu": bu, "wk": wk, "gm": gm}).drop_duplicates()
    assert (frame["bu"].str[2:8] == frame["wk"].str[2:]).all()
    assert (frame["wk"].str[2:6] == frame["gm"].str[2:]).all()
    assert frame["bu"].is_unique


def test_numbers_beyond_99_take_letters():
    assert [_two(n) for n in (0, 7, 99, 100, 135, 136)] == ["00", "07", "99", "A0", "AZ", "B0"]
    assert len({_two(n) for n in range(1_000)}) == 1_000


@pytest.mark.parametrize("level", LEVELS)
def test_polygons_hold_exactly_the_cells_that_carry_their_code(small, level):
    areas = small.areas[small.areas["level"] == level]
    centres = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(small.scores["x"].values, small.scores["y"].values), crs=28992
    )
    joined = gpd.sjoin(centres, areas, predicate="within")
    assert len(joined) == small.scores.sizes["cell"]
    assert joined.index.is_unique
    assert (joined["code"].values == small.scores[level].values[joined.index]).all()


def test_each_level_partitions_the_same_land(small):
    sizes = {}
    for level in LEVELS:
        shapes = small.areas.loc[small.areas["level"] == level, "geometry"]
        assert shapes.is_valid.all()
        whole = shapes.union_all()
        assert shapes.area.sum() == pytest.approx(whole.area, rel=1e-6)
        sizes[level] = whole.area
    assert sizes["neighbourhood"] == pytest.approx(sizes["municipality"], rel=1e-9)
    assert sizes["district"] == pytest.approx(sizes["municipality"], rel=1e-9)


def test_names_are_different_within_a_level(full):
    for level in LEVELS:
        assert full.areas.loc[full.areas["level"] == level, "name"].is_unique
    many = names(np.random.default_rng(0), 14_000)
    assert len(set(many)) == 14_000


@pytest.mark.real_data
def test_no_name_or_code_is_a_real_one(full, shared_data):
    real = pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv")
    towns = json.loads((shared_data / "lbm_buurten_2024" / "gemeenten.geojson").read_text())
    words = " ".join([*real["bu_naam"], json.dumps([f["properties"] for f in towns["features"]])]).lower()
    known = set(re.findall(r"\w+", words))
    assert not {name.lower() for name in full.areas["name"]} & known
    assert not set(full.areas["code"]) & set(real["bu_code"])


def test_focus_areas_cover_most_clusters_and_some_other_places(full):
    areas = full.focus_areas
    assert list(areas.columns) == ["code", "name", "geometry"]
    assert areas.crs.to_epsg() == 28992
    assert len(areas) == 20
    assert areas["code"].is_unique
    assert areas.is_valid.all()
    weight, labels = full.scores["dwellings"].values, full.planted.values
    inside = labels > 0
    x, y = full.scores["x"].values[inside], full.scores["y"].values[inside]
    hits = np.array([shapely.contains_xy(area, x, y) for area in areas.geometry])
    touches = hits.any(axis=1)
    assert 12 <= touches.sum() < 20
    covered = np.bincount(
        labels[inside][hits.any(axis=0)], weights=weight[inside][hits.any(axis=0)], minlength=21
    )
    share = covered[1:] / np.bincount(labels, weights=weight)[1:]
    assert (share > 0.7).sum() >= 12
    assert (share == 0).sum() >= 1
