"""From a neighbourhood or a graph to the neighbours among the places of a field that hold a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.fields import Fields
from leefraster.kernels.graph_sums import BELOW_ZERO, TO_ITSELF, rows_among
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours.decay import DecayNeighbours
from leefraster.neighbours.graph import GraphNeighbours
from leefraster.neighbours.runs import RunNeighbours

Ints = npt.NDArray[np.int64]


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
        "(lr.Neighbourhood.queen(), .rook(), .disc(metres), .ring(inner, outer), .decay(bandwidth)) "
        "or a libpysal Graph or W"
    )


def neighbours_among(
    neighbourhood: Any, fields: Fields, valid: npt.NDArray[np.bool_], *, own: bool = False
) -> RunNeighbours | GraphNeighbours:
    """Return the neighbours among the valid places of a field.

    Parameters
    ----------
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour.
    fields : Fields
        The places.
    valid : ndarray of bool, shape (n,)
        Which of them hold a value.
    own : bool
        Whether a graph may have weights of areas to themselves, as G* uses them.

    Raises
    ------
    UsageError
        When a graph's ids do not match the areas, when its weights are negative or not finite, or are of areas
        to themselves where `own` is false.
    """
    if not isinstance(neighbourhood, Neighbourhood):
        return _graph_among(neighbourhood, fields, valid, own)
    assert fields.grid is not None
    ids, grid = fields.ids if valid.all() else fields.ids[valid], fields.grid
    runs = neighbourhood.runs(grid.cell)
    if neighbourhood.kind == "decay":
        return DecayNeighbours(ids, grid.nx, grid.ny, runs, neighbourhood.table(grid.cell))
    return RunNeighbours(ids, grid.nx, grid.ny, runs, neighbourhood.includes_self)


def _graph_among(graph: Any, fields: Fields, valid: npt.NDArray[np.bool_], own: bool) -> GraphNeighbours:
    if {"y", "x"} <= set(fields.template.dims):
        raise UsageError(
            "a graph goes with a dimension of areas or cells, the field has dimensions "
            f"{tuple(fields.template.dims)}; take lr.from_raster(field), whose cells a graph made by "
            "Neighbourhood.graph(field) knows"
        )
    matrix = graph.sparse.tocsr()
    chosen = _row_of(graph, fields, valid)[valid]
    place_of = np.full(matrix.shape[0], -1, np.int64)
    place_of[chosen] = np.arange(chosen.size)
    starts, neighbours, given, to_itself, faults = rows_among(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        matrix.data.astype(np.float64),
        chosen,
        place_of,
    )
    if faults & BELOW_ZERO:
        raise UsageError("the graph has weights that are negative or not finite")
    if faults & TO_ITSELF and not own:
        raise UsageError(
            "the graph has weights of areas to themselves; take them out, only G* (lr.getis_ord) uses them"
        )
    return GraphNeighbours(starts, neighbours, given, to_itself)


def _row_of(graph: Any, fields: Fields, valid: npt.NDArray[np.bool_]) -> Ints:
    """Return the graph's row of every area of the field, by label; by position where it has none.

    Areas that are missing may be unknown to the graph: they have row -1.
    """
    ids = graph.unique_ids if hasattr(graph, "unique_ids") else graph.id_order
    n = valid.size
    if fields.labels is None:
        if len(ids) != n:
            raise UsageError(f"the graph has {len(ids)} ids, the field {n} areas, and no labels to match by")
        return np.arange(n, dtype=np.int64)
    rows = _positions(ids, fields.labels)
    unknown = fields.labels[valid & (rows < 0)]
    left = len(ids) - int((rows >= 0).sum())
    if unknown.size or left:
        strange = [] if left == 0 else _not_among(ids, rows)
        raise UsageError(
            f"the graph has {len(ids)} ids, the field {n} areas; {unknown.size} areas with a value are not in the "
            f"graph, first: {unknown[:5].tolist()}; {left} ids are not in the field, first: {strange}. "
            "Build the graph from the same areas, or rename the coordinate"
        )
    return rows


def _not_among(ids: Any, rows: Ints) -> list[Any]:
    """The first few ids that no area has."""
    found = np.ones(len(ids), dtype=bool)
    found[rows[rows >= 0]] = False
    return [ids[i] for i in np.flatnonzero(found)[:5]]


def _positions(ids: Any, labels: npt.NDArray[Any]) -> Ints:
    """Return where each label stands among the ids, -1 where it does not.

    libpysal turns the ids of a raster graph with an island into strings: strings of numbers match numbers.
    """
    import pandas as pd

    known, wanted = pd.Index(ids), pd.Index(labels)
    rows = np.asarray(known.get_indexer(wanted), np.int64)
    if (rows < 0).all():
        numbers, sought = _as_numbers(known), _as_numbers(wanted)
        if numbers is not None and sought is not None:
            rows = np.asarray(numbers.get_indexer(sought), np.int64)
    held = np.bincount(rows[rows >= 0], minlength=len(known))
    if held.max() > 1:
        twice = known[held > 1]
        raise UsageError(f"the field has {twice.size} labels of areas twice; first: {twice[:5].tolist()}")
    return rows


def _as_numbers(index: Any) -> Any:
    """Return an index of numbers, or of tuples of them, with strings read as such; None where that fails."""
    import pandas as pd

    try:
        if isinstance(index, pd.MultiIndex):
            levels = [index.get_level_values(i).astype(np.float64) for i in range(index.nlevels)]
            return pd.MultiIndex.from_arrays(levels)
        return index.astype(np.float64)
    except (TypeError, ValueError):
        return None
