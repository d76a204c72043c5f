"""Jumps of national sums: found as a plain loop finds them, told once, or noted where they were stated."""

import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import leefraster as lr
from leefraster.config import Configuration
from leefraster.errors import LeefrasterWarning, UsageError
from leefraster.sources.assemble import assemble
from leefraster.sources.jumps import tell_jumps

YEARS = [2014, 2016, 2018]


def counts(*rows, name="inhabitants", years=YEARS):
    return xr.Dataset({name: (("year", "cell"), np.array(rows, dtype=float))}, coords={"year": years})


def told(dataset, layers=None, stated=None):
    notes = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tell_jumps(dataset, layers, stated or {}, notes)
    assert all(issubclass(one.category, LeefrasterWarning) for one in caught)
    return [str(one.message) for one in caught], notes


def test_a_count_in_thousands_is_told_with_its_sums_and_years():
    said, notes = told(counts([1.0, 2.0], [1000.0, 2000.0], [1100.0, 2000.0]))
    assert len(said) == 1
    assert "inhabitants: the sum over places with a value in both years" in said[0]
    assert "3 to 3,000 from 2014 to 2016. If" in said[0]
    assert "2018" not in said[0]
    assert '[unit_changes] inhabitants = "what changed"' in said[0]
    assert notes == []


def test_what_is_stated_is_noted_and_not_told():
    said, notes = told(counts([1.0], [1000.0], [1.0]), stated={"inhabitants": "in persons in 2016"})
    assert said == []
    assert notes == [
        "inhabitants: in persons in 2016 (stated in the configuration; 1 to 1,000 from 2014 to 2016; 1,000 to 1 "
        "from 2016 to 2018)"
    ]
    _, notes = told(counts([1.0], [1.1], [1.2]), stated={"inhabitants": "registered otherwise from 2016 on"})
    assert notes == ["inhabitants: registered otherwise from 2016 on (stated in the configuration)"]


def test_places_that_come_or_go_are_no_jump_and_years_without_values_are_passed_over():
    nan = np.nan
    assert told(counts([5.0, nan, nan], [5.0, 500.0, 900.0], [nan, nan, 900.0])) == ([], [])
    said, _ = told(counts([5.0], [nan], [60.0]))
    assert "5 to 60 from 2014 to 2018" in said[0]
    assert told(counts([5.0], [nan], [nan])) == ([], [])
    assert told(counts([0.0], [0.0], [0.0])) == ([], [])
    assert "0 to 3 from 2014 to 2016" in told(counts([0.0], [3.0], [3.0]))[0][0]


def test_general_layers_and_those_of_a_model_are_looked_at_and_what_has_no_years_is_not():
    value = np.array([[[1.0], [1.0]], [[1.0], [-20.0]], [[1.0], [-20.0]]])
    general = xr.Dataset(
        {"value": (("year", "layer", "cell"), value), "dwellings": ("cell", [3.0])},
        coords={"year": YEARS, "layer": ["green", "balance"]},
    )
    said, _ = told(general)
    assert [text.split(":")[0] for text in said] == ["balance"]
    layers = counts([1.0], [50.0], [50.0], name="noise").assign(
        fixed=("cell", [1.0]), words=("year", list("abc"))
    )
    said, _ = told(xr.Dataset(), layers)
    assert [text.split(":")[0] for text in said] == ["noise"]


def test_a_name_that_is_not_there_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match=r"is about inhabitant, of which .* there are of: inhabitants"):
        told(counts([1.0], [1.0], [1.0]), stated={"inhabitant": "?"})
    with pytest.raises(UsageError, match="there are of: none"):
        told(xr.Dataset(), stated={"x": "?"})


@given(
    st.lists(
        st.lists(st.one_of(st.just(math.nan), st.floats(0, 1e4)), min_size=4, max_size=4),
        min_size=3,
        max_size=3,
    ),
    st.permutations(range(3)),
)
def test_jumps_are_those_of_a_plain_loop_whatever_the_order_of_years(rows, order):
    held = [
        (year, row)
        for year, row in zip(YEARS, rows, strict=True)
        if not all(math.isnan(value) for value in row)
    ]
    wanted = 0
    for (_, before), (_, after) in pairwise(held):
        pairs = [(a, b) for a, b in zip(before, after, strict=True) if not (math.isnan(a) or math.isnan(b))]
        old, new = np.sum([a for a, _ in pairs]), np.sum([b for _, b in pairs])
        wanted += bool(max(old, new) > 10 * min(old, new))
    said, _ = told(counts(*[rows[i] for i in order], years=[YEARS[i] for i in order]))
    assert sum(text.count(" from 20") for text in said) == wanted


def test_a_configuration_is_warned_or_states_it(tmp_path):
    (tmp_path / "a.csv").write_text("code,year,n\nE0974N4514,2014,1\nE0974N4514,2016,900\n")
    text = '[[layers]]\npath = "a.csv"\ncode = "code"\nyear = "year"\ncolumns = ["n"]\n'
    (tmp_path / "run.toml").write_text(text)
    notes = assemble(Configuration.read(tmp_path / "run.toml")).notes
    assert any(note.startswith("n: the sum over places") for note in notes)
    (tmp_path / "run.toml").write_text(f'{text}[unit_changes]\nn = "in pieces from 2016 on"\n')
    notes = assemble(Configuration.read(tmp_path / "run.toml")).notes
    assert not any("tenfold" in note for note in notes)
    assert any(note.startswith("n: in pieces from 2016 on (stated") for note in notes)
    (tmp_path / "run.toml").write_text(f'{text}[unit_changes]\nm = "?"\n')
    with pytest.raises(lr.UsageError, match=r"\[unit_changes\] is about m"):
        assemble(Configuration.read(tmp_path / "run.toml"))
