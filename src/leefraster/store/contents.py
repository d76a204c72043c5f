"""What of a run goes where: tables beside the arrays, and the facts in the commit."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from leefraster.store.plain import digest, plain

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.questions.answer import Answer
    from leefraster.record import RunRecord

FORMAT = 1
"""Version of the layout below; a store of a higher one is refused."""


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


def tables_of(record: RunRecord) -> dict[str, pd.DataFrame]:
    """Return the tables of a run by name; those that the run does not have are absent.

    The names are clusters, course, answers, answer_<name>, crosscheck, detection, steps, inputs, notes.
    """
    import pandas as pd

    tables: dict[str, pd.DataFrame] = {}
    if record.structural is not None:
        tables["clusters"] = record.structural.table
        tables["course"] = record.structural.course
    if record.answers:
        tables["answers"] = pd.DataFrame([_summary(answer) for answer in record.answers])
        tables.update({f"answer_{answer.name}": answer.table for answer in record.answers})
    if record.crosscheck is not None:
        tables["crosscheck"] = record.crosscheck
    if record.detection is not None:
        tables["detection"] = pd.DataFrame(list(record.detection.items()), columns=["figure", "value"])
    tables["steps"] = pd.DataFrame(
        [dataclasses.asdict(step) for step in record.steps], columns=["name", "status", "seconds", "reason"]
    )
    tables["inputs"] = pd.DataFrame(
        [{**dataclasses.asdict(item), "path": str(item.path)} for item in record.inputs],
        columns=["path", "sha256", "size", "role"],
    )
    tables["notes"] = pd.DataFrame({"note": list(record.notes)}, dtype="str")
    return tables


def _summary(answer: Answer) -> dict[str, str]:
    return {
        "name": answer.name,
        "verdict": answer.verdict,
        "question_en": answer.question.get("en", ""),
        "question_nl": answer.question.get("nl", ""),
        "sentence_en": answer.sentence.get("en", ""),
        "sentence_nl": answer.sentence.get("nl", ""),
        "rule": answer.rule,
        "caveats": "\n".join(answer.caveats),
    }
