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
        ({"p": np.zeros(5)}, "the array for p has 5 cells; the field has at least 9"),
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
    ],
)
def test_options_that_make_no_bands_are_refused(options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        lr.bands.local_moran_by_band(_field(), QUEEN, lr.bands.Arrays({"p": np.zeros(9)}), **options)
