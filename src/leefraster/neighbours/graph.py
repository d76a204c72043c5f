"""Neighbours in a graph of places, in compressed rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import exact_sum
from leefraster.kernels.graph_sums import graph_sums, products_both_ways, turned, weighted_graph_sums
from leefraster.neighbours.equal import EqualWeights
from leefraster.neighbours.patterns import RowPatterns
from leefraster.neighbours.weights import Weighting, Weights, WeightSums, known_weighting, scale_for, shares

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
EQUAL = 1e-12  # weights of a row that differ by less are equal


class GraphNeighbours:
    """Neighbours in a graph of n places.

    Parameters
    ----------
    starts, neighbours, given : ndarray
        The weights in compressed rows, above 0 and without self-weights; within a row they rise.
    own : ndarray of float64, shape (n,)
        The weights of places to themselves, for G*; 0 where none is given.
    """

    def __init__(self, starts: Ints, neighbours: Ints, given: Floats, own: Floats) -> None:
        self._starts, self._neighbours, self._given, self._own = starts, neighbours, given, own
        self.counts: Ints = np.diff(starts)
        self.most = int(self.counts.max(initial=0)) + 1
        linked = self.counts > 0
        ends = np.maximum(starts[1:] - 1, 0)
        begins = np.minimum(starts[:-1], max(given.size - 1, 0))
        self._largest = np.where(linked, given[ends], 0.0) if given.size else np.zeros(own.size)
        least = np.where(linked, given[begins], 0.0) if given.size else np.zeros(own.size)
        even = self._largest - least <= EQUAL * self._largest
        self.equal = bool(even.all() and ((own == 0) | (np.abs(own - least) <= EQUAL * own)).all())

    @cached_property
    def _turned(self) -> tuple[Ints, Ints, Ints]:
        found: tuple[Ints, Ints, Ints] = turned(self._starts, self._neighbours)
        return found

    @cached_property
    def most_received(self) -> int:
        """How often a place is a neighbour, at most."""
        return int(np.diff(self._turned[0]).max(initial=0))

    def sums(self, values: Ints) -> Ints:
        """Return for each place the sum of int64 values over its neighbours."""
        sums = np.empty(values.size, np.int64)
        graph_sums(self._starts, self._neighbours, values, sums)
        return sums

    def received(self, values: Ints) -> Ints:
        """Return the sum of the values of those that have the place as neighbour."""
        begins, heads, _ = self._turned
        sums = np.empty(values.size, np.int64)
        graph_sums(begins, heads, values, sums)
        return sums

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the neighbours in compressed rows: starts and neighbours."""
        return self._starts, self._neighbours

    def both_ways(self, each: Floats) -> float:
        """Return sum of w_ij w_ji, where w_ij = each_i."""
        return self.products(np.repeat(each, self.counts))

    def products(self, weights: Floats) -> float:
        """Return sum of w_ij w_ji of weights in compressed rows."""
        products = products_both_ways(self._starts, self._neighbours, weights, *self._turned)
        return exact_sum(products, float(products.max(initial=0.0)))

    def weighted(self, weights: Floats, values: npt.NDArray[Any], largest: float) -> Floats:
        """Return sum_j w_ij v_j in fixed point, of weights of which a row sums to `largest` at most."""
        floats = np.ascontiguousarray(values, np.float64)
        scale = scale_for(largest * float(np.abs(floats).max(initial=0.0)))
        sums = np.empty(floats.size, np.int64)
        weighted_graph_sums(self._starts, self._neighbours, weights, floats, scale, sums)
        found: Floats = sums / scale
        return found

    def weighted_received(self, weights: Floats, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i in fixed point."""
        begins, heads, entries = self._turned
        floats = np.ascontiguousarray(values, np.float64)
        most = self.most_received * float(weights.max(initial=0.0)) * float(np.abs(floats).max(initial=0.0))
        scale = scale_for(most)
        sums = np.empty(floats.size, np.int64)
        weighted_graph_sums(begins, heads, weights[entries], floats, scale, sums)
        found: Floats = sums / scale
        return found

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting."""
        known_weighting(weighting)
        if weighting == "binary":
            return cast(Weights, EqualWeights(self, np.ones(self.counts.size)))
        if self.equal:
            return cast(Weights, EqualWeights(self, None if weighting == "row" else self._largest))
        return GraphWeights(self, self._given, self._own_given(), row=weighting == "row")

    def _own_given(self) -> Floats:
        """The own weights: where none is given, the largest of the row."""
        return np.where(self._own > 0, self._own, self._largest)


class GraphWeights:
    """Unequal weights of a graph, as they are or divided by their sum; see `neighbours.weights.Weights`.

    Parameters
    ----------
    neighbours : GraphNeighbours
        Who is whose neighbour.
    given : ndarray of float64
        The weights in compressed rows.
    own : ndarray of float64, shape (n,)
        The weights of places to themselves.
    row : bool
        Whether they are divided by their sum over the neighbours.
    """

    equal = False

    def __init__(self, neighbours: GraphNeighbours, given: Floats, own: Floats, row: bool) -> None:
        self._neighbours = neighbours
        counts = neighbours.counts
        ones = np.ones(counts.size)
        bound = neighbours.most * float(given.max(initial=0.0))
        totals = neighbours.weighted(given, ones, bound)
        squares = neighbours.weighted(np.square(given), ones, bound * float(given.max(initial=0.0)))
        factor = shares(ones, totals) if row else ones
        self._given, self._own, self._factor = given, own, factor
        self._weights = given * np.repeat(factor, counts) if row else given
        self.totals: Floats = (counts > 0).astype(np.float64) if row else totals
        self._bound = float(self.totals.max(initial=0.0)) * (1 + 1e-9)
        self.squares: Floats = squares * np.square(factor)
        self.own: Floats = own * factor

    def lags(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_j w_ij v_j."""
        return self._neighbours.weighted(self._weights, values, self._bound)

    def lags_of(self, integers: Ints, make: Callable[[Ints], npt.NDArray[Any]]) -> Floats:
        """Return the lags of what is made of integers."""
        return self.lags(make(integers))

    def received(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i."""
        return self._neighbours.weighted_received(self._weights, values)

    def sums(self) -> WeightSums:
        """Return the sums s0, s1 and s2."""
        margins = np.square(self.totals + self.received(np.ones(self.totals.size)))
        s0, own, s2 = (exact_sum(v, float(v.max(initial=0.0))) for v in (self.totals, self.squares, margins))
        return WeightSums(s0, own + self._neighbours.products(self._weights), s2)

    def rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the weights in compressed rows."""
        starts, neighbours = self._neighbours.pairs()
        return starts, neighbours, self._weights

    def patterns(self, own_fixed: bool) -> RowPatterns:
        """Return the given weights as inversion asks for them, with the place's own unless `own_fixed`."""
        starts, counts = self._neighbours.pairs()[0], self._neighbours.counts
        given, totals, squares = (
            self._given,
            shares(self.totals, self._factor),
            shares(self.squares, self._factor**2),
        )
        if not own_fixed:
            linked = np.flatnonzero(counts > 0)
            own = self._own[linked]
            given = np.insert(given, starts[linked + 1], own)
            starts = starts + np.concatenate([[0], np.cumsum(counts > 0)])
            counts = np.diff(starts)
            totals, squares = totals.copy(), squares.copy()
            totals[linked] += own
            squares[linked] += own * own
        return RowPatterns(counts, totals, squares, float(given.max(initial=0.0)), starts, given)

    def as_given(self, observed: Floats) -> Floats:
        """Return weighted sums under the given weights."""
        return shares(observed, self._factor)
