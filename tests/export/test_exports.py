"""Exports: read back by other programs' libraries, and never half there."""

from __future__ import annotations

import errno
import json
from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import polars
import pyarrow.parquet as pq
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr

import leefraster as lr
from leefraster.errors import EnvironmentFault
from leefraster.export import exports, write_exports
from leefraster.export.geoparquet import squares
from leefraster.export.tables import write_csv
from leefraster.grid import Grid
from made_up import DIMENSIONS, GRID, area_record, clusters, record

NAMES = [
    "clusters.gpkg",
    "cells_2024.parquet",
    "score_2024.tif",
    "local_moran_cluster_2024.tif",
    "getis_ord_spot_2024.tif",
    "local_moran_I_2024.tif",
    "getis_ord_z_2024.tif",
    "clusters.csv",
    "course.csv",
    "answers.csv",
    "answer_urbanity.csv",
    "crosscheck.csv",
    "detection.csv",
    "steps.csv",
    "inputs.csv",
    "notes.csv",
    "moran_by_year_and_layer.csv",
    "years.csv",
    "contents.csv",
]


@pytest.fixture(scope="module")
def run():
    return record("first")


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    place = tmp_path_factory.mktemp("België 1") / "exports"
    write_exports(run, place)
    return place


def test_files_are_listed(run, tmp_path):
    told = []
    paths = write_exports(run, str(tmp_path), progress=lambda done, total: told.append((done, total)))
    assert [path.name for path in paths] == NAMES
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    assert told[-1] == (len(NAMES) - 1, len(NAMES) - 1)
    contents = pd.read_csv(tmp_path / "contents.csv")
    assert contents["file"].tolist() == NAMES[:-1]
    assert set(contents["run_id"]) == {"first"}


def test_clusters_open_as_polygons_in_the_grids_crs(run, folder):
    assert pyogrio.list_layers(folder / "clusters.gpkg").tolist() == [["clusters", "MultiPolygon"]]
    found = geopandas.read_file(folder / "clusters.gpkg")
    assert found.crs.to_epsg() == 28992
    table = run.structural.table
    pd.testing.assert_frame_equal(
        pd.DataFrame(found[table.columns]), table, check_dtype=False, check_column_type=False
    )
    assert found.area.tolist() == (table["cells"] * 10_000.0).tolist()
    assert found["name"].tolist() == ["Wijk é 1", "Wijk é 2"]


def test_cells_open_as_squares(run, folder):
    found = geopandas.read_parquet(folder / "cells_2024.parquet")
    data = run.dataset
    latest = data.sel(year=2024)
    assert found.crs.to_epsg() == 28992
    assert found["cell"].tolist() == data["cell"].values.tolist()
    assert found["code"].tolist() == GRID.code_from_cell(data["cell"].values).tolist()
    boxes = shapely.box(data["x"] - 50, data["y"] - 50, data["x"] + 50, data["y"] + 50)
    assert shapely.equals(found.geometry.values, boxes).all()
    assert shapely.is_ccw(shapely.get_exterior_ring(found.geometry.values)).all()
    for dim in DIMENSIONS:
        np.testing.assert_array_equal(found[f"score_{dim}"], latest["score"].sel(dimension=dim))
    for name in ("local_moran_p", "getis_ord_z", "local_moran_quadrant"):
        np.testing.assert_array_equal(found[name], latest[name].sel(layer="total"))
        assert found[name].dtype == data[name].dtype
    for name in ("total", "level", "neighbours", "structural_label", "structural_bridge", "municipality"):
        assert found[name].tolist() == pytest.approx(latest[name].values.tolist(), nan_ok=True)


def test_cells_are_read_by_window(run, folder):
    x, y = run.dataset["x"].values[100], run.dataset["y"].values[100]
    found = geopandas.read_parquet(folder / "cells_2024.parquet", bbox=(x - 1, y - 1, x + 1, y + 1))
    assert found["cell"].tolist() == [run.dataset["cell"].values[100]]


def test_cells_follow_geoparquet_1_1(folder):
    meta = json.loads(pq.read_schema(folder / "cells_2024.parquet").metadata[b"geo"])
    assert meta["version"] == "1.1.0"
    column = meta["columns"][meta["primary_column"]]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["Polygon"]
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 28992}
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]


def test_squares_of_no_cells():
    assert squares(GRID, np.empty(0, dtype=np.int64)).to_pylist() == []


def plane_of(variable: xr.DataArray) -> np.ndarray:
    return lr.to_raster(variable).values


