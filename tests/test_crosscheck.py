"""The comparison with esda that a user can run: what it holds, that it agrees, and what it refuses."""

import warnings

import numpy as np
import pytest

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.statistics.crosscheck import _window
from naive import raster


def ragged(seed, shape, share=0.3):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < share] = np.nan
    return raster(array)


@pytest.fixture(scope="module")
def table():
    return lr.crosscheck(ragged(0, (40, 45)), lr.Neighbourhood.disc(250), cells=600)


def test_every_value_equals_esdas(table):
    values = table[table["share_within"].isna()]
    assert len(values) == 6
    assert (values["largest_difference"] <= 1e-10).all()
    np.testing.assert_allclose(values["ours"], values["esda"], atol=1e-10)


def test_p_lies_within_the_error_of_permutations(table):
    p = table[table["statistic"] == "p of local Moran's I"]
    assert len(p) == 1
    assert float(p["share_within"].iloc[0]) >= 0.98


def test_the_table_says_what_was_compared(table):
    import esda

    assert table["statistic"].is_unique
    assert set(table["esda_version"]) == {esda.__version__}
    assert table["cells"].nunique() == 1
    assert 600 <= table["cells"].iloc[0] < 600 + 45
    assert (table[["seconds_ours", "seconds_esda"]] >= 0).all().all()


def test_islands_are_left_out_of_the_comparison():
    field = ragged(1, (12, 12), share=0.7)
    with warnings.catch_warnings(action="ignore"):  # esda divides by the zero spread of islands
        table = lr.crosscheck(field, lr.Neighbourhood.queen())
    assert int(lr.local_moran(field, lr.Neighbourhood.queen())["islands"]) > 0
    values = table[table["share_within"].isna()]
    assert (values["largest_difference"] <= 1e-10).all()


def test_a_field_that_differs_from_what_esda_is_given_would_show(monkeypatch):
    import leefraster.statistics.crosscheck as module

    def wrong(field, neighbourhood):
        return lr.getis_ord(field, neighbourhood, star=False)

    monkeypatch.setattr(module, "getis_ord", wrong)
    table = lr.crosscheck(ragged(2, (12, 12), share=0.0), lr.Neighbourhood.queen())
    found = table.set_index("statistic")["largest_difference"]
    assert found["z of Getis-Ord G*"] > 1e-3
    assert found.drop(["z of Getis-Ord G*", "p of local Moran's I"]).max() <= 1e-10


def test_the_window_is_the_shortest_band_of_whole_rows_that_holds_enough():
    array = np.full((30, 20), np.nan)
    array[::2, :3] = 1.0
    array[10:14] = np.arange(80.0).reshape(4, 20)
    window = _window(raster(array), 70)
    assert sorted(set((window["cell"].values // 20).tolist())) == [10, 11, 12, 13]
    assert window.size == 80
    whole = _window(raster(array), 10_000)
    assert whole.size == np.isfinite(array).sum()


def test_one_field_of_at_least_ten_cells_is_needed():
    near = lr.Neighbourhood.queen()
    with pytest.raises(
        UsageError, match=r"crosscheck: needs one field, this has dimensions \('year', 'y', 'x'\)"
    ):
        lr.crosscheck(raster(np.ones((2, 5, 5))), near)
    with pytest.raises(UsageError, match="the window holds 9 cells with a value, it needs at least 10"):
        lr.crosscheck(raster(np.arange(9.0).reshape(3, 3)), near)


def test_a_window_without_neighbours_is_refused_with_the_reason():
    array = np.full((20, 20), np.nan)
    array[::2, ::2] = np.random.default_rng(0).normal(size=(10, 10))
    with pytest.raises(UsageError, match="window of 100 cells 0 have a neighbour"):
        lr.crosscheck(raster(array), lr.Neighbourhood.queen())
