"""Structural clusters beside given areas: how each covers the other, and what is in no area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from leefraster.areas.areas import Areas
from leefraster.areas.given import as_areas, require_clusters
from leefraster.areas.placement import placed
from leefraster.cells import CELL, from_raster, grid_of
from leefraster.changes.years import with_years
from leefraster.clusters.structural import StructuralClusters
from leefraster.errors import InputError, UsageError
from leefraster.lazy import computed

if TYPE_CHECKING:
    import geopandas


@dataclass(frozen=True, slots=True, eq=False)
class AreaComparison:
    """How clusters and areas cover each other.

    Attributes
    ----------
    overall : dict of str to float
        ``areas_dwellings``, ``cluster_dwellings``, ``both_dwellings``; ``areas_covered`` (share of the areas'
        dwellings that lie in a cluster), ``clusters_covered`` (the reverse), ``jaccard`` (both over either).
    areas : DataFrame
        One row an area: code, name, dwellings, dwellings in clusters, share, the clusters that lie in it.
    clusters : DataFrame
        One row a cluster, the most severe first: dwellings, dwellings in areas, share, the areas, ``outside``
        (whether it lies in none) and severity.
    """

    overall: dict[str, float]
    areas: pd.DataFrame
    clusters: pd.DataFrame

    @property
    def missed(self) -> pd.DataFrame:
        """The clusters that lie in no area, by severity: places as bad that are in no programme."""
        return self.clusters[self.clusters["outside"]]

    @property
    def without_cluster(self) -> pd.DataFrame:
        """The areas in which no cluster lies."""
        return self.areas[self.areas["clusters"] == ""]


@computed
def compare_areas(
    clusters: StructuralClusters, areas: Areas | geopandas.GeoDataFrame, dwellings: xr.DataArray
) -> AreaComparison:
    """Hold structural clusters against given areas, focus areas of a programme say, by dwellings.

    Parameters
    ----------
    clusters : StructuralClusters
        What `lr.structural_clusters` found.
    areas : Areas or GeoDataFrame
        Polygons; a cell belongs to the area that holds its centre. A GeoDataFrame needs a column ``code``, and has
        names in ``name``.
    dwellings : DataArray
        Over `cell` (or `y` and `x`); with years, the latest counts. Missing ones count as none.

    Returns
    -------
    AreaComparison
        ``.overall``, ``.areas``, ``.clusters``, ``.missed``, ``.without_cluster``.

    Raises
    ------
    UsageError
        When clusters, areas or dwellings are something else.
    InputError
        When the areas are in another CRS, no cell of the clusters' data lies in any of them, or dwellings are
        negative or infinite, or not over cells that occur once; their years repeat, are no whole numbers or lie in
        the future.

    Warns
    -----
    OverlapWarning, EmptyAreaWarning
        When cells lie in two areas (the first code has them), or areas hold no cell (they stay in ``.areas``
        and ``.without_cluster``, with 0 dwellings).

    Examples
    --------
    >>> import geopandas, numpy as np, shapely, xarray as xr
    >>> import leefraster as lr
    >>> from leefraster.cells import cell_coordinates
    >>> grid = lr.Grid(0, 1000, 10, 10)
    >>> level = np.full((3, 100), 4.1)
    >>> level[:, :40] = 3.7
    >>> scores = xr.Dataset({"level": (("year", "cell"), level), "dwellings": ("cell", np.full(100, 20.0))},
    ...                     coords={"year": [2020, 2022, 2024], **cell_coordinates(grid, np.arange(100))})
    >>> found = lr.structural_clusters(scores)
    >>> west = geopandas.GeoDataFrame({"code": ["W"]}, geometry=[shapely.box(0, 0, 500, 1000)])
    >>> compared = lr.compare_areas(found, lr.Areas.from_geopandas(west, code="code"), scores["dwellings"])
    >>> compared.overall["clusters_covered"], compared.overall["areas_covered"]
    (0.5, 0.4)
    """
    labels, areas = require_clusters(clusters).labels, as_areas(areas)
    weight = _weights(dwellings, labels[CELL].values)
    member = placed(areas, grid_of(labels), labels[CELL].values)
    pairs = pd.DataFrame(
        {"area": member.area, "cluster": labels.values[member.cell], "dwellings": weight[member.cell]}
    )
    inside = np.zeros(weight.size, dtype=bool)
    inside[member.cell] = True
    in_cluster = labels.values > 0
    return AreaComparison(
        _overall(weight, inside, in_cluster),
        _per_area(areas, pairs),
        _per_cluster(clusters, areas, pairs, weight),
    )


def _weights(dwellings: Any, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the latest number of dwellings of each cell, 0 where it is missing."""
    if not isinstance(dwellings, xr.DataArray):
        raise UsageError(
            f"dwellings is a {type(dwellings).__name__}; it must be a DataArray over 'cell', as scores['dwellings']"
        )
    latest = _latest(dwellings)
    if CELL not in latest.dims and {"y", "x"} <= set(latest.dims):
        latest = from_raster(latest)
    if latest.dims != (CELL,):
        raise InputError(
            f"dwellings lie over {tuple(dwellings.dims)}; wanted is 'cell', and 'year' where known"
        )
    if not latest.indexes[CELL].is_unique:
        raise InputError("dwellings: a cell occurs twice; every cell may occur once")
    number = latest.values.astype(np.float64)
    wrong = (number < 0) | np.isinf(number)
    if wrong.any():
        raise InputError(
            f"dwellings holds {number[wrong][0]:g} ({int(wrong.sum())} of {number.size} cells); numbers of "
            "dwellings are finite and not negative, and missing ones are NaN"
        )
    return np.nan_to_num(latest.reindex({CELL: cells}).values.astype(np.float64))


