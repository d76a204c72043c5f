"""The outline of groups of cells: exactly their squares, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from leefraster.grid import Grid


def outlines(
    grid: Grid, cells: npt.NDArray[np.int64], labels: npt.NDArray[np.integer], count: int
) -> list[Any]:
    """Return for the groups 1 to `count` the union of their cells' squares, as shapely polygons.

    Parameters
    ----------
    grid : Grid
        Grid of the cells.
    cells : ndarray of int64, (cell,)
        Cell ids.
    labels : ndarray of int, (cell,)
        Group of each cell, 0 for none.
    count : int
        Number of groups; one without cells gets an empty polygon.
    """
    import shapely

    inside = np.flatnonzero(labels)
    order = inside[np.argsort(labels[inside], kind="stable")]
    x, y = grid.xy_from_cell(cells[order])
    half = grid.cell / 2
    squares = shapely.box(x - half, y - half, x + half, y + half)
    ends = np.cumsum(np.bincount(labels[order], minlength=count + 1))
    return [shapely.coverage_union_all(squares[ends[i - 1] : ends[i]]) for i in range(1, count + 1)]
