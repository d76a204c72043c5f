"""Global Moran's I against its definition, all permutations, known values, esda, and the laws it must obey."""

import math
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
import naive_global
from leefraster.errors import InputError, NoNeighboursWarning, NoVarianceWarning, UsageError
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
from parity_sets import example

NEIGHBOURHOODS = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(200), disc(200)),
}
NAMES = ("I", "expected", "variance", "z", "p")


@pytest.mark.parametrize(
    ("name", "weighting", "assumption", "known"),
    [
        (
            "stl_hom", "row", "randomisation",
            {"I": 0.24365582621771659, "variance": 0.00297610283, "z": 4.70441022},
        ),
        ("stl_hom", "row", "normality", {"variance": 0.00496813926}),
        ("sids2", "row", "randomisation", {"I": 0.24772519320480135, "z": 3.94284748}),
        ("columbus", "row", "randomisation", {"I": 0.500188557183, "variance": 0.00868928920}),
        ("columbus", "binary", "randomisation", {"I": 0.515461436886, "variance": 0.00745439434}),
    ],
    ids=["stl", "stl normality", "sids2", "columbus row", "columbus binary"],
)  # fmt: skip
def test_known_values_of_example_sets(name, weighting, assumption, known):
    """Values of PySAL and spdep on the sets that libpysal carries."""
    one = example(name)
    result = lr.moran(one.field, one.graph, weighting=weighting, assumption=assumption)
    for variable, value in known.items():
        assert float(result[variable]) == pytest.approx(value, rel=2e-9), variable
    assert float(result["expected"]) == pytest.approx(-1 / (one.field.size - 1))


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


def test_linked_cells_that_are_equal_or_fewer_than_three_give_missing_and_one_warning():
    array = np.full((5, 5), np.nan)
    array[0, :3] = 1.0
    array[4, 4] = 7.0
    named = (
        "moran: 1 of 1 fields have no variance or fewer than 3 values among the places that have a neighbour"
    )
    with pytest.warns(NoVarianceWarning, match=named):
        equal = lr.moran(raster(array), lr.Neighbourhood.queen())
    assert (int(equal["n"]), int(equal["islands"])) == (3, 1)
    assert np.isnan(equal["I"])
    array[0, 2] = np.nan
    array[0, 4] = 3.0
    with pytest.warns(NoVarianceWarning, match=named):
        few = lr.moran(raster(array), lr.Neighbourhood.queen())
    assert (int(few["n"]), int(few["islands"])) == (2, 2)
    assert np.isnan(few["p"])


def test_islands_only_give_missing_and_one_warning():
    array = np.full((5, 5), np.nan)
    array[::2, ::2] = np.arange(9.0).reshape(3, 3)
    with pytest.warns(
        NoNeighboursWarning, match="moran: 1 of 1 fields have no place with a neighbour"
    ) as caught:
        result = lr.moran(raster(array), lr.Neighbourhood.queen())
    assert len(caught) == 1
    assert (int(result["n"]), int(result["islands"])) == (0, 9)
    assert np.isnan(result["I"])


def test_three_places_have_I_and_no_variance_under_randomisation():
    result = lr.moran(raster([[1.0, 2.0, 4.0]]), lr.Neighbourhood.rook())
    assert np.isfinite(result["I"])
    assert np.isnan(result["variance"])
    assert np.isnan(result["p"])
    normal = lr.moran(raster([[1.0, 2.0, 4.0]]), lr.Neighbourhood.rook(), assumption="normality")
    assert np.isfinite(normal["variance"])


def test_errors_say_what_is_wrong():
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="weighting is 'W'; allowed are 'row', 'binary'"):
        lr.moran(field, near, weighting="W")
    with pytest.raises(UsageError, match="seed is -1; it must be a whole number of at least 0"):
        lr.moran(field, near, inference="permutation", seed=-1)
    with pytest.raises(UsageError, match="assumption is 'none'; allowed are 'randomisation', 'normality'"):
        lr.moran(field, near, assumption="none")
    with pytest.raises(UsageError, match="alternative is 'lesser'"):
        lr.moran(field, near, alternative="lesser")
    with pytest.raises(UsageError, match="neighbourhood is a list"):
        lr.moran(field, [1])
    with pytest.raises(InputError, match="1 infinite values"):
        lr.moran(field.where(field > 0, np.inf), near)


