"""Layers of several tables: CBS squares by their own names, larger squares under the cells, a model's layers."""

import numpy as np
import pandas as pd
import pytest

import leefraster as lr
from leefraster.config import Configuration
from leefraster.errors import InputError, UsageError
from leefraster.sources.assemble import assemble
from leefraster.sources.bench import Bench
from leefraster.sources.indicators import read_indicators
from leefraster.sources.layers import read_layers

CODES = ["E0970N4510", "E0971N4511", "E0976N4512", "E0990N4500"]
SQUARES = pd.DataFrame(
    {
        "crs28992res100m": CODES,
        "aantal_woningen": [10, -99997, 30, 5],
        "percentage_koopwoningen": [-99995, 20, 40, 0],
    }
)
LARGE = pd.DataFrame({"crs28992res500m": ["E0970N4510", "E0975N4510"], "stedelijkheid": [2, 4]})
CBS = """
[[layers]]
reader = "cbs"
path = "squares.csv"
year = 2024
columns = ["dwellings", "owner_occupied"]
"""
UNDER = """
[[layers]]
reader = "cbs"
path = "large.csv"
cell = 500
columns = ["urbanity"]
"""


@pytest.fixture
def folder(tmp_path):
    SQUARES.to_csv(tmp_path / "squares.csv", index=False)
    LARGE.to_csv(tmp_path / "large.csv", index=False)
    return tmp_path


def parsed(text, folder):
    return Configuration.parse(text, folder=folder)


def at(data, name, codes=CODES):
    cells = lr.Grid.netherlands().cell_from_code(codes)
    return data[name].sel(cell=cells).values


def test_cbs_squares_need_only_their_names(folder):
    bench = Bench()
    data = read_layers(parsed(CBS, folder), bench)
    assert data["layer"].values.tolist() == ["dwellings", "owner_occupied"]
    assert data["layer_units"].values.tolist() == ["1", "%"]
    np.testing.assert_array_equal(
        at(data.squeeze("year"), "value"), [[10, np.nan, 30, 5], [np.nan, 20, 40, 0]]
    )
    assert "layer dwellings from squares.csv: 3 values, 1 suppressed" in bench.notes
    assert "layer owner_occupied from squares.csv: 3 values, 1 not available" in bench.notes


def test_larger_squares_are_laid_under_the_cells(folder):
    text = CBS + UNDER.replace("cell = 500", "cell = 500\nyear = 2024")
    data = read_layers(parsed(text, folder), Bench())
    assert data.sizes["cell"] == 4
    found = at(data.sel(layer="urbanity").squeeze("year"), "value")
    np.testing.assert_array_equal(found, [2, 2, 4, np.nan])


def test_squares_of_another_size_are_refused_with_what_to_say(folder):
    text = CBS + UNDER.replace("cell = 500", "year = 2024")
    with pytest.raises(InputError, match=r"500 m squares, 100 m ones are expected; say cell = 500"):
        read_layers(parsed(text, folder), Bench())
    with pytest.raises(UsageError, match=r"every \[\[layers\]\] is of squares larger than 100 m"):
        read_layers(parsed(UNDER.replace("cell = 500", "cell = 500\nyear = 2024"), folder), Bench())


def test_a_models_layers_keep_the_years_they_have(folder):
    pd.DataFrame({"code": [*CODES[:2], CODES[0]], "jaar": [2020, 2020, 2022], "n": [1.5, 2.5, 3.5]}).to_csv(
        folder / "series.csv", index=False
    )
    text = (
        '[model]\npath = "model.toml"\n' + CBS + UNDER + '[[layers]]\npath = "series.csv"\ncode = "code"\n'
        'year = "jaar"\ncolumns = ["n"]\nunits = "km"\n'
    )
    data = read_indicators(parsed(text, folder), Bench())
    assert data["year"].values.tolist() == [2020, 2022, 2024]
    assert data["urbanity"].dims == ("cell",)
    assert data["n"].dims == ("year", "cell")
    np.testing.assert_array_equal(at(data, "urbanity"), [2, 2, 4, np.nan])
    np.testing.assert_array_equal(at(data.sel(year=2020), "n"), [1.5, 2.5, np.nan, np.nan])
    np.testing.assert_array_equal(at(data.sel(year=2022), "n"), [3.5, np.nan, np.nan, np.nan])
    assert np.isnan(data["n"].sel(year=2024)).all()
    assert np.isnan(data["dwellings"].sel(year=[2020, 2022])).all()
    assert {name: data[name].attrs["units"] for name in data} == {
        "dwellings": "1",
        "owner_occupied": "%",
        "urbanity": "class",
        "n": "km",
    }
    assert lr.grid_of(data) == lr.Grid.netherlands()


def test_general_layers_assemble_as_before(folder):
    found = assemble(parsed(CBS, folder))
    assert found.dataset["value"].dims == ("year", "layer", "cell")
    assert [file.role for file in found.inputs] == ["layers"]
