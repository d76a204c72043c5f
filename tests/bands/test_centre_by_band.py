"""Weights of cells for the centre, in bands: the same bytes as in memory, with one variable and with two."""

import re
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedField, getis_ord_by_band, local_moran_by_band
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
QUEEN = lr.Neighbourhood.queen()


def made(seed, n, kind):
    """Return cells, two variables and weights, which may be missing where the first variable is."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values, others = rng.lognormal(size=n), rng.poisson(3, n)
    values[rng.random(n) < 0.1] = np.nan
    weights = {
        "dwellings": lambda: rng.poisson(2, n),
        "shares": lambda: np.where(np.isnan(values), np.nan, rng.random(n)),
        "unequal": lambda: rng.lognormal(0, 9, n).astype(np.float32),
    }[kind]()
    weights[np.flatnonzero(np.isfinite(values))[:1]] = 1  # not all 0
    return ids, values, others, weights


def in_memory(ids, values):
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids))


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 10**6), st.integers(3, 700), st.sampled_from(["dwellings", "shares", "unequal"]),
    st.integers(1, 300), st.sampled_from([1, 64]),
    st.sampled_from([{}, {"inference": "normal"}, {"inference": "permutation", "permutations": 19}]),
    st.sampled_from([
        (lr.local_moran, local_moran_by_band, {}), (lr.local_moran, local_moran_by_band, {"other": True}),
        (lr.getis_ord, getis_ord_by_band, {"star": True}), (lr.getis_ord, getis_ord_by_band, {"star": False}),
    ]),
)  # fmt: skip
def test_the_centre_has_the_bytes_of_that_in_memory(seed, n, kind, cells, multiple, options, functions):
    ids, values, others, weights = made(seed, n, kind)
    function, by_band, more = functions
    options, more_by_band = {**options, **more}, {**options, **more}
    if "other" in more:
        options["other"], more_by_band["other"] = in_memory(ids, others), BandedField.of(ids, others, GRID)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = function(in_memory(ids, values), QUEEN, weights=in_memory(ids, weights), **options)
        arrays = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
        figures = by_band(
            BandedField.of(ids, values, GRID), QUEEN, Arrays(arrays), cells=cells, multiple=multiple,
            weights=BandedField.of(ids.copy(), weights, GRID), **more_by_band,
        )  # fmt: skip
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    for name in ("n", "islands", "reference", "p_error"):
        np.testing.assert_equal(getattr(figures, name), float(wanted[name]))


def test_the_centre_of_a_field_that_is_cut_into_parts_is_that_of_one_that_is_not():
    """By permutation a field is not cut; quadrants, I and spots are the same."""
    ids = np.arange(160 * 160)
    rng = np.random.default_rng(3)
    grid = lr.Grid(0.0, 16_000.0, 160, 160)
    values, weights = (
        xr.DataArray(each, dims="cell", coords=cell_coordinates(grid, ids))
        for each in (rng.lognormal(size=ids.size), rng.poisson(1, ids.size))
    )
    for function, names in ((lr.local_moran, ("I", "quadrant", "z")), (lr.getis_ord, ("G", "z"))):
        cut = function(values, QUEEN, weights=weights, inference="normal")
        whole = function(values, QUEEN, weights=weights, inference="permutation", permutations=1)
        for name in names:
            assert cut[name].values.tobytes() == whole[name].values.tobytes(), name
        assert float(cut["reference"]) == float(whole["reference"]) != float(values.mean())


def test_wrong_weights_are_refused_and_nothing_is_written():
    ids, values, _, weights = made(1, 90, "shares")
    held = np.flatnonzero(np.isfinite(values))[[5, 70]]
    gaps, below = weights.copy(), weights.copy()
    gaps[held], below[held] = np.nan, -1
    field, endless = BandedField.of(ids, values, GRID), np.where(np.isnan(weights), np.nan, np.inf)
    missing = f"weights is missing at 2 places where the field has a value; first: {ids[held].tolist()}"
    for wrong, error, message in (
        (weights, lr.UsageError, "weights is a ndarray; it must be a BandedField over the cells"),
        (BandedField.of(ids[1:], weights[1:], GRID), lr.UsageError, "weights has 89 cells, the field 90"),
        (BandedField.of(ids, gaps, GRID), lr.InputError, missing),
        (BandedField.of(ids, below, GRID), lr.InputError, "weights has 2 negative values; weights are at least 0"),
        (BandedField.of(ids, weights * 0, GRID), lr.InputError, "weights is 0 at all places where the field has"),
        (BandedField.of(ids, endless, GRID), lr.InputError, "infinite values; missing values are NaN"),
    ):  # fmt: skip
        for by_band in (local_moran_by_band, getis_ord_by_band):
            p = np.full(90, 77.0)
            with pytest.raises(error, match=re.escape(message)):
                by_band(field, QUEEN, Arrays({"p": p}), weights=wrong, cells=20)
            assert (p == 77).all()
