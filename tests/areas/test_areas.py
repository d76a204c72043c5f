"""Areas: reading, cleaning, choosing, joining, and who is whose neighbour."""

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr
from made_areas import areas, blocks

from leefraster import Areas, InputError, UsageError, local_moran


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp", ".parquet"])
def test_every_format_gives_the_same_areas(tmp_path, suffix):
    file = tmp_path / f"areas{suffix}"
    frame = blocks()
    frame.to_parquet(file) if suffix == ".parquet" else frame.to_file(file)
    found = Areas.read(file, code="code", name="naam", level="block")
    assert found.codes.tolist() == ["A1", "A2", "B1", "B2"]
    assert found.names.tolist() == found.codes.tolist()
    assert found.levels == ["block"]
    assert found.frame.crs.to_epsg() == 28992
    assert shapely.equals(found.frame.geometry.to_numpy(), areas().frame.geometry.to_numpy()).all()


def test_levels_come_from_a_column_or_from_a_word():
    frame = blocks().assign(kind=["low", "low", "high", "high"])
    assert Areas.from_geopandas(frame, code="code", level="kind").levels == ["high", "low"]
    assert Areas.from_geopandas(frame, code="code", level="kinds").levels == ["kinds"]
    many = blocks(100)  # a column of names that is called like the level
    assert Areas.from_geopandas(many, code="code", level="naam").levels == ["naam"]
    both = Areas.from_geopandas(frame, code="code", level="kind")
    assert both.at("low").codes.tolist() == ["A1", "A2"]
    with pytest.raises(UsageError, match="no level 'middle'; it has high, low"):
        both.at("middle")


def test_water_is_left_out_by_rule_and_counted():
    frame = blocks().assign(water=["NEE", "JA", "NEE", "B"])
    found = Areas.from_geopandas(frame, code="code")
    assert (found.codes.tolist(), found.left_out) == (["A1", "B1"], 2)
    assert len(Areas.from_geopandas(frame, code="code", leave_out={"code": ["A1"]})) == 3
    with pytest.raises(InputError, match="no column 'wet' to leave out by"):
        Areas.from_geopandas(frame, code="code", leave_out={"wet": [1]})
    with pytest.raises(InputError, match="of 4 rows none is left"):
        Areas.from_geopandas(frame, code="code", leave_out={"code": ["A1", "A2", "B1", "B2"]})


def test_invalid_rings_are_repaired_and_counted():
    bow_tie = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    frame = geopandas.GeoDataFrame({"code": ["a"]}, geometry=[bow_tie], crs="EPSG:28992")
    found = Areas.from_geopandas(frame, code="code")
    assert found.repaired == 1
    assert found.frame.geometry.is_valid.all()
    assert found.frame.geometry.area.sum() == pytest.approx(5000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(code=["A1", "A1", "B1", "B2"]), r"1 codes occur more than once, first: \['A1'\]"),
        (lambda f: f.assign(code=["A1", " ", "B1", None]), "2 areas have no code"),
        (lambda f: f.drop(columns="code"), r"no column 'code' \(code\); it has naam"),
        (lambda f: f.set_geometry([shapely.Point(0, 0)] * 4), "4 areas have no surface"),
        (lambda f: f.set_geometry([None, *f.geometry[1:]]), r"1 areas have no surface .* first: \['A1'\]"),
    ],
)
def test_doubtful_polygons_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        Areas.from_geopandas(change(blocks()), code="code")


def test_a_crs_is_only_changed_when_asked():
    found = Areas.from_geopandas(blocks(), code="code", to_crs="EPSG:4326")
    assert found.frame.crs.to_epsg() == 4326
    with pytest.raises(InputError, match="has no CRS, so it cannot be brought to EPSG:4326"):
        Areas.from_geopandas(blocks(crs=None), code="code", to_crs="EPSG:4326")


def test_damaged_and_absent_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.gpkg: there is no such file"):
        Areas.read(tmp_path / "none.gpkg", code="code")
    file = tmp_path / "areas.gpkg"
    blocks().to_file(file)
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"areas\.gpkg \(3,000 bytes\): cannot be read"):
        Areas.read(file, code="code")


def test_layers_are_named_where_there_are_several(tmp_path):
    file = tmp_path / "two.gpkg"
    blocks().to_file(file, layer="one")
    blocks().to_file(file, layer="two")
    with pytest.raises(InputError, match=r"holds 2 layers \(one, two\)"):
        Areas.read(file, code="code")
    with pytest.raises(InputError, match="no layer 'three'; it holds one, two"):
        Areas.read(file, code="code", layer="three")
    assert len(Areas.read(file, code="code", layer="two")) == 4


