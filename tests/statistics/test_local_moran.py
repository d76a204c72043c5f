"""Local Moran's I against enumeration of all subsets, esda, and the laws it must obey."""

import gc
import math
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, NoNeighboursWarning, NoVarianceWarning, UsageError
from naive import disc, enumerated_local_moran, neighbour_lists, queen, raster, rook

NEIGHBOURHOODS = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(250), disc(250)),
}
KINDS = {
    "ties": st.integers(0, 3).map(float),
    "decimals": st.integers(-40, 40).map(lambda v: v / 10),
    "floats": st.integers(0, 2**20).map(math.sin),  # no two different sums of them are equal
}


@st.composite
def small_rasters(draw):
    ny, nx = draw(st.sampled_from([(2, 4), (3, 3), (3, 5), (2, 7), (4, 4)]))
    values = draw(st.lists(KINDS[draw(st.sampled_from(sorted(KINDS)))], min_size=ny * nx, max_size=ny * nx))
    array = np.array(values, dtype=float).reshape(ny, nx)
    holes = draw(st.lists(st.integers(0, ny * nx - 1), max_size=ny * nx - 4, unique=True))
    array.ravel()[holes] = np.nan
    extra = np.flatnonzero(~np.isnan(array.ravel()))[14:]
    array.ravel()[extra] = np.nan
    return array


def varies(array):
    held = array[~np.isnan(array)]
    return held.size >= 4 and held.min() < held.max()


@pytest.mark.filterwarnings("ignore::leefraster.errors.NoNeighboursWarning")
@settings(max_examples=60, deadline=None)
@given(
    small_rasters().filter(varies),
    st.sampled_from(sorted(NEIGHBOURHOODS)),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_p_and_moments_equal_full_enumeration(array, name, alternative):
    neighbourhood, near = NEIGHBOURHOODS[name]
    valid = ~np.isnan(array)
    result = lr.local_moran(raster(array), neighbourhood, alternative=alternative)
    oracle = np.array(enumerated_local_moran(array[valid], neighbour_lists(valid, near), alternative))
    for column, variable in enumerate(("I", "expected", "variance", "p")):
        got = result[variable].values[valid]
        np.testing.assert_allclose(got, oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=variable)
    assert np.isnan(result["p"].values[~valid]).all()


def ragged(seed, shape=(30, 40), decimals=None):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < 0.35] = np.nan
    return raster(array if decimals is None else array.round(decimals))


@pytest.mark.parametrize("neighbourhood", [lr.Neighbourhood.queen(), lr.Neighbourhood.disc(300)], ids=str)
def test_statistic_moments_and_quadrants_equal_esda(neighbourhood):
    from esda import Moran_Local

    field = lr.from_raster(ragged(1))
    graph = neighbourhood.graph(field)
    ours = lr.local_moran(field, neighbourhood)
    with warnings.catch_warnings(action="ignore"):  # esda divides by the zero spread of islands
        theirs = Moran_Local(field.values, graph, permutations=0, alternative="two-sided")
    n, linked = field.size, ours["neighbours"].values > 0
    np.testing.assert_allclose(ours["I"].values[linked], theirs.Is[linked], atol=1e-10)
    np.testing.assert_allclose(ours["expected"].values[linked], (theirs.EIc * (n - 1) / n)[linked], rtol=1e-8)
    np.testing.assert_allclose(
        ours["variance"].values[linked], (theirs.VIc * ((n - 1) / n) ** 2)[linked], rtol=1e-8
    )
    np.testing.assert_array_equal(ours["quadrant"].values[linked], theirs.q[linked])


def test_columbus_known_values():
    """Values of PySAL's example set, also in spdep's documentation (I times n / (n - 1) there)."""
    field, graph = columbus()
    result = lr.local_moran(field, graph)
    np.testing.assert_allclose(result["I"].values[:3], [0.72178138, 0.51798565, 0.09193542], atol=1e-8)
    n = field.size
    np.testing.assert_allclose(result["expected"].values[0], -0.0285985420 * (n - 1) / n, rtol=1e-8)
    np.testing.assert_allclose(result["variance"].values[0], 0.6661448908 * ((n - 1) / n) ** 2, rtol=1e-8)


def columbus():
    import geopandas
    import libpysal
    from libpysal.graph import Graph

    frame = geopandas.read_file(libpysal.examples.get_path("columbus.shp"))
    with warnings.catch_warnings(action="ignore"):  # libpysal leaves the file open
        weights = libpysal.io.open(libpysal.examples.get_path("columbus.gal")).read()
        gc.collect()
    graph = Graph.from_W(weights)
    ids = np.asarray(graph.unique_ids)
    values = xr.DataArray(frame["CRIME"].to_numpy(), dims="area", coords={"area": ids})
    return values, graph


