"""High and low measured from a weighted mean: by enumeration, exactly at ties, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, UsageError
from leefraster.inference.numbers import as_numbers, totals
from leefraster.statistics.centre import Centred, largest_weight, products, weighted_means
from naive import neighbour_lists, raster, rook, weights_matrix
from naive_local import enumerated_moran, weighted_mean

QUEEN, ROOK = lr.Neighbourhood.queen(), lr.Neighbourhood.rook()


def made(seed, shape=(30, 40), decimals=None):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    values[rng.random(shape) < 0.2] = np.nan
    dwellings = rng.poisson(np.exp(1 + 0.5 * np.nan_to_num(values))).astype(float)
    return raster(values if decimals is None else values.round(decimals)), raster(dwellings)


@pytest.mark.filterwarnings("ignore::leefraster.errors.NoNeighboursWarning")
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0, 1, None]))
def test_moran_equals_enumeration(seed, decimals):
    field, dwellings = made(seed, (2, 4), decimals)
    valid = field.notnull().values
    values, given_ = field.values[valid], dwellings.values[valid]
    if values.size < 4 or np.ptp(values) == 0 or given_.sum() == 0:
        return
    matrix = weights_matrix(neighbour_lists(valid, rook), "binary")
    result = lr.local_moran(field, ROOK, weights=dwellings, weighting="binary")
    oracle = enumerated_moran(values, values, matrix, weights=given_)
    for column, name in enumerate(("I", "expected", "variance", "p")):
        np.testing.assert_allclose(
            result[name].values[valid], oracle[:, column], rtol=1e-8, atol=1e-10, err_msg=name
        )
    assert float(result["reference"]) == pytest.approx(float(weighted_mean(values, given_)), rel=1e-12)


def test_bivariate_equals_enumeration():
    rng = np.random.default_rng(2)
    x, y, weights = (rng.integers(0, 9, (2, 4)).astype(float) for _ in range(3))
    matrix = weights_matrix(neighbour_lists(np.ones((2, 4), bool), rook), "binary")
    result = lr.local_moran(raster(x), ROOK, other=raster(y), weights=raster(weights), weighting="binary")
    oracle = enumerated_moran(x.ravel(), y.ravel(), matrix, weights=weights.ravel())
    for column, name in enumerate(("I", "expected", "variance", "p")):
        np.testing.assert_allclose(result[name].values.ravel(), oracle[:, column], rtol=1e-8, atol=1e-10)
    assert float(result["reference_other"]) == pytest.approx(np.average(y, weights=weights))


def test_equal_weights_change_nothing():
    field, dwellings = made(3)
    for function in (lr.local_moran, lr.getis_ord):
        plain, weighted = function(field, QUEEN), function(field, QUEEN, weights=dwellings * 0 + 7.0)
        for name in plain.data_vars:
            np.testing.assert_allclose(weighted[name], plain[name], rtol=1e-12, atol=1e-15, err_msg=name)
        assert weighted["reference"] == plain["reference"]


def test_p_changes_only_where_the_sign_of_z_does():
    field, dwellings = made(4, decimals=1)
    plain = lr.local_moran(field, QUEEN, alternative="greater")
    weighted = lr.local_moran(field, QUEEN, weights=dwellings, alternative="greater")
    reference = float(weighted["reference"])
    assert reference > float(plain["reference"]) + 0.05
    turned = ((field > float(plain["reference"])) != (field > reference)).values
    same = ~turned & ~np.isnan(plain["p"].values)
    assert turned.any()
    np.testing.assert_array_equal(weighted["p"].values[same], plain["p"].values[same])
    assert (weighted["p"].values[turned] != plain["p"].values[turned]).any()
    assert set(np.unique(weighted["quadrant"].values[(field > reference).values])) <= {0, 1, 4}
    np.testing.assert_allclose(
        np.abs(weighted["z"].values[same]), np.abs(plain["z"].values[same]), rtol=1e-12
    )


def test_a_place_on_the_weighted_mean_is_neither_high_nor_low():
    values = np.array([[0.0, 3.0, 1.0], [0.0, 1.0, 7.0]])
    weights = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    result = lr.local_moran(raster(values), ROOK, weights=raster(weights))
    assert float(result["reference"]) == 1.0
    on = values == 1.0
    np.testing.assert_array_equal(result["p"].values[on], 1.0)
    np.testing.assert_array_equal(result["I"].values[on], 0.0)
    np.testing.assert_array_equal(np.isin(result["quadrant"].values[on], (2, 3)), True)


@pytest.mark.parametrize("star", [True, False])
def test_spots_lie_on_the_side_of_the_reference(star):
    field, dwellings = made(5)
    plain = lr.getis_ord(field, QUEEN, star=star, adjustment="none")
    weighted = lr.getis_ord(field, QUEEN, star=star, weights=dwellings, adjustment="none")
    for name in ("G", "z", "p", "q"):
        np.testing.assert_array_equal(weighted[name], plain[name])
    held = np.nan_to_num(field.values)
    window = lambda a: sum(
        np.roll(np.pad(a, 1), (i, j), (0, 1))[1:-1, 1:-1] for i in (-1, 0, 1) for j in (-1, 0, 1)
    )
    sums, counts = window(held), window(field.notnull().values.astype(int))
    if not star:
        sums, counts = sums - held, counts - field.notnull().values
    with np.errstate(invalid="ignore", divide="ignore"):
        side = np.sign(sums / counts - float(weighted["reference"]))
    wanted = np.where(side == np.sign(plain["z"].values), plain["spot"].values, 0)
    np.testing.assert_array_equal(weighted["spot"], wanted)
    assert (weighted["spot"] != plain["spot"]).any()


def test_weights_by_year_and_for_all_years():
    pairs = [made(seed, (8, 9)) for seed in range(2)]
    field, weights = (raster(np.stack([p[i].values for p in pairs])) for i in range(2))
    by_year, for_all = (lr.local_moran(field, QUEEN, weights=w) for w in (weights, weights[0]))
    for i in range(2):
        xr.testing.assert_equal(by_year["I"][i], lr.local_moran(field[i], QUEEN, weights=weights[i])["I"])
        xr.testing.assert_equal(for_all["I"][i], lr.local_moran(field[i], QUEEN, weights=weights[0])["I"])
    assert by_year["reference"].dims == ("year",)
    assert by_year.attrs["weights"] == "given"
    assert lr.getis_ord(field, QUEEN, weights=weights.rename("dwellings")).attrs["weights"] == "dwellings"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**30)), min_size=3, max_size=30),
    st.integers(0, 12),
)
def test_the_centre_and_its_multiples_are_exact(pairs, most):
    values, weights = (np.array(v, dtype=float) for v in zip(*pairs, strict=True))
    if weights.max() == 0 or values.min() == values.max():
        return
    numbers = as_numbers(values, 9)
    (centre,) = weighted_means(products([numbers.integers], weights, largest_weight(weights)))
    centred = Centred.on(numbers, totals(numbers.integers), centre)
    exact = Fraction(
        sum(int(w) * int(v) for w, v in zip(weights, numbers.integers, strict=True)), int(weights.sum())
    )
    assert centred.centre == exact
    assert centred.floors(most).tolist() == [exact * k // 1 for k in range(most + 1)]
    assert centred.ceilings(most).tolist() == [-(-exact * k // 1) for k in range(most + 1)]
    assert (np.sign(centred.deviations) == [np.sign(int(v) - exact) for v in numbers.integers]).all()


def test_the_centre_does_not_depend_on_order_or_threads():
    field, dwellings = made(6, (60, 80))
    cells, weights = (
        lr.from_raster(field),
        lr.from_raster(dwellings / 3).sel(cell=lr.from_raster(field)["cell"]),
    )
    order = np.random.default_rng(0).permutation(cells.size)
    base = lr.local_moran(cells, QUEEN, weights=weights)
    back = lr.local_moran(cells[order], QUEEN, weights=weights[order]).sortby("cell")
    for name in base.data_vars:
        assert base[name].values.tobytes() == back[name].values.tobytes(), name
    assert base["reference"] == back["reference"]


def test_wrong_weights_are_refused():
    field, dwellings = made(7, (6, 7))
    places = np.argwhere(field.notnull().values)[:2]
    gaps = dwellings.copy()
    gaps[places[0][0], places[0][1]] = np.nan
    for weights, error, message in (
        (dwellings - 5, InputError, r"weights has \d+ negative values; weights are at least 0"),
        (dwellings * 0, InputError, "weights is 0 at all places where the field has a value"),
        (dwellings.where(dwellings < 2, np.inf), InputError, "weights has .* infinite values"),
        (
            gaps,
            InputError,
            "weights is missing at 1 places where the field has a value; first: .*Give them a weight",
        ),
        (lr.from_raster(dwellings), UsageError, "weights is over cells, the field over rasters"),
        (dwellings.values, UsageError, "weights is a ndarray"),
    ):
        for function in (lr.local_moran, lr.getis_ord):
            with pytest.raises(error, match=message):
                function(field, QUEEN, weights=weights)
    lr.local_moran(
        field, QUEEN, weights=dwellings.where(field.notnull())
    )  # no weight is needed without a value
