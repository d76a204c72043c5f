"""Means over the whole country: added up in blocks of cells, so that bands of cells give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.clusters.panel import Floats, Panel

Groups = npt.NDArray[np.int32]
BLOCK = 4096  # cells that are added up by themselves; bands begin at multiples of it


@dataclass(frozen=True, slots=True, eq=False)
class National:
    """What clusters are compared with.

    Attributes
    ----------
    country : ndarray, (year,)
        Mean level of all dwellings of the year.
    classes : ndarray, (class,)
        Urbanity classes that occur, ascending.
    peers : ndarray, (year, class)
        The same over the cells that are of the class in the latest year.
    dimensions : dict of str to float
        Mean contribution of each dimension in the latest year, by the dwellings of that year.
    """

    country: Floats
    classes: Floats
    peers: Floats
    dimensions: dict[str, float]

    @classmethod
    def of(cls, panel: Panel) -> National:
        """Return the means of a panel that holds the whole country."""
        classes = urbanity_classes(panel)
        return NationalSums.of(panel, classes).national(classes)


@dataclass(frozen=True, slots=True, eq=False)
class NationalSums:
    """Weight x value and weight, by block of cells.

    Attributes
    ----------
    level : ndarray, (year, block, group, 2)
        Of the level; groups are unknown urbanity and the classes.
    dimensions : dict of str to ndarray, (block, 1, 2)
        Of the contributions of the latest year.
    """

    level: Floats
    dimensions: dict[str, Floats]

    @classmethod
    def of(cls, panel: Panel, classes: Floats) -> NationalSums:
        """Return the sums of a panel, which may be a band that begins at a multiple of `BLOCK`."""
        groups, alike = urbanity_groups(panel, classes), np.zeros(panel.cells.size, np.int32)
        pairs = zip(panel.level, panel.dwellings, strict=True)
        level = [block_sums(groups, classes.size + 1, values, weights) for values, weights in pairs]
        scores = {name: block_sums(alike, 1, values, panel.weights) for name, values in panel.scores.items()}
        return cls(np.stack(level), scores)

    @classmethod
    def joined(cls, parts: Sequence[NationalSums]) -> NationalSums:
        """Return the sums of bands that follow on each other."""
        dimensions = {
            name: np.concatenate([part.dimensions[name] for part in parts]) for name in parts[0].dimensions
        }
        return cls(np.concatenate([part.level for part in parts], axis=1), dimensions)

    def national(self, classes: Floats) -> National:
        """Return the means."""
        by_group = self.level.sum(axis=1)
        return National(
            mean(by_group.sum(axis=1)),
            classes,
            mean(by_group[:, 1:]),
            {name: float(mean(sums.sum(axis=0))[0]) for name, sums in self.dimensions.items()},
        )


def block_sums(groups: Groups, count: int, values: Floats, weights: Floats) -> Floats:
    """Return weight x value and weight of the finite values, (block, group, 2), groups being 0 to count - 1."""
    blocks = -(-values.size // BLOCK)
    key = np.repeat(np.arange(blocks) * count, BLOCK)[: values.size] + groups
    terms = weights * values
    if not (held := np.isfinite(values)).all():
        terms, weights = np.where(held, terms, 0.0), np.where(held, weights, 0.0)
    sums = np.empty((blocks * count, 2))
    for column, addends in enumerate((terms, weights)):
        sums[:, column] = np.bincount(key, addends, minlength=blocks * count)
    return sums.reshape(blocks, count, 2)


def mean(sums: Floats) -> Floats:
    """Return the means of sums (..., 2), NaN without weight."""
    found: Floats = np.full(sums.shape[:-1], np.nan)
    np.divide(sums[..., 0], sums[..., 1], out=found, where=sums[..., 1] > 0)
    return found


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Return the mean of the finite values, NaN without weight."""
    sums = block_sums(np.zeros(values.size, np.int32), 1, values, weights)
    return float(mean(sums.sum(axis=0))[0])


def urbanity_classes(panel: Panel) -> Floats:
    """Return the urbanity classes that occur, ascending."""
    if panel.urbanity is None:
        return np.empty(0)
    return np.unique(panel.urbanity[np.isfinite(panel.urbanity)])


def urbanity_groups(panel: Panel, classes: Floats) -> Groups:
    """Return the position of each cell's urbanity class, from 1; 0 where unknown."""
    groups = np.zeros(panel.cells.size, np.int32)
    if panel.urbanity is not None:
        known = np.isfinite(panel.urbanity)
        groups[known] = np.searchsorted(classes, panel.urbanity[known]) + 1
    return groups
