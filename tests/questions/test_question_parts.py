"""The parts that questions share: words, weighted quantiles, and the examples in the docstrings."""

import doctest
import importlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leefraster as lr
from leefraster.questions.weighted import quantiles, weighted_mean
from leefraster.questions.wording import listed, number, percentage, span

MODULES = ["by_unit", "catch_up", "course", "hard_core", "jackknife", "urbanity", "weighted", "wording"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    # The functions hide the modules of their name, so these are fetched from the import system.
    assert doctest.testmod(importlib.import_module(f"leefraster.questions.{name}")).failed == 0


@pytest.mark.parametrize(
    ("share", "nl", "en"),
    [
        (0.17, "17 procent", "17 per cent"),
        (0.0994, "9,9 procent", "9.9 per cent"),
        (0.0996, "10 procent", "10 per cent"),
        (0.0073, "0,73 procent", "0.73 per cent"),
        (0.00996, "1,0 procent", "1.0 per cent"),
        (-0.31, "-31 procent", "-31 per cent"),
        (0.0, "0 procent", "0 per cent"),
        (float("nan"), "onbekend procent", "unknown per cent"),
    ],
)
def test_percentages(share, nl, en):
    assert (percentage(share, "nl"), percentage(share, "en")) == (nl, en)


@pytest.mark.parametrize(
    ("value", "digits", "nl", "en"),
    [
        (1234567.0, 0, "1.234.567", "1,234,567"),
        (-0.0004, 3, "0,000", "0.000"),
        (-0.128, 3, "-0,128", "-0.128"),
        (float("inf"), 1, "onbekend", "unknown"),
    ],
)
def test_numbers(value, digits, nl, en):
    assert (number(value, digits, "nl"), number(value, digits, "en")) == (nl, en)


def test_lists_and_spans():
    assert listed(["a"], "nl") == "a"
    assert listed([], "en") == ""
    assert listed(["a", "b"], "nl") == "a en b"
    assert [span((1,)), span((2, 3, 4, 5)), span((1, 3))] == ["1", "2-5", "1,3"]


@given(
    st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 5)), min_size=1, max_size=30),
    st.floats(0.01, 1.0),
)
def test_quantile_is_the_least_value_with_that_share_of_the_weight(pairs, share):
    values = np.array([v for v, _ in pairs], dtype=float)
    weights = np.array([w for _, w in pairs], dtype=float)
    found = quantiles(values, weights, [share])[0]
    if weights.sum() == 0:
        assert np.isnan(found)
        assert np.isnan(weighted_mean(values, weights))
        return
    candidates = [
        v
        for v in sorted(values[weights > 0])
        if weights[values <= v].sum() >= share * weights.sum() * (1 - 1e-12)
    ]
    assert found == candidates[0]
    assert weighted_mean(values, weights) == pytest.approx(np.average(values, weights=weights))


def test_an_answer_prints_as_a_few_lines():
    table = pd.DataFrame({"urbanity": range(50), "score": range(50)})
    said = {"nl": "Ja.", "en": "Yes: " + "the score falls, " * 40}
    answer = lr.Answer(
        "urbanity", {}, "holds", "a rule", said, table, caveats=("one", "two"), details={"more": table}
    )
    lines = repr(answer).splitlines()
    assert lines[0] == "Answer 'urbanity': holds"
    assert lines[1].startswith("  Yes: the score falls, the")
    assert lines[1].endswith(" ...")
    assert lines[2] == "  table of 50 x 2, more; 2 caveats"
    assert len(repr(answer)) < 400
