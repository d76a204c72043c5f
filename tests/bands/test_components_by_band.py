"""Groups in bands: those that scipy labels on the raster, whatever the bands; groups across seams are one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import leefraster as lr
from leefraster.bands import Arrays, BandedField, components_by_band

GRID = lr.Grid(0.0, 1200.0, 15, 12, 100.0)


def grouped(codes, neighbourhood=None, **options):
    ids = np.flatnonzero(codes.ravel() >= 0)
    found = np.full(ids.size, -1, np.int32)
    source = BandedField.of(ids, codes.ravel()[ids], GRID)
    sizes = components_by_band(
        source, neighbourhood or lr.Neighbourhood.queen(), Arrays({"group": found}), **options
    )
    raster = np.zeros(GRID.size, np.int32)
    raster[ids] = found
    return raster.reshape(codes.shape), sizes


def in_order(labels):
    """Return labels renumbered by their first cell, row by row."""
    kinds, first = np.unique(labels.ravel(), return_index=True)
    out = np.zeros_like(labels)
    for number, kind in enumerate(kinds[np.argsort(first)][kinds[np.argsort(first)] > 0], start=1):
        out[labels == kind] = number
    return out


def by_scipy(codes, structure):
    """Return groups of equal codes on the raster, numbered in the order of their first cell."""
    out, before = np.zeros(codes.shape, int), 0
    for code in np.unique(codes[codes > 0]):
        labels, count = ndimage.label(codes == code, structure=structure)
        out[labels > 0] = labels[labels > 0] + before
        before += count
    return in_order(out)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 60), st.sampled_from([1, 4]))
def test_groups_are_those_of_scipy_whatever_the_bands(seed, kinds, cells, multiple):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, kinds + 1, (12, 15))
    wanted = by_scipy(codes, np.ones((3, 3)))
    found, sizes = grouped(codes, cells=cells, multiple=multiple)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(sizes[1:], np.bincount(wanted.ravel())[1:])
    assert sizes.sum() == (codes >= 0).sum()


def test_rook_neighbours_do_not_join_at_corners():
    codes = np.eye(12, 15, dtype=int)
    assert grouped(codes, lr.Neighbourhood.rook(), cells=20)[0].max() == 12
    assert grouped(codes, cells=20)[0].max() == 1


def test_a_group_that_returns_over_several_seams_is_one():
    codes = np.zeros((12, 15), int)
    codes[:, [0, 2, 4]] = 1
    codes[11, :5] = 1  # three columns that meet in the last row only
    found, sizes = grouped(codes, cells=15)
    assert found.max() == 1
    assert sizes.tolist() == [180 - 38, 38]


def test_wider_neighbourhoods_bridge_gaps_and_small_groups_lose_their_number():
    codes = np.zeros((12, 15), int)
    codes[2, 2] = codes[5, 2] = codes[10, 10] = 1
    assert grouped(codes, lr.Neighbourhood.disc(300), cells=30)[0].max() == 2
    found, sizes = grouped(codes, lr.Neighbourhood.disc(300), cells=30, minimum=2)
    assert found[2, 2] == found[5, 2] == 1
    assert found[10, 10] == 0
    assert sizes.tolist() == [178, 2]


def test_no_group_at_all():
    found, sizes = grouped(np.zeros((12, 15), int), cells=50)
    assert found.max() == 0
    assert sizes.tolist() == [180]


def test_wrong_options_are_refused():
    with pytest.raises(lr.UsageError, match="minimum is 0"):
        grouped(np.ones((12, 15), int), minimum=0)
    with pytest.raises(lr.UsageError, match="codes are float64; groups are of whole numbers"):
        grouped(np.ones((12, 15)))
    for other in (lr.Neighbourhood.ring(100, 300), lr.Neighbourhood.decay(200, cutoff=300)):
        with pytest.raises(
            lr.UsageError, match=r"queen, rook or disc .* given is .*\. Take Neighbourhood\.disc"
        ):
            grouped(np.ones((12, 15), int), other)
    with pytest.raises(lr.UsageError, match="the neighbourhood is a str"):
        grouped(np.ones((12, 15), int), "queen")
