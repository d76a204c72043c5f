"""Cells like those of an area: inhabited, outside all areas, of the same urbanity and level at a start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.clusters.course import means_by
from leefraster.clusters.panel import Floats, Panel
from leefraster.scoring.urbanity_classes import URBANITY_CLASSES

STEP = 0.05  # width of the levels within which cells are alike


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What areas and cells alike did from one year to another; row i is area i + 1.

    Attributes
    ----------
    own, alike : ndarray, (area,)
        Change of the level of the cells that have cells alike, and of these; NaN where no cell has any.
    share : ndarray, (area,)
        Share of the area's dwellings in the cells that are compared; NaN without dwellings.
    """

    own: Floats
    alike: Floats
    share: Floats


class Peers:
    """Inhabited cells outside all areas, by urbanity class and level in the year that a comparison starts from.

    Parameters
    ----------
    panel : Panel
        Levels and weights.
    labels : ndarray of int32, (cell,)
        Number of the area of each cell, 0 for none.
    counted : ndarray of bool, (cell,)
        The cells that an area's level is taken over; others have no part in a comparison.
    urbanity : ndarray or None, (year, cell)
        Urbanity classes of each year, NaN where unknown.
    """

    def __init__(
        self,
        panel: Panel,
        labels: npt.NDArray[np.int32],
        counted: npt.NDArray[np.bool_],
        urbanity: Floats | None,
    ) -> None:
        self._panel, self._labels, self._urbanity = panel, labels, urbanity
        self._outside = (labels == 0) & (panel.weights > 0)
        self._counted = counted & (labels > 0)

    def knows_urbanity(self, begin: int) -> bool:
        """Tell whether any cell's class of urbanity is known in a year; else cells are alike by level alone."""
        return self._urbanity is not None and bool(np.isfinite(self._urbanity[begin]).any())

    def compared(self, begin: int, end: int) -> Matched:
        """Compare the change of each area from year `begin` to year `end` with that of cells alike in `begin`."""
        return self._compared(self._alike(begin), begin, end)

    def courses(self, begin: int) -> Floats:
        """Return the change of cells alike from year `begin` to every year, (area, year)."""
        group = self._alike(begin)
        years = range(self._panel.years.size)
        return np.column_stack([self._compared(group, begin, year).alike for year in years])

    def _compared(self, group: npt.NDArray[np.int32], begin: int, end: int) -> Matched:
        panel, areas = self._panel, int(self._labels.max())
        moved = panel.level[end] - panel.level[begin]
        peers = np.where(self._outside, group, 0).astype(np.int32)
        expected = means_by(peers, int(group.max()), moved, panel.weights)
        of_peers = np.concatenate([[np.nan], expected])[group]
        held = self._counted & np.isfinite(moved) & np.isfinite(of_peers)
        kept = np.where(held, self._labels, 0).astype(np.int32)
        whole, part = (
            np.bincount(one, panel.weights, minlength=areas + 1)[1:] for one in (self._labels, kept)
        )
        share = np.full(areas, np.nan)
        np.divide(part, whole, out=share, where=whole > 0)
        own, alike = (means_by(kept, areas, values, panel.weights) for values in (moved, of_peers))
        return Matched(own, alike, share)

    def _alike(self, begin: int) -> npt.NDArray[np.int32]:
        """Return the number of the group that each cell is of in a year, from 1; 0 where that is not known."""
        level = self._panel.level[begin]
        known, kind = np.isfinite(level), np.zeros(level.size)
        if self._urbanity is not None and self.knows_urbanity(begin):
            kind = self._urbanity[begin]
            known &= np.isfinite(kind)
        step = np.unique(np.floor(level[known] / STEP), return_inverse=True)[1]
        group = np.zeros(level.size, np.int32)
        group[known] = step * (URBANITY_CLASSES[-1] + 1) + kind[known] + 1
        return group
