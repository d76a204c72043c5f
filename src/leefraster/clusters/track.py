"""Clusters of successive years linked by overlap: what was born, grew, shrank, split, merged and ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from leefraster.cells import CELL
from leefraster.errors import InputError, UsageError
from leefraster.lazy import computed

BORN, GROWN, SHRUNK, STEADY, SPLIT, MERGED = "born", "grown", "shrunk", "steady", "split", "merged"
ENDED = "ended"
LEAST_CHANGE = 0.1  # of the dwellings, to have grown or shrunk


@dataclass(frozen=True, slots=True, eq=False)
class ClusterTracks:
    """Clusters through the years.

    Attributes
    ----------
    table : DataFrame
        One row a cluster and year: ``year``, ``cluster`` (number in that year), ``lineage`` (stays the same along
        the largest overlap), ``event``, ``cells``, ``dwellings``, ``predecessors``, ``successors`` (how many) and
        ``ends`` (whether none follows in the next year).
    links : DataFrame
        One row an overlap: ``from_year``, ``from_cluster``, ``to_year``, ``to_cluster``, ``cells``, ``dwellings``,
        and the shares of each side's dwellings, ``share_of_from``, ``share_of_to``.
    """

    table: pd.DataFrame
    links: pd.DataFrame


@computed
def track_clusters(
    labels: Mapping[int, xr.DataArray] | xr.DataArray,
    dwellings: xr.DataArray | None = None,
    *,
    minimum_overlap: float = 0.1,
) -> ClusterTracks:
    """Link the clusters of successive years by the dwellings that they share.

    Two clusters are linked when what they share is at least `minimum_overlap` of the smaller of the two. A
    cluster's event is, in this order: *born* (no predecessor), *merged* (several), *split* (its predecessor has
    several successors), else *grown*, *shrunk* or *steady* by its dwellings (a tenth more, a tenth less). It
    *ends* when none follows. The lineage passes to the successor with the largest share, and from the
    predecessor with the largest share, where both agree.

    Parameters
    ----------
    labels : mapping of int to DataArray, or DataArray
        Number of the cluster of each cell, 0 for none: by year, or over (`year`, `cell`).
    dwellings : DataArray or None
        Over `cell`; None counts every cell as one.
    minimum_overlap : float
        Above 0, at most 1.

    Returns
    -------
    ClusterTracks
        ``.table`` and ``.links``.

    Raises
    ------
    UsageError
        When there are fewer than two years, or `minimum_overlap` lies outside its range.
    InputError
        When labels lack the dimension `cell`.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> labels = xr.DataArray([[1, 1, 0, 2, 2, 0], [1, 1, 1, 1, 1, 0]], dims=("year", "cell"),
    ...                       coords={"year": [2022, 2024], "cell": range(6)})
    >>> lr.track_clusters(labels).table[["year", "cluster", "lineage", "event"]].values.tolist()
    [[2022, 1, 1, 'born'], [2022, 2, 2, 'born'], [2024, 1, 1, 'merged']]
    """
    if not 0 < minimum_overlap <= 1:
        raise UsageError(f"minimum_overlap is {minimum_overlap}; it must be above 0 and at most 1")
    by_year = _by_year(labels)
    if len(by_year) < 2:
        raise UsageError(f"clusters are tracked over at least two years; there is {len(by_year)}")
    years = sorted(by_year)
    cells = np.unique(np.concatenate([by_year[year][CELL].values for year in years]))
    weight = _weights(dwellings, cells)
    numbers = {year: _on(by_year[year], cells) for year in years}
    links = pd.concat(
        [_overlaps(numbers, one, other, weight, minimum_overlap) for one, other in pairwise(years)],
        ignore_index=True,
    )
    return ClusterTracks(_table(numbers, years, weight, links), links)


def _by_year(labels: Mapping[int, xr.DataArray] | xr.DataArray) -> dict[int, xr.DataArray]:
    if isinstance(labels, xr.DataArray):
        if set(labels.dims) != {"year", CELL}:
            raise InputError(f"labels must lie over year and cell; they lie over {tuple(labels.dims)}")
        return {int(year): labels.sel(year=year) for year in labels["year"].values}
    for year, one in labels.items():
        if one.dims != (CELL,):
            raise InputError(f"labels of {year} must lie over cell; they lie over {tuple(one.dims)}")
    return {int(year): one for year, one in labels.items()}


def _on(labels: xr.DataArray, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.asarray(labels.reindex({CELL: cells}, fill_value=0).values, dtype=np.int64)


def _weights(dwellings: xr.DataArray | None, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    if dwellings is None:
        return np.ones(cells.size)
    latest = dwellings.isel(year=-1) if "year" in dwellings.dims else dwellings
    return np.nan_to_num(latest.reindex({CELL: cells}).values.astype(np.float64))


def _overlaps(
    numbers: dict[int, npt.NDArray[np.int64]],
    one: int,
    other: int,
    weight: npt.NDArray[np.float64],
    least: float,
) -> pd.DataFrame:
    """Return the links between two years."""
    frame = pd.DataFrame({"from_cluster": numbers[one], "to_cluster": numbers[other], "dwellings": weight})
    whole = [frame.groupby(side)["dwellings"].sum() for side in ("from_cluster", "to_cluster")]
    both = frame[(frame["from_cluster"] > 0) & (frame["to_cluster"] > 0)]
    found = both.groupby(["from_cluster", "to_cluster"])["dwellings"].agg(["size", "sum"]).reset_index()
    found = found.rename(columns={"size": "cells", "sum": "dwellings"})
    sizes = [
        found[side].map(total) for side, total in zip(("from_cluster", "to_cluster"), whole, strict=True)
    ]
    found["share_of_from"], found["share_of_to"] = (found["dwellings"] / size for size in sizes)
    kept = found[found[["share_of_from", "share_of_to"]].max(axis=1) >= least]
    kept = kept.assign(from_year=one, to_year=other)
    order = [
        "from_year",
        "from_cluster",
        "to_year",
        "to_cluster",
        "cells",
        "dwellings",
        "share_of_from",
        "share_of_to",
    ]
    return kept[order]


def _table(
    numbers: dict[int, npt.NDArray[np.int64]],
    years: list[int],
    weight: npt.NDArray[np.float64],
    links: pd.DataFrame,
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    lineage: dict[tuple[int, int], int] = {}
    size: dict[tuple[int, int], float] = {}
    fresh = 0
    for year in years:
        found = numbers[year]
        for cluster in np.unique(found[found > 0]).tolist():
            held = found == cluster
            size[year, cluster] = float(weight[held].sum())
            before = links[(links["to_year"] == year) & (links["to_cluster"] == cluster)]
            after = links[(links["from_year"] == year) & (links["from_cluster"] == cluster)]
            inherited = _inherits(links, before, cluster)
            if inherited is None:
                fresh += 1
            lineage[year, cluster] = fresh if inherited is None else lineage[inherited]
            rows.append(
                {
                    "year": year,
                    "cluster": cluster,
                    "lineage": lineage[year, cluster],
                    "event": _event(links, before, size[year, cluster], size),
                    "cells": int(held.sum()),
                    "dwellings": size[year, cluster],
                    "predecessors": len(before),
                    "successors": len(after),
                    "ends": year != years[-1] and after.empty,
                }
            )
    columns = [
        "year",
        "cluster",
        "lineage",
        "event",
        "cells",
        "dwellings",
        "predecessors",
        "successors",
        "ends",
    ]
    return pd.DataFrame(rows, columns=columns)


def _inherits(links: pd.DataFrame, before: pd.DataFrame, cluster: int) -> tuple[int, int] | None:
    """Return year and number of the predecessor whose lineage a cluster takes on, if any."""
    if before.empty:
        return None
    best = int(before["dwellings"].to_numpy().argmax())
    year, number = int(before["from_year"].iloc[best]), int(before["from_cluster"].iloc[best])
    children = links[(links["from_year"] == year) & (links["from_cluster"] == number)]
    heir = int(children["to_cluster"].iloc[int(children["dwellings"].to_numpy().argmax())])
    return (year, number) if heir == cluster else None


def _event(
    links: pd.DataFrame, before: pd.DataFrame, dwellings: float, size: dict[tuple[int, int], float]
) -> str:
    if before.empty:
        return BORN
    if len(before) > 1:
        return MERGED
    year, number = int(before["from_year"].iloc[0]), int(before["from_cluster"].iloc[0])
    if int(((links["from_year"] == year) & (links["from_cluster"] == number)).sum()) > 1:
        return SPLIT
    ratio = dwellings / size[year, number] if size[year, number] > 0 else 1.0
    return GROWN if ratio >= 1 + LEAST_CHANGE else SHRUNK if ratio <= 1 - LEAST_CHANGE else STEADY
