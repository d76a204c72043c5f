"""The steps that find local autocorrelation, field by field so that memory stays low: local Moran and G*."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.pipeline.fields import layers_of, one_field, unit_of
from leefraster.pipeline.neighbourhoods import described, hotspot_neighbourhood, local_neighbourhood
from leefraster.pipeline.work import Work
from leefraster.statistics.getis_ord import getis_ord
from leefraster.statistics.local_moran import local_moran

# Result variable -> name in the run's data, stored type, long name.
Kept = dict[str, tuple[str, Any, str]]

MORAN: Kept = {
    "I": ("local_moran_I", np.float32, "local Moran's I"),
    "z": ("local_moran_z", np.float32, "standardised local Moran's I"),
    "p": ("local_moran_p", np.float64, "exact two-sided p of local Moran's I"),
    "q": ("local_moran_q", np.float32, "p adjusted for the false discovery rate within the field"),
    "quadrant": ("local_moran_quadrant", np.int8, "1 high-high, 2 low-high, 3 low-low, 4 high-low, 0 none"),
    "cluster": ("local_moran_cluster", np.int8, "quadrant where q <= alpha, else 0"),
}
HOT_SPOTS: Kept = {
    "z": ("getis_ord_z", np.float32, "Getis-Ord G*, standardised"),
    "p": ("getis_ord_p", np.float64, "exact two-sided p of G*"),
    "q": ("getis_ord_q", np.float32, "p adjusted for the false discovery rate within the field"),
    "spot": ("getis_ord_spot", np.int8, "-3..3: cold or hot at 99, 95, 90 % after adjustment, 0 neither"),
}
NEIGHBOURS = "neighbours"


def find_local_moran(work: Work) -> None:
    """Add ``local_moran_*`` over (`year`, `layer`, unit) and ``neighbours`` to the data."""
    alpha = work.configuration.statistics.alpha
    neighbourhood = local_neighbourhood(work)
    counts = np.zeros((work.data.sizes["year"], work.data.sizes[unit_of(work.data)]), np.int32)
    found = _empty(work, MORAN)
    compute = partial(local_moran, neighbourhood=neighbourhood, alpha=alpha)
    for (year, _), result in _by_field(work, "local Moran", compute, found, NEIGHBOURS):
        np.maximum(counts[year], result, out=counts[year])
    how = described(neighbourhood, work.configuration.statistics.nearest)
    _keep(work, found, MORAN, f"lr.local_moran, exact conditional permutation, alpha {alpha:g}", how)
    attrs = {"long_name": "neighbours with a value", "units": "1", "method": "count", "neighbourhood": how}
    work.data[NEIGHBOURS] = (("year", unit_of(work.data)), counts, attrs)


def find_hot_spots(work: Work) -> None:
    """Add ``getis_ord_*`` over (`year`, `layer`, unit) to the data."""
    neighbourhood = hotspot_neighbourhood(work)
    found = _empty(work, HOT_SPOTS)
    compute = partial(getis_ord, neighbourhood=neighbourhood)
    for _ in _by_field(work, "hot spots", compute, found, NEIGHBOURS):
        continue
    how = described(neighbourhood, work.configuration.statistics.nearest)
    _keep(work, found, HOT_SPOTS, "lr.getis_ord, star, exact", how)


def _empty(work: Work, kept: Kept) -> dict[str, npt.NDArray[Any]]:
    shape = (work.data.sizes["year"], len(layers_of(work.data)), work.data.sizes[unit_of(work.data)])
    return {name: work.scratch.array(shape, kind) for name, (_, kind, _) in kept.items()}


def _by_field(
    work: Work,
    step: str,
    compute: Callable[[xr.DataArray], xr.Dataset],
    found: dict[str, npt.NDArray[Any]],
    more: str,
) -> Iterator[tuple[tuple[int, int], npt.NDArray[Any]]]:
    """Fill the arrays field by field, and yield each field's position with one more of its variables."""
    years, layers = work.data.sizes["year"], len(layers_of(work.data))
    positions = [(year, layer) for year in range(years) for layer in range(layers)]
    task = partial(_of_field, compute, {name: values.dtype for name, values in found.items()}, more)
    fields = (one_field(work.data, *position) for position in positions)
    results = zip(positions, work.runner.map(task, fields), strict=True)
    for done, (position, (kept, beside)) in enumerate(results, start=1):
        for name, values in kept.items():
            found[name][position] = values
        if position[1] == layers - 1:
            work.scratch.let_go()
        work.progress.advanced(step, done, len(positions))
        yield position, beside


def _of_field(
    compute: Callable[[xr.DataArray], xr.Dataset], kinds: dict[str, Any], more: str, field: xr.DataArray
) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[Any]]:
    """Return the variables of one field in the types they are kept in, and one more as it is."""
    result = compute(field)
    return {name: narrowed(result[name].values, kind) for name, kind in kinds.items()}, np.asarray(
        result[more].values
    )


def narrowed(values: npt.NDArray[Any], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return values in the type they are kept in; one that is not 0 does not become 0 by losing digits."""
    narrow = values.astype(kind)
    lost = (narrow == 0) & (values != 0)
    if lost.any():
        narrow[lost] = np.copysign(np.finfo(narrow.dtype).tiny, values[lost])
    return narrow


def _keep(work: Work, found: dict[str, npt.NDArray[Any]], kept: Kept, method: str, how: str) -> None:
    dims = ("year", "layer", unit_of(work.data))
    work.data = work.data.assign_coords(layer=layers_of(work.data))
    for name, (target, _, long) in kept.items():
        attrs = {"long_name": long, "units": "1", "method": method, "neighbourhood": how}
        work.data[target] = (dims, found[name], attrs)
