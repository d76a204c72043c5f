"""Global Moran's I against its definition, all permutations, known values, esda, and the laws it must obey."""

import gc
import math
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, NoVarianceWarning, UsageError
from naive import (
    disc,
    moran_by_definition,
    neighbour_lists,
    permuted_moran,
    queen,
    raster,
    rook,
    weights_matrix,
)

NEIGHBOURHOODS = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(200), disc(200)),
}
NAMES = ("I", "expected", "variance", "z", "p")


def example(shapes, column, gal, key):
    """Return a column of an example set of libpysal and the graph of its .gal file."""
    import geopandas
    import libpysal
    from libpysal.graph import Graph

    frame = geopandas.read_file(libpysal.examples.get_path(shapes))
    with warnings.catch_warnings(action="ignore"):  # libpysal leaves the file open
        weights = libpysal.io.open(libpysal.examples.get_path(gal)).read()
        gc.collect()
    graph = Graph.from_W(weights)
    labels = np.asarray(graph.unique_ids) if key is None else frame[key].astype(str).to_numpy()
    return xr.DataArray(frame[column].to_numpy(), dims="area", coords={"area": labels}), graph


@pytest.mark.parametrize(
    ("source", "weighting", "assumption", "known"),
    [
        (
            ("stl_hom.shp", "HR8893", "stl.gal", None), "row", "randomisation",
            {"I": 0.24365582621771659, "variance": 0.00297610283, "z": 4.70441022},
        ),
        (("stl_hom.shp", "HR8893", "stl.gal", None), "row", "normality", {"variance": 0.00496813926}),
        (
            ("sids2.shp", "SIDR74", "sids2.gal", "FIPSNO"), "row", "randomisation",
            {"I": 0.24772519320480135, "z": 3.94284748},
        ),
        (
            ("columbus.shp", "CRIME", "columbus.gal", None), "row", "randomisation",
            {"I": 0.500188557183, "variance": 0.00868928920},
        ),
        (
            ("columbus.shp", "CRIME", "columbus.gal", None), "binary", "randomisation",
            {"I": 0.515461436886, "variance": 0.00745439434},
        ),
    ],
    ids=["stl", "stl normality", "sids2", "columbus row", "columbus binary"],
)  # fmt: skip
def test_known_values_of_example_sets(source, weighting, assumption, known):
    """Values of PySAL and spdep on the sets that libpysal carries."""
    field, graph = example(*source)
    result = lr.moran(field, graph, weighting=weighting, assumption=assumption)
    for name, value in known.items():
        assert float(result[name]) == pytest.approx(value, rel=2e-9), name
    assert float(result["expected"]) == pytest.approx(-1 / (field.size - 1))


def test_known_values_of_one_to_nine_on_a_rook_lattice():
    field = raster(np.arange(1.0, 10).reshape(3, 3))
    result = lr.moran(field, lr.Neighbourhood.rook(), weighting="binary")
    assert float(result["I"]) == pytest.approx(0.5, abs=1e-12)
    assert float(result["variance"]) == pytest.approx(0.0596875, abs=1e-12)
    normal = lr.moran(field, lr.Neighbourhood.rook(), weighting="binary", assumption="normality")
    assert float(normal["variance"]) == pytest.approx(0.053125, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([(2, 2), (2, 3), (1, 7), (1, 5)]),
    st.integers(0, 9999),
    st.sampled_from(sorted(NEIGHBOURHOODS)),
    st.sampled_from(["row", "binary"]),
    st.integers(0, 2),
)
def test_moments_equal_those_of_all_permutations(shape, seed, name, weighting, decimals):
    neighbourhood, near = NEIGHBOURHOODS[name]
    values = np.random.default_rng(seed).normal(size=shape).round(decimals)
    if values.min() == values.max():
        return
    matrix = weights_matrix(neighbour_lists(np.ones(shape, bool), near), weighting)
    result = lr.moran(raster(values), neighbourhood, weighting=weighting)
    expected, variance = permuted_moran(values.ravel(), matrix)
    assert float(result["I"]) == pytest.approx(moran_by_definition(values.ravel(), matrix), abs=1e-10)
    assert float(result["expected"]) == pytest.approx(expected, abs=1e-10)
    assert float(result["variance"]) == pytest.approx(variance, abs=1e-10)


