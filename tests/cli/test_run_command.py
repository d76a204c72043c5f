"""`leefraster run`, `runs` and `diff` on a small country, as a user calls them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))
from small_country import score_table, write_country

from leefraster.cli import main
from leefraster.comparison import StoredRun, compare
from leefraster.store import Store


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Two runs into one folder; the second reads scores of which one block fell."""
    folder = tmp_path_factory.mktemp("twice")
    country = write_country(folder / "input", score_table())
    out = folder / "out"
    assert main(["run", str(country), "--out", str(out), "--threads", "1"]) == 0
    changed = score_table()
    fallen = changed["grid_id"].isin(
        [f"E{column:04d}N{row:04d}" for column in range(819, 824) for row in range(4477, 4482)]
    )
    for name, step in {"won": 0.7, "afw": 0.7, "lbm": 0.7}.items():
        changed.loc[fallen, name] = (changed.loc[fallen, name] - step).round(6)
    write_country(folder / "input", changed)
    assert main(["run", str(country), "--out", str(out)]) == 0
    return out


def test_run_says_what_it_found_and_where(country_run):
    said = country_run.out
    for words in (
        "Small country",
        "cells",
        "576",
        "Moran's I, total 2024",
        "cold, hot spots",
        "structural clusters",
    ):
        assert words in said
    for words in ("peak memory", "report.html", "run.jsonl", "detection", "skipped", "rose, fell 2"):
        assert words in said
    assert "read: " in country_run.err
    assert "\x1b" not in country_run.err


@pytest.fixture
def country_run(tmp_path, capsys):
    country = write_country(tmp_path / "input", score_table())
    assert main(["run", str(country), "--out", str(tmp_path / "out")]) == 0
    return capsys.readouterr()


def test_runs_lists_both(twice, capsys):
    assert main(["runs", "--store", str(twice)]) == 0
    said = capsys.readouterr().out
    assert "2 run(s)" in said
    assert said.count("Small country") == 2


def test_diff_names_the_cause_and_what_changed(twice, capsys):
    assert main(["diff", "0", "-1", "--store", str(twice / "store")]) == 0
    said = capsys.readouterr().out
    for words in ("What differs", "Headline figures", "change of class", "in and out", "scores.csv"):
        assert words in said


def test_the_comparison_counts_what_was_changed(twice):
    store = Store.open(twice / "store")
    found = compare(StoredRun.of(store, 0), StoredRun.of(store, 1))
    causes = found.causes.set_index("cause")["differs"]
    assert causes["data"]
    assert not causes[["model", "cuts", "reference", "code", "libraries"]].any()
    latest = found.changed.set_index("year").loc[2024]
    assert latest["places"] == 576
    assert latest["changed"] == latest["fallen"] == 25
    assert latest["risen"] == latest["appeared"] == latest["vanished"] == 0
    came = found.clusters[found.clusters["fate"] == "in"]
    assert len(came) == 1
    assert came["run"].tolist() == ["new"]
    figures = found.headlines.set_index("figure")
    assert figures.loc["structural clusters", "change"] == 1
    assert figures.loc["share of dwellings in class 4 or lower", "change"] > 0


def test_a_run_compared_with_itself_does_not_differ(twice):
    store = Store.open(twice / "store")
    found = compare(StoredRun.of(store, 0), StoredRun.of(store, 0))
    assert not found.causes["differs"].any()
    assert (found.headlines["change"].dropna() == 0).all()
    assert (found.changed["changed"] == 0).all()
    assert set(found.clusters["fate"]) == {"stayed"}
