"""Clusters of successive years linked by overlap: what was there, born, split, merged or ended."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from leefraster.cells import CELL
from leefraster.changes.years import refuse_future, with_years
from leefraster.errors import INSIDE, InputError, LeefrasterWarning, UsageError
from leefraster.lazy import computed

START, BORN, GROWN, SHRUNK = "present at start", "born", "grown", "shrunk"
STEADY, SPLIT, MERGED, ENDED = "steady", "split", "merged", "ended"
LEAST_CHANGE = 0.1  # of the dwellings, to have grown or shrunk


@dataclass(frozen=True, slots=True, eq=False)
class ClusterTracks:
    """Clusters through the years.

    Attributes
    ----------
    table : DataFrame
        One row a cluster and year: ``year``, ``cluster`` (number in that year), ``lineage`` (stays the same along
        the largest overlap; that of a cluster of the last year has that cluster's number, others have numbers above
        those), ``event``, ``cells``, ``dwellings``, ``predecessors``, ``successors`` (how many) and ``ends``
        (whether none follows in the next year).
    links : DataFrame
        One row an overlap: ``from_year``, ``from_cluster``, ``to_year``, ``to_cluster``, ``cells``, ``dwellings``,
        and the shares of each side's dwellings, ``share_of_from``, ``share_of_to``.
    years : tuple of int
        All years that were looked at, those in which there were no clusters among them.
    """

    table: pd.DataFrame
    links: pd.DataFrame
    years: tuple[int, ...]

    def __repr__(self) -> str:
        """Return a few lines: which years, how many clusters in each, and what happened how often."""
        found = self.table["year"].value_counts()
        years = ", ".join(f"{year}: {int(found.get(year, 0))}" for year in self.years)
        events = ", ".join(f"{name} {count}" for name, count in self.table["event"].value_counts().items())
        return (
            f"ClusterTracks of {self.table['lineage'].nunique()} lineages, {len(self.links)} links\n"
            f"  clusters by year: {years}\n"
            f"  events: {events or 'none'}; ended {int(self.table['ends'].sum())}"
        )


@computed
def track_clusters(
    labels: Mapping[int, xr.DataArray] | xr.DataArray,
    dwellings: xr.DataArray | None = None,
    *,
    minimum_overlap: float = 0.1,
) -> ClusterTracks:
    """Link the clusters of successive years by the dwellings that they share.

    Two clusters are linked when what they share is at least `minimum_overlap` of the smaller of the two. A
    cluster's event is, in this order: *present at start* (in the first year given: what was before is not known),
    *born* (no predecessor), *merged* (several), *split* (its predecessor has several successors), else *grown*,
    *shrunk* or *steady* by its dwellings (a tenth more, a tenth less). It *ends* when none follows. The lineage
    passes to the successor with the largest share, and from the predecessor with the largest share, where both
    agree. Years without any cluster count: what comes after one is born, what stood before it has ended.

    Parameters
    ----------
    labels : mapping of int to DataArray, or DataArray
        Number of the cluster of each cell, a whole number, 0 for none: by year, or over (`year`, `cell`).
    dwellings : DataArray or None
        Over ([`year`,] `cell`), of which the latest year counts; missing ones and cells that it lacks count 0. None
        counts every cell as one.
    minimum_overlap : float
        Above 0, at most 1.

    Returns
    -------
    ClusterTracks
        ``.table``, ``.links`` and ``.years``.

    Raises
    ------
    UsageError
        When labels are no DataArrays of whole numbers of at least 0 (bool and float are none), or their years no
        whole numbers; dwellings are no numbers; there are fewer than two years; or `minimum_overlap` lies
        outside its range.
    InputError
        When labels lack the dimension `cell`, years or cells repeat, a year lies in the future, or dwellings have
        other dimensions, are negative or infinite, or their years repeat, are no whole numbers or lie in the
        future.

    Warns
    -----
    LeefrasterWarning
        When clusters have no dwellings: they share none with others, and so are linked to none.

    Examples
    --------
    >>> import xarray as xr
    >>> import leefraster as lr
    >>> labels = xr.DataArray([[1, 1, 0, 2, 2, 0], [1, 1, 1, 1, 1, 0]], dims=("year", "cell"),
    ...                       coords={"year": [2022, 2024], "cell": range(6)})
    >>> lr.track_clusters(labels).table[["year", "cluster", "lineage", "event"]].values.tolist()
    [[2022, 1, 1, 'present at start'], [2022, 2, 2, 'present at start'], [2024, 1, 1, 'merged']]
    """
    _refuse_overlap(minimum_overlap)
    by_year = _by_year(labels)
    if len(by_year) < 2:
        raise UsageError(f"clusters are tracked over at least two years; there is {len(by_year)}")
    years = sorted(by_year)
    refuse_future(np.array(years), "labels")
    cells = np.unique(np.concatenate([by_year[year][CELL].values for year in years]))
    weight = _weights(dwellings, cells)
    numbers = {year: _on(by_year[year], cells) for year in years}
    _warn_of_empty(numbers, weight)
    links = pd.concat(
        [_overlaps(numbers, one, other, weight, minimum_overlap) for one, other in pairwise(years)],
        ignore_index=True,
    )
    return ClusterTracks(_table(numbers, years, weight, links), links, tuple(years))


def _refuse_overlap(least: float) -> None:
    number = isinstance(least, Real) and not isinstance(least, bool)
    if not (number and 0 < least <= 1):
        raise UsageError(f"minimum_overlap is {least!r}; it must be a number above 0 and at most 1")


def _by_year(labels: Mapping[int, xr.DataArray] | xr.DataArray) -> dict[int, xr.DataArray]:
    """Return the checked labels of each year."""
    if isinstance(labels, xr.DataArray):
        if set(labels.dims) != {"year", CELL}:
            raise InputError(f"labels must lie over year and cell; they lie over {tuple(labels.dims)}")
        _refuse_labels(labels, "labels")
        pairs = [(year, labels.isel(year=i)) for i, year in enumerate(labels["year"].values.tolist())]
    elif isinstance(labels, Mapping):
        pairs = list(labels.items())
    else:
        raise UsageError(
            f"labels is a {type(labels).__name__}; it must be a DataArray over year and cell, or DataArrays by year"
        )
    by_year: dict[int, xr.DataArray] = {}
    for year, one in pairs:
        number = _whole_year(year)
        if number in by_year:
            raise InputError(f"labels: the year {number} is given twice; every year may come once")
        _refuse_labels(one, f"labels of {number}")
        if one.dims != (CELL,):
            raise InputError(f"labels of {number} must lie over cell; they lie over {tuple(one.dims)}")
        by_year[number] = one
    return by_year


def _whole_year(year: object) -> int:
    if isinstance(year, Real) and not isinstance(year, bool) and float(year).is_integer():
        return int(float(year))
    raise UsageError(f"labels: {year!r} is no year; years must be whole numbers, like 2024")


def _refuse_labels(labels: object, name: str) -> None:
    """Refuse what are no numbers of clusters over distinct cells."""
    if not isinstance(labels, xr.DataArray):
        raise UsageError(
            f"{name} is a {type(labels).__name__}; it must be a DataArray, as .labels of clusters is"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise UsageError(
            f"{name}: of type {labels.dtype}; numbers of clusters must be whole numbers, 0 for none"
        )
    if labels.size and int(labels.min()) < 0:
        raise UsageError(f"{name}: holds {int(labels.min())}; numbers of clusters must be at least 0")
    if CELL in labels.dims and not labels.get_index(CELL).is_unique:
        raise InputError(f"{name}: cells repeat; every cell may come once")


def _on(labels: xr.DataArray, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.asarray(labels.reindex({CELL: cells}, fill_value=0).values, dtype=np.int64)


def _weights(dwellings: xr.DataArray | None, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the checked dwellings of the cells."""
    if dwellings is None:
        return np.ones(cells.size)
    if not isinstance(dwellings, xr.DataArray) or dwellings.dtype.kind not in "iuf":
        given = dwellings.dtype if isinstance(dwellings, xr.DataArray) else type(dwellings).__name__
        raise UsageError(f"dwellings: of type {given}; they must be a DataArray of numbers over cell")
    latest = with_years(dwellings, "dwellings").isel(year=-1) if "year" in dwellings.dims else dwellings
    if latest.dims != (CELL,) or not latest.get_index(CELL).is_unique:
        raise InputError(f"dwellings must lie over distinct cells; they lie over {tuple(dwellings.dims)}")
    weight = np.nan_to_num(
        latest.reindex({CELL: cells}).values.astype(np.float64), posinf=np.inf, neginf=-np.inf
    )
    if not ((weight >= 0) & (weight < np.inf)).all():
        raise InputError("dwellings: some are negative or infinite; they must be numbers of at least 0")
    return weight


