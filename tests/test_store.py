"""The store: what goes in comes out, and what goes wrong is said and harms nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr
from leefraster.errors import EnvironmentFault, UsageError
from leefraster.store import UnfinishedRunWarning, encoding, filesystem, lock, new_run_id, repository, store
from leefraster.store.plain import digest, plain
from leefraster.store.strings import decode_text, encode_text
from made_up import area_record, brief, record

HERE = Path(__file__).parent


@pytest.fixture
def kept(tmp_path):
    """A store with one finished run of few variables, and that run."""
    return stored(tmp_path, brief("first"))


@pytest.fixture
def whole(tmp_path):
    """A store with one finished run with every variable and table, and that run."""
    return stored(tmp_path, record("first"))


def stored(folder: Path, run):
    opened = lr.Store.open(folder / "store", create=True)
    opened.write(run)
    return opened, run


def in_process(code: str, *arguments: str, **options) -> subprocess.Popen:
    script = textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)}, **options,
    )  # fmt: skip


# --- what goes in comes out -------------------------------------------------------------------------------


def test_dataset_comes_back_identical(whole):
    opened, first = whole
    back = opened.read()
    xr.testing.assert_identical(back.load(), first.dataset)
    assert list(back.variables) == list(first.dataset.variables)
    assert back["local_moran_z"].dtype == np.float32
    assert back["local_moran_p"].dtype == np.float64
    assert back["getis_ord_spot"].dtype == np.int8
    assert back["spatial_ref"].attrs == first.dataset["spatial_ref"].attrs
    assert lr.grid_of(back) == lr.grid_of(first.dataset)
    assert back["municipality"].values.tolist() == first.dataset["municipality"].values.tolist()


def test_area_run_comes_back_identical(tmp_path):
    opened = lr.Store.open(tmp_path, create=True)
    areas = area_record("areas")
    opened.write(areas)
    xr.testing.assert_identical(opened.read().load(), areas.dataset)


def test_reading_is_lazy_and_picks_one_field(whole):
    opened, first = whole
    back = opened.read()
    assert not back["local_moran_p"].variable._in_memory
    for pick in (
        {"year": 2024, "layer": "total"},
        {"year": [2020, 2024]},
        {"cell": first.dataset.cell[3:9:2]},
    ):
        expected = first.dataset["local_moran_p"].sel(pick)
        xr.testing.assert_identical(back["local_moran_p"].sel(pick).load(), expected)


def test_tables_come_back(whole):
    opened, first = whole
    tables = opened.tables()
    names = "clusters course answers answer_urbanity crosscheck detection steps inputs notes"
    assert list(tables) == names.split()
    pd.testing.assert_frame_equal(tables["clusters"], first.structural.table)
    pd.testing.assert_frame_equal(tables["answer_urbanity"], first.answers[0].table)
    assert tables["answers"].loc[0, "sentence_nl"] == first.answers[0].sentence["nl"]
    assert tables["steps"]["reason"].tolist() == ["", "no urbanity"]
    assert tables["inputs"]["sha256"].tolist() == ["ab" * 32]
    assert tables["notes"]["note"].tolist() == list(first.notes)


def test_facts_are_in_the_commit(whole):
    opened, first = whole
    facts = opened.facts()
    assert facts["run_id"] == "first"
    assert facts["parameters"] == first.parameters
    assert facts["versions"] == first.versions
    assert facts["inputs"][0] == {"path": "scores é.csv", "sha256": "ab" * 32, "size": 100, "role": "scores"}
    assert facts["detection"] == {"found_share": 0.9, "false_share": None}


def test_record_without_the_optional_parts(tmp_path):
    opened = lr.Store.open(tmp_path, create=True)
    bare = replace(
        record("bare"), structural=None, answers=(), crosscheck=None, detection=None, inputs=(), steps=()
    )
    opened.write(bare)
    assert list(opened.tables()) == ["steps", "inputs", "notes"]
    assert len(opened.tables()["inputs"]) == 0
    assert opened.facts()["detection"] is None


def test_no_cells_and_missing_text(tmp_path):
    opened = lr.Store.open(tmp_path, create=True)
    none = record("none")
    none = replace(none, dataset=none.dataset.isel(cell=slice(0, 0)))
    opened.write(none)
    assert opened.read().sizes["cell"] == 0
    assert opened.read()["municipality"].values.tolist() == []


def test_chunks_hold_one_year_all_layers_and_many_cells_with_a_checksum_last():
    assert encoding.chunk_shape(("year", "layer", "cell"), (9, 6, 400_000)) == (1, 6, 65_536)
    assert encoding.chunk_shape(("cell",), (10,)) == (10,)
    assert encoding.chunk_shape((), ()) == ()
    assert encoding.chunk_shape(("layer", "cell"), (6, 0)) == (6, 1)
    assert [type(codec).__name__ for codec in encoding.compressors()] == ["ZstdCodec", "Crc32cCodec"]


def test_progress_is_told_year_by_year(tmp_path):
    told = []
    lr.Store.open(tmp_path, create=True).write(
        record("r"), progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_text_codec():
    values = np.array([["GM0001", ""], ["é<b>", "GM0001"]])
    index, labels = encode_text(values)
    assert index.tolist() == [[0, -1], [1, 0]]
    assert decode_text(index, labels).tolist() == values.tolist()
    missing = np.array(["a", None, np.nan], dtype=object)
    assert decode_text(*encode_text(missing)).tolist() == ["a", "", ""]
    assert decode_text(*encode_text(np.array(["", ""]))).tolist() == ["", ""]


def test_plain_values():
    value = {1: np.int64(3), "a": (Path("x"), float("inf"), np.array([1.5, np.nan])), "b": {"é", "d"}}
    assert plain(value) == {"1": 3, "a": ["x", "inf", [1.5, None]], "b": ["d", "é"]}
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})


# --- history ----------------------------------------------------------------------------------------------


def test_runs_are_in_order_of_commit_and_each_is_read_by_its_id(kept):
    opened, first = kept
    opened.write(replace(brief("0-earlier-by-clock", seed=1), started="1999-01-01T00:00:00+00:00"))
    runs = opened.runs()
    assert runs["run_id"].tolist() == ["first", "0-earlier-by-clock"]
    assert runs["leefraster"].tolist() == ["0.1.0", "0.1.0"]
    newest = opened.read()
    assert not newest["total"].equals(first.dataset["total"])
    for name in ("first", "fir", 0, -2, runs["snapshot"][0]):
        xr.testing.assert_identical(opened.read(name).load(), first.dataset)


def test_a_later_run_replaces_all_arrays(kept):
    opened, _ = kept
    small = brief("small")
    small = replace(small, dataset=small.dataset[["total", "spatial_ref"]].isel(cell=slice(0, 5)))
    opened.write(small)
    xr.testing.assert_identical(opened.read().load(), small.dataset)


def test_a_reader_keeps_the_run_it_opened(kept):
    opened, first = kept
    back = opened.read()
    opened.write(brief("second", seed=5))
    xr.testing.assert_identical(back.load(), first.dataset)


def test_unknown_and_ambiguous_runs(kept):
    opened, _ = kept
    opened.write(brief("fir-2"))
    with pytest.raises(UsageError, match=r"run 'third' is not there\. The last runs are first, fir-2"):
        opened.read("third")
    with pytest.raises(UsageError, match="'fi' is not unique"):
        opened.read("fi")
    with pytest.raises(UsageError, match="run 2 is not there"):
        opened.read(2)


def test_a_run_id_is_used_once(kept):
    opened, first = kept
    with pytest.raises(UsageError, match="'first' is there already"):
        opened.write(first)
    with pytest.raises(UsageError, match="run id 'a/b' cannot be used"):
        opened.write(brief("a/b"))
    assert len(opened.runs()) == 1


def test_new_run_ids_are_unique_within_a_second():
    assert len({new_run_id() for _ in range(200)}) == 200


def test_tags_last(kept):
    opened, first = kept
    opened.tag(None, "signed-off")
    opened.write(brief("second"))
    xr.testing.assert_identical(opened.read("signed-off").load(), first.dataset)
    assert opened.runs()["tags"].tolist() == ["signed-off", ""]
    with pytest.raises(UsageError, match="'signed-off' is taken"):
        opened.tag("second", "signed-off")
    with pytest.raises(UsageError, match="are those of runs"):
        opened.tag("second", "run.x")
    with pytest.raises(UsageError, match="tag ''"):
        opened.tag("second", "")


def test_log_says_what_happened_oldest_first(kept):
    opened, _ = kept
    events = opened.log()["event"].tolist()
    assert events[0].startswith("RepoInitialized")
    assert any("run.first" in event for event in events)


def test_gc_keeps_the_latest_and_the_tagged(kept):
    opened, first = kept
    opened.tag("first", "keep")
    for number in range(4):
        opened.write(brief(f"r{number}", seed=number))
    before = folder_size(opened.path)
    freed = opened.gc(keep=2)
    assert freed.runs == ("r0", "r1")
    assert opened.runs()["run_id"].tolist() == ["first", "r2", "r3"]
    assert 0 < freed.bytes <= before
    assert folder_size(opened.path) < before
    xr.testing.assert_identical(opened.read("keep").load(), first.dataset)
    opened.verify("r3")
    with pytest.raises(UsageError, match="keep is 0"):
        opened.gc(keep=0)
    opened.write(brief("r4"))
    assert opened.facts()["number"] == 6


# --- opening ----------------------------------------------------------------------------------------------


def test_open_without_a_store(tmp_path):
    with pytest.raises(UsageError, match="there is no store"):
        lr.Store.open(tmp_path / "none")
    (tmp_path / "holiday.jpg").write_text("x")
    with pytest.raises(UsageError, match=r"other things \(holiday.jpg\)"):
        lr.Store.open(tmp_path, create=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(EnvironmentFault, match="cannot be made"):
        lr.Store.open(tmp_path / "holiday.jpg" / "store", create=True)


def test_a_store_of_which_the_making_was_cut_off(tmp_path):
    (tmp_path / "leefraster.lock").touch()
    (tmp_path / "snapshots").mkdir()
    opened = lr.Store.open(tmp_path, create=True)
    assert len(opened.log()) == 1
    opened.write(brief("first"))
    opened.write(brief("second"))
    assert len(lr.Store.open(tmp_path).runs()) == 2


def test_an_empty_store_says_so(tmp_path):
    opened = lr.Store.open(tmp_path, create=True)
    assert len(opened.runs()) == 0
    with pytest.raises(UsageError, match="no finished run yet"):
        opened.read()


def test_path_with_spaces_and_diacritics(tmp_path):
    opened = lr.Store.open(str(tmp_path / "België en  Nederland" / "störe"), create=True)
    first = brief("first")
    opened.write(first)
    xr.testing.assert_identical(lr.Store.open(opened.path).read().load(), first.dataset)


AS_ANOTHER = """
    import os, sys, tempfile, leefraster as lr
    from made_up import brief
    with tempfile.TemporaryDirectory() as folder:  # loads all that is needed, while everything can be read
        practice = lr.Store.open(folder + "/s", create=True)
        practice.write(brief("practice"))
        practice.read().load()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    store = lr.Store.open(sys.argv[1])
    print(store.runs()["run_id"].tolist(), float(store.read()["total"].sum()) != 0)
    try:
        store.write(brief("second"))
    except lr.EnvironmentFault as error:
        print(error)
