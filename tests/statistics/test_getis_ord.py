"""Getis-Ord G and G* against enumeration of all sets, known values, esda, and the laws they must obey."""

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
from naive import disc, enumerated_getis_ord, neighbour_lists, queen, raster, rook

NEIGHBOURHOODS = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(200), disc(200)),
}
KINDS = {
    "ties": st.integers(0, 3).map(float),
    "decimals": st.integers(-40, 40).map(lambda v: v / 10),
    "floats": st.integers(0, 2**20).map(math.sin),  # no two different sums of them are equal
}


@st.composite
def small_rasters(draw):
    ny, nx = draw(st.sampled_from([(2, 4), (3, 3), (3, 4), (2, 6), (4, 4)]))
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    array = np.array(draw(st.lists(kind, min_size=ny * nx, max_size=ny * nx))).reshape(ny, nx)
    array.ravel()[draw(st.lists(st.integers(0, ny * nx - 1), max_size=ny * nx - 4, unique=True))] = np.nan
    array.ravel()[np.flatnonzero(~np.isnan(array.ravel()))[12:]] = np.nan
    return array


def varies(array):
    held = array[~np.isnan(array)]
    return held.size >= 4 and held.min() < held.max()


@pytest.mark.filterwarnings("ignore::leefraster.errors.NoNeighboursWarning")
@settings(max_examples=100, deadline=None)
@given(
    small_rasters().filter(varies),
    st.sampled_from(sorted(NEIGHBOURHOODS)),
    st.booleans(),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_z_and_p_equal_full_enumeration(array, name, star, alternative):
    neighbourhood, near = NEIGHBOURHOODS[name]
    valid = ~np.isnan(array)
    result = lr.getis_ord(raster(array), neighbourhood, star=star, alternative=alternative)
    oracle = np.array(enumerated_getis_ord(array[valid], neighbour_lists(valid, near), star, alternative))
    np.testing.assert_allclose(result["z"].values[valid], oracle[:, 0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(result["p"].values[valid], oracle[:, 1], rtol=1e-8, atol=1e-10)
    assert np.isnan(result["p"].values[~valid]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 999), st.booleans(), st.sampled_from(["row", "binary"]))
def test_G_is_the_share_of_the_total(seed, star, weighting):
    array = np.random.default_rng(seed).gamma(1.0, size=(4, 5))
    array[np.random.default_rng(seed + 1).random((4, 5)) < 0.3] = np.nan
    valid = ~np.isnan(array)
    x = array[valid]
    result = lr.getis_ord(raster(array), lr.Neighbourhood.queen(), star=star, weighting=weighting)
    found = result["G"].values[valid]
    for i, near in enumerate(neighbour_lists(valid, queen)):
        if not near:
            assert np.isnan(found[i])
            continue
        chosen = [*near, i] if star else near
        total = x.sum() if star else x.sum() - x[i]
        share = x[chosen].sum() / total / (len(chosen) if weighting == "row" else 1)
        assert found[i] == pytest.approx(share, rel=1e-10)


@pytest.mark.parametrize("star", [True, False])
@pytest.mark.parametrize("outlier", [2.0**20, 2.0**50, -(2.0**45)])
def test_an_outlying_place_costs_no_digits(star, outlier):
    array = np.random.default_rng(0).integers(0, 9, (3, 4)).astype(float)
    array[1, 2] = outlier
    result = lr.getis_ord(raster(array), lr.Neighbourhood.rook(), star=star, inference="normal")
    lists = neighbour_lists(np.ones((3, 4), bool), rook)
    oracle = np.array(enumerated_getis_ord(array.ravel(), lists, star, "two-sided"))
    np.testing.assert_allclose(result["z"].values.ravel(), oracle[:, 0], rtol=1e-10)


def six_points():
    from libpysal.graph import Graph

    points = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    near = [[j for j in range(6) if j != i and apart[i, j] <= 15] for i in range(6)]
    graph = Graph.from_dicts(dict(enumerate(near)))
    return xr.DataArray([2, 3, 3.2, 5, 8, 7], dims="area", coords={"area": np.arange(6)}), graph


def test_six_points_known_values():
    """The example of Getis & Ord as PySAL and spdep document it (binary z; G* of the first point)."""
    values, graph = six_points()
    plain = lr.getis_ord(values, graph, star=False)
    known = [-1.01367, -0.04362, 1.31559, -0.31413, 1.15374, 1.77834]
    np.testing.assert_allclose(plain["z"], known, atol=6e-6)
    assert float(lr.getis_ord(values, graph)["z"][0]) == pytest.approx(-1.39727626, abs=1e-8)
    for weighting in ("row", "binary"):  # row scaling changes G, never z and p
        other = lr.getis_ord(values, graph, star=False, weighting=weighting)
        for name in ("z", "p", "q"):
            np.testing.assert_array_equal(other[name], plain[name])


def ragged(seed, shape=(30, 40), decimals=None):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < 0.35] = np.nan
    return raster(array if decimals is None else array.round(decimals))


@pytest.mark.parametrize("star", [True, False])
def test_z_equals_esda_with_binary_weights(star):
    from esda import G_Local

    field = lr.from_raster(ragged(1, (20, 25)))
    neighbourhood = lr.Neighbourhood.disc(200)
    graph = neighbourhood.graph(field)
    ours = lr.getis_ord(field, neighbourhood, star=star)
    shifted = field.values - field.values.min() + 1.0  # esda wants positive values; z does not change
    with warnings.catch_warnings(action="ignore"):
        theirs = G_Local(shifted, graph, transform="B", star=star, permutations=0)
        gc.collect()
    linked = ours["neighbours"].values > 0
    np.testing.assert_allclose(
        ours["z"].values[linked], np.asarray(theirs.Zs)[linked], rtol=1e-10, atol=1e-10
    )


def test_spots_are_the_levels_of_q_with_the_sign_of_z():
    array = np.random.default_rng(0).normal(size=(40, 40))
    array[5:10, 5:10] += 2.0
    array[25:30, 25:30] -= 2.0
    array[0, 0] = np.nan
    result = lr.getis_ord(raster(array), lr.Neighbourhood.queen())
    q, z, spot = (result[name].values for name in ("q", "z", "spot"))
    size = (q <= 0.1).astype(int) + (q <= 0.05) + (q <= 0.01)
    np.testing.assert_array_equal(spot, np.where(z > 0, size, -size))
    assert set(np.unique(spot)) == set(range(-3, 4))
    assert spot.dtype == np.int8
    assert spot[0, 0] == 0
    assert spot[7, 7] == 3
    assert spot[27, 27] == -3


def test_q_is_adjusted_within_each_field():
    from scipy.stats import false_discovery_control

    result = lr.getis_ord(raster(np.random.default_rng(1).normal(size=(2, 9, 9))), lr.Neighbourhood.queen())
    for year in range(2):
        p = result["p"].values[year].ravel()
        np.testing.assert_allclose(result["q"].values[year].ravel(), false_discovery_control(p), rtol=1e-13)


@pytest.mark.parametrize("star", [True, False])
def test_G_of_deviations_is_missing_but_z_and_p_are_not(star):
    array = np.random.default_rng(0).normal(size=(8, 8)) - 1.0
    result = lr.getis_ord(raster(array), lr.Neighbourhood.queen(), star=star)
    assert np.isnan(result["G"]).all()
    assert not np.isnan(result["z"]).any()
    assert not np.isnan(result["p"]).any()
    moved = lr.getis_ord(raster(array + 100.0), lr.Neighbourhood.queen(), star=star)
    assert not np.isnan(moved["G"]).any()
    np.testing.assert_allclose(moved["z"], result["z"], rtol=1e-8)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 999), st.booleans(), st.sampled_from([1.0, -1.0, 1000.0, 0.5]), st.sampled_from([0.0, 3.0, -1e6])
)  # fmt: skip
def test_shift_and_scale_leave_p_and_turn_z(seed, star, scale, shift):
    field = ragged(seed, (8, 9), decimals=2)
    base = lr.getis_ord(field, lr.Neighbourhood.queen(), star=star)
    moved = lr.getis_ord(field * scale + shift, lr.Neighbourhood.queen(), star=star)
    np.testing.assert_allclose(moved["p"], base["p"], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(moved["z"], base["z"] * np.sign(scale), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(moved["spot"], base["spot"] * np.sign(scale))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.booleans(), st.sampled_from(["transpose", "flip", "pad"]))
def test_reflection_transposition_and_missing_surroundings_change_nothing(seed, star, law):
    array = ragged(seed, (7, 9), decimals=1).values
    base = lr.getis_ord(raster(array), lr.Neighbourhood.disc(200), star=star)
    turn = {
        "transpose": (np.transpose, np.transpose),
        "flip": (np.flipud, np.flipud),
        "pad": (lambda a: np.pad(a, 3, constant_values=np.nan), lambda a: a[3:-3, 3:-3]),
    }[law]
    turned = lr.getis_ord(raster(turn[0](array)), lr.Neighbourhood.disc(200), star=star)
    for name in ("G", "z", "p", "q", "spot", "neighbours"):
        np.testing.assert_array_equal(turn[1](turned[name].values), base[name].values, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.booleans(), st.sampled_from(["exact", "normal"]))
def test_the_alternatives_belong_together(seed, star, inference):
    field = ragged(seed, (6, 8), decimals=0)
    found = {
        alternative: lr.getis_ord(
            field, lr.Neighbourhood.queen(), star=star, inference=inference, alternative=alternative
        )["p"].values
        for alternative in ("two-sided", "greater", "less")
    }
    held = ~np.isnan(found["greater"])
    greater, less = found["greater"][held], found["less"][held]
    np.testing.assert_array_equal(found["two-sided"][held], np.minimum(1.0, 2 * np.minimum(greater, less)))
    assert (greater + less >= 1 - 1e-12).all()  # both hold the ties


def test_normal_inference_is_the_normal_tail_of_z():
    from scipy.stats import norm

    field = ragged(3)
    result = lr.getis_ord(field, lr.Neighbourhood.queen(), inference="normal")
    np.testing.assert_allclose(result["p"], np.minimum(1, 2 * norm.sf(np.abs(result["z"]))), rtol=1e-12)
    exact = lr.getis_ord(field, lr.Neighbourhood.disc(400))
    normal = lr.getis_ord(field, lr.Neighbourhood.disc(400), inference="normal")
    assert float(np.abs(exact["p"] - normal["p"]).max()) < 0.05


def test_p_of_local_moran_equals_that_of_G():
    """Given its own value, local Moran's I is monotone in the sum that G is."""
    field = ragged(4, decimals=1)
    moran = lr.local_moran(field, lr.Neighbourhood.disc(300))
    plain = lr.getis_ord(field, lr.Neighbourhood.disc(300), star=False)
    np.testing.assert_array_equal(moran["p"], plain["p"])


@pytest.mark.parametrize("decimals", [None, 1])
@pytest.mark.parametrize("star", [True, False])
def test_bit_identical_for_threads_and_order_of_cells(decimals, star):
    field = lr.from_raster(ragged(2, (60, 80), decimals))
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results.append(lr.getis_ord(field, lr.Neighbourhood.disc(400), star=star))
    finally:
        lr.set_threads(2)
    shuffled = field.isel(cell=np.random.default_rng(4).permutation(field.size))
    back = lr.getis_ord(shuffled, lr.Neighbourhood.disc(400), star=star).sortby("cell")
    for name in results[0].data_vars:
        first = results[0][name].values.tobytes()
        assert first == results[1][name].values.tobytes() == back[name].values.tobytes(), name


def test_leading_dimensions_are_mapped_and_equal_a_loop():
    arrays = np.stack([ragged(seed, (12, 14)).values for seed in range(3)])
    together = lr.getis_ord(raster(arrays), lr.Neighbourhood.queen())
    assert together["reference"].dims == ("year",)
    for i in range(3):
        alone = lr.getis_ord(raster(arrays[i]), lr.Neighbourhood.queen())
        for name in [*alone.data_vars, "n", "islands", "reference", "p_error"]:
            np.testing.assert_array_equal(together[name][i], alone[name], err_msg=name)


@pytest.mark.parametrize("star", [True, False])
def test_cells_rasters_and_graphs_agree(star):
    field = ragged(7, (15, 16))
    cells = lr.from_raster(field)
    by_raster = lr.from_raster(lr.getis_ord(field, lr.Neighbourhood.queen(), star=star)[["z", "p"]])
    by_cell = lr.getis_ord(cells, lr.Neighbourhood.queen(), star=star)
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    by_graph = lr.getis_ord(areas, lr.Neighbourhood.queen().graph(cells), star=star)
    linked = by_cell["neighbours"].values > 0
    for name in ("z", "p"):
        np.testing.assert_array_equal(by_cell[name], by_graph[name])
        np.testing.assert_array_equal(by_cell[name].values[linked], by_raster[name].values)


def test_areas_are_matched_by_label():
    values, graph = six_points()
    base = lr.getis_ord(values, graph)
    turned = lr.getis_ord(values[::-1], graph)
    for name in ("z", "p"):
        np.testing.assert_array_equal(turned[name].sel(area=base["area"]), base[name])


@pytest.mark.parametrize("star", [True, False])
def test_island_is_counted_and_has_no_result_but_stays_in_the_population(star):
    array = np.full((6, 6), np.nan)
    array[:3, :3] = np.arange(9.0).reshape(3, 3)
    array[5, 5] = 40.0
    result = lr.getis_ord(raster(array), lr.Neighbourhood.queen(), star=star)
    assert (int(result["islands"]), int(result["n"])) == (1, 10)
    assert float(result["reference"]) == pytest.approx(7.6)
    for name in ("G", "z", "p", "q"):
        assert np.isnan(result[name].values[5, 5]), name
    assert result["spot"].values[5, 5] == result["neighbours"].values[5, 5] == 0


def test_all_places_as_neighbours_leave_nothing_to_chance():
    result = lr.getis_ord(raster(np.arange(6.0).reshape(2, 3)), lr.Neighbourhood.disc(500))
    assert (result["p"] == 1.0).all()
    assert (result["z"] == 0.0).all()
    np.testing.assert_allclose(result["G"], 1 / 6)


def test_three_places_in_a_row():
    for star, p in ((True, [2 / 3, 1.0, 2 / 3]), (False, [1.0, 1.0, 1.0])):
        result = lr.getis_ord(raster([[1.0, 2.0, 4.0]]), lr.Neighbourhood.rook(), star=star)
        np.testing.assert_allclose(result["p"].values[0], p)


@pytest.mark.parametrize(
    "array",
    [np.full((3, 3), 2.5), np.full((3, 3), np.nan), np.array([[1.0, np.nan], [2.0, np.nan]])],
    ids=["constant", "all missing", "two values"],
)
def test_no_variance_gives_missing_and_one_named_warning(array):
    with pytest.warns(NoVarianceWarning, match="getis_ord: 1 of 1 fields have no variance"):
        result = lr.getis_ord(raster(array), lr.Neighbourhood.queen())
    assert np.isnan(result["p"]).all()
    assert (result["spot"] == 0).all()


def test_errors_say_what_is_wrong():
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="weighting is 'W'; allowed are 'row', 'binary'"):
        lr.getis_ord(field, near, weighting="W")
    with pytest.raises(
        UsageError, match="inference is 'folded'; allowed are 'exact', 'inversion', 'normal', 'permutation'"
    ):
        lr.getis_ord(field, near, inference="folded")
    with pytest.raises(UsageError, match="alternative is 'both'"):
        lr.getis_ord(field, near, alternative="both")
    with pytest.raises(UsageError, match="star is 'yes'; it must be True, for G"):
        lr.getis_ord(field, near, star="yes")
    with pytest.raises(UsageError, match="field is a ndarray; it must be an xarray DataArray"):
        lr.getis_ord(field.values, near)
    with pytest.raises(InputError, match="1 infinite values; missing values are NaN"):
        lr.getis_ord(field.where(field > 0, -np.inf), near)
    cells = lr.from_raster(field)
    with pytest.raises(InputError, match=r"holds 1 cells twice; first: \[0\]"):
        lr.getis_ord(cells.isel(cell=[0, 0, 1, 2]), near)