@pytest.mark.parametrize("weighting", ["row", "binary", "given"])
def test_unequal_weights_of_a_graph_equal_the_definition_and_all_permutations(weighting):
    from libpysal.graph import Graph

    rng = np.random.default_rng(4)
    matrix = np.where(rng.random((6, 6)) < 0.5, rng.random((6, 6)).round(2), 0.0)
    np.fill_diagonal(matrix, 0.0)
    matrix[:, 0] = [0, 0.5, 0.25, 0.125, 1.0, 2.0]
    matrix[0, 1] = 0.75
    focal, near = np.nonzero(matrix)
    graph = Graph.from_arrays(focal, near, matrix[focal, near])
    values = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0])
    field = xr.DataArray(values, dims="area", coords={"area": np.arange(6)})
    wanted = {
        "row": matrix / matrix.sum(axis=1, keepdims=True),
        "binary": (matrix > 0).astype(float),
        "given": matrix,
    }[weighting]
    result = lr.moran(field, graph, weighting=weighting)
    expected, variance = permuted_moran(values, wanted)
    assert float(result["I"]) == pytest.approx(moran_by_definition(values, wanted), abs=1e-12)
    assert float(result["expected"]) == pytest.approx(expected, abs=1e-12)
    assert float(result["variance"]) == pytest.approx(variance, abs=1e-12)


@pytest.mark.parametrize("weighting", ["row", "given"])
def test_weights_that_decay_equal_the_graph_of_them(weighting):
    field = lr.from_raster(ragged(4, (12, 13)))
    near = lr.Neighbourhood.decay(150, cutoff=350)
    areas = xr.DataArray(field.values, dims="area", coords={"area": field["cell"].values})
    ours, graphs = (
        lr.moran(f, g, weighting=weighting, inference="permutation", permutations=49)
        for f, g in ((field, near), (areas, near.graph(field)))
    )
    for name in NAMES:
        np.testing.assert_allclose(ours[name], graphs[name], rtol=1e-10, err_msg=name)
    plain = lr.moran(field, lr.Neighbourhood.queen(), weighting="given")
    binary = lr.moran(field, lr.Neighbourhood.queen(), weighting="binary")
    assert float(plain["I"]) == float(binary["I"])
    assert float(plain["variance"]) == pytest.approx(float(binary["variance"]), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(2, 2), (2, 3), (1, 7)]),
    st.integers(0, 9999),
    st.sampled_from(sorted(NEIGHBOURHOODS)),
    st.sampled_from(["row", "binary"]),
)
def test_bivariate_moments_equal_those_of_all_permutations_of_the_other(shape, seed, name, weighting):
    neighbourhood, near = NEIGHBOURHOODS[name]
    x, y = np.random.default_rng(seed).normal(size=(2, *shape)).round(1)
    if x.min() == x.max() or y.min() == y.max():
        return
    matrix = weights_matrix(neighbour_lists(np.ones(shape, bool), near), weighting)
    result = lr.moran(raster(x), neighbourhood, other=raster(y), weighting=weighting)
    expected, variance = naive_global.over_all_permutations(
        lambda y, w: naive_global.bivariate(x.ravel(), y, w), y.ravel(), matrix
    )
    observed = naive_global.bivariate(x.ravel(), y.ravel(), matrix)
    assert float(result["I"]) == pytest.approx(observed, abs=1e-10)
    assert float(result["expected"]) == 0.0 == pytest.approx(expected, abs=1e-12)
    assert float(result["variance"]) == pytest.approx(variance, abs=1e-10)


def test_bivariate_places_are_those_with_both_values_and_islands_are_dropped():
    from esda import Moran_BV

    x, y = ragged(1, (14, 15), 0.5), ragged(2, (14, 15), 0.5)
    both = lr.from_raster(x.where(y.notnull()))
    near = lr.Neighbourhood.rook()
    graph = near.graph(both)
    linked = graph.cardinalities.to_numpy() > 0
    kept = both[both.notnull().values]["cell"].values[linked]
    first, second = (lr.from_raster(f).sel(cell=kept).values for f in (x, y))
    theirs = Moran_BV(first, second, graph.subgraph(graph.unique_ids[linked]), permutations=0)
    result = lr.moran(x, near, other=y)
    assert float(result["I"]) == pytest.approx(theirs.I, abs=1e-12)
    assert int(result["n"]) == kept.size
    assert int(result["islands"]) == (~linked).sum() > 0
    assert float(result["reference"]) == pytest.approx(first.mean())


