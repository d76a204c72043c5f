"""Neighbours of some of a field's cells: of a band of rows with a halo, or of a part whose sums are known."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from leefraster.kernels.rowruns import columns_and_starts, prefix_sum, run_sums
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
        columns, starts = columns_and_starts(ids, nx, ny)
        sums, counts = np.zeros(ids.size, np.int64), np.zeros(ids.size, np.int64)
        run_sums(columns, starts, runs, prefix_sum(around), rows[0], rows[1], sums, counts)
        sums, counts, own = sums[core], counts[core], around[core]
        if covers_self:
            sums -= own
            counts -= 1
        super().__init__(sums, counts, own, int((runs[:, 2] - runs[:, 1] + 1).sum()))
