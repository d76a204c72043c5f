"""Join counts against their definition, all permutations, known values and esda."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
import naive_global
from leefraster.errors import InputError, NoVarianceWarning, UsageError
from naive import neighbour_lists, queen, raster, rook, weights_matrix
from parity_sets import example

NEAR = {"queen": (lr.Neighbourhood.queen(), queen), "rook": (lr.Neighbourhood.rook(), rook)}
JOINS = ["BB", "WW", "BW"]


def test_two_halves_of_a_lattice():
    halves = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    result = lr.join_count(raster(halves), lr.Neighbourhood.rook())
    assert [float(result[name]) for name in JOINS] == [10.0, 10.0, 4.0]
    assert float(result["chi2"]) == pytest.approx(8.166666666666666, rel=1e-12)
    assert float(result["chi2_p"]) == pytest.approx(0.004266724822176128, rel=1e-10)
    assert result["expected"].dims == ("join",)
    assert result["join"].values.tolist() == JOINS
    assert int(result["pairs"]) == 24
    assert float(result["z"].sel(join="BB")) > 3 > -3 > float(result["z"].sel(join="BW"))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(2, 2), (2, 3), (1, 7)]),
    st.integers(0, 2**7),
    st.sampled_from(sorted(NEAR)),
    st.sampled_from(["row", "binary"]),
)
def test_counts_and_moments_equal_those_of_all_permutations(shape, bits, name, weighting):
    neighbourhood, near = NEAR[name]
    values = np.array([bits >> i & 1 for i in range(shape[0] * shape[1])], dtype=float)
    if values.min() == values.max():
        return
    matrix = weights_matrix(neighbour_lists(np.ones(shape, bool), near), weighting)
    result = lr.join_count(raster(values.reshape(shape)), neighbourhood, weighting=weighting)
    expected, variance = naive_global.over_all_permutations(naive_global.joins, values, matrix)
    counted = [float(result[join]) for join in JOINS]
    np.testing.assert_allclose(counted, naive_global.joins(values, matrix), atol=1e-11)
    np.testing.assert_allclose(result["expected"], expected, atol=1e-11)
    np.testing.assert_allclose(result["variance"], variance, atol=1e-11)
    assert (np.isnan(result["z"].values) == (variance < 1e-12)).all()


@pytest.mark.parametrize("directed", [False, True])
def test_example_sets_equal_esda(directed):
    from esda import Join_Counts
    from libpysal.graph import Graph

    one = example("columbus")
    high = one.field > float(one.field.median())
    graph = one.graph
    if directed:
        rng = np.random.default_rng(0)
        with warnings.catch_warnings(action="ignore"):
            graph = Graph.build_knn(rng.random((high.size, 2)), k=3)
        high = xr.DataArray(high.values, dims="area", coords={"area": np.arange(high.size)})
    with warnings.catch_warnings(action="ignore"):
        theirs = Join_Counts(high.values.astype(int), graph, permutations=0)
    result = lr.join_count(high, graph)
    assert [float(result[name]) for name in JOINS] == [theirs.bb, theirs.ww, theirs.bw]
    assert float(result["chi2"]) == pytest.approx(theirs.chi2, rel=1e-10)
    assert float(result["chi2_p"]) == pytest.approx(theirs.chi2_p, rel=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.sampled_from(["row", "binary"]))
def test_the_three_add_up_and_colours_can_be_swapped(seed, weighting):
    rng = np.random.default_rng(seed)
    field = raster(np.where(rng.random((9, 9)) < 0.25, np.nan, rng.random((9, 9)) < 0.4))
    near = lr.Neighbourhood.queen()
    result, swapped = (lr.join_count(f, near, weighting=weighting) for f in (field, 1 - field))
    total = float(result["BB"] + result["WW"] + result["BW"])
    if weighting == "binary":
        assert total == int(result["pairs"])
        assert np.isfinite(result["chi2"])
    else:
        assert total == pytest.approx(int(result["n"]) / 2)
        assert np.isnan(result["chi2"])
    assert float(result["BB"]) == pytest.approx(float(swapped["WW"]), rel=1e-12, abs=1e-12)
    assert float(result["BW"]) == pytest.approx(float(swapped["BW"]), rel=1e-12, abs=1e-12)
    for name in ("expected", "variance", "z", "p"):
        np.testing.assert_allclose(
            result[name].values, swapped[name].values[[1, 0, 2]], rtol=1e-9, atol=1e-10, err_msg=name
        )


def test_bool_and_numbers_give_the_same():
    mask = np.random.default_rng(1).random((8, 9)) < 0.4
    results = [
        lr.join_count(raster(mask.astype(kind)), lr.Neighbourhood.queen()) for kind in (bool, int, float)
    ]
    for other in results[1:]:
        xr.testing.assert_identical(other.drop_attrs(), results[0].drop_attrs())


def test_permutation_p_is_that_of_all_colourings():
    from itertools import combinations

    array = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    array[0, 1] = 1
    matrix = weights_matrix(neighbour_lists(np.ones((4, 4), bool), rook), "binary")
    black = int(array.sum())
    sets = list(combinations(range(16), black))
    every = np.zeros((len(sets), 16))
    for row, chosen in enumerate(sets):
        every[row, list(chosen)] = 1
    counted = ((every @ matrix) * every).sum(axis=1) / 2
    observed = float(naive_global.joins(array.ravel().astype(float), matrix)[0])
    exact = (counted >= observed - 1e-9).mean()
    result = lr.join_count(
        raster(array),
        lr.Neighbourhood.rook(),
        inference="permutation",
        alternative="greater",
        permutations=9999,
    )
    assert abs(float(result["p"].sel(join="BB")) - exact) < 4 * np.sqrt(exact / 9999) + 1e-4


def test_one_colour_has_no_variance():
    with pytest.warns(NoVarianceWarning, match="join_count: 1 of 1 fields"):
        result = lr.join_count(raster(np.ones((3, 3), bool)), lr.Neighbourhood.queen())
    assert np.isnan(result["BB"])
    assert np.isnan(result["p"]).all()


def test_leading_dimensions_come_before_join():
    arrays = np.random.default_rng(2).random((3, 6, 6)) < 0.5
    field = xr.DataArray(arrays, dims=("year", "y", "x"), coords=raster(arrays[0]).coords)
    result = lr.join_count(field, lr.Neighbourhood.rook())
    assert result["p"].dims == ("year", "join")
    assert result["BB"].dims == result["chi2"].dims == result["pairs"].dims == ("year",)
    with pytest.raises(UsageError, match="the field has a dimension 'join', which is that of the result"):
        lr.join_count(field.rename(year="join"), lr.Neighbourhood.rook())


def test_errors_say_what_is_wrong():
    near = lr.Neighbourhood.rook()
    with pytest.raises(InputError, match=r"2 values are neither 0, 1 nor missing; first: \[2.0, 0.5\]"):
        lr.join_count(raster([[0.0, 1.0, np.nan], [2.0, 0.5, 1.0]]), near)
    with pytest.raises(UsageError, match="join_count has no moments under normality"):
        lr.join_count(raster([[0, 1, 1]]), near, assumption="normality")
