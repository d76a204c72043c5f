"""Neighbours on a grid by row runs."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import exact_sum
from leefraster.kernels.box_sums import box_of, box_sums
from leefraster.kernels.rowruns import (
    columns_and_starts,
    leave_out_own,
    neighbour_pairs,
    prefix_sum,
    run_sums,
)
from leefraster.neighbours.equal import EqualWeights
from leefraster.neighbours.weights import Weighting, Weights, fixed_point, known_weighting

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class RunNeighbours:
    """Neighbours on a grid by row runs.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Sorted cell ids.
    nx, ny : int
        Columns and rows of the grid.
    runs : ndarray of int64, shape (r, 3)
        Row runs (dy, lo, hi).
    covers_self : bool
        Whether the runs cover the cell itself.
    """

    def __init__(self, ids: Ints, nx: int, ny: int, runs: Ints, covers_self: bool) -> None:
        self.equal = True
        self._columns, self._starts = columns_and_starts(ids, nx, ny)
        self._runs = runs
        self._box = box_of(runs, nx)
        self._covers_self = covers_self
        self._counts: Ints | None = None
        self.most = int((runs[:, 2] - runs[:, 1] + 1).sum())

    @property
    def most_received(self) -> int:
        """How often a cell is a neighbour, at most."""
        return self.most

    @property
    def counts(self) -> Ints:
        """Return how many neighbours each cell has."""
        if self._counts is None:
            self.sums(np.zeros(self._columns.size, np.int64))
        assert self._counts is not None
        return self._counts

    def sums(self, values: Ints) -> Ints:
        """Return for each cell the sum of int64 values over its neighbours (modulo 2^64)."""
        sums, rows = np.empty(values.size, np.int64), (0, self._starts.size - 1)
        if self._box is not None:  # and then no cell is counted twice
            counts = np.empty(values.size if self._counts is None else 0, np.int64)
            box_sums(self._columns, self._starts, self._box, values, self._covers_self, *rows, sums, counts)
            self._counts = counts if self._counts is None else self._counts
            return sums
        self._counts = np.empty(values.size, np.int64)
        run_sums(self._columns, self._starts, self._runs, prefix_sum(values), *rows, sums, self._counts)
        if self._covers_self:
            leave_out_own(values, sums, self._counts)
        return sums

    def received(self, values: Ints) -> Ints:
        """Return the sum of the values of those that have the cell as neighbour: of its own, too."""
        return self.sums(values)

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the neighbours in compressed rows: starts and neighbours."""
        _, neighbours = neighbour_pairs(self._columns, self._starts, self._runs)
        return np.concatenate([[0], np.cumsum(self.counts)]), neighbours

    def both_ways(self, each: Floats) -> float:
        """Return sum of w_ij w_ji, where w_ij = each_i."""
        integers, scale = fixed_point(each, self.most)
        products = each * (self.sums(integers) / scale)
        return exact_sum(products, float(products.max(initial=0.0)))

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting; "given" are 1, as "binary"."""
        known_weighting(weighting)
        each = None if weighting == "row" else np.ones(self._columns.size)
        return cast(Weights, EqualWeights(self, each))
