"""The neighbourhood: an immutable value that is, for every row offset, one or two runs of column offsets.

A neighbourhood whose weights decay with distance has a weight for every offset besides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr
    from libpysal.graph import Graph

Kind = Literal["queen", "rook", "disc", "ring", "decay"]
Kernel = Literal["gaussian", "bisquare", "exponential", "inverse"]
Floats = npt.NDArray[np.float64]
SMALLEST = 1e-100  # of a weight, so that its square is still a number


def _bisquare(scaled: Floats) -> Floats:
    found: Floats = np.where(scaled < 1, np.square(1 - np.square(scaled)), 0.0)
    return found


KERNELS: dict[str, Callable[[Floats], Floats]] = {  # of distance over bandwidth
    "gaussian": lambda scaled: np.exp(-0.5 * np.square(scaled)),
    "bisquare": _bisquare,
    "exponential": lambda scaled: np.exp(-scaled),
    "inverse": lambda scaled: np.divide(1.0, scaled),
}


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The cells around a cell, the cell itself not among them.

    Build one with `queen`, `rook`, `disc`, `ring` or `decay`; lengths are metres and measured between cell centres.

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
    bandwidth: float = 0.0
    kernel: str = ""

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

    @classmethod
    def decay(
        cls, bandwidth: float, kernel: Kernel = "gaussian", *, cutoff: float | None = None
    ) -> Neighbourhood:
        """Return the cells around a cell, weighted by a kernel of the distance d between centres.

        With b the bandwidth, the weight is

        - `"gaussian"`: ``exp(-d^2 / (2 b^2))``
        - `"bisquare"`: ``(1 - (d / b)^2)^2`` where d < b, else 0
        - `"exponential"`: ``exp(-d / b)``
        - `"inverse"`: ``b / d``, so that it is 1 at the bandwidth

        for centres at most `cutoff` away, and 0 beyond.

        Parameters
        ----------
        bandwidth : float
            b, in metres.
        kernel : {"gaussian", "bisquare", "exponential", "inverse"}
            How the weight falls with distance.
        cutoff : float, optional
            Metres. Needed for all kernels but "bisquare", where it is the bandwidth unless it is smaller.

        Raises
        ------
        UsageError
            When a length is not positive and finite, the kernel is not known, the cutoff is missing, or the weight
            at the cutoff is too small for a number.

        Notes
        -----
        Under ``weighting="row"`` the weights are divided by their sum over the neighbours that hold a value, so
        that only their ratios matter. In Getis-Ord G* a cell has the weight of distance 0 for itself; for
        "inverse" that of its nearest neighbours.

        Examples
        --------
        >>> Neighbourhood.decay(500, cutoff=1500)
        Neighbourhood.decay(500 m, 'gaussian', cutoff=1500 m)
        >>> Neighbourhood.decay(500, cutoff=1500).size(cell=100.0)
        708
        >>> Neighbourhood.decay(200, "bisquare").table(cell=100.0).round(4).tolist()
        [[1.0, 0.5625], [0.5625, 0.25]]
        """
        bandwidth = _length("bandwidth", bandwidth)
        if kernel not in KERNELS:
            raise UsageError(f"kernel is {kernel!r}; allowed are {', '.join(map(repr, KERNELS))}")
        if cutoff is None and kernel != "bisquare":
            raise UsageError(f"kernel {kernel!r} needs a cutoff in metres: it never falls to 0")
        reach = bandwidth if cutoff is None else _length("cutoff", cutoff)
        if kernel == "bisquare":
            reach = min(reach, bandwidth)
        elif KERNELS[kernel](np.array([reach / bandwidth]))[0] < SMALLEST:
            raise UsageError(
                f"cutoff is {reach:g} m; there the {kernel} kernel of bandwidth {bandwidth:g} m is next to 0, "
                "choose a smaller one"
            )
        return cls("decay", radius=reach, bandwidth=bandwidth, kernel=kernel)

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        if self.kind == "ring":
            return f"Neighbourhood.ring({self.inner:g} m, {self.radius:g} m)"
        if self.kind == "disc":
            return f"Neighbourhood.disc({self.radius:g} m)"
        if self.kind == "decay":
            return f"Neighbourhood.decay({self.bandwidth:g} m, {self.kernel!r}, cutoff={self.radius:g} m)"
        return f"Neighbourhood.{self.kind}({self.order})"

    def runs(self, cell: float) -> npt.NDArray[np.int64]:
        """Return the row runs for cells of `cell` metres: rows of (dy, lo, hi), ends included.

        The cell itself (dy = 0, offset 0) lies inside a run of all but `ring`; `includes_self` says so.

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
            if (
                self.kernel == "bisquare" and self.radius == self.bandwidth
            ):  # its weight is 0 at the bandwidth
                outer = math.ceil((self.radius / cell) ** 2 * (1 - 1e-12)) - 1
            top = math.isqrt(max(outer, 0))
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

    def table(self, cell: float) -> Floats:
        """Return the weights of the offsets (+-dy, +-dx) for cells of `cell` metres, 0 where no neighbour is.

        Returns
        -------
        ndarray of float64, shape (rows, columns)
            Entry (dy, dx); of an unweighted neighbourhood 1 for neighbours and for the cell itself. Entry (0, 0)
            of `decay` is the weight that a cell has for itself in Getis-Ord G*.
        """
        runs = self.runs(cell)
        table = np.zeros((int(runs[:, 0].max()) + 1, int(runs[:, 2].max()) + 1))
        for dy, lo, hi in runs[(runs[:, 0] >= 0) & (runs[:, 2] >= 0)]:
            table[dy, max(lo, 0) : hi + 1] = 1.0
        if self.kind == "decay":
            dy, dx = np.indices(table.shape)
            scaled = np.sqrt(dy * dy + dx * dx) * (cell / self.bandwidth)
            if self.kernel == "inverse":
                scaled[0, 0] = scaled[0, 1] if table.shape[1] > 1 else scaled[1, 0]
            table *= KERNELS[self.kernel](scaled)
        else:
            table[0, 0] = 1.0
        return table

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
            Weights of 1, of `decay` those of the kernel; ids are the cell ids, in order; islands are isolates.

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
        table = self.table(grid.cell)
        held = table[np.abs(rows[focal] - rows[neighbour]), np.abs(columns[focal] - columns[neighbour])]
        weights = np.concatenate([held, np.zeros(island.size)])[order]
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
