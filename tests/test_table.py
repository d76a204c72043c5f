"""from_table against a naive loop, and everything that it must refuse."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.errors import InputError, PrecisionWarning, UsageError

GRID = lr.Grid(0.0, 1000.0, 8, 10, 100.0, "EPSG:28992")
DUTCH = lr.Grid.netherlands()


def naive(rows):
    """Return {(year, cell): value} by the definition of a cell id."""
    return {
        (year, int((1000 - y) // 100) * 8 + int(x // 100)): value
        for x, y, year, value in rows
        if not np.isnan(value)
    }


def found(data, name="value"):
    out = {}
    for i, year in enumerate(data["year"].values):
        for j, cell in enumerate(data["cell"].values):
            value = float(data[name].values[i, j])
            if not np.isnan(value):
                out[int(year), int(cell)] = value
    return out


places = st.tuples(st.integers(0, 7), st.integers(0, 9), st.sampled_from([2002, 2008, 2012]))


@st.composite
def tables(draw):
    keys = draw(st.lists(places, min_size=1, max_size=20, unique=True))
    values = draw(
        st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=len(keys), max_size=len(keys))
    )
    return [
        (column * 100 + 50.0, row * 100 + 50.0, year, value)
        for (column, row, year), value in zip(keys, values, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(rows=tables(), seed=st.integers(0, 99))
def test_equals_naive_loop_whatever_the_order_of_rows(rows, seed):
    frame = pd.DataFrame(rows, columns=["x", "y", "year", "value"])
    data = lr.from_table(frame, GRID, year="year", values=["value"])
    assert found(data) == naive(rows)
    mixed = lr.from_table(frame.sample(frac=1, random_state=seed), GRID, year="year", values=["value"])
    assert data.identical(mixed)
    assert (np.diff(data["cell"].values) > 0).all()
    assert (np.diff(data["year"].values) > 0).all()


COLUMNS = {"code": ["E0974N4514", "E0973N4514"], "jaar": [2024, 2024], "n": [5, 10]}


@pytest.mark.parametrize(
    "table",
    [
        COLUMNS,
        pd.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS),
        pl.LazyFrame(COLUMNS),
        pa.table(COLUMNS),
        pd.DataFrame(COLUMNS).assign(shape=[object(), object()]),
        pl.DataFrame(COLUMNS).with_columns(pl.col("code").cast(pl.Categorical)),
        pd.DataFrame(COLUMNS).astype({"code": "category", "n": "Int32", "jaar": "string"}),
    ],
    ids=["mapping", "pandas", "polars", "lazy", "arrow", "unused objects", "categorical", "extension types"],
)
def test_every_kind_of_table(table):
    data = lr.from_table(table, DUTCH, code="code", year="jaar", values=["n"])
    assert data["n"].dims == ("year", "cell")
    assert data["n"].values.tolist() == [[10.0, 5.0]]
    assert data["cell"].values.tolist() == [5355973, 5355974]
    assert data["x"].values.tolist() == [97350.0, 97450.0]
    assert lr.grid_of(data) == DUTCH


def test_only_the_dataframe_protocol():
    class Foreign:
        def __init__(self, frame):
            self.frame = frame

        def __dataframe__(self, **options):
            return self.frame.__dataframe__(**options)

    foreign = Foreign(pa.table({"x": [50.0], "y": [50.0], "v": [2.0]}))
    assert lr.from_table(foreign, GRID, values=["v"])["v"].values.tolist() == [2.0]


def test_without_year_and_all_numeric_columns():
    table = {"x": [50, 150], "y": [950, 950], "name": ["a", "b"], "p": [1, 2], "q": [0.5, None]}
    data = lr.from_table(table, GRID)
    assert list(data.data_vars) == ["p", "q"]
    assert data["p"].dims == ("cell",)
    assert np.isnan(data["q"].values[1])


def test_fixed_year_and_dates():
    table = {"x": [50], "y": [50], "when": [datetime.date(2012, 1, 1)], "v": [1]}
    assert lr.from_table(table, GRID, year=2008, values=["v"])["year"].values.tolist() == [2008]
    assert lr.from_table(table, GRID, year="when", values=["v"])["year"].values.tolist() == [2012]


def test_codes_are_normalised_and_columns_found_whatever_the_case():
    table = {"Grid_ID": [" e0974n4514 ", "CRS28992RES100mE0973N4514"], "Score": [1.0, 2.0]}
    data = lr.from_table(table, DUTCH, code="grid_id", values=["score"])
    assert data["score"].values.tolist() == [2.0, 1.0]


def test_one_row():
    data = lr.from_table({"x": [50], "y": [950], "v": [3]}, GRID, values=["v"])
    assert data.sizes == {"cell": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": [1.0, float("inf")]}, r"table: column 'v' holds 1 infinite values, first in row 2"),
        ({"v": [1.0, float("-inf")]}, r"infinite"),
        ({"v": ["0,12", "0,13"]}, r"'v' reads as text.*first value '0,12'.*decimal comma"),
        ({"v": [[1], [2]]}, r"'v' holds list.*numbers are expected"),
        ({"year": [2024, None]}, r"1 of 2 rows lack a value in key column 'year', first in row 2"),
        ({"year": [2024, 2024.5]}, r"year 2024.5 is not a whole number"),
        ({"year": [2024, 9999]}, r"year 9999 lies in the future"),
        ({"year": [2024, 24]}, r"year 24 is before 1800"),
        ({"year": ["2024", "soon"]}, r"'year' holds 'soon', which is no year"),
        ({"x": [50.0, None]}, r"lack a value in key column 'x', first in row 2"),
        ({"x": [50.0, 5000.0]}, r"1 of 2 points lie outside the grid.*\(5000, 50\)"),
        (
            {"x": [50.0, 50.0]},
            r"1 values of \(key, year\) occur more than once \(2 rows\), first: E0000N0000 2024",
        ),
    ],
)
def test_refuses(change, message):
    table = {"x": [50.0, 150.0], "y": [50.0, 50.0], "year": [2024, 2024], "v": [1.0, 2.0]} | change
    with pytest.raises(InputError, match=message):
        lr.from_table(table, GRID, year="year", values=["v"])


def test_equal_duplicates_are_refused_with_the_first_ten():
    table = {
        "x": [50.0 + 100 * (i % 6) for i in range(24)],
        "y": [50.0 + 100 * (i % 12 // 6) for i in range(24)],
    }
    with pytest.raises(InputError, match=r"12 values of key occur more than once \(24 rows\)") as caught:
        lr.from_table(table | {"v": [1] * 24}, GRID, values=["v"])
    assert str(caught.value).count("E0") == 10


def test_missing_column_names_the_nearest():
    table = {"x": [50], "y": [50], "woningen": [1]}
    with pytest.raises(
        InputError, match=r"no column 'woning'. Did you mean 'woningen'\? Columns: x, y, woningen"
    ):
        lr.from_table(table, GRID, values=["woning"])


def test_ambiguous_columns():
    with pytest.raises(InputError, match=r"column 'v' may be any of 'V', 'v '"):
        lr.from_table(pa.table({"x": [50], "y": [50], "V": [1], "v ": [2]}), GRID, values=["v"])


def test_degrees_are_not_taken_for_metres():
    table = {"lon": [5.1, 5.2], "lat": [52.0, 52.1], "v": [1.0, 2.0]}
    message = r"look like degrees \(first 5.1, 52; EPSG:4326\?\), wanted metres in EPSG:28992"
    with pytest.raises(InputError, match=message):
        lr.from_table(table, DUTCH, x="lon", y="lat", values=["v"])


def test_no_rows():
    with pytest.raises(InputError, match="there are no rows"):
        lr.from_table(pd.DataFrame({"x": [], "y": [], "v": []}, dtype=float), GRID, values=["v"])


def test_no_table():
    with pytest.raises(UsageError, match="a int is no table; give a pandas, polars or arrow table"):
        lr.from_table(5, GRID, values=["v"])


def test_numeric_codes_are_refused():
    with pytest.raises(InputError, match="'code' holds int64, where codes"):
        lr.from_table({"code": [1], "v": [2]}, GRID, code="code", values=["v"])


def test_drop_outside_is_opt_in():
    table = {"code": ["E0974N4514", "E0974N9999"], "v": [1.0, 2.0]}
    with pytest.raises(InputError, match=r"1 of 2 cell codes lie outside the grid.*'E0974N9999'"):
        lr.from_table(table, DUTCH, code="code", values=["v"])
    assert lr.from_table(table, DUTCH, code="code", values=["v"], drop_outside=True).sizes == {"cell": 1}


def test_shifted_centres():
    table = {"x": [50.0, 150.0], "y": [50.0, 50.0], "v": [1, 2]}
    with pytest.raises(InputError, match=r"2 of 2 points are not the corner.*off by \(-50.0, -50.0\) m"):
        lr.from_table(table, GRID, values=["v"], position="corner")


@pytest.mark.parametrize("side", [500, 1000])
def test_coarser_points_are_refused(side):
    grid = lr.Grid(0.0, 20_000.0, 200, 200)
    at = np.arange(0, 20_000, side) + side / 2
    x, y = np.meshgrid(at, at)
    table = {"x": x.ravel(), "y": y.ravel(), "v": np.ones(x.size)}
    with pytest.raises(InputError, match=r"100% of \d+ points lie 500 m apart"):
        lr.from_table(table, grid, values=["v"])


def test_precision_is_warned_about_and_float64_keeps_it():
    table = {"x": [50.0, 150.0], "y": [50.0, 50.0], "v": [2**24 + 1, 2**24 + 2]}
    with pytest.warns(PrecisionWarning, match=r"1 whole numbers beyond 2\*\*24.*16777217 becomes 16777216"):
        rounded = lr.from_table(table, GRID, values=["v"], dtype="float32")
    assert rounded["v"].dtype == np.float32
    exact = lr.from_table(table, GRID, values=["v"])
    assert exact["v"].values.tolist() == [2**24 + 1, 2**24 + 2]


def test_beyond_float32():
    with pytest.raises(InputError, match="'v' has values beyond float32"):
        lr.from_table({"x": [50.0], "y": [50.0], "v": [1e39]}, GRID, values=["v"], dtype="float32")


def test_input_is_untouched():
    frame = pd.DataFrame({"x": [150.0, 50.0], "y": [50.0, 50.0], "v": [2.0, np.nan]})
    before = frame.copy(deep=True)
    lr.from_table(frame, GRID, values=["v"])
    pd.testing.assert_frame_equal(frame, before)
