"""Share of the full neighbourhood against a loop over offsets, and what is missing."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, UsageError
from naive import disc, queen, raster, rook
from naive_referee import shares_of_neighbourhood

NEAR = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(250), disc(250)),
    "ring": (lr.Neighbourhood.ring(100, 250), lambda a, b: disc(250)(a, b) and not disc(100)(a, b)),
}


@st.composite
def holed(draw):
    ny, nx = draw(st.sampled_from([(1, 1), (1, 6), (3, 4), (5, 5), (6, 2)]))
    held = draw(st.lists(st.booleans(), min_size=ny * nx, max_size=ny * nx))
    return np.where(np.reshape(held, (ny, nx)), 1.5, np.nan)


@settings(max_examples=80, deadline=None)
@given(holed(), st.sampled_from(sorted(NEAR)))
def test_equals_a_loop_over_offsets_on_rasters_and_cells(array, name):
    neighbourhood, near = NEAR[name]
    expected = shares_of_neighbourhood(array, near)
    share = lr.neighbourhood_share(raster(array), neighbourhood)
    np.testing.assert_allclose(share.values, expected, rtol=1e-15)
    if not np.isnan(array).all():
        cells = lr.from_raster(raster(array))
        np.testing.assert_allclose(
            lr.neighbourhood_share(cells, neighbourhood).values, expected[~np.isnan(array)], rtol=1e-15
        )


def test_leading_dimensions_and_order_of_cells():
    rng = np.random.default_rng(0)
    stack = rng.normal(size=(3, 8, 9))
    stack[rng.random(stack.shape) < 0.3] = np.nan
    stack[2] = stack[0] + 1  # the same holes
    cells = lr.from_raster(raster(stack).assign_coords(year=[2012, 2014, 2016]))
    nb = lr.Neighbourhood.queen()
    whole = lr.neighbourhood_share(cells, nb)
    for year in (2012, 2014, 2016):
        one = lr.neighbourhood_share(cells.sel(year=year), nb)
        np.testing.assert_array_equal(whole.sel(year=year).values, one.values)
    shuffled = cells.isel(cell=rng.permutation(cells.sizes["cell"]))
    again = lr.neighbourhood_share(shuffled, nb).sel(cell=cells["cell"])
    np.testing.assert_array_equal(again.values, whole.values)
    assert whole.attrs["units"] == "1"
    assert whole.name == "share"


def test_filling_a_hole_never_lowers_a_share():
    rng = np.random.default_rng(1)
    array = np.where(rng.random((9, 9)) < 0.6, 1.0, np.nan)
    array[4, 4] = np.nan
    filled = array.copy()
    filled[4, 4] = 7.0
    before, after = (
        lr.neighbourhood_share(raster(a), lr.Neighbourhood.disc(300)).values for a in (array, filled)
    )
    held = ~np.isnan(before)
    assert (after[held] >= before[held]).all()
    assert (after[held] > before[held]).any()


def graph_of_areas():
    from libpysal.graph import Graph

    return Graph.from_arrays(["a", "a", "b", "c", "d"], ["b", "c", "a", "a", "d"], [1, 1, 1, 1, 0])


def test_graph_counts_the_neighbours_it_names():
    field = xr.DataArray([1.0, 2.0, np.nan, 4.0], dims="area", coords={"area": ["a", "b", "c", "d"]})
    share = lr.neighbourhood_share(field, graph_of_areas())
    np.testing.assert_array_equal(share.values, [0.5, 1.0, np.nan, np.nan])


def test_decay_counts_weight_not_cells():
    array = np.full((7, 7), np.nan)
    array[3, 3], array[3, 4], array[5, 3] = 1.0, 2.0, 3.0
    nb = lr.Neighbourhood.decay(200, cutoff=300)
    weights = {
        (a, b): np.exp(-0.5 * (a * a + b * b) / 4)
        for a in range(-3, 4)
        for b in range(-3, 4)
        if 0 < a * a + b * b <= 9
    }
    share = lr.neighbourhood_share(raster(array), nb)
    expected = (weights[0, 1] + weights[2, 0]) / sum(weights.values())
    assert float(share[3, 3]) == pytest.approx(expected, rel=1e-9)


def test_bad_input():
    with pytest.raises(UsageError, match="holds no neighbouring centre"):
        lr.neighbourhood_share(raster([[1.0, 2.0]]), lr.Neighbourhood.disc(50))
    with pytest.raises(UsageError, match="must be a Neighbourhood"):
        lr.neighbourhood_share(raster([[1.0, 2.0]]), "queen")
    with pytest.raises(InputError, match="1 infinite"):
        lr.neighbourhood_share(raster([[1.0, np.inf]]), lr.Neighbourhood.queen())
