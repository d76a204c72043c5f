"""Bands (or fields) worked through on dask.distributed: on this computer's cores as processes, or on a cluster."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from leefraster.bands.by_file import ByFile, by_file
from leefraster.bands.connecting import connected
from leefraster.bands.given_back import give_back
from leefraster.bands.losing import is_lost, leave, refuse_lost, told_when_lost, unlogged
from leefraster.errors import EnvironmentFault

WITHOUT = 30.0  # seconds for which a scheduler without workers is waited for
LOOK = 2.0  # seconds between looks whether scheduler and workers are still there
AHEAD = 2  # items a worker that are handed out before the first result is taken
WITH_EACH = 1 << 20  # bytes of a function that go with each item: sending them before would take longer
LOSSES = 3  # workers that may be lost with one item before it is given up


class OnCluster:
    """Maps over items on the workers of a dask client; results come back in order, whoever made them.

    Every worker computes with one thread. A worker that is lost takes its items with it: they are made again by
    another, with the same bytes.

    Parameters
    ----------
    client : distributed.Client
        The client.
    here : bool
        Whether all workers are processes of this computer: large arrays then lie in files that they map, so that
        none is sent, and it takes memory once.
    """

    elsewhere = True

    def __init__(self, client: Any, *, here: bool = False) -> None:
        self._client = client
        self._here = here
        self._maps = itertools.count(1)
        self._run = uuid.uuid4().hex  # a scheduler takes equal keys of two clients for one task

    @property
    def here(self) -> bool:
        """Whether all workers are processes of this computer, which can fill its files."""
        return self._here

    @property
    def workers(self) -> int:
        """How many workers there are now; 1 before the first has come."""
        return max(self._present(), 1)

    def _present(self) -> int:
        with told_when_lost(self._client):
            return len(self._client.scheduler_info(n_workers=-1).get("workers", ()))

    def map[B, T](self, function: Callable[[B], T], items: Iterable[B]) -> Iterator[T]:
        """Return what the function gives for each item, in their order.

        A large function is sent once, before; items are handed out as results come back, so that neither piles
        up. Keys are ``leefraster-<run>-<map>-<item>``: other runs on the same scheduler have others.

        Raises
        ------
        EnvironmentFault
            When workers keep being lost, there is none for half a minute, or the scheduler is lost.
        """
        number = next(self._maps)
        waiting: deque[Any] = deque()
        with tempfile.TemporaryDirectory(prefix="leefraster-") as folder:
            sent = self._sent(function, Path(folder))
            numbered, places = enumerate(items), AHEAD * self.workers
            try:
                while True:
                    for i, item in itertools.islice(numbered, max(places - len(waiting), 1)):
                        key = f"leefraster-{self._run}-{number}-{i}"
                        waiting.append(self._submitted(sent, item, key))
                    if not waiting:
                        return
                    yield self._result(waiting.popleft())
            finally:
                self._forget(list(waiting))

    def _sent(self, function: Any, folder: Path) -> Any:
        """Return what goes with each item: the function, or where it was sent to before."""
        sent = by_file(function, folder if self._here else None)
        if len(sent.pickled) <= WITH_EACH:
            return sent
        with told_when_lost(self._client):
            return self._client.scatter(sent, broadcast=True, hash=False)

    def _submitted(self, sent: Any, item: Any, key: str) -> Any:
        with told_when_lost(self._client):
            future = self._client.submit(_called, sent, item, key=key, pure=False)
        refuse_lost(self._client)
        return future

    def _forget(self, futures: list[Any]) -> None:
        """Let go of items that nobody waits for any more; a scheduler that is lost has done so."""
        if futures and not is_lost(self._client):
            with contextlib.suppress(Exception):  # it may be lost by now, and an error may be on its way
                self._client.cancel(futures)

    def _result(self, future: Any) -> Any:
        """Wait for a result, as long as there is a worker that can make it."""
        from distributed.scheduler import KilledWorker

        alone, made = time.monotonic(), False
        while True:
            try:
                with told_when_lost(self._client):
                    return future.result(timeout=None if made else LOOK)
            except KilledWorker as error:
                raise EnvironmentFault(
                    f"cluster: {error}. Workers were lost {LOSSES + 1} times with the same item; often they lack "
                    "memory. Nothing was stored"
                ) from error
            except TimeoutError as error:
                if made:
                    raise  # the function's own
                refuse_lost(self._client)
                made = future.done()
                if made or self._present():
                    alone = time.monotonic()
                elif time.monotonic() - alone >= WITHOUT:
                    raise EnvironmentFault(
                        f"cluster: the scheduler has had no workers for {WITHOUT:.0f} seconds; start some with "
                        f"'dask worker {self._client.scheduler.address}'. Nothing was stored"
                    ) from error


_last: tuple[ByFile | None, Any] = (None, None)  # of this worker: what was sent, and the function that it is


def _called(sent: ByFile, item: Any) -> Any:
    global _last
    if _last[0] != sent:
        _last = (None, None)  # both need not be in memory
        _last = (sent, sent.loaded())
    try:
        return _last[1](item)
    finally:
        give_back()


@contextlib.contextmanager
def cluster(where: str, *, workers: int | None = None) -> Iterator[OnCluster]:
    """Give a runner on a cluster, and leave the cluster at the end.

    Parameters
    ----------
    where : str
        ``"local"`` for a process on each of this computer's cores, or the address of a dask scheduler, as
        ``"tcp://host:8786"``.
    workers : int or None
        Processes of a local cluster; one a core when None.

    Raises
    ------
    UsageError
        When `where` is neither, or needs settings that dask does not have.
    EnvironmentFault
        When no scheduler answers there within 4 seconds, what answers is none, or it is lost meanwhile.
    """
    import dask
    import distributed

    with dask.config.set(_settings()), unlogged(), contextlib.ExitStack() as stack:
        if where == "local":
            count = workers or _cores()
            made = distributed.LocalCluster(
                n_workers=count, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                memory_limit=0, silence_logs=50,
            )  # fmt: skip
            stack.enter_context(contextlib.closing(made))
            client = distributed.Client(made, direct_to_workers=True, set_as_default=False)
        else:
            client = connected(where)
        stack.callback(leave, client)
        with told_when_lost(client):
            client.run(_with_one_thread)
            client.register_plugin(_one_thread())
        yield OnCluster(client, here=where == "local")


def _settings() -> dict[str, Any]:
    """Return what dask is told.

    Left to dask, workers give all freed memory back at once, and take every large array from the system anew,
    which costs time. These keep to the C library's ways, and give back what is free after each item.
    """
    return {
        "distributed.scheduler.allowed-failures": LOSSES,
        "distributed.worker.daemon": True,
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
        "distributed.admin.large-graph-warning-threshold": "1GB",
    }


def _cores() -> int:
    from leefraster.kernels.jit import threads

    return threads()


def _with_one_thread() -> None:
    import zarr

    from leefraster.kernels.jit import set_threads

    set_threads(1)
    zarr.config.set({"threading.max_workers": 1})  # more would take the processors of the other workers


def _one_thread() -> Any:
    """Return a plugin by which workers that join later compute with one thread, too."""
    from distributed import WorkerPlugin

    class OneThread(WorkerPlugin):
        name = "leefraster-one-thread"

        def setup(self, worker: Any) -> None:  # noqa: ARG002
            _with_one_thread()

    return OneThread()
