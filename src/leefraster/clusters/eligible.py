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
    needed : int
        In how many years a cell must be weak, of the cells that need fewest; above all years where there are none.
    weighed : tuple of bool
        By year, whether any cell has both a level and dwellings: without, no cell is weak in that year.
    """

    all: int
    cells: int
    dwellings: float
    sure: int
    needed: int
    weighed: tuple[bool, ...]

    @classmethod
    def of(cls, panel: Panel, rule: StructuralRule) -> Eligible:
        """Count them in a panel, or in a band of it."""
        latest = slice(panel.years.size - max(rule.latest_years, 1), None)
        known = np.isfinite(panel.level)
        held = (known.sum(axis=0) >= MINIMUM_YEARS) & known[latest].all(axis=0)
        sure = held if panel.error is None else held & np.isfinite(panel.error[latest]).all(axis=0)
        years = panel.years.size
        needed = max(rule.years_needed(int(known[:, held].sum(axis=0).min(initial=years))), 1)
        weighed = tuple((known & (panel.dwellings > 0)).any(axis=1).tolist())
        return cls(
            held.size, int(held.sum()), float(panel.weights[held].sum()), int(sure.sum()),
            needed if held.any() else years + 1, weighed,
        )  # fmt: skip

    def __add__(self, other: Eligible) -> Eligible:
        """Return the counts of two bands together."""
        return Eligible(
            self.all + other.all,
            self.cells + other.cells,
            self.dwellings + other.dwellings,
            self.sure + other.sure,
            min(self.needed, other.needed),
            tuple(one or also for one, also in zip(self.weighed, other.weighed, strict=True)),
        )

    def warn(self, rule: StructuralRule) -> None:
        """Say so, with the numbers, when no levels whatever would give a cluster.

        Warns
        -----
        LeefrasterWarning
            When no cell has levels enough, none has an error where levels have errors, all cells together have
            fewer dwellings than one cluster needs, or no cell has dwellings in so many years that none can be weak
            in as many as the rule asks for, or in the latest.
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
        elif not self._weighed_enough(rule):
            why = (
                f"cells with a level have dwellings in {sum(self.weighed)} of {len(self.weighed)} measurement "
                f"years, and a cell is weak in no other; it must be so in {self.needed} at least"
                + (f", the latest {rule.latest_years} among them" if rule.latest_years else "")
            )
        if why:
            warnings.warn(
                f"structural clusters: the rule can select nothing: {why}",
                LeefrasterWarning,
                skip_file_prefixes=INSIDE,
            )

    def _weighed_enough(self, rule: StructuralRule) -> bool:
        latest = self.weighed[len(self.weighed) - rule.latest_years :]
        return sum(self.weighed) >= self.needed and all(latest)
