"""`leefraster score` and `leefraster model check`: what they write and print, and their exit codes."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))
from small_country import code
from small_model import MODEL, write_model_country

from leefraster.cli import main
from leefraster.config import Configuration
from leefraster.sources.assemble import assemble, with_scores


@pytest.fixture
def country(tmp_path):
    return write_model_country(tmp_path / "input")


def scores_of(country):
    configuration = Configuration.read(country)
    return with_scores(assemble(configuration), configuration).dataset


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_scores_are_written_in_the_published_columns(country, tmp_path, capsys, suffix):
    out = tmp_path / "new" / f"scores{suffix}"
    assert main(["score", str(country), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Scores were made by the model small 7 (not official" in said
    assert "2,304 scores of 576 cells in 4 years, with levels" in said
    table = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert list(table.columns) == ["jaar", "grid_id", "lbm", "afw", "won", "onv", "versie"]
    data = scores_of(country).sel(year=2020)
    np.testing.assert_array_equal(table[table["jaar"] == 2020]["afw"].astype("float32"), data["total"])
    assert set(table["versie"]) == {"small 7"}


def test_written_scores_can_be_read_and_are_the_same(country, tmp_path):
    out = tmp_path / "scores.csv"
    assert main(["score", str(country), "--out", str(out)]) == 0
    again = Configuration.parse(
        '[scores]\nreader = "table"\npath = "scores.csv"\ncode = "grid_id"\nyear = "jaar"\n'
        'dimensions = ["won", "onv"]\nlevel = "lbm"\nversion = "versie"\n',
        folder=tmp_path,
    )
    read, made = assemble(again).dataset, scores_of(country)
    for name in ("score", "total", "level"):
        np.testing.assert_array_equal(read[name].values, made[name].values)
    assert read["version"].values.tolist() == made["version"].values.tolist()


def test_a_score_is_explained(country, capsys):
    assert main(["score", str(country), "--explain", code(8, 8), "--year", "2020"]) == 0
    said = capsys.readouterr().out
    total = float(scores_of(country)["total"].sel(year=2020).isel(cell=8 * 24 + 8))
    assert f"{code(8, 8)} in 2020: total {total:+.4f}" in said
    for word in ("rent", "noise", "focal_mean(150 m)", "contribution"):
        assert word in said


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["--out", "scores.xlsx"], 2, "scores are written as .csv or .parquet, not .xlsx"),
        (["--year", "2020"], 2, "--year is 2020, but it belongs to --explain"),
        (["--explain", "E0800N4492", "--year", "2019"], 2, "2019"),
        (["--explain", "E0001N4000"], 3, "not there"),
        (["--seed", "1"], 2, "--seed is 1"),
    ],
)
def test_what_score_refuses(country, capsys, arguments, exit_code, words):
    assert main(["score", str(country), *arguments]) == exit_code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_score_needs_a_model(tmp_path, capsys):
    file = tmp_path / "config.toml"
    file.write_text('[scores]\npath = "scores.csv"\n', encoding="utf-8")
    assert main(["score", str(file)]) == 2
    assert "has no [model]" in capsys.readouterr().err


def test_input_that_does_not_fit_the_model_is_exit_code_3(country, capsys):
    country.write_text(country.read_text().replace('units = "dB"', 'units = "m"'))
    assert main(["score", str(country)]) == 3
    assert "is in 'm', the model wants 'dB'" in capsys.readouterr().err


def test_model_check_prints_what_it_holds(country, capsys):
    assert main(["model", "check", str(country.parent / "model.toml")]) == 0
    said = capsys.readouterr().out
    for words in (
        "small, version 7: not official",
        "2 indicators in 2 dimensions, on 2 layers",
        "rented",
        "-0.02",
    ):
        assert words in said


def test_model_check_knows_the_shipped_model(capsys):
    assert main(["model", "check", "illustrative"]) == 0
    said = capsys.readouterr().out
    assert "not official" in said
    assert "felt_safety" in said


def test_model_check_tries_the_layers_of_a_configuration(country, capsys):
    model = str(country.parent / "model.toml")
    assert main(["model", "check", model, str(country)]) == 0
    assert "its layers fit the model" in capsys.readouterr().out
    text = country.read_text()
    country.write_text(text.replace("columns = { rented =", "columns = { rental ="))
    assert main(["model", "check", model, str(country)]) == 2
    assert "there is no layer 'rented'; did you mean rental?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("coefficient = -0.004", "coeficient = -0.004", "has no key 'coeficient'; did you mean coefficient?"),
        ('dimension = "won"', 'dimension = "wom"', "there is no dimension 'wom'; there are won, onv"),
        ('unit = "dB"', 'unit = "decibel"', "there is no unit 'decibel'"),
        ("year = 2024", 'year = "x"', "reference"),
    ],
)
def test_a_model_that_is_wrong_is_exit_code_2(tmp_path, capsys, old, new, words):
    file = tmp_path / "model.toml"
    assert old in MODEL
    file.write_text(MODEL.replace(old, new), encoding="utf-8")
    assert main(["model", "check", str(file)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "model.toml" in said


def test_a_model_that_is_not_there_is_exit_code_2(tmp_path, capsys):
    assert main(["model", "check", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err
    assert main(["model", "check", "offical"]) == 2
    assert "illustrative" in capsys.readouterr().err


def test_a_model_action_must_be_known(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["model", "chek", "illustrative"])
    assert stop.value.code == 2
    assert "check" in capsys.readouterr().err
