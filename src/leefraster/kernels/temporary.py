"""Arrays that are needed no longer than one piece of work takes, from memory that its thread was given.

What a thread takes from the C library lies in small pages, which the system maps anew after they were given back;
large arrays of the main thread lie in large pages that stay.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

LINE = 64  # bytes: arrays begin on lines of the cache

_here = threading.local()


def have(room: npt.NDArray[np.uint8]) -> None:
    """Let this thread take its temporary arrays from some bytes."""
    _here.room, _here.used = room, 0


def anew() -> None:
    """Begin a piece of work: what the last one had is no longer needed."""
    _here.used = 0


def temporary(size: int, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return an array, not filled, that nothing may hold when the thread begins its next piece of work.

    Where a thread has no memory of its own, or not enough, it is an array like any other.
    """
    room = getattr(_here, "room", None)
    needed = size * np.dtype(dtype).itemsize
    if room is None or _here.used + needed > room.size:
        return np.empty(size, dtype)
    here = room[_here.used : _here.used + needed]
    _here.used += -(-needed // LINE) * LINE
    return here.view(dtype)
