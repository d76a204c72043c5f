"""Local Geary's C against enumeration, esda, spdep, permutations, and the laws it must obey."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import leefraster as lr
from leefraster.errors import InputError, NoVarianceWarning, UsageError
from naive import disc, neighbour_lists, queen, raster, rook
from naive_geary import enumerated_local_geary

NEIGHBOURHOODS = {
    "queen": (lr.Neighbourhood.queen(), queen),
    "rook": (lr.Neighbourhood.rook(), rook),
    "disc": (lr.Neighbourhood.disc(250), disc(250)),
}
KINDS = {
    "ties": st.integers(0, 3).map(float),
    "decimals": st.integers(-40, 40).map(lambda v: v / 10),
    "floats": st.integers(-(2**20), 2**20).map(lambda v: v / 3.0**12),
}
VARIABLES = ("C", "expected", "variance", "z", "p", "q", "cluster")

# tests/spdep/local_geary.R, spdep 1.2-7: localC of (7 i^2 + 3 i) mod 31 + i / 10 on 6 rows of 5, queen
SPDEP = [
    3.0309916826615479, 1.5001929292303884, 2.6309613027057162, 1.0158241594947683, 0.8763263368625266,
    1.8255186675747637, 2.6641718779022976, 2.2296476998328281, 1.3412073555816977, 0.9596304872763296,
    0.9446914742121234, 1.2068998823602255, 1.0075933378738160, 1.4008197634821373, 1.5824724165686335,
    0.6597010711411060, 0.9145836171134917, 2.1305330939260729, 2.0910308959197579, 1.3049515200297197,
    0.6499332549068171, 1.3530580149835929, 1.3124784843043780, 0.9515720388830415, 1.6054555135904902,
    1.1224370008048038, 1.1255684477741319, 1.7489849544919827, 1.4611216642932334, 0.5440290590881885,
]  # fmt: skip


@st.composite
def small_rasters(draw):
    ny, nx = draw(st.sampled_from([(2, 4), (3, 3), (2, 6), (3, 4)]))
    values = draw(st.lists(KINDS[draw(st.sampled_from(sorted(KINDS)))], min_size=ny * nx, max_size=ny * nx))
    array = np.array(values, dtype=float).reshape(ny, nx)
    holes = draw(st.lists(st.integers(0, ny * nx - 1), max_size=ny * nx - 4, unique=True))
    array.ravel()[holes] = np.nan
    return array


def varies(array):
    held = array[~np.isnan(array)]
    return held.size >= 4 and held.min() < held.max()


@settings(max_examples=30, deadline=None)
@given(
    small_rasters().filter(varies),
    st.sampled_from(sorted(NEIGHBOURHOODS)),
    st.sampled_from(["two-sided", "greater", "less"]),
    st.sampled_from(["row", "binary"]),
)
def test_p_and_moments_equal_full_enumeration(array, name, alternative, weighting):
    neighbourhood, near = NEIGHBOURHOODS[name]
    valid = ~np.isnan(array)
    with warnings.catch_warnings(action="ignore"):  # holes can leave islands only
        result = lr.local_geary(raster(array), neighbourhood, alternative=alternative, weighting=weighting)
    oracle = np.array(
        enumerated_local_geary(
            array[valid], neighbour_lists(valid, near), alternative, row=weighting == "row"
        )
    )  # fmt: skip
    for column, variable in enumerate(("C", "expected", "variance", "p")):
        got = result[variable].values[valid]
        np.testing.assert_allclose(got, oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=variable)
    assert np.isnan(result["p"].values[~valid]).all()


def ragged(seed, shape=(30, 40), decimals=None, offset=0.0):
    rng = np.random.default_rng(seed)
    array = offset + rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < 0.35] = np.nan
    return raster(array if decimals is None else array.round(decimals))


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_statistic_equals_esda(offset):
    from esda import Geary_Local

    field = lr.from_raster(ragged(1, offset=offset))
    neighbourhood = lr.Neighbourhood.queen()
    ours = lr.local_geary(field, neighbourhood, inference="normal")
    graph = neighbourhood.graph(field)
    with warnings.catch_warnings(action="ignore"):  # islands, and esda's deprecations
        theirs = Geary_Local(graph, permutations=0).fit(field.values).localG
    linked = ~np.isin(field["cell"].values, graph.isolates)
    np.testing.assert_allclose(ours["C"].values[linked], theirs, rtol=1e-10 if offset == 0 else 1e-6)
    assert np.isnan(ours["C"].values[~linked]).all()


def test_statistic_equals_spdep_but_for_the_divisor_of_the_variance():
    i = np.arange(30)
    field = raster(((i * i * 7 + 3 * i) % 31 + i / 10).reshape(6, 5))
    result = lr.local_geary(field, lr.Neighbourhood.queen())
    np.testing.assert_allclose(result["C"].values.ravel() * 29 / 30, SPDEP, rtol=1e-10)


def test_moments_are_those_of_the_population_whatever_the_offset():
    field = lr.from_raster(ragged(2, (20, 20), offset=-3e8))
    result = lr.local_geary(field, lr.Neighbourhood.queen(), inference="normal")
    x = field.values + 3e8
    x = x - x.mean()
    scale = (x * x).mean()
    for i in range(0, x.size, 7):
        k = int(result["neighbours"][i])
        if k == 0:
            continue
        squares = (np.delete(x, i) - x[i]) ** 2 / scale
        n = squares.size
        assert float(result["expected"][i]) == pytest.approx(squares.mean(), rel=1e-6)
        variance = squares.var() / k * (n - k) / (n - 1)
        assert float(result["variance"][i]) == pytest.approx(variance, rel=1e-6)  # ulp of 3e8: 6e-8


def test_variance_keeps_its_digits_when_one_value_carries_it():
    array = np.random.default_rng(0).normal(size=(6, 6))
    array[2, 2] = 1e9
    result = lr.local_geary(raster(array), lr.Neighbourhood.queen(), inference="normal")
    exact = [Fraction(v) for v in array.ravel().tolist()]
    scale = sum((v - sum(exact) / 36) ** 2 for v in exact) / 36
    squares = [(v - exact[14]) ** 2 / scale for j, v in enumerate(exact) if j != 14]
    mean = sum(squares) / 35
    variance = sum((s - mean) ** 2 for s in squares) / 35 / 8 * Fraction(35 - 8, 34)
    # values are kept in 52 bits of the largest, 1e9: that is what the difference comes from
    assert float(result["variance"][2, 2]) == pytest.approx(float(variance), rel=1e-5)


def test_p_agrees_with_permutations_within_binomial_error():
    rng = np.random.default_rng(3)
    field = raster(rng.lognormal(size=(40, 50)))
    tables = lr.local_geary(field, lr.Neighbourhood.queen(), alternative="less")
    drawn = lr.local_geary(
        field,
        lr.Neighbourhood.queen(),
        alternative="less",
        inference="permutation",
        permutations=1999,
        seed=4,
    )
    p = tables["p"].values
    score = (drawn["p"].values - p) / np.sqrt(np.maximum(p * (1 - p), 1e-3) / 1999)
    assert abs(score.mean()) < 0.25
    assert 0.85 < score.std() < 1.2


def test_p_is_uniform_for_values_without_structure():
    rng = np.random.default_rng(8)
    for values in (rng.normal(size=(100, 100)), rng.pareto(2.5, size=(100, 100))):
        p = lr.local_geary(raster(values), lr.Neighbourhood.queen(), alternative="less")["p"].values
        for level in (0.01, 0.05, 0.2, 0.5):
            # neighbouring places share values: their p go together, by a few times the binomial error
            assert abs((p <= level).mean() - level) < 6 * np.sqrt(level * (1 - level) / p.size)


@pytest.mark.parametrize("decimals", [None, 1])
def test_bit_identical_for_threads_and_order_of_cells(decimals):
    field = lr.from_raster(ragged(2, (20, 24), decimals))
    rng = np.random.default_rng(4)
    for inference in ("saddlepoint", "permutation"):
        results = []
        try:
            for n_threads in (1, 2):
                lr.set_threads(n_threads)
                results.append(
                    lr.local_geary(field, lr.Neighbourhood.queen(), inference=inference, permutations=99)
                )
        finally:
            lr.set_threads(2)
        shuffled = field.isel(cell=rng.permutation(field.size))
        back = lr.local_geary(shuffled, lr.Neighbourhood.queen(), inference=inference, permutations=99)
        back = back.sortby("cell")
        for name in results[0].data_vars:
            first = results[0][name].values.tobytes()
            assert first == results[1][name].values.tobytes() == back[name].values.tobytes(), name


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, -1.0, 1000.0, 0.5]), st.sampled_from([0.0, 3.0, -1e6]))
def test_shift_and_scale_change_nothing(seed, scale, shift):
    field = ragged(seed, (6, 7), decimals=2)
    base = lr.local_geary(field, lr.Neighbourhood.rook())
    moved = lr.local_geary(field * scale + shift, lr.Neighbourhood.rook())
    for name in ("C", "expected", "variance", "z"):
        np.testing.assert_allclose(moved[name], base[name], rtol=1e-5, atol=1e-7, err_msg=name)
    np.testing.assert_allclose(moved["p"], base["p"], rtol=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["transpose", "flip", "pad"]))
def test_reflection_transposition_and_missing_surroundings_change_nothing(seed, law):
    array = ragged(seed, (6, 7), decimals=1).values
    turn = {
        "transpose": (np.transpose, np.transpose),
        "flip": (np.flipud, np.flipud),
        "pad": (lambda a: np.pad(a, 3, constant_values=np.nan), lambda a: a[3:-3, 3:-3]),
    }[law]
    base = lr.local_geary(raster(array), lr.Neighbourhood.rook())
    turned = lr.local_geary(raster(turn[0](array)), lr.Neighbourhood.rook())
    for name in VARIABLES:
        np.testing.assert_array_equal(turn[1](turned[name].values), base[name].values, err_msg=name)


def test_integers_floats_and_leading_dimensions_give_the_same():
    arrays = np.random.default_rng(3).integers(0, 6, (3, 7, 7))
    base = lr.local_geary(raster(arrays), lr.Neighbourhood.rook())
    as_float = lr.local_geary(raster(arrays.astype(np.float32)), lr.Neighbourhood.rook())
    for i in range(3):
        alone = lr.local_geary(raster(arrays[i]), lr.Neighbourhood.rook())
        for name in VARIABLES:
            np.testing.assert_array_equal(base[name], as_float[name])
            np.testing.assert_array_equal(alone[name], base[name][i])


def test_cells_and_relabelled_graphs_agree():
    cells = lr.from_raster(ragged(7, (12, 13)))
    by_cell = lr.local_geary(cells, lr.Neighbourhood.queen())
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    order = np.random.default_rng(5).permutation(cells.size)
    by_graph = lr.local_geary(areas[order], lr.Neighbourhood.queen().graph(cells)).sortby("area")
    for name in VARIABLES:
        np.testing.assert_array_equal(by_cell[name].values, by_graph[name].values, err_msg=name)


def weighted_graph(n, seed):
    from libpysal.graph import Graph

    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(n), 4)
    near = np.concatenate([rng.permutation(np.delete(np.arange(n), i))[:4] for i in range(n)])
    return Graph.from_arrays(rows, near, rng.integers(1, 9, rows.size) / 4), rows, near


@pytest.mark.parametrize("weighting", ["row", "given"])
def test_unequal_weights_follow_the_definition(weighting):
    graph, rows, near = weighted_graph(60, 1)
    x = np.random.default_rng(2).lognormal(size=60)
    field = xr.DataArray(x, dims="area")
    result = lr.local_geary(field, graph, weighting=weighting, inference="permutation", permutations=4999)
    weight = np.asarray(graph.adjacency.sort_index(), float)
    order = np.lexsort((near, rows))
    rows, near = rows[order], near[order]
    if weighting == "row":
        weight = weight / np.bincount(rows, weight)[rows]
    scale = x.var()
    c = np.bincount(rows, weight * (x[rows] - x[near]) ** 2) / scale
    np.testing.assert_allclose(result["C"], c, rtol=1e-10)
    for i in range(0, 60, 9):
        w = weight[rows == i]
        squares = (np.delete(x, i) - x[i]) ** 2 / scale
        rng = np.random.default_rng(i)
        drawn = np.array([w @ squares[rng.permutation(59)[:4]] for _ in range(4000)])
        assert float(result["expected"][i]) == pytest.approx(w.sum() * squares.mean(), rel=1e-9)
        spread = squares.var(ddof=1) * ((w * w).sum() - w.sum() ** 2 / 59)
        assert float(result["variance"][i]) == pytest.approx(spread, rel=1e-9)
        tail = min((drawn >= c[i]).mean(), (drawn <= c[i]).mean())
        assert abs(float(result["p"][i]) / 2 - tail) < 5 * np.sqrt(max(tail, 1e-3) / 2000)


def test_hundreds_of_neighbours_in_ragged_numbers():
    array = np.random.default_rng(6).lognormal(size=(44, 44))
    array[np.random.default_rng(7).random(array.shape) < 0.3] = np.nan
    result = lr.local_geary(raster(array), lr.Neighbourhood.disc(1000), alternative="less")
    p = result["p"].values[~np.isnan(array)]
    assert result["neighbours"].values.max() > 200
    assert ((p > 0) & (p <= 1)).all()
    assert 0.3 < (p <= 0.5).mean() < 0.7


def test_kinds_of_association():
    array = np.random.default_rng(1).normal(size=(20, 20)) * 0.3
    array[:5, :5] += 6
    array[15:, 15:] -= 6
    array[2, 2] = 0
    result = lr.local_geary(raster(array), lr.Neighbourhood.queen(), inference="normal", alpha=0.9)
    assert result["cluster"].values[0, 0] == 1
    assert result["cluster"].values[17, 17] == 2
    assert result["cluster"].values[2, 2] == 4
    assert float(result["z"][0, 0]) < 0 < float(result["z"][2, 2])
    assert (result["cluster"].values[result["q"].values > 0.9] == 0).all()


def test_normal_inference_is_that_of_z():
    result = lr.local_geary(ragged(9), lr.Neighbourhood.queen(), inference="normal", alternative="greater")
    held = ~np.isnan(result["p"].values)
    np.testing.assert_allclose(result["p"].values[held], stats.norm.sf(result["z"].values[held]))


@pytest.mark.parametrize(
    "array",
    [np.full((3, 3), 2.5), np.full((3, 3), np.nan), np.array([[1.0, np.nan], [2.0, np.nan]])],
    ids=["constant", "all missing", "two values"],
)
def test_no_variance_gives_missing_and_one_named_warning(array):
    with pytest.warns(NoVarianceWarning, match="local_geary: 1 of 1 fields have no variance"):
        result = lr.local_geary(raster(array), lr.Neighbourhood.queen())
    for name in VARIABLES[:-1]:
        assert np.isnan(result[name]).all()
    assert (result["cluster"] == 0).all()


def test_islands_have_no_result_but_stay_in_the_population():
    array = np.full((6, 6), np.nan)
    array[:3, :3] = np.arange(9.0).reshape(3, 3)
    array[5, 5] = 40.0
    result = lr.local_geary(raster(array), lr.Neighbourhood.queen())
    assert int(result["islands"]) == 1
    assert int(result["n"]) == 10
    assert np.isnan(result["p"].values[5, 5])
    x = array[~np.isnan(array)]
    assert float(result["expected"][0, 0]) == pytest.approx((x[1:] ** 2).mean() / x.var())


def test_a_field_with_every_other_place_as_neighbour_is_certain():
    result = lr.local_geary(raster(np.array([[1.0, 2.0], [4.0, 9.0]])), lr.Neighbourhood.queen())
    np.testing.assert_array_equal(result["p"], np.ones((2, 2)))
    np.testing.assert_array_equal(result["z"], np.zeros((2, 2)))


def test_errors_say_what_is_wrong():
    field, near = raster(np.arange(9.0).reshape(3, 3)), lr.Neighbourhood.queen()
    with pytest.raises(UsageError, match="inference is 'exact'; allowed are 'saddlepoint', 'normal'"):
        lr.local_geary(field, near, inference="exact")
    with pytest.raises(UsageError, match="alpha is 2; it must lie between 0 and 1"):
        lr.local_geary(field, near, alpha=2)
    with pytest.raises(UsageError, match="weighting is 'mean'; allowed are"):
        lr.local_geary(field, near, weighting="mean")
    with pytest.raises(InputError, match="1 infinite values"):
        lr.local_geary(field.where(field < 8, np.inf), near)
    graph, _, _ = weighted_graph(12, 3)
    with pytest.raises(
        UsageError, match=r"weights differ within a neighbourhood; use inference='permutation'"
    ):
        lr.local_geary(xr.DataArray(np.arange(12.0), dims="area"), graph)
