"""The parts that questions share: words, numbers that are options, weighted quantiles."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_countries import claimed

import leefraster as lr
from leefraster.questions.ask import QUESTIONS, ask
from leefraster.questions.weighted import quantiles, weighted_mean
from leefraster.questions.wording import listed, number, percentage, span


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


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: lr.questions.tradeoff(s, confidence=2), "confidence is 2; it must lie between 0 and 1"),
        (
            lambda s: lr.questions.tradeoff(s, least=float("nan")),
            "least is nan; it must be a number, 0 or more",
        ),
        (
            lambda s: lr.questions.tradeoff(s, minimum_units="30"),
            "minimum_units is '30'; it must be a number",
        ),
        (
            lambda s: lr.questions.hard_core(s, None, minimum_rise="x"),
            "minimum_rise is 'x'; it must be a number$",
        ),
        (lambda s: lr.questions.catch_up(s, confidence=1), "confidence is 1; it must lie between"),
        (
            lambda s: lr.questions.catch_up(s, minimum_weight=-1),
            "minimum_weight is -1; it must be a number, 0",
        ),
        (
            lambda s: lr.questions.thinning(s, minimum_change=None),
            "minimum_change is None; it must be a number",
        ),
        (
            lambda s: lr.questions.geography(s, least_share=True),
            "least_share is True; it must lie between 0 and 1",
        ),
        (
            lambda s: lr.questions.geography(s, minimum_blocks=-1),
            "minimum_blocks is -1; it must be a number, 0",
        ),
        (
            lambda s: lr.questions.urbanity(s, tolerance="0"),
            "tolerance is '0'; it must be a number, 0 or more",
        ),
        (lambda s: lr.questions.spread(s, holds_from="half"), "holds_from is 'half'; it must be a number"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(ask, message):
    with pytest.raises(lr.UsageError, match=message):
        ask(claimed())


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_refuses_scores_that_are_none(name):
    with pytest.raises(lr.UsageError, match="scores is a NoneType; it must be a Dataset"):
        ask(name, None)


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
