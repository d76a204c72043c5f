"""The list of what an export holds, which also tells the next one what it replaces."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

CONTENTS = "contents.csv"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its name and what is in it."""

    file: str
    content: str


def write_contents(entries: list[Entry], run_id: str, path: Path) -> None:
    """Write the list."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "content", "run_id"])
        writer.writerows([entry.file, entry.content, run_id] for entry in entries)


def listed(folder: Path) -> list[str]:
    """Return the files that the list in a folder names; none when there is no list."""
    try:
        with (folder / CONTENTS).open(encoding="utf-8", newline="") as file:
            return [row["file"] for row in csv.DictReader(file) if row.get("file")]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
