"""What bands refuse, in words: values that are no numbers, arrays that cannot hold results, folders not there."""

from __future__ import annotations

import re

import numpy as np
import pytest

import leefraster as lr
from leefraster.errors import UsageError

GRID = lr.Grid(0, 300, 3, 3)
IDS = np.arange(9)
VALUES = np.array([1.0, 2, 4, 8, 1, 7, 3, 5, 9])
QUEEN = lr.Neighbourhood.queen()


def _field(**changed):
    given = {"ids": IDS, "values": VALUES, "grid": GRID, "starts": None, **changed}
    return lr.bands.BandedField.of(**given)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"values": VALUES.astype(complex)}, "field has dtype complex128; it must hold real numbers"),
        ({"values": VALUES.astype("M8[D]")}, "field has dtype datetime64[D]; it must hold real numbers"),
        ({"values": VALUES.astype("m8[D]")}, "field has dtype timedelta64[D]; it must hold real numbers"),
        ({"values": VALUES.astype(object)}, "field has dtype object; it must hold real numbers"),
        ({"values": VALUES.astype(str)}, "it must hold real numbers"),
        ({"values": VALUES.tolist()}, "field is a list; it must be an array"),
        ({"ids": IDS + 0.4}, "ids has dtype float64; it must hold whole numbers"),
        ({"ids": IDS.astype(str)}, "it must hold whole numbers"),
        ({"ids": IDS.tolist()}, "ids is a list; it must be an array"),
        ({"grid": None}, "grid is a NoneType; it must be a Grid"),
        ({"starts": np.zeros(3, np.int64)}, "starts has shape (3,); it must hold 4 positions"),
        ({"starts": np.zeros(4, np.int64)}, "the last of them 9"),
    ],
)
def test_a_field_refuses_what_no_function_in_memory_takes(changed, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        _field(**changed)


def test_a_panel_refuses_ids_that_are_no_array():
    with pytest.raises(UsageError, match="ids is a list; it must be an array"):
        lr.bands.BandedPanel.of(IDS.tolist(), {"level": VALUES}, GRID)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"p": np.zeros(9, int)}, "the array for p has dtype int64; p is float64, which it cannot hold"),
        (
            {"p": np.zeros(5)},
            "the array for p has shape (5,); its last dimension must be the 9 cells of the field",
        ),
        ({"p": np.zeros(20)}, "the array for p has shape (20,)"),
        (
            {"P": np.zeros(9)},
            "there is an array for 'P', which is not made; made are I, lag, expected, variance",
        ),
        ({"p": [0.0] * 9}, "p is a list; it must be an array that takes slices"),
        (None, "arrays is a NoneType; it must give an array by name"),
    ],
)
def test_arrays_that_cannot_hold_a_result_are_refused(arrays, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        lr.bands.local_moran_by_band(_field(), QUEEN, lr.bands.Arrays(arrays))


def test_numbers_of_groups_do_not_wrap_around():
    apart = np.arange(0, 40_000, 2).reshape(100, 200)[::2].ravel()  # every other cell of every other row
    codes = lr.bands.BandedField.of(apart, np.ones(apart.size, np.int8), lr.Grid(0, 10_000, 400, 100))
    narrow, wide = (lr.bands.Arrays({"group": np.zeros(apart.size, kind)}) for kind in ("i1", "i2"))
    with pytest.raises(UsageError, match=r"dtype int8; group is \d+ somewhere, which it cannot hold"):
        lr.bands.components_by_band(codes, QUEEN, narrow)
    assert lr.bands.components_by_band(codes, QUEEN, wide)[1:].tolist() == [1] * apart.size


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cells": 1.5}, "cells of a band is 1.5; it must be a whole number of at least 1"),
        ({"cells": True}, "cells of a band is True"),
        ({"multiple": "a"}, "multiple of a band is 'a'"),
        ({"scratch": "/is/not/there"}, "scratch is '/is/not/there'; it must be a folder that is there"),
        ({"scratch": __file__}, "it must be a folder that is there"),
        ({"scratch": 5}, "scratch is 5"),
        ({"runner": "local"}, "runner is 'local'; it must be None, or what lr.bands.on_cluster gives"),
        ({"progress": "x"}, "progress is 'x'; it must be a function"),
    ],
)
def test_options_that_make_no_bands_are_refused(options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        lr.bands.local_moran_by_band(_field(), QUEEN, lr.bands.Arrays({"p": np.zeros(9)}), **options)


PANEL = lr.bands.BandedPanel.of(IDS, {"level": np.stack([VALUES, VALUES])}, GRID, years=[2020, 2024])
BY_BAND = {
    "moran": lambda sink: lr.bands.local_moran_by_band(_field(), QUEEN, sink),
    "groups": lambda sink: lr.bands.components_by_band(_field(values=IDS), QUEEN, sink),
    "cells": lambda sink: lr.bands.by_cell(PANEL, lambda data: data, sink),
    "change": lambda sink: lr.change_by_band(PANEL, sink, 2020, 2024),
    "emerging": lambda sink: lr.emerging_hotspots_by_band(PANEL, "level", QUEEN, sink),
    "clusters": lambda sink: lr.structural_clusters_by_band(PANEL, sink),
    "score": lambda sink: lr.score_by_band(PANEL, None, sink),
}


@pytest.mark.parametrize("sink", [None, {"p": np.zeros(9)}], ids=["none", "dict"])
@pytest.mark.parametrize("function", BY_BAND)
def test_what_takes_no_results_is_refused(function, sink):
    with pytest.raises(UsageError, match=f"the sink is a {type(sink).__name__}; it must be lr.bands.Arrays"):
        BY_BAND[function](sink)


@pytest.mark.parametrize("function", ["moran", "groups", "cells", "change", "clusters"])
def test_an_array_that_nothing_would_fill_is_refused(function):
    with pytest.raises(UsageError, match="there is an array for 'misspelt', which is not made; made are "):
        BY_BAND[function](lr.bands.Arrays({"misspelt": np.zeros(9)}))


@pytest.mark.parametrize(
    "function",
    [
        lambda panel, sink: lr.trend_by_band(panel, "level", sink),
        lambda panel, sink: lr.change_by_band(panel, sink, 2020, 2024),
        lambda panel, sink: lr.emerging_hotspots_by_band(panel, "level", QUEEN, sink),
        lambda panel, sink: lr.structural_clusters_by_band(panel, sink),
        lambda panel, sink: lr.score_by_band(panel, None, sink),
        lambda panel, sink: lr.bands.by_cell(panel, lambda data: data, sink),
    ],
    ids=["trend", "change", "emerging", "clusters", "score", "cells"],
)
def test_what_is_no_panel_is_refused(function):
    with pytest.raises(UsageError, match="panel is a ndarray; it must be a BandedPanel"):
        function(np.zeros((2, 9)), lr.bands.Arrays({}))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (5, "function is 5; it must take a Dataset of cells"),
        (lambda data: None, "the function returned a NoneType; it must return a Dataset"),
        (lambda data: data["level"], "the function returned a DataArray; it must return a Dataset"),
        (lambda data: data.drop_vars("cell"), "with their coordinate 'cell'"),
    ],
)
def test_a_function_of_cells_that_returns_none_is_refused(function, message):
    with pytest.raises(UsageError, match=message):
        lr.bands.by_cell(PANEL, function, lr.bands.Arrays({}))


@pytest.mark.parametrize("minimum", [1.5, "a", True, 0])
def test_a_least_size_of_groups_is_a_whole_number(minimum):
    with pytest.raises(UsageError, match=f"minimum is {minimum!r}; it must be a whole number"):
        lr.bands.components_by_band(_field(values=IDS), QUEEN, lr.bands.Arrays({}), minimum=minimum)


def test_narrower_floats_are_taken():
    wide, narrow = np.zeros(9), np.zeros(9, np.float32)
    for array in (wide, narrow):
        lr.bands.local_moran_by_band(_field(), QUEEN, lr.bands.Arrays({"p": array}), cells=4)
    assert (wide > 0).all()
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))
