"""Emerging hot spots in bands: the bytes of those in memory, whatever the bands and the order of the years."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.bands import Arrays, BandedPanel
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning

GRID = lr.Grid(0.0, 2000.0, 25, 20, 100.0, "EPSG:28992")
YEARS = [2012, 2014, 2016, 2018, 2020, 2022, 2024]


def made(seed, years):
    """Return a panel with a hot block on the seams of all small bands, a cold one that cools, and holes."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(GRID.size, 400, replace=False))
    row, column = np.divmod(ids, GRID.nx)
    level = rng.normal(size=(len(years), ids.size))
    at = np.array(years)[:, None] - 2010
    level += 4 * ((row > 5) & (row < 15) & (column < 6)) * (at > rng.integers(0, 14))
    level -= 0.6 * at * ((row < 9) & (column > 16))
    level[rng.random(level.shape) < 0.05] = np.nan
    return ids, level


@settings(deadline=None, max_examples=6)
@given(
    st.integers(0, 10**6), st.permutations(YEARS), st.integers(2, 7), st.integers(20, 500),
    st.sampled_from([lr.Neighbourhood.queen(), lr.Neighbourhood.disc(300)]), st.booleans(),
)  # fmt: skip
def test_categories_by_band_have_the_bytes_of_those_in_memory(seed, order, count, cells, around, flat_year):
    years = order[:count]
    ids, level = made(seed, years)
    if flat_year:
        level[0] = 1.0
    data = xr.DataArray(level, dims=("year", "cell"), coords={"year": years, **cell_coordinates(GRID, ids)})
    with warnings.catch_warnings(record=True) as wanted_warnings:
        warnings.simplefilter("always", LeefrasterWarning)
        wanted = lr.emerging_hotspots(data, around)
    found = {str(name): np.full(v.shape, 77, v.dtype) for name, v in wanted.data_vars.items()}
    panel = BandedPanel.of(ids, {"level": level}, GRID, years=years)
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always", LeefrasterWarning)
        about = lr.emerging_hotspots_by_band(panel, "level", around, Arrays(found), cells=cells)
    assert [str(w.message) for w in given_warnings] == [str(w.message) for w in wanted_warnings]
    assert given_warnings or not flat_year
    for name, values in found.items():
        assert values.tobytes() == wanted[name].values.tobytes(), name
    assert about == wanted.attrs


def test_the_made_up_panel_has_several_categories():
    ids, level = made(1, YEARS)
    found = np.zeros(ids.size, np.int8)
    panel = BandedPanel.of(ids, {"level": level}, GRID, years=YEARS)
    seen = []
    lr.emerging_hotspots_by_band(
        panel, "level", lr.Neighbourhood.queen(), Arrays({"category": found}), cells=50,
        progress=lambda step, done, of: seen.append((step, done, of)),
    )  # fmt: skip
    assert np.unique(found).size >= 4
    assert seen == [("G*", done, 7) for done in range(1, 8)]


def test_what_is_wrong_is_refused():
    ids, level = made(1, YEARS)
    panel = BandedPanel.of(ids, {"level": level, "land": level[0]}, GRID, years=YEARS)
    queen = lr.Neighbourhood.queen()
    with pytest.raises(lr.UsageError, match="alpha is 2; it must lie"):
        lr.emerging_hotspots_by_band(panel, "level", queen, Arrays({}), alpha=2)
    one = BandedPanel.of(ids, {"level": level[:1]}, GRID, years=YEARS[:1])
    with pytest.raises(lr.UsageError, match="at least 2 measurement years"):
        lr.emerging_hotspots_by_band(one, "level", queen, Arrays({}))
    with pytest.raises(lr.UsageError, match="needs a dimension 'year'"):
        lr.emerging_hotspots_by_band(
            BandedPanel.of(ids, {"level": level[0]}, GRID), "level", queen, Arrays({})
        )
    decay = lr.Neighbourhood.decay(300, cutoff=500)
    with pytest.raises(
        lr.UsageError, match=r"neighbourhood is .*decay.*; .* exact p.* Take queen, rook, disc or"
    ):
        lr.emerging_hotspots_by_band(panel, "level", decay, Arrays({}))
    field = xr.DataArray(level, dims=("year", "cell"), coords={"year": YEARS, **cell_coordinates(GRID, ids)})
    with pytest.raises(
        lr.UsageError, match=r"neighbourhood is .*decay.*; .* exact p.* Take queen, rook, disc or"
    ):
        lr.emerging_hotspots(field, decay)
    late = BandedPanel.of(ids, {"level": level[:2]}, GRID, years=[2024, 3024])
    with pytest.raises(lr.InputError, match="lies in the future"):
        lr.emerging_hotspots_by_band(late, "level", queen, Arrays({}))
