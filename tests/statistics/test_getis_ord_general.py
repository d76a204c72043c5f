"""General G against its definition, all permutations, known values and esda."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
import naive_global
from leefraster.errors import InputError, UsageError
from naive import neighbour_lists, queen, raster, rook, weights_matrix
from parity_sets import example

NEAR = {"queen": (lr.Neighbourhood.queen(), queen), "rook": (lr.Neighbourhood.rook(), rook)}


def six_points():
    from libpysal.graph import Graph

    points = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
    field = xr.DataArray([2, 3, 3.2, 5, 8, 7], dims="area", coords={"area": np.arange(6)})
    return field, Graph.build_distance_band(points, 15)


def test_six_points_of_pysal():
    result = lr.getis_ord_general(*six_points())
    assert float(result["G"]) == pytest.approx(0.55709779, abs=1e-8)
    assert float(result["expected"]) == pytest.approx(0.46666667, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(2, 2), (2, 3), (1, 7)]),
    st.integers(0, 9999),
    st.sampled_from(sorted(NEAR)),
    st.sampled_from(["row", "binary"]),
    st.sampled_from([0.0, 3.0, 1000.0]),
)
def test_moments_equal_those_of_all_permutations(shape, seed, name, weighting, shift):
    neighbourhood, near = NEAR[name]
    values = np.random.default_rng(seed).gamma(0.7, size=shape).round(2) + shift
    if values.min() == values.max() or (values > 0).sum() < 2:
        return
    matrix = weights_matrix(neighbour_lists(np.ones(shape, bool), near), weighting)
    result = lr.getis_ord_general(raster(values), neighbourhood, weighting=weighting)
    expected, variance = naive_global.over_all_permutations(naive_global.general, values.ravel(), matrix)
    assert float(result["G"]) == pytest.approx(naive_global.general(values.ravel(), matrix), rel=1e-10)
    assert float(result["expected"]) == pytest.approx(expected, rel=1e-10)
    assert float(result["variance"]) == pytest.approx(variance, rel=1e-6, abs=1e-16)


@pytest.mark.parametrize("name", ["columbus", "sids2", "stl_hom"])
def test_example_sets_equal_esda(name):
    from esda import G

    one = example(name)
    with warnings.catch_warnings(action="ignore"):
        theirs = G(one.field.values, one.graph, permutations=0)
    result = lr.getis_ord_general(one.field, one.neighbourhood)
    for variable, value in {"G": theirs.G, "expected": theirs.EG, "variance": theirs.VG}.items():
        assert float(result[variable]) == pytest.approx(value, rel=1e-10), variable
    assert float(result["z"]) == pytest.approx(theirs.z_norm, rel=1e-9)
    assert float(result["p"]) == pytest.approx(2 * theirs.p_norm, rel=1e-8)


@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_equals_its_definition_and_ends_with_high_or_low_values_together(weighting):
    rng = np.random.default_rng(3)
    array = rng.gamma(2.0, size=(20, 20))
    array[5:9, 5:9] += 8.0
    array[rng.random(array.shape) < 0.3] = np.nan
    held, matrix = naive_global.linked(neighbour_lists(~np.isnan(array), queen), weighting)
    values = array[~np.isnan(array)][held]
    hot = lr.getis_ord_general(raster(array), lr.Neighbourhood.queen(), weighting=weighting)
    assert float(hot["G"]) == pytest.approx(naive_global.general(values, matrix), rel=1e-12)
    assert float(hot["z"]) > 3
    cold = lr.getis_ord_general(raster(20 - array), lr.Neighbourhood.queen(), weighting=weighting)
    assert float(cold["z"]) != pytest.approx(float(hot["z"]), rel=0.01)


def test_scale_changes_nothing_and_a_large_mean_keeps_its_digits():
    rng = np.random.default_rng(2)
    array = rng.integers(0, 1000, (15, 15)).astype(float)
    near = lr.Neighbourhood.queen()
    base = lr.getis_ord_general(raster(array), near)
    scaled = lr.getis_ord_general(raster(array * 128), near)
    for name in ("G", "expected", "variance", "z", "p"):
        np.testing.assert_allclose(scaled[name], base[name], rtol=1e-12, err_msg=name)
    # far from 0 the variance is that of the values' sum weighted by the margins: computed apart, in exact steps
    far = lr.getis_ord_general(raster(array + 1e9), near)
    n = array.size
    _, w = naive_global.linked(neighbour_lists(np.ones(array.shape, bool), queen), "binary")
    margins = 2 * w.sum(axis=1)
    z = array.ravel() - array.mean()
    mean = 1e9 + array.mean()
    spread = ((margins - margins.mean()) ** 2).sum() * (z @ z) / (n - 1)
    pairs = (n * mean) ** 2 - (n * mean**2 + z @ z)
    np.testing.assert_allclose(far["variance"], spread * (mean / pairs) ** 2, rtol=1e-6)


def test_G_without_two_amounts_above_zero_is_not_defined():
    array = np.zeros((3, 3))
    array[1, 1] = 5.0
    result = lr.getis_ord_general(raster(array), lr.Neighbourhood.queen())
    for name in ("G", "expected", "variance", "z", "p"):
        assert np.isnan(result[name]), name
    drawn = lr.getis_ord_general(raster(array), lr.Neighbourhood.queen(), inference="permutation")
    assert np.isnan(drawn["p"])


def test_errors_say_what_is_wrong():
    field, near = raster(np.arange(9.0).reshape(3, 3) - 2), lr.Neighbourhood.queen()
    with pytest.raises(InputError, match=r"2 values are negative, the least -2.0; G is for amounts"):
        lr.getis_ord_general(field, near)
    with pytest.raises(UsageError, match="getis_ord_general has no moments under normality"):
        lr.getis_ord_general(field + 2, near, assumption="normality")
