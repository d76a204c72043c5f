"""The parts of the pipeline: staging, identity, threads, fields, neighbours, log, progress."""

import io
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from leefraster.bands.given_back import give_back
from leefraster.cells import cell_coordinates
from leefraster.errors import EnvironmentFault, InputError
from leefraster.grid import Grid
from leefraster.kernels.jit import set_threads
from leefraster.pipeline.fields import headline, layers_of, one_field, year_fields
from leefraster.pipeline.identity import check_identity
from leefraster.pipeline.memory import peak_bytes
from leefraster.pipeline.neighbourhoods import nearest_areas
from leefraster.pipeline.outputs import Outputs
from leefraster.pipeline.staging import exchange, staging
from leefraster.pipeline.threads import InThreads
from leefraster.pipeline.work import Skipped, Work
from leefraster.progress import Bars, Lines, Silent, shown
from leefraster.record import Step
from leefraster.run_log import RunLog


def scores(total=(0.3, -0.1)) -> xr.Dataset:
    parts = np.array([[[0.1, 0.1], [0.2, -0.2]]], dtype=np.float32)
    return xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), parts),
            "total": (("year", "cell"), np.array([total], dtype=np.float32)),
        },
        coords={
            "year": [2024],
            "dimension": ["a", "b"],
            **cell_coordinates(Grid(0.0, 500.0, 5, 5), np.array([7, 9])),
        },
    )


def work_on(data: xr.Dataset) -> Work:
    return Work(SimpleNamespace(), Silent(), data)


# staging


def test_a_waiting_folder_is_gone_afterwards_and_so_are_folders_made_for_it(tmp_path):
    out = tmp_path / "a" / "b"
    with staging(out) as waiting:
        (waiting / "report.html").write_text("half")
        assert waiting.parent == out
    assert not (tmp_path / "a").exists()


def test_an_error_leaves_the_output_folder_as_it_was(tmp_path):
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(KeyError), staging(tmp_path) as waiting:
        raise KeyError(waiting)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_exchange_replaces_what_has_the_same_name_and_keeps_the_rest(tmp_path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "stale").touch()
    (tmp_path / "keep").write_text("mine")
    with staging(tmp_path) as waiting:
        (waiting / "exports").mkdir()
        (waiting / "exports" / "new").touch()
        (waiting / "report.html").write_text("new")
        exchange(waiting, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports", "keep", "report.html"]
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["new"]


def test_what_killed_runs_left_is_swept_and_what_others_use_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f".unfinished-{ended.pid}").mkdir()
    living = tmp_path / f".unfinished-{os.getppid()}"
    living.mkdir()
    with staging(tmp_path):
        assert not (tmp_path / f".unfinished-{ended.pid}").exists()
        assert living.exists()


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(EnvironmentFault, match="out: cannot be written"), staging(tmp_path / "out"):
        pass


def test_too_little_room_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(EnvironmentFault, match="1,000 bytes are free"):
        Outputs(tmp_path).require_room()


# identity


def test_scores_that_add_up_pass_and_the_gap_is_noted():
    work = work_on(scores())
    check_identity(work)
    assert "differ by at most" in work.notes[0]


def test_scores_that_do_not_add_up_are_refused_with_place_year_and_gap():
    words = r"by more than 1e-05 in 1 of 2 places.*worst: 2024 E0004N0003: total -0.099800, sum -0.100000"
    with pytest.raises(InputError, match=words):
        check_identity(work_on(scores((0.3, -0.0998))))


def test_the_tolerance_is_one_hundred_thousandth():
    check_identity(work_on(scores((0.300009, -0.1))))
    with pytest.raises(InputError):
        check_identity(work_on(scores((0.300011, -0.1))))


def test_a_missing_part_is_not_a_fault():
    data = scores()
    data["score"][0, 0, 1] = np.nan
    work = work_on(data)
    check_identity(work)
    assert "In 1 places (cell and year) with a total a dimension is missing" in work.notes[1]


def test_the_identity_is_skipped_without_dimensions():
    with pytest.raises(Skipped, match="score"):
        check_identity(work_on(scores().drop_vars("score")))


# fields


