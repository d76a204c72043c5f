"""The statistics of a run, over areas: global and local Moran's I and hot and cold spots of every value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leefraster.errors import InputError
from leefraster.statistics.getis_ord import getis_ord
from leefraster.statistics.local_moran import local_moran
from leefraster.statistics.moran import moran

if TYPE_CHECKING:
    from libpysal.graph import Graph

LAYER = "layer"


def analyse_areas(values: xr.Dataset, graph: Graph, *, alpha: float = 0.05) -> xr.Dataset:
    """Return values and statistics of areas, with the names that a run's data have.

    Parameters
    ----------
    values : Dataset
        Numbers over `area`, one variable a layer.
    graph : libpysal Graph
        Who is whose neighbour; its ids are the codes.
    alpha : float
        Level at which q makes a cluster.

    Returns
    -------
    Dataset
        ``value(layer, area)``; ``local_moran_I z p q quadrant cluster``, ``getis_ord_z p q spot`` over (`layer`,
        `area`), ``neighbours(area)``; ``moran_I expected variance z p`` over `layer`.

    Raises
    ------
    InputError
        When there is no variable over `area`, or one is infinite.
    UsageError
        When the graph does not match the areas.
    """
    named = [str(name) for name, variable in values.data_vars.items() if variable.dims == ("area",)]
    if not named:
        raise InputError(f"there is no variable over 'area' to analyse; there are {sorted(map(str, values))}")
    field = xr.concat([values[name].astype(np.float64) for name in named], dim=LAYER, join="exact")
    field = field.assign_coords({LAYER: named}).rename("value").transpose(LAYER, "area")
    local, hot, whole = local_moran(field, graph, alpha=alpha), getis_ord(field, graph), moran(field, graph)
    out: dict[str, Any] = {"value": field.variable}
    for prefix, result, kept in (
        ("local_moran", local, ("I", "z", "p", "q", "quadrant", "cluster")),
        ("getis_ord", hot, ("z", "p", "q", "spot")),
        ("moran", whole, ("I", "expected", "variance", "z", "p")),
    ):
        out |= {f"{prefix}_{name}": result[name].variable for name in kept}
    out["neighbours"] = local["neighbours"].isel({LAYER: 0}, drop=True).variable
    coords = {
        name: values[name].variable
        for name in ("area", "area_name", "area_level", "cells", "x", "y")
        if name in values
    }
    coords[LAYER] = xr.Variable(LAYER, named)
    return xr.Dataset(out, coords=coords, attrs={"alpha": alpha})
