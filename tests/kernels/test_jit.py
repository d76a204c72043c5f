"""Compiled kernels: kept on disk, recompiled when damaged or out of date, safe between processes and threads."""

import errno
import importlib
import importlib.util
import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.kernels import cache, cache_folder, cache_warning, compiling, jit
from leefraster.kernels.cache_warning import CompiledCodeWarning

PLAIN = """
from leefraster.kernels.jit import jit

FACTOR = 3

@jit
def inner(x):
    return FACTOR * x

@jit
def outer(x):
    return inner(x) + 1
"""

PARALLEL = """
from numba import prange
from leefraster.kernels.jit import parallel_jit

@parallel_jit
def cubes(x, out):
    for i in prange(x.size):
        out[i] = x[i] * x[i] * x[i] / 7.0
    return out
"""

X = np.linspace(-3.0, 5.0, 1001)
CUBES = np.array([x * x * x / 7.0 for x in X.tolist()])


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No folder chosen, a user's folder of the test's own, and no warning given yet."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(cache_folder, "_of_user", lambda: tmp_path / "user")
    monkeypatch.setattr(cache_warning, "_told", set())
    cache_folder._looked_at.cache_clear()
    yield
    cache_folder._looked_at.cache_clear()


@pytest.fixture
def threads_as_before():
    held = jit._threads
    yield
    jit._threads = held


def loaded(folder, source=PLAIN, name="made_kernels"):
    """Return a fresh module of that source: its functions have nothing compiled, as in a new process."""
    file = folder / f"{name}.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def compiled_by(function):
    """Return a function's result, and the names of the kernels that it compiled."""
    before = len(compiling.compiled)
    result = function()
    return result, [name.partition(".")[2] for name in compiling.compiled[before:]]


def kept(folder, of=""):
    return sorted((folder / "__pycache__").glob(f"made_kernels.{of}*{cache.SUFFIX}"))


def test_decorating_compiles_nothing_and_calling_keeps_the_code(tmp_path):
    module, compiled = compiled_by(lambda: loaded(tmp_path))
    assert compiled == []
    assert not (tmp_path / "__pycache__").exists()
    assert compiled_by(lambda: module.outer(2)) == (7, ["outer", "inner"])
    assert [file.name.split("-")[0] for file in kept(tmp_path)] == [
        "made_kernels.inner",
        "made_kernels.outer",
    ]
    assert compiled_by(lambda: loaded(tmp_path).outer(2)) == (7, [])


def test_every_signature_is_kept(tmp_path):
    module = loaded(tmp_path)
    assert (module.inner(2), module.inner(0.5)) == (6, 1.5)
    assert len(kept(tmp_path)) == 2
    again = loaded(tmp_path)
    assert compiled_by(lambda: (again.inner(0.5), again.inner(2))) == ((1.5, 6), [])


def flipped(content):
    middle = len(content) * 2 // 3
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "emptied": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "header only": lambda content: content[:20],
    "garbage": lambda content: bytes(range(256)) * 40,
    "a flipped bit": flipped,
    "something added": lambda content: content + b"x",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("of", ["outer", "inner"])
def test_a_damaged_file_is_deleted_and_made_anew_with_one_warning(tmp_path, damage, of):
    assert loaded(tmp_path).outer(2) == 7
    (file,) = kept(tmp_path, of)
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    again = loaded(tmp_path)
    with pytest.warns(CompiledCodeWarning, match=rf"{file.name} cannot be used .*deleted") as given:
        assert compiled_by(lambda: getattr(again, of)(2)) == ({"outer": 7, "inner": 6}[of], [of])
    assert len(given) == 1
    assert len(file.read_bytes()) > len(sound) / 2
    assert compiled_by(lambda: loaded(tmp_path).outer(2)) == (7, [])


def test_many_damaged_files_are_one_warning(tmp_path):
    assert loaded(tmp_path).outer(2) == 7
    for file in kept(tmp_path):
        file.write_bytes(b"")
    with pytest.warns(CompiledCodeWarning) as given:
        assert compiled_by(lambda: loaded(tmp_path).outer(2)) == (7, ["outer", "inner"])
    assert len(given) == 1
    assert compiled_by(lambda: loaded(tmp_path).outer(2)) == (7, [])


def test_the_code_of_another_signature_is_not_used(tmp_path):
    module = loaded(tmp_path)
    module.inner(2)
    (of_integers,) = kept(tmp_path)
    module.inner(0.5)
    (of_floats,) = set(kept(tmp_path)) - {of_integers}
    of_integers.write_bytes(of_floats.read_bytes())
    with pytest.warns(CompiledCodeWarning, match="it holds another kernel"):
        assert loaded(tmp_path).inner(2) == 6


