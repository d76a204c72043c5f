"""Shares of variance between nested areas, and the same with every block of places left out in turn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import InputError, UsageError
from leefraster.questions.question import Unanswerable
from leefraster.questions.spread import LEVELS, divided

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Kind = Literal["codes", "squares"]

_NOTHING = 1e-9  # of an area's weight: what is left of one that lies in one block is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Nest:
    """Areas within areas, from the largest to the smallest.

    Attributes
    ----------
    scales : tuple of str
        Names of the scales: ``"municipality"``, ..., or the sides of squares, as ``"2000 m"``.
    number : list of ndarray of int64, each of shape (units,)
        The number of every unit's area at each scale, -1 where it has none.
    dropped : tuple of str
        Scales that are in the data and told nothing: hardly a unit has a code, or areas are about single units.
    """

    scales: tuple[str, ...]
    number: list[Ints]
    dropped: tuple[str, ...]

    @property
    def whole(self) -> Bools:
        """The units that have an area at every scale."""
        whole: Bools = np.stack(self.number).min(axis=0) >= 0
        return whole


def default_kind(scores: xr.Dataset) -> Kind:
    """Return codes where at least half of the units have a municipality, else squares."""
    if "municipality" not in scores:
        return "squares"
    return (
        "codes" if (np.asarray(scores["municipality"].values).astype("U") != "").mean() >= 0.5 else "squares"
    )


def nested_areas(scores: xr.Dataset, kind: Kind, sides: tuple[float, ...], counting: Bools) -> Nest:
    """Return the areas of the units.

    Parameters
    ----------
    scores : Dataset
        With codes `municipality`, and where known `district` and `neighbourhood` (unit); or with coordinates.
    kind : {"codes", "squares"}
        Which of the two.
    sides : tuple of float
        Sides of the squares in metres, falling, each a whole number of times the next.
    counting : ndarray of bool, shape (units,)
        Units with scores and weights.

    Raises
    ------
    UsageError
        When the kind or the sides are not allowed.
    InputError
        When a coordinate is not finite.
    Unanswerable
        When codes or coordinates are missing, or no scale tells anything.
    """
    if kind not in ("codes", "squares"):
        raise UsageError(f"areas is {kind!r}; allowed are 'codes' and 'squares'")
    found = _codes(scores) if kind == "codes" else _squares(scores, sides)
    kept: dict[str, Ints] = {}
    dropped = []
    for name, number in found.items():
        known = counting & (number >= 0)
        several = np.unique(number[known]).size <= max(int(known.sum()) // 2, 1)
        if known.sum() * 2 >= counting.sum() and several:
            kept[name] = number
        else:
            dropped.append(name)
    if not kept:
        raise Unanswerable(
            f"de gebieden ({', '.join(found)}) zijn voor minder dan de helft van de eenheden bekend, of niet "
            "groter dan de eenheden zelf",
            f"the areas ({', '.join(found)}) are known for fewer than half of the units, or no larger than the "
            "units themselves",
        )
    return Nest(tuple(kept), list(kept.values()), tuple(dropped))


def _codes(scores: xr.Dataset) -> dict[str, Ints]:
    """Return the numbers of the areas at each level; a code counts within the area above it."""
    import pandas as pd

    if "municipality" not in scores:
        raise Unanswerable(
            "de gemeentecodes (municipality) ontbreken", "the municipality codes (municipality) are missing"
        )
    found: dict[str, Ints] = {}
    above: Ints | None = None
    for name in (level for level in LEVELS if level in scores):
        codes = np.asarray(scores[name].values).astype("U").astype(object)
        codes[codes == ""] = None
        number = pd.factorize(codes, sort=True)[0].astype(np.int64)
        if above is not None:
            joint = np.where((number < 0) | (above < 0), -1, above * (number.max(initial=0) + 1) + number)
            number = _numbered(joint)
        found[name] = above = number
    return found


def _numbered(labels: Ints) -> Ints:
    """Return labels as 0, 1, ... in their order, -1 staying."""
    kept = labels >= 0
    number = np.full(labels.size, -1, dtype=np.int64)
    number[kept] = np.unique(labels[kept], return_inverse=True)[1]
    return number


def _squares(scores: xr.Dataset, sides: tuple[float, ...]) -> dict[str, Ints]:
    whole = [one / other for one, other in pairwise(sides)] if all(sides) else [0.0]
    if not sides or not all(side > 0 for side in sides) or any(r < 2 or r != round(r) for r in whole):
        raise UsageError(
            f"sides is {tuple(sides)}; they must fall and be above 0 (metres), each a whole number of times "
            "the next"
        )
    if "x" not in scores.coords or "y" not in scores.coords:
        raise Unanswerable(
            "gemeentecodes (municipality) en coördinaten (x, y) ontbreken",
            "municipality codes (municipality) and coordinates (x, y) are missing",
        )
    x, y = (np.asarray(scores[name].values, dtype=np.float64) for name in ("x", "y"))
    if lost := int((~(np.isfinite(x) & np.isfinite(y))).sum()):
        raise InputError(f"scores: {lost} of {x.size} units lack a finite x or y (metres)")
    # One number a square, from the whole numbers of its column and row.
    return {
        f"{side:g} m": _numbered(_positive(np.floor(y / side)) * 100_000_007 + _positive(np.floor(x / side)))
        for side in sides
    }


def _positive(whole: Floats) -> Ints:
    return (whole - whole.min(initial=0)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Of one measure in one year: how much of its variance lies between the areas of each scale.

    Attributes
    ----------
    between : ndarray, shape (scales,)
        Share of the weighted variance between the areas of a scale, whichever larger area they lie in.
    without : ndarray, shape (blocks, scales)
        The same with every block left out.
    deviation : float
        Weighted standard deviation over all units.
    """

    between: Floats
    without: Floats
    deviation: float


