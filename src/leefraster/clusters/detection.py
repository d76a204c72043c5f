"""How well planted clusters are found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.cells import CELL
from leefraster.errors import InputError, UsageError
from leefraster.lazy import computed

FOUND_FROM = 0.5


@computed
def detection(found_labels: xr.DataArray, planted: xr.DataArray, dwellings: xr.DataArray) -> dict[str, float]:
    """Compare found clusters with planted ones, by dwellings.

    Parameters
    ----------
    found_labels : DataArray of int
        Label of the found cluster over `cell`, 0 for none.
    planted : DataArray of int
        Label of the planted cluster over `cell`, 0 for none.
    dwellings : DataArray
        Dwellings over `cell`; with a `year`, the latest counts. Missing ones count 0.

    Returns
    -------
    dict
        ``found_share``: share of planted dwellings that lie in a found cluster. ``false_share``: share of
        the dwellings in found clusters that were not planted. ``planted_dwellings``, ``found_dwellings``:
        the totals behind them. ``clusters_planted``, ``clusters_found``: number of planted clusters, and of
        those of which at least half of the dwellings were found. Shares of nothing are NaN. Cells that one
        of the three lacks count as 0 there.

    Raises
    ------
    UsageError
        When one of the three is no DataArray of numbers.
    InputError
        When one of the three has no dimension `cell`, or labels have others beside it.

    Examples
    --------
    >>> import xarray as xr
    >>> cells = {"cell": [1, 2, 3, 4]}
    >>> found = xr.DataArray([1, 1, 0, 1], dims="cell", coords=cells)
    >>> planted = xr.DataArray([7, 7, 7, 0], dims="cell", coords=cells)
    >>> result = detection(found, planted, xr.DataArray([30.0, 30.0, 20.0, 20.0], dims="cell", coords=cells))
    >>> result["found_share"], result["false_share"], result["clusters_found"]
    (0.75, 0.25, 1.0)
    """
    for name, given in {"found_labels": found_labels, "planted": planted, "dwellings": dwellings}.items():
        if not isinstance(given, xr.DataArray) or given.dtype.kind not in "iufb":
            what = (
                f"of type {given.dtype}" if isinstance(given, xr.DataArray) else f"a {type(given).__name__}"
            )
            raise UsageError(f"detection: {name} is {what}; it must be a DataArray of numbers over 'cell'")
    weights = dwellings.sortby("year").isel(year=-1) if "year" in dwellings.dims else dwellings
    named = {"found_labels": found_labels, "planted": planted, "dwellings": weights}
    for name, given in named.items():
        if given.dims != (CELL,):
            raise InputError(f"detection: {name} must have dimension 'cell' alone, has {tuple(given.dims)}")
    found, truth, weight = (
        part.fillna(0.0).values.astype(np.float64)
        for part in xr.align(*(given.reset_coords(drop=True) for given in named.values()), join="outer")
    )
    return _compare(found > 0, truth.astype(np.int64), weight)


def _compare(
    found: npt.NDArray[np.bool_], truth: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]
) -> dict[str, float]:
    _, group = np.unique(truth, return_inverse=True)
    whole = np.bincount(group, weight)
    overlap = np.bincount(group, weight * found)
    real = np.unique(truth) > 0
    planted, hit, total = float(whole[real].sum()), float(overlap[real].sum()), float(overlap.sum())
    half = overlap[real] >= FOUND_FROM * whole[real]
    return {
        "found_share": hit / planted if planted > 0 else float("nan"),
        "false_share": (total - hit) / total if total > 0 else float("nan"),
        "planted_dwellings": planted,
        "found_dwellings": total,
        "clusters_found": float((half & (whole[real] > 0)).sum()),
        "clusters_planted": float(real.sum()),
    }
