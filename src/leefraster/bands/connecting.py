"""A dask scheduler that runs already: the way to it, and in words why there is none."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any

from leefraster.errors import EnvironmentFault, UsageError

PATIENCE = 4.0  # seconds within which a scheduler must answer
PROTOCOLS = ("tcp", "tls", "ws", "wss")
_ADDRESS = re.compile(r"(?:(?P<protocol>\w+)://)?(?P<host>[\w.\-]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})")


def connected(where: str) -> Any:
    """Return a client of the scheduler at an address.

    Parameters
    ----------
    where : str
        The address, as ``"tcp://host:8786"`` or ``"host:8786"``.

    Raises
    ------
    UsageError
        When it is no address, or needs settings that dask does not have.
    EnvironmentFault
        When no scheduler answers there within 4 seconds, or what answers is none.
    """
    import distributed

    address = _whole_address(where)
    told: list[Any] = []
    thread = threading.Thread(target=lambda: told.append(_answer(address)), name="leefraster-connecting")
    thread.start()  # since a notebook has a loop in this one
    thread.join()
    (error,) = told
    if (
        error == "Scheduler"
    ):  # only then is a client made: one that fails may stop the next, while it is taken apart
        try:
            return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except OSError as gone:  # it has been lost since
            error = gone
    if isinstance(error, TimeoutError | OSError):
        raise EnvironmentFault(
            f"cluster: no dask scheduler answers at {where} ({type(error).__name__}); start one with "
            "'dask scheduler', or take --cluster local. Nothing was written"
        ) from error
    if isinstance(error, TypeError):
        raise UsageError(
            f"cluster: dask cannot open {where}: {error}. A protocol such as tls needs certificates in dask's "
            "own configuration (distributed.comm.tls); else take tcp://host:8786. Nothing was written"
        ) from error
    cause = error if isinstance(error, Exception) else None
    said = f"it is a {error}" if cause is None else _words(cause)
    raise EnvironmentFault(
        f"cluster: what answers at {where} is no dask scheduler, or one of another version of dask ({said}). "
        "Check host and port. Nothing was written"
    ) from cause


def _answer(address: str) -> object:
    """Return what kind of dask server answers there, or the error."""
    from distributed import Security
    from distributed.core import rpc

    async def asked() -> object:
        arguments = Security().get_connection_args("client")
        async with rpc(address, timeout=PATIENCE, connection_args=arguments) as server:
            return (await server.identity())["type"]

    async def in_time() -> object:  # a peer that takes the connection and says nothing is else waited for
        return await asyncio.wait_for(asked(), PATIENCE)

    try:
        return asyncio.run(in_time())
    except (Exception, MemoryError) as error:
        return error


def _words(error: Exception) -> str:
    """Return what an error says about the other side; many only say that what it sent was read wrongly."""
    if isinstance(error, ValueError | RuntimeError | ImportError) and not isinstance(error, UnicodeError):
        return f"{type(error).__name__}: {error}"
    return "what answers there does not speak dask's protocol"


def _whole_address(where: str) -> str:
    found = _ADDRESS.fullmatch(where)
    known = found is not None and (found["protocol"] or "tcp") in PROTOCOLS and 0 < int(found["port"]) < 65536
    if not known:
        raise UsageError(
            f"cluster is {where!r}; it must be 'local' or an address, as tcp://host:8786 "
            f"(protocols: {', '.join(PROTOCOLS)}; ports: 1 to 65535)"
        )
    return where if "://" in where else f"tcp://{where}"
