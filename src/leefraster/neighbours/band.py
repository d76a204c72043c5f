"""Neighbours of the cells of a band of rows, among these and the cells of a halo above and below."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from leefraster.kernels.rowruns import columns_and_starts, prefix_sum, run_sums
from leefraster.neighbours.equal import EqualWeights, Pattern
from leefraster.neighbours.weights import Weighting, Weights, known_weighting

Ints = npt.NDArray[np.int64]


class BandNeighbours:
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
        self.equal = True
        columns, starts = columns_and_starts(ids, nx, ny)
        sums, counts = np.zeros(ids.size, np.int64), np.zeros(ids.size, np.int64)
        run_sums(columns, starts, runs, prefix_sum(around), rows[0], rows[1], sums, counts)
        self._sums, self.counts = sums[core], counts[core]
        if covers_self:
            self._sums -= around[core]
            self.counts -= 1
        self._own = around[core]
        self.most = int((runs[:, 2] - runs[:, 1] + 1).sum())

    def sums(self, values: Ints) -> Ints:
        """Return for each cell of the band the sum over its neighbours, halo included, of the integers given.

        Raises
        ------
        ValueError
            When the values are not the band's own integers: those of the halo are known of these only.
        """
        if values is not self._own and not np.array_equal(values, self._own):
            raise ValueError("a band knows the sums of its own integers only")
        return self._sums

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting; "given" are 1, as "binary"."""
        known_weighting(weighting)
        each = None if weighting == "row" else np.ones(self.counts.size)
        return cast(Weights, EqualWeights(cast(Pattern, self), each))
