"""Share of the full neighbourhood of every place that holds a value: how much a local statistic rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.fields import Fields, read_fields, valid_mask
from leefraster.lazy import between_fields, lazily
from leefraster.neighbourhood import Neighbourhood
from leefraster.neighbours import is_graph, neighbours_among
from leefraster.statistics.plan import provenance

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

Floats = npt.NDArray[np.float64]
NAME = "share"


@lazily(between_fields)
def neighbourhood_share(field: xr.DataArray, neighbourhood: Neighbourhood | Graph | W) -> xr.DataArray:
    """Compute which share of its full neighbourhood every place finds present.

    ``sum_j w_ij over the neighbours that hold a value / sum_j w_ij over all neighbours``, the place itself not
    among them. A cell at the coast or a border, or in thinly inhabited land, has few neighbours: its local
    statistic varies more, and rests on one side only.

    Parameters
    ----------
    field : DataArray
        Numbers over (..., `cell`), (..., `y`, `x`) or, with a graph, (..., areas); NaN is missing. All leading
        dimensions are mapped.
    neighbourhood : Neighbourhood, libpysal Graph or W
        Who is whose neighbour. On a grid all neighbours are those of a cell far from any border
        (``neighbourhood.size(cell)`` of them; of `decay` by their weights; cells outside the grid hold no value);
        in a graph those the graph names, by their weights.

    Returns
    -------
    DataArray of float64
        Over the dimensions of `field`, between 0 and 1; 0 for an island of the data, NaN for missing places and
        for areas without a neighbour in the graph.

    Raises
    ------
    UsageError
        When the field lacks the dimensions, the neighbourhood is smaller than a cell, or a graph does not match
        the areas.
    InputError
        When a value is infinite or a cell occurs twice.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray([[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]], dims=("y", "x"),
    ...                       coords={"y": [150.0, 50], "x": [50.0, 150, 250]})
    >>> lr.neighbourhood_share(raster, lr.Neighbourhood.rook()).values.tolist()
    [[0.5, 0.75, 0.25], [0.5, 0.5, nan]]
    """
    fields = read_fields(field, areas=is_graph(neighbourhood))
    shares = np.full(fields.values.shape, np.nan)
    full = _full(fields, neighbourhood)
    held, present = b"", np.empty(0)
    for row, values in enumerate(fields.values):
        valid = valid_mask(values)
        if (key := np.packbits(valid).tobytes()) != held:
            held, present = key, _present(fields, neighbourhood, valid)
        shares[row, valid] = np.minimum(present / full[valid], 1.0)
    about = {"long_name": "share of the full neighbourhood that holds a value", "units": "1"}
    attrs = provenance("share of the full neighbourhood", neighbourhood)
    return fields.dataset({NAME: shares}, {}, {}, {NAME: about | attrs})[NAME]


def _present(
    fields: Fields, neighbourhood: Neighbourhood | Graph | W, valid: npt.NDArray[np.bool_]
) -> Floats:
    """Return the weight of the neighbours of each valid place that hold a value: 1 each where none are given."""
    return neighbours_among(neighbourhood, fields, valid).weights("given").totals


def _full(fields: Fields, neighbourhood: Neighbourhood | Graph | W) -> Floats:
    """Return the same when every place holds a value, NaN where there is no neighbour even then."""
    n = fields.values.shape[1]
    if isinstance(neighbourhood, Neighbourhood):
        assert fields.grid is not None
        return np.full(n, _weight_around(neighbourhood, fields.grid.cell))
    full = _present(fields, neighbourhood, np.ones(n, dtype=bool))
    return np.where(full > 0, full, np.nan)


def _weight_around(neighbourhood: Neighbourhood, cell: float) -> float:
    if neighbourhood.kind != "decay":
        return float(neighbourhood.size(cell))
    quarter = neighbourhood.table(cell)
    return float(4 * quarter[1:, 1:].sum() + 2 * quarter[1:, 0].sum() + 2 * quarter[0, 1:].sum())
