"""Work on many fields at once, in the threads that the run may use; results do not depend on their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from leefraster.kernels.jit import threads


def in_threads[T, R](function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Yield the function's result for every item, in order; an error ends what has not begun."""
    if threads() == 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(threads(), thread_name_prefix="leefraster-field")
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
