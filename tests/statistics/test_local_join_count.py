"""Local join counts against enumeration, esda, scipy's hypergeometric distribution, and the laws they obey."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import leefraster as lr
from leefraster.errors import InputError, NoVarianceWarning, UsageError
from naive import disc, neighbour_lists, queen, raster, rook
from naive_join_counts import enumerated_local_join_count

NEIGHBOURHOODS = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(250), disc(250)),
}
VARIABLES = ("BB", "expected", "variance", "z", "p", "q")


@st.composite
def small_rasters(draw):
    ny, nx = draw(st.sampled_from([(2, 4), (3, 3), (2, 6), (3, 4)]))
    cell = st.sampled_from([0.0, 1.0, 1.0, np.nan])
    return np.array(draw(st.lists(cell, min_size=ny * nx, max_size=ny * nx))).reshape(ny, nx)


def varies(array):
    held = array[~np.isnan(array)]
    return held.size >= 3 and held.min() < held.max()


@pytest.mark.filterwarnings("ignore::leefraster.errors.NoNeighboursWarning")
@settings(max_examples=60, deadline=None)
@given(
    small_rasters().filter(varies),
    st.sampled_from(sorted(NEIGHBOURHOODS)),
    st.sampled_from(["two-sided", "greater", "less"]),
    st.sampled_from(["binary", "row"]),
)
def test_p_and_moments_equal_full_enumeration(array, name, alternative, weighting):
    neighbourhood, near = NEIGHBOURHOODS[name]
    valid = ~np.isnan(array)
    result = lr.local_join_count(raster(array), neighbourhood, alternative=alternative, weighting=weighting)
    oracle = np.array(
        enumerated_local_join_count(
            array[valid], neighbour_lists(valid, near), alternative, row=weighting == "row"
        )
    )
    for column, variable in enumerate(("BB", "expected", "variance", "p")):
        got = result[variable].values[valid]
        np.testing.assert_allclose(got, oracle[:, column], rtol=1e-10, atol=1e-12, err_msg=variable)
    assert np.isnan(result["p"].values[~valid]).all()


def ragged(seed, shape=(30, 40), share=0.3):
    rng = np.random.default_rng(seed)
    smooth = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array = (smooth > np.quantile(smooth, 1 - share)).astype(float)
    array[rng.random(shape) < 0.35] = np.nan
    return raster(array)


def test_counts_equal_esda_where_places_have_no_neighbour():
    """Its p is held against ours by the tests of the cross-check."""
    from esda import Join_Counts_Local

    field = lr.from_raster(ragged(1, (20, 24)))[::3]
    neighbourhood = lr.Neighbourhood.queen()
    ours = lr.local_join_count(field, neighbourhood)
    graph = neighbourhood.graph(field)
    linked = ~np.isin(field["cell"].values, graph.isolates)
    assert not linked.all()
    with warnings.catch_warnings(action="ignore"):  # islands, and esda's deprecations
        theirs = Join_Counts_Local(graph).fit(field.values, permutations=0)
    np.testing.assert_array_equal(ours["BB"].values[linked], theirs.LJC)


def test_known_values_of_esda_on_a_lattice_of_two_halves():
    """The example of esda's documentation, whose p came from permutations."""
    array = np.ones((4, 4))
    array[:2] = 0
    result = lr.local_join_count(raster(array), lr.Neighbourhood.rook(), alternative="greater")
    np.testing.assert_array_equal(
        result["BB"].values, [[0, 0, 0, 0], [0, 0, 0, 0], [2, 3, 3, 2], [2, 3, 3, 2]]
    )
    expected = stats.hypergeom.sf(np.array([1, 2]), 15, 7, np.array([3, 4]))
    np.testing.assert_allclose(result["p"].values[2, :2], expected, rtol=1e-12)


