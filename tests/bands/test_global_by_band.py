"""Global statistics in bands: identical to those in memory, whatever the bands, holes and neighbourhood."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import (
    BandedField,
    geary_by_band,
    getis_ord_general_by_band,
    global_permuted,
    join_count_by_band,
    moran_by_band,
)
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning
from summed_permutations import summed_permutations

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
QUEEN = lr.Neighbourhood.queen()
NEIGHBOURHOODS = (
    QUEEN,
    lr.Neighbourhood.rook(2),
    lr.Neighbourhood.disc(400),
    lr.Neighbourhood.ring(200, 500),
)
STATISTICS = (
    (lr.moran, moran_by_band, {}),
    (lr.moran, moran_by_band, {"assumption": "normality", "alternative": "greater"}),
    (lr.geary, geary_by_band, {}),
    (lr.geary, geary_by_band, {"assumption": "normality", "alternative": "less"}),
    (lr.getis_ord_general, getis_ord_general_by_band, {}),
    (lr.join_count, join_count_by_band, {}),
    (lr.moran, moran_by_band, {"inference": "permutation", "permutations": 5, "alternative": "less"}),
    (lr.geary, geary_by_band, {"inference": "permutation", "permutations": 5, "seed": 2**40}),
    (lr.getis_ord_general, getis_ord_general_by_band, {"inference": "permutation", "permutations": 5}),
    (lr.join_count, join_count_by_band, {"inference": "permutation", "permutations": 5}),
)


def made(seed, n, kind):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values = {
        "continuous": lambda: rng.lognormal(size=n),
        "counts": lambda: 5.0 * rng.poisson(0.4, n),
        "two-valued": lambda: rng.integers(0, 2, n).astype(float),
        "float32": lambda: rng.lognormal(9, 2, n).astype(np.float32),
    }[kind]()
    values[rng.random(n) < 0.1] = np.nan
    return ids, values


def in_memory(ids, values):
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids))


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10**6), st.integers(1, 900), st.sampled_from(["continuous", "counts", "two-valued", "float32"]),
    st.sampled_from(NEIGHBOURHOODS), st.integers(1, 400), st.sampled_from(["row", "binary", "given"]),
    st.sampled_from(STATISTICS),
)  # fmt: skip
def test_they_are_identical_to_those_in_memory(seed, n, kind, neighbourhood, cells, weighting, statistic):
    function, by_band, options = statistic
    ids, values = made(seed, n, "two-valued" if function is lr.join_count else kind)
    with warnings.catch_warnings(), summed_permutations() as sums:
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = function(in_memory(ids, values), neighbourhood, weighting=weighting, **options)
        found = by_band(
            BandedField.of(ids, values, GRID), neighbourhood, weighting=weighting, cells=cells, **options
        )
    xr.testing.assert_identical(found, wanted)
    assert sums[0::2] == sums[1::2]  # of every permutation, by band as in memory
    assert not sums or "inference" in options


def test_permutations_are_held_a_few_at_a_time(monkeypatch):
    ids, values = made(5, 500, "continuous")
    wanted = lr.geary(in_memory(ids, values), QUEEN, inference="permutation", permutations=23)
    monkeypatch.setattr(global_permuted, "ROOM", 8 * 500 * 4)
    told = []
    found = geary_by_band(
        BandedField.of(ids, values, GRID), QUEEN, inference="permutation", permutations=23, cells=150,
        progress=lambda step, done, of: told.append((step, done, of)),
    )  # fmt: skip
    xr.testing.assert_identical(found, wanted)
    assert [done for step, done, of in told if (step, of) == ("permutations", 23)] == [
        0,
        0,
        4,
        8,
        12,
        16,
        20,
        23,
    ]


def test_bool_and_integers_are_taken():
    ids = np.arange(GRID.size)
    values = np.random.default_rng(2).integers(-40, 40, GRID.size)
    wanted = lr.moran(in_memory(ids, values), QUEEN)
    xr.testing.assert_identical(moran_by_band(BandedField.of(ids, values, GRID), QUEEN, cells=300), wanted)
    ones = values > 10
    wanted = lr.join_count(in_memory(ids, ones), QUEEN)
    xr.testing.assert_identical(join_count_by_band(BandedField.of(ids, ones, GRID), QUEEN, cells=300), wanted)


def test_fields_without_a_result_are_named():
    ids = np.arange(20)
    flat = BandedField.of(ids, np.ones(20), GRID)
    with pytest.warns(
        lr.errors.NoVarianceWarning, match="moran: 1 of 1 fields have no variance or fewer than 3"
    ):
        assert np.isnan(moran_by_band(flat, QUEEN, cells=7)["I"])
    apart = BandedField.of(ids * 2, np.arange(20.0), GRID)
    with pytest.warns(
        lr.errors.NoNeighboursWarning, match="geary: 1 of 1 fields have no place with a neighbour"
    ):
        result = geary_by_band(apart, QUEEN, cells=7)
    assert (int(result["n"]), int(result["islands"])) == (0, 20)


def test_wrong_input_is_refused():
    ids = np.arange(20)
    field = BandedField.of(ids, np.arange(20.0) - 3, GRID)
    with pytest.raises(lr.InputError, match=r"3 values are negative, the least -3\.0"):
        getis_ord_general_by_band(field, QUEEN, cells=2)
    with pytest.raises(
        lr.InputError, match=r"18 values are neither 0, 1 nor missing; first: \[-3\.0, -2\.0, "
    ):
        join_count_by_band(field, QUEEN, cells=2)
    for by_band in (moran_by_band, geary_by_band, getis_ord_general_by_band, join_count_by_band):
        with pytest.raises(lr.UsageError, match="seed is -1; it must be a whole number of at least 0"):
            by_band(field, QUEEN, inference="permutation", seed=-1)
        with pytest.raises(lr.UsageError, match="inference is 'exact'; allowed are 'normal', 'permutation'"):
            by_band(field, QUEEN, inference="exact")
    with pytest.raises(lr.UsageError, match="weighting is 'equal'"):
        moran_by_band(field, QUEEN, weighting="equal")
    with pytest.raises(lr.UsageError, match="assumption is 'normal'; allowed are"):
        geary_by_band(field, QUEEN, assumption="normal")
    with pytest.raises(lr.UsageError, match="the field is a DataArray; it must be a BandedField"):
        moran_by_band(in_memory(ids, np.arange(20.0)), QUEEN)


@pytest.mark.parametrize(("function", "by_band"), [(lr.moran, moran_by_band), (lr.geary, geary_by_band)])
@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinite_values_are_refused_as_in_memory(function, by_band, infinite):
    ids, values = made(7, 200, "continuous")
    values[17] = infinite
    with pytest.raises(lr.errors.InputError, match="1 infinite values; missing values are NaN"):
        function(in_memory(ids, values), QUEEN)
    with pytest.raises(lr.errors.InputError, match="1 infinite values; missing values are NaN"):
        by_band(BandedField.of(ids, values, GRID), QUEEN, cells=30)


@pytest.mark.parametrize(("function", "by_band", "_"), STATISTICS[::2])
def test_islands_that_vary_give_no_result_where_the_linked_places_do_not(function, by_band, _):
    ids = np.array([0, 1, 2, 50, 51, 52, 400, 800, 1200])
    values = np.array([1.0] * 6 + [0.0, 1.0, 0.0])
    with pytest.warns(lr.errors.NoVarianceWarning):
        wanted = function(in_memory(ids, values), QUEEN)
    with pytest.warns(lr.errors.NoVarianceWarning):
        found = by_band(BandedField.of(ids, values, GRID), QUEEN, cells=4)
    xr.testing.assert_identical(found, wanted)
    assert int(found["islands"]) == 3
