"""Who is whose neighbour among the places that hold a value: row runs on a grid, compressed rows in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.fields import Fields
from leefraster.inference.numbers import exact_sum
from leefraster.kernels.graph_sums import graph_sums
from leefraster.kernels.rowruns import prefix_sum, row_starts, run_sums
from leefraster.neighbourhood import Neighbourhood

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WeightSums:
    """The sums over a weights matrix that the moments of global statistics need (Cliff & Ord 1981).

    s0 = sum w_ij; s1 = sum (w_ij + w_ji)^2 / 2; s2 = sum (w_i. + w_.i)^2.
    """

    s0: float
    s1: float
    s2: float


class Neighbours(Protocol):
    """The neighbours of n places, the place itself not among them."""

    most: int

    @property
    def counts(self) -> Ints:
        """How many neighbours each place has; `most` is at least the largest, the place itself included."""
        ...

    def sums(self, values: Ints) -> Ints:
        """Return for each place the sum of int64 values over its neighbours (modulo 2^64)."""
        ...

    def weight_sums(self, row: bool) -> WeightSums:
        """Return the weights' sums, row-standardised or binary."""
        ...


class RunNeighbours:
    """Neighbours on a grid by row runs.

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
    """

    def __init__(self, ids: Ints, nx: int, ny: int, runs: Ints, covers_self: bool) -> None:
        self._columns = ids % nx
        self._starts = row_starts(ids // nx, ny)
        self._runs = runs
        self._covers_self = covers_self
        self._counts: Ints | None = None
        self.most = int((runs[:, 2] - runs[:, 1] + 1).sum())

    @property
    def counts(self) -> Ints:
        """Return how many neighbours each cell has."""
        if self._counts is None:
            self.sums(np.zeros(self._columns.size, np.int64))
        assert self._counts is not None
        return self._counts

    def sums(self, values: Ints) -> Ints:
        """Return for each cell the sum of int64 values over its neighbours (modulo 2^64)."""
        sums = np.zeros(values.size, np.int64)
        counts = np.zeros(values.size, np.int64)
        run_sums(
            self._columns,
            self._starts,
            self._runs,
            prefix_sum(values),
            0,
            self._starts.size - 1,
            sums,
            counts,
        )
        if self._covers_self:
            sums -= values
            counts -= 1
        self._counts = counts
        return sums

    def weight_sums(self, row: bool) -> WeightSums:
        """Return the weights' sums in one pass; the neighbourhood is symmetric."""
        k = self.counts.astype(np.float64)
        if not row:
            return WeightSums(float(k.sum()), float(2 * k.sum()), float(4 * np.square(k).sum()))
        share = np.divide(1.0, k, out=np.zeros(k.size), where=k > 0)
        # in fixed point, so that the sum does not depend on its order
        received = self.sums(np.rint(share * 2.0**40).astype(np.int64)) / 2.0**40
        linked = k > 0
        both = (1 + received)[linked]
        return WeightSums(
            float(linked.sum()),
            exact_sum(share[linked] * both, 1.0 + self.most),
            exact_sum(np.square(both), (1.0 + self.most) ** 2),
        )


class GraphNeighbours:
    """Neighbours in a graph of n places with equal weights within a row.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        Weights, without self-weights and explicit zeros.
    """

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix
        self._starts = matrix.indptr.astype(np.int64)
        self._neighbours = matrix.indices.astype(np.int64)
        self.counts: Ints = np.diff(self._starts)
        self.most = int(self.counts.max(initial=0)) + 1

    def sums(self, values: Ints) -> Ints:
        """Return for each place the sum of int64 values over its neighbours."""
        sums = np.empty(values.size, np.int64)
        graph_sums(self._starts, self._neighbours, values, sums)
        return sums

    def weight_sums(self, row: bool) -> WeightSums:
        """Return the weights' sums, also of graphs that are not symmetric."""
        matrix = self._matrix.copy()
        if not row:
            matrix.data = np.ones(matrix.nnz)
        else:  # multiples of 2^-40, so that the margins do not depend on the order of areas
            share = 1 / np.maximum(self.counts, 1)
            matrix.data = np.repeat(np.rint(share * 2.0**40) / 2.0**40, self.counts)
        pairs = np.square((matrix + matrix.T).data)
        margins = np.asarray(matrix.sum(axis=1)).ravel() + np.asarray(matrix.sum(axis=0)).ravel()
        squares = np.square(margins)
        return WeightSums(
            float((self.counts > 0).sum() if row else matrix.nnz),
            exact_sum(pairs, float(pairs.max(initial=0.0))) / 2,
            exact_sum(squares, float(squares.max(initial=0.0))),
        )


def is_graph(neighbourhood: Any) -> bool:
    """Return whether the neighbourhood is a libpysal Graph or W; others than ours are refused.

    Raises
    ------
    UsageError
        When it is neither a `Neighbourhood`, a libpysal `Graph` nor a libpysal `W`.
    """
    if isinstance(neighbourhood, Neighbourhood):
        return False
    if hasattr(neighbourhood, "sparse") and (
        hasattr(neighbourhood, "unique_ids") or hasattr(neighbourhood, "id_order")
    ):
        return True
    raise UsageError(
        f"the neighbourhood is a {type(neighbourhood).__name__}; it must be a Neighbourhood "
        "(lr.Neighbourhood.queen(), .rook(), .disc(metres), .ring(inner, outer)) or a libpysal Graph or W"
    )


def neighbours_among(
    neighbourhood: Any, fields: Fields, valid: npt.NDArray[np.bool_]
) -> RunNeighbours | GraphNeighbours:
    """Return the neighbours among the valid places of a field.

    Raises
    ------
    UsageError
        When a graph's ids do not match the areas, a row's weights differ, or are negative or not finite.
    """
    if isinstance(neighbourhood, Neighbourhood):
        assert fields.grid is not None
        grid = fields.grid
        return RunNeighbours(
            fields.ids[valid], grid.nx, grid.ny, neighbourhood.runs(grid.cell), neighbourhood.includes_self
        )
    return GraphNeighbours(_matrix(neighbourhood, fields)[valid][:, valid])


def _matrix(graph: Any, fields: Fields) -> Any:
    """Return a graph's weights as a sparse matrix in the order of the field's areas."""
    from scipy.sparse import csr_array

    ids = np.asarray(graph.unique_ids if hasattr(graph, "unique_ids") else graph.id_order)
    matrix = csr_array(graph.sparse)
    n = fields.values.shape[1]
    if fields.labels is not None:
        place = {label: i for i, label in enumerate(ids.tolist())}
        missing = [label for label in fields.labels.tolist() if label not in place]
        if missing or len(place) != n:
            raise UsageError(
                f"the graph has {len(place)} ids, the field {n} areas, and {len(missing)} areas are not in the "
                f"graph; first: {missing[:5]}. Build the graph from the same areas, or rename the coordinate"
            )
        order = np.array([place[label] for label in fields.labels.tolist()])
        matrix = csr_array(matrix[order][:, order])
    elif ids.size != n:
        raise UsageError(f"the graph has {ids.size} ids, the field {n} areas")
    if not np.isfinite(matrix.data).all() or (matrix.data < 0).any():
        raise UsageError("the graph has weights that are negative or not finite")
    matrix.eliminate_zeros()
    if matrix.diagonal().any():
        raise UsageError(
            "the graph has weights of areas to themselves; take them out, G* adds the area itself where wanted"
        )
    counts = np.diff(matrix.indptr)
    first = np.repeat(matrix.data[np.minimum(matrix.indptr[:-1], max(matrix.nnz - 1, 0))], counts)
    if not np.allclose(matrix.data, first, rtol=1e-12, atol=0):
        raise UsageError(
            "the graph's weights differ within a row; exact inference needs equal ones. Use a contiguity, "
            "distance band or k nearest graph, or graph.transform('B') for its binary form"
        )
    matrix.sort_indices()
    return matrix
