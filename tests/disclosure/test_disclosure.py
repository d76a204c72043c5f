"""Disclosure control: nothing withheld can be worked out, rounded parts add up, and what was done is said."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leefraster.disclosure.differencing import differencing
from leefraster.disclosure.protect import protect
from leefraster.disclosure.rounding import round_in_tree
from leefraster.disclosure.rule import DisclosureRule
from leefraster.disclosure.suppression import MISSING, PUBLISHED, SECONDARY, TOO_FEW, withheld
from leefraster.disclosure.tree import Tree
from leefraster.errors import InputError, UsageError


def nested(rng, depth=3):
    """Return a random tree of totals (names, parents, counts), parts adding up to their wholes."""
    names, parents, counts = [], [], []

    def grow(name, parent, level):
        place = len(names)
        names.append(name)
        parents.append(parent)
        counts.append(0)
        if level == depth:
            counts[place] = int(rng.choice([0, 0, 1, 3, 4, 7, 12, 31, 250]))
        else:
            children = [grow(f"{name}.{i}", name, level + 1) for i in range(rng.integers(1, 5))]
            counts[place] = sum(children)
        return counts[place]

    for i in range(rng.integers(1, 4)):
        grow(str(i), "", 1)
    return names, parents, np.array(counts, dtype=float)


def test_rounded_totals_of_a_thousand_tables_stay_within_their_base_and_add_up():
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        names, parents, counts = nested(rng)
        base = int(rng.choice([3, 5, 10]))
        rounded = round_in_tree(counts, Tree.of(names, parents), base)
        assert (rounded % base == 0).all()
        assert (np.abs(rounded - counts) < base).all()
        for name, whole in zip(names, rounded, strict=True):
            parts = [r for r, parent in zip(rounded, parents, strict=True) if parent == name]
            assert not parts or sum(parts) == whole


def test_rounding_is_the_same_every_time_and_leaves_multiples_alone():
    tree = Tree.of(["T", "a", "b", "c"], ["", "T", "T", "T"])
    assert round_in_tree(np.array([12.0, 4, 4, 4]), tree, 5).tolist() == [10, 5, 5, 0]
    assert round_in_tree(np.array([30.0, 10, 5, 15]), tree, 5).tolist() == [30, 10, 5, 15]
    assert round_in_tree(np.array([12.0, 4, 4, 4]), tree, 1).tolist() == [12, 4, 4, 4]


def test_a_table_that_does_not_add_up_is_refused():
    tree = Tree.of(["T", "a", "b"], ["", "T", "T"])
    with pytest.raises(InputError, match="T: its 2 parts add up to 7, it counts 8"):
        round_in_tree(np.array([8.0, 4, 3]), tree, 5)
    with pytest.raises(InputError, match="whole numbers of at least 0"):
        round_in_tree(np.array([8.0, 4.5, 3.5]), tree, 5)


def test_parts_of_an_unknown_whole_are_rounded_by_themselves():
    tree = Tree.of(["T", "a", "b"], ["", "T", "T"])
    found = round_in_tree(np.array([np.nan, 4, 12]), tree, 5)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [5, 10]


def determined(status, parents, names):
    """Return the withheld units whose value follows from the published ones, by linear algebra."""
    hidden = [i for i, s in enumerate(status) if s not in (PUBLISHED, MISSING)]
    place = {name: i for i, name in enumerate(names)}
    rows = []
    for whole, name in enumerate(names):
        parts = [i for i, parent in enumerate(parents) if parent == name]
        if parts and not any(status[i] == MISSING for i in [whole, *parts]):
            row = np.zeros(len(names))
            row[place[name]] = -1
            row[parts] = 1
            rows.append(row[hidden])
    if not hidden or not rows:
        return []
    known = np.array(rows)
    rank = np.linalg.matrix_rank(known)
    unit = np.eye(len(hidden))
    return [
        names[hidden[i]]
        for i in range(len(hidden))
        if np.linalg.matrix_rank(np.vstack([known, unit[i]])) == rank
    ]


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_nothing_withheld_can_be_worked_out(seed):
    names, parents, counts = nested(np.random.default_rng(seed))
    status = withheld(counts, Tree.of(names, parents), DisclosureRule(minimum=5))
    assert determined(status, parents, names) == []
    assert (status[(counts > 0) & (counts < 5)] == TOO_FEW).all()
    for i, name in enumerate(names):
        parts = np.array([parent == name for parent in parents])
        hidden = parts & (status != PUBLISHED)
        if status[i] == PUBLISHED and hidden.any():
            assert counts[hidden].sum() >= 5


def test_without_the_second_step_a_withheld_unit_could_be_worked_out():
    names, parents = ["T", "a", "b", "c"], ["", "T", "T", "T"]
    counts = np.array([65.0, 3, 12, 50])
    tree = Tree.of(names, parents)
    first = withheld(counts, tree, DisclosureRule(secondary=False))
    assert determined(first, parents, names) == ["a"]
    assert withheld(counts, tree, DisclosureRule()).tolist() == [PUBLISHED, TOO_FEW, SECONDARY, PUBLISHED]


def test_missing_and_none_are_not_withheld():
    status = withheld(np.array([np.nan, 0.0, 4.0, 5.0]), Tree.of("abcd"), DisclosureRule())
    assert status.tolist() == [MISSING, PUBLISHED, TOO_FEW, PUBLISHED]


def test_a_unit_that_one_contributor_dominates_is_withheld():
    table = pd.DataFrame(
        {"area": list("ab"), "dwellings": [100, 100], "largest": [90, 40], "score": [0.1, 0.2]}
    )
    done = protect(
        table, count="dwellings", unit="area", largest="largest", rule=DisclosureRule(dominance=0.8)
    )
    assert done.table["status"].tolist() == ["withheld, one contributor dominates", "published"]
    assert "largest" not in done.table
    with pytest.raises(UsageError, match="name the column of largest contributions"):
        protect(table, count="dwellings", unit="area", rule=DisclosureRule(dominance=0.8))


def test_withheld_stays_apart_from_missing_and_is_counted():
    table = pd.DataFrame({
        "area": list("abc"), "name": ["Aa", "Bb", "Cc"], "dwellings": [3.0, np.nan, 41], "score": [0.1, np.nan, 0.3]
    })  # fmt: skip
    done = protect(table, count="dwellings", unit="area", keep=["name"])
    assert done.table["status"].tolist() == ["withheld, too few", "missing", "published"]
    assert done.table["score"].isna().tolist() == [True, True, False]
    assert done.table["name"].tolist() == ["Aa", "Bb", "Cc"]
    assert done.table["dwellings"].tolist()[2] == 40
    assert done.counts == {"published": 1, "withheld, too few": 1, "missing": 1}
    assert done.said.startswith("units with fewer than 5 withheld; counts rounded to multiples of 5;")
    assert table["dwellings"].tolist()[0] == 3.0  # the input is left alone


def test_small_differences_between_two_divisions_are_found():
    one = ["A"] * 4 + ["B"] * 2
    other = ["X", "X", "X", "Y", "Y", ""]
    found = differencing(one, other, [10, 10, 10, 3, 50, 20])
    assert found.to_dict("records") == [
        {"one": "A", "other": "X", "only_in_one": 3.0, "only_in_other": 0.0, "exposed": "only_in_one"},
        {"one": "B", "other": "Y", "only_in_one": 20.0, "only_in_other": 3.0, "exposed": "only_in_other"},
    ]
    assert differencing(one, one, [1] * 6).empty
    with pytest.raises(UsageError, match="lengths differ: 6, 6 and 2 cells"):
        differencing(one, other, [1, 2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minimum": -1}, "minimum is -1"),
        ({"base": 0}, "base is 0"),
        ({"base": 2.5}, "base is 2.5"),
        ({"dominance": 0}, "dominance is 0"),
    ],
)
def test_rules_that_make_no_sense_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        DisclosureRule(**options)


def test_doubtful_trees_are_refused():
    with pytest.raises(InputError, match=r"1 units occur more than once, first: \['a'\]"):
        Tree.of(["a", "a"])
    with pytest.raises(InputError, match=r"1 parents are not among the units, first: \['x'\]"):
        Tree.of(["a"], ["x"])
    with pytest.raises(InputError, match="in a ring"):
        Tree.of(["a", "b"], ["b", "a"])
    with pytest.raises(UsageError, match=r"no columns \['homes'\]; it has area"):
        protect(pd.DataFrame({"area": ["a"]}), count="homes")
