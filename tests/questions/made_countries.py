"""Small countries with known answers, for the questions."""

from __future__ import annotations

import numpy as np
import xarray as xr

from leefraster import Grid
from leefraster.cells import cell_coordinates

DIMENSIONS = ["won", "fys", "vrz", "soc", "onv"]
RISING = [-0.1, -0.05, 0.0, 0.05, 0.1]
FALLING = [0.2, 0.1, 0.0, -0.05, -0.1]
FLAT = [0.0, 0.01, 0.0, 0.01, 0.0]
BROKEN = [-0.1, 0.05, -0.05, 0.08, 0.02]


def by_class(means: dict[str, list[float]], per_class: int = 12, seed: int = 0) -> xr.Dataset:
    """A country of areas whose dimensions have exactly these means in urbanity classes 1 to 5."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(1, 6), per_class)
    dwellings = rng.integers(100, 900, kind.size).astype(float)
    rows = []
    for code in DIMENSIONS:
        noise = rng.normal(0, 0.05, kind.size)
        for k in range(1, 6):
            inside = kind == k
            noise[inside] -= np.average(noise[inside], weights=dwellings[inside])
        rows.append(np.array(means[code])[kind - 1] + noise)
    score = np.array(rows)[None]
    return xr.Dataset(
        {
            "score": (("year", "dimension", "area"), score),
            "total": (("year", "area"), score.sum(axis=1)),
            "urbanity": ("area", kind.astype(np.float32)),
            "dwellings": ("area", dwellings),
        },
        coords={
            "year": [2024],
            "dimension": DIMENSIONS,
            "area": [f"BU{i:08d}" for i in range(kind.size)],
        },
    )


def claimed(**other: list[float]) -> xr.Dataset:
    """A country in which the letter is right about urbanity, but for the dimensions given."""
    return by_class(dict.fromkeys(DIMENSIONS, RISING) | {"vrz": FALLING} | other)


def two_years(
    start: list[float],
    change: list[float],
    *,
    municipalities: int = 20,
    per_class: int = 2,
    sd_place: float = 0.01,
    sd_change: float = 0.002,
    seed: int = 1,
) -> xr.Dataset:
    """A country of cells with these levels by class in 2014 and changes to 2024; municipalities differ."""
    rng = np.random.default_rng(seed)
    kind = np.tile(np.repeat(np.arange(1, 6), per_class), municipalities)
    place = np.repeat(np.arange(municipalities), 5 * per_class)
    begin = np.array(start)[kind - 1] + rng.normal(0, sd_place, municipalities)[place]
    finish = begin + np.array(change)[kind - 1] + rng.normal(0, sd_change, municipalities)[place]
    cells = np.arange(kind.size) * 7
    return xr.Dataset(
        {
            "level": (("year", "cell"), np.array([begin, finish])),
            "urbanity": ("cell", kind.astype(np.float32)),
            "dwellings": (("year", "cell"), rng.integers(50, 400, (2, kind.size)).astype(float)),
            "municipality": ("cell", np.array([f"GM{i:04d}" for i in place])),
            "version": ("year", ["3.0", "3.0"]),
        },
        coords={"year": [2014, 2024], **cell_coordinates(Grid(0, 100_000, 1000, 1000), cells)},
    )


def with_clusters(country: list[float], weak: list[list[float]], years: list[int]) -> xr.Dataset:
    """A country of 40 x 40 cells at these levels by year, with a block of 8 x 8 cells for every course."""
    grid = Grid(0, 4000, 40, 40)
    level = np.repeat(np.array(country)[:, None], 1600, axis=1).reshape(len(years), 40, 40)
    for number, course in enumerate(weak):
        column = 2 + 13 * number
        level[:, 16:24, column : column + 8] = np.array(course)[:, None, None]
    dwellings = np.full(1600, 20.0)
    return xr.Dataset(
        {
            "level": (("year", "cell"), level.reshape(len(years), 1600)),
            "dwellings": ("cell", dwellings),
            "households": ("cell", dwellings - 1),
            "inhabitants": ("cell", np.where(np.arange(1600) % 2, 30.0, 50.0)),
        },
        coords={"year": years, **cell_coordinates(grid, np.arange(1600))},
    )
