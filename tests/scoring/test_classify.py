"""Classes of levels: the edge rule, missing and wrong values, and the published classes of 2024."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr
from leefraster.errors import InputError, UsageError
from leefraster.scoring.cuts import as_cuts, read_cuts

DIMENSIONS = {"kafw": "afw", "kwon": "won", "kfys": "fys", "kvrz": "vrz", "ksoc": "soc", "konv": "onv"}


def line(values, dtype=float) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, dtype=dtype), dims="cell")


def test_classes_equal_a_naive_loop():
    cuts = read_cuts().levels
    values = np.random.default_rng(0).uniform(3.3, 4.6, 500)
    naive = [1 + sum(value > cut for cut in cuts) for value in values]
    assert lr.classify(line(values)).values.tolist() == naive
    assert set(naive) == set(range(1, 10))


def test_a_level_on_a_cut_belongs_to_the_lower_class():
    cuts = read_cuts().levels
    assert lr.classify(line(cuts)).values.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert lr.classify(line(np.nextafter(cuts, 9))).values.tolist() == [2, 3, 4, 5, 6, 7, 8, 9]


def test_missing_is_class_0_and_dtype_int8():
    classes = lr.classify(xr.DataArray([[np.nan, 4.0], [3.0, np.nan]], dims=("year", "cell")))
    assert classes.dtype == np.int8
    assert classes.dims == ("year", "cell")
    assert classes.values.tolist() == [[0, 6], [1, 0]]


def test_single_precision_and_empty_fields():
    values = np.random.default_rng(1).uniform(3.3, 4.6, 100).astype(np.float32)
    assert (lr.classify(line(values, np.float32)).values == lr.classify(line(values)).values).all()
    assert lr.classify(line([])).size == 0


def test_own_cuts_and_what_they_are_called():
    classes = lr.classify(line([0.0, 1.0, 1.5, 2.0, 3.0]), cuts=[1, 2])
    assert classes.values.tolist() == [1, 1, 2, 2, 3]
    assert classes.attrs["cuts"] == [1.0, 2.0]
    assert classes.attrs["cuts_source"] == "given"
    assert "not official" in lr.classify(line([1.0])).attrs["cuts_source"]


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ([], "0 given"),
        ([1.0] * 127, "127 given"),
        ([1.0, 1.0], "must ascend"),
        ([2.0, 1.0], "must ascend"),
        ([1.0, np.nan], "must be finite"),
    ],
)
def test_cuts_that_cannot_be_used_are_refused(cuts, message):
    with pytest.raises(UsageError, match=message):
        lr.classify(line([1.0]), cuts)


def test_infinite_levels_are_refused():
    with pytest.raises(InputError, match="1 of 2 levels are infinite"):
        lr.classify(line([np.inf, 4.0]))


def test_shipped_cuts_agree_with_themselves():
    cuts = read_cuts()
    assert np.allclose(np.subtract(cuts.levels, cuts.deviations), cuts.reference, rtol=0, atol=1e-9)
    assert cuts.dimension == tuple(-cut for cut in reversed(cuts.dimension))
    assert not cuts.official
    assert as_cuts(None) == as_cuts(cuts) == cuts.levels
    assert [len(names) for names in cuts.names.values()] == [9, 9]


def test_a_year_without_cuts_lists_those_there_are():
    with pytest.raises(UsageError, match=r"2024\.toml"):
        read_cuts(2010)


@pytest.mark.real_data
def test_published_classes_of_2024_are_reproduced(shared_data: Path):
    table = pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv")
    cuts = read_cuts()
    assert (lr.classify(line(table["afw"]), cuts.deviations).values != table["kscore"]).sum() == 0
    assert (lr.classify(line(table["afw"] + cuts.reference)).values != table["kscore"]).sum() == 0
    assert (lr.classify(line(table["afw"] + cuts.reference)).values <= 4).sum() == 649
    misfits = {
        code: int((lr.classify(line(table[name]), cuts.dimension).values != table[code]).sum())
        for code, name in DIMENSIONS.items()
    }
    assert misfits == {"kafw": 0, "kwon": 0, "kfys": 0, "kvrz": 2, "ksoc": 0, "konv": 0}


def test_kinds_of_values_have_their_own_cuts():
    cuts = read_cuts()
    values = line(np.random.default_rng(3).normal(0, 0.2, 300))
    for kind, bounds in (
        ("level", cuts.levels),
        ("deviation", cuts.deviations),
        ("dimension", cuts.dimension),
    ):
        expected = lr.classify(values, cuts=bounds)
        for given in (None, cuts):
            found = lr.classify(values, given, kind=kind)
            np.testing.assert_array_equal(found, expected)
            assert found.attrs["classed"] == kind
    with pytest.raises(UsageError, match="kind is 'score'; allowed are 'level', 'deviation', 'dimension'"):
        lr.classify(values, kind="score")
