"""Fields in parts of their places: the same bytes as the whole, whatever the parts, holes and threads."""

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.kernels import jit
from leefraster.statistics import parts

NEIGHBOURHOODS = [lr.Neighbourhood.queen(), lr.Neighbourhood.disc(300), lr.Neighbourhood.ring(100, 250)]
STATISTICS = {
    "local Moran": lambda field, around, **how: lr.local_moran(field, around, **how),
    "G*": lambda field, around, **how: lr.getis_ord(field, around, **how),
    "G": lambda field, around, **how: lr.getis_ord(field, around, star=False, **how),
}


def made_field(seed, kind, years=2):
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.5, size=(years, 14, 15)) * 100
    if kind == "steps":
        values = np.rint(values / 20)
    if kind == "zeros":
        values[values < 20] = 0.0
    values[rng.random(values.shape) < 0.35] = np.nan  # other holes every year: islands, pairs and empty parts
    if kind == "flat year":
        values[0] = 3.0
    coords = {"y": 1350.0 - 100 * np.arange(14), "x": 50.0 + 100 * np.arange(15)}
    return xr.DataArray(values, dims=("year", "y", "x"), coords=coords)


@pytest.mark.parametrize("name", STATISTICS)
@settings(deadline=None, max_examples=8)
@given(
    st.integers(0, 2**20), st.sampled_from(["skewed", "steps", "zeros", "flat year"]),
    st.sampled_from(NEIGHBOURHOODS),
    st.integers(15, 70), st.sampled_from([1, 2]), st.sampled_from(["exact", "normal"]),
)  # fmt: skip
def test_parts_of_any_size_give_the_bytes_of_the_whole(name, seed, kind, around, size, threads, inference):
    field = made_field(seed, kind)
    work = STATISTICS[name]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="ignore"):
        whole = work(field, around, inference=inference)  # too few values for parts
        patch.setattr(parts, "FEWEST", 1)
        patch.setattr(parts, "PART", size)
        patch.setattr(jit, "_threads", threads)
        in_parts = work(field, around, inference=inference)
    xr.testing.assert_identical(whole, in_parts)


def test_a_field_of_several_parts_goes_through_them(monkeypatch):
    monkeypatch.setattr(parts, "FEWEST", 50)
    monkeypatch.setattr(parts, "PART", 20)
    seen = []
    together = parts.in_threads

    def spy(function, pieces, room):
        seen.append(len(pieces))
        return together(function, pieces, room)

    monkeypatch.setattr(parts, "in_threads", spy)
    field = made_field(1, "skewed")
    lr.local_moran(field, lr.Neighbourhood.queen())
    assert seen == [-(-int(n) // 20) for n in field.notnull().sum(("y", "x"))]


@pytest.mark.parametrize(("threads", "expected"), [(1, [500, 500]), (2, [250, 250, 250, 250])])
def test_threads_have_two_parts_each_where_a_field_is_not_large(threads, expected, monkeypatch):
    monkeypatch.setattr(parts, "threads", lambda: threads)
    cuts = parts._cuts(np.ones(1000, bool), 1000)
    assert [here.stop - here.start for _, _, here in cuts] == expected


def test_parts_share_out_all_places_and_each_has_values():
    valid = np.array([0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0], bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART", 2)
        cuts = parts._cuts(valid, 5)
    assert cuts == [(0, 7, slice(0, 2)), (7, 9, slice(2, 4)), (9, 11, slice(4, 5))]


@pytest.mark.parametrize("star", [None, True, False])
def test_bands_in_parts_give_the_bytes_of_the_whole(star, monkeypatch):
    field = lr.from_raster(made_field(3, "zeros").isel(year=0, drop=True)).copy()
    field[::5] = np.nan
    around = lr.Neighbourhood.queen()
    whole = lr.local_moran(field, around) if star is None else lr.getis_ord(field, around, star=star)
    monkeypatch.setattr(parts, "FEWEST", 1)
    monkeypatch.setattr(parts, "PART", 15)
    made = {name: np.empty(values.size, values.dtype) for name, values in whole.data_vars.items()}
    source = lr.bands.BandedField.of(field["cell"].values, field.values, lr.grid_of(field))
    if star is None:
        figures = lr.bands.local_moran_by_band(source, around, lr.bands.Arrays(made), cells=60)
    else:
        figures = lr.bands.getis_ord_by_band(source, around, lr.bands.Arrays(made), star=star, cells=60)
    for name, values in made.items():
        np.testing.assert_array_equal(values, whole[name].values, err_msg=name)
    assert figures.islands == int(whole["islands"])
