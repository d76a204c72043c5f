"""Local Moran and Getis-Ord with weights that differ: moments by enumeration, permutations, and what is refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph

import leefraster as lr
from leefraster.errors import UsageError
from naive import raster
from naive_local import enumerated_moran, enumerated_z

CHOICES = (0.25, 0.5, 1.0, 2.0, 3.0)


def made(seed, n=6, most=3, choices=CHOICES):
    """Return values and a matrix of weights, not symmetric, with one place without neighbours."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((n, n))
    for i in range(n - 1):
        near = rng.choice([j for j in range(n) if j != i], rng.integers(1, most + 1), replace=False)
        matrix[i, near] = rng.choice(choices, near.size)
    return rng.integers(0, 9, n) / (1 if seed % 2 else 3.0), matrix


def graph_of(matrix):
    n = len(matrix)
    rows = {i: {j: float(matrix[i, j]) for j in range(n) if matrix[i, j]} for i in range(n)}
    return Graph.from_weights_dict(rows)


def areas(values):
    return xr.DataArray(values, dims="area", coords={"area": np.arange(len(values))})


def under(matrix, weighting):
    if weighting == "binary":
        return (matrix > 0).astype(float)
    if weighting == "row":
        totals = matrix.sum(axis=1, keepdims=True)
        return np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    return matrix


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["row", "binary", "given"]))
def test_I_and_its_moments_equal_enumeration(seed, weighting):
    values, matrix = made(seed)
    result = lr.local_moran(areas(values), graph_of(matrix), weighting=weighting, inference="normal")
    oracle = enumerated_moran(values, values, under(matrix, weighting))
    for column, name in enumerate(("I", "expected", "variance")):
        np.testing.assert_allclose(result[name], oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=name)
    row = under(matrix, "row")
    mean = np.where(matrix.sum(axis=1) > 0, row @ values, np.nan)
    if weighting == "binary":
        counts = (matrix > 0).sum(axis=1)
        mean = np.divide((matrix > 0) @ values, counts, out=np.full(len(values), np.nan), where=counts > 0)
    np.testing.assert_allclose(result["lag"], mean, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["row", "binary", "given"]), st.booleans())
def test_z_and_G_equal_their_definition(seed, weighting, star):
    values, matrix = made(seed, n=5, most=2)
    assume(np.ptp(values) > 0)
    own = matrix.max(axis=1) if weighting != "binary" else (matrix.max(axis=1) > 0) * 1.0
    used = (matrix > 0) * 1.0 if weighting == "binary" else matrix
    result = lr.getis_ord(areas(values), graph_of(matrix), star=star, weighting=weighting, inference="normal")
    wanted = enumerated_z(values, used, own if star else None)
    np.testing.assert_allclose(result["z"], wanted, rtol=1e-8, atol=1e-8)
    local = used @ values + (own * values if star else 0.0)
    weight = used.sum(axis=1) + (own if star else 0.0)
    total = values.sum() - (0.0 if star else values)
    linked = used.sum(axis=1) > 0
    with np.errstate(invalid="ignore"):  # all other values may be zero: there is no share of them
        share = local / total / (np.where(linked, weight, 1.0) if weighting == "row" else 1.0)
    np.testing.assert_allclose(result["G"].values[linked], share[linked], rtol=1e-10)


