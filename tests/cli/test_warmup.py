"""`leefraster warmup`: compiles what is not there, says so, and leaves nothing to compile."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import textwrap

import pytest
from reach import kernels, reached_from

from leefraster.cli import main, parser, warmup_calls
from leefraster.kernels import compiling, jit
from leefraster.progress import said_when_compiling

# One call in the place of the whole list, which takes minutes.
SMALL = """
import sys, types
import numpy as np
import leefraster as lr
from leefraster.cli import main
from leefraster.kernels import compiling
from leefraster.kernels.rowruns import prefix_sum, row_starts

def sums(_):
    prefix_sum(np.arange(9))
    row_starts(np.array([0, 0, 2]), 3)

calls = types.SimpleNamespace(CALLS={"run": (("sums of rows", sums),)}, Made=object)
sys.modules["leefraster.cli.warmup_calls"] = calls
"""


def python(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", SMALL + textwrap.dedent(code)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_what_was_warmed_up_is_not_compiled_again(tmp_path):
    first = python("sys.exit(main(['warmup', 'run', '--threads', '1']))", tmp_path)
    compiled, there = map(int, re.match(r"(\d+) kernels compiled, (\d+) were there", first.stdout).groups())
    assert compiled > 1
    assert there == 0
    assert f"builds for one thread, kept in {tmp_path}" in first.stdout
    assert "compiling, first time only\n" in first.stderr
    assert f"{compiled} kernels compiled for it" in first.stderr
    assert len(list(tmp_path.rglob("*.kernel"))) == compiled
    second = python(
        """
        assert main(['warmup', '--threads', '1']) == 0
        sums(None)
        assert compiling.compiled == []
        """,
        tmp_path,
    )
    assert re.match(r"all \d+ kernels were there", second.stdout)
    assert "compil" not in second.stderr


def test_importing_all_modules_compiles_and_loads_nothing(tmp_path):
    code = """
    import importlib, pkgutil
    del sys.modules["leefraster.cli.warmup_calls"]
    for module in pkgutil.walk_packages(lr.__path__, "leefraster."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert compiling.compiled == compiling.loaded == []
    """
    python(code, tmp_path)
    assert list(tmp_path.rglob("*.kernel")) == []


def test_it_names_the_variable_to_set_where_nothing_can_be_kept(monkeypatch, capsys):
    monkeypatch.setattr(jit, "cache_folder", lambda: None)
    assert main(["warmup"]) == 4
    assert "NUMBA_CACHE_DIR" in capsys.readouterr().err


def test_parts_of_the_command_line_are_those_of_the_list(capsys):
    for part in warmup_calls.CALLS:
        assert parser.build_parser().parse_args(["warmup", part]).parts == [part]
    with pytest.raises(SystemExit) as stop:
        main(["warmup", "everything"])
    assert stop.value.code == 2
    assert "choose from" in capsys.readouterr().err


def test_numbers_of_kernels_are_said_in_words_that_fit(tmp_path):
    one = """
    calls.CALLS["run"] = (("one sum", lambda _: prefix_sum(np.arange(9))),)
    sys.exit(main(["warmup", "run", "--threads", "1"]))
    """
    first, second = python(one, tmp_path), python(one, tmp_path)
    assert first.stdout.startswith("1 kernel compiled, 0 were there;")
    assert "    1 kernel compiled for it" in first.stderr
    assert second.stdout.startswith("the 1 kernel was there;")


def test_calls_have_names_of_their_own():
    names = [name for calls in warmup_calls.CALLS.values() for name, _ in calls]
    assert len(names) == len(set(names))


def test_every_kernel_is_reached_by_a_call_or_stands_in_the_list_with_a_reason():
    """By the source: whatever a call leads to by its names. The list has no kernel that is reached or is gone."""
    reached = reached_from(("leefraster.cli.warmup_calls", "CALLS"))
    left = {f"{module}.{name}" for module, name in kernels() - reached}
    assert left == set(warmup_calls.WITHOUT_A_CALL)
    assert all(warmup_calls.WITHOUT_A_CALL.values())


def test_what_a_call_leads_to_is_read_from_the_source():
    """The kernels of one statistic are among what it leads to, those of others and of no call are not."""
    reached = reached_from(("leefraster.statistics.local_geary", "local_geary"))
    names = {name for _, name in kernels() & reached}
    assert {"local_geary_moments", "key_of", "mixed"} <= names
    assert not {"ragged_rows", "local_moran_moments", "score_tile"} & names
    assert reached_from(("leefraster.statistics.local_geary", "nothing of the kind")) == set()


def test_the_source_shows_every_kernel_there_is():
    """Every function that numba's wrapper was laid over in the modules of kernels is one that the source shows."""
    shown, folder = {}, importlib.import_module("leefraster.kernels").__path__
    for module, name in kernels():
        shown.setdefault(module, set()).add(name)
    for info in pkgutil.iter_modules(folder, "leefraster.kernels."):
        made = {
            name: getattr(one, "serial", one)
            for name, one in vars(importlib.import_module(info.name)).items()
            if hasattr(getattr(one, "serial", one), "py_func")
        }
        own = {name for name, one in made.items() if one.py_func.__module__ == info.name}
        assert own == shown.get(info.name, set())


def test_that_something_is_compiled_is_said_once_and_only_meanwhile():
    said = []
    with said_when_compiling(said.append):
        assert said == []
        compiling.compiles("a kernel")
        compiling.compiles("another")
    compiling.compiles("one more")
    assert said == ["compiling, first time only"]


def test_the_invented_country_has_fields_of_all_kinds():
    made = warmup_calls.Made()
    assert made.series.dims == ("year", "cell")
    assert made.field.notnull().sum() > 50
    assert set(made.marked.values.tolist()) == {0.0, 1.0}
    assert made.values.notnull().sum() > 20
    assert made.graph.n == made.values.size
