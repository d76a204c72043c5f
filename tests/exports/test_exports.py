"""Exports: read back by other programs' libraries, and never half there."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

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
from leefraster.exports import exports, write_exports
from leefraster.exports.datapackage import columns_of_table
from leefraster.exports.geoparquet import squares
from leefraster.exports.rasters import CODES
from leefraster.exports.tables import write_csv
from leefraster.grid import Grid
from leefraster.report.clusters import THRESHOLDS
from made_up import DIMENSIONS, GRID, area_record, clusters, record

CODED = [
    f"{name}_{layer}_2024.{suffix}"
    for name in ("local_moran_cluster", "getis_ord_spot")
    for layer in (*DIMENSIONS, "total")
    for suffix in ("tif", "qml")
]
NAMES = [
    "clusters.gpkg",
    "cells_2024.gpkg",
    "cells_2024.parquet",
    "score_2024.tif",
    *CODED,
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
    "datapackage.json",
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
    assert told[-1] == (len(NAMES) - 2, len(NAMES) - 2)
    contents = pd.read_csv(tmp_path / "contents.csv")
    assert contents["file"].tolist() == NAMES[:-2]
    assert set(contents["run_id"]) == {"first"}


def test_clusters_open_as_polygons_in_the_grids_crs(run, folder):
    layers = pyogrio.list_layers(folder / "clusters.gpkg").tolist()
    assert layers == [["clusters", "MultiPolygon"], ["layer_styles", None]]
    found = geopandas.read_file(folder / "clusters.gpkg", layer="clusters")
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


@pytest.mark.parametrize(("name", "shift"), [("local_moran_cluster", 0), ("getis_ord_spot", 3)])
def test_codes_open_as_cog_with_colours_and_missing_apart_from_not_significant(run, folder, name, shift):
    latest = run.dataset.sel(year=2024, layer="vrz")
    known = plane_of(latest[f"{name.rpartition('_')[0]}_p"])
    codes = plane_of(latest[name]).astype(int)
    with rasterio.open(folder / f"{name}_vrz_2024.tif") as source:
        assert source.nodata == 255
        assert source.descriptions == ("vrz",)
        assert source.tags()["codes"].startswith(("0 not significant", "negative cold"))
        assert source.tags(1)["STATISTICS_MAXIMUM"]
        stored = source.read(1).astype(int)
        np.testing.assert_array_equal(stored, np.where(np.isnan(known), 255, codes + shift))
        meant = stored + source.offsets[0]
        np.testing.assert_array_equal(meant[~np.isnan(known)], codes[~np.isnan(known)])
        colours = source.colormap(1)
        style = CODES[name][0]
        for value, colour in zip(style.values, style.colours, strict=True):
            assert "#{:02x}{:02x}{:02x}".format(*colours[value + shift][:3]) == colour
    assert (codes[~np.isnan(known)] == 0).any()
    entries = ElementTree.parse(folder / f"{name}_vrz_2024.qml").iter("paletteEntry")
    assert [(int(entry.get("value")) - shift, entry.get("label")) for entry in entries] == list(
        zip(style.values, style.labels, strict=True)
    )


def test_scores_open_as_cog(run, folder):
    latest = run.dataset.sel(year=2024)
    with rasterio.open(folder / "score_2024.tif") as source:
        assert source.descriptions == (*DIMENSIONS, "total", "level")
        np.testing.assert_array_equal(source.read(7), plane_of(latest["level"]))


def test_a_large_raster_has_overviews_and_blocks(tmp_path):
    grid = Grid(0.0, 630_000.0, 1_300, 1_100, 100.0, "EPSG:28992")
    large = record("large", cells=3_000, grid=grid)
    write_exports(replace(large, structural=None), tmp_path)
    with rasterio.open(tmp_path / "getis_ord_spot_total_2024.tif") as source:
        assert source.overviews(1) == [2, 4]
        assert source.block_shapes[0] == (512, 512)
        codes = plane_of(large.dataset["getis_ord_spot"].sel(year=2024, layer="total")).astype(int)
        known = plane_of(large.dataset["getis_ord_p"].sel(year=2024, layer="total"))
        np.testing.assert_array_equal(source.read(1), np.where(np.isnan(known), 255, codes + 3))
    assert not list(tmp_path.glob("*.plain.tif"))


def test_tables_open_in_pandas_and_polars(run, folder):
    table = pd.read_csv(folder / "clusters.csv")
    pd.testing.assert_frame_equal(table, run.structural.table, check_dtype=False)
    moran = pd.read_csv(folder / "moran_by_year_and_layer.csv")
    assert moran.columns[:3].tolist() == ["year", "layer", "moran_I"]
    assert len(moran) == 18
    row = moran[(moran["year"] == 2020) & (moran["layer"] == "vrz")].iloc[0]
    assert row["moran_I"] == float(run.dataset["moran_I"].sel(year=2020, layer="vrz"))
    by_year = pd.read_csv(folder / "years.csv")
    assert by_year["reference"].tolist() == [4.0, 4.05, 4.1]
    assert by_year["version"].tolist() == ["Leefbaarometer 3.0"] * 3
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
        "moran_by_year_and_layer.csv", "contents.csv", "datapackage.json",
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
    found = geopandas.read_file(tmp_path / "clusters.gpkg", layer="clusters")
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


# --- the other formats ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything(run, tmp_path_factory):
    place = tmp_path_factory.mktemp("all")
    with_cuts = replace(run, parameters={**run.parameters, "cuts": {"levels": [3.8, 3.9, 4.0, 4.1, 4.2]}})
    write_exports(with_cuts, place, formats=exports.FORMATS, licence="CC0-1.0")
    return place


def test_cells_as_squares_open_in_qgis_with_their_style(run, everything):
    file = everything / "cells_2024.gpkg"
    found = geopandas.read_file(file, layer="cells")
    latest = run.dataset.sel(year=2024)
    assert found.crs.to_epsg() == 28992
    assert set(found.area) == {10_000.0}
    assert found["cell"].tolist() == latest["cell"].values.tolist()
    np.testing.assert_array_equal(found["getis_ord_spot"], latest["getis_ord_spot"].sel(layer="total"))
    np.testing.assert_array_equal(found["class"], lr.classify(latest["level"], [3.8, 3.9, 4.0, 4.1, 4.2]))
    with sqlite3.connect(file) as opened:
        styles = opened.execute(
            "SELECT f_table_name, styleName, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
        (titled,) = opened.execute(
            "SELECT identifier FROM gpkg_contents WHERE table_name = 'cells'"
        ).fetchone()
    opened.close()
    assert titled.startswith("cells as squares: scores, labels and statistics of total, 2024")
    assert [(layer, default) for layer, _, default, _ in styles] == [("cells", 1), ("cells", 0), ("cells", 0)]
    columns = [ElementTree.fromstring(qml).find("renderer-v2").get("attr") for *_, qml in styles]
    assert columns == ["getis_ord_spot", "local_moran_cluster", "class"]


def test_netcdf_opens_in_xarray_with_its_grid(run, everything):
    latest = run.dataset.sel(year=2024)
    with xr.open_dataset(everything / "rasters_2024.nc", engine="netcdf4") as found:
        assert found.attrs["Conventions"] == "CF-1.11"
        assert found.attrs["title"] == "A made-up town"
        assert "Amersfoort / RD New" in found["spatial_ref"].attrs["crs_wkt"]
        np.testing.assert_array_equal(found["x"], GRID.x)
        np.testing.assert_array_equal(found["y"], GRID.y)
        for dim in DIMENSIONS:
            expected = plane_of(latest["score"].sel(dimension=dim))
            np.testing.assert_array_equal(found["score"].sel(dimension=dim), expected)
        spot = found["getis_ord_spot"].sel(layer="vrz")
        codes = plane_of(latest["getis_ord_spot"].sel(layer="vrz"))
        cells = np.zeros(GRID.shape, dtype=bool)
        cells.ravel()[latest["cell"].values] = True
        np.testing.assert_array_equal(spot.values[cells], codes[cells])
        assert np.isnan(spot.values[~cells]).all()  # masked, not 0
    with rasterio.open(f"netcdf:{everything / 'rasters_2024.nc'}:total") as source:
        assert source.crs.to_epsg() == 28992
        assert source.bounds == rasterio.coords.BoundingBox(*GRID.bounds)
        np.testing.assert_array_equal(source.read(1), plane_of(latest["total"]))


def test_excel_keeps_codes_as_text_and_has_a_sheet_a_table(run, everything):
    import openpyxl

    book = openpyxl.load_workbook(everything / "tables.xlsx")
    assert book.sheetnames[:3] == ["about", "clusters", "course"]
    assert len(book.sheetnames) == 1 + len(list(everything.glob("*.csv"))) - 1  # contents.csv is no table
    rows = list(book["answer_urbanity"].iter_rows(values_only=True))
    assert rows == [("urbanity", "vrz", "code"), (1, -0.2, "0599"), (2, 0.1, "0363")]
    assert book["answer_urbanity"]["C2"].data_type == "s"
    about = dict(book["about"].iter_rows(values_only=True))
    assert about["title"] == "A made-up town"
    assert about["disclosure_control"] == "none applied"


def test_a_formula_in_a_name_stays_text(tmp_path):
    import openpyxl

    from leefraster.exports.excel import write_excel

    table = pd.DataFrame({"name": ["=1+1", "a\x07b", "x" * 40_000]})
    write_excel({"a" * 40: table, "a" * 50: table}, {}, tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["about", "a" * 31, "a" * 28 + "_2"]
    cells = [row[0] for row in book["a" * 31].iter_rows(min_row=2)]
    assert (cells[0].value, cells[0].data_type) == ("=1+1", "s")
    assert cells[1].value == "ab"
    assert len(cells[2].value) == 32_767


def test_the_data_package_describes_every_file(everything):
    package = json.loads((everything / "datapackage.json").read_text(encoding="utf-8"))
    paths = [resource["path"] for resource in package["resources"]]
    assert sorted([*paths, "contents.csv", "datapackage.json"]) == sorted(
        p.name for p in everything.iterdir()
    )
    assert package["licenses"] == [{"name": "CC0-1.0"}]
    assert package["sources"] == [{"title": "scores", "path": "scores é.csv", "hash": "sha256:" + "ab" * 32}]
    for resource in package["resources"]:
        assert resource["bytes"] == (everything / resource["path"]).stat().st_size
    clusters_csv = next(r for r in package["resources"] if r["path"] == "clusters.csv")
    fields = {field["name"]: field for field in clusters_csv["schema"]["fields"]}
    assert fields["dwellings"] == {
        "name": "dwellings",
        "type": "number",
        "unit": "dwellings",
        "title": "dwellings",
    }
    assert fields["name"]["type"] == "string"
    level = np.full((3, 100), 4.1)
    level[:, :40] = 3.7
    weak = xr.Dataset(
        {"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0)),
         "score": (("dimension", "cell"), level[:1])},
        coords={"year": [2020, 2022, 2024], "dimension": ["won"],
                **lr.cells.cell_coordinates(Grid(0, 1000, 10, 10), np.arange(100))},
    )  # fmt: skip
    found = lr.structural_clusters(weak)
    by_column = columns_of_table(found.table)
    assert [name for name, (_, _, title) in by_column.items() if not title] == []
    assert [name for name, (_, _, title) in columns_of_table(found.course).items() if not title] == []
    assert by_column["gap_won"][2] == "contribution of dimension won minus that of the country"
    assert by_column["gap_urbanity"][2] == "level minus that of the same urbanity class"
    moved = pd.DataFrame({name: [1.0] for name in THRESHOLDS})
    titles = {name: title for name, (_, _, title) in columns_of_table(moved, "thresholds").items()}
    assert all(titles.values())
    assert titles["dwellings"] == "dwellings in these clusters"
    assert columns_of_table(moved)["value"][2] == ""
    header = (everything / "clusters.csv").read_text().splitlines()[0]
    assert list(fields) == header.replace('"', "").split(",")


def test_a_format_that_is_not_there_is_named(run, tmp_path):
    with pytest.raises(lr.UsageError, match="format 'kml' is not known; there are geopackage, geoparquet"):
        write_exports(run, tmp_path, formats=["kml"])
    assert not list(tmp_path.iterdir())


def test_r_reads_the_folder(run, everything):
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed")
    code = (
        'source("read.R", chdir = TRUE); t <- read_table("answer_urbanity"); cat(class(t$code), t$code, "\\n");'
        'if (requireNamespace("sf", quietly = TRUE)) { c <- read_cells(); cat(nrow(c), levels(c$getis_ord_spot)[1],'
        '"\\n"); cat(nrow(read_clusters()), "\\n") };'
        'if (requireNamespace("terra", quietly = TRUE)) {'
        'r <- read_raster("getis_ord_spot_vrz_2024.tif"); cat(sort(unique(terra::values(r)[,1])), "\\n") }'
    )
    done = subprocess.run(
        [program, "--vanilla", "-e", code], cwd=everything, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "character 0599 0363"
    if len(lines) > 1:
        assert lines[1:3] == [f"{run.dataset.sizes['cell']} cold, 99 %", "2"]
    if len(lines) > 3:
        assert lines[3] == "-3 -2 -1 0 1 2 3"