def test_moments_under_an_asymmetric_graph_equal_those_of_all_permutations():
    from libpysal.graph import Graph

    near = {0: [1, 2], 1: [0], 2: [3, 4, 5], 3: [4], 4: [0, 1], 5: [0]}
    values = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0])
    field = xr.DataArray(values, dims="area", coords={"area": np.arange(6)})
    for weighting in ("row", "binary"):
        matrix = weights_matrix(list(near.values()), weighting)
        result = lr.moran(field, Graph.from_dicts(near), weighting=weighting)
        expected, variance = permuted_moran(values, matrix)
        assert float(result["I"]) == pytest.approx(moran_by_definition(values, matrix), abs=1e-12)
        assert float(result["expected"]) == pytest.approx(expected, abs=1e-12)
        assert float(result["variance"]) == pytest.approx(variance, abs=1e-12)


def ragged(seed, shape=(30, 40), share=0.35):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < share] = np.nan
    return raster(array)


def assert_equals_esda(result, theirs):
    pairs = {"I": theirs.I, "expected": theirs.EI, "variance": theirs.VI_rand, "z": theirs.z_rand}
    for name, value in pairs.items():
        assert float(result[name]) == pytest.approx(value, rel=1e-9, abs=1e-10), name
    assert float(result["p"]) == pytest.approx(theirs.p_rand, rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("weighting", ["row", "binary"])
@pytest.mark.parametrize(("seed", "share"), [(1, 0.2), (2, 0.8)], ids=["few islands", "many islands"])
def test_equals_esda_after_dropping_islands(seed, share, weighting):
    from esda import Moran

    field = lr.from_raster(ragged(seed, share=share))
    neighbourhood = lr.Neighbourhood.rook()
    graph = neighbourhood.graph(field)
    linked = graph.cardinalities.to_numpy() > 0
    assert not linked.all()
    graph = graph.subgraph(graph.unique_ids[linked])
    with warnings.catch_warnings(action="ignore"):
        theirs = Moran(field.values[linked], graph, transformation=weighting[0], permutations=0)
    result = lr.moran(field, neighbourhood, weighting=weighting)
    assert_equals_esda(result, theirs)
    assert int(result["n"]) == linked.sum()
    assert int(result["islands"]) == (~linked).sum()
    assert float(result["reference"]) == pytest.approx(field.values[linked].mean(), abs=1e-12)


@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_nearest_neighbours_are_no_symmetric_graph_and_equal_esda(weighting):
    from esda import Moran
    from libpysal.graph import Graph

    rng = np.random.default_rng(3)
    with warnings.catch_warnings(action="ignore"):
        graph = Graph.build_knn(rng.random((60, 2)), k=4)
        values = rng.normal(size=60).cumsum()
        theirs = Moran(values, graph, transformation=weighting[0], permutations=0)
    matrix = graph.sparse.toarray()
    assert not (matrix == matrix.T).all()
    field = xr.DataArray(values, dims="area", coords={"area": np.arange(60)})
    assert_equals_esda(lr.moran(field, graph, weighting=weighting), theirs)


@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_variance_of_many_cells_is_finite_and_right(weighting):
    """esda's variance overflows int64 from about 4,900 cells with binary graph weights."""
    field = lr.from_raster(ragged(5, (100, 110)))
    assert field.size > 6000
    neighbourhood = lr.Neighbourhood.queen()
    graph = neighbourhood.graph(field)
    linked = graph.cardinalities.to_numpy() > 0
    matrix = graph.sparse[linked][:, linked].astype(float)
    if weighting == "row":
        matrix = (matrix.multiply(1 / matrix.sum(axis=1).reshape(-1, 1))).tocsr()
    x = field.values[linked]
    n, z = x.size, x - x.mean()
    s0 = matrix.sum()
    s1 = (matrix + matrix.T).power(2).sum() / 2
    s2 = np.square(np.asarray(matrix.sum(axis=1)).ravel() + np.asarray(matrix.sum(axis=0)).ravel()).sum()
    b2 = n * (z**4).sum() / (z**2).sum() ** 2
    first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - b2 * (
        (n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2
    )
    variance = first / ((n - 1.0) * (n - 2) * (n - 3) * s0**2) - 1 / (n - 1) ** 2
    result = lr.moran(field, neighbourhood, weighting=weighting)
    assert float(result["I"]) == pytest.approx(n / s0 * z @ (matrix @ z) / (z @ z), rel=1e-10)
    assert float(result["variance"]) == pytest.approx(variance, rel=1e-8)
    assert np.isfinite(result["z"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([1.0, -1.0, 1000.0, 0.5]), st.sampled_from([0.0, 3.0, -1e6]))
def test_shift_and_scale_change_nothing_but_the_reference(seed, scale, shift):
    field = ragged(seed, (8, 9))
    base = lr.moran(field, lr.Neighbourhood.queen())
    moved = lr.moran(field * scale + shift, lr.Neighbourhood.queen())
    for name in NAMES:
        np.testing.assert_allclose(moved[name], base[name], rtol=1e-6, atol=1e-8, err_msg=name)
    np.testing.assert_allclose(moved["reference"], base["reference"] * scale + shift, rtol=1e-9, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 9999), st.sampled_from(["transpose", "flip", "pad"]), st.sampled_from(["row", "binary"])
)
def test_reflection_transposition_and_missing_surroundings_change_nothing(seed, law, weighting):
    array = ragged(seed, (7, 9)).values
    turn = {
        "transpose": np.transpose,
        "flip": np.flipud,
        "pad": lambda a: np.pad(a, 3, constant_values=np.nan),
    }
    base = lr.moran(raster(array), lr.Neighbourhood.disc(200), weighting=weighting)
    turned = lr.moran(raster(turn[law](array)), lr.Neighbourhood.disc(200), weighting=weighting)
    for name in NAMES:
        assert float(turned[name]) == float(base[name]), name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999))
