"""Neighbours of some of a field's cells: of a band of rows with a halo, or of a part whose sums are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import numpy.typing as npt

from leefraster.neighbours.cell_rows import CellRows
from leefraster.neighbours.equal import EqualWeights, Pattern
from leefraster.neighbours.weights import Weighting, Weights, known_weighting

Ints = npt.NDArray[np.int64]


class KnownSums:
    """Neighbours of which nothing is known but how many there are, and their sums.

    Parameters
    ----------
    sums, counts : ndarray of int64, shape (n,)
        Of each cell the sum of its neighbours' integers, and their number.
    own : ndarray of int64, shape (n,)
        The cells' own integers.
    most : int
        The most neighbours that a cell can have.
    """

    def __init__(self, sums: Ints, counts: Ints, own: Ints, most: int) -> None:
        self.equal = True
        self._sums, self.counts, self._own, self.most = sums, counts, own, most

    def sums(self, values: Ints) -> Ints:
        """Return for each cell the sum over its neighbours, those elsewhere included, of the integers given.

        Raises
        ------
        ValueError
            When the values are not the cells' own integers: those elsewhere are known of these only.
        """
        if values is not self._own and not np.array_equal(values, self._own):
            raise ValueError("the sums of a band, or a part, are known of its own integers only")
        return self._sums

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting; "given" are 1, as "binary"."""
        known_weighting(weighting)
        each = None if weighting == "row" else np.ones(self.counts.size)
        return cast(Weights, EqualWeights(cast(Pattern, self), each))


class BandNeighbours(KnownSums):
    """Neighbours of the cells of a band by row runs.

    Parameters
    ----------
    ids : ndarray of int64, shape (m,)
        Sorted ids of the cells that hold a value, in the band and its halo, less nx times `top`.
    nx, ny : int
        Columns, and the rows of band and halo.
    runs : ndarray of int64, shape (r, 3)
        Row runs (dy, lo, hi).
    covers_self : bool
        Whether the runs cover the cell itself.
    core : slice
        Which of the cells are the band's.
    rows : tuple of int
        The first row of the band among those of the halo, and the one after its last.
    around : ndarray of int64, shape (m,)
        The integers of all these cells.
    """

    def __init__(
        self,
        ids: Ints,
        nx: int,
        ny: int,
        runs: Ints,
        covers_self: bool,
        core: slice,
        rows: tuple[int, int],
        around: Ints,
    ) -> None:
        self._cells = CellRows(ids, nx, ny, runs, covers_self)
        self._core, self._rows, self._around = core, rows, around
        sums, counts = self._summed(around, *rows)
        super().__init__(sums[core], counts[core], around[core], self._cells.most)

    @property
    def own(self) -> Ints:
        """The cells' own integers."""
        return self._own

    @property
    def around(self) -> Ints:
        """The integers of all these cells, the halo included."""
        return self._around

    @property
    def core(self) -> slice:
        """Which of these cells are the band's."""
        return self._core

    def sums_around(self, values: Ints) -> Ints:
        """Return for each of the band's cells the sum over its neighbours of the values of all these cells."""
        return self._summed(values, *self._rows)[0][self._core]

    def sums_by_counts(self, make: Callable[[Ints], Ints]) -> Ints:
        """Return the sum over the neighbours of what a function makes of how many neighbours each of them has.

        For this the halo must be twice as high as the runs reach.
        """
        counts = self._summed(self._around, 0, self._cells.starts.size - 1)[1]
        return self._summed(make(counts), *self._rows)[0][self._core]

    def _summed(self, values: Ints, first_row: int, last_row: int) -> tuple[Ints, Ints]:
        """Return sums and numbers of the neighbours of the cells of some rows; 0 elsewhere."""
        sums, counts = np.zeros(values.size, np.int64), np.zeros(values.size, np.int64)
        self._cells.sum_rows(values, first_row, last_row, sums, counts)
        return sums, counts
