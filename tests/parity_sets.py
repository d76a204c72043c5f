"""The fields on which peers are compared: libpysal's example sets, a made raster with holes, real squares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import leefraster as lr

EXAMPLES = {
    "columbus": ("columbus.dbf", "columbus.gal", "POLYID", "CRIME", "INC"),
    "stl_hom": ("stl_hom.dbf", "stl.gal", "POLY_ID_OG", "HR8893", "PE87"),
    "sids2": ("sids2.dbf", "sids2.gal", "FIPS", "SIDR74", "NWR74"),
}
SQUARES = ("aantal_inwoners", "gemiddelde_huishoudensgrootte")


@dataclass(frozen=True)
class ParitySet:
    """A field without islands, a second one, who is whose neighbour to us, and to peers the same as positions.

    `raster` is the field as made, where it has islands and holes (else None).
    """

    field: xr.DataArray
    other: xr.DataArray
    neighbourhood: Any
    graph: Any
    raster: xr.DataArray | None = None

    @property
    def high(self) -> np.ndarray:
        """Where the field is above its median: 0/1."""
        return (self.field.values > np.median(self.field.values)).astype(float)

    @cached_property
    def w(self) -> Any:
        """The same as a W: esda's moments overflow for Graphs with many links (trap 3)."""
        return self.graph.to_W()

    @cached_property
    def positions(self) -> Any:
        """The same Graph with positions as ids: esda's Geary_Local and Join_Counts_Local sort results by id."""
        from libpysal.graph import Graph

        focal, near = self.pairs()
        return Graph.from_arrays(focal, near, np.ones(focal.size))

    def with_values(self, values: np.ndarray) -> xr.DataArray:
        return self.field.copy(data=np.asarray(values, dtype=float))

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Who has whom, as positions."""
        adjacency = self.graph.adjacency
        place = pd.Series(np.arange(self.graph.n), index=self.graph.unique_ids)
        focal, near = (adjacency.index.get_level_values(level) for level in ("focal", "neighbor"))
        return place[focal].to_numpy(), place[near].to_numpy()


def park_miller(count: int, seed: int) -> np.ndarray:
    """Return numbers between 0 and 1 that any program can make: s <- 16807 s mod (2^31 - 1)."""
    out, state = np.empty(count), seed
    for i in range(count):
        state = state * 16807 % 2147483647
        out[i] = state / 2147483647
    return out


@cache
def example(name: str) -> ParitySet:
    """Return a set that libpysal ships, with its own neighbour file."""
    import libpysal
    from libpysal.examples import get_path

    table, neighbours, label, first, second = EXAMPLES[name]
    rows = libpysal.io.open(get_path(table))
    columns = {key: rows.by_col(key) for key in (label, first, second)}
    rows.close()
    links = libpysal.io.open(get_path(neighbours))
    w = links.read()
    links.close()
    ids = [str(key) for key in columns[label]]
    assert sorted(ids) == sorted(w.id_order)
    graph = lr_graph(w, ids)
    fields = [
        xr.DataArray(np.asarray(columns[key], float), dims="area", coords={"area": ids}, name=key)
        for key in (first, second)
    ]
    return ParitySet(*fields, graph, graph)


def lr_graph(w: Any, ids: list[str]) -> Any:
    """Return a binary Graph in the order of the table."""
    from libpysal.graph import Graph

    return Graph.from_dicts({key: dict.fromkeys(w.neighbors[key], 1.0) for key in ids})


@cache
def holes(seed: int = 20_24, shape: tuple[int, int] = (14, 17), share: float = 0.4) -> ParitySet:
    """Return a made raster with holes and islands."""
    ny, nx = shape
    drawn = park_miller(3 * ny * nx, seed).reshape(3, ny, nx)
    slope = np.arange(nx) / nx + np.arange(ny)[:, None] / ny
    first = np.where(drawn[0] < share, np.nan, slope + 1.5 * drawn[1])
    second = slope[::-1] + drawn[2] ** 2
    return of_raster(first, second)


def of_raster(first: np.ndarray, second: np.ndarray) -> ParitySet:
    """Return a set with queen neighbours from two rasters; places with one value or no neighbour are left out."""
    both = np.isfinite(first) & np.isfinite(second)
    padded = np.pad(both, 1)
    near = sum(
        padded[1 + dy : padded.shape[0] - 1 + dy, 1 + dx : padded.shape[1] - 1 + dx].astype(int)
        for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)
    )  # fmt: skip
    linked = both & (near > 0)
    ny, nx = first.shape
    coords = {"y": (np.arange(ny)[::-1] + 0.5) * 100, "x": (np.arange(nx) + 0.5) * 100}
    field, other = (
        lr.from_raster(xr.DataArray(np.where(linked, v, np.nan), dims=("y", "x"), coords=coords))
        for v in (first, second)
    )
    keep = field.notnull().values
    queen = lr.Neighbourhood.queen()
    field, other = field[keep], other[keep]
    whole = xr.DataArray(first, dims=("y", "x"), coords=coords)
    return ParitySet(field, other, queen, queen.graph(field), whole)


@cache
def squares(shared_data: Path) -> ParitySet:
    """Return real squares of 100 m around Rotterdam: inhabitants and the mean size of households."""
    table = pd.read_parquet(
        shared_data / "cbs_100m_rijnmond_2024" / "grid_100m.parquet", columns=["crs28992res100m", *SQUARES]
    ).dropna()
    codes = table["crs28992res100m"].str
    x, y = codes[1:5].astype(int).to_numpy(), codes[6:10].astype(int).to_numpy()
    first, second = (np.full((y.max() - y.min() + 1, x.max() - x.min() + 1), np.nan) for _ in range(2))
    for array, name in ((first, SQUARES[0]), (second, SQUARES[1])):
        array[y.max() - y, x - x.min()] = table[name].to_numpy(float)
    return of_raster(first, second)