def test_I_is_the_mean_of_the_local_ones(seed):
    field = ragged(seed, (9, 9), share=0.1)
    local = lr.local_moran(field, lr.Neighbourhood.queen())
    if int(local["islands"]):
        return
    n = int(local["n"])
    assert float(lr.moran(field, lr.Neighbourhood.queen())["I"]) == pytest.approx(
        float(local["I"].sum()) / (n - 1), abs=1e-10
    )


def test_alternatives_are_tails_of_the_normal_distribution_of_z():
    field = ragged(11)
    p = {
        name: float(lr.moran(field, lr.Neighbourhood.rook(), alternative=name)["p"])
        for name in ("two-sided", "greater", "less")
    }
    z = float(lr.moran(field, lr.Neighbourhood.rook())["z"])
    assert p["greater"] == pytest.approx(0.5 * math.erfc(z / math.sqrt(2)), rel=1e-12)
    assert p["greater"] + p["less"] == pytest.approx(1.0)
    assert p["two-sided"] == pytest.approx(2 * min(p["greater"], p["less"]))


def test_p_is_never_zero():
    smooth = np.add.outer(np.arange(120.0), np.arange(120.0))
    result = lr.moran(raster(smooth), lr.Neighbourhood.disc(500))
    assert float(result["z"]) > 40
    assert float(result["p"]) > 0.0


def test_a_chessboard_and_halves():
    board = np.add.outer(np.arange(6), np.arange(6)) % 2
    result = lr.moran(raster(board), lr.Neighbourhood.rook(), weighting="binary")
    assert float(result["I"]) == pytest.approx(-1.0, abs=1e-12)
    assert float(result["z"]) < -5
    halves = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    # of 24 pairs on a 4 x 4 lattice 20 are alike and 4 are not
    assert float(lr.moran(raster(halves), lr.Neighbourhood.rook(), weighting="binary")["I"]) == pytest.approx(
        16 / 24
    )


@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_bit_identical_for_threads_and_order_of_cells(weighting):
    field = lr.from_raster(ragged(2, (60, 80)))
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results.append(lr.moran(field, lr.Neighbourhood.disc(400), weighting=weighting))
    finally:
        lr.set_threads(2)
    order = np.random.default_rng(4).permutation(field.size)
    results.append(lr.moran(field.isel(cell=order), lr.Neighbourhood.disc(400), weighting=weighting))
    for name in (*NAMES, "reference"):
        assert len({result[name].values.tobytes() for result in results}) == 1, name


@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_bit_identical_for_any_order_of_areas(weighting):
    from libpysal.graph import Graph

    rng = np.random.default_rng(0)
    graph = Graph.build_distance_band(rng.random((400, 2)), 0.1)
    field = xr.DataArray(rng.normal(size=400), dims="area", coords={"area": np.arange(400)})
    base = lr.moran(field, graph, weighting=weighting)
    for _ in range(6):
        turned = lr.moran(field[rng.permutation(400)], graph, weighting=weighting)
        for name in NAMES:
            assert float(turned[name]) == float(base[name]), name


