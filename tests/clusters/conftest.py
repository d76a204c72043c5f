"""A small made country in which weak places are put by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from leefraster import Grid
from leefraster.cells import cell_coordinates

YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024)
MakeScores = Callable[..., xr.Dataset]


@pytest.fixture
def make_scores() -> MakeScores:
    """Return a maker of scores: `levels` (year, row, column) or (row, column), NaN where nobody lives."""

    def make(levels, *, years=YEARS, dwellings=20.0, cell=100.0, **variables) -> xr.Dataset:
        levels = np.asarray(levels, dtype=float)
        if levels.ndim == 2:
            levels = np.repeat(levels[np.newaxis], len(years), axis=0)
        grid = Grid(0.0, levels.shape[1] * cell, levels.shape[2], levels.shape[1], cell, "EPSG:28992")
        flat = levels.reshape(len(years), -1)
        cells = np.flatnonzero(np.isfinite(flat).any(axis=0))
        weights = np.broadcast_to(dwellings, levels.shape[1:]).ravel()[cells]
        data = {"level": (("year", "cell"), flat[:, cells]), "dwellings": ("cell", weights)}
        return xr.Dataset(
            {**data, **variables}, coords={"year": list(years), **cell_coordinates(grid, cells)}
        )

    return make
