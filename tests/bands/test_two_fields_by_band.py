"""Bivariate Moran's I in bands, local and global: the same bytes as in memory, whichever of the two is missing."""

import re
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedField, local_moran_by_band, moran_by_band
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning
from summed_permutations import summed_permutations

GRID = lr.Grid(0.0, 4000.0, 50, 40, 100.0, "EPSG:28992")
QUEEN = lr.Neighbourhood.queen()
NEIGHBOURHOODS = (QUEEN, lr.Neighbourhood.rook(2), lr.Neighbourhood.ring(200, 500))
KINDS = {
    "continuous": lambda rng, n: rng.lognormal(size=n),
    "float32": lambda rng, n: rng.normal(size=n).astype(np.float32),
    "counts": lambda rng, n: rng.poisson(3, n),
    "two-valued": lambda rng, n: rng.random(n) < 0.3,
    "one outlier": lambda rng, n: np.where(np.arange(n) == n // 2, 1e6, rng.normal(size=n)),
}


def made(seed, n, kinds):
    """Return cells, and two variables of which those of a float type are missing at places of their own."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, n, replace=False))
    both = [KINDS[kind](rng, n) for kind in kinds]
    for values in both:
        if values.dtype.kind == "f":
            values[rng.random(n) < 0.1] = np.nan
    return ids, *both


def in_memory(ids, values):
    return xr.DataArray(values, dims="cell", coords=cell_coordinates(GRID, ids))


@settings(deadline=None, max_examples=12)
@given(
    st.integers(0, 10**6), st.integers(3, 700), st.tuples(*[st.sampled_from(sorted(KINDS))] * 2),
    st.sampled_from(NEIGHBOURHOODS), st.integers(1, 300), st.sampled_from([1, 64]),
    st.sampled_from([
        {}, {"inference": "normal", "weighting": "binary"}, {"inference": "permutation", "permutations": 19},
    ]),
)  # fmt: skip
def test_bivariate_local_moran_has_the_bytes_of_that_in_memory(
    seed, n, kinds, neighbourhood, cells, multiple, options
):
    ids, values, others = made(seed, n, kinds)
    source, other = (BandedField.of(each, v, GRID) for each, v in ((ids, values), (ids.copy(), others)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.local_moran(
            in_memory(ids, values), neighbourhood, other=in_memory(ids, others), **options
        )
        arrays = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
        figures = local_moran_by_band(
            source, neighbourhood, Arrays(arrays), other=other, cells=cells, multiple=multiple, **options
        )
    for name, found in arrays.items():
        assert found.tobytes() == wanted[name].values.tobytes(), name
    assert (figures.n, figures.islands) == (int(wanted["n"]), int(wanted["islands"]))
    for name in ("reference", "reference_other", "p_error"):
        np.testing.assert_equal(getattr(figures, name), float(wanted[name]))


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 10**6), st.integers(1, 700), st.tuples(*[st.sampled_from(sorted(KINDS))] * 2),
    st.sampled_from(NEIGHBOURHOODS), st.integers(1, 300), st.sampled_from(["row", "binary", "given"]),
    st.sampled_from(["normal", "permutation"]),
)  # fmt: skip
def test_the_global_bivariate_moran_is_that_in_memory(
    seed, n, kinds, neighbourhood, cells, weighting, inference
):
    ids, values, others = made(seed, n, kinds)
    source, other = (BandedField.of(ids, each, GRID) for each in (values, others))
    options = {"weighting": weighting, "inference": inference, "permutations": 5}
    with warnings.catch_warnings(), summed_permutations() as sums:
        warnings.simplefilter("ignore", LeefrasterWarning)
        wanted = lr.moran(in_memory(ids, values), neighbourhood, other=in_memory(ids, others), **options)
        found = moran_by_band(source, neighbourhood, other=other, cells=cells, **options)
    xr.testing.assert_identical(found, wanted)
    assert sums[0::2] == sums[1::2]  # of every permutation


def test_other_fields_that_do_not_fit_are_refused():
    ids, values, others = made(1, 60, ("continuous", "continuous"))
    field = BandedField.of(ids, values, GRID)
    moved = np.append(ids[:-1], 1999 if ids[-1] != 1999 else 1998)
    south = lr.Grid(0.0, 3900.0, 50, 39)
    infinite = np.where(np.arange(60) == 3, np.inf, others)
    for other, error, message in (
        (others, lr.UsageError, "other is a ndarray; it must be a BandedField over the cells of the field"),
        (
            BandedField.of(np.arange(60), others, south),
            lr.UsageError,
            "the field on Grid(x_min=0.0, y_max=4000.0",
        ),
        (BandedField.of(ids[1:], others[1:], GRID), lr.UsageError, "other has 59 cells, the field 60"),
        (
            BandedField.of(moved, others, GRID),
            lr.UsageError,
            f"position 59 cell {moved[-1]}, where the field has",
        ),
        (
            BandedField.of(ids, infinite, GRID),
            lr.InputError,
            "other has 1 infinite values; missing values are NaN",
        ),
    ):
        with pytest.raises(error, match=re.escape(message)):
            local_moran_by_band(field, QUEEN, Arrays({}), other=other)
        with pytest.raises(error, match=re.escape(message)):
            moran_by_band(field, QUEEN, other=other)


def told(function, *given, **options):
    """Return the warnings that a function gives."""
    with pytest.warns(LeefrasterWarning) as caught:
        function(*given, **options)
    return [(each.category, str(each.message)) for each in caught]


@pytest.mark.parametrize("apart", [1, 4])
def test_two_fields_without_a_result_are_named_as_in_memory(apart):
    """Of which one varies only where the other one is missing, or of which no cell has a neighbour."""
    ids, rising, falling = np.arange(30) * apart, np.arange(30.0), np.arange(30.0)[::-1].copy()
    rising[0] = np.nan
    if apart == 1:
        falling[1:] = 3.0
    source, other = (BandedField.of(ids, each, GRID) for each in (rising, falling))
    field, beside = in_memory(ids, rising), in_memory(ids, falling)
    local = told(local_moran_by_band, source, QUEEN, Arrays({}), other=other, cells=7)
    assert local == told(lr.local_moran, field, QUEEN, other=beside)
    assert told(moran_by_band, source, QUEEN, other=other, cells=7) == told(
        lr.moran, field, QUEEN, other=beside
    )