def test_places_with_a_zero_are_no_tests():
    result = lr.local_join_count(ragged(2), lr.Neighbourhood.queen(), adjustment="bonferroni")
    ones = ragged(2).values == 1
    zeros = (ragged(2).values == 0) & (result["neighbours"].values > 0)
    for name, value in (("BB", 0), ("expected", 0), ("variance", 0), ("z", 0), ("p", 1), ("q", 1)):
        assert (result[name].values[zeros] == value).all(), name
    tested = ones & ~np.isnan(result["p"].values)
    np.testing.assert_allclose(
        result["q"].values[tested], np.minimum(result["p"].values[tested] * tested.sum(), 1.0)
    )


def test_permutations_agree_with_the_exact_distribution_and_repeat_with_their_seed():
    field = ragged(3, (40, 40))
    exact = lr.local_join_count(field, lr.Neighbourhood.queen(), alternative="greater")
    first, again, other = (
        lr.local_join_count(
            field, lr.Neighbourhood.queen(), alternative="greater", inference="permutation",
            permutations=1999, seed=seed,
        )
        for seed in (5, 5, 6)
    )  # fmt: skip
    np.testing.assert_array_equal(first["p"], again["p"])
    assert (first["p"].values != other["p"].values).any()
    tested = exact["variance"].values > 0
    p = exact["p"].values[tested]
    score = (first["p"].values[tested] - p) / np.sqrt(np.maximum(p * (1 - p), 1e-4) / 1999)
    assert abs(score.mean()) < 0.2
    assert 0.8 < score.std() < 1.2


def test_randomised_p_is_uniform_under_the_null():
    """The middle place, a one, of each of 20,000 fields of 3 x 4 whose other ones are spread at random."""
    rng = np.random.default_rng(11)
    others = np.argsort(rng.random((20_000, 11)), axis=1) < 4
    observed = others[:, :8].sum(axis=1)  # a place in the second column has 8 neighbours
    array = np.zeros((3, 4))
    array.ravel()[[0, 1, 2, 5, 6]] = 1.0  # 4 ones near the place (1, 1)
    p = {4: lr.local_join_count(raster(array), lr.Neighbourhood.queen(), alternative="greater")["p"][1, 1]}
    for moved, last in ((3, 2), (2, 1), (1, 0)):
        array.ravel()[last] = 0.0
        array.ravel()[[3, 7, 11][3 - moved]] = 1.0
        result = lr.local_join_count(raster(array), lr.Neighbourhood.queen(), alternative="greater")
        assert result["BB"][1, 1] == moved
        p[moved] = result["p"][1, 1]
    upper = np.array([1.0 if b == 0 else float(p[b]) for b in range(5)])
    above = np.append(upper[1:], 0.0)
    randomised = above[observed] + rng.random(observed.size) * (upper - above)[observed]
    assert stats.kstest(randomised, "uniform").pvalue > 1e-3


def test_far_tails_are_exact_and_never_zero():
    array = np.zeros((60, 60))
    array[20:32, 20:32] = 1.0
    result = lr.local_join_count(raster(array), lr.Neighbourhood.disc(500), alternative="greater")
    at = (26, 26)
    k = int(result["neighbours"].values[at])
    assert result["BB"].values[at] == k == 80
    every = stats.hypergeom.logsf(k - 1, 3599, 143, k)
    assert np.log(result["p"].values[at]) == pytest.approx(every, rel=1e-8)
    assert result["p"].values[at] < 1e-110
    assert float(result["p"].min()) > 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["transpose", "flip", "pad"]))
def test_reflection_transposition_and_missing_surroundings_change_nothing(seed, law):
    array = ragged(seed, (7, 9), share=0.5).values
    turn = {
        "transpose": (np.transpose, np.transpose),
        "flip": (np.flipud, np.flipud),
        "pad": (lambda a: np.pad(a, 3, constant_values=np.nan), lambda a: a[3:-3, 3:-3]),
    }[law]
    base = lr.local_join_count(raster(array), lr.Neighbourhood.disc(200))
    turned = lr.local_join_count(raster(turn[0](array)), lr.Neighbourhood.disc(200))
    for name in VARIABLES:
        np.testing.assert_array_equal(turn[1](turned[name].values), base[name].values, err_msg=name)


