"""Decay sums, densities, distances and counts against plain loops, scipy.ndimage and laws."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from make_xarray_spatial_values import field as xrspatial_field
from scipy.ndimage import convolve, distance_transform_edt

import leefraster as lr
from leefraster.cells import cell_coordinates, from_raster, to_raster
from leefraster.errors import InputError, UsageError
from leefraster.kernels import jit
from naive import raster
from naive_scoring import KERNELS, count_within, decay_sum, distance

NX, NY = 13, 11
GRID = lr.Grid(1000, 5000, NX, NY, 100.0, "EPSG:28992")


def cells(seed: int, share: float = 0.5) -> xr.DataArray:
    rng = np.random.default_rng(seed)
    ids = np.flatnonzero(rng.random(NX * NY) < share)
    ids = ids if ids.size else np.array([NX * NY - 1])
    values = np.where(rng.random(ids.size) < 0.2, np.nan, rng.normal(4, 1, ids.size))
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids), name="shops")


def offsets(radius: float, cell: float = 100.0):
    """Return the rows and columns of offsets of a dense window that holds a radius, and their lengths."""
    reach = int(radius / cell)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.hypot(dy, dx) * cell


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([60.0, 130.0, 200.0, 333.3]),
    st.sampled_from(sorted(KERNELS)),
    st.sampled_from([None, 100.0, 223.7, 250.0, 4000.0]),
)
def test_decay_sums_equal_a_naive_loop(seed, bandwidth, kernel, cutoff):
    if cutoff is None and kernel in ("bisquare", "triangular") and bandwidth < 100:
        bandwidth = 160.0
    field = cells(seed)
    expected = decay_sum(field["x"].values, field["y"].values, field.values, bandwidth, kernel, cutoff)
    found = lr.decay_sum(field, bandwidth, kernel, cutoff)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert found.attrs["kernel"] == kernel


def test_decay_sums_of_a_dense_raster_equal_convolution():
    values = np.random.default_rng(1).gamma(2, size=(40, 37))
    away = offsets(600)
    weights = np.where(away <= 600, np.exp(-0.5 * (away / 200) ** 2), 0.0)
    expected = convolve(values, weights, mode="constant")
    np.testing.assert_allclose(lr.decay_sum(raster(values), 200), expected, rtol=1e-12)


@pytest.mark.parametrize("radius", [100, 250, 470.5, 1000])
def test_disc_sums_of_a_dense_raster_equal_convolution(radius):
    values = np.random.default_rng(2).normal(size=(45, 38))
    expected = convolve(values, (offsets(radius) <= radius).astype(float), mode="constant")
    np.testing.assert_allclose(lr.focal_sum(raster(values), radius), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("radius", [100, 300, 450])
def test_focal_statistics_equal_those_of_xarray_spatial(radius):
    """Its values come from a file; it works in single precision, and rounds a radius to whole cells."""
    theirs = json.loads(Path(__file__).with_name("xarray_spatial_values.json").read_text())
    assert theirs["xarray-spatial"]
    reach = {100: 100, 300: 300, 450: 400}[radius]
    for name, ours in (("mean", lr.focal_mean), ("sum", lr.focal_sum)):
        np.testing.assert_allclose(
            ours(xrspatial_field(), reach), theirs[f"{name} {radius}"], rtol=1e-5, atol=6e-5
        )


def test_threads_and_mirroring_do_not_change_a_bit_of_decay_sums(monkeypatch):
    field = raster(np.random.default_rng(4).normal(4, 1e-3, size=(90, 70)))
    results = []
    for threads in (1, 2):
        monkeypatch.setattr(jit, "_threads", threads)
        results.append(lr.decay_sum(field, 150, "exponential").values)
    assert results[0].tobytes() == results[1].tobytes()
    mirrored = lr.decay_sum(raster(field.values[::-1, ::-1]), 150, "exponential").values[::-1, ::-1]
    assert np.ascontiguousarray(mirrored).tobytes() == results[0].tobytes()


@pytest.mark.parametrize("share", [0.03, 0.2, 0.7])
def test_decay_sums_have_the_same_bits_where_zeros_fill_the_gaps(share):
    """Rows with few cells are added up cell by cell, others in all columns at once."""
    rng = np.random.default_rng(6)
    full = np.where(rng.random((60, 80)) < share, rng.normal(4, 1, (60, 80)), 0.0)
    gappy = from_raster(raster(np.where(full == 0.0, np.nan, full)))
    found = lr.decay_sum(gappy, 200, cutoff=900)
    whole = from_raster(lr.decay_sum(raster(full), 200, cutoff=900)).sel(cell=gappy["cell"])
    assert found.values.tobytes() == whole.values.tobytes()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.001, 1000))
def test_decay_sums_follow_scale_and_shrink_with_the_cutoff(seed, scale):
    field = abs(cells(seed))
    whole = lr.decay_sum(field, 200)
    np.testing.assert_allclose(lr.decay_sum(field * scale, 200), whole * scale, rtol=1e-12)
    near = lr.decay_sum(field, 200, cutoff=250).fillna(0)
    assert (near <= whole.fillna(0) + 1e-12).all()


def test_density_is_the_sum_per_square_kilometre_of_the_whole_disc():
    field = cells(5)
    field.attrs["units"] = "count"
    found = lr.density(field, 470.5)
    np.testing.assert_allclose(found, lr.focal_sum(field, 470.5) / (np.pi * 0.4705**2), rtol=1e-14)
    assert found.attrs["units"] == "1/km2"
    field.attrs["units"] = "m2"
    assert lr.density(field, 300).attrs["units"] == "m2/km2"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.02, 0.1, 0.6]),
    st.sampled_from([None, 50, 150.0, 312.5, 9000]),
)
def test_distances_to_cells_equal_a_naive_loop(seed, share, cap):
    field = cells(seed)
    rng = np.random.default_rng(seed)
    there = rng.random(field.size) < share
    where = field.copy(data=np.where(there, 2.0, np.where(rng.random(field.size) < 0.5, 0.0, np.nan)))
    x, y = field["x"].values, field["y"].values
    expected = distance(x, y, x[there], y[there], cap)
    np.testing.assert_allclose(lr.distance_to(where, cap=cap), expected, rtol=1e-14)
    asked = cells(seed + 1, share=0.3)
    elsewhere = distance(asked["x"].values, asked["y"].values, x[there], y[there], cap)
    found = lr.distance_to(where, like=asked, cap=cap)
    np.testing.assert_allclose(found, elsewhere, rtol=1e-14)
    assert (found["cell"] == asked["cell"]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 60), st.sampled_from([0.003, 0.05, 0.4]))
def test_distances_on_a_dense_raster_equal_scipy(seed, ny, nx, share):
    targets = np.random.default_rng(seed).random((ny, nx)) < share
    targets[seed % ny, seed % nx] = True
    found = lr.distance_to(raster(targets))
    np.testing.assert_allclose(found, distance_transform_edt(~targets) * 100, rtol=1e-14)
    assert found.dims == ("y", "x")


def test_distances_map_leading_dimensions_and_do_not_depend_on_threads(monkeypatch):
    where = xr.DataArray(
        np.random.default_rng(6).random((2, 60, 70)) < 0.02,
        dims=("year", "y", "x"),
        coords=raster(np.zeros((60, 70))).coords,
    ).assign_coords(year=[2020, 2024])
    both = lr.distance_to(where, cap=700)
    np.testing.assert_array_equal(both.sel(year=2024), lr.distance_to(where.sel(year=2024), cap=700))
    monkeypatch.setattr(jit, "_threads", 1)
    assert lr.distance_to(where, cap=700).values.tobytes() == both.values.tobytes()
    asked = from_raster(raster(np.ones((60, 70)))).isel(cell=slice(3, 900))
    there = lr.distance_to(where, like=asked, cap=700)
    assert there.dims == ("year", "cell")
    np.testing.assert_array_equal(
        there.sel(year=2020), from_raster(both.sel(year=2020)).isel(cell=slice(3, 900))
    )
    assert there["year"].values.tolist() == [2020, 2024]


def points_near(seed: int, number: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    free = np.stack([rng.uniform(700, 2600, number), rng.uniform(3600, 5300, number)], axis=1)
    return np.concatenate([free, np.round(free[: number // 2] / 50) * 50])  # edges and centres of cells too


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 60),
    st.sampled_from([20.0, 50.0, 100.0, 141.5, 250.0, 333.3, 1000.0]),
)
def test_points_counted_and_nearest_equal_a_naive_loop(seed, number, radius):
    field, points = cells(seed), points_near(seed, number)
    x, y = field["x"].values, field["y"].values
    counts = lr.count_within(points, radius, like=field)
    np.testing.assert_array_equal(counts, count_within(x, y, points[:, 0], points[:, 1], radius))
    for cap in (None, radius):
        expected = distance(x, y, points[:, 0], points[:, 1], cap)
        np.testing.assert_allclose(
            lr.distance_to(points, like=field, cap=cap), expected, rtol=1e-12, atol=1e-9
        )


def test_points_come_as_table_geodataframe_or_array():
    field, points = cells(7), points_near(7, 30)
    table = pd.DataFrame({"y": points[:, 1], "x": points[:, 0], "name": "shop"})
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(points[:, 0], points[:, 1]), crs=28992)
    expected = lr.count_within(points, 300, like=field)
    for given_ in (table, frame, points.tolist()):
        xr.testing.assert_identical(lr.count_within(given_, 300, like=field), expected)
        xr.testing.assert_identical(
            lr.distance_to(given_, like=field, cap=500), lr.distance_to(points, like=field, cap=500)
        )
    assert expected.dtype == np.int64
    with pytest.raises(InputError, match="points: is in EPSG:4326"):
        lr.count_within(frame.to_crs(4326), 300, like=field)
    with pytest.raises(
        InputError, match=r"60 geometries are no points \(Polygon\)|45 geometries are no points"
    ):
        lr.count_within(frame.assign(geometry=frame.buffer(10)), 300, like=field)


def test_like_may_be_a_raster_or_a_dataset_with_years():
    field, points = cells(8, share=0.9), points_near(8, 20)
    by_year = xr.Dataset({"a": field.expand_dims(year=[1, 2])})
    counts = lr.count_within(points, 250, like=by_year)
    assert counts.dims == ("cell",)
    flat = to_raster(field)
    on_raster = lr.count_within(points, 250, like=flat)
    assert on_raster.shape == flat.shape
    np.testing.assert_array_equal(from_raster(on_raster.astype(float)).sel(cell=field["cell"]), counts)


def test_a_cell_where_true_is_its_own_nearest_and_moving_everything_changes_nothing():
    where = cells(9) > 4
    found = lr.distance_to(where)
    assert (found.values[where.values] == 0).all()
    assert (found.values[~where.values] >= 100).all()
    moved = lr.Grid(1000, 5000 + 700, NX, NY + 20)
    shifted = where.assign_coords(cell_coordinates(moved, where["cell"].values + 3 * NX))
    np.testing.assert_array_equal(lr.distance_to(shifted), found)


def test_awkward_fields():
    lone = cells(1).isel(cell=[0]).fillna(0) * 0 + 4.0
    assert lr.decay_sum(lone, 200).values.tolist() == lone.values.tolist()
    assert lr.distance_to(lone).values.tolist() == [0.0]
    nothing = cells(1) * np.nan
    assert np.isnan(lr.decay_sum(nothing, 200)).all()
    assert np.isnan(lr.distance_to(nothing)).all()
    assert (lr.distance_to(nothing, cap=70) == 70).all()
    assert (lr.count_within(np.empty((0, 2)), 70, like=nothing) == 0).all()


def test_wrong_lengths_kernels_and_points_are_refused():
    field, points = cells(1), points_near(1, 5)
    with pytest.raises(UsageError, match="kernel is 'gauss'; allowed are 'gaussian', 'exponential'"):
        lr.decay_sum(field, 200, "gauss")
    with pytest.raises(UsageError, match="bandwidth is -5, it must be positive"):
        lr.decay_sum(field, -5)
    with pytest.raises(UsageError, match="cutoff is nan, it must be positive"):
        lr.decay_sum(field, 100, cutoff=np.nan)
    with pytest.raises(UsageError, match="reaches 50 m, no neighbouring centre of 100 m cells"):
        lr.decay_sum(field, 50, "bisquare")
    for cap in (0, -1, np.inf, np.nan):
        with pytest.raises(UsageError, match=r"cap is .*, it must be positive and finite"):
            lr.distance_to(field, cap=cap)
    with pytest.raises(UsageError, match="radius is 0, it must be positive"):
        lr.count_within(points, 0, like=field)
    with pytest.raises(UsageError, match="distance_to: points need like="):
        lr.distance_to(points)
    with pytest.raises(UsageError, match=r"points is a list of shape \(2,\)"):
        lr.count_within([1.0, 2.0], 100, like=field)
    with pytest.raises(UsageError, match="the table needs columns x and y; it has lon, lat"):
        lr.count_within(pd.DataFrame({"lon": [1.0], "lat": [2.0]}), 100, like=field)
    with pytest.raises(InputError, match="points: 1 of 7 lack a finite x or y"):
        lr.distance_to(np.vstack([points, [np.nan, 1]])[-7:], like=field)
    with pytest.raises(UsageError, match="like has dimensions"):
        lr.count_within(points, 100, like=xr.DataArray([1.0], dims="area"))
    with pytest.raises(InputError, match="like is on another grid"):
        lr.distance_to(field, like=raster(np.zeros((3, 3))))
    with pytest.raises(UsageError, match="where has dtype"):
        lr.distance_to(xr.DataArray(["a"], dims="cell"))