def test_a_folder_in_the_place_of_a_file_is_left_and_told(tmp_path):
    loaded(tmp_path).inner(2)
    (file,) = kept(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.warns(CompiledCodeWarning) as given:
        assert loaded(tmp_path).inner(2) == 6
    assert [str(file) in str(warning.message) for warning in given] == [True, True]
    assert "cannot be used (Is a directory): it is compiled anew" in str(given[0].message)


def test_a_file_that_may_not_be_read_is_replaced(tmp_path, monkeypatch):
    loaded(tmp_path).inner(2)
    reading = Path.read_bytes

    def refused(self):
        if self.suffix == cache.SUFFIX:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return reading(self)

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.warns(CompiledCodeWarning, match=r"Permission denied\): it was deleted"):
        assert loaded(tmp_path).inner(2) == 6
    monkeypatch.undo()
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compiled_by(lambda: loaded(tmp_path).inner(2)) == (6, [])


def test_a_change_of_a_kernel_in_another_file_counts(tmp_path):
    package = tmp_path / "made_package"
    package.mkdir()
    head = "from leefraster.kernels.jit import jit\n"
    low = f"{head}@jit\ndef low(x): return x + 1\n"
    high = f"{head}from made_package.low import low\n@jit\ndef high(x): return low(x)\n"

    def result():
        loaded(package, "", "made_package")
        sys.modules["made_package.low"] = loaded(package, low, "made_package.low")
        return loaded(package, high, "made_package.high").high(1)

    assert result() == 2
    assert compiled_by(result) == (2, [])
    low = low.replace("x + 1", "x + 10")
    assert result() == 11


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [("FACTOR = 3", "FACTOR = 4", 9), ("FACTOR * x", "FACTOR - x", 2), ("+ 1", "+ 2", 8)],
)
def test_a_change_of_a_constant_or_of_a_called_kernel_counts(tmp_path, old, new, result):
    assert loaded(tmp_path).outer(2) == 7
    before = kept(tmp_path, "outer")
    assert loaded(tmp_path, PLAIN.replace(old, new)).outer(2) == result
    assert len(before) == len(kept(tmp_path, "outer")) == 1
    assert kept(tmp_path, "outer") != before, "what the old source left was not deleted"


def test_comments_and_moved_lines_do_not_count(tmp_path):
    assert loaded(tmp_path).outer(2) == 7
    moved = "# a comment\n\n" + PLAIN.replace("return inner", "# why\n    return inner")
    assert compiled_by(lambda: loaded(tmp_path, moved).outer(2)) == (7, [])


def test_what_killed_processes_left_is_cleared_but_not_what_is_being_written(tmp_path):
    loaded(tmp_path).inner(2)
    (file,) = kept(tmp_path)
    abandoned, young = (file.with_name(f"{file.name}.{name}") for name in ("0123", "4567"))
    for waiting in (abandoned, young):
        waiting.write_bytes(b"half")
    long_ago = time.time() - 7200
    os.utime(abandoned, (long_ago, long_ago))
    loaded(tmp_path).inner(0.5)
    assert young.exists()
    assert not abandoned.exists()


def test_a_kernel_that_takes_a_function_is_never_kept_nor_counted(tmp_path):
    module = loaded(tmp_path, PLAIN + "\n@jit\ndef apply(f, x):\n    return f(x)\n")
    assert compiled_by(lambda: module.apply(module.inner, 3)) == (9, ["inner"])
    assert [file.name.split("-")[0] for file in kept(tmp_path)] == ["made_kernels.inner"]


# Folders


def test_the_chosen_folder_is_the_only_one_used(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "chosen with ë"))
    assert loaded(tmp_path).inner(2) == 6
    assert len(list((tmp_path / "chosen with ë").rglob(f"*{cache.SUFFIX}"))) == 1
    assert not (tmp_path / "__pycache__").exists()
    assert compiled_by(lambda: loaded(tmp_path).inner(2)) == (6, [])


def test_a_chosen_folder_that_cannot_be_written_is_named_once_and_the_users_taken(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "below"))
    module = loaded(tmp_path)
    with pytest.warns(CompiledCodeWarning, match=r"file.below.*NUMBA_CACHE_DIR \(Not a directory\)") as given:
        assert module.outer(2) == 7
    assert len(given) == 1
    assert len(list((tmp_path / "user").rglob(f"*{cache.SUFFIX}"))) == 2