def _warn_of_empty(numbers: dict[int, npt.NDArray[np.int64]], weight: npt.NDArray[np.float64]) -> None:
    """Say so where clusters have no dwellings: they share none with others, and each is born and ends."""
    held = {(year, int(one)) for year, found in numbers.items() for one in np.unique(found[weight > 0])}
    every = [(year, int(one)) for year, found in numbers.items() for one in np.unique(found[found > 0])]
    without = [one for one in every if one not in held]
    if not without:
        return
    named = ", ".join(f"{one} of {year}" for year, one in without[:10])
    warnings.warn(
        f"track_clusters: {len(without)} of {len(every)} clusters have no dwellings and are linked to none "
        f"(dwellings=None counts every cell as one): {named}",
        LeefrasterWarning,
        skip_file_prefixes=INSIDE,
    )


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
            fresh += inherited is None
            lineage[year, cluster] = fresh if inherited is None else lineage[inherited]
            rows.append(
                {
                    "year": year,
                    "cluster": cluster,
                    "lineage": lineage[year, cluster],
                    "event": START if year == years[0] else _event(links, before, size[year, cluster], size),
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
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(lineage=_as_last(table, years[-1]))


def _as_last(table: pd.DataFrame, last: int) -> pd.Series:
    """Return the lineages numbered as their clusters are in the last year; others above, as they appeared."""
    there = table[table["year"] == last]
    number = dict(zip(there["lineage"], there["cluster"], strict=True))
    fresh = max(number.values(), default=0)
    for one in table["lineage"]:
        if one not in number:
            fresh += 1
            number[one] = fresh
    return table["lineage"].map(number)


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
