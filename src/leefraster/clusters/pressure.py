"""Which cells are structurally weak: pressure by year, and how long it has lasted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from leefraster.clusters.panel import MINIMUM_YEARS, Floats, Panel
from leefraster.clusters.rule import StructuralRule
from leefraster.errors import UsageError
from leefraster.scoring.disc import Disc, largest_of, mean_terms

Bools = npt.NDArray[np.bool_]

TIE = 1e-9  # level points by which rounding may lift a mean of levels on the cut above it


@dataclass(frozen=True, slots=True, eq=False)
class Pressure:
    """What is known of every cell once the years have been looked at.

    Attributes
    ----------
    structural : ndarray of bool, (cell,)
        Whether the cell is structurally weak.
    weak_years : ndarray of int16, (cell,)
        Number of years under pressure, among the years in which the cell has a level.
    time_share : ndarray of float64, (cell,)
        Share of the time covered under pressure, each year standing for the time nearest to it; NaN without
        a level.
    """

    structural: Bools
    weak_years: npt.NDArray[np.int16]
    time_share: Floats

    def at(self, where: Bools | slice) -> Pressure:
        """Return what is known of some of the cells."""
        return Pressure(self.structural[where], self.weak_years[where], self.time_share[where])

    @classmethod
    def joined(cls, parts: Sequence[Pressure]) -> Pressure:
        """Return what is known of parts whose cells follow on each other."""
        return cls(
            np.concatenate([part.structural for part in parts]),
            np.concatenate([part.weak_years for part in parts]),
            np.concatenate([part.time_share for part in parts]),
        )


def weak_cut(rule: StructuralRule, cuts: tuple[float, ...]) -> float:
    """Return the highest level of the rule's weak class.

    Raises
    ------
    UsageError
        When the cuts have no such class below their highest.
    """
    if rule.weak_class > len(cuts):
        raise UsageError(
            f"StructuralRule: weak_class is {rule.weak_class}, but the cuts only bound "
            f"classes 1 to {len(cuts)}"
        )
    return cuts[rule.weak_class - 1]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many cells a panel has and, by year, the largest size of each term that is summed over discs.

    With those of the whole panel, a band of it gets the local means of the whole, bit for bit.
    """

    cells: int
    largest: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, panel: Panel) -> Sizes:
        """Return the sizes of a panel: weights, levels and, where it has them, errors and theirs."""
        largest = []
        for year, weights in enumerate(_counted(panel)):
            terms = [weights, _weighted(weights, panel.level[year])]
            if panel.error is not None:
                terms += mean_terms(panel.error[year], panel.dwellings[year])
            largest.append(tuple(map(largest_of, terms)))
        return cls(panel.cells.size, tuple(largest))

    def __add__(self, other: Sizes) -> Sizes:
        """Return the sizes of two parts together."""
        both = zip(self.largest, other.largest, strict=True)
        largest = tuple(tuple(map(max, one, two)) for one, two in both)
        return Sizes(self.cells + other.cells, largest)


def _counted(panel: Panel) -> Floats:
    """Return the weights of the local means, (year, cell): cells with a level and dwellings count."""
    held = np.isfinite(panel.level) & (panel.dwellings > 0)
    return np.where(held, panel.dwellings, 0.0)


def _weighted(weights: Floats, values: Floats) -> Floats:
    return weights * np.where(weights > 0, values, 0.0)


class LocalMeans:
    """Means of a panel's values in the disc round each cell, by the dwellings of the year.

    The sums of the weights are taken once, so that recomputations with other levels are cheaper. A panel that is a
    band, with what lies around it, needs the `sizes` of the whole.
    """

    def __init__(self, panel: Panel, radius: float, sizes: Sizes | None = None) -> None:
        self._disc = Disc.around(panel.grid, panel.cells, radius, None if sizes is None else sizes.cells)
        self._sizes = sizes
        self._weights = _counted(panel)
        self._whole = [
            self._disc.sums(weights, counting=False, largest=self._largest(year, 0))[0]
            for year, weights in enumerate(self._weights)
        ]

    def of(self, year: int, values: Floats) -> Floats:
        """Return the means of the values of a year (finite where that year's levels are), NaN without weight."""
        weights, whole = self._weights[year], self._whole[year]
        largest = self._largest(year, 1)
        total, _ = self._disc.sums(_weighted(weights, values), counting=False, largest=largest)
        mean = np.full(values.size, np.nan)
        np.divide(total, whole, out=mean, where=whole > 0)
        return mean

    def errors(self, panel: Panel, year: int) -> Floats:
        """Return the mean error in each disc, over the cells that have one."""
        assert panel.error is not None
        largest = None if self._sizes is None else self._sizes.largest[year][2:]
        return self._disc.means(panel.error[year], panel.dwellings[year], largest)

    def _largest(self, year: int, term: int) -> float | None:
        return None if self._sizes is None else self._sizes.largest[year][term]


