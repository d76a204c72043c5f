"""Two runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leefraster.comparison.answers import verdict_changes
from leefraster.comparison.causes import causes
from leefraster.comparison.classes import changed, class_changes
from leefraster.comparison.clusters import cluster_changes
from leefraster.comparison.headlines import headlines
from leefraster.comparison.stored_run import StoredRun
from leefraster.comparison.text import as_text
from leefraster.comparison.values import value_changes
from leefraster.errors import UsageError

if TYPE_CHECKING:
    from leefraster.store import Store


@dataclass(frozen=True, eq=False)
class Comparison:
    """What differs between two runs; ``str`` gives it as plain text.

    Attributes
    ----------
    old, new : str
        Id and title of either run.
    causes : DataFrame
        Which of data, model, cuts, reference, code and libraries differs.
    headlines : DataFrame
        Headline figures old and new.
    classes : DataFrame
        Places by old and new class, per year.
    changed : DataFrame
        Per year how many places changed class.
    clusters : DataFrame
        Structural clusters that came in, went out and stayed.
    values : DataFrame
        How far scores, totals, levels or layers moved, per year and layer.
    answers : DataFrame
        Verdicts of the questions, old and new.
    """

    old: str
    new: str
    causes: pd.DataFrame
    headlines: pd.DataFrame
    classes: pd.DataFrame
    changed: pd.DataFrame
    clusters: pd.DataFrame
    values: pd.DataFrame
    answers: pd.DataFrame

    def __str__(self) -> str:
        return as_text(self)


def compare_runs(store: Store, old: str | int, new: str | int) -> Comparison:
    """Compare two runs of a store, each given by its id, tag or position.

    Raises
    ------
    UsageError
        When the store has no such run, or `compare` refuses the two.
    """
    return compare(StoredRun.of(store, old), StoredRun.of(store, new))


def compare(old: StoredRun, new: StoredRun) -> Comparison:
    """Compare two runs.

    Raises
    ------
    UsageError
        When one is on cells and the other on areas, or they are on different grids.
    """
    _require_comparable(old, new)
    classes = class_changes(old, new)
    return Comparison(
        old=_title(old),
        new=_title(new),
        causes=causes(old, new),
        headlines=headlines(old, new),
        classes=classes,
        changed=changed(classes),
        clusters=cluster_changes(old, new),
        values=value_changes(old, new),
        answers=verdict_changes(old, new),
    )


def _title(run: StoredRun) -> str:
    return f"{run.facts['run_id']} {run.facts['title']}".strip()


def _require_comparable(old: StoredRun, new: StoredRun) -> None:
    units = [("cell" if "cell" in run.dataset.dims else "area") for run in (old, new)]
    if units[0] != units[1]:
        raise UsageError(f"the old run is by {units[0]}, the new one by {units[1]}; they cannot be compared")
    if units[0] == "cell":
        from leefraster.cells import grid_of

        grids = [grid_of(run.dataset) for run in (old, new)]
        if grids[0] != grids[1]:
            raise UsageError(f"the runs are on different grids: {grids[0]} and {grids[1]}")