def test_other_equal_to_the_field_gives_its_own_I_and_one_without_leading_dimensions_is_repeated():
    years = xr.concat([ragged(seed, (8, 8)) for seed in (1, 2)], dim="year")
    near = lr.Neighbourhood.queen()
    for weighting in ("row", "binary"):
        alone = lr.moran(years, near, weighting=weighting)
        same = lr.moran(years, near, other=years, weighting=weighting)
        np.testing.assert_allclose(same["I"], alone["I"], rtol=1e-12)
    other = ragged(3, (8, 8))
    together = lr.moran(years, near, other=other, inference="permutation", permutations=19)
    for i in range(2):
        alone = lr.moran(years[i], near, other=other, inference="permutation", permutations=19)
        for name in NAMES:
            assert float(together[name][i]) == float(alone[name]), name


def test_an_other_that_does_not_fit_is_refused():
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="other lies on"):
        lr.moran(field, near, other=raster(np.arange(12.0).reshape(3, 4)))
    with pytest.raises(UsageError, match="other has dtype complex128; it must hold real numbers"):
        lr.moran(field, near, other=field * 1j)
    with pytest.raises(UsageError, match="other is a ndarray; it must be an xarray DataArray"):
        lr.moran(field, near, other=field.values)
    with pytest.raises(UsageError, match="year"):
        lr.moran(field, near, other=field.expand_dims(year=[2012]))
    with pytest.warns(NoVarianceWarning, match="moran: 1 of 1 fields"):
        assert np.isnan(lr.moran(field, near, other=field * 0 + 1)["I"])


@pytest.mark.parametrize("seed", range(3))
def test_permutation_p_is_near_the_share_of_all_permutations(seed):
    from itertools import permutations

    values = np.random.default_rng(seed).normal(size=7).round(1)
    matrix = weights_matrix(neighbour_lists(np.ones((1, 7), bool), rook), "row")
    every = moran_by_definition(np.array(list(permutations(values))), matrix)
    observed = moran_by_definition(values, matrix)
    for alternative, extreme in (("greater", every >= observed - 1e-12), ("less", every <= observed + 1e-12)):
        share = extreme.mean()
        result = lr.moran(
            raster(values[None, :]), lr.Neighbourhood.rook(), inference="permutation",
            permutations=4999, alternative=alternative, seed=seed,
        )  # fmt: skip
        assert abs(float(result["p"]) - share) < 4 * np.sqrt(share * (1 - share) / 4999) + 2e-4


def test_the_identity_is_counted_and_ties_too():
    # all orders of two colours on a line of three: 2 of 6 have the 1 in the middle, and tie with the observed one
    field = raster([[0.0, 1.0, 0.0]])
    result = lr.moran(
        field, lr.Neighbourhood.rook(), inference="permutation", permutations=1999, alternative="less"
    )
    assert float(result["p"]) == pytest.approx(1 / 3, abs=0.05)
    assert float(lr.moran(field, lr.Neighbourhood.rook(), inference="permutation", permutations=1)["p"]) in (
        1.0,
    )
    smooth = raster(np.add.outer(np.arange(30.0), np.arange(30.0)))
    least = lr.moran(smooth, lr.Neighbourhood.queen(), inference="permutation", alternative="greater")
    assert float(least["p"]) == 1 / 1000


def test_permutations_follow_from_seed_and_number_alone():
    field = ragged(8, (40, 50))
    near = lr.Neighbourhood.queen()

    def p(permutations=99, seed=0, threads=2, around=0):
        lr.set_threads(threads)
        try:
            array = np.pad(field.values, around, constant_values=np.nan)
            return float(
                lr.moran(
                    raster(array), near, inference="permutation", permutations=permutations, seed=seed,
                    alternative="greater",
                )["p"]
            )  # fmt: skip
        finally:
            lr.set_threads(2)

    noise = field
    field = noise.copy(
        data=np.where(np.isnan(noise), np.nan, np.random.default_rng(0).normal(size=noise.shape))
    )
    first = p()
    assert p(threads=1) == first == p(around=3)
    assert len({p(seed=seed) for seed in range(4)}) > 1
    # of the first 99 of 199 permutations as many are extreme as of 99
    assert 0 <= round(p(199) * 200 - 1) - round(first * 100 - 1) <= 100


def test_a_shuffle_gives_every_order_as_often():
    from collections import Counter

    from scipy.stats import chisquare

    from leefraster.kernels.shuffle import shuffled

    out = np.empty((24_000, 4), np.int64)
    shuffled(np.arange(4), 7, 0, out)
    orders = Counter(map(tuple, out.tolist()))
    assert len(orders) == 24
    assert chisquare(list(orders.values())).pvalue > 1e-4
    again = np.empty((10, 4), np.int64)
    shuffled(np.arange(4), 7, 500, again)
    np.testing.assert_array_equal(again, out[500:510])
