"""Weights that decay with distance, in bands: the same bytes as in memory."""

import warnings
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import (
    Arrays,
    BandedField,
    geary_by_band,
    getis_ord_by_band,
    getis_ord_general_by_band,
    join_count_by_band,
    local_join_count_by_band,
    local_moran_by_band,
    moran_by_band,
)
from leefraster.bands.on_cluster import cluster
from leefraster.cells import cell_coordinates
from leefraster.errors import InferenceWarning, LeefrasterWarning
from leefraster.inference import weighted_places
from summed_permutations import summed_permutations

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
DECAYS = (
    lr.Neighbourhood.decay(200, cutoff=400),
    lr.Neighbourhood.decay(300, kernel="bisquare"),
    lr.Neighbourhood.decay(100, kernel="inverse", cutoff=250),
)
KINDS = {
    "continuous": lambda rng, n: rng.lognormal(size=n),
    "counts": lambda rng, n: 5.0 * rng.poisson(2, n),
    "one outlier": lambda rng, n: np.where(np.arange(n) == n // 2, 1e6, rng.normal(size=n)),
}


def made(seed, n, kind):
    """Return cells, and two variables of which the first is missing here and there."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values, others = KINDS[kind](rng, n), rng.poisson(3, n)
    values[rng.random(n) < 0.1] = np.nan
    return ids, values, others


def in_memory(ids, values):
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids))


@settings(deadline=None, max_examples=12)
@given(
    st.integers(0, 10**6), st.integers(3, 700), st.sampled_from(sorted(KINDS)), st.sampled_from(DECAYS),
    st.integers(1, 300), st.sampled_from([1, 64]),
    st.sampled_from([
        {"inference": "normal"}, {"inference": "normal", "weighting": "given", "alternative": "less"},
        {"inference": "permutation", "permutations": 19}, {"inference": "exact", "weighting": "binary"},
        {"inference": "inversion", "weighting": "binary"},
    ]),
    st.sampled_from([
        (lr.local_moran, local_moran_by_band, {}), (lr.local_moran, local_moran_by_band, {"other": True}),
        (lr.getis_ord, getis_ord_by_band, {"star": True}), (lr.getis_ord, getis_ord_by_band, {"star": False}),
        (lr.local_join_count, local_join_count_by_band, {}),
    ]),
)  # fmt: skip
def test_local_statistics_have_the_bytes_of_those_in_memory(
    seed, n, kind, decay, cells, multiple, options, functions
):
    ids, values, others = made(seed, n, kind)
    function, by_band, more = functions
    if function is lr.local_join_count:
        values = np.where(np.isnan(values), np.nan, values > 1)
    options, more_by_band = {**options, **more}, {**options, **more}
    if "other" in more:
        options["other"], more_by_band["other"] = in_memory(ids, others), BandedField.of(ids, others, GRID)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = function(in_memory(ids, values), decay, **options)
        arrays = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
        figures = by_band(
            BandedField.of(ids, values, GRID),
            decay,
            Arrays(arrays),
            cells=cells,
            multiple=multiple,
            **more_by_band,
        )
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    for name in ("n", "islands", "reference", "p_error"):
        np.testing.assert_equal(getattr(figures, name), float(wanted[name]))


@settings(deadline=None, max_examples=6)
@given(
    st.integers(0, 10**6), st.sampled_from([("normal", 1500), ("ones", 400), ("counts", 40)]),
    st.sampled_from(DECAYS), st.integers(70, 800), st.sampled_from([20, 64]), st.sampled_from(["row", "given"]),
    st.sampled_from([(lr.local_moran, local_moran_by_band, {}), (lr.getis_ord, getis_ord_by_band, {"star": True})]),
)  # fmt: skip
def test_inversion_has_the_bytes_of_that_in_memory_whatever_parts_are_looked_at(
    seed, kind_and_n, decay, cells, piece, weighting, functions
):
    kind, n = kind_and_n
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values = {
        "normal": rng.normal,
        "ones": lambda size: rng.random(size) < 0.4,
        "counts": lambda size: rng.poisson(2, size),
    }[kind](size=n).astype(float)
    values[rng.random(n) < 0.1] = np.nan
    function, by_band, more = functions
    options = {"inference": "inversion", "weighting": weighting, **more}
    p, z = np.full(n, 77.0), np.full(n, 77.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = function(in_memory(ids, values), decay, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(weighted_places, "PIECE", piece)
            field = BandedField.of(ids, values, GRID)
            figures = by_band(field, decay, Arrays({"p": p, "z": z}), cells=cells, **options)
    assert p.tobytes() == wanted["p"].values.tobytes()
    assert z.tobytes() == wanted["z"].values.tobytes()
    np.testing.assert_equal(figures.p_error, float(wanted["p_error"]))


def test_inversion_by_band_on_two_workers_and_with_a_value_that_dwarfs_the_others():
    rng = np.random.default_rng(3)
    for n, dwarfing, runs in ((1500, False, True), (60, True, False)):
        ids = np.sort(rng.choice(GRID.size if runs else 90, n, replace=False))
        values = rng.normal(size=n)
        if dwarfing:
            values[n // 2] = 1e7
        p, field = np.zeros(n), BandedField.of(ids, values, GRID)
        wanted = lr.local_moran(in_memory(ids, values), DECAYS[0], inference="inversion")
        with cluster("local", workers=2) if runs else nullcontext() as runner:
            local_moran_by_band(
                field, DECAYS[0], Arrays({"p": p}), inference="inversion", cells=n // 3, runner=runner
            )
        assert p.tobytes() == wanted["p"].values.tobytes()


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10**6), st.integers(1, 500), st.sampled_from(sorted(KINDS)), st.sampled_from(DECAYS),
    st.integers(1, 300), st.sampled_from(["row", "given", "binary"]),
    st.sampled_from([
        (lr.moran, moran_by_band, {}), (lr.moran, moran_by_band, {"other": True}),
        (lr.geary, geary_by_band, {"assumption": "normality"}),
        (lr.getis_ord_general, getis_ord_general_by_band, {}), (lr.join_count, join_count_by_band, {}),
    ]),
    st.sampled_from([{}, {"inference": "permutation", "permutations": 3, "seed": 4}]),
)  # fmt: skip
def test_global_statistics_are_those_in_memory(seed, n, kind, decay, cells, weighting, functions, drawn):
    ids, values, others = made(seed, n, kind)
    function, by_band, more = functions
    values = np.abs(values)
    if function is lr.join_count:
        values = np.where(np.isnan(values), np.nan, values > 1)
    options = {"weighting": weighting, **more, **drawn}
    more_by_band = dict(options)
    if "other" in more:
        options["other"], more_by_band["other"] = in_memory(ids, others), BandedField.of(ids, others, GRID)
    with warnings.catch_warnings(), summed_permutations() as sums:
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = function(in_memory(ids, values), decay, **options)
        found = by_band(BandedField.of(ids, values, GRID), decay, cells=cells, **more_by_band)
    xr.testing.assert_identical(found, wanted)
    assert sums[0::2] == sums[1::2]


def test_p_that_may_be_far_off_is_warned_of():
    rng = np.random.default_rng(3)
    ids, values, decay = np.arange(40) * 50, rng.normal(size=40), lr.Neighbourhood.decay(1000, cutoff=1500)
    p = np.zeros(40)
    with pytest.warns(
        InferenceWarning, match=r"local_moran: p of 1 of 1 fields may be far off .* \(p_error is up to inf"
    ):
        wanted = lr.local_moran(in_memory(ids, values), decay, inference="inversion")
    with pytest.warns(InferenceWarning, match="inference='permutation' has no such limit"):
        local_moran_by_band(
            BandedField.of(ids, values, GRID), decay, Arrays({"p": p}), inference="inversion", cells=15
        )
    assert p.tobytes() == wanted["p"].values.tobytes()


def test_exact_inference_is_refused_where_weights_differ():
    ids, values, _ = made(1, 90, "continuous")
    field = BandedField.of(ids, values, GRID)
    for by_band in (
        local_moran_by_band,
        getis_ord_by_band,
        partial(local_join_count_by_band, weighting="given"),
    ):
        with pytest.raises(lr.UsageError, match=r"'exact', but the weights of .* differ; use inference='inv"):
            by_band(field, DECAYS[0], Arrays({}), inference="exact")
