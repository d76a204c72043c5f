"""The neighbourhood: an immutable value that is, for every row offset, one or two runs of column offsets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr
    from libpysal.graph import Graph

Kind = Literal["queen", "rook", "disc", "ring"]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The cells around a cell, the cell itself not among them.

    Build one with `queen`, `rook`, `disc` or `ring`; lengths are metres and measured between cell centres.

    Examples
    --------
    >>> Neighbourhood.disc(250)
    Neighbourhood.disc(250 m)
    >>> Neighbourhood.disc(250).size(cell=100.0)
    20
    """

    kind: Kind
    order: int = 1
    radius: float = 0.0
    inner: float = 0.0

    @classmethod
    def queen(cls, order: int = 1) -> Neighbourhood:
        """Return the square of cells at most `order` rows and columns away (order 1: 8 neighbours).

        Raises
        ------
        UsageError
            When `order` is not a positive whole number.
        """
        return cls("queen", order=_order(order))

    @classmethod
    def rook(cls, order: int = 1) -> Neighbourhood:
        """Return the cells at most `order` steps away along rows and columns (order 1: 4 neighbours).

        Raises
        ------
        UsageError
            When `order` is not a positive whole number.
        """
        return cls("rook", order=_order(order))

    @classmethod
    def disc(cls, radius: float) -> Neighbourhood:
        """Return the cells whose centre lies at most `radius` metres away.

        Raises
        ------
        UsageError
            When `radius` is not positive and finite.
        """
        return cls("disc", radius=_length("radius", radius))

    @classmethod
    def ring(cls, inner: float, outer: float) -> Neighbourhood:
        """Return the cells whose centre lies more than `inner` and at most `outer` metres away.

        Raises
        ------
        UsageError
            When `outer` is not positive and finite, or `inner` is negative or not below it.
        """
        outer = _length("outer", outer)
        if not 0 <= float(inner) < outer:
            raise UsageError(f"inner is {inner}, it must be at least 0 and below outer ({outer:g} m)")
        return cls("ring", radius=outer, inner=float(inner))

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        if self.kind == "ring":
            return f"Neighbourhood.ring({self.inner:g} m, {self.radius:g} m)"
        if self.kind == "disc":
            return f"Neighbourhood.disc({self.radius:g} m)"
        return f"Neighbourhood.{self.kind}({self.order})"

    def runs(self, cell: float) -> npt.NDArray[np.int64]:
        """Return the row runs for cells of `cell` metres: rows of (dy, lo, hi), ends included.

        The cell itself (dy = 0, offset 0) lies inside a run of `queen`, `rook` and `disc`; `includes_self`
        says so.

        Raises
        ------
        UsageError
            When no neighbouring centre lies within the neighbourhood, since it is smaller than a cell.
        """
        found: list[tuple[int, int, int]] = []
        if self.kind in ("queen", "rook"):
            for dy in range(-self.order, self.order + 1):
                reach = self.order if self.kind == "queen" else self.order - abs(dy)
                found.append((dy, -reach, reach))
        else:
            outer, inner = _squared(self.radius, cell), _squared(self.inner, cell)
            top = math.isqrt(outer)
            for dy in range(-top, top + 1):
                reach = math.isqrt(outer - dy * dy)
                hole = math.isqrt(inner - dy * dy) if self.kind == "ring" and dy * dy <= inner else -1
                if hole < 0:
                    found.append((dy, -reach, reach))
                elif hole < reach:
                    found += [(dy, -reach, -hole - 1), (dy, hole + 1, reach)]
            if not found or found == [(0, 0, 0)]:
                raise UsageError(f"{self} holds no neighbouring centre of {cell:g} m cells; widen it")
        return np.array(found, dtype=np.int64).reshape(-1, 3)

    @property
    def includes_self(self) -> bool:
        """Whether the runs cover the cell itself (it is taken out again where it is not wanted)."""
        return self.kind != "ring"

    def size(self, cell: float) -> int:
        """Return the number of neighbours of a cell in a full grid of `cell` metre cells."""
        runs = self.runs(cell)
        return int((runs[:, 2] - runs[:, 1] + 1).sum()) - int(self.includes_self)

    def graph(self, field: xr.DataArray) -> Graph:
        """Return the same neighbourhood as a libpysal `Graph` over the cells that hold a value.

        Parameters
        ----------
        field : DataArray
            One field over `cell`, or over (`y`, `x`); its missing cells are left out.

        Returns
        -------
        libpysal.graph.Graph
            Binary weights; ids are the cell ids, in order; islands are isolates.

        Raises
        ------
        UsageError
            When the field has leading dimensions: choose one year and layer first.
        """
        import pandas as pd
        from libpysal.graph import Graph

        from leefraster.cells import from_raster, grid_of
        from leefraster.kernels.rowruns import neighbour_pairs, row_starts

        cells = field if "cell" in field.dims else from_raster(field)
        if cells.ndim != 1:
            raise UsageError(f"graph: needs one field, this has dimensions {tuple(field.dims)}")
        grid = grid_of(cells)
        ids = cells["cell"].values[cells.notnull().values]
        rows, columns = grid.row_column_from_cell(ids)
        starts = row_starts(rows, grid.ny)
        focal, neighbour = neighbour_pairs(columns, starts, self.runs(grid.cell))
        counts = np.bincount(focal, minlength=ids.size)
        island = np.flatnonzero(counts == 0)
        order = np.argsort(np.concatenate([focal, island]), kind="stable")
        heads = ids[np.concatenate([focal, island])[order]]
        tails = ids[np.concatenate([neighbour, island])[order]]
        weights = np.concatenate([np.ones(focal.size), np.zeros(island.size)])[order]
        index = pd.MultiIndex.from_arrays([heads, tails], names=["focal", "neighbor"])
        return Graph(pd.Series(weights, index=index, name="weight"), is_sorted=True)


def _squared(length: float, cell: float) -> int:
    """Return the largest whole d2 with sqrt(d2) * cell <= length, safe against float error."""
    return math.floor((length / cell) ** 2 * (1 + 1e-12))


def _order(order: int) -> int:
    if isinstance(order, bool) or int(order) != order or order < 1:
        raise UsageError(f"order is {order}, it must be a whole number of at least 1")
    return int(order)


def _length(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}, it must be positive and finite (metres)")
    return float(value)