@pytest.mark.parametrize("statistic", ["moran", "G", "G*"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_permutations_converge_to_enumeration(statistic, seed):
    values, matrix = made(seed, n=7)
    field, graph, permutations = areas(values), graph_of(matrix), 20_000
    options = {"weighting": "given", "inference": "permutation", "permutations": permutations}
    if statistic == "moran":
        found = lr.local_moran(field, graph, alternative="greater", **options)["p"].values
        whole = np.rint(values * 3)  # the same order, and ties that no rounding breaks
        wanted = enumerated_moran(whole, whole, matrix, "greater")[:, 3]
    else:
        star = statistic == "G*"
        found = lr.getis_ord(field, graph, alternative="greater", star=star, **options)["p"].values
        wanted = upper_tails(values, matrix, star)
    error = 4.5 * np.sqrt(np.maximum(wanted * (1 - wanted), 1e-4) / permutations) + 1 / permutations
    linked = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.isnan(found), ~linked)
    assert (np.abs(found - wanted)[linked] <= error[linked]).all()


def upper_tails(values, matrix, star):
    from itertools import permutations

    n, out = len(values), []
    for i in range(n):
        row = [(j, matrix[i, j]) for j in range(n) if matrix[i, j]]
        if not row:
            out.append(np.nan)
            continue
        if star:
            row.append((i, matrix[i].max()))
        weights = np.array([w for _, w in row])
        population = values if star else np.delete(values, i)
        drawn = np.array(list(permutations(population, len(row)))) @ weights
        out.append((drawn >= values[[j for j, _ in row]] @ weights - 1e-9).mean())
    return np.array(out)


def test_equal_weights_that_differ_between_rows_are_exact():
    values, matrix = made(4)
    matrix = (matrix > 0) * np.array([[2.0], [0.5], [1.0], [3.0], [0.25], [1.0]])
    field, graph = areas(values), graph_of(matrix)
    found = lr.local_moran(field, graph, weighting="given")
    oracle = enumerated_moran(values, values, matrix)
    for column, name in enumerate(("I", "expected", "variance", "p")):
        np.testing.assert_allclose(found[name], oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=name)
    np.testing.assert_array_equal(
        lr.local_moran(field, graph, weighting="given", inference="inversion")["p"], found["p"]
    )
    given, binary = (lr.getis_ord(field, graph, weighting=w) for w in ("given", "binary"))
    np.testing.assert_array_equal(given["p"], binary["p"])
    np.testing.assert_allclose(given["G"], binary["G"] * matrix.max(axis=1), rtol=1e-12)


@pytest.mark.parametrize("function", [lr.local_moran, lr.getis_ord], ids=["moran", "G*"])
def test_exact_inference_is_refused_and_what_serves_instead_is_named(function):
    values, matrix = made(5)
    matrix[0, 1:3] = 1.0, 2.0
    field, graph = areas(values), graph_of(matrix)
    for weighting in ("row", "given"):
        with pytest.raises(UsageError, match=r"use inference='inversion' .*or weighting='binary'"):
            function(field, graph, weighting=weighting)
    assert np.isfinite(function(field, graph, weighting="binary")["p"]).any()


def test_weights_of_areas_to_themselves_serve_for_G_star():
    values, matrix = made(6)
    own = np.array([1.0, 0.0, 5.0, 0.25, 0.0, 2.0])  # 0: none is given, the largest of the row stands in
    field = areas(values)
    found = lr.getis_ord(field, graph_of(matrix + np.diag(own)), weighting="given", inference="normal")
    wanted = enumerated_z(values, matrix, np.where(own > 0, own, matrix.max(axis=1)))
    np.testing.assert_allclose(found["z"], wanted, rtol=1e-8, atol=1e-8)
    with pytest.raises(UsageError, match="to themselves"):
        lr.local_moran(field, graph_of(matrix + np.diag(own)), inference="normal")


@pytest.mark.parametrize("star", [True, False])
def test_an_outlying_place_costs_no_digits(star):
    values = np.array([0.0, 1.0, 3.0, 2.0, 4.0, 2.0**40])
    _, matrix = made(8)
    matrix[5, :2] = 1.0, 3.0
    found = lr.getis_ord(areas(values), graph_of(matrix), star=star, weighting="given", inference="normal")
    wanted = enumerated_z(values, matrix, matrix.max(axis=1) if star else None)
    np.testing.assert_allclose(found["z"], wanted, rtol=1e-9)


@pytest.mark.parametrize("weighting", ["row", "given"])
def test_decay_with_distance(weighting):
    """Gaussian weights on a grid with a hole: of a graph the same, and 1 for the cell itself in G*."""
    array = np.array([[1.0, 4.0, 2.5], [0.0, np.nan, 7.0]])
    neighbourhood = lr.Neighbourhood.decay(100, kernel="gaussian", cutoff=150)
    cells = lr.from_raster(raster(array))
    cells = cells[cells.notnull().values]
    graph = neighbourhood.graph(cells)
    matrix = graph.sparse.toarray()
    assert len(np.unique(matrix.round(9))) == 3  # 0, one step and one diagonal
    options = {"weighting": weighting, "inference": "normal"}
    found = lr.local_moran(cells, neighbourhood, **options)
    oracle = enumerated_moran(cells.values, cells.values, under(matrix, weighting))
    for column, name in enumerate(("I", "expected", "variance")):
        np.testing.assert_allclose(found[name], oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=name)
    plain = lr.getis_ord(cells, neighbourhood, star=False, **options)
    np.testing.assert_allclose(plain["z"], enumerated_z(cells.values, matrix), rtol=1e-8, atol=1e-8)
    star = lr.getis_ord(cells, neighbourhood, **options)
    np.testing.assert_allclose(
        star["z"], enumerated_z(cells.values, matrix, np.ones(5)), rtol=1e-8, atol=1e-8
    )


def test_permutations_of_weighted_sums_do_not_depend_on_threads():
    rng = np.random.default_rng(3)
    field = lr.from_raster(raster(rng.normal(size=(15, 16))))
    neighbourhood = lr.Neighbourhood.decay(150, cutoff=300)
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results.append(lr.local_moran(field, neighbourhood, inference="permutation", permutations=99))
    finally:
        lr.set_threads(2)
    back = lr.local_moran(
        field[rng.permutation(field.size)], neighbourhood, inference="permutation", permutations=99
    ).sortby("cell")
    for name in results[0].data_vars:
        first = results[0][name].values.tobytes()
        assert first == results[1][name].values.tobytes() == back[name].values.tobytes(), name


@pytest.mark.parametrize("neighbourhood", [lr.Neighbourhood.queen(), lr.Neighbourhood.decay(150, cutoff=300)])
def test_means_of_values_near_the_largest_double_are_no_infinity(neighbourhood):
    field = lr.from_raster(raster(np.random.default_rng(0).choice([-1.7e308, 1.7e308, 1.0], (8, 8))))
    lag = lr.local_moran(field, neighbourhood, inference="normal")["lag"].values
    matrix = neighbourhood.graph(field).transform("r").sparse.toarray()
    np.testing.assert_allclose(lag / 4, matrix @ (field.values / 4), rtol=1e-9, atol=1e295)
