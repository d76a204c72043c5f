"""Memory budgets and clusters: sizes read, the fastest way that fits, refusals with the figure, the same bytes."""

import numpy as np
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
from leefraster.pipeline.scratch import Scratch


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4e9),
        ("4 gb", 4e9),
        ("1.5GiB", 1.5 * 2**30),
        ("1,5 GB", 1.5e9),
        ("800MB", 8e8),
        ("64 kib", 65536),
    ],
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["4 apples", "4", "GB", "-1GB", "0GB", "", "1e3GB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(lr.UsageError, match="memory is"):
        parse_memory(text)


@given(
    st.integers(1, 10**7), st.integers(1, 20), st.integers(1, 10), st.integers(1, 16), st.integers(0, 10**12)
)
def test_the_first_way_that_fits_is_chosen_and_none_needs_more_than_the_one_before(
    cells, years, layers, n, limit
):
    possible = ways(cells, years, layers, threads=n)
    needed = [way.needed for way in possible[:2]]
    assert needed == sorted(needed, reverse=True)
    fitting = [way for way in possible if way.needed <= limit]
    if fitting:
        assert Budget(limit).choose(possible) is fitting[0]
        return
    with pytest.raises(lr.EnvironmentFault, match=f"needs about {possible[-1].needed / 1e6:,.0f} MB"):
        Budget(limit).choose(possible)


def test_without_a_limit_the_fastest_way_is_taken_and_nothing_refused():
    possible = ways(10**9, 9, 6, threads=2)
    assert Budget().choose(possible) is possible[0]
    Budget().keep("a step")


def test_a_run_that_holds_more_than_allowed_is_stopped():
    with pytest.raises(
        lr.EnvironmentFault, match=r"after the step 'local Moran' .* are held, and 0 MB are allowed"
    ):
        Budget(1).keep("local Moran")


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
    monkeypatch.setattr(Budget, "keep", lambda self, step: None)
    record = run(configuration, tmp_path / "out", memory=least.needed)
    same_bytes(record.dataset, wanted)
    same_bytes(lr.Store.open(tmp_path / "out" / "store").read(), wanted)
    assert any("results on disk until they are stored" in note for note in record.notes)
    assert not list((tmp_path / "out").glob(".unfinished*"))


def test_fields_on_a_cluster_have_the_same_bytes(plain, tmp_path):
    _, configuration, wanted = plain
    with cluster("local", workers=1) as workers:
        record = run(configuration, tmp_path / "out", runner=workers)
    same_bytes(record.dataset, wanted)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--memory", "4 apples"], 2, "memory is '4 apples'; it must be a number with a unit"),
        (["--memory", "0GB"], 2, "it must be more than nothing"),
        (["--memory", "-2GB"], 2, "memory is '-2GB'; it must be more than nothing"),
        (["--memory", "1MB"], 4, "reading needs about"),
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
    with pytest.raises(lr.UsageError, match="memory is '4 apples'"):
        Configuration.parse('[run]\nmemory = "4 apples"\n[scores]\npath = "a.csv"\n')


def test_reading_the_demonstration_is_estimated_by_its_size():
    needed = budget.needed_to_read(Configuration.demonstration())
    assert needed == ways(*budget.DEMONSTRATION, threads=1)[-1].needed
