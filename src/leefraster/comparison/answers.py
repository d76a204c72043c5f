"""Verdicts of the questions in two runs."""

from __future__ import annotations

import pandas as pd

from leefraster.comparison.stored_run import StoredRun


def verdict_changes(old: StoredRun, new: StoredRun) -> pd.DataFrame:
    """Return one row a question that either run answered: ``question``, ``old``, ``new`` (verdicts), ``differs``.

    A question that a run did not answer has "not answered" there.
    """
    verdicts = [_verdicts(run) for run in (old, new)]
    names = list(dict.fromkeys([*verdicts[1], *verdicts[0]]))
    rows = [(name, *(found.get(name, "not answered") for found in verdicts)) for name in names]
    table = pd.DataFrame(rows, columns=["question", "old", "new"], dtype="str")
    return table.assign(differs=table["old"] != table["new"])


def _verdicts(run: StoredRun) -> dict[str, str]:
    table = run.tables.get("answers")
    return {} if table is None else dict(zip(table["name"], table["verdict"], strict=True))
