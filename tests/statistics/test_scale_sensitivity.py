"""Coarser, shifted cells and other neighbourhoods against loops over blocks, and what is refused."""

import math

import numpy as np
import pytest

import leefraster as lr
from leefraster.errors import InputError, NoVarianceWarning, UsageError
from naive import raster
from naive_referee import coarser_means, kappa_by_table

SIZES = (100, 200, 300)


def holed(seed, shape=(17, 14), missing=0.3):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape).cumsum(axis=0)
    array[rng.random(shape) < missing] = np.nan
    return array


def as_raster(blocks):
    """Lay {(row, column): value} out as a raster."""
    rows, columns = zip(*blocks, strict=True)
    out = np.full((max(rows) - min(rows) + 1, max(columns) - min(columns) + 1), np.nan)
    for (r, c), value in blocks.items():
        out[r - min(rows), c - min(columns)] = value
    return out


def blocks_of(array, multiple, east, north, weights=None, minimum_share=0.0):
    """Return coarser means; rows count from the south, where the coordinates begin."""
    weights = np.ones(array.shape) if weights is None else weights
    south_up = coarser_means(array[::-1], weights[::-1], multiple, east, north, minimum_share)
    return {(-r, c): value for (r, c), value in south_up.items()}


@pytest.mark.parametrize(
    ("seed", "minimum_share", "weighted"), [(0, 0.0, False), (1, 0.0, True), (2, 0.4, True)]
)
def test_global_statistic_of_every_shift_equals_that_of_blocks_by_a_loop(seed, minimum_share, weighted):
    array = holed(seed)
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 5, array.shape).astype(float) if weighted else np.ones(array.shape)
    nb = lr.Neighbourhood.queen()
    table = lr.scale_sensitivity(
        raster(array), cells=SIZES, weights=raster(weights) if weighted else None, minimum_share=minimum_share
    )
    assert len(table) == 1 + 4 + 9
    for row in table.itertuples():
        multiple = round(row.cell / 100)
        if multiple == 1:
            blocks = array
        else:
            shift = round(row.offset_x / 100), round(row.offset_y / 100)
            blocks = as_raster(blocks_of(array, multiple, *shift, weights, minimum_share))
        expected = lr.moran(raster(blocks, cell=row.cell), nb)
        assert row.n == np.count_nonzero(~np.isnan(blocks))
        for name in ("I", "expected", "z", "p"):
            assert getattr(row, name) == pytest.approx(float(expected[name]), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("statistic", "code"), [("local_moran", "cluster"), ("getis_ord", "spot")])
