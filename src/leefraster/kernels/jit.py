"""The one wrapper for compiled code: caching, error model and parallelism are decided here.

`error_model="numpy"` is about four times faster on these kernels than numba's default, since no division
has to be guarded. `fastmath` stays off: it deletes the checks for NaN. Nothing is compiled before it is called.

A parallel kernel has two builds, which are two functions to numba. With one thread the serial one is used: it
starts no threads, so any number of Python threads can be in it at once, and so can a process that was forked.
The parallel one is entered one at a time: numba's fallback threading layer ends the process when two Python threads
meet in it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, cast

# A thread that waits sleeps: on a busy machine spinning at barriers costs more than the work itself.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba

from leefraster.kernels.cache import KernelCache
from leefraster.kernels.cache_folder import folders

_entrance = threading.RLock()


def jit[F: Callable[..., Any]](function: F) -> F:
    """Compile a serial kernel on first use; it may be called from other kernels and from threads."""
    return cast(F, _build(function))


def parallel_jit[F: Callable[..., Any]](function: F) -> F:
    """Compile a kernel whose `prange` loops run on the threads set by `set_threads`, on first use.

    With one thread it is compiled without threads. Both builds give the same bytes as long as no iteration of a
    `prange` loop depends on another, which no kernel here does.
    """
    serial, parallel = _build(function), _build(function, parallel=True)

    @wraps(function)
    def enter(*args: Any) -> Any:
        n = threads()
        if n == 1:
            return serial(*args)
        with _entrance:
            numba.set_num_threads(n)
            _parallel_was_used()
            return parallel(*args)

    enter.serial, enter.parallel = serial, parallel  # type: ignore[attr-defined]
    return cast(F, enter)


def _build(function: Callable[..., Any], **options: Any) -> Any:
    """Return numba's dispatcher of a function, which compiles on first call (the function where numba is off)."""
    built = numba.njit(error_model="numpy", nogil=True, **options)(function)
    keep(built)
    return built


def keep(dispatcher: Any) -> None:
    """Let the compiled code of a numba dispatcher be kept on disk."""
    if hasattr(dispatcher, "_cache"):
        dispatcher._cache = KernelCache(dispatcher.py_func, dispatcher.targetoptions)


def cache_folder() -> Path | None:
    """Return the folder that compiled kernels of this package are kept in, or None where none can be written."""
    return folders(Path(__file__).parent, numba.config.CACHE_DIR)[1]  # type: ignore[attr-defined]


_started = False
_threads_are_lost = False


def _parallel_was_used() -> None:
    global _started
    _started = True


def _after_fork() -> None:
    """Use serial builds in a process forked from one whose threads had started: these do not exist in it.

    GNU's OpenMP ends such a process at its next parallel loop.
    """
    global _entrance, _threads_are_lost
    _entrance = threading.RLock()
    _threads_are_lost = _started


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_threads: int | None = None
_here = threading.local()


def stay_serial() -> None:
    """Let kernels that this Python thread calls from now on use this one thread only."""
    _here.serial = True


@contextmanager
def all_threads() -> Iterator[None]:
    """Let kernels called within use all threads again: what is made once, while other threads wait for it."""
    before = getattr(_here, "serial", False)
    _here.serial = False
    try:
        yield
    finally:
        _here.serial = before


def threads() -> int:
    """Return the number of threads that parallel kernels use when they are called from here."""
    if _threads_are_lost or getattr(_here, "serial", False):
        return 1
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    limit = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    return min(_threads if _threads is not None else available, limit)


def set_threads(n: int) -> None:
    """Set the number of threads of all parallel work in this process; results do not depend on it.

    Parameters
    ----------
    n : int
        At least 1; more than the machine's processors is taken as all of them.

    Raises
    ------
    ValueError
        When `n` is less than 1.
    """
    global _threads
    if n < 1:
        raise ValueError(f"threads is {n}, it must be at least 1")
    _threads = int(n)
