"""CBS squares: every format and generation of names, and each fault of a file that must not pass."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import leefraster as lr
from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.sources.cbs import read_squares
from leefraster.sources.cbs.columns import COLUMNS

GRID = lr.Grid.netherlands()
CODES = ["E0973N4514", "E0974N4514", "E0975N4514", "E0976N4515"]
TABLE = pd.DataFrame(
    {
        "crs28992res100m": CODES,
        "aantal_inwoners": [0, 5, 40, 120],
        "aantal_woningen": [0, -99997, 20, 55],
        "percentage_koopwoningen": [-99995, -99997, 40, 0],
        "gemiddelde_huishoudensgrootte": [-99997.0, -99997.0, 2.1, 1.7],
    }
)
SUPPRESSED, NOT_AVAILABLE, MISSING = 1, 2, 3


def squares(codes, side=100, shift=(0, 0)):
    corner = [(int(code[1:5]) * 100 + shift[0], int(code[6:]) * 100 + shift[1]) for code in codes]
    return [shapely.box(x, y, x + side, y + side) for x, y in corner]


def written(folder, table, suffix, shift=(0, 0), crs="EPSG:28992"):
    path = folder / f"squares{suffix}"
    if suffix == ".csv":
        table.to_csv(path, index=False)
    elif suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        gpd.GeoDataFrame(table, geometry=squares(table.iloc[:, 0], 100, shift), crs=crs).to_file(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".gpkg"])
def test_every_format_reads_alike(tmp_path, suffix):
    data = read_squares(written(tmp_path, TABLE, suffix), columns="all")
    assert data["cell"].values.tolist() == sorted(GRID.cell_from_code(CODES).tolist())
    at = dict(zip(GRID.code_from_cell(data["cell"].values), range(4), strict=True))
    order = [at[code] for code in CODES]
    assert set(data.data_vars) == {
        name + part
        for name in ("inhabitants", "dwellings", "owner_occupied", "household_size")
        for part in ("", "_quality")
    }
    np.testing.assert_array_equal(data["dwellings"].values[order], [0, np.nan, 20, 55])
    assert data["dwellings_quality"].values[order].tolist() == [0, SUPPRESSED, 0, 0]
    assert data["owner_occupied_quality"].values[order].tolist() == [NOT_AVAILABLE, SUPPRESSED, 0, 0]
    assert data["dwellings_quality"].attrs["flag_meanings"] == "value suppressed not_available missing"
    assert data["dwellings"].attrs["suppressed"] == 1
    assert lr.grid_of(data) == GRID


def test_names_units_and_rounding_stand_in_the_attrs(tmp_path):
    data = read_squares(written(tmp_path, TABLE, ".csv"), columns="all")
    found = {name: data[name].attrs for name in data.data_vars if not name.endswith("quality")}
    assert found["dwellings"]["column"] == "aantal_woningen"
    assert {name: attrs["rounded_to"] for name, attrs in found.items()} == {
        "inhabitants": 5.0,
        "dwellings": 5.0,
        "owner_occupied": 10.0,
        "household_size": 0.1,
    }
    assert found["owner_occupied"]["units"] == "%"


def test_rounding_is_stated_only_where_it_holds(tmp_path):
    data = read_squares(written(tmp_path, TABLE.replace(120, 121), ".csv"))
    assert "rounded_to" not in data["inhabitants"].attrs
    assert data["dwellings"].attrs["rounded_to"] == 5.0


def test_main_is_what_there_is_of_the_five(tmp_path):
    path = written(tmp_path, TABLE.assign(stedelijkheid=[1, 2, 3, 5]), ".csv")
    assert set(read_squares(path, quality=False).data_vars) == {"inhabitants", "dwellings", "urbanity"}
    with pytest.raises(InputError, match="holds none of dwellings, households"):
        read_squares(written(tmp_path, TABLE[["crs28992res100m", "percentage_koopwoningen"]], ".csv"))


def test_old_names_are_known_as_well(tmp_path):
    old = TABLE.rename(
        columns={
            "crs28992res100m": "C28992R100",
            "aantal_inwoners": "INWONER",
            "aantal_woningen": "WONING",
            "percentage_koopwoningen": "P_KOOPWON",
            "gemiddelde_huishoudensgrootte": "GEM_HH_GR",
        }
    )
    new = read_squares(written(tmp_path, TABLE, ".parquet"), columns="all")
    former = read_squares(written(tmp_path, old, ".csv"), columns="all")
    for name in new.data_vars:
        np.testing.assert_array_equal(new[name], former[name])
    assert former["dwellings"].attrs["column"] == "WONING"


def test_columns_by_english_or_original_name_or_renamed(tmp_path):
    path = written(tmp_path, TABLE, ".csv")
    names = set(read_squares(path, columns=["owner_occupied", "AANTAL_WONINGEN"], quality=False).data_vars)
    assert names == {"owner_occupied", "AANTAL_WONINGEN"}
    assert set(read_squares(path, columns={"homes": "dwellings"}, quality=False).data_vars) == {"homes"}
    with pytest.raises(InputError, match=r"no column 'dweling'. Did you mean 'dwellings'"):
        read_squares(path, columns=["dweling"])
    with pytest.raises(InputError, match=r"no column 'urbanity'.*Its columns: aantal_inwoners"):
        read_squares(path, columns=["urbanity"])
    with pytest.raises(UsageError, match="columns is 'some'; allowed are 'main', 'all'"):
        read_squares(path, columns="some")
    with pytest.raises(UsageError, match="names no column"):
        read_squares(path, columns=[])


def test_every_name_of_a_column_is_its_own():
    names = [name for column in COLUMNS.values() for name in column.names]
    assert len(set(names)) == len(names)
    assert all(name == name.casefold() for name in names)


def test_what_an_empty_place_means_is_said_or_missing(tmp_path):
    path = written(tmp_path, TABLE.astype({"aantal_woningen": object}).replace({-99997: None}), ".parquet")
    assert int((read_squares(path)["dwellings_quality"] == MISSING).sum()) == 1
    said = read_squares(path, missing={"null": "suppressed"})
    assert int((said["dwellings_quality"] == SUPPRESSED).sum()) == 1


def test_a_code_may_mean_something_else(tmp_path):
    path = written(tmp_path, TABLE, ".csv")
    data = read_squares(path, missing={"-99997": "not available"})
    assert data["dwellings"].attrs["not_available"] == 1


def test_an_unmapped_negative_is_refused(tmp_path):
    path = written(tmp_path, TABLE.replace(-99997, -99994), ".csv")
    with pytest.raises(InputError, match=r"'dwellings', a column of counts, has 1 .*-99994 \(1 times\)"):
        read_squares(path)
    data = read_squares(path, missing={"-99994": "not available"})
    assert data["dwellings"].attrs["not_available"] == 1


def test_squares_of_500_metres(tmp_path):
    table = pd.DataFrame({"c28992r500": ["E0975N4520", "E0970N4510"], "STED": [4, 5], "OAD": [933, 446]})
    data = read_squares(written(tmp_path, table, ".csv"))
    assert lr.grid_of(data) == lr.Grid.netherlands(500)
    assert data["urbanity"].values.tolist() == [4.0, 5.0]
    assert data["x"].values.tolist() == [97_750.0, 97_250.0]
    with pytest.raises(InputError, match="codes of 500 m squares, the grid has 100 m cells"):
        read_squares(written(tmp_path, table, ".csv"), grid=GRID)
    with pytest.raises(InputError, match="cell codes"):
        read_squares(written(tmp_path, table.replace("E0975N4520", "E0974N4520"), ".csv"))


def test_500_metre_codes_under_the_name_of_100_are_refused(tmp_path):
    codes = [f"E{e:04d}N{n:04d}" for e in range(970, 1000, 5) for n in range(4500, 4530, 5)]
    table = pd.DataFrame({"crs28992res100m": codes, "aantal_woningen": 20})
    with pytest.raises(InputError, match="corners of 500 m squares"):
        read_squares(written(tmp_path, table, ".csv"))


def test_repeated_squares_are_refused(tmp_path):
    with pytest.raises(InputError, match="E0973N4514"):
        read_squares(written(tmp_path, pd.concat([TABLE, TABLE.iloc[:1]]), ".parquet"))


def test_squares_outside_are_refused_or_dropped(tmp_path):
    table = TABLE.replace("E0973N4514", "E3973N4514")
    with pytest.raises(InputError, match="E3973N4514"):
        read_squares(written(tmp_path, table, ".csv"))
    for suffix in (".csv", ".gpkg"):
        data = read_squares(written(tmp_path, table, suffix), drop_outside=True)
        assert (data.sizes["cell"], data.attrs["dropped_outside"]) == (3, 1)


def test_there_must_be_one_column_of_codes(tmp_path):
    path = written(tmp_path, TABLE.rename(columns={"crs28992res100m": "vak"}), ".csv")
    with pytest.raises(InputError, match=r"holds no column of square codes.*code="):
        read_squares(path)
    assert read_squares(path, code="vak").sizes["cell"] == 4
    with pytest.raises(InputError, match=r"2 columns \(crs28992res100m, c28992r500\)"):
        read_squares(written(tmp_path, TABLE.assign(c28992r500=CODES), ".csv"))


@pytest.mark.parametrize("shift", [(50, 50), (100, 0), (0, -100)])
def test_geometries_that_lie_elsewhere_than_their_codes_are_refused(tmp_path, shift):
    path = written(tmp_path, TABLE, ".gpkg", shift)
    with pytest.raises(InputError, match=r"several cells|4 of 4 squares do not lie where their code says"):
        read_squares(path)


def test_another_crs_is_refused(tmp_path):
    path = written(tmp_path, TABLE, ".gpkg", crs="EPSG:3035")
    with pytest.raises(InputError, match=r"EPSG:3035.*wanted EPSG:28992"):
        read_squares(path)


def test_a_file_cut_off_is_refused(tmp_path):
    path = written(tmp_path, pd.concat([TABLE] * 1), ".csv")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="cut off"):
        read_squares(path)
    path = written(tmp_path, TABLE, ".gpkg")
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(InputError, match="5000 bytes"):
        read_squares(path)


def test_a_year_becomes_a_dimension(tmp_path):
    data = read_squares(written(tmp_path, TABLE, ".csv"), year=2024)
    assert data["dwellings"].dims == ("year", "cell")
    assert data["year"].values.tolist() == [2024]


def test_a_column_without_a_value_is_told(tmp_path):
    path = written(tmp_path, TABLE.assign(aantal_woningen=-99997), ".csv")
    with pytest.warns(LeefrasterWarning, match="'dwellings' holds no value"):
        data = read_squares(path)
    assert data["dwellings"].attrs["suppressed"] == 4


@pytest.mark.real_data
def test_real_squares_of_100_metres(shared_data):
    file = shared_data / "cbs_100m_rijnmond_2024" / "grid_100m.parquet"
    data = read_squares(file, columns="all", missing={"null": "suppressed"})
    assert data.sizes["cell"] == 16_383
    assert data["dwellings"].attrs["suppressed"] == 2_091
    table = pd.read_parquet(file).set_index("crs28992res100m")
    at = table.loc[GRID.code_from_cell(data["cell"].values)]
    for name, column in {"dwellings": "aantal_woningen", "owner_occupied": "percentage_koopwoningen"}.items():
        np.testing.assert_array_equal(data[name].values, at[column].to_numpy(dtype=float))
        assert int((data[f"{name}_quality"] == SUPPRESSED).sum()) == int(at[column].isna().sum())
    steps = {
        data[name].attrs.get("rounded_to")
        for name in data
        if str(name).startswith("built") and "quality" not in str(name)
    }
    assert steps == {5.0}


@pytest.mark.real_data
def test_real_squares_of_500_metres(shared_data):
    data = read_squares(shared_data / "cbs_100m_rijnmond_2024" / "grid_500m.parquet", quality=False)
    assert set(data.data_vars) == {
        "dwellings",
        "households",
        "inhabitants",
        "urbanity",
        "address_density",
    }
    assert lr.grid_of(data).cell == 500
    assert set(np.unique(data["urbanity"].values)) == {1.0, 2.0, 3.0, 4.0, 5.0}
