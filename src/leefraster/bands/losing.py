"""A dask scheduler that is lost in the middle of a run: told in words, and never waited for."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

from leefraster.errors import EnvironmentFault

FAREWELL = 2.0  # seconds that leaving a cluster may take


@contextlib.contextmanager
def told_when_lost(client: Any) -> Iterator[None]:
    """Raise one error, in words, for all that dask raises once its scheduler is lost.

    That depends on the moment: connections that are closed, results that are cancelled, a client that has closed
    itself or lacks its parts. Errors of the functions that workers call pass, as long as the scheduler is there.

    Raises
    ------
    EnvironmentFault
        When the scheduler is lost.
    """
    from distributed.client import ClosedClientError
    from distributed.comm.core import CommClosedError
    from distributed.core import RPCClosed

    try:
        yield
    except EnvironmentFault:
        raise
    except (CancelledError, ClosedClientError, CommClosedError, RPCClosed) as error:
        raise _lost(error) from error
    except Exception as error:
        if is_lost(client):
            raise _lost(error) from error
        raise


def refuse_lost(client: Any) -> None:
    """Raise an error when the client has no scheduler: what is handed to it then is never made.

    Raises
    ------
    EnvironmentFault
        When the scheduler is lost.
    """
    if is_lost(client):
        raise _lost(f"the client is {client.status}")


def is_lost(client: Any) -> bool:
    """Return whether a client that was connected is so no more."""
    return bool(client.status != "running")


def leave(client: Any) -> None:
    """Close a client, soon, and whatever became of its scheduler."""
    with contextlib.suppress(Exception):  # there is nothing left to do about it
        client.close(timeout=FAREWELL)


@contextlib.contextmanager
def unlogged() -> Iterator[None]:
    """Keep dask's own log, with its tracebacks, from the terminal: what matters is told as an error."""
    handlers = logging.getLogger("distributed").handlers  # all of dask's loggers share them
    levels = [handler.level for handler in handlers]
    try:
        for handler in handlers:
            handler.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for handler, level in zip(handlers, levels, strict=True):
            handler.setLevel(level)


def _lost(why: Exception | str) -> EnvironmentFault:
    said = why if isinstance(why, str) else getattr(why, "reason", None)
    said = said or f"{type(why).__name__}: {why}"
    return EnvironmentFault(
        f"cluster: the scheduler was lost ({said}). Nothing was stored; start it and run again"
    )
