"""Neighbours on a grid whose weights decay with distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import exact_sum
from leefraster.kernels.decay_sums import decay_sums
from leefraster.neighbours.band import BandNeighbours
from leefraster.neighbours.cell_rows import CellRows
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
        self.own_weight, self._table, self._reach = _without_own(runs, table)
        self.equal = False
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
        return _decayed(self._cells.columns, self._cells.starts, self._reach, self._table, values, transform)

    def decayed_ones(self, transform: Any = None) -> Floats:
        """Return for each cell the sum of the weights of its neighbours, or of what is made of these."""
        return self.decayed(np.ones(self.counts.size), transform)

    def decayed_of(self, integers: Ints, make: Callable[[Ints], npt.NDArray[Any]]) -> Floats:
        """Return for each cell the sum of weight x what is made of the integer over its neighbours."""
        return self.decayed(make(integers))

    def factors_around(self, own: Floats, row: bool) -> Floats:  # noqa: ARG002
        """Return by what the given weights are multiplied, of all cells that are looked at: these themselves."""
        return own

    def patterns(self, totals: Floats, squares: Floats, own: float) -> OffsetPatterns:
        """Return the given weights as inversion asks for them; `own` is 0 where the cell itself is not drawn."""
        return _patterns(self._cells, self._reach, self._table, self.counts, totals, squares, own, 0)

    def offset_rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the given weights in compressed rows."""
        starts, neighbours = self.pairs()
        focal = np.repeat(np.arange(self._cells.size), self.counts)
        weights = _between(self._cells.columns, self._cells.starts, self._table, focal, neighbours)
        return starts, neighbours, weights

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting."""
        known_weighting(weighting)
        if weighting == "binary":
            return super().weights(weighting)
        return DecayWeights(self, row=weighting == "row")


class BandDecayNeighbours(BandNeighbours):
    """Neighbours of the cells of a band by row runs, with a weight for every offset.

    Parameters
    ----------
    table : ndarray of float64, shape (rows, columns)
        As `DecayNeighbours`; the other parameters are those of `BandNeighbours`.
    """

    def __init__(
        self, ids: Ints, nx: int, ny: int, runs: Ints, core: slice, rows: tuple[int, int], around: Ints,
        table: Floats,
    ) -> None:  # fmt: skip
        super().__init__(ids, nx, ny, runs, True, core, rows, around)
        self.own_weight, self._table, self._reach = _without_own(runs, table)
        self.equal = False

    def decayed(self, values: npt.NDArray[Any], transform: Any = None) -> Floats:
        """Return for each of the band's cells the sum of weight x value, of values of band and halo."""
        return self._decayed_around(values, transform)[self._core]

    def _decayed_around(self, values: npt.NDArray[Any], transform: Any = None) -> Floats:
        return _decayed(self._cells.columns, self._cells.starts, self._reach, self._table, values, transform)

    def decayed_ones(self, transform: Any = None) -> Floats:
        """Return for each cell the sum of the weights of its neighbours, or of what is made of these."""
        return self.decayed(np.ones(self._around.size), transform)

    def decayed_of(self, integers: Ints, make: Callable[[Ints], npt.NDArray[Any]]) -> Floats:
        """Return for each cell the sum of weight x what is made of the integer; these must be the band's own."""
        self.sums(integers)  # which refuses others
        return self.decayed(make(self._around))

    def offset_rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the given weights of the band's cells in compressed rows; neighbours are among band and halo."""
        focal, neighbours = self._cells.pairs()
        begin, end = np.searchsorted(focal, [self._core.start, self._core.stop])
        own = focal[begin:end], neighbours[begin:end]
        starts = np.concatenate([[0], np.cumsum(self.counts)])
        return starts, own[1], _between(self._cells.columns, self._cells.starts, self._table, *own)

    def factors_around(self, own: Floats, row: bool) -> Floats:  # noqa: ARG002
        """Return by what given weights are multiplied, of band and halo; right where all neighbours are there."""
        return _factors(self._decayed_around(np.ones(self._around.size)), row)

    def patterns(self, totals: Floats, squares: Floats, own: float) -> OffsetPatterns:
        """Return the given weights of the band's cells as inversion asks for them."""
        return _patterns(
            self._cells, self._reach, self._table, self.counts, totals, squares, own, self._core.start
        )

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting."""
        known_weighting(weighting)
        if weighting == "binary":
            return super().weights(weighting)
        return cast(Weights, DecayWeights(self, row=weighting == "row"))


def summed_weights(sums: Sequence[float]) -> WeightSums:
    """Return the sums s0, s1 and s2 from those of the four terms of every cell."""
    totals, squares, both, margins = sums
    return WeightSums(totals, squares + both, margins)


def _without_own(runs: Ints, table: Floats) -> tuple[float, Floats, Ints]:
    """Return a cell's weight for itself, the table without it, and how far each row offset reaches."""
    others = table.copy()
    others[0, 0] = 0.0
    return float(table[0, 0]), others, runs[runs[:, 0] >= 0, 2]


