"""Runs that the tests of the report share."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from made_runs import DIMENSIONS, made_record, scores_record, with_statistics

from leefraster.cells import cell_coordinates
from leefraster.grid import Grid
from leefraster.record import RunRecord


@pytest.fixture(scope="session")
def small() -> RunRecord:
    """A run on scores of 60 x 50 cells with holes."""
    grid = Grid(100_000.0, 450_000.0, 60, 50, crs="EPSG:28992")
    ids = np.flatnonzero(np.random.default_rng(3).random(grid.size) < 0.8).astype(np.int64)
    return scores_record(grid, ids)


@pytest.fixture(scope="session")
def layers_record() -> RunRecord:
    """A run on two general layers of one year each, without scores."""
    grid = Grid(0.0, 4000.0, 50, 40)
    ids = np.flatnonzero(np.random.default_rng(4).random(grid.size) < 0.6).astype(np.int64)
    random = np.random.default_rng(5)
    value = np.full((2, 2, ids.size), np.nan, dtype=np.float32)
    value[1, 0] = random.poisson(20, ids.size) * 5
    value[0, 1] = random.normal(0, 2, ids.size)
    dataset = xr.Dataset(
        {"value": (("year", "layer", "cell"), value)},
        coords={"year": [2011, 2022], "layer": ["inhabitants", "balance"], **cell_coordinates(grid, ids)},
    )
    with np.errstate(all="ignore"):
        return made_record(with_statistics(dataset, ["inhabitants", "balance"]), title="Two layers")


@pytest.fixture(scope="session")
def areas_record() -> RunRecord:
    """A run on areas: points without a grid."""
    random = np.random.default_rng(6)
    score = random.normal(0, 0.05, (1, 5, 300)).astype(np.float32)
    dataset = xr.Dataset(
        {
            "score": (("year", "dimension", "area"), score),
            "total": (("year", "area"), score.sum(axis=1)),
        },
        coords={
            "year": [2024],
            "dimension": DIMENSIONS,
            "area": [f"BU{i:08d}" for i in range(300)],
            "x": ("area", random.uniform(80_000, 110_000, 300)),
            "y": ("area", random.uniform(420_000, 450_000, 300)),
        },
    )
    return made_record(with_statistics(dataset, [*DIMENSIONS, "total"], "area"), title="Buurten")
