"""A country with one city, a town and hamlets near and far, whose amenities change as told."""

from __future__ import annotations

import numpy as np
import xarray as xr

from leefraster import Grid
from leefraster.cells import cell_coordinates

GRID = Grid(0, 40_000, 400, 400, crs="EPSG:28992")


def thin_country(
    thin: float = 0.0,
    near: float = 0.0,
    dense: float = 0.0,
    *,
    sd: float = 0.0005,
    seed: int = 0,
) -> xr.Dataset:
    """A country of 40 x 40 km in which amenities change by these amounts from 2014 to 2024.

    A city of 6 x 6 km (72,000 inhabitants) in the south-west, a town of 2 x 2 km (4,000, too few for a centre) in
    the north-east, and a cell with 5 inhabitants at every 500 m: thin beyond 10 km of the city, near within. There
    are 64 municipalities of 5 x 5 km, whose changes differ by `sd`.
    """
    rng = np.random.default_rng(seed)
    row, column = np.indices((400, 400)).reshape(2, -1)
    city = (row >= 340) & (column < 60)
    town = (row >= 40) & (row < 60) & (column >= 340) & (column < 360)
    kept = city | town | ((row % 5 == 2) & (column % 5 == 2))
    row, column, city, town = (values[kept] for values in (row, column, city, town))
    inhabitants = np.where(city, 20.0, np.where(town, 10.0, 5.0))
    away = np.hypot(np.maximum(column - 59, 0), np.maximum(340 - row, 0)) * 100
    change = np.where(city | town, dense, np.where(away > 10_000, thin, near))
    place = (row // 50) * 8 + column // 50
    begin = rng.normal(0, 0.05, 64)[place] + np.where(city, 0.1, -0.1)
    finish = begin + change + rng.normal(0, sd, 64)[place]
    score = np.stack([np.stack([begin, finish]), rng.normal(0, 0.05, (2, row.size))], axis=1)
    return xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), score),
            "level": (("year", "cell"), 4.1 + score.sum(axis=1)),
            "inhabitants": ("cell", inhabitants),
            "dwellings": ("cell", inhabitants / 2),
            "urbanity": ("cell", np.where(city, 2.0, np.where(town, 3.0, 5.0))),
            "municipality": ("cell", np.array([f"GM{number:04d}" for number in place])),
        },
        coords={
            "year": [2014, 2024],
            "dimension": ["vrz", "onv"],
            **cell_coordinates(GRID, row * 400 + column),
        },
    )
