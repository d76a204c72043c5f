"""The weights of places as inversion takes them: rows of a graph, or kinds of offsets on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.kernels.inversion import chebyshev_of_rows, rows_by_offset, sums_by_offset

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RowPatterns:
    """Weights in compressed rows; see `inference.weight_patterns.Patterns`.

    Attributes
    ----------
    starts, weights : ndarray
        The rows, in G* with the place's own weight.
    """

    counts: Ints
    totals: Floats
    squares: Floats
    largest: float
    starts: Ints
    weights: Floats
    by_kind = False

    def rows(self, cells: Ints) -> tuple[Ints, Floats]:
        """Return the weights of chosen places in compressed rows."""
        sizes = self.counts[cells]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[cells] - starts[:-1], sizes)
        return starts, self.weights[at]

    def chebyshev(self, piece: slice, degree: int, low: float, high: float) -> Floats:
        """Return for successive places the sums of T_m(y), y from -1 at `low` to 1 at `high`, by rows."""
        starts, weights = self.rows(np.arange(piece.start, piece.stop))
        sums = np.empty((piece.stop - piece.start, degree))
        chebyshev_of_rows(starts, weights, np.zeros(sums.shape[0]), low, high, sums)
        return sums


@dataclass(frozen=True, slots=True)
class OffsetPatterns:
    """Weights per offset on a grid; see `inference.weight_patterns.Patterns`.

    Attributes
    ----------
    columns, row_starts : ndarray of int64
        The cells, sorted by row.
    reach, table : ndarray
        Columns that a row offset reaches, and weights of the offsets (+-dy, +-dx); 0 where no neighbour is.
    own : float
        The weight of the cell itself, 0 where it is not drawn.
    first : int
        Which of these cells is the first of the places; there may be others after them, too.
    """

    counts: Ints
    totals: Floats
    squares: Floats
    largest: float
    columns: Ints
    row_starts: Ints
    reach: Ints
    table: Floats
    own: float
    first: int = 0
    by_kind = True

    def rows(self, cells: Ints) -> tuple[Ints, Floats]:
        """Return the weights of chosen places in compressed rows, that of the cell itself in its place."""
        table = self.table.copy()
        table[0, 0] = self.own
        begins = np.concatenate([[0], np.cumsum(self.counts[cells])])
        weights = np.empty(begins[-1])
        cells = cells + self.first
        rows_by_offset(
            self.columns, self.row_starts, cells, self._row_of(cells), self.reach, table, begins, weights
        )
        return begins, weights

    def chebyshev(self, piece: slice, degree: int, low: float, high: float) -> Floats:
        """Return for successive places the sums of T_m(y), y from -1 at `low` to 1 at `high`."""
        weights, kinds = np.unique(self.table, return_inverse=True)
        kinds = kinds.reshape(self.table.shape)
        if weights[0] == 0.0:
            weights, kinds = weights[1:], kinds - 1
        begin, end = self.first + piece.start, self.first + piece.stop
        top, last = self._row_of(np.array([begin, end - 1])).tolist()
        around = self.row_starts[top]
        out = np.empty((self.row_starts[last + 1] - around, degree))
        west, east = int(self.columns.min()), int(self.columns.max())
        own = _polynomials(np.array([self.own]), degree, low, high)[0] * (self.own > 0)
        terms = _polynomials(weights, degree, low, high)
        sums_by_offset(
            self.columns, self.row_starts, top, last + 1, west, east, self.reach, kinds.astype(np.int64),
            terms, own, out,
        )  # fmt: skip
        return out[begin - around : end - around]

    def _row_of(self, cells: Ints) -> Ints:
        return np.asarray(np.searchsorted(self.row_starts, cells, side="right") - 1, np.int64)


def _polynomials(weights: Floats, degree: int, low: float, high: float) -> Floats:
    """Return T_m(y) of every weight."""
    y = (2 * weights - low - high) / (high - low)
    return np.asarray(np.polynomial.chebyshev.chebvander(y, degree - 1), np.float64)
