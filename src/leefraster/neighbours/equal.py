"""Weights that are equal within every row: a sum over the neighbours, times one number a place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import exact_sum
from leefraster.kernels.temporary import temporary
from leefraster.neighbours.weights import WeightSums, fixed_point, shares

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Pattern(Protocol):
    """Who is whose neighbour, without weights."""

    most: int

    @property
    def most_received(self) -> int:
        """How often a place is a neighbour, at most."""
        ...

    @property
    def counts(self) -> Ints:
        """How many neighbours each place has."""
        ...

    def sums(self, values: Ints) -> Ints:
        """Return the sum of values over the neighbours of every place."""
        ...

    def received(self, values: Ints) -> Ints:
        """Return the sum of the values of those that have the place as neighbour."""
        ...

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the neighbours in compressed rows: starts and neighbours."""
        ...

    def both_ways(self, each: Floats) -> float:
        """Return sum of w_ij w_ji, where w_ij = each_i."""
        ...


class EqualWeights:
    """Weights w_ij = each_i of the neighbours j of place i; see `neighbours.weights.Weights`.

    Parameters
    ----------
    pattern : Pattern
        Who is whose neighbour.
    each : ndarray of float64, shape (n,), optional
        The weight of each neighbour; without it their mean is taken, so that each has 1 / count.
    """

    equal = True

    def __init__(self, pattern: Pattern, each: Floats | None) -> None:
        self._pattern, self._given = pattern, each
        self._row = each is None

    @cached_property
    def _each(self) -> Floats:
        counts = self._pattern.counts
        linked = counts > 0
        return shares(linked, counts) if self._given is None else np.where(linked, self._given, 0.0)

    @property
    def own(self) -> Floats:
        """What a place's weight for itself would be: that of a neighbour."""
        return self._each

    @cached_property
    def totals(self) -> Floats:
        """The sums of the weights of every row."""
        counts = self._pattern.counts
        found: Floats = temporary(counts.size)
        return np.greater(counts, 0, out=found) if self._row else np.multiply(self._each, counts, out=found)

    @cached_property
    def squares(self) -> Floats:
        """The sums of their squares."""
        return self._each if self._row else np.square(self._each) * self._pattern.counts

    def lags(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_j w_ij v_j."""
        integers, scale = _integers(values, self._pattern.most)
        sums = self._pattern.sums(integers) / scale
        return shares(sums, self._pattern.counts) if self._row else self._each * sums

    def lags_of(self, integers: Ints, make: Callable[[Ints], npt.NDArray[Any]]) -> Floats:
        """Return the lags of what is made of integers."""
        return self.lags(make(integers))

    def received(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i."""
        integers, scale = fixed_point(self._each * values, self._pattern.most_received)
        found: Floats = self._pattern.received(integers) / scale
        return found

    def sums(self) -> WeightSums:
        """Return the sums s0, s1 and s2."""
        margins = self.totals + self.received(np.ones(self.totals.size))
        squares = np.square(margins)
        return WeightSums(
            exact_sum(self.totals, float(self.totals.max(initial=0.0))),
            exact_sum(self.squares, float(self.squares.max(initial=0.0)))
            + self._pattern.both_ways(self._each),
            exact_sum(squares, float(squares.max(initial=0.0))),
        )

    def rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the weights in compressed rows."""
        starts, neighbours = self._pattern.pairs()
        return starts, neighbours, np.repeat(self._each, self._pattern.counts)


def _integers(values: npt.NDArray[Any], addends: int) -> tuple[Ints, float]:
    """Integers are summed as they are; others in fixed point."""
    if values.dtype.kind == "i":
        return values, 1.0
    return fixed_point(values, addends)
