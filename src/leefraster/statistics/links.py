"""The weights among the places of a field as global statistics need them: who is linked, margins, sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.kernels.fixed_point import LIMB
from leefraster.kernels.weight_sums import count_sums, looked_up, row_margins
from leefraster.neighbours import RunNeighbours, WeightSums

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BITS = 61  # of a sum in fixed point


class Links:
    """The weights among the places of one mask, each part made when it is first asked for.

    Parameters
    ----------
    neighbours : RunNeighbours or GraphNeighbours
        Who is whose neighbour.
    weighting : {"row", "binary", "given"}
        What the weights are.

    Attributes
    ----------
    row : bool
        Whether they are row-standardised.
    by_counts : bool
        Whether a lag is a sum over the neighbours, divided by their number under row weights.
    symmetric : bool
        Whether, moreover, every place is its neighbours' neighbour for certain.
    """

    def __init__(self, neighbours: Any, weighting: str) -> None:
        self.neighbours = neighbours
        self.row = weighting == "row"
        unweighted = weighting == "given" and neighbours.equal and isinstance(neighbours, RunNeighbours)
        self.by_counts = weighting == "binary" or (self.row and bool(neighbours.equal)) or unweighted
        self.symmetric = self.by_counts and isinstance(neighbours, RunNeighbours)
        self._weighting = weighting

    @cached_property
    def weights(self) -> Any:
        """The weights."""
        return self.neighbours.weights(self._weighting)

    @cached_property
    def alone(self) -> npt.NDArray[np.bool_]:
        """Which places have no link in either direction: one without neighbours may be another's."""
        alone: npt.NDArray[np.bool_] = self.neighbours.counts == 0
        if not isinstance(self.neighbours, RunNeighbours) and alone.any():
            alone &= self.weights.received(np.ones(alone.size)) == 0
        return alone

    @cached_property
    def islands(self) -> Ints:
        """Positions of the places without a link."""
        return np.flatnonzero(self.alone)

    @cached_property
    def places(self) -> Ints | None:
        """Positions of the places with a link; None where that is all of them."""
        return np.flatnonzero(~self.alone) if self.islands.size else None

    @cached_property
    def counted(self) -> Counted:
        """What the numbers of neighbours add up to."""
        return Counted.of(self.neighbours.counts)

    @property
    def tally(self) -> tuple[int, int, int]:
        """How many places have a link and how many have none, and how many pairs of neighbours there are."""
        islands = self.islands.size
        return self.alone.size - islands, islands, self.counted.total // 2

    def chosen(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the values of the places with a link."""
        return values if self.places is None else values[self.places]

    @cached_property
    def sums(self) -> WeightSums:
        """The sums over the weights that moments need."""
        if not self.symmetric:
            found: WeightSums = self.weights.sums()
            return found
        return self._row_sums(margins=False)[0] if self.row else self.counted.binary_sums

    @cached_property
    def margins(self) -> Floats:
        """The sums of the weights of every place's row and column."""
        if not self.symmetric:
            found: Floats = self.totals + self.weights.received(np.ones(self.totals.size))
            return found
        if not self.row:
            return binary_margins(self.neighbours.counts)
        self.sums, margins = self._row_sums(margins=True)
        return margins

    def _row_sums(self, *, margins: bool) -> tuple[WeightSums, Floats]:
        counts, rows = self.neighbours.counts, RowSums(self.counted.largest)
        limbs, found = rows.part(counts, self.neighbours.sums(rows.shares(counts)), margins=margins)
        return rows.sums(self.counted.linked, limbs), found

    @cached_property
    def totals(self) -> Floats:
        """The sums of the weights of every row."""
        counts = self.neighbours.counts
        held = counts > 0 if self.row else counts
        found: Floats = held.astype(np.float64) if self.by_counts else self.weights.totals
        return found

    @cached_property
    def largest(self) -> float:
        """The largest sum of the weights of a row."""
        if self.row:
            return 1.0
        return float(self.counted.largest if self.by_counts else self.totals.max())


@dataclass(frozen=True, slots=True)
class Counted:
    """What the numbers of neighbours of all places add up to.

    Attributes
    ----------
    linked : int
        How many places have a neighbour.
    total, squares : int
        The sums of the numbers, and of their squares.
    largest : int
        The largest of them.
    """

    linked: int
    total: int
    squares: int
    largest: int

    @classmethod
    def of(cls, counts: Ints) -> Counted:
        """Add up numbers of neighbours."""
        pieces = count_sums(counts)
        linked, total, squares = (int(column) for column in pieces[:, :3].sum(axis=0))
        return cls(linked, total, squares, int(pieces[:, 3].max(initial=0)))

    @property
    def binary_sums(self) -> WeightSums:
        """The sums over weights of 1."""
        return binary_sums(self.total, self.squares)


def binary_sums(total: int, squares: int) -> WeightSums:
    """Return the sums of symmetric weights of 1, exact, from those of the neighbours and their squares."""
    return WeightSums(float(total), 2.0 * total, 4.0 * squares)


def binary_margins(counts: Ints) -> Floats:
    """Return the margins of symmetric weights of 1."""
    return (2 * counts).astype(np.float64)


@dataclass(frozen=True, slots=True)
class RowSums:
    """How sums and margins of weights 1 / count of symmetric neighbours are added up, part by part, in fixed point.

    With r_i the sum of 1 / count over the neighbours of i, the margin is 1 + r_i, S1 is sum (1 + r_i) / count_i.

    Attributes
    ----------
    largest : int
        The largest number of neighbours in the field.
    """

    largest: int

    @property
    def _most(self) -> int:
        return max(self.largest, 1)

    @property
    def _scale(self) -> float:
        return 2.0 ** (BITS - math.ceil(math.log2(self._most + 1)))

    @property
    def _exponents(self) -> list[int]:
        return [BITS - math.frexp((1.0 + self._most) ** power)[1] for power in (1, 2)]

    def shares(self, counts: Ints) -> Ints:
        """Return 1 / count as integers, of which r_i are the sums."""
        table = np.rint(self._scale / np.maximum(np.arange(self._most + 1), 1)).astype(np.int64)
        shares = np.empty(counts.size, np.int64)
        looked_up(counts, table, shares)
        return shares

    def part(self, counts: Ints, received: Ints, *, margins: bool = True) -> tuple[list[int], Floats]:
        """Return limbs, which those of other parts are added to, and the margins of a part, if wanted."""
        kept = np.empty(counts.size if margins else 0)
        scales = np.array([math.ldexp(1.0, exponent) for exponent in self._exponents])
        limbs = row_margins(counts, received, 1 / self._scale, scales, kept).astype(object).sum(axis=0)
        return [int(limb) for limb in limbs], kept

    def sums(self, linked: int, limbs: Sequence[int]) -> WeightSums:
        """Return the sums from the number of places with a neighbour and the limbs of all parts."""
        s1, s2 = (
            float((limbs[2 * i] + (limbs[2 * i + 1] << LIMB)) * Fraction(2) ** -exponent)
            for i, exponent in enumerate(self._exponents)
        )
        return WeightSums(float(linked), s1, s2)
