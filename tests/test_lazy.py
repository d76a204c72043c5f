"""Dask-backed fields: lazy, the same to the last bit as in memory, under names that do not change."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dask
import geopandas
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from lazy_calls import (
    AREAS,
    AS_NEEDED,
    COMPUTED,
    FIELD,
    GRAPH,
    LAYERS,
    LAZY,
    MODEL,
    OTHER,
    PLACES_COMPUTED,
    QUEEN,
    RASTER,
    SCORES,
    WEIGHTS,
    WITHOUT_FIELD,
)
from leefraster.errors import InputError, NoVarianceWarning, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::leefraster.errors.LeefrasterWarning")
LEFT_OUT = {"lisa_transitions": "stayed", "aggregate": "cells_without_weight"}


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("something was computed")


class Counting:
    """A scheduler that counts how often something is computed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, graph: Any, keys: Any, **_: Any) -> Any:
        self.times += 1
        return dask.get(graph, keys)


def in_memory(value: Any) -> Any:
    return value


def cut(value: Any) -> Any:
    """Return a field in blocks whose borders cut rows of cells, and rasters in both directions."""
    sizes = {"year": 2, "cell": 37, "y": 5, "x": 4, "area": 7, "dimension": 2}
    return value.chunk({dim: size for dim, size in sizes.items() if dim in value.dims})