def test_agrees_with_random_permutations_within_binomial_error():
    field = lr.from_raster(ragged(5, (100, 150)))
    result = lr.local_moran(field, lr.Neighbourhood.queen())
    rng = np.random.default_rng(0)
    values, draws = field.values, 2000
    chosen = rng.choice(field.size, 60, replace=False)
    score = []
    for i in chosen:
        k = int(result["neighbours"].values[i])
        if k == 0:
            continue
        others = np.delete(values, i)
        sums = np.array([others[rng.choice(others.size, k, replace=False)].sum() for _ in range(draws)])
        observed = result["lag"].values[i] * k
        exact = result["p"].values[i]
        half = exact / 2
        tail = min((sums >= observed).mean(), (sums <= observed).mean())
        score.append((tail - half) / np.sqrt(max(half * (1 - half), 1e-6) / draws))
    assert abs(np.mean(score)) < 0.5
    assert 0.6 < np.std(score) < 1.4


@pytest.mark.parametrize("decimals", [None, 1])
def test_bit_identical_for_threads_and_order_of_cells(decimals):
    field = lr.from_raster(ragged(2, (60, 80), decimals))
    rng = np.random.default_rng(4)
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results.append(lr.local_moran(field, lr.Neighbourhood.disc(400)))
    finally:
        lr.set_threads(2)
    shuffled = field.isel(cell=rng.permutation(field.size))
    back = lr.local_moran(shuffled, lr.Neighbourhood.disc(400)).sortby("cell")
    for name in results[0].data_vars:
        first = results[0][name].values.tobytes()
        assert first == results[1][name].values.tobytes() == back[name].values.tobytes(), name


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, -1.0, 1000.0, 0.5]), st.sampled_from([0.0, 3.0, -1e6]))
def test_shift_and_scale_leave_everything_but_the_lag(seed, scale, shift):
    field = ragged(seed, (8, 9), decimals=2)
    base = lr.local_moran(field, lr.Neighbourhood.queen())
    moved = lr.local_moran(field * scale + shift, lr.Neighbourhood.queen())
    for name in ("I", "expected", "variance", "z", "p"):
        np.testing.assert_allclose(moved[name], base[name], rtol=1e-5, atol=1e-7, err_msg=name)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["transpose", "flip", "pad"]))
def test_reflection_transposition_and_missing_surroundings_change_nothing(seed, law):
    array = ragged(seed, (7, 9), decimals=1).values
    base = lr.local_moran(raster(array), lr.Neighbourhood.disc(200))
    turn = {
        "transpose": (np.transpose, np.transpose),
        "flip": (np.flipud, np.flipud),
        "pad": (lambda a: np.pad(a, 3, constant_values=np.nan), lambda a: a[3:-3, 3:-3]),
    }[law]
    turned = lr.local_moran(raster(turn[0](array)), lr.Neighbourhood.disc(200))
    for name in ("I", "p", "q", "cluster"):
        np.testing.assert_array_equal(turn[1](turned[name].values), base[name].values, err_msg=name)


def test_leading_dimensions_are_mapped_and_equal_a_loop():
    arrays = np.stack([ragged(seed, (12, 14)).values for seed in range(3)])
    together = lr.local_moran(raster(arrays), lr.Neighbourhood.queen())
    assert together["n"].dims == ("year",)
    for i in range(3):
        alone = lr.local_moran(raster(arrays[i]), lr.Neighbourhood.queen())
        for name in alone.data_vars:
            np.testing.assert_array_equal(together[name][i], alone[name], err_msg=name)


def test_integers_floats_and_ascending_y_give_the_same():
    array = np.random.default_rng(3).integers(0, 9, (9, 9))
    base = lr.local_moran(raster(array), lr.Neighbourhood.queen())
    as_float = lr.local_moran(raster(array.astype(np.float32)), lr.Neighbourhood.queen())
    ascending = lr.local_moran(raster(array).isel(y=slice(None, None, -1)), lr.Neighbourhood.queen())
    for name in ("I", "p", "q"):
        np.testing.assert_array_equal(base[name], as_float[name])
        np.testing.assert_array_equal(base[name], ascending.sortby("y", ascending=False)[name])


def test_cells_rasters_and_graphs_agree():
    field = ragged(7, (15, 16))
    cells = lr.from_raster(field)
    by_raster = lr.from_raster(lr.local_moran(field, lr.Neighbourhood.queen())[["I", "p"]])
    by_cell = lr.local_moran(cells, lr.Neighbourhood.queen())
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    by_graph = lr.local_moran(areas, lr.Neighbourhood.queen().graph(cells))
    for name in ("I", "p"):
        np.testing.assert_array_equal(by_cell[name], by_graph[name])
        linked = by_cell["neighbours"].values > 0
        np.testing.assert_array_equal(by_cell[name].values[linked], by_raster[name].values)