"""


def test_read_only_store_reads_and_refuses_writing(kept, tmp_path):
    opened, _ = kept
    for folder, _, files in os.walk(opened.path):
        Path(folder).chmod(0o555)
        for name in files:
            (Path(folder) / name).chmod(0o444)
    opened_up = [place for place in (tmp_path, *tmp_path.parents) if not place.stat().st_mode & 0o001]
    for place in opened_up:
        place.chmod(0o755)
    process = in_process(AS_ANOTHER, str(opened.path))
    out, err = process.communicate(timeout=60)
    for folder, _, _ in os.walk(opened.path):
        Path(folder).chmod(0o755)
    assert "['first'] True" in out, err
    assert "cannot be written (Permission denied)" in out


def test_a_doubtful_place_is_named(tmp_path, monkeypatch):
    assert filesystem.doubtful_place(tmp_path) is None
    assert "synchronised folder (OneDrive)" in filesystem.doubtful_place(tmp_path / "OneDrive - CBS")
    monkeypatch.setattr(filesystem, "_filesystem", lambda folder: "nfs4")
    with pytest.warns(filesystem.StorePlaceWarning, match=r"network or shared drive \(nfs4\)"):
        lr.Store.open(tmp_path / "s", create=True)


def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_flock", lambda descriptor, operation: True)
    with pytest.raises(EnvironmentFault, match="does not keep locks"):
        lr.Store.open(tmp_path, create=True)


def test_newer_formats_are_refused(kept, monkeypatch):
    opened, _ = kept
    monkeypatch.setattr(store, "FORMAT", 0)
    with pytest.raises(
        EnvironmentFault,
        match=r"format 1 by leefraster 0\.1\.0; this version reads up to 0",
    ):
        opened.read()


def test_a_newer_icechunk_format_is_refused(kept):
    opened, _ = kept
    info = opened.path / "repo"
    data = bytearray(info.read_bytes())
    version_at = 12 + 24  # magic bytes, name of the writer, then the format's version
    data[version_at] = 99
    info.write_bytes(bytes(data))
    with pytest.raises(
        EnvironmentFault, match=f"newer format than icechunk {repository.icechunk.__version__}"
    ):
        opened.read()


# --- faults while writing ---------------------------------------------------------------------------------


def folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def chunks(opened) -> set[Path]:
    return set((opened.path / "chunks").iterdir())


@pytest.fixture
def fails_in_second_year(monkeypatch):
    """Make the write fail half-way, by whatever error the test asks for."""

    def arrange(error: BaseException) -> None:
        def progress(done: int, total: int) -> None:
            if done == 2:
                raise error

        write = encoding.write_dataset
        monkeypatch.setattr(store, "write_dataset", lambda group, dataset, _: write(group, dataset, progress))

    return arrange


@pytest.mark.parametrize(
    ("error", "seen", "message"),
    [
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            EnvironmentFault,
            r"disk full: [\d,]+ bytes free, about",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), EnvironmentFault, "cannot write: no permission"),
        (MemoryError("x"), MemoryError, "x"),
    ],
)
def test_a_failed_write_leaves_the_head_and_no_litter(kept, fails_in_second_year, error, seen, message):
    opened, first = kept
    before = chunks(opened)
    fails_in_second_year(error)
    with pytest.raises(seen, match=message):
        opened.write(brief("second", cells=3_000))
    assert chunks(opened) == before
    again = lr.Store.open(opened.path)  # a warning here would be an error
    assert again.runs()["run_id"].tolist() == ["first"]
    xr.testing.assert_identical(again.read().load(), first.dataset)


def test_too_little_space_is_said_before_anything_is_written(kept, monkeypatch):
    opened, _ = kept
    monkeypatch.setattr(repository.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    before = chunks(opened)
    with pytest.raises(EnvironmentFault, match=r"disk full: 1 bytes free, about 2,\d+,\d+ bytes are needed"):
        opened.write(brief("second"))
    assert chunks(opened) == before


ON_A_SMALL_DISK = """
    import sys, pathlib, subprocess
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "none", sys.argv[1]], check=True)
    import leefraster as lr
    from leefraster.store import store
    from made_up import brief
    opened = lr.Store.open(sys.argv[1] + "/s", create=True)
    store.estimated_bytes = lambda dataset: 1000
    opened.write(brief("first"))
    try:
        opened.write(brief("second", cells=9_000))
    except lr.EnvironmentFault as error:
        print(error)
    again = lr.Store.open(sys.argv[1] + "/s")
    again.verify()
    print(again.runs()["run_id"].tolist())
    again.write(brief("third", seed=2))
    print(again.runs()["run_id"].tolist())
