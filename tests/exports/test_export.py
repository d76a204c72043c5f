"""`lr.export`: from data, stores and folders; protected; limited to areas."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

import leefraster as lr
from leefraster.exports.handover import Handover
from leefraster.exports.protection import protect_run
from leefraster.record import RunRecord
from leefraster.store import Store
from made_up import record


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return record("first")


@pytest.fixture(scope="module")
def stored(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    Store.open(folder / "store", create=True).write(run)
    return folder


def test_a_stored_run_exports_as_it_did_when_it_was_made(run, stored, tmp_path):
    from leefraster.exports import write_exports

    fresh = write_exports(run, tmp_path / "fresh")
    again = lr.export(stored, tmp_path / "again")
    assert [path.name for path in again] == [path.name for path in fresh]
    for one, other in zip(fresh, again, strict=True):
        if one.suffix in (".csv", ".tif", ".parquet", ".qml"):
            assert one.read_bytes() == other.read_bytes(), one.name
    outlines = [geopandas.read_file(path, layer="clusters") for path in (fresh[0], again[0])]
    assert outlines[0].geometry.geom_equals(outlines[1].geometry).all()
    assert lr.export(Store.open(stored / "store"), tmp_path / "third", formats=["csv"])


def test_a_dataset_exports_without_a_run(run, tmp_path):
    names = [path.name for path in lr.export(run.dataset, tmp_path, formats=["geoparquet"])]
    assert names == ["cells_2024.parquet", "contents.csv", "datapackage.json"]
    with pytest.raises(lr.UsageError, match="a Dataset is one run"):
        lr.export(run.dataset, tmp_path, run="first")


def test_small_cells_lose_every_value_and_counts_are_rounded(run, tmp_path):
    rule = lr.DisclosureRule(minimum=20)
    lr.export(run.dataset, tmp_path, disclosure=rule, formats=["geoparquet", "geotiff", "csv"])
    found = geopandas.read_parquet(tmp_path / "cells_2024.parquet")
    dwellings = run.dataset["dwellings"].values
    small = (dwellings > 0) & (dwellings < 20)
    assert 0 < small.sum() < small.size
    assert found["publication_status"].tolist() == small.astype(int).tolist()
    measures = [name for name in found.columns if found[name].dtype.kind == "f" and name not in ("x", "y")]
    assert found.loc[small, measures].isna().all(axis=None)
    assert (found.loc[small, "getis_ord_spot"] == 0).all()
    np.testing.assert_array_equal(found.loc[~small, "dwellings"], np.floor(dwellings[~small] / 5 + 0.5) * 5)
    np.testing.assert_array_equal(
        found.loc[~small, "total"], run.dataset["total"].sel(year=2024).values[~small]
    )
    grid_rows, columns = divmod(run.dataset["cell"].values[small], lr.grid_of(run.dataset).nx)
    for name in ("score_2024.tif", "getis_ord_z_2024.tif"):
        with rasterio.open(tmp_path / name) as source:
            assert np.isnan(source.read()[:, grid_rows, columns]).all()
    with rasterio.open(tmp_path / "getis_ord_spot_total_2024.tif") as source:
        assert (source.read(1)[grid_rows, columns] == 255).all()


def test_every_protected_file_says_so(run, tmp_path):
    lr.export(
        run.dataset, tmp_path, disclosure=lr.DisclosureRule(minimum=20), formats=["excel", "netcdf", "csv"]
    )
    package = (tmp_path / "datapackage.json").read_text(encoding="utf-8")
    assert (
        "Disclosure control: units with fewer than 20 withheld; counts rounded to multiples of 5" in package
    )
    with xr.open_dataset(tmp_path / "rasters_2024.nc") as found:
        assert "cells withheld" in found.attrs["disclosure_control"]


def test_rows_of_tables_with_small_counts_lose_their_figures(run):
    tables = {
        "course": pd.DataFrame({"cluster": [1, 2], "dwellings": [3.0, 41.0], "gap": [-0.1, -0.2]}),
        "other": pd.DataFrame({"weak_dwellings_share": [0.1]}),
    }
    done = protect_run(run.dataset, tables, lr.DisclosureRule())
    assert done.tables["course"]["dwellings"].isna().tolist() == [True, False]
    assert done.tables["course"]["dwellings"].tolist()[1] == 40
    assert done.tables["course"]["gap"].isna().tolist() == [True, False]
    pd.testing.assert_frame_equal(done.tables["other"], tables["other"])
    assert tables["course"]["dwellings"].tolist() == [3.0, 41.0]
    assert "1 rows of tables withheld" in done.said


def test_protection_without_counts_is_refused_not_forgotten(run, tmp_path):
    with pytest.raises(lr.UsageError, match="neither dwellings nor inhabitants"):
        lr.export(run.dataset.drop_vars("dwellings"), tmp_path, disclosure=lr.DisclosureRule())
    assert not list(tmp_path.iterdir())


def test_a_year_below_the_minimum_withholds_the_cell_in_all_years(run):
    counts = xr.DataArray(np.full((3, 400), 50.0), dims=("year", "cell"))
    counts[0, 7], counts[:, 9] = 2.0, np.nan
    done = protect_run(run.dataset.assign(dwellings=counts), {}, lr.DisclosureRule())
    status = done.dataset["publication_status"].values
    assert (status[7], status[9], int((status == 0).sum())) == (1, 2, 398)
    assert done.dataset["level"].isel(cell=[7, 9]).isnull().all()


def test_an_export_can_be_limited_to_areas(run, stored, tmp_path):
    lr.export(stored, tmp_path, areas=["GM0599"], formats=["geoparquet", "csv"])
    found = geopandas.read_parquet(tmp_path / "cells_2024.parquet")
    assert set(found["municipality"]) == {"GM0599"}
    whole = run.dataset["municipality"].values == "GM0599"
    np.testing.assert_array_equal(found["local_moran_p"], run.dataset["local_moran_p"].values[-1, -1, whole])
    with pytest.raises(lr.UsageError, match="area 'GM0001' is in none of municipality"):
        lr.export(stored, tmp_path, areas=["GM0001"])


def test_what_is_handed_over_from_a_store_is_what_was_kept(run, stored):
    handover = Handover.of_stored(Store.open(stored / "store"))
    assert (handover.run_id, handover.title) == (run.run_id, run.title)
    assert handover.inputs[0]["sha256"] == "ab" * 32
    assert handover.notes == run.notes
    assert handover.clusters is not None
    assert handover.clusters["cluster"].tolist() == run.structural.table["cluster"].tolist()


def test_formats_with_nothing_to_write_are_said_and_not_left_empty(tmp_path):
    cells = xr.Dataset({"made_up": record("first").dataset["total"].isel(year=-1, drop=True)})
    with pytest.raises(lr.UsageError, match="nothing to write as geotiff, csv"):
        lr.export(cells, tmp_path, formats=["geotiff", "csv"])
    with pytest.raises(lr.UsageError, match="source is a DataArray"):
        lr.export(cells["made_up"], tmp_path)
    assert not list(tmp_path.iterdir())
