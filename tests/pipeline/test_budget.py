"""Memory budgets and clusters: sizes read, the fastest way that fits, refusals with the figure, the same bytes."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands.on_cluster import cluster
from leefraster.cli import main
from leefraster.config import Configuration
from leefraster.memory_size import parse_memory
from leefraster.pipeline import budget, run, runner
from leefraster.pipeline.budget import Budget, ways
from leefraster.pipeline.memory import held_bytes, workers_here
from leefraster.pipeline.scratch import Scratch


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4e9),
        ("4 gb", 4e9),
        ("1.5GiB", 1.5 * 2**30),
        ("1,5 GB", 1.5e9),
        ("800MB", 8e8),
        ("1,000MB", 1e9),
        ("1,467 MB", 1.467e9),
        ("12,345,678.5 kB", 12_345_678_500),
        ("1,00 GB", 1e9),
        ("0,500 GB", 5e8),
        ("1000TB", 1e15),
        ("64 kib", 65536),
    ],
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize(
    "text",
    ["4 apples", "4", "GB", "-1GB", "0GB", "", "1e3GB", "1,000,00MB", "1001TB", "9" * 20 + "TB", "0.1B"],
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(lr.UsageError, match="memory is"):
        parse_memory(text)


@given(
    st.integers(1, 10**7), st.integers(1, 20), st.integers(1, 10), st.integers(1, 16), st.integers(0, 10**12),
    st.integers(0, 4),
)  # fmt: skip
def test_the_first_way_that_fits_is_chosen_and_none_needs_more_than_the_one_before(
    cells, years, layers, n, limit, workers
):
    possible = ways(cells, years, layers, threads=n, workers=workers)
    needed = [way.needed for way in possible]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] >= budget.ENDING + workers * budget.WORKER
    fitting = [way for way in possible if way.needed <= limit]
    if fitting:
        assert Budget(limit).choose(possible) is fitting[0]
        return
    with pytest.raises(lr.EnvironmentFault, match=f"needs about {possible[-1].needed / 1e6:,.0f} MB"):
        Budget(limit).choose(possible)


def test_without_a_limit_the_fastest_way_is_taken_and_nothing_refused():
    possible = ways(10**9, 9, 6, threads=2)
    assert Budget().choose(possible) is possible[0]
    assert Budget().keep("a step", ahead=1) is None


@pytest.mark.parametrize(
    ("cells", "years", "layers", "way", "measured"),
    [
        (576, 4, 6, 0, 719),
        (16_383, 1, 7, 0, 721),
        (129_590, 1, 6, 0, 749),
        (380_000, 9, 6, 0, 1868),
        (380_000, 9, 6, 1, 1873),
        (380_000, 9, 6, 2, 1171),
        (2_346_818, 1, 6, 0, 1693),
        (2_346_818, 1, 6, 1, 1729),
    ],
)
def test_the_estimate_is_at_or_a_little_above_what_runs_took(cells, years, layers, way, measured):
    estimated = ways(cells, years, layers, threads=2)[way].needed / 1e6
    assert measured <= estimated < 1.4 * measured  # of the largest, half of the values were missing


@pytest.fixture
def holding(monkeypatch):
    """Say what the process holds and has held at most, in MB."""

    def set_to(held, peak):
        monkeypatch.setattr(budget, "held_bytes", lambda: held * 10**6)
        monkeypatch.setattr(budget, "peak_bytes", lambda: peak * 10**6)

    set_to(500, 500)
    return set_to


def test_a_run_that_holds_far_more_than_allowed_is_stopped_with_the_figure_to_allow(holding):
    kept = Budget(1000 * 10**6, peak_before=500 * 10**6)
    holding(1101, 1150)
    with pytest.raises(
        lr.EnvironmentFault,
        match=r"after the step 'local Moran' 1,101 MB are held, and 1,000 MB are allowed\. Allow 1\.5GB",
    ):
        kept.keep("local Moran", ahead=300 * 10**6)
    holding(1101, 2000)  # the figure is never below what was held for a moment
    with pytest.raises(lr.EnvironmentFault, match=r"Allow 2\.0GB \(--memory\), or run on fewer years"):
        kept.keep("local Moran", ahead=300 * 10**6)


def test_a_run_goes_on_with_a_warning_near_the_limit_for_a_moment_and_near_its_end(holding):
    kept = Budget(1000 * 10**6, peak_before=500 * 10**6)
    holding(900, 1000)
    assert kept.keep("read", ahead=1) is None
    holding(1100, 1100)
    assert "the step 'local Moran' took 1,100 MB" in kept.keep("local Moran", ahead=1)
    assert kept.keep("hot spots", ahead=1) is None  # a tenth more than was told is no news
    holding(900, 3000)
    warning = kept.keep("structural clusters", ahead=1)
    assert "took 3,000 MB, and 1,000 MB are allowed; the run went on. Allow 3.0GB" in warning
    assert kept.keep("detection", ahead=1) is None  # that peak was of the step before
    holding(5000, 5000)
    assert "the step 'exports' took 5,000 MB" in kept.keep("exports", ahead=0)


def test_a_peak_from_before_the_run_is_not_its_own(holding):
    holding(400, 3000)
    assert Budget(1000 * 10**6, peak_before=3000 * 10**6).keep("read", ahead=1) is None


def test_the_steps_ahead_take_what_they_load_and_before_the_results_these_as_well():
    kept = Budget(3 * 10**9)
    way = kept.choose(ways(380_000, 9, 6, threads=2))
    assert kept.ahead(results=False) == way.needed - budget.COMPUTING
    assert kept.ahead(results=True) == budget.ENDING - budget.COMPUTING


def test_what_a_process_holds_counts_its_workers():
    alone = held_bytes()
    filled = "import sys; kept = b'1' * 200_000_000; print(len(kept), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", filled], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        worker.stdout.readline()
        assert worker.pid in [process.pid for process in workers_here()]
        assert 190e6 < held_bytes() - alone < 260e6
        worker.stdin.close()


def test_arrays_in_files_hold_what_they_were_filled_with_after_memory_is_given_back(tmp_path):
    scratch = Scratch(tmp_path)
    made = scratch.array((3, 50_000), np.float64)
    made[...] = np.arange(150_000.0).reshape(3, -1)
    scratch.let_go()
    np.testing.assert_array_equal(made, np.arange(150_000.0).reshape(3, -1))
    assert scratch.array((0, 4), np.int8).shape == (0, 4)


def same_bytes(one, other):
    assert set(one.data_vars) == set(other.data_vars)
    for name, variable in one.data_vars.items():
        if variable.dtype.kind in "fiub":
            assert variable.values.tobytes() == other[name].values.tobytes(), name


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    from small_country import score_table, write_country

    file = write_country(tmp_path_factory.mktemp("input"), score_table())
    configuration = Configuration.read(file)
    return file, configuration, run(configuration, tmp_path_factory.mktemp("plain")).dataset


def test_results_on_disk_have_the_same_bytes(plain, tmp_path, monkeypatch):
    _, configuration, wanted = plain
    least = ways(576, 4, 6, threads=2)[-1]
    monkeypatch.setattr(runner, "ways", lambda *_, **__: (least,))
    monkeypatch.setattr(
        Budget, "keep", lambda self, step, ahead: f"{step} took too much" if not ahead else None
    )
    record = run(configuration, tmp_path / "out", memory=least.needed)
    same_bytes(record.dataset, wanted)
    same_bytes(lr.Store.open(tmp_path / "out" / "store").read(), wanted)
    assert any("results on disk until they are stored" in note for note in record.notes)
    assert "cross-check with esda took too much" in record.notes
    assert "exports took too much" in (tmp_path / "out" / "run.jsonl").read_text()
    assert not list((tmp_path / "out").glob(".unfinished*"))


def test_fields_on_a_cluster_have_the_same_bytes(plain, tmp_path, holding):
    _, configuration, wanted = plain
    with cluster("local", workers=1) as workers:
        record = run(configuration, tmp_path / "out", runner=workers)
        holding(500, 500)  # whatever other tests have left in this process
        with pytest.raises(
            lr.EnvironmentFault, match=r"needs about 930 MB, .* no run takes less than 1\.0GB"
        ):
            run(configuration, tmp_path / "out", runner=workers, memory=900_000_000)
        with pytest.raises(
            lr.EnvironmentFault, match=r"one field at a time, results on disk .* needs about 930 MB"
        ):
            run(configuration, tmp_path / "out", runner=workers, memory=930_000_001)
    same_bytes(record.dataset, wanted)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--memory", "4 apples"], 2, "memory is '4 apples'; it must be a number with a unit"),
        (["--memory", "0GB"], 2, "it must be more than nothing"),
        (["--memory", "-2GB"], 2, "memory is '-2GB'; it must be more than nothing"),
        (
            ["--memory", "1MB"],
            4,
            "730 MB, and 1 MB are allowed. Allow 0.8GB (--memory): no run takes less than 0.8GB",
        ),
        (["--memory", "729MB"], 4, "this run needs about 730 MB"),
        (["--cluster", "nearby"], 2, "cluster is 'nearby'"),
        (["--cluster", "tcp://127.0.0.1:9"], 4, "no dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_stored(plain, tmp_path, capsys, options, code, message):
    out = tmp_path / "out"
    assert main(["run", str(plain[0]), "--out", str(out), *options]) == code
    assert message in capsys.readouterr().err
    assert not (out / "store").exists()
    assert not (out / "report.html").exists()


def test_the_configuration_may_name_the_memory():
    made = Configuration.parse('[run]\nmemory = "2GB"\n[scores]\npath = "a.csv"\n')
    assert made.run.memory_bytes() == 2_000_000_000
    for value, said in (
        ('"4 apples"', "'4 apples': must be a number with a unit, as 4GB, 800MB or 1.5GiB"),
        ('"0GB"', "'0GB': must be more than nothing"),
        ("4", '4: must be text, a number with a unit, as "4GB", "800MB" or "1.5GiB"'),
    ):
        with pytest.raises(lr.UsageError) as told:
            Configuration.parse(f'[run]\nmemory = {value}\n[scores]\npath = "a.csv"\n')
        assert str(told.value) == f"configuration: [run] memory is {said}"


def test_reading_the_demonstration_is_estimated_by_its_size():
    needed = budget.needed_to_read(Configuration.demonstration())
    assert needed == ways(*budget.DEMONSTRATION, threads=1)[-1].needed


def test_reading_is_estimated_by_bytes_of_text_and_by_rows_and_columns_of_parquet(tmp_path):
    squeezed, text = tmp_path / "scores.parquet", tmp_path / "scores.csv"
    same = np.zeros(1_000_000)
    pq.write_table(pa.table(dict.fromkeys("abcdefghij", same)), squeezed, compression="zstd")
    text.write_bytes(b"0" * 40_000_000)
    assert squeezed.stat().st_size < 1_000_000
    for path, bytes_of_it in ((squeezed, 10 * 1_000_000 * budget.COLUMN), (text, 40_000_000 * budget.TEXT)):
        read = Configuration.parse(f'[scores]\npath = "{path.as_posix()}"\n')
        assert budget.needed_to_read(read) == max(budget.COMPUTING + bytes_of_it, budget.ENDING)
    text.write_bytes(b"0" * 400_000_000)
    assert budget.needed_to_read(read) == budget.COMPUTING + 10**9
    (tmp_path / "scores.parquet").write_bytes(b"no parquet")
    broken = Configuration.parse(f'[scores]\npath = "{squeezed.as_posix()}"\n')
    assert budget.needed_to_read(broken) == budget.ENDING
