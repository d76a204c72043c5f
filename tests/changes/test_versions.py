"""Years that different versions of the model measured: refused, or allowed, in the same way everywhere."""

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.bands import Arrays, BandedPanel
from leefraster.cells import cell_coordinates

GRID = lr.Grid(0.0, 1000.0, 10, 10)
YEARS = [2016, 2018, 2020, 2022, 2024]
VERSIONS = ["2.0", "2.0", "3.0", "3.0", "3.0"]
QUEEN = lr.Neighbourhood.queen()

OVER_TIME = {
    "change": lambda field, **options: lr.change(field, 2016, 2024, **options),
    "trend": lr.trend,
    "emerging_hotspots": lambda field, **options: lr.emerging_hotspots(field, QUEEN, **options),
    "lisa_transitions": lambda field, **options: lr.lisa_transitions(field, QUEEN, **options),
    "spatial_markov": lambda field, **options: lr.spatial_markov(field, QUEEN, classes=3, **options),
}
IN_BANDS = {
    "trend": lambda panel, sink, **options: lr.trend_by_band(panel, "level", sink, cells=30, **options),
    "change": lambda panel, sink, **options: lr.change_by_band(
        panel, sink, 2016, 2024, name="level", cells=30, **options
    ),
    "emerging_hotspots": lambda panel, sink, **options: lr.emerging_hotspots_by_band(
        panel, "level", QUEEN, sink, cells=30, **options
    ),
}
REFUSED = r"2016 was measured by version '2\.0', 2020 by '3\.0'.*across_versions=True"


def field(versions=VERSIONS, kind="coordinate", order=slice(None)):
    """Return levels taken out of scores that know the version of each year, or do not."""
    values = np.random.default_rng(0).normal(size=(5, 100))
    scores = xr.Dataset(
        {"level": (("year", "cell"), values)},
        coords={"year": YEARS, **cell_coordinates(GRID, np.arange(100))},
    )
    if kind == "coordinate":
        scores = scores.assign_coords(version=("year", versions))
    return scores["level"].isel(year=order)


@pytest.mark.parametrize("name", OVER_TIME)
def test_years_of_two_versions_are_refused_unless_that_is_said(name):
    function = OVER_TIME[name]
    message = REFUSED.replace("2020", "2024") if name == "change" else REFUSED
    for order in (slice(None), slice(None, None, -1)):
        with pytest.raises(lr.InputError, match=message):
            function(field(order=order))
    plain = function(field(kind="none"))
    assert function(field(), across_versions=True).identical(plain)
    assert function(field(["3.0"] * 5)).identical(plain)


@pytest.mark.parametrize("name", OVER_TIME)
def test_lazy_fields_are_refused_as_soon_as_the_versions_are_known(name):
    lazy = field().chunk({"cell": 40})
    with pytest.raises(lr.InputError, match="was measured by version"):
        OVER_TIME[name](lazy).compute()
    with pytest.raises(lr.InputError, match="was measured by version"):
        OVER_TIME[name](lazy.assign_coords(version=("year", VERSIONS)))
    found = OVER_TIME[name](lazy, across_versions=True)
    xr.testing.assert_equal(found.compute(), OVER_TIME[name](field(kind="none")))


@pytest.mark.parametrize("name", IN_BANDS)
def test_panels_tell_versions_by_a_variable(name):
    values = field().values
    panel = BandedPanel.of(
        np.arange(100), {"level": values, "version": ("year", VERSIONS)}, GRID, years=YEARS
    )
    with pytest.raises(lr.InputError, match="2016 was measured by version"):
        IN_BANDS[name](panel, Arrays({}))
    wanted = OVER_TIME[name](field(kind="none"))
    found = {str(one): np.zeros(v.shape, v.dtype) for one, v in wanted.data_vars.items()}
    about = IN_BANDS[name](panel, Arrays(found), across_versions=True)
    for one, written in found.items():
        np.testing.assert_array_equal(written, wanted[one].values)
    assert about == wanted.attrs


def test_a_choice_of_years_of_one_version_is_a_trend():
    late = field().sel(year=slice(2020, None))
    assert lr.trend(late)["years"].max() == 3