def test_a_folder_that_cannot_be_written_is_no_matter_where_nothing_is_compiled(tmp_path, monkeypatch):
    chosen = tmp_path / "chosen"
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(chosen))
    loaded(tmp_path).outer(2)
    cache_folder._looked_at.cache_clear()
    monkeypatch.setattr(cache_folder, "_trouble_writing", lambda folder: "Read-only file system")
    again = loaded(tmp_path)
    assert compiled_by(lambda: again.outer(2)) == (7, [])  # a warning would be an error
    with pytest.warns(CompiledCodeWarning, match=r"chosen.*NUMBA_CACHE_DIR \(Read-only file system\)"):
        assert again.inner(0.5) == 1.5


def test_without_any_folder_kernels_work_with_one_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "__pycache__").write_text("not a folder")
    monkeypatch.setattr(cache_folder, "_of_user", lambda: tmp_path / "file")
    with pytest.warns(
        CompiledCodeWarning, match="compiled anew by each process. Set NUMBA_CACHE_DIR"
    ) as given:
        assert compiled_by(lambda: loaded(tmp_path).outer(2)) == (7, ["outer", "inner"])
    assert len(given) == 1
    assert loaded(tmp_path).outer(3) == 10


def test_code_beside_a_package_that_cannot_be_written_is_read_and_new_code_goes_to_the_user(
    tmp_path, monkeypatch
):
    assert loaded(tmp_path).inner(2) == 6
    cache_folder._looked_at.cache_clear()
    trouble = cache_folder._trouble_writing
    closed = tmp_path / "__pycache__"
    monkeypatch.setattr(
        cache_folder, "_trouble_writing", lambda folder: "Read-only" if folder == closed else trouble(folder)
    )
    again = loaded(tmp_path)
    assert compiled_by(lambda: (again.inner(2), again.inner(0.5))) == ((6, 1.5), ["inner"])
    assert len(list((tmp_path / "user").rglob(f"*{cache.SUFFIX}"))) == 1
    assert compiled_by(lambda: loaded(tmp_path).inner(0.5)) == (1.5, [])


def test_a_full_disk_is_told_once_and_leaves_nothing_half(tmp_path, monkeypatch):
    def full(*names):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    module = loaded(tmp_path)
    monkeypatch.setattr(cache.os, "replace", full)
    with pytest.warns(CompiledCodeWarning, match=r"cannot be kept in .*No space left") as given:
        assert module.outer(2) == 7
    assert len(given) == 1
    assert list((tmp_path / "__pycache__").iterdir()) == []


def test_a_file_held_open_on_windows_is_no_trouble(tmp_path, monkeypatch):
    loaded(tmp_path).inner(2)
    (file,) = kept(tmp_path)

    def held(*names):
        raise PermissionError(errno.EACCES, "used by another process")

    monkeypatch.setattr(cache.os, "replace", held)
    cache_of = loaded(tmp_path).inner._cache
    monkeypatch.setattr(cache_of, "_found", lambda signature, target: None)
    module = sys.modules["made_kernels"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert module.inner(2) == 6
    assert file.exists()


# Serial and parallel builds, threads, processes


@pytest.fixture(scope="module")
def cubes(tmp_path_factory):
    """A kernel with both builds compiled, and the folder that it lies in."""
    folder = tmp_path_factory.mktemp("parallel")
    held = jit._threads
    module = loaded(folder, PARALLEL)
    for n in (1, 2):
        lr.set_threads(n)
        module.cubes(X, np.empty_like(X))
    jit._threads = held
    return folder, module.cubes


needs_two = pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one processor")


@needs_two
def test_both_builds_are_kept_as_two_files_and_found_again(cubes, threads_as_before):
    folder, _ = cubes
    cache_folder._looked_at.cache_clear()
    assert len(kept(folder, "cubes-")) == 2
    for n in (1, 2):
        lr.set_threads(n)
        again = loaded(folder, PARALLEL).cubes
        result, compiled = compiled_by(lambda again=again: again(X, np.empty_like(X)))
        assert compiled == []
        assert len(again.serial.signatures) == 2 - n
        assert len(again.parallel.signatures) == n - 1
        assert result.tobytes() == CUBES.tobytes()


def test_no_kernel_of_the_package_shares_a_file_between_its_builds(threads_as_before):
    import pkgutil

    import leefraster.kernels

    both = {}
    for found in pkgutil.iter_modules(leefraster.kernels.__path__):
        module = importlib.import_module(f"leefraster.kernels.{found.name}")
        both |= {id(value): value for value in vars(module).values() if hasattr(value, "parallel")}
    assert len(both) > 50
    for kernel in both.values():
        serial, parallel = kernel.serial._cache, kernel.parallel._cache
        signature = (numba.float64[::1],)
        names = {
            build._file_name(build._key(signature, kernel.serial.targetctx.codegen()))
            for build in (serial, parallel)
        }
        assert len(names) == 2


@needs_two
@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(allow_nan=True, width=64), max_size=40))
def test_both_builds_give_the_same_bytes(cubes, values):
    x = np.array(values, float)
    _, kernel = cubes
    with np.errstate(all="ignore"):
        serial, parallel = kernel.serial(x, np.empty_like(x)), kernel.parallel(x, np.empty_like(x))
    assert serial.tobytes() == parallel.tobytes()


