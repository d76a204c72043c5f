"""What the commit of a run says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from leefraster.store.plain import digest, plain

if TYPE_CHECKING:
    from leefraster.record import RunRecord

FORMAT = 1
"""Version of the layout of a run in the store; a higher one is refused."""


def commit_metadata(record: RunRecord, number: int, structure: str) -> dict[str, Any]:
    """Return what the commit says of a run, with the SHA-256 of itself under ``sha256``."""
    facts: dict[str, Any] = {
        "format": FORMAT,
        "number": number,
        "run_id": record.run_id,
        "title": record.title,
        "started": record.started,
        "inputs": [{**plain(dataclasses.asdict(item)), "path": str(item.path)} for item in record.inputs],
        "parameters": plain(record.parameters),
        "versions": plain(record.versions),
        "notes": list(record.notes),
        "detection": plain(record.detection),
        "structure": structure,
    }
    return {**facts, "sha256": digest(facts)}


def is_whole(metadata: dict[str, Any]) -> bool:
    """Tell whether a commit's facts are those that were written."""
    facts = {name: value for name, value in metadata.items() if name != "sha256"}
    return digest(facts) == metadata.get("sha256")
