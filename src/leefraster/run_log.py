"""The log of a run: one JSON object a line, kept in memory until the run knows where it belongs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAME = "run.jsonl"


def now() -> str:
    """Return the present moment in UTC, as ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class RunLog:
    """Events of one run, in order.

    Lines are collected and appended to the log file in one go at the end, since a run that is interrupted
    leaves nothing behind. The file keeps the lines of earlier runs; every line names its run.

    Parameters
    ----------
    run_id : str
        Name of the run, written into every line.

    Examples
    --------
    >>> log = RunLog("r1")
    >>> log.add("step", name="read", status="done", seconds=0.5)
    >>> log.events[0]["name"]
    'read'
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.events: list[dict[str, Any]] = []

    def add(self, event: str, /, **fields: Any) -> None:
        """Note an event with its fields (numbers, strings, lists and mappings)."""
        self.events.append({"time": now(), "run": self.run_id, "event": event, **fields})

    def append_to(self, folder: Path) -> Path:
        """Append the events to ``run.jsonl`` in a folder, which is made when absent; return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        text = "".join(f"{json.dumps(_plain(event), ensure_ascii=False)}\n" for event in self.events)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
        return path


def _plain(value: Any) -> Any:
    """Return a value that JSON knows: numpy numbers become numbers, NaN null, anything else its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
