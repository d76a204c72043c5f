"""Local Moran's I and Getis-Ord G by random permutations, in bands: each place has the draws it has in memory."""

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
NEIGHBOURHOODS = (lr.Neighbourhood.queen(), lr.Neighbourhood.ring(200, 500), lr.Neighbourhood.disc(2500))


def made(seed, n, kind):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values = rng.normal(size=n) if kind == "continuous" else rng.integers(0, 3, n) * 1.0
    values[rng.random(n) < 0.2] = np.nan
    return ids, values


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 10**6), st.integers(3, 250), st.sampled_from(["continuous", "few values"]),
    st.sampled_from(NEIGHBOURHOODS), st.integers(1, 120), st.sampled_from([1, 7]),
    st.sampled_from([
        {"inference": "permutation"}, {"inference": "normal", "alternative": "greater"},
        {"inference": "permutation", "seed": 2**63 + 5, "weighting": "binary", "alternative": "less"},
    ]),
    st.sampled_from([
        (lr.local_moran, local_moran_by_band, {}), (lr.getis_ord, getis_ord_by_band, {"star": True}),
        (lr.getis_ord, getis_ord_by_band, {"star": False}),
    ]),
)  # fmt: skip
def test_it_has_the_bytes_of_the_function_in_memory(
    seed, n, kind, neighbourhood, cells, multiple, options, functions
):
    ids, values = made(seed, n, kind)
    whole, by_band, more = functions
    options = {**options, **more, "permutations": 39}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = whole(
            xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids)), neighbourhood, **options
        )
        arrays = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
        source = BandedField.of(ids, values, GRID)
        figures = by_band(source, neighbourhood, Arrays(arrays), cells=cells, multiple=multiple, **options)
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    assert (figures.n, figures.islands) == (int(wanted["n"]), int(wanted["islands"]))
    np.testing.assert_equal(
        (figures.reference, figures.p_error), (float(wanted["reference"]), float(wanted["p_error"]))
    )


def test_another_seed_draws_otherwise():
    field = BandedField.of(*made(1, 250, "continuous"), GRID)
    found = []
    for seed in (1, 2):
        p = np.empty(250)
        local_moran_by_band(
            field, NEIGHBOURHOODS[0], Arrays({"p": p}), inference="permutation", seed=seed, cells=90
        )
        found.append(p)
    held = np.isfinite(found[0])
    assert 0 < np.abs(found[0] - found[1])[held].max() < 0.2


def test_wrong_options_are_refused():
    field = BandedField.of(*made(1, 250, "continuous"), GRID)
    for function in (local_moran_by_band, getis_ord_by_band):
        with pytest.raises(lr.UsageError, match="inference is 'saddlepoint'; allowed are 'exact', 'inv"):
            function(field, NEIGHBOURHOODS[0], Arrays({}), inference="saddlepoint")
        with pytest.raises(lr.UsageError, match="seed is -1; it must be a whole number of at least 0"):
            function(field, NEIGHBOURHOODS[0], Arrays({}), inference="permutation", seed=-1)
        with pytest.raises(lr.UsageError, match="weighting is 'equal'; allowed are 'row', 'binary', 'given'"):
            function(field, NEIGHBOURHOODS[0], Arrays({}), weighting="equal")
