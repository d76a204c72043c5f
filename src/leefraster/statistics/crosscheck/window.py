"""The part of a field that esda recomputes: the densest band of whole rows that holds enough cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL, from_raster, grid_of
from leefraster.errors import UsageError
from leefraster.neighbourhood import Neighbourhood

FEWEST = 10  # cells with a neighbour


@dataclass(frozen=True, slots=True)
class Window:
    """One field with its neighbours, to us and to esda.

    Attributes
    ----------
    field : DataArray
        Values over `cell`, none missing.
    other : DataArray or None
        A second field over the same cells.
    neighbourhood : Neighbourhood
        Who is whose neighbour.
    graph : libpysal Graph
        The same, as esda takes it.
    linked : ndarray of bool
        Which cells have a neighbour.
    """

    field: xr.DataArray
    other: xr.DataArray | None
    neighbourhood: Neighbourhood
    graph: Any
    linked: npt.NDArray[np.bool_]

    @property
    def exact(self) -> str:
        """The inference of ours that is without a draw: tables, or inversion where weights differ."""
        weights = self.graph.adjacency.to_numpy()
        return "exact" if weights.size == 0 or weights.min() == weights.max() else "inversion"

    @property
    def high(self) -> xr.DataArray:
        """The field made 0 and 1 at its median: 1 above it, or on it too where none lies above."""
        middle = self.field.median()
        above = self.field > middle
        return (above if above.any() else self.field >= middle).astype(np.float64)

    def without_islands(self) -> Window:
        """Return the window of the cells that have a neighbour, which global statistics are about."""
        if self.linked.all():
            return self
        keep = self.linked
        other = None if self.other is None else self.other[keep]
        graph = self.graph.subgraph(self.graph.unique_ids[keep])
        return Window(self.field[keep], other, self.neighbourhood, graph, keep[keep])

    def smaller(self, cells: int) -> Window:
        """Return the first cells of the window, about so many, in whole rows."""
        if self.field.size <= cells:
            return self
        return made(self.field, None, self.neighbourhood, cells).without_islands()


def made(field: xr.DataArray, other: xr.DataArray | None, neighbourhood: Neighbourhood, cells: int) -> Window:
    """Return a window of a field that holds about `cells` cells with a value.

    Raises
    ------
    UsageError
        When the field has leading dimensions, or the window holds fewer than 10 cells with a neighbour or values
        that are all the same.
    """
    flat = _flat(field)
    partner = None if other is None else _flat(other)
    held = flat[flat.notnull().values]
    if partner is not None:
        partner = partner.reindex({CELL: held[CELL]})
        held, partner = held[partner.notnull().values], partner[partner.notnull().values]
    held = band(held, cells).astype(np.float64)
    if partner is not None:
        partner = partner.sel({CELL: held[CELL]}).astype(np.float64)
    graph = neighbourhood.graph(held)
    linked = graph.cardinalities.to_numpy() > 0
    if linked.sum() < FEWEST or held.values.min() == held.values.max():
        raise UsageError(
            f"crosscheck: in the window of {held.size} cells {int(linked.sum())} have a neighbour, and the values "
            f"{'vary' if held.values.min() < held.values.max() else 'are all the same'}; at least {FEWEST} "
            "linked cells with values that vary are needed"
        )
    return Window(held, partner, neighbourhood, graph, linked)


def _flat(field: xr.DataArray) -> xr.DataArray:
    flat = field if CELL in field.dims else from_raster(field)
    if flat.ndim != 1:
        raise UsageError(f"crosscheck: needs one field, this has dimensions {tuple(field.dims)}")
    return flat


def band(flat: xr.DataArray, cells: int) -> xr.DataArray:
    """Return the shortest band of whole rows that holds at least so many of the cells, or all of them.

    Raises
    ------
    UsageError
        When it holds fewer than 10.
    """
    if flat.size > cells:
        grid = grid_of(flat)
        rows = flat[CELL].values // grid.nx
        counts = np.bincount(rows, minlength=grid.ny)
        below = np.concatenate([[0], np.cumsum(counts)])
        lengths = np.searchsorted(below, below[:-1] + cells, side="left") - np.arange(grid.ny)
        whole = below[-1] - below[:-1] >= cells
        top = int(np.argmin(np.where(whole, lengths, grid.ny + 1)))
        flat = flat[(rows >= top) & (rows < top + int(lengths[top]))]
    if flat.size < FEWEST:
        raise UsageError(
            f"crosscheck: the window holds {flat.size} cells with a value, it needs at least {FEWEST}"
        )
    return flat
