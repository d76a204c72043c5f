"""Neighbours on a grid by row runs."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import exact_sum
from leefraster.neighbours.cell_rows import CellRows
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
        self._cells = CellRows(ids, nx, ny, runs, covers_self)
        self._counts: Ints | None = None
        self.most = self._cells.most

    @property
    def most_received(self) -> int:
        """How often a cell is a neighbour, at most."""
        return self.most

    @property
    def counts(self) -> Ints:
        """Return how many neighbours each cell has."""
        if self._counts is None:
            self.sums(np.zeros(self._cells.size, np.int64))
        assert self._counts is not None
        return self._counts

    def sums(self, values: Ints) -> Ints:
        """Return for each cell the sum of int64 values over its neighbours (modulo 2^64)."""
        sums, rows = np.empty(values.size, np.int64), (0, self._cells.starts.size - 1)
        counts = np.empty(values.size, np.int64) if self._counts is None else self._counts
        self._cells.sum_rows(values, *rows, sums, counts, counted=self._counts is not None)
        self._counts = counts
        return sums

    def received(self, values: Ints) -> Ints:
        """Return the sum of the values of those that have the cell as neighbour: of its own, too."""
        return self.sums(values)

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the neighbours in compressed rows: starts and neighbours."""
        _, neighbours = self._cells.pairs()
        return np.concatenate([[0], np.cumsum(self.counts)]), neighbours

    def both_ways(self, each: Floats) -> float:
        """Return sum of w_ij w_ji, where w_ij = each_i."""
        integers, scale = fixed_point(each, self.most)
        products = each * (self.sums(integers) / scale)
        return exact_sum(products, float(products.max(initial=0.0)))

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting; "given" are 1, as "binary"."""
        known_weighting(weighting)
        each = None if weighting == "row" else np.ones(self._cells.size)
        return cast(Weights, EqualWeights(self, each))