@dataclass(frozen=True, slots=True, eq=False)
class _Crossing:
    """The pairs of an area and a block that share units, of one scale."""

    place: Ints
    area: Ints
    block: Ints
    weight: Floats
    areas: int
    blocks: int

    @classmethod
    def of(cls, area: Ints, weight: Floats, block: Ints, n_blocks: int) -> _Crossing:
        areas = int(area.max(initial=-1)) + 1
        pair, place = np.unique(block * areas + area, return_inverse=True)
        return cls(place, pair % areas, pair // areas, np.bincount(place, weights=weight), areas, n_blocks)

    def without(self, amount: Floats) -> Floats:
        """Return the sum over areas of (sum of amounts)^2 / sum of weights, without each block."""
        here = np.bincount(self.place, weights=amount)
        weights, amounts = (
            np.bincount(self.area, weights=one, minlength=self.areas) for one in (self.weight, here)
        )
        whole = np.divide(amounts**2, weights, where=weights > 0, out=np.zeros(self.areas))
        rest = weights[self.area] - self.weight
        gone = rest <= _NOTHING * weights[self.area]
        after = np.divide(
            (amounts[self.area] - here) ** 2, rest, where=~gone, out=np.zeros(self.place.max() + 1)
        )
        lost = np.bincount(self.block, weights=after - whole[self.area], minlength=self.blocks)
        return np.asarray(whole.sum() + lost)


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Units divided over nested areas, and over the blocks that are left out in turn.

    Attributes
    ----------
    kept : ndarray of bool, shape (all units,)
        The units that are divided.
    weight : ndarray, shape (units,)
        Their weights, above 0.
    numbers : list of ndarray of int64, each of shape (units,)
        Their areas at each scale, from the largest.
    block : ndarray of int64, shape (units,)
        Their blocks, numbered from 0.
    areas : tuple of int
        Number of areas at each scale.
    blocks : int
        Number of blocks.
    effective : float
        Effective number of blocks: (sum of block weights)^2 / sum of squares.
    """

    kept: Bools
    weight: Floats
    numbers: list[Ints]
    block: Ints
    areas: tuple[int, ...]
    blocks: int
    effective: float
    crossings: list[_Crossing]

    @classmethod
    def of(cls, kept: Bools, weight: Floats, nest: Nest, block: Ints) -> Division:
        """Divide the kept units, which have a weight and an area at every scale."""
        present, own = np.unique(block[kept], return_inverse=True)
        weights, numbers = weight[kept], [number[kept] for number in nest.number]
        crossings = [_Crossing.of(number, weights, own, present.size) for number in numbers]
        by_block = np.bincount(own, weights=weights)
        effective = float(by_block.sum() ** 2 / (by_block**2).sum()) if present.size else 0.0
        areas = tuple(int(np.unique(one.area).size) for one in crossings)
        return cls(kept, weights, numbers, own.astype(np.int64), areas, present.size, effective, crossings)

    def shares(self, values: Floats) -> Shares:
        """Return the shares of values (over all units), by the division of `spread`, and without each block."""
        values, named = values[self.kept], {str(k): number for k, number in enumerate(self.numbers)}
        parts = divided(values, self.weight, named, np.ones(values.size, dtype=bool))
        centred = values - np.average(values, weights=self.weight)
        moments = [self.weight, self.weight * centred, self.weight * centred**2]
        rest = [one.sum() - np.bincount(self.block, weights=one, minlength=self.blocks) for one in moments]
        with np.errstate(invalid="ignore", divide="ignore"):
            middle = rest[1] ** 2 / rest[0]
            left = [one.without(moments[1]) - middle for one in self.crossings]
            without = np.stack(left, axis=1) / (rest[2] - middle)[:, None]
        return Shares(np.cumsum(parts.shares[:-1]), without, float(np.sqrt(parts.variances.sum())))