@pytest.mark.parametrize("star", [True, False])
@pytest.mark.parametrize("weighting", ["row", "binary"])
def test_shares_of_values_near_the_largest_double_are_those_of_smaller_ones(star, weighting):
    values = np.random.default_rng(3).choice(
        [1.7e308, -1.7e308, 1e308, 0.3e308], (8, 9), p=[0.4, 0.1, 0.3, 0.2]
    )
    options = {"star": star, "weighting": weighting}
    small = lr.getis_ord(raster(values * 2.0**-200), lr.Neighbourhood.queen(), **options)
    large = lr.getis_ord(raster(values), lr.Neighbourhood.queen(), **options)
    assert np.isfinite(small["G"]).all()
    for name in ("G", "z", "p", "q", "spot"):
        np.testing.assert_array_equal(large[name], small[name], err_msg=name)


def test_graphs_with_unequal_negative_or_self_weights_are_refused():
    from libpysal.graph import Graph

    values, _ = six_points()
    values = values[:3]
    for weights, message in (
        ({0: {1: 1, 2: 2}, 1: {0: 1}, 2: {0: 1}}, "weights differ within a neighbourhood"),
        ({0: {1: -1}, 1: {0: -1}, 2: {0: -1}}, "negative or not finite"),
        ({0: {0: 1, 1: 1}, 1: {0: 1}, 2: {0: 1}}, "to themselves"),
    ):
        with pytest.raises(UsageError, match=message):
            lr.getis_ord(values, Graph.from_weights_dict(weights), star=False)