def test_layers_are_the_dimensions_and_the_total():
    data = scores()
    assert layers_of(data) == ["a", "b", "total"]
    assert headline(data) == "total"
    assert layers_of(data.drop_vars("score")) == ["total"]
    stacked = year_fields(data, 0)
    assert stacked.dims == ("layer", "cell")
    for layer in range(3):
        field = one_field(data, 0, layer)
        assert field.dims == ("cell",)
        assert "spatial_ref" in field.coords
        np.testing.assert_array_equal(field.values, stacked.values[layer])


def test_general_layers_are_taken_as_they_are():
    value = xr.DataArray(
        np.arange(6.0).reshape(1, 2, 3),
        dims=("year", "layer", "cell"),
        coords={"year": [2022], "layer": ["p", "q"], "cell": [1, 2, 3], "layer_units": ("layer", ["1", "m"])},
    )
    data = xr.Dataset({"value": value})
    assert layers_of(data) == ["p", "q"]
    assert headline(data) == "p"
    assert one_field(data, 0, 1).values.tolist() == [3.0, 4.0, 5.0]
    assert year_fields(data, 0).values.tolist() == value.values[0].tolist()


# nearest areas


def areas(x, y) -> xr.Dataset:
    coords = {"area": list("abcdef")[: len(x)], "x": ("area", x), "y": ("area", y)}
    return xr.Dataset(coords=coords)


def test_nearest_areas_are_those_of_a_naive_search():
    random = np.random.default_rng(2)
    x, y = random.uniform(0, 10, (2, 6))
    graph = nearest_areas(areas(x, y), 2)
    for i, name in enumerate("abcdef"):
        distance = (x - x[i]) ** 2 + (y - y[i]) ** 2
        expected = {"abcdef"[j] for j in np.argsort(distance)[1:3]}
        assert set(graph[name].index) == expected


def test_areas_without_a_point_or_too_few_are_refused():
    with pytest.raises(InputError, match=r"1 areas have no x and y \(b\)"):
        nearest_areas(areas([0.0, np.nan, 1.0], [0.0, 1.0, 2.0]), 1)
    with pytest.raises(InputError, match="at least 9"):
        nearest_areas(areas([0.0, 1.0], [0.0, 1.0]), 8)


# threads


@pytest.mark.parametrize("number", [1, 2])
def test_results_come_in_order_and_errors_come_through(number, monkeypatch):
    monkeypatch.setattr("leefraster.kernels.jit._threads", None)
    set_threads(number)
    assert list(InThreads().map(lambda item: item * item, range(50))) == [item * item for item in range(50)]
    with pytest.raises(ZeroDivisionError):
        list(InThreads().map(lambda item: 1 // item, [2, 1, 0]))


def test_memory_is_counted_in_bytes():
    held = np.ones(50_000_000, dtype=np.uint8)
    assert peak_bytes() > held.nbytes
    give_back()


# log and progress


def test_the_log_is_one_json_object_a_line_and_keeps_earlier_runs(tmp_path):
    for name in ("first", "second"):
        log = RunLog(name)
        log.add(
            "figures", n=np.int64(3), share=np.float32(0.5), none=float("nan"), where=tmp_path, parts=(1, "ë")
        )
        log.append_to(tmp_path / "out")
    lines = (tmp_path / "out" / "run.jsonl").read_text(encoding="utf-8").splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["run"], second["run"]) == ("first", "second")
    assert (first["n"], first["share"], first["none"], first["parts"]) == (3, 0.5, None, [1, "ë"])
    assert first["where"] == str(tmp_path)


def test_plain_lines_say_how_long_or_why_not():
    stream = io.StringIO()
    with shown(stream) as progress:
        assert isinstance(progress, Lines)
        progress.started("read")
        progress.advanced("read", 1, 2)
        progress.finished(Step("read", "done", 1.26))
        progress.finished(Step("detection", "skipped", 0.0, "no truth"))
        progress.remark("careful")
    assert stream.getvalue() == "read: 1.3 s\ndetection: skipped: no truth\ncareful\n"


def test_a_terminal_gets_bars_and_markup_in_names_does_no_harm():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with shown(stream) as progress:
        assert isinstance(progress, Bars)
        progress.started("read")
        progress.advanced("read", 1, 2)
        progress.finished(Step("read", "done", 1.0))
        progress.finished(Step("[odd]", "skipped", 0.0, "[no] truth"))
        progress.remark("[/] careful")
    said = stream.getvalue()
    for words in ("read", "[odd]", "[no] truth", "[/] careful"):
        assert words in said
