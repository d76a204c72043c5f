"""Emerging hot spots: a hand-made series for each category, and what few years cannot show."""

from itertools import product

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.changes.emerging import CATEGORIES, cannot_occur, categories
from leefraster.changes.trend import trend

# h hot, c cold, . neither, ? no result; then the direction of z
SERIES = {
    "none": ("..........", 0),
    "new hot": (".........h", 0),
    "consecutive hot": (".......hhh", 0),
    "intensifying hot": ("hhhhhhhhhh", 1),
    "persistent hot": (".hhhhhhhhh", 0),
    "diminishing hot": ("hh.hhhhhhh", -1),
    "sporadic hot": (".hh.h..hhh", 0),
    "oscillating hot": (".c.....h.h", 0),
    "historical hot": ("hhhhhhhhh.", 0),
}


def flags(series):
    hot, cold, known = (np.array([[sign in signs] for sign in series]) for signs in ("h", "c", "hc."))
    return hot, cold, known


def category(series, direction=0):
    return CATEGORIES[int(categories(*flags(series), np.array([direction], np.int8))[0])]


@pytest.mark.parametrize("name", SERIES)
def test_each_category_has_its_series_hot_and_cold_alike(name):
    series, direction = SERIES[name]
    assert category(series, direction) == name
    turned = series.translate(str.maketrans("hc", "ch"))
    assert category(turned, -direction) == name.replace("hot", "cold")


@pytest.mark.parametrize(
    ("series", "direction", "name"),
    [
        ("hhhhhhhh", 0, "persistent hot"),
        ("h.hhhhhhh", 0, "sporadic hot"),  # 8 of 9 is less than nine tenths
        ("hhhhhhhh.", 0, "none"),  # so it cannot be historical either
        (".hhhhhhhhh", 1, "intensifying hot"),
        ("...hh.h", 1, "sporadic hot"),  # a trend says nothing where it is not nearly always hot
        ("c.....hh", 0, "oscillating hot"),
        (".....ch", 0, "oscillating hot"),
        ("c........h", 0, "oscillating hot"),
        ("?????hhhhh", 0, "persistent hot"),  # years without a result do not count
        ("hhhhhhhhh?", 0, "none"),
        ("h........", 0, "none"),
        ("hc", 0, "oscillating cold"),
        ("hh", 0, "persistent hot"),
    ],
)
def test_at_the_borders_between_categories(series, direction, name):
    assert category(series, direction) == name


def test_every_series_has_exactly_one_category_and_turns_with_it():
    series = np.array(list(product("hc.", repeat=6)))
    hot, cold = series.T == "h", series.T == "c"
    known = np.ones_like(hot)
    for direction in (-1, 0, 1):
        towards = np.full(len(series), direction, np.int8)
        codes, turned = categories(hot, cold, known, towards), categories(cold, hot, known, -towards)
        np.testing.assert_array_equal(np.where(codes == 0, 0, (codes + 7) % 16 + 1), turned)
        last = series[:, -1]
        assert ((codes >= 1) & (codes <= 7) == (last == "h")).all()
        assert ((codes >= 9) & (codes <= 15) == (last == "c")).all()


@pytest.mark.parametrize("years", range(2, 11))
def test_what_few_years_cannot_show_is_said(years):
    rng = np.random.default_rng(years)
    series = np.array(
        list(product("hc.", repeat=years)) if years < 7 else rng.choice(list("hc."), (20_000, years))
    )
    if years >= 7:  # some that are nearly always hot
        series[200:400] = "."
        series[200:400, -1] = "h"
        series[:200] = "h"
        series[np.arange(200), rng.integers(0, years, 200)] = "."
    hot, cold = series.T == "h", series.T == "c"
    possible = set()
    rising = years >= 3 and float(trend(xr.DataArray(
        np.arange(years)[:, None] * 1.0, dims=("year", "cell"), coords={"year": 2000 + np.arange(years)}
    ))["p"][0]) <= 0.05  # fmt: skip
    for direction in (-1, 0, 1) if rising else (0,):
        codes = categories(hot, cold, np.ones_like(hot), np.full(len(series), direction, np.int8))
        possible |= {CATEGORIES[code] for code in np.unique(codes)}
    hot_ones = {name for name in CATEGORIES if name.endswith("hot")}
    assert hot_ones - possible == {name for name in cannot_occur(years, 0.05) if name.endswith("hot")}


def raster(values, years):
    ny, nx = values.shape[1:]
    coords = {"year": years, "y": 100.0 * np.arange(ny)[::-1] + 50, "x": 100.0 * np.arange(nx) + 50}
    return xr.DataArray(values, dims=("year", "y", "x"), coords=coords)


def test_from_values_to_categories():
    rng = np.random.default_rng(7)
    values = rng.normal(size=(6, 24, 24))
    values[:, :5, :5] += 4  # always
    values[-1, :5, 18:] += 6  # new
    values[3:, 18:, :5] -= 6  # cold, for three years
    values[:, 18:, 18:] += np.array([5, 0, 5, 0, 0, 6])[:, None, None]  # off and on
    years = [2014, 2016, 2018, 2020, 2022, 2024]
    found = lr.emerging_hotspots(raster(values, years), lr.Neighbourhood.queen())
    names = np.array(CATEGORIES)[found["category"].values]
    assert names[2, 2] == "persistent hot"
    assert names[2, 21] == "new hot"
    assert names[21, 2] == "consecutive cold"
    assert names[21, 21] == "sporadic hot"
    assert found["hot_years"][2, 2] == 6
    assert found.attrs["cannot_occur"] == ["historical hot", "historical cold"]
    # the spots are those of G* with one false-discovery rate over all places and years
    spots = lr.getis_ord(raster(values, years), lr.Neighbourhood.queen(), family="all")
    np.testing.assert_array_equal(found["hot_years"], ((spots["q"] <= 0.05) & (spots["z"] > 0)).sum("year"))


def test_missing_places_have_no_category_and_leading_dimensions_stay():
    values = np.random.default_rng(8).normal(size=(5, 9, 9))
    values[:, 0, 0] = np.nan
    field = raster(values, [2016, 2018, 2020, 2022, 2024])
    both = xr.concat([field, -field], dim="layer")
    found = lr.emerging_hotspots(both, lr.Neighbourhood.rook())
    assert found["category"].dims == ("layer", "y", "x")
    assert found["years"][0, 0, 0] == 0
    assert found["category"][0, 0, 0] == 0
    alone = lr.emerging_hotspots(field, lr.Neighbourhood.rook(), alpha=0.3)
    assert alone["category"].sizes == field.isel(year=0).sizes


def test_wrong_questions_are_refused():
    field = raster(np.random.default_rng(0).normal(size=(1, 5, 5)), [2024])
    with pytest.raises(lr.UsageError, match="at least 2 measurement years"):
        lr.emerging_hotspots(field, lr.Neighbourhood.queen())
    for wrong in (5, "x", None):
        with pytest.raises(lr.UsageError, match=f"^alpha is {wrong!r}; it must lie between 0 and 1"):
            lr.emerging_hotspots(field, lr.Neighbourhood.queen(), alpha=wrong)
        with pytest.raises(lr.UsageError, match=f"trend_alpha is {wrong!r}; it must lie between 0 and 1"):
            lr.emerging_hotspots(field, lr.Neighbourhood.queen(), trend_alpha=wrong)
    with pytest.raises(lr.UsageError, match="field is a ndarray; it must be"):
        lr.emerging_hotspots(field.values, lr.Neighbourhood.queen())
