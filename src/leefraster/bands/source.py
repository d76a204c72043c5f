"""A field that is read in pieces: sorted cell ids and their values, wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.errors import InputError, UsageError
from leefraster.grid import Grid

Ints = npt.NDArray[np.int64]
PIECE = 1 << 22  # cells read at a time to find the rows


class Sliced(Protocol):
    """An array of which slices can be had: of numpy, on disk (`np.memmap`), or of zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...

    @property
    def dtype(self) -> Any:
        """Its type."""
        ...

    def __getitem__(self, key: slice) -> Any:
        """Return a part."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BandedField:
    """A field over sorted cells.

    Attributes
    ----------
    ids, values : array
        Sorted cell ids and the value of each; NaN is missing.
    grid : Grid
        Grid of the cells.
    starts : ndarray of int64, shape (ny + 1,)
        Position of the first cell of each grid row.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> ids = np.array([0, 1, 4, 5])  # row by row from the north-west: cell id = row * nx + column
    >>> field = lr.bands.BandedField.of(ids, np.array([1.0, 2.5, np.nan, 4.0]), lr.Grid(0, 200, 3, 2))
    >>> field.n, field.starts.tolist()
    (4, [0, 2, 4])
    """

    ids: Sliced
    values: Sliced
    grid: Grid
    starts: Ints

    @classmethod
    def of(cls, ids: Sliced, values: Sliced, grid: Grid, starts: Ints | None = None) -> BandedField:
        """Return the field, its rows found by reading the ids once unless given.

        Raises
        ------
        UsageError
            When ids or values are no array, ids no whole numbers, values no real numbers, `grid` is no Grid, or
            `starts` does not fit both.
        InputError
            When ids and values differ in length, ids are not sorted or occur twice, or lie outside the grid.
        """
        for name, given, kinds, wanted in (
            ("ids", ids, "iu", "whole numbers"), ("field", values, "fiub", "real numbers"),
        ):  # fmt: skip
            if not (hasattr(given, "shape") and hasattr(given, "dtype")):
                raise UsageError(
                    f"{name} is a {type(given).__name__}; it must be an array, as numpy.asarray makes of it"
                )
            if np.dtype(given.dtype).kind not in kinds:
                raise UsageError(f"{name} has dtype {given.dtype}; it must hold {wanted}")
        if not isinstance(grid, Grid):
            raise UsageError(f"grid is a {type(grid).__name__}; it must be a Grid")
        if ids.shape != values.shape or len(ids.shape) != 1:
            raise InputError(
                f"ids have shape {ids.shape} and values {values.shape}; wanted is one value a cell"
            )
        if starts is not None and (np.shape(starts) != (grid.ny + 1,) or int(starts[-1]) != ids.shape[0]):
            raise UsageError(
                f"starts has shape {np.shape(starts)}; it must hold {grid.ny + 1} positions, the last of them "
                f"{ids.shape[0]}; leave it out to have it found"
            )
        return cls(ids, values, grid, _row_starts(ids, grid) if starts is None else starts)

    @property
    def n(self) -> int:
        """How many cells there are."""
        return int(self.ids.shape[0])

    def own(self, band: Band, name: str = "field") -> npt.NDArray[Any]:
        """Return the values of a band's own cells.

        Raises
        ------
        InputError
            When one is infinite; `name` says what has it.
        """
        return finite(np.asarray(self.values[slice(band.first, band.last)]), name)

    def around(self, band: Band) -> tuple[Ints, npt.NDArray[Any]]:
        """Return the ids and values of a band and its halo."""
        here = slice(band.begin, band.end)
        return np.asarray(self.ids[here], dtype=np.int64), finite(np.asarray(self.values[here]))


def finite(values: npt.NDArray[Any], name: str = "field") -> npt.NDArray[Any]:
    """Return values none of which is infinite.

    Raises
    ------
    InputError
        When one is; `name` says what has it.
    """
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise InputError(f"{name} has {int(np.isinf(values).sum())} infinite values; missing values are NaN")
    return values


def _row_starts(ids: Sliced, grid: Grid) -> Ints:
    """Return where the rows begin, reading the ids piece by piece."""
    counts = np.zeros(grid.ny + 1, np.int64)
    before = -1
    for first in range(0, int(ids.shape[0]), PIECE):
        part = np.asarray(ids[slice(first, first + PIECE)], dtype=np.int64)
        if part[0] <= before or (np.diff(part) <= 0).any():
            raise InputError(f"cell ids must ascend and occur once; they do not near position {first}")
        before = int(part[-1])
        if part[0] < 0 or before >= grid.size:
            raise InputError(f"cell ids go up to {before}; the grid holds 0 to {grid.size - 1}")
        rows = part // grid.nx
        counts[1 + rows[0] : 2 + rows[-1]] += np.bincount(rows - rows[0])
    return np.cumsum(counts)
