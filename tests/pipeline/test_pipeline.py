"""The main job on small made input: what it leaves, what it skips, and what it does when it fails."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from small_country import YEARS, score_table, write_country

from leefraster.config import Configuration
from leefraster.errors import InputError, LeefrasterWarning
from leefraster.pipeline import run
from leefraster.pipeline import runner as runner_module
from leefraster.pipeline.analysis import STEPS
from leefraster.record import RunRecord
from leefraster.store import Store

PER_PLACE = {
    "local_moran_I": "float32",
    "local_moran_z": "float32",
    "local_moran_p": "float64",
    "local_moran_q": "float32",
    "local_moran_quadrant": "int8",
    "local_moran_cluster": "int8",
    "getis_ord_z": "float32",
    "getis_ord_p": "float64",
    "getis_ord_q": "float32",
    "getis_ord_spot": "int8",
}
PER_FIELD = ("I", "z", "p", "expected", "variance", "n", "islands")


def events(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "run.jsonl").read_text(encoding="utf-8").splitlines()]


def status(record: RunRecord) -> dict[str, str]:
    return {step.name: step.status for step in record.steps}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    country = write_country(folder / "input", score_table(), rasters=True)
    return run(Configuration.read(country), folder / "out"), folder / "out"


def test_the_data_is_as_the_data_model_says(finished):
    data = finished[0].dataset
    assert data["layer"].values.tolist() == ["won", "fys", "vrz", "soc", "onv", "total"]
    for name, kind in PER_PLACE.items():
        assert data[name].dims == ("year", "layer", "cell")
        assert data[name].dtype == kind
    for name in PER_FIELD:
        assert data[f"moran_{name}"].dims == ("year", "layer")
    assert data["neighbours"].dims == ("year", "cell")
    assert data["neighbours"].dtype == "int32"
    assert data["structural_label"].dtype == "int32"
    assert data["structural_bridge"].dtype == "bool"
    assert data["structural_weak_years"].dtype == "int16"
    for name in (*PER_PLACE, "moran_I", "neighbours", "structural_label"):
        assert {"long_name", "units", "method", "neighbourhood"} <= set(data[name].attrs)


def test_fields_are_those_of_the_statistics_themselves(finished):
    from leefraster import Neighbourhood, local_moran, moran

    data = finished[0].dataset
    total = data["total"].isel(year=1)
    alone = local_moran(total, Neighbourhood.queen())
    kept = data.isel(year=1).sel(layer="total")
    np.testing.assert_array_equal(kept["local_moran_p"].values, alone["p"].values)
    np.testing.assert_array_equal(kept["local_moran_I"].values, alone["I"].values.astype(np.float32))
    assert float(kept["moran_I"]) == float(moran(total, Neighbourhood.queen())["I"])
    vrz = local_moran(data["score"].isel(year=2).sel(dimension="vrz"), Neighbourhood.queen())
    q = data["local_moran_q"].isel(year=2).sel(layer="vrz").values
    np.testing.assert_array_equal(q, vrz["q"].values.astype(np.float32))


def test_the_weak_block_is_found(finished):
    record = finished[0]
    assert len(record.structural.table) == 1
    assert record.structural.table["dwellings"].iloc[0] == pytest.approx(64 * 20, rel=0.3)


def test_every_output_is_there_and_no_waiting_folder(finished):
    record, out = finished
    assert sorted(path.name for path in out.iterdir()) == ["exports", "report.html", "run.jsonl", "store"]
    assert {".tif", ".gpkg", ".parquet", ".csv"} <= {path.suffix for path in (out / "exports").iterdir()}
    assert "Small country" in (out / "report.html").read_text(encoding="utf-8")
    stored = Store.open(out / "store").read(record.run_id)
    xr.testing.assert_equal(stored["local_moran_p"].load(), record.dataset["local_moran_p"])
    assert set(stored.data_vars) == set(record.dataset.data_vars)
    risers = Store.open(out / "store").tables(record.run_id)["risers"]
    assert risers["risen"][0] == record.risers.overall["risen"]
    assert 'id="risers"' in (out / "report.html").read_text(encoding="utf-8")


def test_steps_inputs_and_versions_are_recorded(finished):
    record, out = finished
    assert status(record)["detection"] == "skipped"
    done = {name for name, how in status(record).items() if how == "done"}
    assert {"read", "identity check", "local Moran", "hot spots", "structural clusters", "store"} <= done
    assert "risers and fallers" in done
    assert status(record)["published changes"] == "skipped"
    assert {item.path.name for item in record.inputs} >= {"scores.csv", "squares.csv"}
    assert all(len(item.sha256) == 64 for item in record.inputs)
    assert {"leefraster", "numpy", "code"} <= set(record.versions)
    assert record.parameters["cuts"]["year"] == 2024
    steps = {event["name"]: event for event in events(out) if event["event"] == "step"}
    assert steps["detection"]["reason"] in [step.reason for step in record.steps]
    assert events(out)[-1]["event"] == "finished"


def test_a_second_run_adds_to_the_store_and_replaces_the_rest(country, tmp_path):
    out = tmp_path / "out"
    first = run(Configuration.read(country), out)
    (out / "exports" / "stale.csv").write_text("left over")
    (out / "mine.txt").write_text("not ours")
    second = run(Configuration.read(country), out)
    assert Store.open(out / "store").runs()["run_id"].tolist() == [first.run_id, second.run_id]
    assert not (out / "exports" / "stale.csv").exists()
    assert (out / "mine.txt").read_text() == "not ours"
    assert {event["run"] for event in events(out)} == {first.run_id, second.run_id}
    for name in PER_PLACE:
        np.testing.assert_array_equal(first.dataset[name].values, second.dataset[name].values)


def test_wrong_input_changes_nothing_but_the_log(country, tmp_path):
    out = tmp_path / "out"
    first = run(Configuration.read(country), out)
    report = (out / "report.html").read_bytes()
    broken = score_table()
    broken.iloc[5, broken.columns.get_loc("won")] += 0.01
    write_country(country.parent, broken)
    with pytest.raises(InputError, match="sum"):
        run(Configuration.read(country), out)
    assert Store.open(out / "store").runs()["run_id"].tolist() == [first.run_id]
    assert (out / "report.html").read_bytes() == report
    assert sorted(path.name for path in out.iterdir()) == ["exports", "report.html", "run.jsonl", "store"]
    assert events(out)[-1]["event"] == "failed"
    assert events(out)[-1]["exit_code"] == 3


def test_a_failing_export_leaves_the_store_as_it_was(country, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = run(Configuration.read(country), out)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner_module, "write_exports_to", full)
    with pytest.raises(OSError, match="No space left"):
        run(Configuration.read(country), out)
    assert Store.open(out / "store").runs()["run_id"].tolist() == [first.run_id]
    assert any((out / "exports").iterdir())


def test_steps_without_input_are_skipped_with_their_reason(country, tmp_path):
    text = country.read_text(encoding="utf-8")
    country.write_text(text.partition("[dwellings]")[0], encoding="utf-8")
    record = run(Configuration.read(country), tmp_path / "out")
    reasons = {step.name: step.reason for step in record.steps if step.status == "skipped"}
    assert "dwellings" in reasons["structural clusters"]
    assert "structural clusters" in reasons["question: hard_core"]
    assert record.structural is None


def test_fewer_than_three_years_have_no_structure(country, tmp_path):
    table = score_table()
    write_country(country.parent, table[table["jaar"] >= YEARS[-2]])
    record = run(Configuration.read(country), tmp_path / "out")
    reasons = {step.name: step.reason for step in record.steps}
    assert "3 measurement years" in reasons["structural clusters"]


def test_general_layers_run_to_the_end(tmp_path):
    random = np.random.default_rng(3)
    row, column = (axis.ravel() for axis in np.indices((12, 15)))
    table = pd.DataFrame({"x": 50 + 100 * column, "y": 50 + 100 * row, "a": random.normal(size=180)})
    table.assign(b=random.gamma(2, size=180)).to_csv(tmp_path / "layers.csv", index=False)
    (tmp_path / "layers.toml").write_text(
        '[grid]\nname = "covering"\ncrs = "EPSG:3035"\n[[layers]]\npath = "layers.csv"\nx = "x"\ny = "y"\n'
        'columns = ["a", "b"]\nyear = 2022\ncrs = "EPSG:3035"\n',
        encoding="utf-8",
    )
    record = run(Configuration.read(tmp_path / "layers.toml"), tmp_path / "out")
    assert record.dataset["layer"].values.tolist() == ["a", "b"]
    assert record.dataset["local_moran_p"].dims == ("year", "layer", "cell")
    skipped = {name for name, how in status(record).items() if how == "skipped"}
    assert {"identity check", "structural clusters", "question: urbanity"} <= skipped
    assert record.crosscheck is not None
    assert (tmp_path / "out" / "report.html").is_file()


def test_areas_run_to_the_end_on_nearest_points(tmp_path):
    random = np.random.default_rng(4)
    shares = random.normal(0, 0.05, (60, 5)).round(6)
    table = pd.DataFrame(shares, columns=["won", "fys", "vrz", "soc", "onv"])
    table["afw"] = shares.sum(axis=1).round(6)
    table["code"], table["x"], table["y"] = (
        [f"BU{i:08d}" for i in range(60)],
        *random.uniform(0, 9e4, (2, 60)),
    )
    table.to_csv(tmp_path / "areas.csv", index=False)
    (tmp_path / "areas.toml").write_text(
        '[scores]\nreader = "areas"\npath = "areas.csv"\ncode = "code"\nyear = 2024\nx = "x"\ny = "y"\n',
        encoding="utf-8",
    )
    record = run(Configuration.read(tmp_path / "areas.toml"), tmp_path / "out")
    data = record.dataset
    assert data["local_moran_p"].dims == ("year", "layer", "area")
    assert int(data["neighbours"].min()) == int(data["neighbours"].max()) == 8
    assert "nearest" in data["local_moran_I"].attrs["neighbourhood"]
    assert "areas" in {step.name: step.reason for step in record.steps}["structural clusters"]


def test_own_warnings_become_notes(country, tmp_path, monkeypatch):
    import warnings

    def warning_step(work):
        warnings.warn("this field is flat", LeefrasterWarning, stacklevel=1)

    steps = (STEPS[0], ("odd", warning_step))
    monkeypatch.setattr(runner_module, "steps_of", lambda configuration: steps)
    monkeypatch.setattr(runner_module, "write_exports_to", lambda *arguments: None)
    monkeypatch.setattr(runner_module, "write_report_to", lambda *arguments: None)
    record = run(Configuration.read(country), tmp_path / "out")
    assert "this field is flat" in record.notes
    assert "this field is flat" in [event.get("text") for event in events(tmp_path / "out")]
