"""A band: a run of cells that is worked on by itself, with the rows around it that its neighbourhoods reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Band:
    """Positions among the sorted cells of a field.

    Attributes
    ----------
    number : int
        Order among the bands, from 0.
    first, last : int
        The band's own cells are those at positions first..last-1; they may begin and end inside a row.
    begin, end : int
        With the halo: whole rows.
    top, rows : int
        The grid row that `begin` lies in, and how many rows begin..end-1 are.
    """

    number: int
    first: int
    last: int
    begin: int
    end: int
    top: int
    rows: int

    @property
    def core(self) -> slice:
        """The band's own cells among those with the halo."""
        return slice(self.first - self.begin, self.last - self.begin)

    @property
    def cells(self) -> int:
        """How many cells are its own."""
        return self.last - self.first


def cut(starts: Ints, runs: Ints, cells: int, multiple: int = 1) -> list[Band]:
    """Cut the cells of a field into bands.

    Parameters
    ----------
    starts : ndarray of int64, shape (ny + 1,)
        Position of the first cell of each grid row, and the number of cells.
    runs : ndarray of int64, shape (r, 3)
        Row runs (dy, lo, hi) of the neighbourhood: how far the halo reaches.
    cells : int
        Cells of a band, at most (but at least `multiple`).
    multiple : int
        Bands begin at multiples of this: the cells of a chunk, so that no chunk is written by two bands.

    Raises
    ------
    UsageError
        When `cells` or `multiple` is no whole number of at least 1.
    """
    for name, value in (("cells", cells), ("multiple", multiple)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise UsageError(f"{name} of a band is {value!r}; it must be a whole number of at least 1")
    n, ny = int(starts[-1]), starts.size - 1
    step = max(cells // multiple, 1) * multiple
    up, down = -min(int(runs[:, 0].min()), 0), max(int(runs[:, 0].max()), 0)
    bands = []
    for number, first in enumerate(range(0, n, step)):
        last = min(first + step, n)
        row, final = (int(np.searchsorted(starts, at, side="right")) - 1 for at in (first, last - 1))
        top, bottom = max(row - up, 0), min(final + down + 1, ny)
        bands.append(Band(number, first, last, int(starts[top]), int(starts[bottom]), top, bottom - top))
    return bands