def test_one_thread_needs_no_entrance(cubes, threads_as_before):
    """While one Python thread is in a parallel kernel, others go on with serial ones."""
    _, kernel = cubes
    lr.set_threads(1)
    with jit._entrance, ThreadPoolExecutor(3) as pool:
        results = [pool.submit(kernel, X, np.empty_like(X)) for _ in range(9)]
        assert all(result.result(timeout=60).tobytes() == CUBES.tobytes() for result in results)


@needs_two
def test_parallel_kernels_wait_for_each_other(cubes, threads_as_before):
    _, kernel = cubes
    lr.set_threads(2)
    done = threading.Event()

    def work():
        kernel(X, np.empty_like(X))
        done.set()

    with jit._entrance:
        thread = threading.Thread(target=work)
        thread.start()
        assert not done.wait(0.2)
    thread.join(60)
    assert done.is_set()


def test_tasks_of_dask_threads_do_not_lock_each_other_out(cubes, threads_as_before):
    import dask
    from dask import delayed

    _, kernel = cubes

    @delayed(pure=False)
    def inner():
        return kernel(X, np.empty_like(X))

    @delayed(pure=False)
    def outer():
        return dask.compute(*[inner() for _ in range(3)], scheduler="threads", num_workers=2)

    for n in (1, 2):
        lr.set_threads(n)
        results = dask.compute(*[outer() for _ in range(4)], scheduler="threads", num_workers=4)
        assert all(result.tobytes() == CUBES.tobytes() for part in results for result in part)


def test_less_than_one_thread_is_refused():
    with pytest.raises(ValueError, match="threads is 0, it must be at least 1"):
        lr.set_threads(0)


def python(code, folder, **environment):
    """Start a Python process that imports made_kernels from the folder and prints results."""
    head = "import sys, numpy as np\nimport leefraster as lr\nfrom made_kernels import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "kept")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@forks
def test_processes_that_start_cold_together_do_not_disturb_each_other(tmp_path, monkeypatch):
    """Six processes, which have loaded numba and compiled nothing, compile the same at the same time."""
    (tmp_path / "made_kernels.py").write_text(PLAIN)
    code = """
    import os
    children = []
    for _ in range(6):
        child = os.fork()
        if child == 0:
            os._exit(0 if [outer(2), outer(0.5)] == [7, 2.5] else 1)
        children.append(child)
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
    """
    assert python(code, tmp_path).communicate(timeout=120) == ("[0, 0, 0, 0, 0, 0]\n", "")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    module = loaded(tmp_path)
    assert compiled_by(lambda: (module.outer(0.5), module.outer(2))) == ((2.5, 7), [])
    assert len([*(tmp_path / "kept").rglob("*.*")]) == 4


def test_python_threads_meet_safely_in_numbas_own_threading_layer(tmp_path):
    (tmp_path / "made_kernels.py").write_text(PARALLEL)
    code = """
    from concurrent.futures import ThreadPoolExecutor
    import numba
    x = np.linspace(-3, 5, 1001)
    lr.set_threads(2)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: cubes(x, np.empty_like(x)).tobytes(), range(400)))
    print(len(set(results)), results[0] == (x * x * x / 7).tobytes(), numba.threading_layer())
    """
    process = python(code, tmp_path, NUMBA_THREADING_LAYER="workqueue", NUMBA_NUM_THREADS="2")
    assert process.communicate(timeout=120) == ("1 True workqueue\n", "")
    assert process.returncode == 0


@forks
def test_a_forked_process_goes_on_without_the_threads_of_its_parent(tmp_path):
    (tmp_path / "made_kernels.py").write_text(PARALLEL)
    code = """
    import os, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from leefraster.kernels.jit import threads
    x = np.linspace(-3, 5, 1001)
    lr.set_threads(2)
    before = cubes(x, np.empty_like(x)).tobytes()
    child = os.fork()
    if child == 0:
        os._exit(0 if cubes(x, np.empty_like(x)).tobytes() == before and threads() == 1 else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), threads())
    """
    process = python(code, tmp_path, NUMBA_NUM_THREADS="2")
    assert process.communicate(timeout=120) == ("0 2\n", "")
