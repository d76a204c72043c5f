"""Work on many fields at once, in the threads that the run may use; results do not depend on their number."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from leefraster.kernels.jit import stay_serial, threads


class InThreads:
    """Maps over fields in this process: one thread a core, each with serial kernels, and as few fields at a time as
    keep them busy.

    Parameters
    ----------
    at_once : int or None
        Fields worked on at a time; as many as threads and one waiting, when None.
    """

    elsewhere = False

    def __init__(self, at_once: int | None = None) -> None:
        self._at_once = at_once

    @property
    def workers(self) -> int:
        """How many items are worked on at a time."""
        return min(threads(), self._at_once or threads())

    def map[B, T](self, function: Callable[[B], T], items: Iterable[B]) -> Iterator[T]:
        """Return what the function gives for each item, in order; an error ends what has not begun."""
        if threads() == 1 or self._at_once == 1:
            yield from map(function, items)
            return
        pool = ThreadPoolExecutor(threads(), thread_name_prefix="leefraster-field", initializer=stay_serial)
        waiting: deque[Future[Any]] = deque()
        source = iter(items)
        try:
            while True:
                for item in islice(source, threads() + 1 - len(waiting)):
                    waiting.append(pool.submit(function, item))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
