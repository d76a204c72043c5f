"""Weights of neighbours: kernels by a plain loop, sums against dense matrices, graphs there and back, refusals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from libpysal.weights import W

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.fields import read_fields, valid_mask
from leefraster.kernels.jit import set_threads, threads
from leefraster.neighbours import DecayNeighbours, neighbours_among
from naive import raster
from naive_weights import kernel, matrix_sums, under, weights_matrix

KERNELS = ("gaussian", "bisquare", "exponential", "inverse")
WEIGHTINGS = ("row", "binary", "given")


def among(field, neighbourhood, *, areas=False, own=False):
    fields = read_fields(field, areas=areas)
    return neighbours_among(neighbourhood, fields, valid_mask(fields.values[0]), own=own)


def dense(weights):
    starts, neighbours, held = weights.rows()
    out = np.zeros((starts.size - 1, starts.size - 1))
    out[np.repeat(np.arange(starts.size - 1), np.diff(starts)), neighbours] = held
    return out


def of_matrix(matrix, ids=None):
    """Return a Graph with the weights of a dense matrix."""
    n = len(matrix)
    ids = np.arange(n) if ids is None else np.asarray(ids)
    head, tail = np.nonzero(matrix)
    alone = np.setdiff1d(np.arange(n), head)
    weights = np.concatenate([matrix[head, tail], np.zeros(alone.size)])
    heads, tails = np.concatenate([head, alone]), np.concatenate([tail, alone])
    order = np.argsort(heads, kind="stable")  # libpysal orders ids as they first occur
    return Graph.from_arrays(ids[heads[order]], ids[tails[order]], weights[order])


def agree(weights, matrix, values):
    """Hold every figure of weights against a dense matrix."""
    np.testing.assert_allclose(dense(weights), matrix, rtol=1e-13)
    np.testing.assert_allclose(weights.totals, matrix.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(weights.squares, (matrix**2).sum(axis=1), rtol=1e-12)
    bound = 1e-12 * np.abs(values).max() * max(matrix.sum(axis=1).max(), matrix.sum(axis=0).max(), 1e-300)
    np.testing.assert_allclose(weights.lags(values), matrix @ values, rtol=0, atol=bound)
    np.testing.assert_allclose(weights.received(values), matrix.T @ values, rtol=0, atol=bound)
    whole = np.rint(values * 1000).astype(np.int64)
    np.testing.assert_allclose(weights.lags(whole), matrix @ whole, rtol=1e-12, atol=bound)
    found = weights.sums()
    np.testing.assert_allclose([found.s0, found.s1, found.s2], matrix_sums(matrix), rtol=1e-11)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("cell", [50.0, 100.0])
def test_kernels_are_what_they_say(name, cell):
    cutoff = None if name == "bisquare" else 430.0
    table = lr.Neighbourhood.decay(300, name, cutoff=cutoff).table(cell)
    reach = 300.0 if cutoff is None else cutoff
    for dy in range(table.shape[0]):
        for dx in range(table.shape[1]):
            distance = cell * np.hypot(dy, dx)
            if dy or dx:
                expected = kernel(name, distance, 300.0) if distance <= reach else 0.0
                assert table[dy, dx] == pytest.approx(expected, rel=1e-13, abs=1e-15)
    assert table[0, 0] == pytest.approx(kernel(name, cell if name == "inverse" else 0.0, 300.0))


def test_a_bisquare_ends_before_its_bandwidth_and_a_smaller_cutoff_holds():
    assert lr.Neighbourhood.decay(200, "bisquare").size(100.0) == 8
    assert lr.Neighbourhood.decay(200.1, "bisquare").size(100.0) == 12
    assert lr.Neighbourhood.decay(500, "bisquare", cutoff=100).size(100.0) == 4


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KERNELS),
    st.sampled_from(WEIGHTINGS),
    st.tuples(st.integers(1, 7), st.integers(2, 7)),
    st.integers(0, 2**49 - 1),
    st.floats(120, 500),
)
def test_decay_on_a_grid_equals_a_dense_matrix(name, weighting, shape, mask, bandwidth):
    valid = np.array([mask >> i & 1 for i in range(shape[0] * shape[1])], dtype=bool).reshape(shape)
    if not valid.any():
        return
    values = np.random.default_rng(mask).normal(size=shape)
    neighbourhood = lr.Neighbourhood.decay(bandwidth, name, cutoff=350)
    neighbours = among(raster(np.where(valid, values, np.nan)), neighbourhood)
    cutoff = min(350, bandwidth) if name == "bisquare" else 350
    matrix = weights_matrix(valid, 100.0, name, bandwidth, cutoff)
    assert isinstance(neighbours, DecayNeighbours)
    np.testing.assert_array_equal(neighbours.counts, (matrix > 0).sum(axis=1))
    agree(neighbours.weights(weighting), under(weighting, matrix), values[valid])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 12),
    st.integers(0, 2**32),
    st.sampled_from(WEIGHTINGS),
    st.sampled_from(["any", "row", "one"]),
)
def test_graphs_equal_a_dense_matrix(n, seed, weighting, kind):
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.1, 2, size=(n, n)) * (rng.random((n, n)) < 0.4)
    np.fill_diagonal(matrix, 0.0)
    if kind != "any":
        matrix = under("row" if kind == "row" else "binary", (matrix > 0).astype(float))
    values = rng.normal(size=n)
    neighbours = among(xr.DataArray(values, dims="area"), of_matrix(matrix), areas=True)
    if kind != "any":
        assert neighbours.equal
    agree(neighbours.weights(weighting), under(weighting, matrix), values)


def test_unweighted_neighbourhoods_give_ones():
    field = raster(np.random.default_rng(1).normal(size=(5, 6)))
    neighbours = among(field, lr.Neighbourhood.disc(200))
    assert neighbours.equal
    for weighting in ("binary", "given"):
        assert (neighbours.weights(weighting).rows()[2] == 1).all()
    matrix = dense(neighbours.weights("binary"))
    agree(neighbours.weights("row"), under("row", matrix), field.values.ravel())


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 30), st.integers(0, 2**32), st.sampled_from(WEIGHTINGS))
def test_relabelling_areas_changes_no_bit(n, seed, weighting):
    rng = np.random.default_rng(seed)
    matrix = rng.lognormal(size=(n, n)) * (rng.random((n, n)) < 0.5)
    np.fill_diagonal(matrix, 0.0)
    values, order = rng.normal(size=n), rng.permutation(n)
    ids = [f"a{i}" for i in range(n)]
    graph = of_matrix(matrix, ids)
    field = xr.DataArray(values, dims="area", coords={"area": ids})
    one = among(field, graph, areas=True).weights(weighting)
    other = among(field[order], graph, areas=True).weights(weighting)
    np.testing.assert_array_equal(one.lags(values)[order], other.lags(values[order]))
    np.testing.assert_array_equal(one.received(values)[order], other.received(values[order]))
    assert one.sums() == other.sums()


def test_threads_and_reflection_change_no_bit():
    values = np.random.default_rng(3).normal(size=(40, 30))
    values[5:9, 4:20] = np.nan
    neighbourhood = lr.Neighbourhood.decay(300, cutoff=900)
    held = threads()

    def lags(array):
        flat = array[~np.isnan(array)]
        full = np.full(array.shape, np.nan)
        full[~np.isnan(array)] = among(raster(array), neighbourhood).weights("row").lags(flat)
        return full

    try:
        set_threads(1)
        one = lags(values)
    finally:
        set_threads(held)
    np.testing.assert_array_equal(lags(values), one)
    np.testing.assert_array_equal(lags(values[:, ::-1])[:, ::-1], one)
    np.testing.assert_array_equal(lags(values[::-1])[::-1], one)


@pytest.mark.parametrize(
    "neighbourhood",
    [
        lr.Neighbourhood.queen(),
        lr.Neighbourhood.ring(100, 300),
        lr.Neighbourhood.decay(200, "exponential", cutoff=400),
    ],
    ids=str,
)
def test_graphs_of_neighbourhoods_serve_the_field_with_its_missing_cells(neighbourhood):
    array = np.random.default_rng(5).normal(size=(6, 7))
    array[2:4, 1:5] = np.nan
    cells = lr.from_raster(raster(array))
    padded = lr.from_raster(raster(np.where(np.isnan(array), 0.0, array))) * np.nan
    padded.loc[{"cell": cells["cell"]}] = cells.values
    graph = neighbourhood.graph(cells)
    assert int(padded.isnull().sum()) == 8
    for field in (cells, padded):
        ours = among(field, neighbourhood).weights("given")
        theirs = among(field, graph, areas=True).weights("given")
        np.testing.assert_allclose(dense(theirs), dense(ours), rtol=1e-15)
    if neighbourhood.kind != "decay":
        one, other = lr.local_moran(padded, neighbourhood), lr.local_moran(padded, graph)
        for name in ("I", "p", "cluster"):
            np.testing.assert_allclose(other[name].values, one[name].values, rtol=1e-12)


def test_areas_with_values_that_the_graph_lacks_are_named():
    graph = of_matrix(np.array([[0, 1.0, 0], [1, 0, 1], [0, 1, 0]]), ["a", "b", "c"])
    field = xr.DataArray([1.0, 2.0, 3.0, 4.0], dims="area", coords={"area": ["a", "b", "c", "d"]})
    with pytest.raises(UsageError, match=r"1 areas with a value are not in the graph, first: \['d'\]"):
        among(field, graph, areas=True)
    among(field.where(field < 4), graph, areas=True)
    with pytest.raises(UsageError, match=r"1 ids are not in the field, first: \['c'\]"):
        among(field[:2], graph, areas=True)
    with pytest.raises(UsageError, match="labels of areas twice"):
        among(field.assign_coords(area=["a", "b", "c", "c"]), graph, areas=True)
    with pytest.raises(UsageError, match="3 ids, the field 2 areas, and no labels"):
        among(field[:2].drop_vars("area"), graph, areas=True)


def test_ids_that_are_strings_of_numbers_match_numbers():
    matrix = np.array([[0, 1.0, 0], [1, 0, 0], [0, 0, 0]])
    field = xr.DataArray([1.0, 2.0, 5.0], dims="area", coords={"area": [10, 20, 30]})
    found = among(field, of_matrix(matrix, ["10", "20", "30"]), areas=True)
    np.testing.assert_array_equal(dense(found.weights("given")), matrix)
    with pytest.raises(UsageError, match="3 areas with a value are not in the graph"):
        among(field, of_matrix(matrix, ["x", "y", "z"]), areas=True)


@pytest.mark.filterwarnings("ignore:The weights matrix is not fully connected")
def test_w_with_islands_and_unequal_weights():
    w = W({"a": ["b"], "b": ["a", "c"], "c": [], "d": []}, {"a": [2.0], "b": [1.0, 3.0], "c": [], "d": []})
    field = xr.DataArray([1.0, 2.0, 4.0, 8.0], dims="area", coords={"area": ["d", "c", "b", "a"]})
    neighbours = among(field, w, areas=True)
    assert neighbours.counts.tolist() == [0, 0, 2, 1]
    assert neighbours.weights("given").lags(field.values).tolist() == [0.0, 0.0, 14.0, 8.0]
    np.testing.assert_allclose(neighbours.weights("row").lags(field.values), [0.0, 0.0, 3.5, 4.0])


def test_graphs_are_not_changed():
    matrix = np.array([[0, 1.0, 0], [1, 0, 0], [0, 0, 0]])
    graph = of_matrix(matrix)
    before = graph.sparse.copy()
    among(xr.DataArray([1.0, 2.0, 3.0], dims="area"), graph, areas=True)
    assert graph.sparse.nnz == before.nnz


def test_own_weights():
    matrix = np.array([[5.0, 1, 2], [1, 0, 0], [2, 0, 0]])
    field = xr.DataArray([1.0, 2.0, 3.0], dims="area")
    with pytest.raises(UsageError, match="weights of areas to themselves"):
        among(field, of_matrix(matrix), areas=True)
    neighbours = among(field, of_matrix(matrix), areas=True, own=True)
    assert neighbours.weights("given").own.tolist() == [5.0, 1.0, 2.0]
    np.testing.assert_allclose(neighbours.weights("row").own, [5 / 3, 1.0, 1.0])
    grid = raster(np.arange(12.0).reshape(3, 4))
    for name, own in (("gaussian", 1.0), ("inverse", 3.0)):
        weights = among(grid, lr.Neighbourhood.decay(300, name, cutoff=200)).weights("given")
        np.testing.assert_allclose(weights.own, own)


@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_weights_that_are_negative_or_not_finite_are_refused(bad):
    graph = of_matrix(np.array([[0, 1.0], [bad, 0]]))
    with pytest.raises(UsageError, match="weights that are negative or not finite"):
        among(xr.DataArray([1.0, 2.0], dims="area"), graph, areas=True)


def test_a_raster_with_a_graph_is_sent_to_from_raster():
    field = raster(np.arange(6.0).reshape(2, 3))
    graph = lr.Neighbourhood.queen().graph(field)
    with pytest.raises(UsageError, match=r"take lr\.from_raster\(field\)"):
        lr.local_moran(field, graph)


def test_options_of_decay():
    decay = lr.Neighbourhood.decay
    with pytest.raises(UsageError, match="kernel is 'cubic'; allowed are 'gaussian', 'bisquare'"):
        decay(500, "cubic", cutoff=100)
    with pytest.raises(UsageError, match="kernel 'gaussian' needs a cutoff in metres"):
        decay(500)
    with pytest.raises(UsageError, match="cutoff is nan, it must be positive and finite"):
        decay(500, cutoff=float("nan"))
    with pytest.raises(UsageError, match="bandwidth is 0, it must be positive and finite"):
        decay(0, cutoff=100)
    with pytest.raises(UsageError, match="kernel of bandwidth 10 m is next to 0"):
        decay(10, cutoff=1000)
    with pytest.raises(UsageError, match="holds no neighbouring centre"):
        decay(100, "bisquare").table(100.0)
    with pytest.raises(UsageError, match="weighting is 'rows'; allowed are 'row', 'binary', 'given'"):
        among(raster(np.eye(3)), decay(500, cutoff=100)).weights("rows")
    assert str(decay(500, cutoff=1500)) == "Neighbourhood.decay(500 m, 'gaussian', cutoff=1500 m)"
    assert str(decay(500, "bisquare")) == "Neighbourhood.decay(500 m, 'bisquare', cutoff=500 m)"
    assert decay(500, cutoff=1500) == decay(500.0, "gaussian", cutoff=1500.0)
    assert decay(500, cutoff=1500).size(100.0) == 708
