"""A run from indicators on: scores by hand, level and reference, what is told of the model, and what is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_country import YEARS
from small_model import MODEL, write_model_country

import leefraster as lr
from leefraster.config import Configuration
from leefraster.errors import InputError, UsageError
from leefraster.pipeline import run
from leefraster.pipeline import runner as runner_module
from leefraster.pipeline.analysis import steps
from leefraster.sources.assemble import assemble, with_scores


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model_run")
    country = write_model_country(folder / "input")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner_module, "steps_of", without_the_slowest)
        return run(Configuration.read(country), folder / "out"), folder


def without_the_slowest(configuration):
    """Return the steps of a run but for the slow ones, which are about scores however they came."""
    slow = ("local Moran", "hot spots", "cross-check with esda")
    return tuple(step for step in steps(configuration) if step[0] not in slow)


def made(country):
    configuration = Configuration.read(country)
    return with_scores(assemble(configuration), configuration)


def by_hand(folder, year):
    """Return deviations by the model's definition, with plain loops over cells; all cells weigh the same."""
    rent = pd.read_csv(folder / "rent.csv").query("year == @year").set_index("cell")["percentage"]
    noise = pd.read_csv(folder / "noise.csv").set_index("cell")["noise"]
    at = {(int(c[1:5]), int(c[6:])): c for c in noise.index}
    around = {}
    for (east, north), cell in at.items():
        near = [at.get((east + dx, north + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        around[cell] = np.mean([noise[c] for c in near if c is not None])
    won = -0.004 * (rent - rent.mean())
    onv = -0.02 * (pd.Series(around) - np.mean(list(around.values())))
    return pd.DataFrame({"won": won, "onv": onv})


@pytest.mark.parametrize("year", YEARS)
def test_scores_are_those_of_the_definition(finished, year):
    record, folder = finished
    data = record.dataset.sel(year=year)
    wanted = by_hand(folder / "input", year).loc[lr.grid_of(data).code_from_cell(data["cell"].values)]
    for name in ("won", "onv"):
        np.testing.assert_allclose(data["score"].sel(dimension=name), wanted[name], atol=1e-6)
    np.testing.assert_allclose(data["total"], wanted.sum(axis=1), atol=1e-6)


def test_everything_from_scores_on_is_done(finished):
    record, folder = finished
    state = {step.name: step.status for step in record.steps}
    assert list(state)[:3] == ["read", "scores from indicators", "identity check"]
    assert state["structural clusters"] == "done"
    assert len(record.structural.table) == 1
    assert {answer.name for answer in record.answers} >= {"hard_core"}
    assert (folder / "out" / "exports" / "clusters.gpkg").exists()
    stored = lr.Store.open(folder / "out" / "store").read(-1)
    np.testing.assert_array_equal(stored["total"].values, record.dataset["total"].values)
    assert record.dataset["score"].dtype == np.float32
    assert record.dataset["dimension_name"].values.tolist() == ["housing stock", "nuisance and insecurity"]


def test_the_level_is_the_models(finished):
    record, folder = finished
    data = record.dataset
    assert data["reference"].sel(year=2024) == pytest.approx(4.1)
    rent = pd.read_csv(folder / "input" / "rent.csv").groupby("year")["percentage"].mean()
    wanted = 4.1 - 0.004 * (rent - rent[2024])
    np.testing.assert_allclose(data["reference"], wanted, atol=1e-9)
    np.testing.assert_allclose(data["level"], data["total"] + data["reference"], atol=1e-6)


def test_the_model_stands_in_record_report_and_store(finished):
    record, folder = finished
    facts = record.parameters["model"]
    assert (facts["name"], facts["version"], facts["official"]) == ("small", "7", False)
    assert facts["path"] == "model.toml"
    file = folder / "input" / "model.toml"
    roles = {item.path.name: item for item in record.inputs}
    assert roles["model.toml"].role == "model"
    assert roles["model.toml"].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record.dataset["total"].coords["version"].values.tolist() == ["small 7"] * len(YEARS)
    said = "Scores were made by the model small 7 (not official; reference year 2024, 2 indicators)"
    assert any(note.startswith(said) for note in record.notes)
    report = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert said in report
    assert "model small 7 (not official)" in report


def test_without_a_level_there_are_deviations_only(tmp_path):
    country = write_model_country(tmp_path, level=False)
    found = made(country).dataset
    assert "level" not in found
    assert "reference" not in found
    with country.open("a", encoding="utf-8") as file:
        file.write("[references]\n2018 = 4.0\n2020 = 4.05\n2022 = 4.1\n2024 = 4.2\n")
    found = made(country).dataset
    assert found["reference"].values.tolist() == [4.0, 4.05, 4.1, 4.2]
    np.testing.assert_allclose(
        found["level"] - found["total"], found["reference"] + 0 * found["total"], atol=1e-6
    )


def test_references_for_some_years_are_refused(tmp_path):
    country = write_model_country(tmp_path)
    with country.open("a", encoding="utf-8") as file:
        file.write("[references]\n2024 = 4.2\n")
    with pytest.raises(UsageError, match="references are given, but not for 2018, 2020, 2022"):
        made(country)


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    country = write_model_country(tmp_path, model=MODEL.replace('layer = "rented"', 'layer = "rentd"'))
    with pytest.raises(UsageError, match=r"there is no layer 'rentd'; did you mean rented\?"):
        made(country)


def test_another_unit_is_refused(tmp_path):
    country = write_model_country(tmp_path)
    country.write_text(country.read_text().replace('units = "dB"', 'units = "%"'))
    with pytest.raises(InputError, match="layer 'noise' is in '%', the model wants 'dB'"):
        made(country)


def test_dwellings_are_needed_where_the_model_weighs_by_them(tmp_path):
    country = write_model_country(tmp_path)
    text = country.read_text()
    country.write_text(text[: text.index("[dwellings]")])
    with pytest.raises(UsageError, match=r"there are none; give \[dwellings\]"):
        made(country)


def test_missing_indicators_are_counted_or_refused_never_zero(tmp_path):
    country = write_model_country(tmp_path)
    noise = pd.read_csv(tmp_path / "noise.csv")
    noise.loc[[*range(9), *range(24, 33)], "noise"] = np.nan
    noise.to_csv(tmp_path / "noise.csv", index=False)
    rent = pd.read_csv(tmp_path / "rent.csv")
    gone = rent.loc[5, "cell"]
    rent[rent["cell"] != gone].to_csv(tmp_path / "rent.csv", index=False)
    found = made(country)
    assert any(
        note.startswith("indicator noise: missing in") and "national mean" in note for note in found.notes
    )
    assert any(note.startswith("indicator rent: missing in 4 of 2,304 places") for note in found.notes)
    assert any("1 of 576 cells have no score in any year" in note for note in found.notes)
    assert found.dataset.sizes["cell"] == 575
    assert lr.Grid.netherlands().cell_from_code([gone])[0] not in found.dataset["cell"].values
    noise.loc[:60, "noise"] = np.nan
    noise.to_csv(tmp_path / "noise.csv", index=False)
    with pytest.raises(
        InputError, match="'small': indicator missing on more cells than its rule allows: noise"
    ):
        made(country)


def test_restricted_cells_count_in_neighbourhoods_all_the_same(tmp_path):
    country = write_model_country(tmp_path)
    whole = made(country).dataset
    squares = pd.read_csv(tmp_path / "squares.csv")
    squares.iloc[:300].to_csv(tmp_path / "squares.csv", index=False)
    text = country.read_text()
    country.write_text(text.replace('column = "dwellings"', 'column = "dwellings"\nrestrict = true'))
    part = made(country).dataset
    assert part.sizes["cell"] == 300
    some = whole["score"].sel(dimension="onv", cell=part["cell"].values, year=2024)
    shift = part["score"].sel(dimension="onv", year=2024) - some
    np.testing.assert_allclose(shift, float(shift[0]), atol=1e-6)


@pytest.mark.real_data
def test_an_illustrative_model_on_real_squares(shared_data):
    examples = Path(__file__).resolve().parents[2] / "examples"
    assert shared_data.is_dir()
    found = made(examples / "rijnmond_model" / "config.toml")
    data = found.dataset
    assert data.sizes["cell"] == 16_383
    assert data["total"].notnull().all()
    assert "level" not in data
    weights = data["dwellings"].fillna(0)
    assert float((data["total"].isel(year=0) * weights).sum() / weights.sum()) == pytest.approx(0, abs=1e-6)
    assert np.abs(data["score"].sum("dimension") - data["total"]).max() < 1e-6
    dense = data["score"].sel(dimension="vrz").isel(year=0).groupby(data["urbanity"]).mean()
    assert (np.diff(dense.values) < 0).all()
    assert any("built_before_1945: missing in" in note for note in found.notes)
