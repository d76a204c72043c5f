"""The note that a run leaves in the store while it writes, and takes away when it is done."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from leefraster.errors import LeefrasterWarning

MARKER_NAME = "unfinished.json"


class UnfinishedRunWarning(LeefrasterWarning):
    """A run stopped while it wrote; readers see the last finished run, ``Store.gc`` frees what it left."""


def mark(folder: Path, run_id: str) -> None:
    """Write the note that `run_id` is being written."""
    note = {
        "run_id": run_id,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    (folder / MARKER_NAME).write_text(json.dumps(note), encoding="utf-8")


def unmark(folder: Path) -> None:
    """Take the note away, if there is one."""
    with contextlib.suppress(OSError):
        (folder / MARKER_NAME).unlink(missing_ok=True)


def marked(folder: Path) -> str | None:
    """Return what the note says, in words; None when there is no note."""
    try:
        text = (folder / MARKER_NAME).read_text(encoding="utf-8")
    except OSError:
        return None
    try:
        note = json.loads(text)
        return f"{note['run_id']} (process {note['pid']} on {note['host']}, since {note['since']})"
    except (ValueError, KeyError, TypeError):
        return "a run of which only the note's beginning was written"
