"""Cell-indexed data and rasters: there and back, the grid that travels along, and what is refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.cells import cell_coordinates, grid_of_raster, north_up
from leefraster.errors import InputError
from naive import raster

FLOATS = st.one_of(st.just(np.nan), st.floats(-1e6, 1e6, allow_nan=False))


@st.composite
def fields(draw, leading=False):
    shape = (draw(st.integers(1, 6)), draw(st.integers(2, 6)))
    shape = ((draw(st.integers(1, 3)),) if leading else ()) + shape
    values = draw(st.lists(FLOATS, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(values).reshape(shape)


@settings(max_examples=80, deadline=None)
@given(fields(), st.sampled_from([np.float32, np.float64]))
def test_a_raster_comes_back_the_same(array, dtype):
    field = raster(array.astype(dtype))
    cells = lr.from_raster(field)
    assert cells.dtype == dtype
    np.testing.assert_array_equal(cells["cell"].values, np.flatnonzero(~np.isnan(array.ravel())))
    np.testing.assert_array_equal(cells.values, field.values[~np.isnan(field.values)])
    back = lr.to_raster(cells)
    assert back.dims == ("y", "x")
    np.testing.assert_array_equal(back.values, field.values)
    for name in ("x", "y"):
        np.testing.assert_array_equal(back[name], field[name])


@settings(max_examples=50, deadline=None)
@given(fields(leading=True))
def test_cells_are_the_union_over_the_years(array):
    cells = lr.from_raster(raster(array))
    held = ~np.isnan(array).all(axis=0).ravel()
    np.testing.assert_array_equal(cells["cell"].values, np.flatnonzero(held))
    np.testing.assert_array_equal(cells.values, array.reshape(array.shape[0], -1)[:, held])
    np.testing.assert_array_equal(lr.to_raster(cells).values, array)


@settings(max_examples=50, deadline=None)
@given(fields().filter(lambda array: not np.isnan(array).all()))
def test_cells_come_back_the_same_and_cropping_keeps_all_of_them(array):
    cells = lr.from_raster(raster(array))
    assert lr.from_raster(lr.to_raster(cells)).identical(cells)
    cropped = lr.to_raster(cells, crop=True)
    rows, columns = np.nonzero(~np.isnan(array))
    inner = array[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_array_equal(cropped.values, inner)
    again = lr.from_raster(cropped)
    for name in ("x", "y"):
        np.testing.assert_array_equal(again[name], cells[name])
    assert lr.grid_of(cropped).shape == inner.shape


def test_coordinates_are_centres_and_ids_count_from_the_north_west():
    array = np.array([[1.0, np.nan, 3.0], [np.nan, 5.0, np.nan]])
    cells = lr.from_raster(raster(array))
    assert cells["cell"].values.tolist() == [0, 2, 4]
    assert cells["x"].values.tolist() == [50.0, 250.0, 150.0]
    assert cells["y"].values.tolist() == [150.0, 150.0, 50.0]
    assert lr.grid_of(cells) == lr.Grid(0, 200, 3, 2)


@pytest.mark.parametrize("turn", ["y", "x", "both"])
def test_any_direction_of_the_axes_gives_the_same_cells(turn):
    field = raster(np.random.default_rng(0).normal(size=(2, 4, 5)))
    turned = field
    for dim in ("y", "x") if turn == "both" else (turn,):
        turned = turned.isel({dim: slice(None, None, -1)})
    assert lr.from_raster(turned).identical(lr.from_raster(field))
    assert north_up(turned).identical(field)


def test_order_of_dimensions_does_not_matter():
    field = raster(np.random.default_rng(0).normal(size=(2, 4, 5)))
    expected = lr.from_raster(field)
    for dims in (("y", "x", "year"), ("x", "year", "y")):
        found = lr.from_raster(field.transpose(*dims)).transpose("year", "cell")
        np.testing.assert_array_equal(found.values, expected.values)
        np.testing.assert_array_equal(found["cell"], expected["cell"])
    moved = expected.transpose("cell", "year")
    np.testing.assert_array_equal(lr.to_raster(moved).values, field.values)


def dataset():
    grid = lr.Grid(0, 300, 3, 3, crs=28992)
    return xr.Dataset(
        {
            "score": (("year", "cell"), np.array([[1, 2], [3, np.nan]], np.float32), {"units": "1"}),
            "spot": ("cell", np.array([-3, 2], np.int8)),
            "many": ("cell", np.array([7, 8])),
            "bridge": ("cell", np.array([True, True])),
            "name": ("cell", np.array(["a", "bb"])),
            "reference": ("year", np.array([4.0, 4.1])),
        },
        coords={**cell_coordinates(grid, np.array([1, 5])), "year": [2012, 2014]},
        attrs={"title": "made"},
    )


def test_missing_cells_are_nan_in_numbers_zero_in_codes_and_empty_in_text():
    drawn = lr.to_raster(dataset())
    assert {name: v.dtype for name, v in drawn.items()} == {name: v.dtype for name, v in dataset().items()}
    assert drawn["score"].dims == ("year", "y", "x")
    assert drawn["spot"].values.tolist() == [[0, -3, 0], [0, 0, 2], [0, 0, 0]]
    assert drawn["many"].values.sum() == 15
    assert drawn["bridge"].values.sum() == 2
    assert drawn["name"].values.tolist() == [["", "a", ""], ["", "", "bb"], ["", "", ""]]
    assert int(np.isnan(drawn["score"]).sum()) == 15
    assert drawn["reference"].identical(dataset()["reference"].drop_vars("spatial_ref").assign_coords(
        spatial_ref=drawn["spatial_ref"]
    ))  # fmt: skip
    assert drawn.attrs == {"title": "made"}
    assert drawn["score"].attrs == {"units": "1"}
    assert drawn["year"].values.tolist() == [2012, 2014]


def test_a_dataset_of_rasters_comes_back_with_crs_and_years():
    numbers = dataset()[["score"]]
    back = lr.from_raster(lr.to_raster(numbers))
    xr.testing.assert_equal(back, numbers)
    assert lr.grid_of(back) == lr.Grid(0, 300, 3, 3, crs=28992)


def test_the_grid_travels_with_size_and_crs():
    cells = dataset()
    assert lr.grid_of(cells) == lr.grid_of(cells["score"]) == lr.Grid(0, 300, 3, 3, crs=28992)
    reference = cells["spatial_ref"].attrs
    assert reference["GeoTransform"] == "0.0 100.0 0.0 300.0 0.0 -100.0"
    assert "RD New" in reference["crs_wkt"]
    fraction = lr.Grid(0.1, 1 / 3, 3, 3, 0.1)
    assert lr.grid_of(xr.Dataset(coords=cell_coordinates(fraction, np.array([0])))) == fraction


def test_a_raster_with_only_wkt_is_recognised():
    field = raster(np.ones((2, 2)))
    wkt = dataset()["spatial_ref"].attrs["crs_wkt"]
    held = field.assign_coords(spatial_ref=xr.DataArray(0, attrs={"crs_wkt": wkt}))
    assert grid_of_raster(held).crs == "EPSG:28992"
    held = field.assign_coords(spatial_ref=xr.DataArray(0, attrs={"spatial_ref": wkt}))
    assert grid_of_raster(held).crs == "EPSG:28992"
    assert grid_of_raster(field).crs is None


def test_a_row_a_column_and_a_single_cell_are_rasters():
    row = raster(np.ones((1, 4)), cell=200.0)
    assert grid_of_raster(row) == lr.Grid(0, 200, 4, 1, 200)
    column = raster(np.ones((4, 1)), cell=200.0)
    assert grid_of_raster(column) == lr.Grid(0, 800, 1, 4, 200)
    assert grid_of_raster(raster(np.ones((1, 1)))) == lr.Grid(0, 100, 1, 1)
    for field in (row, column):
        np.testing.assert_array_equal(lr.to_raster(lr.from_raster(field)).values, field.values)


def test_all_missing_gives_no_cells():
    cells = lr.from_raster(raster(np.full((2, 3), np.nan)))
    assert cells.sizes["cell"] == 0
    np.testing.assert_array_equal(lr.to_raster(cells).values, np.full((2, 3), np.nan))
    assert lr.to_raster(cells, crop=True).shape == (2, 3)


def test_integer_rasters_hold_every_cell():
    field = raster(np.arange(6).reshape(2, 3))
    cells = lr.from_raster(field)
    assert cells.dtype.kind == "i"
    assert cells.values.tolist() == list(range(6))


def test_input_stays_untouched():
    field = raster(np.random.default_rng(1).normal(size=(3, 3)))
    before = field.copy(deep=True)
    lr.to_raster(lr.from_raster(field))
    assert field.identical(before)


def test_what_is_no_raster_is_refused():
    field = raster(np.ones((3, 4)))
    with pytest.raises(InputError, match=r"needs dimensions y and x; this has \('y', 'lon'\)"):
        lr.from_raster(field.rename(x="lon"))
    with pytest.raises(InputError, match="a raster needs coordinate 'x'"):
        lr.from_raster(field.drop_vars("x"))
    with pytest.raises(InputError, match="'x' is not evenly spaced: steps 100 to 101"):
        lr.from_raster(field.assign_coords(x=[50.0, 150.0, 250.0, 351.0]))
    with pytest.raises(InputError, match="cells are not square: 100 by 50"):
        lr.from_raster(field.assign_coords(y=[125.0, 75.0, 25.0]))


def test_what_is_not_cell_indexed_is_refused():
    with pytest.raises(InputError, match=r"needs dimension 'cell'; this has \('y', 'x'\)"):
        lr.to_raster(raster(np.ones((2, 2))))
    cells = lr.from_raster(raster(np.ones((2, 2))))
    with pytest.raises(
        InputError, match="carries no grid: coordinate 'spatial_ref' lacks GeoTransform, nx, ny"
    ):
        lr.to_raster(cells.drop_vars("spatial_ref"))
    bare = xr.DataArray(0, attrs={"GeoTransform": "0 1 0 0 0 -1"})
    with pytest.raises(InputError, match="'spatial_ref' lacks nx, ny"):
        lr.grid_of(cells.assign_coords(spatial_ref=bare))
    with pytest.raises(InputError, match="cell ids run from 0 to 9, the grid has 0 to 3"):
        lr.to_raster(cells.assign_coords(cell=[0, 1, 2, 9]))