@pytest.mark.parametrize("name", ["local_moran_I", "getis_ord_z"])
def test_measures_open_as_cog(run, folder, name):
    latest = run.dataset.sel(year=2024)
    with rasterio.open(folder / f"{name}_2024.tif") as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.crs.to_epsg() == 28992
        assert source.bounds == rasterio.coords.BoundingBox(*GRID.bounds)
        assert source.transform.e < 0 < source.transform.a
        assert source.descriptions == (*DIMENSIONS, "total")
        assert np.isnan(source.nodata)
        assert source.tags()["method"] == "exact"
        for band, layer in enumerate(latest["layer"].values, start=1):
            np.testing.assert_array_equal(source.read(band), plane_of(latest[name].sel(layer=layer)))


@pytest.mark.parametrize(("name", "nodata"), [("local_moran_cluster", 255), ("getis_ord_spot", -32768)])
def test_codes_open_as_cog_with_missing_apart_from_not_significant(run, folder, name, nodata):
    latest = run.dataset.sel(year=2024, layer="vrz")
    known = plane_of(latest[f"{name.rpartition('_')[0]}_p"])
    expected = np.where(np.isnan(known), nodata, plane_of(latest[name]).astype(int))
    with rasterio.open(folder / f"{name}_2024.tif") as source:
        assert source.nodata == nodata
        assert source.tags()["codes"].startswith(("0 not significant", "negative cold"))
        np.testing.assert_array_equal(source.read(3), expected)
    assert (expected == 0).any()


def test_scores_open_as_cog(run, folder):
    latest = run.dataset.sel(year=2024)
    with rasterio.open(folder / "score_2024.tif") as source:
        assert source.descriptions == (*DIMENSIONS, "total", "level")
        np.testing.assert_array_equal(source.read(7), plane_of(latest["level"]))


def test_a_large_raster_has_overviews_and_blocks(tmp_path):
    grid = Grid(0.0, 630_000.0, 1_300, 1_100, 100.0, "EPSG:28992")
    large = record("large", cells=3_000, grid=grid)
    write_exports(replace(large, structural=None), tmp_path)
    with rasterio.open(tmp_path / "getis_ord_spot_2024.tif") as source:
        assert source.overviews(1) == [2, 4]
        assert source.block_shapes[0] == (512, 512)
        codes = plane_of(large.dataset["getis_ord_spot"].sel(year=2024, layer="total")).astype(int)
        known = plane_of(large.dataset["getis_ord_p"].sel(year=2024, layer="total"))
        np.testing.assert_array_equal(source.read(6), np.where(np.isnan(known), -32768, codes))
    assert not list(tmp_path.glob("*.plain.tif"))


def test_tables_open_in_pandas_and_polars(run, folder):
    table = pd.read_csv(folder / "clusters.csv")
    pd.testing.assert_frame_equal(table, run.structural.table, check_dtype=False)
    moran = pd.read_csv(folder / "moran_by_year_and_layer.csv")
    assert moran.columns[:3].tolist() == ["year", "layer", "moran_I"]
    assert len(moran) == 18
    row = moran[(moran["year"] == 2020) & (moran["layer"] == "vrz")].iloc[0]
    assert row["moran_I"] == float(run.dataset["moran_I"].sel(year=2020, layer="vrz"))
    assert pd.read_csv(folder / "years.csv")["reference"].tolist() == [4.0, 4.05, 4.1]
    answers = polars.read_csv(folder / "answers.csv")
    assert answers["sentence_nl"].to_list() == ["Gemengd: één van twee."]
    assert answers["caveats_en"].to_list() == ["a model, not an opinion\nsays nothing of causes"]