def tabled(calls: Mapping[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(name, call, id=f"{name}-{i}")
        for name, own in calls.items()
        for i, call in enumerate(own)
    ]


def variables(result: xr.DataArray | xr.Dataset) -> dict[Any, xr.Variable]:
    if isinstance(result, xr.DataArray):
        return {name: c.variable for name, c in result.coords.items()} | {"": result.variable}
    return dict(result.variables)


def assert_same(found: Any, expected: Any) -> None:
    """Compare results of any kind to the last bit."""
    assert type(found) is type(expected)
    if isinstance(expected, xr.DataArray | xr.Dataset):
        xr.testing.assert_identical(found, expected)
        theirs = variables(expected)
        for name, one in variables(found).items():
            assert (one.dtype, one.dims) == (theirs[name].dtype, theirs[name].dims), name
            if one.dtype.kind in "fiub":
                assert (
                    np.ascontiguousarray(one.values).tobytes()
                    == np.ascontiguousarray(theirs[name].values).tobytes()
                )
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected), check_exact=True)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_exact=True)
    elif dataclasses.is_dataclass(expected):
        for field in dataclasses.fields(expected):
            assert_same(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(expected, Mapping):
        assert list(found) == list(expected)
        for name in expected:
            assert_same(found[name], expected[name])
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(found, expected)


def public_names() -> set[str]:
    inside = {f"{part}.{name}" for part in ("plot", "questions") for name in getattr(lr, part).__all__}
    return set(lr.__all__) | inside


def test_every_public_name_is_known_to_take_a_field_or_none():
    known = {*LAZY, *PLACES_COMPUTED, *COMPUTED, *AS_NEEDED, *WITHOUT_FIELD}
    assert public_names() - known == set(), "a new public function: add a call of it to tests/lazy_calls.py"


@pytest.mark.parametrize(("name", "call"), tabled(LAZY))
def test_lazy_results_equal_those_in_memory_and_compute_nothing_before(name, call):
    expected = call(in_memory)
    with dask.config.set(scheduler=refuse):
        found = call(cut)
        again = call(cut)
    data = found.data_vars.values() if isinstance(found, xr.Dataset) else [found]
    assert all(variable.chunks is not None for variable in data)
    assert dict(found.__dask_graph__()).keys() == dict(again.__dask_graph__()).keys()
    for one in (expected, *(expected.data_vars.values() if isinstance(expected, xr.Dataset) else ())):
        one.attrs.pop(LEFT_OUT.get(name), None)
    assert_same(found.compute(scheduler="threads", num_workers=2), expected)


@pytest.mark.parametrize(("name", "call"), tabled(PLACES_COMPUTED))
def test_where_places_depend_on_values_these_are_computed_once(name, call):
    expected, counting = call(in_memory), Counting()
    with dask.config.set(scheduler=counting):
        found = call(cut)
    assert counting.times == 1
    data = found.data_vars.values() if isinstance(found, xr.Dataset) else [found]
    assert all(variable.chunks is not None for variable in data)
    assert dict(found.__dask_graph__()).keys() == dict(call(cut).__dask_graph__()).keys()
    assert_same(found.compute(), expected)


@pytest.mark.parametrize(("name", "call"), tabled(COMPUTED))
def test_tables_drawings_and_answers_compute_their_fields_once(name, call):
    expected, counting = call(in_memory), Counting()
    with dask.config.set(scheduler=counting):
        found = call(cut)
    assert counting.times == 1
    assert_same(found, expected)


@pytest.mark.parametrize(("name", "call"), tabled(AS_NEEDED))
def test_others_take_lazy_fields_too(name, call):
    assert_same(call(cut), call(in_memory))


@pytest.fixture(scope="module")
def local():
    """Return exact local Moran of the field in memory."""
    return lr.local_moran(FIELD, QUEEN)


@st.composite
def chunkings(draw: Any, length: int) -> tuple[int, ...]:
    """Draw any way to cut a dimension into blocks."""
    borders = sorted(draw(st.sets(st.integers(1, length - 1), max_size=6)))
    return tuple(np.diff([0, *borders, length]).tolist())


YEARLY, CELLULAR = chunkings(len(FIELD["year"])), chunkings(len(FIELD["cell"]))
QUICK = [
    lambda field: lr.local_moran(field, QUEEN, inference="normal"),
    lambda field: lr.getis_ord(field, QUEEN, inference="normal", family="all"),
    lambda field: lr.moran(field, QUEEN),
    lambda field: lr.focal_mean(field, 300.0),
    lambda field: lr.trend(field),
    lambda field: lr.change(field, 2016, 2022),
    lambda field: lr.classify(field),
]


@pytest.fixture(scope="module")
def in_memory_results():
    """Return what the quick calls give of the field in memory."""
    return [call(FIELD) for call in QUICK]


@settings(max_examples=8, deadline=None)
@given(years=YEARLY, cells=CELLULAR)
def test_any_chunking_gives_the_same_bytes(in_memory_results, years, cells):
    field = FIELD.chunk({"year": years, "cell": cells})
    for call, expected in zip(QUICK, in_memory_results, strict=True):
        assert_same(call(field).compute(scheduler="sync"), expected)


@settings(max_examples=3, deadline=None)
@given(years=YEARLY, cells=CELLULAR)
def test_any_chunking_gives_the_same_bytes_of_exact_inference(local, years, cells):
    found = lr.local_moran(FIELD.chunk({"year": years, "cell": cells}), QUEEN)
    assert_same(found.compute(scheduler="sync"), local)


@settings(max_examples=6, deadline=None)
@given(YEARLY, CELLULAR, CELLULAR)
def test_two_fields_may_be_cut_in_two_ways(years, cells, others):
    def bivariate(field: Any, other: Any, weights: Any) -> xr.Dataset:
        return lr.local_moran(field, QUEEN, other=other, weights=weights, inference="normal")

    field = FIELD.chunk({"year": years, "cell": cells})
    found = bivariate(field, OTHER.chunk({"cell": others}), WEIGHTS.chunk({"year": 1}))
    assert_same(found.compute(scheduler="sync"), bivariate(FIELD, OTHER, WEIGHTS))


def test_fields_stay_apart_in_the_blocks_they_have_and_are_joined_for_one_family():
    field = FIELD.chunk({"year": (2, 3), "cell": 50})
    apart = lr.getis_ord(field, QUEEN)
    assert apart["p"].chunks == ((2, 3), (170,))
    assert apart["n"].chunks == ((2, 3),)
    assert lr.getis_ord(field, QUEEN, family="all")["p"].chunks == ((5,), (170,))
    assert lr.trend(field)["slope"].chunks == ((50, 50, 50, 20),)
    assert lr.classify(field).chunks == ((2, 3), (50, 50, 50, 20))
    assert lr.focal_sum(RASTER.chunk({"year": 1}), 300.0).chunks == ((5,), (14,), (15,))


def tasks(value: Any) -> int:
    return len(dict(value.__dask_graph__()))


def test_the_number_of_tasks_is_as_documented():
    whole = FIELD.chunk({"year": 1})
    found = lr.local_moran(whole, QUEEN)
    given = xr.Dataset({"field": whole})
    per_field = [*found.data_vars, "n", "islands", "reference", "p_error"]
    per_call = [name for name in ("x", "y") if found[name].chunks]
    assert tasks(found) - tasks(given) == 1 + 5 * (1 + len(per_field)) + len(per_call)
    one = lr.local_moran(whole, QUEEN)["q"].drop_vars([*per_field[-4:], "x", "y"])
    culled = dask.optimize(one, optimize_graph=True)[0]
    assert tasks(culled) <= 1 + 5 * 3 + 3
    cut_field = FIELD.chunk({"year": 1, "cell": 34})
    pieces = tasks(lr.local_moran(cut_field, QUEEN)) - tasks(xr.Dataset({"field": cut_field}))
    joined = 5 + 3  # one a field, and one for each cut coordinate
    assert pieces <= 1 + 5 * (1 + len(per_field)) + len(per_call) + joined


def test_names_tell_inputs_and_options_apart():
    field = FIELD.chunk({"year": 1})
    calls = [
        lr.local_moran(field, QUEEN),
        lr.local_moran(field, lr.Neighbourhood.rook()),
        lr.local_moran(field, QUEEN, alpha=0.1),
        lr.local_moran(field, QUEEN, weights=WEIGHTS),
        lr.local_moran(field, QUEEN, weights=WEIGHTS + 1),
        lr.local_moran((FIELD + 1).chunk({"year": 1}), QUEEN),
        lr.local_moran(field.assign_attrs(units="other"), QUEEN),
        lr.local_moran(AREAS.chunk(), GRAPH),
        lr.local_moran(AREAS.chunk(), GRAPH.transform("R")),
        lr.local_moran(AREAS.chunk(), GRAPH.to_W()),
    ]
    assert len({call["p"].data.name for call in calls}) == len(calls)


def test_a_lazy_result_can_be_sent_to_another_process(local):
    import pickle

    from distributed.protocol.pickle import dumps

    found = lr.local_moran(FIELD.chunk({"year": 2, "cell": 40}), QUEEN)
    assert_same(pickle.loads(dumps(found)).compute(), local)


def test_what_needs_no_values_is_refused_at_once():
    field = FIELD.chunk({"year": 1, "cell": 50})
    with dask.config.set(scheduler=refuse):
        with pytest.raises(UsageError, match="alpha is 2"):
            lr.local_moran(field, QUEEN, alpha=2)
        with pytest.raises(UsageError, match="it must have 'cell', or 'y' and 'x'"):
            lr.moran(field.rename(cell="place"), QUEEN)
        with pytest.raises(InputError, match="carries no grid"):
            lr.focal_sum(field.drop_vars("spatial_ref"), 300.0)
        with pytest.raises(InputError, match="holds 168 cells twice"):
            lr.local_moran(field.assign_coords(cell=np.r_[0, np.repeat(1, 169)][:170]), QUEEN)
        with pytest.raises(UsageError, match="other has 5 along 'year', the field 4"):
            lr.local_moran(field.isel(year=slice(4)), QUEEN, other=OTHER)
        with pytest.raises(UsageError, match="from_year is 2017; measured are 2016"):
            lr.change(field, 2017, 2024)
        with pytest.raises(UsageError, match="there is no layer 'noise'"):
            lr.score(LAYERS.drop_vars("noise").chunk(), MODEL)
        with pytest.raises(InputError, match="version 'one', 2024 by 'two'"):
            lr.change(SCORES.chunk({"cell": 50}).assign(version=("year", ["one"] * 4 + ["two"])), 2016, 2024)
        with pytest.raises(TypeError, match="unexpected keyword argument 'alfa'"):
            lr.local_moran(field, QUEEN, alfa=0.1)


def test_values_are_refused_when_they_are_computed(local):
    values = FIELD.copy()
    values[2, 5] = np.inf
    found = lr.local_moran(values.chunk({"year": 1}), QUEEN)
    assert_same(found["I"].isel(year=0).compute(), local["I"].isel(year=0))
    with pytest.raises(InputError, match="field has 1 infinite values"):
        found.compute(scheduler="sync")


def test_warnings_come_with_the_values_too():
    flat = FIELD.copy()
    flat[1] = 2.0
    with dask.config.set(scheduler=refuse):
        found = lr.local_moran(flat.chunk({"year": 1}), QUEEN)
    with pytest.warns(NoVarianceWarning, match="1 of 1 fields have no variance"):
        found.compute(scheduler="sync")


def test_a_warning_names_the_line_that_led_to_it():
    flat = FIELD.isel(year=[0]) * 0
    for call in (lambda: lr.local_moran(flat, QUEEN), lambda: lr.moran(flat, QUEEN)):
        with pytest.warns(NoVarianceWarning) as given_warnings:
            call()
        assert {one.filename for one in given_warnings} == {__file__}


def test_what_a_function_does_not_read_is_not_gathered():
    def unread(_: Any) -> Any:
        raise AssertionError("a variable was read that the model does not name")

    layers = LAYERS.chunk({"year": 1, "cell": 50})
    layers["unnamed"] = layers["unnamed"].copy(data=layers["unnamed"].data.map_blocks(unread, dtype=float))
    assert_same(lr.score(layers, MODEL).compute(), lr.score(LAYERS, MODEL))


def test_export_writes_the_same_from_lazy_values(tmp_path):
    data = xr.Dataset({"level": FIELD})
    written = [
        lr.export(given_data, tmp_path / name, formats=["geoparquet"])
        for name, given_data in (("lazy", data.chunk({"year": 1, "cell": 30})), ("eager", data))
    ]
    lazy, eager = ([path for path in paths if path.suffix == ".parquet"] for paths in written)
    assert len(lazy) == len(eager) == 1
    pd.testing.assert_frame_equal(geopandas.read_parquet(lazy[0]), geopandas.read_parquet(eager[0]))


def test_the_example_of_the_documentation_runs():
    page = (Path(__file__).parents[1] / "docs" / "dask.md").read_text(encoding="utf-8")
    exec(page.split("```python")[1].split("```")[0], {})


@pytest.mark.parametrize(
    "name", sorted({*LAZY, *PLACES_COMPUTED, *COMPUTED, "export", "explain_cell", "count_within"})
)
def test_the_documentation_names_every_function(name):
    page = (Path(__file__).parents[1] / "docs" / "dask.md").read_text(encoding="utf-8")
    assert f"`{name}`" in page or f"`lr.{name.partition('.')[0]}`" in page


def test_functions_keep_their_names_signatures_and_words():
    import inspect
    import pickle

    for function in (lr.local_moran, lr.trend, lr.structural_clusters):
        assert pickle.loads(pickle.dumps(function)) is function
        assert "Parameters" in function.__doc__
    assert list(inspect.signature(lr.trend).parameters) == [
        "field",
        "confidence",
        "minimum_years",
        "across_versions",
    ]
