"""Sorted cells of a grid by rows, and sums over row runs among them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from leefraster.kernels.box_sums import box_of, box_sums
from leefraster.kernels.read_only import read_only
from leefraster.kernels.rowruns import (
    columns_and_starts,
    leave_out_own,
    neighbour_pairs,
    prefix_sum,
    run_sums,
)

Ints = npt.NDArray[np.int64]


class CellRows:
    """Sorted cells of a grid by rows, with the row runs that are their neighbourhood.

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

    Attributes
    ----------
    starts : ndarray of int64, shape (ny + 1,)
        Position of the first cell of each row.
    most : int
        Cells that the runs cover.
    """

    def __init__(self, ids: Ints, nx: int, ny: int, runs: Ints, covers_self: bool) -> None:
        self.runs, self.covers_self = runs, covers_self
        self.starts = np.searchsorted(ids, np.arange(ny + 1) * nx)
        self.most = int((runs[:, 2] - runs[:, 1] + 1).sum())
        self._ids, self._nx, self._box = read_only(ids), nx, box_of(runs, nx)

    @property
    def size(self) -> int:
        """The number of cells."""
        return int(self._ids.size)

    @cached_property
    def columns(self) -> Ints:
        """The column of each cell."""
        found: Ints = columns_and_starts(self._ids, self._nx, self.starts.size - 1)[0]
        return found

    def pairs(self) -> tuple[Ints, Ints]:
        """Return all pairs (cell, neighbour) of positions, the cell itself left out."""
        found: tuple[Ints, Ints] = neighbour_pairs(self.columns, self.starts, self.runs)
        return found

    def sum_rows(
        self, values: Ints, first_row: int, last_row: int, sums: Ints, counts: Ints, *, counted: bool = False
    ) -> None:
        """Fill for the cells of rows first_row..last_row-1 the sums over their neighbours, and their numbers.

        The numbers may be there already (`counted`).
        """
        rows = first_row, last_row
        if self._box is not None:
            missing = counts[:0] if counted else counts
            box_sums(
                self._ids, self._nx, self.starts, self._box, values, self.covers_self, *rows, sums, missing
            )
            return
        if counted:
            counts = np.empty_like(counts)
        run_sums(self.columns, self.starts, self.runs, prefix_sum(values), *rows, sums, counts)
        if self.covers_self:
            here = slice(int(self.starts[first_row]), int(self.starts[last_row]))
            leave_out_own(values[here], sums[here], counts[here])
