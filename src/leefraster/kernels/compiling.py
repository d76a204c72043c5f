"""What was compiled and what was loaded in this process, and who wants to hear of it.

Light: numba is not needed here, so that programs can listen before anything heavy is loaded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

compiled: list[str] = []
"""Names of the kernels compiled in this process, in order; a kernel stands here once for each signature.

Those that can never be kept, since they take a function (one of esda's), do not."""

loaded: list[str] = []
"""Names of the kernels taken from the cache in this process."""

_listeners: list[Callable[[str], None]] = []
_guard = threading.Lock()


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Call `listener` with a kernel's name each time that one is about to be compiled, in whatever thread."""
    with _guard:
        _listeners.append(listener)
    try:
        yield
    finally:
        with _guard:
            _listeners.remove(listener)


def compiles(name: str) -> None:
    """Note that a kernel is about to be compiled."""
    with _guard:
        compiled.append(name)
        listeners = tuple(_listeners)
    for listener in listeners:
        listener(name)


def loads(name: str) -> None:
    """Note that a kernel was taken from the cache."""
    with _guard:
        loaded.append(name)