def test_one_missing_value_does_not_poison_the_others():
    """esda makes every cell low-low with the smallest p (its issue 215); pygeoda all high-high."""
    array = np.random.default_rng(8).normal(size=(10, 10))
    array[4, 4] = np.nan
    result = lr.local_moran(raster(array), lr.Neighbourhood.queen())
    assert int(np.isnan(result["p"]).sum()) == 1
    assert len(np.unique(result["quadrant"].values)) == 5
    assert int(result["n"]) == 99


def test_island_is_counted_and_has_no_result_but_stays_in_the_population():
    array = np.full((6, 6), np.nan)
    array[:3, :3] = np.arange(9.0).reshape(3, 3)
    array[5, 5] = 40.0
    result = lr.local_moran(raster(array), lr.Neighbourhood.queen())
    assert int(result["islands"]) == 1
    assert int(result["n"]) == 10
    assert np.isnan(result["p"].values[5, 5])
    assert result["cluster"].values[5, 5] == result["quadrant"].values[5, 5] == 0
    assert float(result["reference"]) == pytest.approx((36 + 40) / 10)


def test_place_on_the_mean_has_p_one():
    array = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    result = lr.local_moran(raster(array), lr.Neighbourhood.queen())
    np.testing.assert_array_equal(result["p"].values[:, 1], [1.0, 1.0])
    np.testing.assert_array_equal(result["I"].values[:, 1], [0.0, 0.0])


@pytest.mark.parametrize(
    "array",
    [
        np.array([[0.1 + 0.2, 0.3], [0.3, 0.3]]),
        np.full((3, 3), 2.5),
        np.full((3, 3), np.nan),
        np.array([[1.0, np.nan], [2.0, np.nan]]),
    ],
    ids=["float error only", "constant", "all missing", "two values"],
)
def test_no_variance_gives_missing_and_one_named_warning(array):
    with pytest.warns(NoVarianceWarning, match="1 of 1 fields have no variance"):
        result = lr.local_moran(raster(array), lr.Neighbourhood.queen())
    assert np.isnan(result["p"]).all()
    assert (result["cluster"] == 0).all()


def test_all_islands_give_missing_results():
    array = np.full((5, 5), np.nan)
    array[::2, ::2] = np.arange(9.0).reshape(3, 3)
    with pytest.warns(NoNeighboursWarning, match="local_moran: 1 of 1 fields have no place with a neighbour"):
        result = lr.local_moran(raster(array), lr.Neighbourhood.queen())
    assert np.isnan(result["p"]).all()
    assert int(result["islands"]) == 9


def test_p_is_never_zero_and_twice_the_share_of_one_set_at_least():
    array = np.zeros((40, 40))
    array[:6, :6] = 100.0 + np.arange(36).reshape(6, 6)
    result = lr.local_moran(raster(array), lr.Neighbourhood.disc(300))
    assert float(result["p"].min()) > 0.0


def test_errors_say_what_is_wrong():
    field = raster(np.arange(9.0).reshape(3, 3))
    queen_order_1 = lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="alternative is 'both'; allowed are 'two-sided', 'greater', 'less'"):
        lr.local_moran(field, queen_order_1, alternative="both")
    with pytest.raises(UsageError, match="alpha is 5; it must lie between 0 and 1"):
        lr.local_moran(field, queen_order_1, alpha=5)
    with pytest.raises(UsageError, match="neighbourhood is a str"):
        lr.local_moran(field, "queen")
    with pytest.raises(UsageError, match="has dtype complex128"):
        lr.local_moran(field.astype(complex), queen_order_1)
    with pytest.raises(UsageError, match="dimensions \\('a', 'b'\\)"):
        lr.local_moran(xr.DataArray(np.eye(3), dims=("a", "b")), queen_order_1)
    with pytest.raises(InputError, match="1 infinite values"):
        lr.local_moran(field.where(field < 8, np.inf), queen_order_1)
    with pytest.raises(UsageError, match="holds no neighbouring centre of 100 m cells"):
        lr.local_moran(field, lr.Neighbourhood.disc(50))


def test_graph_ids_must_match_the_areas():
    field, graph = columbus()
    with pytest.raises(UsageError, match="49 ids, the field 48 areas"):
        lr.local_moran(field.drop_vars("area")[:48], graph)
    with pytest.raises(UsageError, match="not in the graph"):
        lr.local_moran(field.assign_coords(area=[f"a{i}" for i in range(49)]), graph)
