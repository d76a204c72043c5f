"""A dask scheduler that runs already: the way to it, and in words why there is none."""

from __future__ import annotations

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

    _require_address(where)
    made: dict[str, Any] = {}

    def make() -> None:
        try:
            made["client"] = distributed.Client(where, timeout=PATIENCE)
        except BaseException as error:
            made["error"] = error

    thread = threading.Thread(target=make, name="leefraster-connecting", daemon=True)
    thread.start()
    thread.join(PATIENCE + 1)  # a peer that takes the connection and says nothing is waited for without end
    if "client" in made:
        return made["client"]
    error = made.get("error")
    if error is None or isinstance(error, TimeoutError | OSError):
        said = "no answer" if error is None else type(error).__name__
        raise EnvironmentFault(
            f"cluster: no dask scheduler answers at {where} ({said}); start one with 'dask scheduler', or take "
            "--cluster local. Nothing was written"
        ) from error
    if isinstance(error, TypeError):
        raise UsageError(
            f"cluster: dask cannot open {where}: {error}. A protocol such as tls needs certificates in dask's "
            "own configuration (distributed.comm.tls); else take tcp://host:8786. Nothing was written"
        ) from error
    raise EnvironmentFault(
        f"cluster: what answers at {where} is no dask scheduler, or one of another version of dask "
        f"({type(error).__name__}: {error}). Check host and port. Nothing was written"
    ) from error


def _require_address(where: str) -> None:
    found = _ADDRESS.fullmatch(where)
    known = found is not None and (found["protocol"] or "tcp") in PROTOCOLS and 0 < int(found["port"]) < 65536
    if not known:
        raise UsageError(
            f"cluster is {where!r}; it must be 'local' or an address, as tcp://host:8786 "
            f"(protocols: {', '.join(PROTOCOLS)}; ports: 1 to 65535)"
        )
