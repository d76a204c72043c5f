"""Answers under disclosure control: no sentence, caveat, table or page says what a withheld row held."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import leefraster as lr
from leefraster.exports.answer_protection import protected_answer
from leefraster.exports.answer_words import Hidden
from leefraster.questions.answer import Answer
from leefraster.questions.wording import column_titles, number, percentage

PUBLISHED = xr.DataArray(np.array([True, False]), dims="cell")
NOTHING = Hidden(lr.DisclosureRule(minimum=10), frozenset(), frozenset())


def answer(**changed):
    table = pd.DataFrame(
        {
            "code": ["A", "B"],
            "weight": [3.0, 1203.0],
            "gap": [-0.23615, -0.11],
            "weak_share": [0.7312, 0.2],
            "units": [2, 90],
        }
    )
    parts = pd.DataFrame({"code": ["A", "B"], "gap_won": [-0.05432, 0.02]})
    years = pd.DataFrame(
        {"code": ["B", "B"], "year": [2022, 2024], "dwellings": [7.0, 1203.0], "level": [4.17, 4.2]}
    )
    columns = column_titles(
        "weight | woningen | dwellings in the start year | count\ngap | gat | gap | level"
    )
    made = {
        "name": "focus_areas",
        "question": {"en": "?", "nl": "?"},
        "verdict": "mixed",
        "rule": "",
        "sentence": {
            "en": "A lags furthest (-0.236); 73 per cent of the dwellings are weak, B -0.110. Missed: 3 dwellings "
            "of 1,203 dwellings, with weight 3; needed are 10 and 1,000 dwellings.",
            "nl": "A ligt het verst achter (-0,236); 73 procent van de woningen is zwak, B -0,110. Gemist: 3 "
            "woningen van 1.203 woningen, met gewicht 3; nodig zijn 10 en 1.000 woningen.",
        },
        "table": table,
        "details": {"parts": parts, "years": years},
        "caveats": ("8 households are new; the housing stock of A is -0.0543",),
        "caveats_nl": ("8 huishoudens zijn nieuw; de woningvoorraad van A is -0,0543",),
        "inputs": {"minimum_units": 10, "minimum_weight": 1000.0},
        "columns": columns,
    }
    return Answer(**made | changed)


def test_sentences_and_caveats_say_nothing_that_tables_withhold():
    found = protected_answer(answer(), lr.DisclosureRule(minimum=10, base=7), PUBLISHED)
    assert found.sentence["en"] == (
        "A lags furthest ([withheld]); [withheld] per cent of the dwellings are weak, B -0.110. Missed: fewer than "
        "10 dwellings of 1,204 dwellings, with weight fewer than 10; needed are 10 and 1,000 dwellings."
    )
    assert found.sentence["nl"] == (
        "A ligt het verst achter ([niet gepubliceerd]); [niet gepubliceerd] procent van de woningen is zwak, B "
        "-0,110. Gemist: minder dan 10 woningen van 1.204 woningen, met gewicht minder dan 10; nodig zijn 10 en "
        "1.000 woningen."
    )
    assert found.caveats == ("fewer than 10 households are new; the housing stock of A is [withheld]",)
    assert found.caveats_nl == (
        "minder dan 10 huishoudens zijn nieuw; de woningvoorraad van A is [niet gepubliceerd]",
    )


def test_counts_are_known_by_title_and_rows_of_the_same_place_are_withheld_in_tables_without_counts():
    found = protected_answer(answer(), lr.DisclosureRule(minimum=10, base=5), PUBLISHED)
    assert found.table["weight"].isna().tolist() == [True, False]
    assert found.table["weight"][1] == 1205
    assert found.table["gap"].isna().tolist() == [True, False]
    assert found.details["parts"]["gap_won"].isna().tolist() == [True, False]
    assert found.details["years"]["level"].isna().tolist() == [True, False]  # B is too small in one year only
    assert found.details["parts"]["gap_won"][1] == 0.02


def test_a_small_part_of_a_row_is_withheld_alone():
    table = pd.DataFrame(
        {"state": ["all"], "dwellings": [1245.0], "dwelling_share": [0.0123], "bridge_dwellings": [53.0]}
    )
    said = {"en": "1.2 per cent of dwellings (1,245 dwellings)", "nl": "1,2 procent (1.245 woningen)"}
    made = answer(table=table, details={}, sentence=said, caveats=(), caveats_nl=())
    found = protected_answer(made, lr.DisclosureRule(minimum=100, base=5), PUBLISHED)
    assert found.sentence == said
    assert found.table.iloc[0, 1:3].tolist() == [1245, 0.0123]
    assert np.isnan(found.table["bridge_dwellings"][0])


def test_what_one_table_withholds_no_other_one_publishes():
    table = pd.DataFrame(
        {"state": ["lagging", "all"], "dwellings": [545.0, 545.0], "dwelling_share": [0.0123, 0.0123]}
    )
    years = pd.DataFrame(
        {
            "year": [2022, 2024],
            "cells": [3.0, 4.0],
            "dwelling_share": [0.02, 0.0123 * (1 + 1e-14)],
            "level": [4.0, 4.1],
        }
    )
    said = {"en": "1.2 per cent of dwellings", "nl": "1,2 procent van de woningen"}
    made = answer(table=table, details={"years": years}, sentence=said, caveats=(), caveats_nl=())
    found = protected_answer(made, lr.DisclosureRule(minimum=600), PUBLISHED)
    assert found.sentence["en"] == "[withheld] per cent of dwellings"
    assert found.details["years"]["dwelling_share"].isna().tolist() == [False, True]
    assert found.details["years"]["level"].tolist() == [4.0, 4.1]


def test_without_small_counts_only_rounding_is_seen():
    whole = answer()
    found = protected_answer(whole, lr.DisclosureRule(minimum=2, base=1), PUBLISHED)
    assert found.sentence == whole.sentence
    assert found.caveats == whole.caveats
    pd.testing.assert_frame_equal(found.table, whole.table)


@given(st.integers(0, 10**7), st.sampled_from(["nl", "en"]), st.sampled_from([1, 5, 25]), st.integers(1, 200))
def test_no_count_below_the_minimum_is_said(count, language, base, minimum):
    noun = {"nl": "woningen", "en": "dwellings"}[language]
    hidden = Hidden(lr.DisclosureRule(minimum=minimum, base=base), frozenset(), frozenset())
    said = hidden.without(f"In 2024: {number(count, 0, language)} {noun}.", language)
    word = {"nl": "minder dan", "en": "fewer than"}[language]
    if 0 < count < minimum:
        assert said == f"In 2024: {word} {number(minimum, 0, language)} {noun}."
    else:
        wanted = (count + base / 2) // base * base
        assert said == f"In 2024: {number(wanted if count else 0, 0, language)} {noun}."


@given(st.floats(-1, 1).filter(lambda v: abs(v) > 1e-3), st.sampled_from(["nl", "en"]), st.integers(2, 4))
def test_a_withheld_figure_is_said_in_no_way_that_sentences_write(value, language, digits):
    hidden = Hidden(lr.DisclosureRule(), frozenset([value]), frozenset())
    decimal = number(value, digits, language)
    text = f"x {decimal} y ({percentage(abs(value), language)})"
    said = hidden.without(text, language)
    kept = re.findall(r"\d+(?:[.,]\d+)*", said)
    if re.search("[1-9]", decimal):
        assert kept == []


@pytest.mark.parametrize(
    "text",
    [
        "In 2024, 49 per cent have class 7 or better, against 4 of 9 years in classes 1 to 3",
        "fewer than 3 inhabitants per km2",
        "2 per cent of dwellings; 3 clusters; 4 cells; year 5",
        "GM0003 dwellings, BU5 woningen",
        "0 dwellings",
    ],
)
def test_what_is_no_count_of_dwellings_stays(text):
    assert NOTHING.without(text, "en") == text
