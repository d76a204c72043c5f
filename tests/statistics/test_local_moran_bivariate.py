"""Bivariate local Moran: against enumeration, esda's Moran_Local_BV, the laws, and how `other` is matched."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, NoVarianceWarning, UsageError
from naive import neighbour_lists, raster, weights_matrix
from naive_local import enumerated_moran

QUEEN = lr.Neighbourhood.queen()


def pair(seed, shape=(30, 40), decimals=None, holes=0.3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    y = 0.5 * x + rng.normal(size=shape)
    if decimals is not None:
        x, y = x.round(decimals), y.round(decimals)
    for array in (x, y):
        array[rng.random(shape) < holes] = np.nan
    return raster(x), raster(y)


@pytest.mark.filterwarnings("ignore::leefraster.errors.NoNeighboursWarning")
@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["row", "binary"]),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_p_and_moments_equal_enumeration(seed, weighting, alternative):
    x, y = pair(seed, (2, 4), decimals=seed % 3, holes=0.1)
    valid = (x.notnull() & y.notnull()).values
    xs, ys = x.values[valid], y.values[valid]
    if xs.size < 4 or np.ptp(xs) == 0 or np.ptp(ys) == 0:
        return
    neighbourhood, near = lr.Neighbourhood.rook(), lambda a, b: abs(a) + abs(b) <= 1
    matrix = weights_matrix(neighbour_lists(valid, near), "binary")
    result = lr.local_moran(x, neighbourhood, other=y, weighting=weighting, alternative=alternative)
    oracle = enumerated_moran(xs, ys, matrix, alternative)
    if weighting == "row":
        counts = np.maximum(matrix.sum(axis=1), 1)
        oracle[:, :2] /= counts[:, None]
        oracle[:, 2] /= counts**2
    for column, name in enumerate(("I", "expected", "variance", "p")):
        np.testing.assert_allclose(
            result[name].values[valid], oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=name
        )
    assert np.isnan(result["p"].values[~valid]).all()
    assert int(result["n"]) == valid.sum()


def test_equals_esda():
    from esda import Moran_Local_BV

    x, y = pair(1)
    held = lr.from_raster(x.where(y.notnull()))
    held = held.isel(cell=held.notnull().values)
    second = lr.from_raster(y).sel(cell=held["cell"])
    result = lr.local_moran(held, QUEEN, other=second)
    with warnings.catch_warnings(action="ignore"):  # esda divides by the zero spread of islands
        theirs = Moran_Local_BV(held.values, second.values, QUEEN.graph(held), permutations=0)
    linked = result["neighbours"].values > 0
    np.testing.assert_allclose(result["I"].values[linked], theirs.Is[linked], atol=1e-10)
    np.testing.assert_array_equal(result["quadrant"].values[linked], theirs.q[linked])


def test_a_field_with_itself_is_the_univariate_statistic():
    x, _ = pair(2)
    alone, both = lr.local_moran(x, QUEEN), lr.local_moran(x, QUEEN, other=x)
    for name in alone.data_vars:
        np.testing.assert_allclose(both[name], alone[name], rtol=1e-12, atol=1e-14, err_msg=name)
    assert both["reference_other"] == both["reference"] == alone["reference"]
    assert both.attrs["statistic"] == "bivariate local Moran's I"


def test_population_are_the_places_with_both_values():
    x, y = pair(3)
    both = x.notnull() & y.notnull()
    result = lr.local_moran(x, QUEEN, other=y)
    narrowed = lr.local_moran(x.where(both), QUEEN, other=y.where(both))
    for name in result.data_vars:
        np.testing.assert_array_equal(result[name], narrowed[name], err_msg=name)
    assert int(result["n"]) == int(both.sum())
    np.testing.assert_allclose(result["reference_other"], y.where(both).mean())


@pytest.mark.parametrize("inference", ["normal", "permutation"])
def test_other_inference_agrees_with_the_exact(inference):
    x, y = pair(4, (40, 50))
    neighbourhood = lr.Neighbourhood.disc(300)
    exact = lr.local_moran(x, neighbourhood, other=y, alternative="greater")["p"].values
    found = lr.local_moran(x, neighbourhood, other=y, alternative="greater", inference=inference)["p"].values
    held = ~np.isnan(exact)
    assert np.abs(found - exact)[held].max() < 0.08
    if inference == "permutation":
        tested = held & (exact > 0.02) & (exact < 0.98)
        score = (found - exact)[tested] / np.sqrt(exact * (1 - exact) / 999)[tested]
        assert abs(score.std() - 1) < 4 / np.sqrt(2 * score.size)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.sampled_from([1.0, -1.0, 1000.0]), st.sampled_from([0.0, -1e6]))
def test_shift_and_scale_of_either_variable(seed, scale, shift):
    x, y = pair(seed, (8, 9), decimals=2)
    base = lr.local_moran(x, QUEEN, other=y)
    for moved in (
        lr.local_moran(x * scale + shift, QUEEN, other=y),
        lr.local_moran(x, QUEEN, other=y * scale + shift),
    ):
        sign = np.sign(scale)
        np.testing.assert_allclose(moved["I"], sign * base["I"], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(moved["z"], sign * base["z"], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(moved["p"], base["p"], rtol=1e-5, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 999), st.sampled_from(["transpose", "flip", "pad"]))
def test_reflection_transposition_and_missing_surroundings_change_nothing(seed, law):
    x, y = pair(seed, (7, 9), decimals=1)
    turn, back = {
        "transpose": (np.transpose, np.transpose),
        "flip": (np.flipud, np.flipud),
        "pad": (lambda a: np.pad(a, 3, constant_values=np.nan), lambda a: a[3:-3, 3:-3]),
    }[law]
    base = lr.local_moran(x, QUEEN, other=y)
    turned = lr.local_moran(raster(turn(x.values)), QUEEN, other=raster(turn(y.values)))
    for name in ("I", "p", "q", "cluster"):
        np.testing.assert_array_equal(back(turned[name].values), base[name].values, err_msg=name)


def test_leading_dimensions_are_matched_or_broadcast():
    pairs = [pair(seed, (12, 14)) for seed in range(3)]
    x = raster(np.stack([a.values for a, _ in pairs])).assign_coords(year=[2018, 2020, 2022])
    y = raster(np.stack([b.values for _, b in pairs])).assign_coords(year=[2018, 2020, 2022])
    together, with_one = lr.local_moran(x, QUEEN, other=y), lr.local_moran(x, QUEEN, other=y[1])
    layered = lr.local_moran(x.expand_dims(layer=2), QUEEN, other=y)
    assert together["reference_other"].dims == ("year",)
    for i in range(3):
        alone = lr.local_moran(x[i], QUEEN, other=y[i])
        against_one = lr.local_moran(x[i], QUEEN, other=y[1])
        for name in ("I", "p", "quadrant"):
            np.testing.assert_array_equal(together[name][i], alone[name])
            np.testing.assert_array_equal(layered[name][1, i], alone[name])
            np.testing.assert_array_equal(with_one[name][i], against_one[name])


def test_cells_in_another_order_and_areas_by_label():
    x, y = (lr.from_raster(v) for v in pair(5, (9, 10), holes=0.0))
    shuffled = y.isel(cell=np.random.default_rng(0).permutation(y.size))
    base = lr.local_moran(x, QUEEN, other=y)
    xr.testing.assert_identical(lr.local_moran(x, QUEEN, other=shuffled), base)
    graph = QUEEN.graph(x)
    areas = [xr.DataArray(v.values, dims="area", coords={"area": v["cell"].values}) for v in (x, shuffled)]
    by_area = lr.local_moran(areas[0], graph, other=areas[1])
    np.testing.assert_array_equal(by_area["p"], base["p"])


def test_bit_identical_for_threads():
    x, y = pair(6, (50, 60))
    results = []
    try:
        for n_threads in (1, 2):
            lr.set_threads(n_threads)
            results.append(lr.local_moran(x, QUEEN, other=y))
    finally:
        lr.set_threads(2)
    for name in results[0].data_vars:
        assert results[0][name].values.tobytes() == results[1][name].values.tobytes(), name


def test_a_constant_other_gives_missing_and_one_warning():
    x, _ = pair(7, (5, 5), holes=0.0)
    with pytest.warns(NoVarianceWarning, match="1 of 1 fields have no variance"):
        result = lr.local_moran(x, QUEEN, other=x * 0 + 3.0)
    assert np.isnan(result["p"]).all()


def test_what_does_not_match_is_refused():
    x, y = pair(8, (6, 7), holes=0.0)
    years = raster(np.stack([x.values, y.values]))
    for other, error, message in (
        (y.values, UsageError, "other is a ndarray"),
        (y.assign_coords(x=y["x"] + 50), UsageError, "other lies on Grid.*they must be the same"),
        (lr.from_raster(y), UsageError, "other is over cells, the field over rasters"),
        (years, UsageError, "other has the leading dimensions .*choose one along year"),
        (y.where(y != y.max(), np.inf), InputError, "other has 1 infinite values"),
        (y.astype(complex), UsageError, "other has dtype complex128"),
        (y.rename(x="a"), UsageError, "other has dimensions"),
    ):
        with pytest.raises(error, match=message):
            lr.local_moran(x, QUEEN, other=other)
    cells = lr.from_raster(x)
    with pytest.raises(UsageError, match="other has 41 places, the field 42, of which they share 41"):
        lr.local_moran(cells, QUEEN, other=lr.from_raster(y)[:-1])
    with pytest.raises(UsageError, match="the labels must be the same"):
        lr.local_moran(
            years.assign_coords(year=[2018, 2020]), QUEEN, other=years.assign_coords(year=[2018, 2022])
        )
    with pytest.raises(UsageError, match="other has 1 along 'year', the field 2"):
        lr.local_moran(years, QUEEN, other=years[:1])
    graph = QUEEN.graph(cells)
    areas = xr.DataArray(cells.values, dims="area", coords={"area": cells["cell"].values})
    with pytest.raises(UsageError, match="1 are not in other"):
        lr.local_moran(
            areas, graph, other=areas.assign_coords(area=np.append(areas["area"].values[:-1], 999))
        )
    with pytest.raises(UsageError, match="it must have 'area', as the field has"):
        lr.local_moran(areas, graph, other=areas.rename(area="zone"))
