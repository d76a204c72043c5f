"""The weights among the places of a field as global statistics need them: who is linked, margins, sums."""

from __future__ import annotations

import math
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
    def places(self) -> Ints | None:
        """Positions of the places with a link; None where that is all of them."""
        return np.flatnonzero(~self.alone) if self.alone.any() else None

    def chosen(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the values of the places with a link."""
        return values if self.places is None else values[self.places]

    @property
    def sums(self) -> WeightSums:
        """The sums over the weights that moments need."""
        return self._summed[0]

    @property
    def margins(self) -> Floats:
        """The sums of the weights of every place's row and column."""
        if self._summed[1] is None:
            self._summed = (self.sums, self.totals + self.weights.received(np.ones(self.totals.size)))
        found = self._summed[1]
        assert found is not None
        return found

    @cached_property
    def _summed(self) -> tuple[WeightSums, Floats | None]:
        if not self.symmetric:
            return self.weights.sums(), None
        return _row_sums(self.neighbours) if self.row else _binary_sums(self.neighbours)

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
        return float(self.neighbours.counts.max() if self.by_counts else self.totals.max())


def _binary_sums(neighbours: RunNeighbours) -> tuple[WeightSums, Floats]:
    """Sums and margins of symmetric weights of 1: exact."""
    counts = neighbours.counts
    _, total, squares = (int(column) for column in count_sums(counts).sum(axis=0))
    return WeightSums(float(total), 2.0 * total, 4.0 * squares), (2 * counts).astype(np.float64)


def _row_sums(neighbours: RunNeighbours) -> tuple[WeightSums, Floats]:
    """Sums and margins of weights 1 / count of symmetric neighbours, in fixed point: in any order the same.

    With r_i the sum of 1 / count over the neighbours of i, the margin is 1 + r_i, S1 is sum (1 + r_i) / count_i.
    """
    counts = neighbours.counts
    most = max(int(counts.max(initial=0)), 1)
    scale = 2.0 ** (BITS - math.ceil(math.log2(most + 1)))
    table = np.rint(scale / np.maximum(np.arange(most + 1), 1)).astype(np.int64)
    shares = np.empty(counts.size, np.int64)
    looked_up(counts, table, shares)
    received = neighbours.sums(shares)
    exponents = [BITS - math.frexp((1.0 + most) ** power)[1] for power in (1, 2)]
    margins = np.empty(counts.size)
    scales = np.array([math.ldexp(1.0, exponent) for exponent in exponents])
    limbs = row_margins(counts, received, 1 / scale, scales, margins).astype(object).sum(axis=0)
    s1, s2 = (
        float((int(limbs[2 * i]) + (int(limbs[2 * i + 1]) << LIMB)) * Fraction(2) ** -exponent)
        for i, exponent in enumerate(exponents)
    )
    return WeightSums(float(count_sums(counts)[:, 0].sum()), s1, s2), margins
