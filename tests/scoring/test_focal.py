"""Focal sums and means against a naive loop, on cells and rasters, with missing values and weights."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.cells import cell_coordinates, from_raster, to_raster
from leefraster.errors import InputError, UsageError
from leefraster.kernels import jit

NX, NY = 11, 9


def raster(values, descending=True) -> xr.DataArray:
    values = np.asarray(values, dtype=float)
    y = np.arange(values.shape[-2])[:: -1 if descending else 1] * 100.0 + 50
    return xr.DataArray(
        values, dims=("y", "x"), coords={"y": y, "x": np.arange(values.shape[-1]) * 100.0 + 50}
    )


def naive(x, y, values, radius, weights=None):
    """Loop over all pairs; return sums and means per cell."""
    weights = np.ones(values.size) if weights is None else weights
    sums, means = np.full(values.size, np.nan), np.full(values.size, np.nan)
    for i in range(values.size):
        near = (x - x[i]) ** 2 + (y - y[i]) ** 2 <= radius**2 + 1e-6
        near &= np.isfinite(values)
        if near.any():
            sums[i] = values[near].sum()
        counted = near & (np.nan_to_num(weights) > 0)
        if counted.any():
            means[i] = (values[counted] * weights[counted]).sum() / weights[counted].sum()
    return sums, means


def cells(seed: int, share: float = 0.6) -> xr.DataArray:
    rng = np.random.default_rng(seed)
    ids = np.flatnonzero(rng.random(NX * NY) < share)
    ids = ids if ids.size else np.array([0])
    values = np.where(rng.random(ids.size) < 0.2, np.nan, rng.normal(4, 1, ids.size))
    grid = lr.Grid(1000, 5000, NX, NY)
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(grid, ids), name="level")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([100, 141.5, 200, 250, 500, 5000]), st.booleans())
def test_sums_and_means_equal_a_naive_loop(seed, radius, weighted):
    field = cells(seed)
    rng = np.random.default_rng(seed + 1)
    weight = np.where(rng.random(field.size) < 0.2, np.nan, rng.integers(0, 50, field.size).astype(float))
    weights = field.copy(data=weight) if weighted else None
    sums, means = naive(
        field["x"].values, field["y"].values, field.values, radius, weight if weighted else None
    )
    np.testing.assert_allclose(lr.focal_sum(field, radius), sums, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(lr.focal_mean(field, radius, weights), means, rtol=1e-12)


def test_a_disc_includes_centres_at_exactly_its_radius():
    field = raster(np.ones((7, 7)))
    for radius, count in ((100, 5), (200, 13), (250, 21), (300, 29)):
        assert lr.focal_sum(field, radius).values[3, 3] == count


def test_leading_dimensions_are_mapped_and_attributes_kept():
    field = xr.concat([cells(3), cells(3) * 2], dim="year").assign_coords(year=[2020, 2024])
    field.attrs = {"units": "dwellings", "long_name": "level"}
    both = lr.focal_sum(field, 200)
    assert both.dims == ("year", "cell")
    assert both.attrs["units"] == "dwellings"
    np.testing.assert_array_equal(both.sel(year=2024), 2 * both.sel(year=2020))


@pytest.mark.parametrize("descending", [True, False])
def test_a_raster_comes_back_as_a_raster_north_up(descending):
    values = np.random.default_rng(5).normal(size=(NY, NX))
    values[2, 3] = np.nan
    field = raster(values, descending)
    result = lr.focal_mean(field, 250)
    assert result.dims == ("y", "x")
    assert result["y"].values.tolist() == sorted(field["y"].values, reverse=True)
    np.testing.assert_array_equal(result, to_raster(lr.focal_mean(from_raster(field), 250)))
    np.testing.assert_array_equal(result, lr.focal_mean(field.transpose("x", "y"), 250))


def test_weights_may_be_a_raster_or_vary_by_year():
    field = raster(np.random.default_rng(6).normal(size=(NY, NX)))
    weights = raster(np.random.default_rng(7).integers(0, 9, (NY, NX)).astype(float))
    as_cells = lr.focal_mean(from_raster(field), 200, from_raster(weights))
    np.testing.assert_array_equal(from_raster(lr.focal_mean(field, 200, weights)), as_cells)
    series = xr.concat([from_raster(field)] * 2, dim="year").assign_coords(year=[1, 2])
    by_year = xr.concat([from_raster(weights), from_raster(weights) * 0 + 1], dim="year")
    result = lr.focal_mean(series, 200, by_year.assign_coords(year=[1, 2]))
    np.testing.assert_array_equal(result.sel(year=1), as_cells)
    np.testing.assert_allclose(result.sel(year=2), lr.focal_mean(from_raster(field), 200), rtol=1e-14)


def test_weights_are_aligned_by_label():
    field, weights = cells(8), cells(9, share=1.0)
    weights = weights.copy(data=np.arange(weights.size, dtype=float))
    shuffled = weights.isel(cell=np.random.default_rng(1).permutation(weights.size))
    np.testing.assert_array_equal(lr.focal_mean(field, 200, weights), lr.focal_mean(field, 200, shuffled))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1e6, 1e6), st.floats(0.001, 1000))
def test_a_mean_follows_shift_and_scale_and_stays_in_range(seed, shift, scale):
    field = cells(seed)
    mean = lr.focal_mean(field, 200)
    moved = lr.focal_mean(field * scale + shift, 200)
    np.testing.assert_allclose(moved, mean * scale + shift, rtol=1e-9, atol=1e-9 * (scale + abs(shift)))
    known = mean.values[np.isfinite(mean.values)]
    if known.size:
        assert np.nanmin(field) - 1e-12 <= known.min() <= known.max() <= np.nanmax(field) + 1e-12


def test_threads_and_mirroring_do_not_change_a_bit(monkeypatch):
    field = raster(np.random.default_rng(10).normal(4, 1e-3, size=(200, 150)))
    results = []
    for threads in (1, 2):
        monkeypatch.setattr(jit, "_threads", threads)
        results.append(lr.focal_mean(field, 450).values)
    assert results[0].tobytes() == results[1].tobytes()
    mirrored = lr.focal_mean(raster(field.values[::-1, ::-1]), 450).values[::-1, ::-1]
    assert np.ascontiguousarray(mirrored).tobytes() == results[0].tobytes()


@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e300, 1e-12])
def test_extreme_sizes(scale):
    field = raster(np.full((3, 3), scale))
    np.testing.assert_allclose(lr.focal_mean(field, 100), scale, rtol=1e-12)


def test_awkward_fields():
    assert np.isnan(lr.focal_mean(cells(1) * np.nan, 200)).all()
    lone = cells(1).isel(cell=[0]) * 0 + 4.0
    assert lr.focal_sum(lone, 200).values.tolist() == lone.values.tolist()
    whole = raster(np.arange(12).reshape(2, 6)).astype(int)
    np.testing.assert_array_equal(lr.focal_sum(whole, 100), lr.focal_sum(whole.astype(float), 100))


@pytest.mark.parametrize("radius", [0, -5, np.nan, np.inf, 40])
def test_a_radius_that_reaches_nothing_is_refused(radius):
    with pytest.raises(UsageError, match=r"radius|holds no neighbouring"):
        lr.focal_mean(cells(1), radius)


def test_order_of_cells_does_not_matter():
    field = cells(11)
    mixed = field.isel(cell=np.random.default_rng(2).permutation(field.size))
    result = lr.focal_mean(mixed, 200)
    assert (result["cell"] == mixed["cell"]).all()
    np.testing.assert_array_equal(result.sortby("cell"), lr.focal_mean(field, 200))


def test_wrong_fields_and_weights_are_refused():
    with pytest.raises(UsageError, match="must have 'cell', or 'y' and 'x'"):
        lr.focal_sum(xr.DataArray([1.0], dims="area"), 100)
    with pytest.raises(InputError, match="1 infinite values"):
        lr.focal_sum(cells(1).where(cells(1)["cell"] != cells(1)["cell"][0], np.inf), 100)
    with pytest.raises(InputError, match=r"weights: .* are negative"):
        lr.focal_mean(cells(1), 100, cells(1).fillna(0) * 0 - 1)
    with pytest.raises(UsageError, match="dimension year, which the field lacks"):
        lr.focal_mean(cells(1), 100, cells(1).expand_dims(year=[1, 2]))
    with pytest.raises(UsageError, match="dimension area, which the field lacks"):
        lr.focal_mean(cells(1), 100, xr.DataArray([1.0], dims="area"))
