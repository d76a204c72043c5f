"""Explanations of cells and areas: they add up, rank, and agree with the scores."""

import numpy as np
import pandas as pd
import pytest
from test_score import GRID, HEAD, INDICATORS, layers, model

import leefraster as lr
from leefraster.errors import InputError, UsageError


def test_contributions_of_a_cell_add_up_and_are_ranked():
    data = layers(1)
    scores = lr.score(data, model(), explain=True)
    ids = data["cell"].values
    place = int(np.flatnonzero(scores["total"].sel(year=2022).notnull())[3])
    table = lr.explain_cell(data, model(), cell=int(ids[place]), year=2022)
    one = scores.sel(year=2022).isel(cell=place)
    assert table.attrs["total"] == pytest.approx(float(one["total"]), abs=1e-9)
    for code in ("won", "onv"):
        assert table.attrs["scores"][code] == pytest.approx(float(one["score"].sel(dimension=code)), abs=1e-9)
    sizes = table["contribution"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    assert table["rank"].tolist() == [1, 2, 3, 4]
    by_name = table.set_index("indicator")
    for name in ("age", "crime", "noise", "rent"):
        value = float(data[name].sel(year=2022)[place])
        np.testing.assert_allclose(by_name.loc[name, "value"], value)
    np.testing.assert_allclose(
        by_name["contribution"],
        by_name["coefficient"] * (by_name["transformed"] - by_name["mean"]),
        atol=1e-12,
    )
    np.testing.assert_allclose(by_name.loc["rent", "transformed"], (by_name.loc["rent", "value"] - 3) / 2)


def test_scores_that_hold_contributions_and_codes_give_the_same():
    data = layers(2)
    scores = lr.score(data, model(), explain=True)
    place = int(np.flatnonzero(scores["total"].isel(year=-1).notnull())[0])
    cell = int(data["cell"].values[place])
    from_layers = lr.explain_cell(data, model(), cell=cell)
    code = str(GRID.code_from_cell([cell])[0])
    from_scores = lr.explain_cell(scores, model(), cell=code)
    assert from_layers.attrs["year"] == from_scores.attrs["year"] == 2024
    assert from_layers["indicator"].tolist() == from_scores["indicator"].tolist()
    np.testing.assert_allclose(from_scores["contribution"], from_layers["contribution"], atol=1e-12)
    assert from_scores["value"].isna().all()


def test_an_area_is_the_dwelling_weighted_mean_of_its_cells():
    data = layers(3)
    scores = lr.score(data, model(), explain=True).sel(year=2024)
    inside = data["x"] < 3000
    table = lr.explain_cell(data, model(), area=inside)
    counted = inside & scores["total"].notnull()
    weights = data["dwellings"].where(counted, 0)
    expected = float((scores["total"].fillna(0) * weights).sum() / weights.sum())
    assert table.attrs["total"] == pytest.approx(expected, abs=1e-9)
    ids = data["cell"].values[inside.values]
    for area in (ids, ids.tolist(), GRID.code_from_cell(ids).tolist()):
        again = lr.explain_cell(data, model(), area=area)
        np.testing.assert_array_equal(again["contribution"], table["contribution"])
    kept = lr.explain_cell(lr.score(data, model(), explain=True), model(), area=inside)
    np.testing.assert_allclose(kept["contribution"], table["contribution"], atol=1e-12)


def test_an_area_whose_dwellings_and_values_are_large_has_finite_means():
    data = layers(3, missing=0.0)
    data["dwellings"][:] = 4.0
    data["age"][:] = np.where(np.arange(60) % 2, 3e200, 1e200)  # clipped
    steep = model([one.replace("-0.03", "-3e10") for one in INDICATORS])
    usual = lr.explain_cell(data, steep, area=data["cell"].values[:30])
    data["dwellings"] *= 2.0**996
    table = lr.explain_cell(data, steep, area=data["cell"].values[:30])
    pd.testing.assert_frame_equal(table, usual, check_exact=True)
    assert table.set_index("indicator").loc["age", "value"] == pytest.approx(2e200)


def test_deviations_from_the_reference_year_are_explained_as_scored():
    fixed = model(head=HEAD.replace("level = 4.1", 'deviations = "reference year"'))
    data = layers(4, missing=0)
    scores = lr.score(data, fixed)
    table = lr.explain_cell(data, fixed, cell=int(data["cell"][9]), year=2020)
    assert table.attrs["total"] == pytest.approx(float(scores["total"].sel(year=2020)[9]), abs=1e-9)


def test_a_cell_with_missing_indicators_says_so():
    data = layers(5, missing=0)
    data["noise"][2, 7], data["crime"][2, 8] = np.nan, np.nan
    replaced = lr.explain_cell(data, model(), cell=int(data["cell"][7])).set_index("indicator")
    assert replaced.loc["noise", ["contribution", "missing"]].tolist() == [0, 1]
    unknown = lr.explain_cell(data, model(), cell=int(data["cell"][8]))
    assert unknown["indicator"][0] == "crime"  # what makes the total missing comes first
    assert np.isnan(unknown["contribution"][0])
    assert np.isnan(unknown.attrs["total"])


def test_wrong_questions_are_refused():
    data = layers(6)
    cell = int(data["cell"][0])
    with pytest.raises(UsageError, match=r"give cell= .* or area=, one of them"):
        lr.explain_cell(data, model())
    with pytest.raises(UsageError, match="year 2019 is not there; there are 2020, 2022, 2024"):
        lr.explain_cell(data, model(), cell=cell, year=2019)
    absent = next(i for i in range(GRID.size) if i not in data["cell"].values)
    with pytest.raises(InputError, match=r"1 of 1 cells are not there; first: \["):
        lr.explain_cell(data, model(), cell=absent)
    with pytest.raises(UsageError, match="do not hold contributions"):
        lr.explain_cell(lr.score(data, model()), model(), cell=cell)
    with pytest.raises(UsageError, match="the area holds no cell"):
        lr.explain_cell(data, model(), area=[])
    with pytest.raises(UsageError, match="area has dimensions"):
        lr.explain_cell(data, model(), area=data["age"])
    with pytest.raises(UsageError, match="cells are ids or codes"):
        lr.explain_cell(data, model(), cell=1.5)
    scores = lr.score(data, model(), explain=True)
    with pytest.raises(UsageError, match="the scores are by model 'small', not by"):
        lr.explain_cell(scores, model(INDICATORS[:3]), cell=cell)
    lost = data.assign(crime=data["crime"] * np.nan)
    with pytest.raises(InputError, match="no cell of the area has all the indicators"):
        lr.explain_cell(lost, model(), area=data["cell"].values[:5])
