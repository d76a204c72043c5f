"""Statistics in bands: the same bytes as in memory, whatever the bands, holes, neighbourhood and values."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import (
    Arrays,
    BandedField,
    getis_ord_by_band,
    local_geary_by_band,
    local_join_count_by_band,
    local_moran_by_band,
)
from leefraster.bands.band import cut
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
NEIGHBOURHOODS = (
    lr.Neighbourhood.queen(),
    lr.Neighbourhood.rook(2),
    lr.Neighbourhood.disc(400),
    lr.Neighbourhood.ring(200, 500),
)
KINDS = ("continuous", "counts", "two-valued", "float32", "one outlier", "integers")


def made(seed, n, kind, missing=0.1):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    values = {
        "continuous": lambda: rng.lognormal(size=n),
        "counts": lambda: 5.0 * rng.poisson(3, n),
        "two-valued": lambda: rng.integers(0, 2, n).astype(float),
        "float32": lambda: rng.normal(size=n).astype(np.float32),
        "one outlier": lambda: np.where(np.arange(n) == n // 2, 1e6, rng.normal(size=n)),
        "integers": lambda: rng.integers(-50, 50, n),
    }[kind]()
    if values.dtype.kind == "f":
        values[rng.random(n) < missing] = np.nan
    return ids, values


def in_memory(ids, values):
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids))


def arrays_like(result):
    return {str(name): np.full(v.shape, 77, v.dtype) for name, v in result.data_vars.items()}


def assert_same_bytes(arrays, figures, wanted):
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    assert (figures.n, figures.islands) == (int(wanted["n"]), int(wanted["islands"]))
    np.testing.assert_equal(
        (figures.reference, figures.p_error), (float(wanted["reference"]), float(wanted["p_error"]))
    )


@settings(deadline=None, max_examples=14)
@given(
    st.integers(0, 10**6), st.integers(3, 450), st.sampled_from(KINDS), st.sampled_from(NEIGHBOURHOODS),
    st.integers(1, 400), st.sampled_from([1, 7, 64]),
)  # fmt: skip
@example(0, 23, "one outlier", lr.Neighbourhood.queen(), 1, 1)  # a band that one place dominates, and others
@example(1, 900, "continuous", lr.Neighbourhood.ring(200, 500), 60, 1)  # a place five rows off counts
def test_local_moran_by_band_has_the_bytes_of_local_moran(seed, n, kind, neighbourhood, cells, multiple):
    ids, values = made(seed, n, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.local_moran(in_memory(ids, values), neighbourhood)
        arrays = arrays_like(wanted)
        figures = local_moran_by_band(
            BandedField.of(ids, values, GRID), neighbourhood, Arrays(arrays), cells=cells, multiple=multiple
        )
    assert_same_bytes(arrays, figures, wanted)


@settings(deadline=None, max_examples=10)
@given(
    st.integers(0, 10**6), st.integers(3, 450), st.sampled_from(KINDS), st.sampled_from(NEIGHBOURHOODS),
    st.integers(1, 400), st.booleans(),
)  # fmt: skip
@example(0, 12, "two-valued", lr.Neighbourhood.queen(), 1, True)  # bands of one island, which holds a one
@example(1, 900, "continuous", lr.Neighbourhood.ring(200, 500), 60, False)  # a place five rows off counts
def test_getis_ord_by_band_has_the_bytes_of_getis_ord(seed, n, kind, neighbourhood, cells, star):
    ids, values = made(seed, n, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.getis_ord(in_memory(ids, values), neighbourhood, star=star)
        arrays = arrays_like(wanted)
        source = BandedField.of(ids, values, GRID)
        figures = getis_ord_by_band(source, neighbourhood, Arrays(arrays), star=star, cells=cells)
    assert_same_bytes(arrays, figures, wanted)


@pytest.mark.parametrize("apart", [1, 4])
def test_fields_without_a_result_are_named_as_in_memory(apart):
    """Fields of one value, and of cells without a neighbour."""
    ids = np.arange(30) * apart
    values = np.ones(30) if apart == 1 else np.arange(30) % 2.0
    for function, by_band in (
        (lr.local_moran, local_moran_by_band),
        (lr.getis_ord, getis_ord_by_band),
        (lr.local_geary, local_geary_by_band),
        (lr.local_join_count, local_join_count_by_band),
    ):
        with pytest.warns(LeefrasterWarning) as wanted:
            function(in_memory(ids, values), NEIGHBOURHOODS[0])
        with pytest.warns(LeefrasterWarning) as found:
            by_band(BandedField.of(ids, values, GRID), NEIGHBOURHOODS[0], Arrays({}), cells=7)
        messages = [[(each.category, str(each.message)) for each in caught] for caught in (found, wanted)]
        assert messages[0] == messages[1]
        assert len(messages[0]) == 1


def test_far_tails_do_not_depend_on_the_bands():
    ids, values = made(3, 1300, "continuous", missing=0)
    row, column = np.divmod(ids, GRID.nx)
    values[(row < 8) & (column < 8)] += 400.0  # p far below 1e-12, in one band only
    wanted = lr.local_moran(in_memory(ids, values), lr.Neighbourhood.disc(400))
    assert float(wanted["p"].min()) < 1e-14
    for cells in (200, 500):
        arrays = arrays_like(wanted)
        local_moran_by_band(
            BandedField.of(ids, values, GRID), lr.Neighbourhood.disc(400), Arrays(arrays), cells=cells
        )
        assert arrays["p"].tobytes() == wanted["p"].values.tobytes()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.integers(1, 60), st.integers(1, 9))
def test_bands_hold_every_cell_once_and_whole_rows_around_it(counts, cells, multiple):
    starts = np.concatenate([[0], np.cumsum(counts)])
    runs = lr.Neighbourhood.rook(2).runs(100.0)
    bands = cut(starts, runs, cells, multiple)
    held = np.concatenate([np.arange(band.first, band.last) for band in bands] or [np.empty(0, int)])
    assert held.tolist() == list(range(int(starts[-1])))
    for band in bands:
        assert band.first % multiple == 0
        assert band.cells <= max(cells, multiple)
        rows = np.searchsorted(starts, [band.first, band.last - 1], side="right") - 1
        top, bottom = max(rows[0] - 2, 0), min(rows[1] + 3, len(counts))
        assert (band.top, band.rows) == (top, bottom - top)
        assert (band.begin, band.end) == (starts[top], starts[bottom])


def test_wrong_input_is_refused():
    ids, values = made(1, 100, "continuous")
    with pytest.raises(lr.UsageError, match="the field is a NoneType; it must be a BandedField"):
        local_moran_by_band(None, NEIGHBOURHOODS[0], Arrays({}))
    with pytest.raises(lr.UsageError, match=r"the field is a DataArray; .* goes to the function in memory"):
        getis_ord_by_band(in_memory(ids, values), NEIGHBOURHOODS[0], Arrays({}))
    with pytest.raises(lr.UsageError, match=r"the neighbourhood is a str; it must be a Neighbourhood"):
        local_moran_by_band(BandedField.of(ids, values, GRID), "queen", Arrays({}))
    with pytest.raises(lr.UsageError, match="cells of a band is 0"):
        local_moran_by_band(BandedField.of(ids, values, GRID), NEIGHBOURHOODS[0], Arrays({}), cells=0)
    with pytest.raises(lr.InputError, match="cell ids must ascend and occur once"):
        BandedField.of(ids[::-1], values, GRID)
    with pytest.raises(lr.InputError, match=r"ids have shape \(99,\) and values \(100,\)"):
        BandedField.of(ids[1:], values, GRID)
    with pytest.raises(lr.InputError, match="cell ids go up to 2099; the grid holds 0 to 1999"):
        BandedField.of(np.arange(2000, 2100), values, GRID)
    values[3] = np.inf
    with pytest.raises(lr.InputError, match="1 infinite values"):
        local_moran_by_band(BandedField.of(ids, values, GRID), NEIGHBOURHOODS[0], Arrays({}))
