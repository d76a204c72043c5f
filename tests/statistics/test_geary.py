"""Global Geary's C against its definition, all permutations, known values and esda."""

import math
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
import naive_global
from leefraster.errors import UsageError
from naive import neighbour_lists, queen, raster, rook, weights_matrix
from parity_sets import example

NEAR = {"queen": (lr.Neighbourhood.queen(), queen), "rook": (lr.Neighbourhood.rook(), rook)}


@pytest.mark.parametrize(
    ("name", "weighting", "known"),
    [
        ("stl_hom", "row", {"C": 0.59712821589, "variance": 0.01306374029}),
        ("sids2", "row", {"C": 0.72527843685}),
        ("columbus", "row", {"C": 0.540528202702, "variance": 0.00938426378}),
        ("columbus", "binary", {"C": 0.591611324063}),
    ],
)
def test_known_values_of_example_sets(name, weighting, known):
    one = example(name)
    result = lr.geary(one.field, one.neighbourhood, weighting=weighting)
    for variable, value in known.items():
        assert float(result[variable]) == pytest.approx(value, rel=1e-9), variable
    assert float(result["expected"]) == 1.0
    assert float(result["z"]) > 0


def test_one_to_nine_on_a_rook_lattice_is_a_third():
    field = raster(np.arange(1.0, 10).reshape(3, 3))
    result = lr.geary(field, lr.Neighbourhood.rook(), weighting="binary")
    assert float(result["C"]) == pytest.approx(1 / 3, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([(2, 2), (2, 3), (1, 7)]),
    st.integers(0, 9999),
    st.sampled_from(sorted(NEAR)),
    st.sampled_from(["row", "binary"]),
    st.integers(0, 2),
)
def test_moments_equal_those_of_all_permutations(shape, seed, name, weighting, decimals):
    neighbourhood, near = NEAR[name]
    values = np.random.default_rng(seed).normal(size=shape).round(decimals)
    if values.min() == values.max():
        return
    matrix = weights_matrix(neighbour_lists(np.ones(shape, bool), near), weighting)
    result = lr.geary(raster(values), neighbourhood, weighting=weighting)
    expected, variance = naive_global.over_all_permutations(naive_global.geary, values.ravel(), matrix)
    assert float(result["C"]) == pytest.approx(naive_global.geary(values.ravel(), matrix), abs=1e-10)
    assert float(result["expected"]) == pytest.approx(expected, abs=1e-10)
    assert float(result["variance"]) == pytest.approx(variance, abs=1e-10)


@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_moments_under_an_asymmetric_graph_with_a_sink_equal_those_of_all_permutations(weighting):
    from libpysal.graph import Graph

    near = {0: [1, 2], 1: [0], 2: [3, 4, 5], 3: [4], 4: [0, 1], 5: []}  # 5 is a neighbour and has none
    arcs = [(i, j) for i, js in near.items() for j in js or [i]]
    graph = Graph.from_arrays(*zip(*arcs, strict=True), [float(bool(near[i])) for i, _ in arcs])
    values = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0])
    field = xr.DataArray(values, dims="area", coords={"area": np.arange(6)})
    result = lr.geary(field, graph, weighting=weighting)
    matrix = np.zeros((6, 6))
    for i, js in near.items():
        matrix[i, js] = 1 / len(js) if weighting == "row" and js else 1.0
    assert (int(result["n"]), int(result["islands"])) == (6, 0)
    expected, variance = naive_global.over_all_permutations(naive_global.geary, values, matrix)
    assert float(result["C"]) == pytest.approx(naive_global.geary(values, matrix), abs=1e-12)
    assert float(result["expected"]) == pytest.approx(expected, abs=1e-12)
    assert float(result["variance"]) == pytest.approx(variance, abs=1e-12)


@pytest.mark.parametrize("assumption", ["randomisation", "normality"])
@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_equals_esda_after_dropping_islands(weighting, assumption):
    from esda import Geary

    rng = np.random.default_rng(5)
    array = rng.normal(size=(30, 40)).cumsum(axis=1)
    array[rng.random(array.shape) < 0.75] = np.nan
    field = lr.from_raster(raster(array))
    neighbourhood = lr.Neighbourhood.queen()
    graph = neighbourhood.graph(field)
    linked = graph.cardinalities.to_numpy() > 0
    assert not linked.all()
    with warnings.catch_warnings(action="ignore"):
        theirs = Geary(
            field.values[linked],
            graph.subgraph(graph.unique_ids[linked]),
            transformation=weighting[0],
            permutations=0,
        )
    result = lr.geary(field, neighbourhood, weighting=weighting, assumption=assumption)
    short = assumption[:4]
    assert float(result["C"]) == pytest.approx(theirs.C, rel=1e-10)
    assert float(result["variance"]) == pytest.approx(getattr(theirs, f"VC_{short}"), rel=1e-10)
    assert float(result["z"]) == pytest.approx(
        -getattr(theirs, f"z_{short}"), rel=1e-9
    )  # their sign is the other
    assert float(result["p"]) == pytest.approx(2 * getattr(theirs, f"p_{short}"), rel=1e-9)


def test_the_alternative_is_about_C_and_z_about_autocorrelation():
    rng = np.random.default_rng(1)
    field = raster(rng.normal(size=(12, 12)) + np.linspace(0, 1, 12))
    near = lr.Neighbourhood.queen()
    p = {a: float(lr.geary(field, near, alternative=a)["p"]) for a in ("two-sided", "greater", "less")}
    result = lr.geary(field, near)
    z = float(result["z"])
    assert float(result["C"]) < 1
    assert z > 0
    assert p["less"] == pytest.approx(0.5 * math.erfc(z / math.sqrt(2)), rel=1e-12)
    assert p["less"] + p["greater"] == pytest.approx(1.0)
    assert p["two-sided"] == pytest.approx(2 * p["less"])
    drawn = {a: float(lr.geary(field, near, alternative=a, inference="permutation")["p"]) for a in p}
    assert drawn["less"] < 0.2 < 0.8 < drawn["greater"]


def test_a_complete_graph_has_no_variance():
    field = raster([[1.0, 2.0, 4.0], [7.0, 1.0, 0.0]])
    result = lr.geary(field, lr.Neighbourhood.queen(2), weighting="binary")
    assert float(result["C"]) == pytest.approx(1.0, abs=1e-12)
    assert float(result["variance"]) == 0.0
    assert np.isnan(result["z"])
    assert np.isnan(result["p"])
    assert float(lr.geary(field, lr.Neighbourhood.queen(2), inference="permutation")["p"]) == 1.0


def test_errors_say_what_is_wrong():
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="assumption is 'free'; allowed are 'randomisation', 'normality'"):
        lr.geary(field, near, assumption="free")
    with pytest.raises(UsageError, match="inference is 'exact'; allowed are 'normal', 'permutation'"):
        lr.geary(field, near, inference="exact")
    with pytest.raises(UsageError, match="permutations is 0; it must be a whole number of at least 1"):
        lr.geary(field, near, inference="permutation", permutations=0)
