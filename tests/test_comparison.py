"""Two runs side by side, against counts made by hand and by naive loops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr
from leefraster.comparison import compare_runs
from leefraster.errors import UsageError
from leefraster.grid import Grid
from leefraster.record import InputFile
from made_up import area_record, clusters, record


@pytest.fixture
def store(tmp_path):
    return lr.Store.open(tmp_path, create=True)


def with_data(run, **variables):
    return replace(run, dataset=run.dataset.assign(variables))


def written(store, *runs):
    for run in runs:
        store.write(run)
    return compare_runs(store, runs[0].run_id, runs[-1].run_id)


def differing(found) -> set[str]:
    return set(found.causes.loc[found.causes["differs"], "cause"])


def test_equal_runs_do_not_differ(store):
    found = written(store, record("a"), record("b"))
    assert differing(found) == set()
    assert not found.changed[["changed", "risen", "fallen", "appeared", "vanished"]].to_numpy().any()
    assert set(found.clusters["fate"]) == {"stayed"}
    assert (found.values["changed"] == 0).all()
    assert (found.headlines["change"].dropna() == 0).all()
    assert not found.answers["differs"].any()


def test_cells_that_change_class_are_counted_as_a_naive_loop_counts_them(store):
    old, new = record("a"), record("b", seed=4)
    new = replace(new, dataset=new.dataset.isel(cell=slice(20, None)))
    found = written(store, old, new)
    classes = {
        run.run_id: {
            (int(year), int(cell)): int(lr.classify(run.dataset["level"]).values[i, j])
            for i, year in enumerate(run.dataset["year"].values)
            for j, cell in enumerate(run.dataset["cell"].values)
        }
        for run in (old, new)
    }
    expected: dict[tuple[int, int, int], int] = {}
    for key in classes["a"].keys() | classes["b"].keys():
        pair = (key[0], classes["a"].get(key, 0), classes["b"].get(key, 0))
        expected[pair] = expected.get(pair, 0) + 1
    rows = found.classes.itertuples()
    assert {(row.year, row.old, row.new): row.places for row in rows} == expected
    for row in found.changed.itertuples():
        assert row.changed == sum(
            n for (year, a, b), n in expected.items() if year == row.year and 0 < a != b > 0
        )
        assert row.vanished == sum(
            n for (year, a, b), n in expected.items() if year == row.year and a > 0 == b
        )
    assert found.changed["vanished"].min() > 0


def test_values_that_moved(store):
    old = record("a")
    total = old.dataset["total"].copy(deep=True)
    total[{"year": 1, "cell": slice(1, 4)}] += np.float32(0.5)
    new = with_data(replace(old, run_id="b"), total=total)
    found = written(store, old, new)
    rows = found.values.set_index(["year", "layer"])
    assert rows.loc[(2020, "total"), "changed"] == 3
    assert rows.loc[(2020, "total"), "largest_change"] == pytest.approx(0.5, abs=1e-6)
    places = int(np.isfinite(total.isel(year=1)).sum())
    assert rows.loc[(2020, "total"), "places"] == places
    assert rows.loc[(2020, "total"), "mean_change"] == pytest.approx(1.5 / places, abs=1e-6)
    assert rows["changed"].sum() == 3
    assert set(rows.index.get_level_values("layer")) == {"won", "fys", "vrz", "soc", "onv", "total", "level"}


def test_clusters_in_out_and_stayed(store):
    old = record("a")
    label = old.dataset["structural_label"].values.copy()
    label[label == 2] = 0
    label[200:230] = 2
    label[label == 1] = np.where(np.arange((label == 1).sum()) < 10, 1, 0)
    data = old.dataset.assign(structural_label=("cell", label))
    new = replace(old, run_id="b", dataset=data, structural=clusters(data))
    found = written(store, old, new).clusters.set_index("fate")
    assert found.loc["in", ["run", "cluster", "cells", "shared"]].tolist() == ["new", 2, 30, 0]
    assert found.loc["out", ["run", "cluster", "cells", "shared"]].tolist() == ["old", 2, 40, 0]
    assert found.loc["stayed", ["cluster", "cells", "shared"]].tolist() == [1, 10, 10]
    assert found.loc["out", "dwellings"] == old.structural.table["dwellings"][1]


CUTS = [3.0, 3.2, 3.4, 3.6, 3.8, 4.0, 4.2, 4.4]


def changed_in(old, what: str):
    """Return a run in which only one thing behind the figures differs."""
    data, parameters = old.dataset, dict(old.parameters)
    if what == "data":
        return replace(old, inputs=(InputFile(Path("scores.csv"), "cd" * 32, 100, "scores"),))
    if what == "code":
        return replace(old, versions={**old.versions, "leefraster": "0.2.0"})
    if what == "libraries":
        return replace(old, versions={**old.versions, "numpy": "2.6"})
    if what == "reference":
        return replace(old, dataset=data.assign(reference=data["reference"] + [0, 0, 0.01]))
    if what == "cuts":
        return replace(old, parameters={**parameters, "cuts": {"levels": CUTS}})
    return replace(old, parameters={**parameters, "statistics": {"alpha": 0.01}})


@pytest.mark.parametrize(
    ("what", "detail"),
    [
        ("data", "scores.csv (scores, cdcdcdcd) new or changed"),
        ("code", "leefraster: 0.1.0 became 0.2.0"),
        ("libraries", "numpy: 2.5 became 2.6"),
        ("reference", "2024: 4.1000 became 4.1100"),
        ("cuts", "levels: not set became [3.0, 3.2,"),
        ("model", "statistics.alpha: 0.05 became 0.01"),
    ],
)
def test_the_cause_is_named(store, what, detail):
    old = record("a")
    found = written(store, old, replace(changed_in(old, what), run_id="b"))
    assert differing(found) == {what}
    assert detail in found.causes.set_index("cause").loc[what, "detail"]


def test_moved_files_are_the_same_data(store):
    old = record("a")
    moved = (replace(old.inputs[0], path=Path("elsewhere/renamed.csv")),)
    assert differing(written(store, old, replace(old, run_id="b", inputs=moved))) == set()


def test_headlines_and_verdicts(store):
    old = record("a")
    verdict = replace(old.answers[0], verdict="holds")
    new = with_data(replace(old, run_id="b", answers=(verdict,)), moran_I=old.dataset["moran_I"] + 0.25)
    found = written(store, old, new)
    figures = found.headlines.set_index("figure")
    assert figures.loc["Moran's I, total", "change"] == pytest.approx(0.25)
    assert figures.loc["structural clusters", "old"] == 2
    assert found.answers.values.tolist() == [["urbanity", "mixed", "holds", True]]


def test_text_says_it_all(store):
    old = record("a")
    nowhere = xr.zeros_like(old.dataset["structural_label"])
    data = old.dataset.assign(level=old.dataset["level"] + np.float32(0.25), structural_label=nowhere)
    new = replace(changed_in(old, "code"), run_id="b", dataset=data, structural=None, answers=())
    text = str(written(store, old, new))
    assert text.startswith("old: a A made-up town\nnew: b A made-up town\n")
    for words in (
        "leefraster: 0.1.0 became 0.2.0", "Places that changed class", "Wijk é", "not answered",
        "2018  level  376 ", "Moran's I, total",
    ):  # fmt: skip
        assert words in text
    assert "nan" not in text


def test_runs_without_level_clusters_or_answers(store):
    bare = replace(record("a"), structural=None, answers=())
    bare = replace(bare, dataset=bare.dataset.drop_vars(["level", "structural_label"]))
    found = written(store, bare, replace(bare, run_id="b"))
    assert len(found.classes) == len(found.changed) == len(found.clusters) == len(found.answers) == 0
    text = str(found)
    assert "Places that changed class: not known, since a run has no level" in text
    assert "neither run answered a question" in text


def test_general_layers_are_compared_by_value(store):
    layers = record("a").dataset["score"].rename(dimension="layer").reset_coords(drop=True)
    data = xr.Dataset({"value": layers}, coords=record("a").dataset[["cell", "x", "y", "spatial_ref"]].coords)
    old = replace(record("a"), dataset=data, structural=None, answers=())
    new = replace(old, run_id="b", dataset=data.assign(value=data["value"] * 2))
    found = written(store, old, new).values
    assert len(found) == 15
    assert (found["changed"] > 0).all()


def test_area_runs_are_compared(store):
    found = written(store, area_record("a"), area_record("b", seed=2))
    assert len(found.values) == 6
    assert found.values["places"].tolist() == [40] * 6


def test_runs_that_cannot_be_compared(store):
    store.write(record("a"))
    store.write(area_record("b"))
    store.write(record("c", grid=Grid(0.0, 440_000.0, 120, 100, 100.0, "EPSG:28992")))
    with pytest.raises(UsageError, match="the old run is by cell, the new one by area"):
        compare_runs(store, "a", "b")
    with pytest.raises(UsageError, match="different grids"):
        compare_runs(store, "a", "c")
    with pytest.raises(UsageError, match="run 'd' is not there"):
        compare_runs(store, "a", "d")


def test_tables_survive_a_store_without_cells_in_clusters(store):
    old = record("a")
    none = with_data(
        replace(old, run_id="b"), structural_label=xr.zeros_like(old.dataset["structural_label"])
    )
    found = written(store, old, replace(none, structural=None))
    assert found.clusters["fate"].tolist() == ["out", "out"]
    assert isinstance(found.clusters, pd.DataFrame)
