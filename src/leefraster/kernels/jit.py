"""The one wrapper for compiled code: caching, error model and parallelism are decided here.

`error_model="numpy"` is about four times faster on these kernels than numba's default, since no division
has to be guarded. `fastmath` stays off: it deletes the checks for NaN. Serial and parallel kernels are
different functions, because numba's cache does not tell apart two builds of one function. Parallel kernels
are entered one at a time: numba's fallback threading layer ends the process when two Python threads meet in it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

# A thread that waits sleeps: on a busy machine spinning at barriers costs more than the work itself.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba

_entrance = threading.RLock()


def jit[F: Callable[..., Any]](function: F) -> F:
    """Compile a serial kernel on first use; it may be called from other kernels and from threads."""
    return cast(F, numba.njit(cache=True, error_model="numpy", nogil=True)(function))


def parallel_jit[F: Callable[..., Any]](function: F) -> F:
    """Compile a kernel whose `prange` loops run on the threads set by `set_threads`."""
    compiled = numba.njit(cache=True, error_model="numpy", nogil=True, parallel=True)(function)

    @wraps(function)
    def enter(*args: Any) -> Any:
        with _entrance:
            numba.set_num_threads(threads())
            return compiled(*args)

    enter.compiled = compiled  # type: ignore[attr-defined]
    return cast(F, enter)


_threads: int | None = None


def threads() -> int:
    """Return the number of threads that parallel kernels use."""
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