def test_only_text_is_quoted_and_missing_is_empty(tmp_path):
    table = pd.DataFrame(
        {
            "code": ["0599", None, 'a "b", c'],
            "n": [1, 2, 3],
            "share": [0.1, np.nan, np.float32(0.25)],
            "weak": [True, False, True],
            "whole": pd.array([1, None, 3], dtype="Int64"),
        }
    )
    write_csv(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines() == [
        '"code","n","share","weak","whole"',
        '"0599",1,0.1,True,1',
        ",2,,False,",
        '"a ""b"", c",3,0.25,True,3',
    ]


def test_a_named_index_is_written_and_geometry_is_not(run, tmp_path):
    write_csv(clusters(run.dataset).polygons.set_index("cluster"), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines() == ['"cluster"', "1", "2"]


def test_an_area_run_has_points_and_no_rasters(tmp_path):
    areas = area_record("areas")
    paths = write_exports(areas, tmp_path)
    assert [path.name for path in paths] == [
        "areas_2024.gpkg", "answers.csv", "answer_urbanity.csv", "steps.csv", "inputs.csv", "notes.csv",
        "moran_by_year_and_layer.csv", "contents.csv",
    ]  # fmt: skip
    found = geopandas.read_file(tmp_path / "areas_2024.gpkg")
    assert found["area"].tolist() == areas.dataset["area"].values.tolist()
    np.testing.assert_allclose(found.geometry.x, areas.dataset["x"])
    np.testing.assert_allclose(found["total"], areas.dataset["total"].sel(year=2024), rtol=1e-6)
    assert found["getis_ord_spot"].tolist() == areas.dataset["getis_ord_spot"].values[0, -1].tolist()


def test_layers_without_a_total_have_columns_and_bands_each(run, tmp_path):
    data = run.dataset[["getis_ord_spot", "getis_ord_p", "municipality"]].sel(layer=["won", "vrz"])
    values = run.dataset["score"].sel(dimension=["won", "vrz"]).rename(dimension="layer")
    layered = replace(run, dataset=data.assign(value=values), structural=None)
    write_exports(layered, tmp_path)
    found = geopandas.read_parquet(tmp_path / "cells_2024.parquet")
    np.testing.assert_array_equal(found["value_vrz"], values.sel(year=2024, layer="vrz"))
    np.testing.assert_array_equal(
        found["getis_ord_spot_won"], data["getis_ord_spot"].sel(year=2024, layer="won")
    )
    with rasterio.open(tmp_path / "value_2024.tif") as source:
        assert source.descriptions == ("won", "vrz")


def test_a_grid_without_crs_and_off_the_hectometres(run, tmp_path):
    plain = record("plain", grid=Grid(90_025.0, 440_000.0, 120, 100, 50.0))
    write_exports(replace(plain, structural=None), tmp_path)
    found = geopandas.read_parquet(tmp_path / "cells_2024.parquet")
    assert found.crs is None
    assert "code" not in found.columns
    assert set(found.area) == {2500.0}
    with rasterio.open(tmp_path / "score_2024.tif") as source:
        assert source.crs is None


def test_no_clusters_found(run, tmp_path):
    none = replace(
        run.structural, table=run.structural.table.iloc[:0], polygons=run.structural.polygons.iloc[:0]
    )
    write_exports(replace(run, structural=none), tmp_path)
    found = geopandas.read_file(tmp_path / "clusters.gpkg")
    assert len(found) == 0
    assert "severity" not in found.columns
    assert "dwellings" in found.columns
    assert len(pd.read_csv(tmp_path / "clusters.csv")) == 0


def test_a_table_without_columns_is_left_out(run, tmp_path):
    unsaid = replace(run.answers[0], verdict="cannot be said", table=pd.DataFrame())
    names = [path.name for path in write_exports(replace(run, answers=(unsaid,)), tmp_path)]
    assert "answers.csv" in names
    assert "answer_urbanity.csv" not in names


# --- never half there -------------------------------------------------------------------------------------


def test_a_second_export_replaces_the_first_and_leaves_strangers_alone(run, tmp_path):
    write_exports(run, tmp_path)
    (tmp_path / "mine.csv").write_text("x")
    earlier = replace(run, run_id="second", dataset=run.dataset.isel(year=slice(0, 2)), structural=None)
    write_exports(earlier, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"mine.csv", "cells_2020.parquet", "score_2020.tif"} <= names
    assert not {"cells_2024.parquet", "clusters.gpkg", "clusters.csv"} & names
    assert set(pd.read_csv(tmp_path / "contents.csv")["run_id"]) == {"second"}


def test_a_list_cannot_reach_outside_the_folder(run, tmp_path):
    outside = tmp_path / "precious.csv"
    outside.write_text("x")
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "contents.csv").write_text("file,content,run_id\n../precious.csv,,\n")
    write_exports(replace(run, structural=None), tmp_path / "e")
    assert outside.exists()


@pytest.mark.parametrize(
    ("error", "seen", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            EnvironmentFault,
            r"No space left on device\); [\d,]+ bytes",
        ),
        (
            rasterio.errors.RasterioIOError("Write failed."),
            EnvironmentFault,
            r"cannot be written \(Write failed",
        ),
        (pyogrio.errors.FeatureError("disk is full"), EnvironmentFault, "disk is full"),
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
        (RuntimeError("our own mistake"), RuntimeError, "our own mistake"),
    ],
)
def test_a_failed_export_leaves_what_stood_there(run, tmp_path, monkeypatch, error, seen, message):
    write_exports(run, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*arguments):
        raise error

    monkeypatch.setattr(exports, "write_csv", fail)
    with pytest.raises(seen, match=message):
        write_exports(record("second", seed=3), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_file(run, tmp_path):
    (tmp_path / "exports").write_text("x")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_exports(run, tmp_path / "exports")
