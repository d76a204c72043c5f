"""Whether a rule can select anything of a panel at all, whatever the levels are."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from leefraster.clusters.panel import MINIMUM_YEARS, Panel
from leefraster.clusters.rule import StructuralRule
from leefraster.errors import INSIDE, LeefrasterWarning


@dataclass(frozen=True, slots=True)
class Eligible:
    """The cells that a rule could select, were they weak: those with a level when it counts.

    Attributes
    ----------
    all : int
        Cells of the panel.
    cells : int
        Those with a level in three years at least, in each of the rule's latest years and in the latest.
    dwellings : float
        Dwellings of these cells in the latest year.
    sure : int
        Those with a standard error in each of the rule's latest years; all where levels have no errors.
    """

    all: int
    cells: int
    dwellings: float
    sure: int

    @classmethod
    def of(cls, panel: Panel, rule: StructuralRule) -> Eligible:
        """Count them in a panel, or in a band of it."""
        latest = slice(panel.years.size - max(rule.latest_years, 1), None)
        known = np.isfinite(panel.level)
        held = (known.sum(axis=0) >= MINIMUM_YEARS) & known[latest].all(axis=0)
        sure = held if panel.error is None else held & np.isfinite(panel.error[latest]).all(axis=0)
        return cls(held.size, int(held.sum()), float(panel.weights[held].sum()), int(sure.sum()))

    def __add__(self, other: Eligible) -> Eligible:
        """Return the counts of two bands together."""
        return Eligible(
            self.all + other.all,
            self.cells + other.cells,
            self.dwellings + other.dwellings,
            self.sure + other.sure,
        )

    def warn(self, rule: StructuralRule) -> None:
        """Say so, with the numbers, when no levels whatever would give a cluster.

        Warns
        -----
        LeefrasterWarning
            When no cell has levels enough, none has an error where levels have errors, or all cells together have
            fewer dwellings than one cluster needs.
        """
        why = ""
        if self.cells == 0:
            why = (
                f"of {self.all:,} cells none has a level in {MINIMUM_YEARS} measurement years and in each of the "
                f"latest {max(rule.latest_years, 1)}"
            )
        elif self.sure == 0:
            why = f"of the {self.cells:,} cells that can be judged none has a level_error in the latest years"
        elif self.dwellings < rule.minimum_dwellings:
            why = (
                f"minimum_dwellings is {rule.minimum_dwellings:,g}, and the {self.cells:,} cells that can be "
                f"judged hold {self.dwellings:,.0f} dwellings in the latest year"
            )
        if why:
            warnings.warn(
                f"structural clusters: the rule can select nothing: {why}",
                LeefrasterWarning,
                skip_file_prefixes=INSIDE,
            )
