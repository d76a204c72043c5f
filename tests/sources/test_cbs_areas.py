"""CBS areas: three levels, water left out, one CRS, and each fault of a file that must not pass."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from leefraster.errors import InputError, UsageError
from leefraster.sources.cbs import read_areas

BOXES = [shapely.box(100_000 + 1_000 * i, 450_000, 101_000 + 1_000 * i, 451_000) for i in range(4)]
BOW_TIE = shapely.Polygon([(0, 0), (1_000, 1_000), (1_000, 0), (0, 1_000)])
FRAME = gpd.GeoDataFrame(
    {
        "gemeentecode": ["GM0003", "GM0001", "GM0003", "GM0002"],
        "gemeentenaam": ["C", "A", "C", "B"],
        "water": ["NEE", "NEE", "JA", "NEE"],
    },
    geometry=BOXES,
    crs="EPSG:28992",
)


def written(folder, frame, suffix=".gpkg"):
    path = folder / f"areas{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".geojson"])
def test_every_format(tmp_path, suffix):
    areas = read_areas(written(tmp_path, FRAME, suffix))
    assert areas["code"].tolist() == ["GM0001", "GM0002", "GM0003"]
    assert areas["name"].tolist() == ["A", "B", "C"]
    assert set(areas["level"]) == {"municipality"}
    assert areas.crs.to_epsg() == 28992
    assert areas.attrs == {
        "source": f"areas{suffix}",
        "rows": 4,
        "water_left_out": 1,
        "repaired": 0,
        "reprojected_from": "",
    }
    assert areas.geometry.iloc[2].centroid.x == pytest.approx(100_500)


def test_old_names_and_the_lowest_level(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "BU_CODE": ["BU00010000"],
            "BU_NAAM": ["Kern"],
            "WK_CODE": ["WK000100"],
            "GM_CODE": ["GM0001"],
            "WATER": ["NEE"],
        },
        geometry=BOXES[:1],
        crs="EPSG:28992",
    )
    path = written(tmp_path, frame)
    areas = read_areas(path)
    assert areas[["code", "name", "level"]].values.tolist() == [["BU00010000", "Kern", "neighbourhood"]]
    assert read_areas(path, level="district")["code"].tolist() == ["WK000100"]


def test_another_crs_is_refused_or_transformed_on_request(tmp_path):
    path = written(tmp_path, FRAME.to_crs(4326))
    with pytest.raises(InputError, match=r"EPSG:4326.*wanted EPSG:28992.*reproject=True"):
        read_areas(path)
    areas = read_areas(path, reproject=True)
    assert areas.attrs["reprojected_from"] == "EPSG:4326"
    assert areas.geometry.iloc[2].centroid.x == pytest.approx(100_500, abs=0.01)
    with pytest.raises(InputError, match="has no CRS"):
        read_areas(written(tmp_path, FRAME.set_crs(None, allow_override=True), ".parquet"), reproject=True)


def test_invalid_rings_are_repaired_and_counted(tmp_path):
    frame = FRAME[FRAME["water"] == "NEE"].copy()
    frame.geometry = [BOW_TIE, *frame.geometry[1:]]
    areas = read_areas(written(tmp_path, frame))
    assert areas.attrs["repaired"] == 1
    assert areas.is_valid.all()
    assert areas.geometry.iloc[2].area == pytest.approx(500_000)


def test_water_is_kept_on_request_and_then_repeats_codes(tmp_path):
    path = written(tmp_path, FRAME)
    with pytest.raises(InputError, match=r"1 codes occur more than once, first: .'GM0003'"):
        read_areas(path, keep_water=True)
    with pytest.raises(InputError, match="'water' holds MISSCHIEN; known are NEE, JA and B"):
        read_areas(written(tmp_path, FRAME.replace("JA", "misschien")))


def test_names_and_water_from_a_table(tmp_path):
    table = pd.DataFrame(FRAME.drop(columns="geometry"))
    bare = FRAME[["gemeentecode", "geometry"]]
    (tmp_path / "a").mkdir()
    path = written(tmp_path / "a", bare)
    table.to_csv(tmp_path / "same.csv", index=False)
    areas = read_areas(path, table=tmp_path / "same.csv")
    assert areas["name"].tolist() == ["A", "B", "C"]
    assert areas.attrs["water_left_out"] == 1
    table.iloc[::-1].to_csv(tmp_path / "turned.csv", index=False)
    with pytest.raises(InputError, match=r"1 codes occur more than once, first GM0003.*cannot be matched"):
        read_areas(path, table=tmp_path / "turned.csv")
    land = table[table["water"] == "NEE"]
    path = written(tmp_path / "a", bare[(table["water"] == "NEE").to_numpy()], ".geojson")
    land.iloc[::-1].to_csv(tmp_path / "land.csv", index=False)
    assert read_areas(path, table=tmp_path / "land.csv")["name"].tolist() == ["A", "B", "C"]
    land.iloc[1:].to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(InputError, match=r"no row for 1 of the areas .*GM0003"):
        read_areas(path, table=tmp_path / "short.csv")


def test_levels_and_codes_that_do_not_fit_are_refused(tmp_path):
    path = written(tmp_path, FRAME)
    with pytest.raises(UsageError, match="level is 'street'; allowed are 'neighbourhood', 'district'"):
        read_areas(path, level="street")
    with pytest.raises(InputError, match=r"no column of district codes \(wijkcode, wk_code\)"):
        read_areas(path, level="district")
    with pytest.raises(InputError, match=r"1 of 3 codes in 'gemeentecode' do not begin with GM.*'WK0001'"):
        read_areas(written(tmp_path, FRAME.replace("GM0001", "WK0001")))
    with pytest.raises(InputError, match="no column of area codes"):
        read_areas(written(tmp_path, FRAME[["gemeentenaam", "geometry"]], ".geojson"))


def test_a_file_cut_off_is_refused(tmp_path):
    path = written(tmp_path, FRAME)
    path.write_bytes(path.read_bytes()[:3_000])
    with pytest.raises(InputError, match=r"3,?000 bytes"):
        read_areas(path)
    with pytest.raises(InputError, match="no such file"):
        read_areas(tmp_path / "none.gpkg")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "level", "count", "water"),
    [
        ("buurt", "neighbourhood", 625, 0),
        ("wijk", "district", 969, 0),
        ("gemeente", "municipality", 342, 81),
    ],
)
def test_real_areas(shared_data, name, level, count, water):
    folder = shared_data / "cbs_100m_rijnmond_2024"
    table = folder / f"{name}_2024_stats.parquet"
    areas = read_areas(folder / f"{name}_2024.geojson", table=table, reproject=True)
    assert len(areas) == count
    assert set(areas["level"]) == {level}
    assert areas.attrs["water_left_out"] == water
    assert areas["code"].is_unique
    assert (areas["name"] != "").all()
    west, south, east, north = areas.total_bounds
    assert 0 < west < east < 300_000
    assert 300_000 < south < north < 630_000
