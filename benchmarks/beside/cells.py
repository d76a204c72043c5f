"""The cells that every program gets: a generated ragged field, or the German census grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

import leefraster as lr

QUEEN = lr.Neighbourhood.queen()
RADIUS = 1000.0
GERMANY = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "germany_100m"
VARIABLE = "demography_ALTER_10JG_1.parquet"


@dataclass(frozen=True)
class Cells:
    """A raster without islands, NaN where there is no value, and what programs make of it.

    Attributes
    ----------
    raster : DataArray, dims (y, x)
        Values of cells of 100 m.
    """

    raster: xr.DataArray

    @cached_property
    def field(self) -> xr.DataArray:
        """The values on the dimension `cell`, row by row."""
        return lr.from_raster(self.raster)

    @cached_property
    def values(self) -> npt.NDArray[np.float64]:
        """The values in the order of `field`."""
        return np.asarray(self.field.values, np.float64)

    @cached_property
    def pairs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Queen neighbours in compressed rows: starts and positions."""
        held = ~np.isnan(self.raster.values)
        number = np.full((held.shape[0] + 2, held.shape[1] + 2), -1)
        number[1:-1, 1:-1][held] = np.arange(held.sum())
        rows, columns = np.nonzero(held)
        steps = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
        around = np.stack([number[rows + 1 + dy, columns + 1 + dx] for dy, dx in steps], axis=1)
        there = around >= 0
        return np.concatenate([[0], np.cumsum(there.sum(axis=1))]), around[there]

    def at_cells(self, raster: Any) -> npt.NDArray[Any]:
        """Return the values of a raster in the order of `field`."""
        return np.asarray(raster)[~np.isnan(self.raster.values)]

    @classmethod
    def made(cls, count: int, seed: int = 0) -> Cells:
        """Return about `count` cells of a square raster, of which three fifths hold a value, in clumps."""
        from fields import ragged_field

        return cls(without_islands(lr.to_raster(ragged_field(count, seed))))

    @classmethod
    def germany(cls) -> Cells:
        """Return a variable of the German census of 2022: some 1.3 million inhabited cells of 100 m."""
        import pandas as pd

        table = pd.read_parquet(GERMANY / VARIABLE).dropna(subset=["value"])
        grid = lr.Grid.covering(table["x"].to_numpy(), table["y"].to_numpy(), crs="EPSG:3035")
        dataset = lr.from_table(table, grid, x="x", y="y", values=["value"])
        return cls(without_islands(lr.to_raster(dataset["value"])))

    def save(self, path: Path) -> None:
        """Keep the raster for the children."""
        np.savez(path, values=self.raster.values, y=self.raster["y"].values, x=self.raster["x"].values)

    @classmethod
    def load(cls, path: Path) -> Cells:
        """Read what `save` kept."""
        kept = np.load(path)
        coords = {"y": kept["y"], "x": kept["x"]}
        return cls(xr.DataArray(kept["values"], dims=("y", "x"), coords=coords))


def without_islands(raster: xr.DataArray) -> xr.DataArray:
    """Return the raster less the cells that have no queen neighbour, which programs treat differently."""
    held = ~np.isnan(raster.values)
    padded = np.pad(held, 1).astype(np.int8)
    ny, nx = held.shape
    around = (
        sum(padded[dy : dy + ny, dx : dx + nx] for dy in range(3) for dx in range(3)) - padded[1:-1, 1:-1]
    )
    coords = {"y": raster["y"].values, "x": raster["x"].values}
    values = np.where(held & (around > 0), raster.values.astype(np.float64), np.nan)
    return xr.DataArray(values, dims=("y", "x"), coords=coords)
