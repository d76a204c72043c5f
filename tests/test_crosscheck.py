"""The comparison with esda that a user can run: what it holds, that it agrees, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.statistics.crosscheck.rows import p_row
from leefraster.statistics.crosscheck.window import band
from naive import raster


def ragged(seed, shape, share=0.3):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape) + 0.3 * rng.normal(size=shape).cumsum(axis=1)
    array[rng.random(shape) < share] = np.nan
    return raster(array)


@pytest.fixture(scope="module")
def table():
    field = ragged(0, (40, 45), share=0.7)
    assert int(lr.local_moran(field, lr.Neighbourhood.queen())["islands"]) > 20
    other = field.copy(data=np.random.default_rng(9).gamma(2.0, size=field.shape))
    return lr.crosscheck(field, lr.Neighbourhood.queen(), other=other, cells=300)


STATISTICS = [
    "global Moran's I", "bivariate Moran's I", "global Geary's C", "general G", "join counts", "local Moran's I",
    "quadrant", "bivariate local Moran's I", "z of Getis-Ord G*", "z of Getis-Ord G", "local Geary's C",
    "local join counts",
]  # fmt: skip
TESTED = [
    "local Moran's I", "bivariate local Moran's I", "Getis-Ord G", "local Geary's C", "local join counts",
]  # fmt: skip


def test_every_value_equals_esdas(table):
    values = table[table["share_within"].isna()]
    for statistic in STATISTICS:
        assert values["statistic"].str.startswith(statistic).any()
    assert (values["largest_difference"] <= 1e-10).all()
    np.testing.assert_allclose(values["ours"], values["esda"], atol=1e-10)


def test_a_lazy_field_is_computed_once_and_gives_the_same_table(table):
    import dask

    computed = []

    def counting(graph, keys, **_):
        computed.append(keys)
        return dask.get(graph, keys)

    field = ragged(0, (40, 45), share=0.7)
    other = field.copy(data=np.random.default_rng(9).gamma(2.0, size=field.shape))
    with dask.config.set(scheduler=counting):
        lazy = field.chunk({"y": 7, "x": 11})
        found = lr.crosscheck(lazy, lr.Neighbourhood.queen(), other=other.chunk({"y": 9}), cells=300)
    assert len(computed) == 1
    measured = [name for name in table.columns if not name.startswith("seconds")]
    pd.testing.assert_frame_equal(found[measured], table[measured], check_exact=True)


def test_p_lies_within_the_error_of_permutations(table):
    p = table[table["statistic"].str.startswith("p of ")]
    assert [name.removeprefix("p of ").removesuffix(" (greater)") for name in p["statistic"]] == TESTED
    assert (p["share_within"] >= 0.98).all()


def test_p_outside_the_error_of_permutations_would_show():
    drawn = np.random.default_rng(0).binomial(999, 0.3, 500)
    seconds = (0.0, 0.0)
    sampled = 2 * (1 + drawn) / 1000
    assert p_row("p", np.full(500, 0.6), sampled, seconds, 999)["share_within"] > 0.99
    assert p_row("p", np.full(500, 0.72), sampled, seconds, 999)["share_within"] < 0.6
    assert p_row("p", np.full(500, 0.3), sampled / 2, seconds, 999, sides=1)["share_within"] > 0.99
    assert p_row("p", np.full(500, 0.36), sampled / 2, seconds, 999, sides=1)["share_within"] < 0.6


def test_a_run_leaves_out_what_esda_must_compile_for():
    field = ragged(3, (20, 20), share=0.1)
    table = lr.crosscheck(field, lr.Neighbourhood.queen(), every_p=False)
    assert table["statistic"][table["share_within"].notna()].tolist() == ["p of local Moran's I"]
    values = table[table["share_within"].isna()]
    assert (values["largest_difference"] <= 1e-10).all()
    assert not table["statistic"].str.contains("bivariate").any()
    assert table["statistic"].str.startswith("local Geary").any()


def test_a_second_field_need_not_hold_the_same_cells():
    field = ragged(4, (15, 15), share=0.1)
    other = ragged(5, (15, 15), share=0.1)
    table = lr.crosscheck(field, lr.Neighbourhood.queen(), other=other, every_p=False)
    both = int((field.notnull() & other.notnull()).sum())
    assert both < int(field.notnull().sum())
    assert table["cells"].max() == both
    assert (table[table["share_within"].isna()]["largest_difference"] <= 1e-10).all()


def test_a_field_whose_median_is_its_largest_value_still_has_join_counts():
    array = np.ones((12, 12))
    array[:4] = np.random.default_rng(0).random((4, 12))
    table = lr.crosscheck(raster(array), lr.Neighbourhood.queen(), every_p=False)
    counts = table.set_index("statistic").loc["join counts (above the median or not)"]
    assert counts["largest_difference"] == 0
    assert counts["ours"] > 0


def test_the_table_says_what_was_compared(table):
    import esda

    assert table["statistic"].is_unique
    assert set(table["esda_version"]) == {esda.__version__}
    assert 300 <= table["cells"].max() < 300 + 45
    assert (table[["seconds_ours", "seconds_esda"]] >= 0).all().all()


def test_islands_are_left_out_of_the_comparison():
    field = ragged(1, (12, 12), share=0.7)
    table = lr.crosscheck(field, lr.Neighbourhood.queen(), every_p=False)
    assert int(lr.local_moran(field, lr.Neighbourhood.queen())["islands"]) > 0
    values = table[table["share_within"].isna()]
    assert (values["largest_difference"] <= 1e-10).all()


def test_a_field_that_differs_from_what_esda_is_given_would_show(monkeypatch):
    from leefraster.statistics.crosscheck import local_rows

    def wrong(field, neighbourhood, *, star, weighting):
        return lr.getis_ord(field, neighbourhood, star=not star, weighting=weighting)

    monkeypatch.setattr(local_rows, "getis_ord", wrong)
    table = lr.crosscheck(ragged(2, (12, 12), share=0.0), lr.Neighbourhood.queen(), every_p=False)
    found = table.set_index("statistic")["largest_difference"]
    of_g = ["z of Getis-Ord G*", "z of Getis-Ord G"]
    assert (found[of_g] > 1e-3).all()
    assert found.drop([*of_g, "p of local Moran's I"]).max() <= 1e-10


def test_the_window_is_the_shortest_band_of_whole_rows_that_holds_enough():
    array = np.full((30, 20), np.nan)
    array[::2, :3] = 1.0
    array[10:14] = np.arange(80.0).reshape(4, 20)
    flat = lr.from_raster(raster(array))
    held = flat[flat.notnull().values]
    window = band(held, 70)
    assert sorted(set((window["cell"].values // 20).tolist())) == [10, 11, 12, 13]
    assert window.size == 80
    whole = band(held, 10_000)
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
