"""The ten traps that were reproduced in other programs: one test each that none of them is here."""

import numba
import numpy as np
import pytest
import xarray as xr
from scipy.stats import false_discovery_control

import leefraster as lr
from naive import raster
from parity_sets import example

QUEEN = lr.Neighbourhood.queen()
LOCAL = {
    "local Moran": lambda field, **options: lr.local_moran(field, QUEEN, **options),
    "G": lambda field, **options: lr.getis_ord(field, QUEEN, star=False, **options),
    "G*": lambda field, **options: lr.getis_ord(field, QUEEN, **options),
    "local Geary": lambda field, **options: lr.local_geary(field, QUEEN, **options),
}


def noise(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("name", list(LOCAL))
def test_1_one_missing_value_changes_nothing_but_its_own_place_and_its_neighbours(name):
    array = noise((12, 12))
    array[5, 5] = np.nan
    result = LOCAL[name](raster(array))
    assert np.isnan(result["p"].values[5, 5])
    assert np.isfinite(np.delete(result["p"].values.ravel(), 65)).all()
    if name == "local Moran":
        assert {1, 2, 3, 4} <= set(result["quadrant"].values.ravel().tolist())
        assert (result["cluster"].values > 0).sum() < 20
    without = lr.from_raster(raster(array))
    without = without[without.notnull().values]
    same = LOCAL[name](without)
    np.testing.assert_array_equal(same["p"].values, result["p"].values[np.isfinite(array)])


@pytest.mark.parametrize("star", [False, True], ids=["G", "G*"])
def test_2_z_of_getis_ord_has_spread_one_whatever_the_row_scaling(star):
    many = raster(noise((400, 6, 6)))
    row = lr.getis_ord(many, QUEEN, star=star, weighting="row", inference="normal")["z"].values
    binary = lr.getis_ord(many, QUEEN, star=star, weighting="binary", inference="normal")["z"].values
    np.testing.assert_allclose(row, binary, rtol=1e-12)
    assert 0.97 < row.std() < 1.03


def test_3_variances_of_large_binary_graphs_do_not_overflow():
    field = raster(noise((80, 80)))
    flat = lr.from_raster(field)
    graph = QUEEN.graph(flat)
    s0 = float(graph.adjacency.sum())
    areas = xr.DataArray(flat.values, dims="area", coords={"area": flat["cell"].values})
    for function, about in ((lr.moran, 1.0), (lr.geary, 1.0), (lr.getis_ord_general, None)):
        values = np.exp(areas) if about is None else areas
        on_grid = np.exp(field) if about is None else field
        by_graph = function(values, graph, weighting="binary")
        by_runs = function(on_grid, QUEEN, weighting="binary")
        for name in ("expected", "variance", "z", "p"):
            np.testing.assert_allclose(by_graph[name], by_runs[name], rtol=1e-9)
        assert float(by_runs["variance"]) > 0
        if about is not None:  # of Moran's I and Geary's C it is near 2 / S0
            assert float(by_runs["variance"]) == pytest.approx(2 / s0, rel=0.15)
        assert abs(float(by_runs["z"])) < 5


def test_4_p_has_no_floor_so_that_few_cells_among_many_can_be_found():
    array = noise((60, 60))
    array[20:23, 20:23] += 6.0
    result = lr.getis_ord(raster(array), QUEEN)
    assert float(result["p"].values[21, 21]) < 1e-8
    assert (result["spot"].values[20:23, 20:23] == 3).all()
    found = result["spot"].values != 0
    assert 9 <= found.sum() <= 40  # about 1 % of the cells: with 999 permutations at least 2 % are needed
    bonferroni = lr.getis_ord(raster(array), QUEEN, adjustment="bonferroni")
    assert (bonferroni["q"].values[20:23, 20:23] <= 0.05).sum() >= 5


@pytest.mark.parametrize("inference", ["exact", "permutation"])
def test_5_results_do_not_depend_on_threads_and_false_discovery_is_not_bonferroni(inference):
    field = raster(noise((30, 30)) + np.add.outer(np.arange(30), np.arange(30)) / 20)
    before = numba.get_num_threads()
    found = []
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            found.append(lr.local_moran(field, QUEEN, inference=inference, permutations=99))
    finally:
        numba.set_num_threads(before)
    for other in found[1:]:
        for name in ("p", "q"):
            np.testing.assert_array_equal(other[name].values, found[0][name].values)
    p, q = (found[0][name].values.ravel() for name in ("p", "q"))
    np.testing.assert_allclose(q, false_discovery_control(p), rtol=1e-12)
    assert (q < np.minimum(1, p * p.size)).mean() > 0.5


def test_6_monte_carlo_errors_of_cells_do_not_move_together_with_the_seed():
    field = raster(noise((14, 14)))
    exact = lr.local_moran(field, QUEEN, alternative="greater")["p"].values
    runs = [
        lr.local_moran(
            field, QUEEN, inference="permutation", permutations=99, seed=seed, alternative="greater"
        )["p"].values
        for seed in range(40)
    ]
    errors = np.array(runs) - exact
    of_one, of_mean = errors.var(axis=0).mean(), errors.mean(axis=(1, 2)).var()
    # independent errors of 196 cells: their mean has a 196th of the variance; 39 degrees of freedom
    assert 0.4 < of_mean / (of_one / 196) < 2.0
    assert errors.std() > 0.01


def test_7_islands_leave_ids_as_they_are_and_missing_cells_are_no_neighbours():
    array = noise((8, 9))
    array[:3, :3] = np.nan
    array[1, 1] = 0.5  # an island
    array[6, 6] = np.nan
    field = lr.from_raster(raster(array))
    held = field[field.notnull().values]
    graph = QUEEN.graph(held)
    assert graph.unique_ids.dtype.kind == "i"
    assert graph.unique_ids.tolist() == held["cell"].values.tolist()
    assert graph.isolates.tolist() == [1 * 9 + 1]
    links = graph.adjacency[graph.adjacency > 0].index
    assert not {6 * 9 + 6, 0} & set(links.get_level_values("neighbor"))
    result = lr.local_moran(held, QUEEN)
    assert int(result["islands"]) == 1
    assert np.isnan(result["p"].sel(cell=10))


def test_8_hot_spots_are_those_of_the_definition():
    array = noise((20, 20), 3)
    array[4:8, 10:14] += 2.5
    result = lr.getis_ord(raster(array), QUEEN, inference="normal", adjustment="none")
    n, mean, sd = array.size, array.mean(), array.std()
    padded, ones = np.pad(array, 1), np.pad(np.ones_like(array), 1)
    total, count = (
        sum(a[1 + dy : 21 + dy, 1 + dx : 21 + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1))
        for a in (padded, ones)
    )
    z = (total - count * mean) / (sd * np.sqrt(count * (n - count) / (n - 1)))
    np.testing.assert_allclose(result["z"].values, z, rtol=1e-10)
    expected = np.sign(z) * np.select(
        [np.abs(z) > 2.5758, np.abs(z) > 1.96, np.abs(z) > 1.6449], [3, 2, 1], 0
    )
    np.testing.assert_array_equal(result["spot"].values, expected)
    assert (result["spot"].values[5:7, 11:13] == 3).all()


@pytest.mark.parametrize("name", list(LOCAL))
def test_9_cells_beside_missing_ones_keep_their_result(name):
    array = noise((15, 15))
    array[np.random.default_rng(1).random(array.shape) < 0.5] = np.nan
    result = LOCAL[name](raster(array))
    padded = np.pad(np.isfinite(array), 1)
    near = sum(
        padded[1 + dy : 16 + dy, 1 + dx : 16 + dx].astype(int)
        for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)
    )  # fmt: skip
    linked = np.isfinite(array) & (near > 0)
    assert (near[linked] < 8).sum() > 50
    np.testing.assert_array_equal(np.isfinite(result["p"].values), linked)


def test_10_moments_belong_to_the_statistic_that_they_stand_beside():
    one = example("columbus")
    result = lr.local_moran(one.field, one.graph)
    x, graph = one.field.values, one.graph
    focal, near = one.pairs()
    rng = np.random.default_rng(0)
    z, n = x - x.mean(), x.size
    for i in (0, 16, 33):
        k = int((focal == i).sum())
        others = np.delete(z, i)
        drawn = others[rng.permuted(np.tile(np.arange(n - 1), (40_000, 1)), axis=1)[:, :k]].mean(axis=1)
        simulated = (n - 1) * z[i] * drawn / (z**2).sum()
        error = simulated.std() / 200
        assert abs(simulated.mean() - float(result["expected"][i])) < 4 * error
        assert simulated.var() == pytest.approx(float(result["variance"][i]), rel=0.03)
        observed = (n - 1) * z[i] * z[near[focal == i]].mean() / (z**2).sum()
        assert float(result["I"][i]) == pytest.approx(observed, rel=1e-12)
        wanted = (observed - float(result["expected"][i])) / float(result["variance"][i]) ** 0.5
        assert float(result["z"][i]) == pytest.approx(wanted, rel=1e-9)
    assert graph.n == n
