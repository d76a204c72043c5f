"""Independent pieces of one computation in threads, each with serial kernels; as many at a time as may be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

import numpy as np
import numpy.typing as npt

from leefraster.kernels.jit import stay_serial, threads
from leefraster.kernels.temporary import LINE, anew, have


def in_threads[B, T](function: Callable[[B], T], pieces: Sequence[B], room: int = 0) -> list[T]:
    """Return what the function gives for each piece, in their order.

    Results must not depend on which thread takes a piece, or on what other pieces there are. The first error
    ends what has not begun, and is raised here.

    Parameters
    ----------
    function : callable
        Takes one piece; it may call kernels, and through them use what releases the interpreter's lock.
    pieces : sequence
        What is worked on.
    room : int
        Bytes of each thread for `kernels.temporary` arrays of a piece.
    """
    n = min(threads(), len(pieces))
    if n <= 1:
        return [function(piece) for piece in pieces]
    rooms = np.empty((n, -(-room // LINE) * LINE), np.uint8)
    begin = partial(_begin, list(rooms))
    pool = ThreadPoolExecutor(n, thread_name_prefix="leefraster-piece", initializer=begin)
    try:
        waiting = [pool.submit(copy_context().run, _next, function, piece) for piece in pieces]
        return [future.result() for future in waiting]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(rooms: list[npt.NDArray[np.uint8]]) -> None:
    stay_serial()
    have(rooms.pop())


def _next[B, T](function: Callable[[B], T], piece: B) -> T:
    anew()
    return function(piece)
