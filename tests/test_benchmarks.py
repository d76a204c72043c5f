"""The benchmarks run, agree with each other, and their page says what was measured; nothing here is about time."""

import importlib
import json
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import leefraster as lr

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(autouse=True, scope="module")
def found():
    """Let the folder of benchmarks be importable, as it is for its commands."""
    folders = [str(BENCHMARKS), str(BENCHMARKS / "asv")]
    sys.path[:0] = folders
    yield
    for folder in folders:
        sys.path.remove(folder)


def module(name):
    return importlib.import_module(f"beside.{name}")


class InThisProcess:
    """Does what a child does, without starting one."""

    def __init__(self, warm_up, log):
        self._child = module("child")
        self._measurer = self._child.Measurer(module("cells").Cells.load(warm_up))

    def ask(self, do, **order):
        told = self._child.answer(self._measurer, {"do": do, **order})
        assert told.pop("ok"), told
        return told

    def end(self):
        pass


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "results.json"
    command = ["run", "--quick", "--sizes", "900", "--seconds", "900", "--out", str(path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("runner"), "Child", InThisProcess)
        patch.setattr(
            module("limits"), "in_child", lambda name, *args: module(name.split(".")[1]).measured(*args)
        )
        importlib.import_module("bench").main([*command, "--programs", "leefraster", "plain numba kernel"])
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--programs", "leefraster", "nosuch"],
            "'nosuch' is not known; known are leefraster, plain numba kernel",
        ),
        (["--sizes", "0"], "--sizes: 0 must be at least 1 cell"),
        (["--seconds", "-1"], "--seconds: -1 must be more than 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(capsys, options, message):
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module("bench").main(["run", *options])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_small_runs_look_at_the_distance_from_the_limit_shortly():
    bench = importlib.import_module("bench")
    assert bench.near_the_limit(bench.FULL) == (1_000_000, 50_000_000, 3.0)
    assert bench.near_the_limit(bench.QUICK) == (10_000, 1_000_000, 0.1)


@pytest.mark.parametrize("size", ["0", "-5", "1.5", "many", "1e16"])
def test_a_continent_of_no_size_is_refused_in_one_line(size, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["continent.py", size, "--folder", str(tmp_path)])
    with pytest.raises(SystemExit):
        importlib.import_module("continent").main()
    assert f"argument size: '{size}' is no whole number from 1 to 1e15" in capsys.readouterr().err


def of(results, work, on="ragged 900"):
    [one] = [one for one in results["measured"] if one["work"] == work and one["on"] == on]
    return one


def test_a_quick_run_measures_every_work_without_a_fault(results):
    assert [one["fault"] for one in results["measured"] if one["fault"]] == []
    assert {one["program"] for one in results["measured"]} == {"leefraster", "plain numba kernel"}
    assert all(one["seconds"] > 0 for one in results["measured"])
    assert all(one["peak_bytes"] >= 0 for one in results["measured"] if not one["extrapolated"])


def test_the_rival_agrees_with_ours(results):
    rival = of(results, "rival local")["agreement"]
    assert rival["I"] < 1e-12
    assert abs(rival["p_mean"]) < 0.2
    assert 0.85 < rival["p_sd"] < 1.2


def test_scipy_agrees_with_ours():
    cells = module("cells").Cells.made(900)
    results = {}
    for name, key in (("ours", "ours focal"), ("scipy_ndimage", "scipy focal")):
        [work] = [work for work in module(name).WORKS if work.name == key]
        results[key] = work.results(work.prepare(cells, {})(), cells)
    assert module("agreement").agreement(*results.values())["sum"] < 1e-12


def test_the_distance_from_the_limit_and_the_stages_are_in_the_results(results):
    assert results["limits"]["copy_per_million"] > 0
    assert "global Moran, queen" in [one["name"] for one in results["limits"]["statistics"]]
    for stages in results["stages"]["works"].values():
        assert sum(one["share"] for one in stages) == pytest.approx(1)
        assert "null tables" in [one["stage"] for one in stages]


def test_the_page_has_every_time_and_its_pictures(results, tmp_path):
    page = module("page")
    page.write_page(results, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text()
    for one in results["measured"]:
        assert f"| {one['program']} | {one['label']} |" in text
        assert page.seconds(one) in text
    pictures = {line.split("(")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert len(pictures) == 4
    assert all((tmp_path / picture).stat().st_size > 5000 for picture in pictures)


def test_extrapolated_times_are_marked():
    page = module("page")
    one = {"seconds": 12.4, "fault": None, "extrapolated": True}
    assert page.seconds(one) == "~12"
    assert page.seconds(one | {"extrapolated": False}) == "12"
    assert page.seconds(one | {"fault": "MemoryError"}) == "-"


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], 0.0),
        ([(1000, 2.0)], 20.0),  # in proportion
        ([(100, 1.0), (1000, 2.0)], 20.0),  # never less than in proportion
        ([(100, 1.0), (1000, 100.0)], 10_000.0),
        ([(100, 1.0), (1000, 10_000.0)], 1_000_000.0),  # never more than the square
    ],
)
def test_times_of_larger_sizes_follow_a_power_law(points, expected):
    assert module("growth").predicted(points, 10_000) == pytest.approx(expected)