def test_leading_dimensions_are_mapped_and_equal_a_loop():
    arrays = np.stack([ragged(seed, (12, 14)).values for seed in range(6)]).reshape(2, 3, 12, 14)
    field = xr.DataArray(
        arrays,
        dims=("year", "dimension", "y", "x"),
        coords={**raster(arrays[0, 0]).coords, "year": [2012, 2014]},
    )
    together = lr.moran(field, lr.Neighbourhood.queen())
    assert together["I"].dims == together["n"].dims == ("year", "dimension")
    assert together["year"].values.tolist() == [2012, 2014]
    assert "x" not in together.coords
    for i in range(2):
        for j in range(3):
            alone = lr.moran(raster(arrays[i, j]), lr.Neighbourhood.queen())
            for name in (*NAMES, "n", "islands", "reference"):
                np.testing.assert_array_equal(together[name][i, j], alone[name], err_msg=name)


def test_cells_rasters_and_graphs_agree():
    cells = lr.from_raster(ragged(7, (15, 16)))
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    base = lr.moran(cells, lr.Neighbourhood.queen())
    others = [
        lr.moran(lr.to_raster(cells), lr.Neighbourhood.queen()),
        lr.moran(areas, lr.Neighbourhood.queen().graph(cells)),
        lr.moran(areas[::-1], lr.Neighbourhood.queen().graph(cells)),
    ]
    for other in others:
        for name in NAMES:
            np.testing.assert_allclose(other[name], base[name], rtol=1e-10)


@pytest.mark.parametrize("array", [np.full((3, 3), 2.5), np.full((3, 3), np.nan), np.array([[1.0, 2.0]])])
def test_no_variance_gives_missing_and_one_named_warning(array):
    with pytest.warns(
        NoVarianceWarning, match="moran: 1 of 1 fields have no variance or fewer than 3 values"
    ):
        result = lr.moran(raster(array), lr.Neighbourhood.queen())
    for name in NAMES:
        assert np.isnan(result[name])


def test_one_field_without_variance_leaves_the_others():
    arrays = np.stack([np.full((4, 4), 1.0), np.arange(16.0).reshape(4, 4)])
    with pytest.warns(NoVarianceWarning, match="moran: 1 of 2 fields"):
        result = lr.moran(raster(arrays), lr.Neighbourhood.queen())
    assert np.isnan(result["I"]).values.tolist() == [True, False]


def test_linked_cells_that_are_equal_or_fewer_than_three_give_missing():
    array = np.full((5, 5), np.nan)
    array[0, :3] = 1.0
    array[4, 4] = 7.0
    equal = lr.moran(raster(array), lr.Neighbourhood.queen())
    assert (int(equal["n"]), int(equal["islands"])) == (3, 1)
    assert np.isnan(equal["I"])
    array[0, 2] = np.nan
    few = lr.moran(raster(array), lr.Neighbourhood.queen())
    assert (int(few["n"]), int(few["islands"])) == (2, 1)
    assert np.isnan(few["p"])


def test_three_places_have_I_and_no_variance_under_randomisation():
    result = lr.moran(raster([[1.0, 2.0, 4.0]]), lr.Neighbourhood.rook())
    assert np.isfinite(result["I"])
    assert np.isnan(result["variance"])
    assert np.isnan(result["p"])
    normal = lr.moran(raster([[1.0, 2.0, 4.0]]), lr.Neighbourhood.rook(), assumption="normality")
    assert np.isfinite(normal["variance"])


def test_errors_say_what_is_wrong():
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="weighting is 'given'; allowed are 'row', 'binary'"):
        lr.moran(field, near, weighting="given")
    with pytest.raises(UsageError, match="assumption is 'none'; allowed are 'randomisation', 'normality'"):
        lr.moran(field, near, assumption="none")
    with pytest.raises(UsageError, match="alternative is 'lesser'"):
        lr.moran(field, near, alternative="lesser")
    with pytest.raises(UsageError, match="neighbourhood is a list"):
        lr.moran(field, [1])
    with pytest.raises(InputError, match="1 infinite values"):
        lr.moran(field.where(field > 0, np.inf), near)
