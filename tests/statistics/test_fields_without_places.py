"""Fields without a single place: every statistic labels them, with NaN and a warning."""

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.cells import cell_coordinates

GRID = lr.Grid(0.0, 400.0, 4, 4, 100.0, "EPSG:28992")
LOCAL = (lr.local_moran, lr.getis_ord, lr.local_geary, lr.local_join_count)
GLOBAL = (lr.moran, lr.geary, lr.getis_ord_general, lr.join_count)


def nowhere(*years):
    coords = cell_coordinates(GRID, np.empty(0, np.int64)) | ({"year": list(years)} if years else {})
    dims = ("year", "cell") if years else ("cell",)
    return xr.DataArray(np.empty((len(years), 0) if years else 0), dims=dims, coords=coords)


@pytest.mark.parametrize("statistic", GLOBAL, ids=lambda one: one.__name__)
@pytest.mark.parametrize("years", [(), (2020, 2022, 2024)], ids=["one field", "three years"])
def test_global_statistics_are_nan(statistic, years):
    with pytest.warns(lr.errors.NoVarianceWarning, match="have no variance or fewer than 3 values"):
        found = statistic(nowhere(*years), lr.Neighbourhood.queen())
    assert found["p"].isnull().all()
    assert (found["n"] == 0).all()
    assert found.sizes.get("year", 0) == len(years)


@pytest.mark.parametrize("statistic", LOCAL, ids=lambda one: one.__name__)
def test_local_statistics_have_no_places(statistic):
    with pytest.warns(lr.errors.NoVarianceWarning, match="2 of 2 fields have no variance"):
        found = statistic(nowhere(2022, 2024), lr.Neighbourhood.queen())
    assert dict(found.sizes) == {"year": 2, "cell": 0}
    assert (found["n"] == 0).all()