def _latest(dwellings: xr.DataArray) -> xr.DataArray:
    if "year" not in dwellings.dims:
        return dwellings
    return with_years(dwellings, "dwellings").isel(year=-1)


def _overall(weight: np.ndarray, inside: np.ndarray, in_cluster: np.ndarray) -> dict[str, float]:
    area, cluster = float(weight[inside].sum()), float(weight[in_cluster].sum())
    both, either = float(weight[inside & in_cluster].sum()), float(weight[inside | in_cluster].sum())
    return {
        "areas_dwellings": area,
        "cluster_dwellings": cluster,
        "both_dwellings": both,
        "areas_covered": both / area if area > 0 else float("nan"),
        "clusters_covered": both / cluster if cluster > 0 else float("nan"),
        "jaccard": both / either if either > 0 else float("nan"),
    }


def _per_area(areas: Areas, pairs: pd.DataFrame) -> pd.DataFrame:
    hit = pairs[pairs["cluster"] > 0]
    table = areas.frame[["code", "name", "level"]].copy()
    table["dwellings"] = pairs.groupby("area")["dwellings"].sum().reindex(table.index, fill_value=0.0)
    table["dwellings_in_clusters"] = (
        hit.groupby("area")["dwellings"].sum().reindex(table.index, fill_value=0.0)
    )
    share = table["dwellings_in_clusters"] / table["dwellings"].where(table["dwellings"] > 0)
    table["share_in_clusters"] = share
    table["clusters"] = _lists(hit, "area", "cluster").reindex(table.index, fill_value="")
    return pd.DataFrame(table)


def _per_cluster(
    clusters: StructuralClusters, areas: Areas, pairs: pd.DataFrame, weight: np.ndarray
) -> pd.DataFrame:
    hit = pairs[pairs["cluster"] > 0].assign(code=lambda rows: areas.codes[rows["area"]])
    table = clusters.table[["cluster", "rank", "name", "severity"]].sort_values("rank").reset_index(drop=True)
    whole = pd.Series(weight).groupby(clusters.labels.values).sum()
    number = table["cluster"]
    table["dwellings"] = number.map(whole).astype(float)
    table["dwellings_in_areas"] = number.map(hit.groupby("cluster")["dwellings"].sum()).fillna(0.0)
    table["share_in_areas"] = table["dwellings_in_areas"] / table["dwellings"].where(table["dwellings"] > 0)
    table["areas"] = _lists(hit, "cluster", "code").reindex(number, fill_value="").to_numpy()
    table["outside"] = table["areas"] == ""
    return table


def _lists(hit: pd.DataFrame, by: str, what: str) -> pd.Series:
    """Return for each of `by` what it meets, as text."""
    return hit.groupby(by)[what].agg(_listed).astype(object)


def _listed(values: pd.Series) -> str:
    return ", ".join(str(value) for value in sorted(set(values)))
