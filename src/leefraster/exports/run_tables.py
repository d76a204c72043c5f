"""The tables of a run by name, as the store keeps them and the exports write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.changes.risers import RisersAndFallers
    from leefraster.questions.answer import Answer
    from leefraster.record import RunRecord


def run_tables(record: RunRecord) -> dict[str, pd.DataFrame]:
    """Return the tables of a run by name; those that the run does not have are absent.

    The names are clusters, course, thresholds, risers, risers_areas, published_changes, answers, answer_<name>,
    answer_<name>_<detail>, crosscheck, detection, steps, inputs, notes.
    """
    import pandas as pd

    tables: dict[str, pd.DataFrame] = {}
    if record.structural is not None:
        tables["clusters"] = record.structural.table
        tables["course"] = record.structural.course
    if record.sensitivity is not None:
        tables["thresholds"] = record.sensitivity.thresholds
    tables |= risers_tables(record.risers)
    if record.published_changes is not None:
        tables["published_changes"] = record.published_changes
    tables |= answer_tables(record.answers)
    if record.crosscheck is not None:
        tables["crosscheck"] = record.crosscheck
    if record.detection is not None:
        tables["detection"] = pd.DataFrame(list(record.detection.items()), columns=["figure", "value"])
    return {**tables, **_about(record)}


def risers_tables(risers: RisersAndFallers | None) -> dict[str, pd.DataFrame]:
    """Return what rose and fell as tables: risers (a row a class at the start, 0 for all), risers_areas."""
    import pandas as pd

    if risers is None:
        return {}
    whole = risers.overall.to_frame().T.astype(risers.table.dtypes)
    by_class = pd.concat([whole.assign(**{"class": 0}), risers.table.reset_index()], ignore_index=True)
    tables = {"risers": by_class[["class", *risers.table.columns]]}
    if risers.areas is not None:
        tables["risers_areas"] = risers.areas.reset_index()
    return tables


def answer_tables(answers: Sequence[Answer]) -> dict[str, pd.DataFrame]:
    """Return the tables of answers by name: answers, answer_<name>, answer_<name>_<detail>."""
    import pandas as pd

    if not answers:
        return {}
    tables = {"answers": pd.DataFrame([_summary(answer) for answer in answers])}
    for answer in answers:
        tables[f"answer_{answer.name}"] = answer.table
        tables |= {f"answer_{answer.name}_{name}": table for name, table in answer.details.items()}
    return tables


def _about(record: RunRecord) -> dict[str, pd.DataFrame]:
    """Return the tables about the run itself."""
    import pandas as pd

    steps = [dataclasses.asdict(step) for step in record.steps]
    inputs = [{**dataclasses.asdict(item), "path": str(item.path)} for item in record.inputs]
    return {
        "steps": pd.DataFrame(steps, columns=["name", "status", "seconds", "reason"]),
        "inputs": pd.DataFrame(inputs, columns=["path", "sha256", "size", "role"]),
        "notes": pd.DataFrame({"note": list(record.notes)}, dtype="str"),
    }


def _summary(answer: Answer) -> dict[str, str]:
    return {
        "name": answer.name,
        "verdict": answer.verdict,
        "question_en": answer.question.get("en", ""),
        "question_nl": answer.question.get("nl", ""),
        "sentence_en": answer.sentence.get("en", ""),
        "sentence_nl": answer.sentence.get("nl", ""),
        "rule_en": answer.rule,
        "rule_nl": answer.rule_nl,
        "caveats_en": "\n".join(answer.caveats),
        "caveats_nl": "\n".join(answer.caveats_nl),
    }
