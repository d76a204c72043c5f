"""A run whose report and exports are protected and limited, while its store holds everything."""

import geopandas
import numpy as np
import pandas as pd
import pytest
from small_country import CONFIGURATION, score_table, write_country

import leefraster as lr
from leefraster.config import Configuration
from leefraster.pipeline import run


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    folder = tmp_path_factory.mktemp("country")
    write_country(folder, score_table())
    table = pd.read_csv(folder / "squares.csv")
    table.loc[::10, "dwellings"] = 3
    table["gemeente"] = np.where(np.arange(len(table)) < len(table) // 2, "GM0001", "GM0002")
    table.to_csv(folder / "squares.csv", index=False)
    extra = """
[areas]
path = "squares.csv"
code = "cell"
municipality = "gemeente"
[disclosure]
minimum = 10
[exports]
formats = ["geoparquet", "csv", "excel"]
licence = "CC0-1.0"
areas = ["GM0001"]
"""
    (folder / "run.toml").write_text(CONFIGURATION + extra)
    return folder


def test_report_and_exports_are_protected_and_the_store_is_not(country, tmp_path):
    record = run(Configuration.read(country / "run.toml"), tmp_path)
    names = {path.name for path in (tmp_path / "exports").iterdir()}
    assert {"cells_2024.parquet", "tables.xlsx", "datapackage.json"} <= names
    assert not any(name.endswith((".tif", ".gpkg")) for name in names)
    cells = geopandas.read_parquet(tmp_path / "exports" / "cells_2024.parquet")
    assert set(cells["municipality"]) == {"GM0001"}
    small = cells["publication_status"] == 1
    assert small.sum() > 20
    assert cells.loc[small, ["total", "level", "getis_ord_z", "dwellings"]].isna().all(axis=None)
    assert (cells.loc[~small, "dwellings"] % 5 == 0).all()
    stored = lr.Store.open(tmp_path / "store").read(record.run_id)
    assert stored["level"].notnull().all()
    assert stored.sizes["cell"] > len(cells)
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Disclosure control: units with fewer than 10 withheld" in report
    assert "cells of GM0001; statistics are those of the whole" in report
    assert '"CC0-1.0"' in (tmp_path / "exports" / "datapackage.json").read_text()


def test_protection_without_counts_fails_the_run_and_leaves_nothing(country, tmp_path):
    text = (country / "run.toml").read_text()
    start = text.index("[dwellings]")
    (country / "without.toml").write_text(text[:start] + text[text.index("[urbanity]") :])
    with pytest.raises(lr.UsageError, match="neither dwellings nor inhabitants"):
        run(Configuration.read(country / "without.toml"), tmp_path / "out")
    assert not (tmp_path / "out" / "exports").exists()
