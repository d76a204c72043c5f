"""Neighbours on a grid whose weights decay with distance."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.inference.inversion import inversion_tails
from leefraster.inference.numbers import Numbers, Totals, exact_sum
from leefraster.kernels.decay_sums import decay_sums
from leefraster.neighbours.patterns import OffsetPatterns
from leefraster.neighbours.runs import RunNeighbours
from leefraster.neighbours.weights import Weighting, Weights, WeightSums, known_weighting, shares

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class DecayNeighbours(RunNeighbours):
    """Neighbours on a grid by row runs, with a weight for every offset.

    Parameters
    ----------
    ids, nx, ny, runs
        As `RunNeighbours`; the runs cover the cell itself.
    table : ndarray of float64, shape (rows, columns)
        Weights of the offsets (+-dy, +-dx), above 0 within the runs and 0 beyond; at (0, 0) a cell's weight for
        itself, which only G* uses.
    """

    def __init__(self, ids: Ints, nx: int, ny: int, runs: Ints, table: Floats) -> None:
        super().__init__(ids, nx, ny, runs, True)
        self.own_weight = float(table[0, 0])
        self._table = table.copy()
        self._table[0, 0] = 0.0
        self.equal = False
        self._reach = runs[runs[:, 0] >= 0, 2]
        held = self._table[self._table > 0]
        self.smallest, self.largest = float(held.min()), float(held.max())

    def decayed(self, values: npt.NDArray[Any], transform: Any = None) -> Floats:
        """Return for each cell the sum of weight x value over its neighbours, in an order fixed by offset.

        Parameters
        ----------
        values : ndarray, shape (n,)
            One a cell.
        transform : callable, optional
            What is made of the weights first; of the neighbours' only.
        """
        table = self._table
        if transform is not None:
            table = np.where(self._table > 0, transform(self._table), 0.0)
        floats = np.ascontiguousarray(values, np.float64)
        sums = np.zeros(floats.size)
        if floats.size:
            west, east = int(self._columns.min()), int(self._columns.max())
            decay_sums(self._columns, self._starts, west, east, self._reach, table, floats, sums)
        return sums

    def patterns(self, totals: Floats, squares: Floats, own: float) -> OffsetPatterns:
        """Return the given weights as inversion takes them; `own` is 0 where the cell itself is not drawn."""
        linked = self.counts > 0
        counts = self.counts + (linked & (own > 0))
        largest = max(self.largest, own)
        return OffsetPatterns(
            counts, totals + own * linked, squares + own * own * linked, largest,
            self._columns, self._starts, self._reach, self._table, own,
        )  # fmt: skip

    def offset_rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the given weights in compressed rows."""
        starts, neighbours = self.pairs()
        focal = np.repeat(np.arange(self._columns.size), self.counts)
        rows = np.repeat(np.arange(self._starts.size - 1), np.diff(self._starts))
        down = np.abs(rows[focal] - rows[neighbours])
        across = np.abs(self._columns[focal] - self._columns[neighbours])
        return starts, neighbours, self._table[down, across]

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting."""
        known_weighting(weighting)
        if weighting == "binary":
            return super().weights(weighting)
        return DecayWeights(self, row=weighting == "row")


class DecayWeights:
    """Weights that decay with distance, as they are or divided by their sum; see `neighbours.weights.Weights`.

    Parameters
    ----------
    neighbours : DecayNeighbours
        The cells and their given weights.
    row : bool
        Whether they are divided by their sum over the neighbours.
    """

    equal = False

    def __init__(self, neighbours: DecayNeighbours, row: bool) -> None:
        self._neighbours = neighbours
        ones = np.ones(neighbours.counts.size)
        given = neighbours.decayed(ones)
        squares = neighbours.decayed(ones, np.square)
        self._factor = shares(ones, given) if row else (given > 0).astype(np.float64)
        self._given, self._given_squares = given, squares
        self.totals: Floats = (given > 0).astype(np.float64) if row else given
        self.squares: Floats = squares * np.square(self._factor)
        self.own: Floats = neighbours.own_weight * self._factor

    def lags(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_j w_ij v_j."""
        return self._factor * self._neighbours.decayed(values)

    def received(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i; the given weights are symmetric."""
        return self._neighbours.decayed(self._factor * values)

    def sums(self) -> WeightSums:
        """Return the sums s0, s1 and s2."""
        both = self._factor * self._neighbours.decayed(self._factor, np.square)
        margins = np.square(self.totals + self.received(np.ones(self.totals.size)))
        parts = [exact_sum(v, float(v.max(initial=0.0))) for v in (self.totals, self.squares, both, margins)]
        return WeightSums(parts[0], parts[1] + parts[2], parts[3])

    def rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the weights in compressed rows."""
        starts, neighbours, given = self._neighbours.offset_rows()
        return starts, neighbours, given * np.repeat(self._factor, np.diff(starts))

    def tails(
        self, numbers: Numbers, sums: Totals, observed: Floats, own_fixed: bool
    ) -> tuple[Floats, Floats, float]:
        """Return the tails of the lags by inversion."""
        own = 0.0 if own_fixed else self._neighbours.own_weight
        patterns = self._neighbours.patterns(self._given, self._given_squares, own)
        return inversion_tails(patterns, numbers, sums, shares(observed, self._factor), own_fixed=own_fixed)
