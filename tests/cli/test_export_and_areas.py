"""``leefraster export`` and ``leefraster areas``, as a user types them."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import leefraster as lr
from leefraster.cli import main
from leefraster.store import Store
from made_up import record


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    Store.open(folder / "store", create=True).write(record("first"))
    return folder


def test_export_writes_the_formats_asked_for_and_names_the_files(out, tmp_path, capsys):
    code = main(
        ["export", "--store", str(out), "--out", str(tmp_path / "e"), "--formats", "csv", "geoparquet"]
    )
    assert code == 0
    printed = capsys.readouterr().out.split()
    assert sorted(printed) == sorted(str(path) for path in (tmp_path / "e").iterdir())
    assert (tmp_path / "e" / "cells_2024.parquet").exists()
    assert not list((tmp_path / "e").glob("*.tif"))


def test_export_protects_and_limits(out, tmp_path):
    options = ["--minimum", "20", "--area", "GM0599", "--formats", "geoparquet", "--licence", "CC0-1.0"]
    assert main(["export", "--store", str(out), "--out", str(tmp_path), *options]) == 0
    found = geopandas.read_parquet(tmp_path / "cells_2024.parquet")
    assert set(found["municipality"]) == {"GM0599"}
    assert found.loc[found["publication_status"] == 1, "total"].isna().all()
    assert "CC0-1.0" in (tmp_path / "datapackage.json").read_text()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--area", "GM9999"], 2, "area 'GM9999' is in none of municipality"),
        (["--run", "other"], 2, "run 'other' is not there"),
        (["--minimum", "-3"], 2, "minimum is -3"),
    ],
)
def test_export_says_what_is_wrong(out, tmp_path, capsys, options, code, message):
    assert main(["export", "--store", str(out), "--out", str(tmp_path / "e"), *options]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


@pytest.fixture(scope="module")
def polygons(tmp_path_factory):
    file = tmp_path_factory.mktemp("areas") / "areas.gpkg"
    x, y = np.meshgrid(np.arange(90_000, 102_000, 1500.0), np.arange(430_000, 440_000, 1250.0))
    shapes = shapely.box(x.ravel(), y.ravel(), x.ravel() + 1500, y.ravel() + 1250)
    values = np.random.default_rng(0).normal(size=len(shapes))
    codes = [f"BU{i:04d}" for i in range(len(shapes))]
    frame = geopandas.GeoDataFrame(
        {"code": codes, "score": values, "word": codes}, geometry=shapes, crs="EPSG:28992"
    )
    frame.to_file(file)
    return file


def test_areas_from_a_column_equal_the_functions(polygons, tmp_path, capsys):
    options = ["--code", "code", "--value", "score", "--neighbours", "rook", "--out", str(tmp_path)]
    assert main(["areas", str(polygons), *options]) == 0
    table = pd.read_csv(tmp_path / "areas.csv")
    areas = lr.Areas.read(polygons, code="code")
    import xarray as xr

    values = geopandas.read_file(polygons).set_index("code").loc[areas.codes, "score"].to_numpy()
    field = xr.DataArray(values, dims="area", coords={"area": areas.codes.astype(str)})
    ours = lr.local_moran(field, areas.graph("rook"))
    np.testing.assert_allclose(table["local_moran_p_score"], ours["p"])
    np.testing.assert_allclose(table["score"], values)
    moran = pd.read_csv(tmp_path / "moran.csv")
    assert moran["moran_I"].iloc[0] == pytest.approx(float(lr.moran(field, areas.graph("rook"))["I"]))
    found = geopandas.read_file(tmp_path / "areas.gpkg", layer="areas")
    assert found.crs.to_epsg() == 28992
    assert len(found) == len(areas)
    assert "Moran's I" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::leefraster.errors.EmptyAreaWarning")
def test_areas_from_a_stored_run_weigh_by_dwellings(polygons, out, tmp_path):
    assert main(["areas", str(polygons), "--code", "code", "--store", str(out), "--out", str(tmp_path)]) == 0
    table = pd.read_csv(tmp_path / "areas.csv").set_index("code")
    data = Store.open(out / "store").read().isel(year=-1)
    areas = lr.Areas.read(polygons, code="code")
    expected = lr.aggregate(data["level"].load(), areas, weight=data["dwellings"].load())
    found = table.loc[expected["area"].values, "level"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert {"total", "won", "local_moran_cluster_vrz", "getis_ord_spot_total"} <= set(table.columns)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--code", "code"], 2, "name the columns to analyse with --value"),
        (["--code", "code", "--value", "afw"], 3, "has no column 'afw'; it has code, score, word"),
        (["--code", "code", "--value", "word"], 3, "column 'word' is no column of numbers"),
        (["--code", "id", "--value", "score"], 3, r"has no column 'id' (code)"),
        (
            ["--code", "code", "--value", "score", "--neighbours", "band"],
            2,
            "kind 'band' needs a positive distance",
        ),
    ],
)
def test_areas_say_what_is_wrong(polygons, tmp_path, capsys, options, code, message):
    assert main(["areas", str(polygons), *options, "--out", str(tmp_path / "a")]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
