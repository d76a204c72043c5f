"""One writer at a time: an advisory lock of the operating system on a file in the store.

The kernel releases the lock when its holder dies, so that a stale lock file needs no manual step; the text in
the file only says who holds, or last held, the lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from leefraster.errors import EnvironmentFault

LOCK_NAME = "leefraster.lock"
_PAUSE = 0.05


def _flock(descriptor: int, operation: str) -> bool:
    """Try to take the lock without waiting; False when another holds it."""
    try:
        import fcntl
    except ImportError as error:
        raise EnvironmentFault(
            "stores can be written only where the operating system offers fcntl.flock (Linux, macOS, WSL)"
        ) from error
    kind = {"exclusive": fcntl.LOCK_EX, "shared": fcntl.LOCK_SH}[operation]
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664)
    except OSError as error:
        raise EnvironmentFault(
            f"store {path.parent}: cannot be written ({error.strerror}): {path.name} does not open. "
            "Check permissions and whether the disk is mounted read-only, or choose another folder"
        ) from error


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"process {held['pid']} on {held['host']} since {held['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown process"


def _sign(descriptor: int) -> None:
    text = json.dumps(
        {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    with contextlib.suppress(OSError):  # on a full disk the lock holds all the same, unsigned
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _require_exclusion(path: Path) -> None:
    """Refuse a file system that grants the same lock twice."""
    second = _opened(path)
    try:
        if _flock(second, "exclusive"):
            raise EnvironmentFault(
                f"store {path.parent}: this file system does not keep locks (it granted one lock twice), "
                "so that two runs could overwrite each other. Put the store on a local disk"
            )
    finally:
        os.close(second)


@contextlib.contextmanager
def write_lock(folder: Path, timeout: float) -> Iterator[None]:
    """Hold the store's only write lock.

    Parameters
    ----------
    folder : Path
        The store; must exist.
    timeout : float
        Seconds to wait for another writer.

    Raises
    ------
    EnvironmentFault
        When the lock is still held after `timeout` seconds (names pid and host of the holder), the folder
        cannot be written, or its file system does not keep locks.
    """
    path = folder / LOCK_NAME
    descriptor = _opened(path)
    try:
        deadline = time.monotonic() + timeout
        while not _flock(descriptor, "exclusive"):
            if time.monotonic() >= deadline:
                raise EnvironmentFault(
                    f"store {folder}: {_holder(path)} is writing; gave up after {timeout:g} s. "
                    "Wait for it to finish, or end it, and start again"
                )
            time.sleep(_PAUSE)
        _require_exclusion(path)
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Tell whether a writer is at work in the store; needs no right to write."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _flock(descriptor, "shared")
    finally:
        os.close(descriptor)