"""


def test_a_disk_that_fills_up(tmp_path):
    unshare = shutil.which("unshare")
    probe = [unshare, "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", str(tmp_path)]
    if unshare is None or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk here")
    code = textwrap.dedent(ON_A_SMALL_DISK)
    done = subprocess.run(
        [unshare, "--mount", "--map-root-user", sys.executable, "-c", code, str(tmp_path)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(HERE)}, timeout=60,
    )  # fmt: skip
    assert "disk full" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-2:] == ["['first']", "['first', 'third']"]


KILLED = """
    import sys, os, signal, leefraster as lr
    from made_up import brief
    def kill(done, total):
        if done == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    lr.Store.open(sys.argv[1]).write(brief("second", cells=3_000), progress=kill)
"""


def test_a_killed_write_is_found_and_freed(kept):
    opened, first = kept
    before = chunks(opened)
    process = in_process(KILLED, str(opened.path))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with pytest.warns(
        UnfinishedRunWarning, match=rf"unfinished run found: second \(process {process.pid} on "
    ):
        again = lr.Store.open(opened.path)
    assert again.runs()["run_id"].tolist() == ["first"]
    xr.testing.assert_identical(again.read().load(), first.dataset)
    assert chunks(again) > before
    assert again.gc().bytes > 0
    assert chunks(again) == before
    lr.Store.open(opened.path).write(brief("third"))


def test_the_next_write_clears_what_a_killed_one_left(kept, caplog):
    opened, _ = kept
    note = {"run_id": "second", "pid": 1, "host": "here", "since": "yesterday"}
    (opened.path / "unfinished.json").write_text(json.dumps(note))
    left = opened.path / "chunks" / "0123456789ABCDEFGHJG"
    left.write_bytes(b"left behind")
    opened.write(brief("third"))
    assert "unfinished run found: second (process 1 on here, since yesterday)" in caplog.text
    assert not left.exists()
    assert lr.Store.open(opened.path).runs()["run_id"].tolist() == ["first", "third"]


def test_a_torn_marker_is_still_an_unfinished_run(kept):
    opened, _ = kept
    (opened.path / "unfinished.json").write_text('{"run_id": "seco')
    with pytest.warns(UnfinishedRunWarning, match="only the note's beginning"):
        lr.Store.open(opened.path)


# --- two writers ------------------------------------------------------------------------------------------

WRITES = """
    import sys, leefraster as lr
    from made_up import brief
    store = lr.Store.open(sys.argv[1], create=True)
    for number in range(3):
        store.write(brief(f"{sys.argv[2]}-{number}"))
