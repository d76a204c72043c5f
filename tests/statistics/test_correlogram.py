"""The correlogram against Moran's I ring by ring, a loop over pairs, and what it must say of known surfaces."""

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.errors import NoNeighboursWarning, NoVarianceWarning, UsageError
from naive import moran_by_definition, neighbour_lists, raster, weights_matrix

NAMES = ("I", "expected", "variance", "z", "p", "n", "islands", "reference")


def ragged(seed, shape=(14, 17), share=0.3):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape).cumsum(axis=0)
    array[rng.random(shape) < share] = np.nan
    return raster(array)


@pytest.mark.parametrize("weighting", ["row", "binary"])
@pytest.mark.parametrize("assumption", ["randomisation", "normality"])
def test_every_ring_is_moran_with_that_ring(weighting, assumption):
    field = ragged(1)
    limits = [100, 250, 300, 1000]
    result = lr.correlogram(field, limits, weighting=weighting, assumption=assumption)
    assert result["distance"].values.tolist() == [100.0, 250.0, 300.0, 1000.0]
    assert result["outer"].values.tolist() == result["distance"].values.tolist()
    assert result["inner"].values.tolist() == [0.0, 100.0, 250.0, 300.0]
    assert result["distance"].attrs["units"] == "m"
    assert result.attrs["neighbourhood"].startswith(
        "Neighbourhood.ring(0 m, 100 m), Neighbourhood.ring(100 m, "
    )
    for inner, outer in zip([0, *limits], limits, strict=False):
        ring = lr.Neighbourhood.ring(inner, outer)
        alone = lr.moran(field, ring, weighting=weighting, assumption=assumption)
        for name in NAMES:
            np.testing.assert_allclose(
                result[name].sel(distance=outer), alone[name], rtol=1e-10, err_msg=name
            )


def test_pairs_and_I_equal_a_loop_over_pairs():
    field = ragged(2, (7, 8))
    valid = field.notnull().values
    result = lr.correlogram(field, [150, 300])
    for inner, outer in ((0, 150), (150, 300)):
        lists = neighbour_lists(
            valid, lambda dr, dc, low=inner, high=outer: low**2 < (dr**2 + dc**2) * 1e4 <= high**2
        )
        assert all(lists)
        at = result.sel(distance=outer)
        assert int(at["pairs"]) == sum(map(len, lists)) // 2
        matrix = weights_matrix(lists, "row")
        values = field.values[valid]
        assert float(at["I"]) == pytest.approx(moran_by_definition(values, matrix), abs=1e-10)


def test_all_pairs_are_in_one_ring():
    field = ragged(3, (6, 7))
    result = lr.correlogram(field, [100, 200, 400, 5000])
    n = int(field.notnull().sum())
    assert int(result["pairs"].sum()) == n * (n - 1) // 2


def test_a_wave_is_alike_at_its_length_and_unlike_at_half_of_it():
    wave = np.tile(np.sin(2 * np.pi * np.arange(60) / 20), (5, 1))
    result = lr.correlogram(raster(wave), [100, 900, 1100, 1900, 2100])
    at = result["I"].sel(distance=[100, 1100, 2100]).values
    assert at[0] > 0.9
    assert at[1] < -0.9
    assert at[2] > 0.9


def test_leading_dimensions_come_before_distance_and_equal_a_loop():
    fields = xr.concat([ragged(seed, (9, 9)) for seed in range(3)], dim="year").assign_coords(
        year=[2012, 2014, 2016]
    )
    together = lr.correlogram(fields, [150, 350], inference="permutation", permutations=19)
    assert together["I"].dims == together["pairs"].dims == ("year", "distance")
    assert together["inner"].dims == ("distance",)
    for year in fields["year"].values:
        alone = lr.correlogram(fields.sel(year=year), [150, 350], inference="permutation", permutations=19)
        for name in (*NAMES, "pairs"):
            np.testing.assert_array_equal(together[name].sel(year=year), alone[name], err_msg=name)
    with pytest.raises(UsageError, match="the field has a dimension 'distance'"):
        lr.correlogram(fields.rename(year="distance"), [150])


def test_a_ring_beyond_the_field_gives_missing_and_one_warning():
    field = raster([[1.0, 2.0, 4.0, *[np.nan] * 5]])
    with pytest.warns(NoNeighboursWarning, match="correlogram: 1 of 2 fields have no place with a neighbour"):
        result = lr.correlogram(field, [250, 800])
    assert np.isfinite(result["I"].values).tolist() == [True, False]
    assert result["pairs"].values.tolist() == [3, 0]


def test_a_constant_field_gives_one_warning():
    with pytest.warns(NoVarianceWarning, match="correlogram: 1 of 1 fields have no variance") as caught:
        result = lr.correlogram(raster(np.ones((5, 5))), [100, 200, 300])
    assert len(caught) == 1
    assert np.isnan(result["I"]).all()


@pytest.mark.parametrize(
    "distances", [[], [0, 100], [-100, 100], [100, 100], [200, 100], [100, np.inf], [np.nan]]
)
def test_distances_must_increase_from_above_zero(distances):
    with pytest.raises(UsageError, match="they must be finite, above 0 and increasing"):
        lr.correlogram(ragged(1), distances)


def test_a_ring_without_a_centre_is_refused_by_name():
    with pytest.raises(UsageError, match=r"ring\(0 m, 50 m\) holds no neighbouring centre of 100 m cells"):
        lr.correlogram(ragged(1), [50, 100])
    with pytest.raises(UsageError, match=r"ring\(100 m, 130 m\) holds no neighbouring centre"):
        lr.correlogram(ragged(1), [100, 130])


def test_fields_of_areas_are_refused():
    with pytest.raises(UsageError, match="must have 'cell', or 'y' and 'x'"):
        lr.correlogram(xr.DataArray(np.arange(5.0), dims="area"), [100])