def test_what_would_take_too_long_is_extrapolated_and_not_run(monkeypatch):
    runner = module("runner")
    monkeypatch.setattr(runner, "Child", InThisProcess)
    plan = runner.Plan(
        sizes=(300, 600), germany=False, rounds=1, least=0.0, most=0.0, programs=("scipy.ndimage",)
    )
    with (BENCHMARKS / "fields.py").open() as unread:
        first, second = runner.Run(plan, unread).all()
    assert not first.extrapolated
    assert second.extrapolated
    assert second.seconds == pytest.approx(first.seconds * second.cells / first.cells)
    assert second.rounds == []


def test_a_child_measures_and_tells_what_went_wrong(tmp_path):
    cells, children = module("cells"), module("children")
    cells.Cells.made(300).save(tmp_path / "cells.npz")
    with (tmp_path / "log").open("w") as log:
        child = children.Child(tmp_path / "cells.npz", log)
        with pytest.raises(children.ChildFailed, match="KeyError: 'nothing'"):
            child.ask("prepare", work="nothing")
        assert child.ask("load", path=str(tmp_path / "cells.npz")) == {}
        child.ask("prepare", work="scipy focal")
        told = child.ask("measure", work="scipy focal", least=0.0)
        child.ask("results", work="scipy focal", path=str(tmp_path / "results.npz"))
        child.end()
    assert told["seconds"] > 0
    assert told["peak_bytes"] >= 0
    assert (
        np.load(tmp_path / "results.npz")["sum"].shape
        == cells.Cells.load(tmp_path / "cells.npz").values.shape
    )
    assert "KeyError" in (tmp_path / "log").read_text()


def test_cells_have_no_islands_and_the_pairs_are_the_queen_neighbours():
    cells = module("cells").Cells.made(700, seed=3)
    starts, neighbours = cells.pairs
    counts = lr.local_moran(cells.field, lr.Neighbourhood.queen())["neighbours"].values
    assert counts.min() > 0
    assert (np.diff(starts) == counts).all()
    graph = lr.Neighbourhood.queen().graph(cells.field)
    ids = np.asarray(graph.unique_ids)
    for i in (0, 17, len(counts) - 1):
        assert sorted(ids[neighbours[starts[i] : starts[i + 1]]]) == sorted(graph[ids[i]].index)


def test_germany_is_read_where_it_is(shared_data, monkeypatch):
    cells = module("cells")
    monkeypatch.setattr(cells, "GERMANY", shared_data / "germany_1km")
    monkeypatch.setattr(cells, "VARIABLE", "none.parquet")
    with pytest.raises(FileNotFoundError):
        cells.Cells.germany()


def test_what_other_programs_take_is_a_share():
    others = module("machine").Others()
    sum(i * i for i in range(300_000))
    assert 0 <= others.share() <= 1.5


def test_agreement_of_draws_is_standardised():
    compare = module("agreement").agreement
    rng = np.random.default_rng(1)
    tail = rng.uniform(0.03, 0.3, 20_000)
    drawn = (rng.binomial(999, tail) + 1) / 1000
    found = compare(
        {"tail": tail, "I": np.ones(3)}, {"tail": drawn, "drawn": np.array([999]), "I": np.ones(3) + 1e-3}
    )
    assert abs(found["p_mean"]) < 0.03
    assert found["p_sd"] == pytest.approx(1, abs=0.03)
    assert found["I"] == pytest.approx(1e-3)
    assert compare({"bin": np.array([90, 0])}, {"bin": np.array([90, 95])}) == {"bin": 0.5}


def _suites():
    names = ("kernels", "statistics", "start_up")
    return [importlib.import_module(f"suites.{name}") for name in names]


def _small(param):
    return [300 if isinstance(param[0], int) and param[0] >= 1000 else each for each in param[:1]]


def test_the_body_of_every_asv_benchmark_runs():
    ran = 0
    for suite in _suites():
        for name, found in vars(suite).items():
            if name.startswith("timeraw_"):
                exec(compile(textwrap.dedent(found()), name, "exec"), {})
                ran += 1
            if isinstance(found, type) and found.__module__ == suite.__name__:
                chosen = [_small(param)[0] for param in found.params]
                suite_object = found()
                suite_object.setup(*chosen)
                for method in dir(found):
                    if method.startswith(("time_", "peakmem_")):
                        getattr(suite_object, method)(*chosen)
                        ran += 1
    assert ran >= 15


def test_processes_that_start_together_on_an_empty_cache_all_end_well(tmp_path):
    from cold_processes import together

    outcome = together("sums", 3, tmp_path)
    assert outcome["well"], outcome
    assert outcome["ended well"] == 3
    assert max(outcome["compiled"]) == outcome["kernels kept"] == 2


def test_whatever_is_not_as_it_should_be_makes_the_outcome_bad():
    from cold_processes import is_well

    good = {
        "processes": 2, "ended well": 2, "different results": 1, "said something": [], "compiled by one more": 0,
        "kernels kept": 3, "other files": [],
    }  # fmt: skip
    assert is_well(good)
    bad = {
        "ended well": 1, "different results": 2, "said something": ["oh"], "compiled by one more": 1,
        "kernels kept": 0, "other files": ["half"],
    }  # fmt: skip
    for key, value in bad.items():
        assert not is_well(good | {key: value}), key
