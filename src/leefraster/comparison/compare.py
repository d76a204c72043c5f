"""Two runs side by side."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from leefraster.comparison.causes import causes
from leefraster.comparison.classes import changed, class_changes
from leefraster.comparison.clusters import cluster_changes
from leefraster.comparison.headlines import headlines
from leefraster.comparison.stored_run import StoredRun
from leefraster.errors import UsageError


@dataclass(frozen=True, eq=False)
class Comparison:
    """What differs between two runs.

    Attributes
    ----------
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
    """

    causes: pd.DataFrame
    headlines: pd.DataFrame
    classes: pd.DataFrame
    changed: pd.DataFrame
    clusters: pd.DataFrame


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
        causes(old, new), headlines(old, new), classes, changed(classes), cluster_changes(old, new)
    )


def _require_comparable(old: StoredRun, new: StoredRun) -> None:
    units = [("cell" if "cell" in run.dataset.dims else "area") for run in (old, new)]
    if units[0] != units[1]:
        raise UsageError(f"the old run is by {units[0]}, the new one by {units[1]}; they cannot be compared")
    if units[0] == "cell":
        from leefraster.cells import grid_of

        grids = [grid_of(run.dataset) for run in (old, new)]
        if grids[0] != grids[1]:
            raise UsageError(f"the runs are on different grids: {grids[0]} and {grids[1]}")