def test_agreement_and_shares_of_local_statistics(statistic, code):
    array = holed(3, (18, 18), 0.2)
    near = [lr.Neighbourhood.queen(), lr.Neighbourhood.disc(300)]
    table = lr.scale_sensitivity(raster(array), statistic=statistic, cells=(100, 300), neighbourhoods=near)
    compute = getattr(lr, statistic)

    def found(block, nb, cell):
        result = compute(raster(block, cell=cell), nb)
        codes = result[code].values
        if code == "spot":
            codes = np.sign(codes) * (np.abs(codes) >= 2)
        return np.where(np.isnan(result["p"].values), -9, codes)

    base = found(array, near[0], 100)
    for row in table.itertuples():
        nb = near[0] if "queen" in row.neighbourhood else near[1]
        if row.cell == 100:
            codes = found(array, nb, 100)
        else:
            east, north = round(row.offset_x / 100), round(row.offset_y / 100)
            blocks = blocks_of(array, 3, east, north)
            coarse = found(as_raster(blocks), nb, 300)
            top, left = min(r for r, _ in blocks), min(c for _, c in blocks)
            codes = np.full(array.shape, -9)
            for r, c in np.argwhere(~np.isnan(array)):
                place = -((array.shape[0] - 1 - r - north) // 3), (c - east) // 3
                codes[r, c] = coarse[place[0] - top, place[1] - left]
        held = codes[~np.isnan(array) & (codes != -9)]
        low = 3 if code == "cluster" else -1
        assert row.high == pytest.approx((held == 1).mean())
        assert row.low == pytest.approx((held == low).mean())
        both = (codes != -9) & (base != -9)
        assert row.compared == both.sum()
        equal, kappa = kappa_by_table(codes[both].tolist(), base[both].tolist())
        assert row.agreement == pytest.approx(equal)
        assert row.kappa == pytest.approx(kappa, nan_ok=True)
    first = table.iloc[0]
    assert first["agreement"] == 1
    assert first["kappa"] == pytest.approx(1)


def test_shift_zero_begins_at_round_coordinates_whatever_the_grid():
    """A window of a raster that begins off the round coordinates has the same squares as the raster."""
    array = holed(5, (20, 20), 0)
    whole = raster(array)
    window = whole.isel(y=slice(3, 20), x=slice(1, 20))
    padded = whole.where((whole["x"] > 100) & (whole["y"] < 1700))
    options = {"cells": (100, 500), "radii": (600,)}
    one, other = lr.scale_sensitivity(window, **options), lr.scale_sensitivity(padded, **options)
    np.testing.assert_array_equal(one["n"], other["n"])
    np.testing.assert_allclose(one["I"], other["I"], rtol=1e-9)


def test_cells_rasters_and_leading_dimensions_agree():
    stack = np.stack([holed(7), holed(8)])
    both = raster(stack).assign_coords(year=[2012, 2014])
    options = {"cells": (100, 200), "offsets": False}
    table = lr.scale_sensitivity(lr.from_raster(both), **options)
    assert table["year"].tolist() == [2012, 2012, 2014, 2014]
    for year in (2012, 2014):
        one = lr.scale_sensitivity(both.sel(year=year), **options)
        mine = table[table["year"] == year].drop(columns="year").reset_index(drop=True)
        assert mine.equals(one)


def test_default_sizes_are_one_two_and_five_cells_with_all_shifts():
    table = lr.scale_sensitivity(raster(holed(1, (25, 25)), cell=50))
    assert table["cell"].value_counts().to_dict() == {250: 25, 100: 4, 50: 1}
    shifts = table.loc[table["cell"] == 250, ["offset_x", "offset_y"]]
    assert len(set(map(tuple, shifts.to_numpy()))) == 25
    few = lr.scale_sensitivity(raster(holed(1, (25, 25))), cells=(1000,))
    assert len(few) == 1 + 25
    assert few["offset_x"].max() == 800
    assert few.attrs["statistic"] == "scale sensitivity of moran"


def test_radii_that_reach_no_neighbour_are_missing_not_wrong():
    table = lr.scale_sensitivity(raster(holed(2)), cells=(100, 200), radii=(150, 250), offsets=False)
    missing = table["I"].isna()
    assert missing.tolist() == [False, False, True, False]
    assert table["neighbourhood"].tolist()[2] == "Neighbourhood.disc(150 m)"


def test_options_reach_the_statistic():
    field = raster(holed(4))
    table = lr.scale_sensitivity(field, cells=(100,), weighting="binary", alternative="greater")
    expected = lr.moran(field, lr.Neighbourhood.queen(), weighting="binary", alternative="greater")
    assert table["I"][0] == float(expected["I"])
    assert table["p"][0] == float(expected["p"])
    with pytest.raises(UsageError, match="weighting is 'wrong'"):
        lr.scale_sensitivity(field, cells=(100,), weighting="wrong")


def test_without_variance_one_warning_and_nan():
    field = raster(np.tile([[1.0, 3.0], [3.0, 1.0]], (4, 4)))
    with pytest.warns(NoVarianceWarning, match="scale_sensitivity: 1 of 2 fields") as caught:
        table = lr.scale_sensitivity(field, cells=(200,), offsets=False)
    assert len(caught) == 1
    assert math.isnan(table["I"][1])
    assert not math.isnan(table["I"][0])
    empty = raster(np.full((3, 3), np.nan))
    with pytest.warns(NoVarianceWarning):
        table = lr.scale_sensitivity(empty, statistic="local_moran", cells=(200,), offsets=False)
    assert table[["high", "agreement", "kappa"]].isna().all().all()
    assert (table["n"] == 0).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"cells": (100, 250)},
            UsageError,
            "holds 250 m, which is no multiple of the field's cells of 100 m",
        ),
        ({"cells": (50,)}, UsageError, "holds 50 m"),
        ({"cells": (np.inf,)}, UsageError, "no multiple"),
        ({"statistic": "gini"}, UsageError, "allowed are 'moran', 'geary', 'local_moran', 'getis_ord'"),
        ({"minimum_share": 1.5}, UsageError, "minimum_share is 1.5; it must lie between 0 and 1"),
        ({"neighbourhoods": ["queen"]}, UsageError, "neighbourhoods holds a str"),
        ({"neighbourhoods": []}, UsageError, "neighbourhoods is empty"),
        ({"radii": (-5,)}, UsageError, "radius is -5"),
        ({"weights": raster(-np.ones((3, 3)))}, InputError, "weights: 9 of 9 are negative"),
        ({"weights": raster(np.ones((2, 3, 3)))}, UsageError, "weights have dimension year"),
    ],
)
def test_what_it_refuses(options, error, message):
    with pytest.raises(error, match=message):
        lr.scale_sensitivity(raster(np.arange(9.0).reshape(3, 3)), **options)


def test_geary_goes_the_same_way():
    field = raster(holed(6))
    table = lr.scale_sensitivity(field, statistic="geary", cells=(100,))
    assert table["C"][0] == float(lr.geary(field, lr.Neighbourhood.queen())["C"])