def _patterns(
    cells: CellRows, reach: Ints, table: Floats, counts: Ints, totals: Floats, squares: Floats, own: float,
    first: int,
) -> OffsetPatterns:  # fmt: skip
    linked = counts > 0
    return OffsetPatterns(
        counts + (linked & (own > 0)), totals + own * linked, squares + own * own * linked,
        max(float(table.max()), own), cells.columns, cells.starts, reach, table, own, first,
    )  # fmt: skip


def _between(columns: Ints, starts: Ints, table: Floats, focal: Ints, neighbours: Ints) -> Floats:
    """Return the weights between pairs of cells."""
    rows = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    found: Floats = table[
        np.abs(rows[focal] - rows[neighbours]), np.abs(columns[focal] - columns[neighbours])
    ]
    return found


def _factors(given: Floats, row: bool) -> Floats:
    return shares(np.ones(given.size), given) if row else (given > 0).astype(np.float64)


def _decayed(
    columns: Ints, starts: Ints, reach: Ints, table: Floats, values: npt.NDArray[Any], transform: Any
) -> Floats:
    if transform is not None:
        table = np.where(table > 0, transform(table), 0.0)
    floats = np.ascontiguousarray(values, np.float64)
    sums = np.zeros(floats.size)
    if floats.size:
        west, east = int(columns.min()), int(columns.max())
        decay_sums(columns, starts, west, east, reach, table, floats, sums)
    return sums


class DecayWeights:
    """Weights that decay with distance, as they are or divided by their sum; see `neighbours.weights.Weights`.

    Parameters
    ----------
    neighbours : DecayNeighbours or BandDecayNeighbours
        The cells and their given weights; of a band, without all that asks for the cells of others.
    row : bool
        Whether they are divided by their sum over the neighbours.
    """

    equal = False

    def __init__(self, neighbours: Any, row: bool) -> None:
        self._neighbours, self._row = neighbours, row
        given = neighbours.decayed_ones()
        squares = neighbours.decayed_ones(np.square)
        self._factor = _factors(given, row)
        self._given, self._given_squares = given, squares
        self.totals: Floats = (given > 0).astype(np.float64) if row else given
        self.squares: Floats = squares * np.square(self._factor)
        self.own: Floats = neighbours.own_weight * self._factor

    def lags(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_j w_ij v_j."""
        return self._factor * self._decayed(values)

    def lags_of(self, integers: Ints, make: Callable[[Ints], npt.NDArray[Any]]) -> Floats:
        """Return the lags of what is made of integers."""
        found: Floats = self._factor * self._neighbours.decayed_of(integers, make)
        return found

    def received(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i; the given weights are symmetric."""
        return self._decayed(self._factor * values)

    def sums(self) -> WeightSums:
        """Return the sums s0, s1 and s2."""
        return summed_weights([exact_sum(v, float(v.max(initial=0.0))) for v in self.terms()])

    @cached_property
    def _around(self) -> Floats:
        """The factors of all cells that are looked at, which for a band are more than its own."""
        found: Floats = self._neighbours.factors_around(self._factor, self._row)
        return found

    def received_around(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i of all cells that are looked at, for the cells themselves, or the band's own."""
        return self._decayed(self._around * values)

    def margins(self) -> Floats:
        """Return the sums of the weights of every cell's row and column."""
        return self.totals + self._decayed(self._around)

    def terms(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return of every cell what is added up to the sums over the weights; see `summed_weights`."""
        both = self._factor * self._decayed(self._around, np.square)
        return self.totals, self.squares, both, np.square(self.margins())

    def _decayed(self, values: npt.NDArray[Any], transform: Any = None) -> Floats:
        found: Floats = self._neighbours.decayed(values, transform)
        return found

    def rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the weights in compressed rows."""
        starts, neighbours, given = self._neighbours.offset_rows()
        return starts, neighbours, given * np.repeat(self._factor, np.diff(starts))

    def patterns(self, own_fixed: bool) -> OffsetPatterns:
        """Return the given weights as inversion asks for them, with the place's own unless `own_fixed`."""
        own = 0.0 if own_fixed else self._neighbours.own_weight
        found: OffsetPatterns = self._neighbours.patterns(self._given, self._given_squares, own)
        return found

    def as_given(self, observed: Floats) -> Floats:
        """Return weighted sums under the given weights."""
        return shares(observed, self._factor)
