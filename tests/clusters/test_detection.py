"""Detection shares, on sets made by hand."""

import numpy as np
import pytest
import xarray as xr

import leefraster as lr
from leefraster.errors import InputError


def over(values, cells=None) -> xr.DataArray:
    cells = np.arange(len(values)) if cells is None else cells
    return xr.DataArray(values, dims="cell", coords={"cell": cells})


def test_shares_are_of_dwellings():
    result = lr.detection(over([1, 1, 0, 2, 0]), over([3, 3, 3, 0, 9]), over([10.0, 20, 30, 40, np.nan]))
    assert result == {
        "found_share": 0.5,
        "false_share": pytest.approx(40 / 70),
        "planted_dwellings": 60.0,
        "found_dwellings": 70.0,
        "clusters_found": 1.0,
        "clusters_planted": 2.0,
    }


def test_half_the_dwellings_find_a_cluster_and_less_do_not():
    dwellings = over([10.0, 10, 10, 11])
    planted = over([1, 1, 2, 2])
    assert lr.detection(over([5, 0, 5, 0]), planted, dwellings)["clusters_found"] == 1.0


def test_cells_are_matched_by_label_and_absent_ones_count_nothing():
    found = over([1, 1, 1], [5, 1, 3])
    planted = over([7, 7], [1, 2])
    result = lr.detection(found, planted, over([4.0, 6.0, 2.0], [1, 2, 3]))
    assert result["found_share"] == pytest.approx(0.4)
    assert result["false_share"] == pytest.approx(2 / 6)


def test_the_latest_year_of_dwellings_counts_and_nothing_gives_nan():
    dwellings = xr.concat([over([9.0, 0.0]), over([1.0, 3.0])], dim="year")
    assert lr.detection(over([1, 0]), over([1, 1]), dwellings)["found_share"] == 0.25
    nothing = lr.detection(over([0, 0]), over([0, 0]), dwellings)
    assert np.isnan(nothing["found_share"])
    assert np.isnan(nothing["false_share"])
    assert nothing["clusters_planted"] == 0.0


def test_other_dimensions_are_refused():
    with pytest.raises(InputError, match="planted must have dimension 'cell' alone"):
        lr.detection(over([1]), over([1]).expand_dims(year=[1]), over([1.0]))
    for wrong, message in ((3, "planted is a int"), (over(["a"]), "planted is of type <U1")):
        with pytest.raises(lr.UsageError, match=f"{message}; it must be a DataArray of numbers"):
            lr.detection(over([1]), wrong, over([1.0]))


def test_the_latest_dwellings_count_whatever_the_order_of_years():
    dwellings = over([1.0, 3.0]).expand_dims(year=[2024]), over([5.0, 5.0]).expand_dims(year=[2020])
    given = xr.concat(dwellings, "year")
    assert lr.detection(over([1, 0]), over([1, 1]), given)["found_share"] == 0.25