def pressure_by_year(
    panel: Panel, rule: StructuralRule, cut: float, means: LocalMeans | None = None
) -> Bools:
    """Return per year and cell whether the local mean level is at or below the cut, surely enough.

    The error of a local mean is taken as the weighted mean of the errors in the disc: what it is when the
    errors of neighbouring cells go together fully, and the most that it can be.
    """
    means = LocalMeans(panel, rule.radius) if means is None else means
    margin = float(ndtri(rule.probability))
    under = np.zeros(panel.level.shape, dtype=bool)
    for year in range(panel.years.size):
        mean = means.of(year, panel.level[year])
        if panel.error is not None:
            mean += margin * means.errors(panel, year)
        under[year] = (mean <= cut + TIE) & np.isfinite(panel.level[year])
    return under


def structural_pressure(
    panel: Panel, rule: StructuralRule, cuts: tuple[float, ...], means: LocalMeans | None = None
) -> Pressure:
    """Return which cells are structurally weak, and for how long; `means` are those of the rule's radius.

    Raises
    ------
    UsageError
        When the rule asks for more latest years than there are.
    """
    under = pressure_by_year(panel, rule, weak_cut(rule, cuts), means)
    structural = _structural(panel, rule, cuts, under)
    weak = under.sum(axis=0)
    return Pressure(structural, weak.astype(np.int16), _time_share(panel, under, np.isfinite(panel.level)))


def structural_cells(
    panel: Panel, rule: StructuralRule, cuts: tuple[float, ...], means: LocalMeans | None = None
) -> Bools:
    """Return which cells are structurally weak, and nothing more; `means` are those of the rule's radius."""
    return _structural(panel, rule, cuts, pressure_by_year(panel, rule, weak_cut(rule, cuts), means))


def _structural(panel: Panel, rule: StructuralRule, cuts: tuple[float, ...], under: Bools) -> Bools:
    """Return which cells are structurally weak.

    A cell is when it is under pressure in at least `share_of_years` of the years in which it has a level
    (three at least), in each of the `latest_years`, and is itself at most one class above the weak class in
    the latest year.

    Raises
    ------
    UsageError
        When the rule asks for more latest years than there are.
    """
    if rule.latest_years > panel.years.size:
        raise UsageError(
            f"StructuralRule: latest_years is {rule.latest_years}, but there are {panel.years.size} years"
        )
    years, weak = np.isfinite(panel.level).sum(axis=0), under.sum(axis=0)
    needed = np.array([max(rule.years_needed(n), 1) for n in range(panel.years.size + 1)])
    latest = under[panel.years.size - rule.latest_years :].all(axis=0)
    structural: Bools = (years >= MINIMUM_YEARS) & (weak >= needed[years]) & latest
    return structural & _low_itself(panel, rule, cuts)


def _low_itself(panel: Panel, rule: StructuralRule, cuts: tuple[float, ...]) -> Bools:
    """Return where the cell's own latest level is at most one class above the weak class."""
    if rule.weak_class >= len(cuts):
        low: Bools = np.isfinite(panel.level[-1])
    else:
        low = panel.level[-1] <= cuts[rule.weak_class]
    return low


def _time_share(panel: Panel, under: Bools, measured: Bools) -> Floats:
    """Return the share of time under pressure: a year stands for half the time to the years beside it."""
    edges = np.concatenate([panel.years[:1], (panel.years[1:] + panel.years[:-1]) / 2, panel.years[-1:]])
    span = np.diff(edges.astype(np.float64))[:, np.newaxis]
    share = np.full(panel.cells.size, np.nan)
    covered = (span * measured).sum(axis=0)
    np.divide((span * under).sum(axis=0), covered, out=share, where=covered > 0)
    return share
