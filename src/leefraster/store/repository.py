"""The icechunk repository under a store: where it is, how it opens, and what its errors mean to a user."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("ICECHUNK_LOG", "error")  # else it warns about local folders at every open

import icechunk

from leefraster.errors import EnvironmentFault, UsageError
from leefraster.store.lock import LOCK_NAME
from leefraster.store.unfinished import MARKER_NAME

MAIN = "main"
EMPTY = "empty"
"""Branch that stays at the empty first snapshot, where every run starts.

A run overwrites everything anyway, and icechunk refuses a commit whose clock is behind its parent's.
"""

_OWN = {
    LOCK_NAME, MARKER_NAME, "chunks", "config.yaml", "manifests", "overwritten", "refs", "repo", "snapshots",
    "transactions", "attributes",
}  # fmt: skip


def _storage(folder: Path) -> Any:
    return icechunk.local_filesystem_storage(str(folder))


def exists(folder: Path) -> bool:
    """Tell whether the folder holds a repository."""
    if not folder.is_dir():
        return False
    with environment_faults(folder, "open"):
        return bool(icechunk.Repository.exists(_storage(folder)))


def require_free_for_store(folder: Path) -> None:
    """Refuse to make a store of a folder that holds other things."""
    try:
        strangers = sorted(entry.name for entry in folder.iterdir() if entry.name not in _OWN)
    except OSError as error:
        raise EnvironmentFault(f"store {folder}: cannot be listed ({error.strerror})") from error
    if strangers:
        raise UsageError(
            f"store {folder}: the folder holds other things ({', '.join(strangers[:3])}) and no store. "
            "Give an empty or new folder"
        )


def create_repository(folder: Path) -> None:
    """Make an empty repository; the caller holds the write lock."""
    with environment_faults(folder, "create"):
        icechunk.Repository.create(_storage(folder), check_clean_root=False)


def empty_session(repository: Any) -> Any:
    """Return a session in which to write a run, starting from nothing; the caller holds the write lock."""
    if EMPTY not in repository.list_branches():
        *_, root = repository.ancestry(branch=MAIN)
        repository.create_branch(EMPTY, root.id)
    return repository.writable_session(EMPTY)


def open_repository(folder: Path) -> Any:
    """Open the repository as it is now.

    Raises
    ------
    EnvironmentFault
        When it was written by a newer format than the installed icechunk reads, is damaged or unreadable.
    """
    with environment_faults(folder, "open"):
        return icechunk.Repository.open(_storage(folder))


def free_bytes(folder: Path) -> int:
    """Return the bytes free on the disk that holds the folder."""
    return int(shutil.disk_usage(folder).free)


@contextlib.contextmanager
def environment_faults(folder: Path, doing: str, needed: int | None = None) -> Iterator[None]:
    """Turn errors of disk, permission and format into `EnvironmentFault` with words a user can act on."""
    try:
        yield
    except EnvironmentFault:
        raise
    except (OSError, icechunk.IcechunkError) as error:
        raise EnvironmentFault(f"store {folder}: {_cause(folder, doing, error, needed)}") from error


def _cause(folder: Path, doing: str, error: BaseException, needed: int | None) -> str:
    text = str(error)
    kind = str(getattr(error, "kind", ""))
    if "No space left" in text or "Disk quota" in text or "os error 28" in text:
        want = f", about {needed:,} bytes are needed" if needed else ""
        return f"disk full: {free_bytes(folder):,} bytes free{want}. The last finished run is unchanged"
    if kind == "unsupported-spec-version":
        return (
            f"written in a newer format than icechunk {icechunk.__version__} reads "
            f"({text.splitlines()[0]}). Upgrade icechunk to the version that wrote it"
        )
    if kind == "snapshot-timestamp":
        return "the clock is behind the moment at which the store was created. Set the clock right"
    if "Permission denied" in text or "Read-only" in text or "not permitted" in text:
        return f"cannot {doing}: no permission ({text.splitlines()[0]})"
    return f"cannot {doing}: {text.splitlines()[0] if text else type(error).__name__}"
