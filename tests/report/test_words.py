"""Numbers, tables and answers as they are printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from leefraster.cells import cell_coordinates
from leefraster.colours import CLASSES, URBANITY
from leefraster.grid import Grid
from leefraster.report import answers
from leefraster.report.tables import heading, printed
from leefraster.report.wording import (
    file_size,
    layer_name,
    moment,
    neighbourhood_words,
    number,
    plain,
    probability,
    share,
)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (number(1234567.0, 0), "1,234,567"),
        (number(-0.0004, 3), "0.000"),
        (number(-0.5, 2), "−0.50"),
        (number(0.02, 2, sign=True), "+0.02"),
        (number(np.inf), "–"),
        (number(None), "–"),
        (share(0.123, 1), "12.3\u00a0%"),
        (share(np.nan), "–"),
        (probability(0.0123), "0.012"),
        (probability(3e-7), "3·10⁻⁷"),
        (probability(5e-324), "below\u00a010⁻³⁰⁰"),
        (moment("2026-11-24T06:07:06.149+00:00"), "2026-11-24 06:07 UTC"),
        (moment("2024-11-24T05:30:00Z"), "2024-11-24 05:30 UTC"),
        (moment("yesterday"), "yesterday"),
        (probability(np.nan), "–"),
        (plain(True), "yes"),
        (plain(np.bool_(False)), "no"),
        (plain(None), "not set"),
        (plain([1, 2.5]), "1, 2.5"),
        (plain({"a": [], "b": -1.0}), "a = none; b = −1"),
        (file_size(2_500_000), "2.5 MB"),
        (file_size(512), "0.5 kB"),
        (layer_name("onv"), "nuisance and insecurity"),
        (layer_name("vrz", dutch=True), "amenities (voorzieningen)"),
        (layer_name("my layer", dutch=True), "my layer"),
        (neighbourhood_words("Neighbourhood.disc(500 m)"), "all cells within 500 m"),
        (neighbourhood_words("queen(1)"), "cells whose edges or corners touch (queen)"),
        (neighbourhood_words("Neighbourhood.rook(2)"), "cells up to 2 steps away (rook)"),
        (neighbourhood_words("8 nearest points"), "8 nearest points"),
    ],
)
def test_wording(shown: str, wanted: str) -> None:
    assert shown == wanted


def test_table_aligns_and_formats() -> None:
    frame = pd.DataFrame(
        {
            "year": [2022, 2024],
            "dwellings": [1234.0, np.nan],
            "mean_level": [4.1, np.nan],
            "p": [1e-9, 0.2],
            "difference": [3e-15, 0.0],
            "state": ["lagging", None],
            "significant": [True, False],
        }
    )
    table = printed(frame)
    assert table.headings == ("year", "dwellings", "mean level", "p", "difference", "state", "significant")
    assert table.numeric == (True, True, True, True, True, False, False)
    assert table.rows == (
        ("2022", "1,234", "4.100", "1·10⁻⁹", "3.0e−15", "lagging", "yes"),
        ("2024", "–", "–", "0.200", "0.000", "–", "no"),
    )


def test_long_tables_say_what_is_left_out() -> None:
    alike = pd.DataFrame({"code": ["A", "B"], "name": ["A", "B"], "level": [4.0, 4.1]})
    assert printed(alike).headings == ("name", "level")
    assert printed(alike.assign(name=["A", "Bee"])).headings == ("code", "name", "level")
    table = printed(pd.DataFrame({"a": range(100)}), most=60)
    assert len(table.rows) == 60
    assert table.left_out == 40


def test_wide_tables_lie_on_their_side() -> None:
    frame = pd.DataFrame([[i * 10 + j for j in range(12)] for i in range(3)], columns=list("abcdefghijkl"))
    table = printed(frame)
    assert table.headings == ("a", "0", "10", "20")
    assert table.rows[0] == ("b", "1", "11", "21")
    assert len(table.rows) == 11


def test_meanings_name_columns() -> None:
    meanings = {
        "level": {"en": "level in 2024", "nl": "niveau", "unit": "level"},
        "change": {"en": "change", "nl": "verandering", "unit": "points"},
        "cells": {"en": "cells", "nl": "cellen", "unit": "count"},
    }
    assert heading("change", meanings) == "change (points)"
    assert heading("level", meanings) == "level in 2024"
    assert heading("cells", meanings) == "cells"
    assert heading("other_one", meanings) == "other one"
    frame = pd.DataFrame({"name_nl": ["a"], "name_en": ["b"], "cells": [1]})
    assert printed(frame, meanings=meanings).headings == ("name en", "cells")


def test_shares_are_printed_in_per_cent_and_codes_of_dimensions_as_names() -> None:
    meanings = {"dwelling_share": {"en": "share of dwellings", "nl": "aandeel", "unit": "share (0-1)"}}
    frame = pd.DataFrame(
        {"dwelling_share": [0.0018477, np.nan], "weakest_dimension": ["vrz", ""], "other": ["onv", "lawaai"]}
    )
    assert printed(frame, meanings=meanings).rows == (
        ("0.18\u00a0%", "amenities", "nuisance and insecurity"),
        ("–", "–", "lawaai"),
    )
    slopes = {"slope": {"en": "slope", "nl": "helling", "unit": "level per year"}}
    assert printed(pd.DataFrame({"slope": [-0.00036]}), meanings=slopes).rows == (("−0.0004",),)
    named = pd.DataFrame({"dimension": ["vrz"], "name_en": ["amenities"]})
    assert printed(named).rows == (("vrz", "amenities"),)  # the name stands beside it


def test_named_index_becomes_columns() -> None:
    frame = pd.DataFrame({"v": [1.5]}, index=pd.Index(["x"], name="area"))
    assert printed(frame).rows == (("x", "1.500"),)


def field(values: list, name: str, **attrs: object) -> xr.DataArray:
    grid = Grid(0.0, 100.0, len(values), 1)
    coords = cell_coordinates(grid, np.arange(len(values)))
    return xr.DataArray(np.array(values), dims="cell", coords=coords, name=name, attrs=attrs)


@pytest.mark.parametrize(
    ("values", "name", "attrs", "labels"),
    [
        ([True, False], "new", {}, ["no", "yes"]),
        ([1, 4, 0], "class", {}, [*CLASSES.labels, "no value"]),
        ([1, 4, 9], "class", {}, [*CLASSES.labels]),
        ([1.0, 5.0, np.nan], "urbanity", {}, [*URBANITY.labels, "no value"]),
        ([0, 2, 3], "kind", {}, ["none", "2", "3"]),
        (list(range(20)), "label", {}, ["none", "some"]),
        (
            [1, 2, 9],
            "state",
            {"flag_values": [1, 2], "flag_meanings": "catching_up lagging"},
            ["catching up", "lagging", "no value"],
        ),
    ],
)
def test_maps_of_answers_have_the_right_legend(
    values: list, name: str, attrs: dict[str, object], labels: list[str]
) -> None:
    picture = answers.answer_map(field(values, name, long_name="what it is", units="1", **attrs))
    assert [key.label for key in picture.legend] == labels
    assert picture.title == "What it is"
    assert picture.unit == ""


def test_maps_without_place_or_value_are_left_out() -> None:
    assert answers.answer_map(xr.DataArray([1.0], dims="cell")) is None
    assert answers.answer_map(field([np.nan, np.nan], "x")) is None


def test_numbered_groups_get_rings() -> None:
    picture = answers.answer_map(field(list(range(12)), "label"))
    assert picture.svg.count("<circle") == 11
    assert "Rings show where they lie." in picture.note


def test_figures_name_their_groups() -> None:
    table = pd.DataFrame(
        {"urbanity": ["1", "all"], "name_en": ["very urban", "all classes"], "vrz": [1.0, 2.0]}
    )
    picture = answers.figure(
        table, {"kind": "bars", "x": "urbanity", "y": ["vrz"], "title": "T", "unit": "u"}
    )
    assert ">1 very urban<" in picture.svg
    assert ">all classes<" in picture.svg


def test_figure_over_absent_columns_is_left_out() -> None:
    table = pd.DataFrame({"a": [1]})
    assert answers.figure(table, {"kind": "bars", "x": "a", "y": ["b"]}) is None
    assert answers.figure(table.iloc[:0], {"kind": "bars", "x": "a", "y": ["a"]}) is None


def test_lines_over_words_become_bars() -> None:
    table = pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
    picture = answers.figure(table, {"kind": "lines", "x": "a", "y": ["b"], "title": "T", "unit": "u"})
    assert "<rect" in picture.svg