def test_codes_are_chosen_and_unknown_ones_named_with_their_nearest():
    assert areas().select(["B2", "A1"]).codes.tolist() == ["A1", "B2"]
    with pytest.raises(UsageError, match=r"1 codes are not there: A3\. Near A3 are A"):
        areas().select(["A1", "A3"])
    for wrong in ("A1", None):
        with pytest.raises(UsageError, match=f"codes is {wrong!r}; it must be a list of codes"):
            areas().select(wrong)


def test_what_is_no_path_and_no_frame_is_refused():
    with pytest.raises(UsageError, match="path is a NoneType; it must be the path of a file of polygons"):
        Areas.read(None, code="code")
    with pytest.raises(UsageError, match="frame is a str; it must be a GeoDataFrame"):
        Areas.from_geopandas("areas.gpkg", code="code")


def test_small_areas_know_the_large_one_they_lie_in():
    large = blocks(500).assign(level="large", code=["W1", "W2", "E1", "E2"])
    small = blocks(250).assign(level="small")
    import pandas as pd

    both = Areas.from_geopandas(pd.concat([large, small]), code="code", level="level")
    parents = both.parents("large")
    assert parents.to_dict()["A1"] == "W1"
    assert parents.to_dict()["D4"] == "E2"
    assert parents.value_counts().to_dict() == {"W1": 4, "W2": 4, "E1": 4, "E2": 4}


def test_contiguity_nearest_and_band():
    three = areas(250)
    rook, queen = three.graph("rook"), three.graph("queen")
    assert sorted(rook["B2"].index) == ["A2", "B1", "B3", "C2"]
    assert sorted(queen["B2"].index) == ["A1", "A2", "A3", "B1", "B3", "C1", "C2", "C3"]
    assert three.graph("nearest", k=3).cardinalities.eq(3).all()
    assert sorted(three.graph("band", distance=250.0)["B2"].index) == ["A2", "B1", "B3", "C2"]


def test_borders_that_miss_each_other_by_less_than_the_tolerance_still_touch():
    frame = blocks(250)
    apart = Areas.from_geopandas(
        frame.set_geometry(frame.geometry.buffer(-2, join_style="mitre")), code="code"
    )
    assert apart.graph("queen").isolates.size == 16
    for kind in ("queen", "rook"):
        ours, whole = apart.graph(kind, tolerance=6.0), areas(250).graph(kind)
        assert {c: sorted(ours[c].index) for c in apart.codes} == {
            c: sorted(whole[c].index) for c in apart.codes
        }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "bishop"}, "kind is 'bishop'; allowed are 'queen', 'rook', 'nearest', 'band'"),
        ({"kind": "nearest", "k": 4}, "k is 4; it must be at least 1 and below the number of areas"),
        ({"kind": "band"}, "distance is None"),
        ({"tolerance": -1}, "tolerance is -1"),
    ],
)
def test_wrong_neighbours_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        areas().graph(**options)


def test_distances_are_not_measured_in_degrees():
    degrees = Areas.from_geopandas(blocks(), code="code", to_crs="EPSG:4326")
    with pytest.raises(UsageError, match="need areas in a projected CRS"):
        degrees.graph("nearest")


def test_results_go_back_on_the_polygons():
    chosen = areas(250)
    values = np.random.default_rng(1).normal(size=(2, 16))
    scores = xr.DataArray(
        values, dims=("year", "area"), coords={"year": [2020, 2024], "area": chosen.codes.astype(str)}
    )
    result = local_moran(scores, chosen.graph("rook"))
    joined = chosen.to_geopandas(result)
    assert joined["I_2024"].tolist() == result["I"].sel(year=2024).values.tolist()
    assert joined["code"].tolist() == chosen.codes.tolist()
    assert joined.crs == chosen.frame.crs
    with pytest.raises(InputError, match=r"1 codes of the result are no areas of frame: \['X9'\]"):
        chosen.to_geopandas(xr.Dataset({"a": ("area", [1.0])}, coords={"area": ["X9"]}))


def test_a_result_named_like_a_column_of_the_polygons_is_refused():
    result = xr.Dataset({"name": ("area", [1.0])}, coords={"area": ["A1"]})
    with pytest.raises(InputError, match="the result has a variable 'name', as the polygons have; rename it"):
        areas().to_geopandas(result)