def test_bool_integers_floats_and_leading_dimensions_give_the_same():
    arrays = np.random.default_rng(4).random((3, 9, 9)) < 0.4
    base = lr.local_join_count(raster(arrays), lr.Neighbourhood.queen())
    for kind in (np.int16, np.float32, np.float64):
        other = lr.local_join_count(raster(arrays.astype(kind)), lr.Neighbourhood.queen())
        for name in VARIABLES:
            np.testing.assert_array_equal(other[name], base[name])
    for i in range(3):
        alone = lr.local_join_count(raster(arrays[i]), lr.Neighbourhood.queen())
        for name in VARIABLES:
            np.testing.assert_array_equal(alone[name], base[name][i])


def test_cells_and_relabelled_graphs_agree():
    field = ragged(7, (15, 16))
    cells = lr.from_raster(field)
    by_cell = lr.local_join_count(cells, lr.Neighbourhood.queen())
    graph = lr.Neighbourhood.queen().graph(cells)
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    order = np.random.default_rng(5).permutation(cells.size)
    by_graph = lr.local_join_count(areas[order], graph).sortby("area")
    for name in VARIABLES:
        np.testing.assert_array_equal(by_cell[name].values, by_graph[name].values, err_msg=name)


def test_bit_identical_for_threads():
    field = ragged(2, (60, 80))
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results += [
                lr.local_join_count(field, lr.Neighbourhood.disc(400), inference=inference, permutations=99)
                for inference in ("exact", "permutation")
            ]
    finally:
        lr.set_threads(2)
    for name in VARIABLES:
        assert results[0][name].values.tobytes() == results[2][name].values.tobytes()
        assert results[1][name].values.tobytes() == results[3][name].values.tobytes()


def test_normal_inference_is_that_of_z():
    result = lr.local_join_count(
        ragged(9), lr.Neighbourhood.queen(), inference="normal", alternative="greater"
    )
    tested = result["variance"].values > 0
    np.testing.assert_allclose(result["p"].values[tested], stats.norm.sf(result["z"].values[tested]))


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_no_variance_gives_missing_and_one_named_warning(value):
    with pytest.warns(NoVarianceWarning, match="local_join_count: 1 of 1 fields have no variance"):
        result = lr.local_join_count(raster(np.full((3, 3), value)), lr.Neighbourhood.queen())
    for name in VARIABLES:
        assert np.isnan(result[name]).all()


def test_islands_have_no_result_and_neighbours_of_everyone_none_that_varies():
    array = np.full((5, 5), np.nan)
    array[:2, :2] = [[1, 1], [0, 1]]
    array[4, 4] = 1
    result = lr.local_join_count(raster(array), lr.Neighbourhood.queen())
    assert int(result["islands"]) == 1
    assert np.isnan(result["BB"].values[4, 4])
    all_near = lr.local_join_count(raster(array[:2, :2]), lr.Neighbourhood.queen())
    np.testing.assert_array_equal(all_near["p"], np.ones((2, 2)))
    np.testing.assert_array_equal(all_near["z"], np.zeros((2, 2)))


def test_errors_say_what_is_wrong():
    field, near = raster(np.eye(3)), lr.Neighbourhood.queen()
    with pytest.raises(InputError, match=r"holds 2 values that are neither 0 nor 1, the first is 2\.5"):
        lr.local_join_count(raster([[2.5, 0, np.nan], [0, 1, 0], [0, 0, -1]]), near)
    with pytest.raises(InputError, match="1 infinite values"):
        lr.local_join_count(field.where(field.cumsum() < 3, np.inf), near)
    with pytest.raises(UsageError, match="inference is 'saddlepoint'; allowed are 'exact', 'inversion'"):
        lr.local_join_count(field, near, inference="saddlepoint")
    with pytest.raises(UsageError, match="permutations is 0; it must be a whole number of at least 1"):
        lr.local_join_count(field, near, inference="permutation", permutations=0)
    with pytest.raises(UsageError, match="weighting is 'mean'; allowed are"):
        lr.local_join_count(field, near, weighting="mean")