"""


def test_writers_wait_for_each_other_and_lose_nothing(tmp_path):
    processes = [in_process(WRITES, str(tmp_path / "s"), name) for name in "ab"]
    for process in processes:
        _, err = process.communicate(timeout=100)
        assert process.returncode == 0, err
    runs = lr.Store.open(tmp_path / "s").runs()["run_id"]
    assert sorted(runs) == [f"{name}-{number}" for name in "ab" for number in range(3)]
    for name in "ab":
        assert [run for run in runs if run[0] == name] == [f"{name}-{number}" for number in range(3)]


HOLDS = """
    import sys, time, pathlib, runpy
    with runpy.run_path(sys.argv[2])["write_lock"](pathlib.Path(sys.argv[1]), 1.0):
        print("held", flush=True)
        time.sleep(60)
"""


def test_a_held_lock_names_its_holder_and_dies_with_it(kept):
    opened, _ = kept
    process = in_process(HOLDS, str(opened.path), lock.__file__)
    assert process.stdout.readline() == "held\n"
    impatient = lr.Store.open(opened.path, timeout=0.2)
    with pytest.raises(EnvironmentFault, match=rf"process {process.pid} on \S+ since .* gave up after 0.2 s"):
        impatient.write(brief("second"))
    assert impatient.runs()["run_id"].tolist() == ["first"]
    process.kill()
    process.communicate()
    impatient.write(brief("second"))


def test_a_running_writer_is_no_unfinished_run(kept):
    opened, _ = kept
    with lock.write_lock(opened.path, 1):
        (opened.path / "unfinished.json").write_text(
            json.dumps({"run_id": "x", "pid": 1, "host": "h", "since": ""})
        )
        lr.Store.open(opened.path)  # a warning here would be an error
    (opened.path / "unfinished.json").unlink()


def test_readers_never_see_half_a_run(kept):
    opened, _ = kept
    seen, stop = set(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            back = opened.read()
            constant = np.unique(back["level"].values)
            seen.add((len(constant), float(constant[0])))
            time.sleep(0.001)

    def constant(run_id: str, value: float):
        made = brief(run_id, cells=2_000)
        return replace(made, dataset=made.dataset.assign(level=xr.full_like(made.dataset["level"], value)))

    opened.write(constant("c0", 0.0))
    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(1, 5):
            opened.write(constant(f"c{number}", float(number)))
    finally:
        stop.set()
        reader.join()
    assert {count for count, _ in seen} == {1}


# --- damage -----------------------------------------------------------------------------------------------


def test_flipped_bits_in_chunks_are_detected(kept):
    opened, _ = kept
    rng = np.random.default_rng(0)
    files = sorted(path for path in (opened.path / "chunks").iterdir())
    assert files
    for _ in range(25):
        path = files[rng.integers(len(files))]
        sound = path.read_bytes()
        damaged = bytearray(sound)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(damaged))
        with pytest.raises(EnvironmentFault, match=r"run first, .* stored data is damaged"):
            opened.verify()
        path.write_bytes(sound)
    opened.verify()


def test_a_lost_chunk_is_detected(kept):
    opened, _ = kept
    next((opened.path / "chunks").iterdir()).unlink()
    with pytest.raises(EnvironmentFault, match="stored data is damaged"):
        opened.verify()


def test_flipped_bits_anywhere_never_pass_as_other_numbers(kept):
    opened, first = kept
    rng = np.random.default_rng(1)
    files = [
        path for path in sorted(opened.path.rglob("*")) if path.parent.name in ("snapshots", "manifests")
    ]
    for _ in range(40):
        path = files[rng.integers(len(files))]
        sound = path.read_bytes()
        damaged = bytearray(sound)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(damaged))
        try:
            back = lr.Store.open(opened.path).read("first").load()
        except EnvironmentFault:
            continue
        except UsageError:
            continue
        finally:
            path.write_bytes(sound)
        xr.testing.assert_identical(back, first.dataset)
