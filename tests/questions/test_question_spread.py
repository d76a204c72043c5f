"""Spread: right on countries made to hold, not to hold, to be mixed and not to say."""

import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.questions.spread import LEVELS, divided


def country(between=0.0, district=0.0, neighbourhood=0.0, within=0.1, seed=0):
    """Return 12 municipalities of 3 districts of 4 neighbourhoods of 20 units, with given spreads."""
    rng = np.random.default_rng(seed)
    sizes = (12, 3, 4, 20)
    shape = sizes
    municipal = rng.normal(0, 1, (12, 1, 1, 1))
    values = (
        (municipal - municipal.mean()) / municipal.std() * between + rng.normal(0, 1, (12, 3, 1, 1)) * district
        + rng.normal(0, 1, (12, 3, 4, 1)) * neighbourhood + rng.normal(0, 1, shape) * within
    )  # fmt: skip
    n = values.size
    index = np.indices(sizes).reshape(4, -1)
    codes = {
        "municipality": [f"GM{m:04d}" for m in index[0]],
        "district": [f"WK{m:04d}{d:02d}" for m, d in index[:2].T],
        "neighbourhood": [f"BU{m:04d}{d:02d}{b:02d}" for m, d, b in index[:3].T],
    }
    return xr.Dataset(
        {
            "level": (("year", "area"), 4.0 + values.reshape(1, -1)),
            "score": (("year", "dimension", "area"), np.stack([values.ravel(), values.ravel()[::-1]])[None]),
            "dwellings": ("area", rng.integers(1, 60, n).astype(float)),
            **{name: ("area", code) for name, code in codes.items()},
        },
        coords={"year": [2024], "dimension": ["won", "vrz"], "area": [f"u{i:05d}" for i in range(n)]},
    )


@pytest.mark.parametrize(
    ("spreads", "verdict"),
    [
        ({"within": 0.1}, "holds"),
        ({"between": 0.1, "neighbourhood": 0.3}, "holds"),
        ({"between": 0.5, "within": 0.05}, "does not hold"),
        ({"between": 0.1, "within": 0.075}, "mixed"),
    ],
)
def test_the_verdict_follows_from_the_country(spreads, verdict):
    assert lr.questions.spread(country(**spreads)).verdict == verdict


def test_shares_are_the_nested_variances_of_a_loop():
    data = country(0.1, 0.05, 0.08, 0.1)
    answer = lr.questions.spread(data)
    x, w = data["level"].values[0], data["dwellings"].values
    mean, expected = np.full(x.size, np.average(x, weights=w)), []
    for name in LEVELS:
        below = np.empty(x.size)
        for code in np.unique(data[name]):
            inside = data[name].values == code
            below[inside] = np.average(x[inside], weights=w[inside])
        expected.append(np.average((below - mean) ** 2, weights=w))
        mean = below
    expected.append(np.average((x - mean) ** 2, weights=w))
    np.testing.assert_allclose(answer.table["share"], np.array(expected) / sum(expected))
    assert sum(expected) == pytest.approx(np.average((x - np.average(x, weights=w)) ** 2, weights=w))
    assert answer.table["level"].tolist() == [*LEVELS, "within"]


def test_theil_divides_and_adds_up():
    data = country(0.2, 0.1, 0.1, 0.2)
    table = lr.questions.spread(data).details["theil"]
    x, w = data["level"].values[0], data["dwellings"].values
    m = np.average(x, weights=w)
    assert table["theil"].sum() == pytest.approx(np.average(x / m * np.log(x / m), weights=w))
    assert (table["theil"] > 0).all()
    assert table["share"].sum() == pytest.approx(1)


@given(seed=st.integers(0, 2**20), shift=st.floats(-1, 1), factor=st.sampled_from([0.5, 2.0, 4.0]))
@settings(max_examples=20, deadline=None)
def test_shares_do_not_depend_on_the_unit_or_the_order(seed, shift, factor):
    rng = np.random.default_rng(seed)
    data = country(0.1, 0.1, 0.1, 0.1, seed)
    plain = lr.questions.spread(data).table["share"]
    moved = data.assign(level=data["level"] * factor + shift, dwellings=data["dwellings"] * factor)
    np.testing.assert_allclose(lr.questions.spread(moved).table["share"], plain, rtol=1e-8)
    turned = data.isel(area=rng.permutation(data.sizes["area"]))
    assert lr.questions.spread(turned).table["share"].tolist() == plain.tolist()


def test_municipalities_come_by_the_range_under_their_average():
    data = country(within=0.1)
    first = data["municipality"].values == "GM0003"
    data["level"][0, first] = 4 + (data["level"].values[0, first] - 4) * 5
    table = lr.questions.spread(data).details["municipalities"]
    assert table["municipality"].iloc[0] == "GM0003"
    assert (table["range"] == table["p90"] - table["p10"]).all()
    assert table["range"].is_monotonic_decreasing
    assert "GM0003" in lr.questions.spread(data).sentence["nl"]


def test_units_without_a_neighbourhood_still_add_up():
    data = country(0.1, 0.1, 0.1, 0.1)
    data["neighbourhood"][:300] = ""
    answer = lr.questions.spread(data)
    assert answer.table["share"].sum() == pytest.approx(1)
    data["municipality"][:7] = ""
    caveats = lr.questions.spread(data).caveats
    assert any("7 units without a score, a weight or a municipality are left out" in text for text in caveats)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.drop_vars("municipality"), "municipality codes .* are missing"),
        (lambda d: d.drop_vars("dwellings"), r"the weights \(dwellings\) are missing"),
        (lambda d: d.drop_vars("level"), r"the score of 2024 \(level or total\) is missing"),
        (lambda d: d.assign(level=d["level"] * 0 + 4.0), "all scores are the same"),
        (
            lambda d: d.isel(area=d["municipality"].values < "GM0005"),
            "scores of 5 municipalities; needed are 10",
        ),
    ],
)
def test_what_cannot_be_said_is_not(change, reason):
    answer = lr.questions.spread(change(country()))
    assert answer.verdict == "cannot be said"
    assert re.search(reason, answer.sentence["en"])
    assert answer.sentence["nl"].startswith("Niet te zeggen: ")


@pytest.mark.parametrize("level", [4.044, 0.1, 1 / 3, 4.1, 3.7])
def test_equal_scores_say_nothing_whatever_rounding_makes_of_their_mean(level):
    data = country(within=0.0)
    data = data.assign(level=data["level"] * 0 + level, score=data["score"] * 0 + level)
    answer = lr.questions.spread(data)
    assert answer.sentence["en"] == "Cannot be said: all scores are the same."
    varied = lr.questions.spread(data.assign(level=country(within=0.1)["level"]))
    assert varied.verdict == "holds"
    assert varied.details["dimensions"].drop(columns="dimension").isna().all(axis=None)


def test_deviations_serve_where_there_is_no_level():
    data = country(0.1, within=0.1)
    deviations = data.rename(level="total").assign(total=data["level"] - 4.1)
    one, other = lr.questions.spread(data), lr.questions.spread(deviations)
    np.testing.assert_allclose(one.table["share"], other.table["share"])
    assert "theil" not in other.details


def test_every_dimension_has_its_shares_and_the_map_shows_what_averages_hide():
    data = country(0.3, within=0.1)
    answer = lr.questions.spread(data)
    assert answer.details["dimensions"]["dimension"].tolist() == ["won", "vrz"]
    kept = np.ones(data.sizes["area"], dtype=bool)
    groups = {"municipality": np.repeat(np.arange(12), 240)}
    parts = divided(data["score"].values[0, 0], data["dwellings"].values, groups, kept)
    assert answer.details["dimensions"]["municipality"].iloc[0] == pytest.approx(parts.shares[0])
    weight = data["dwellings"].values
    assert abs(np.average(answer.map.values, weights=weight)) < 1e-6
    assert answer.figure["y"] == ["share"]


@pytest.mark.real_data
def test_real_neighbourhoods_of_2024(shared_data):
    """Every buurt counts once, for lack of dwellings: most variation lies within municipalities."""
    import pandas as pd

    table = pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv").sort_values("bu_code")
    data = xr.Dataset(
        {
            "total": (("year", "area"), table["afw"].to_numpy()[None]),
            "municipality": ("area", table["gm_naam"].to_numpy(str)),
            "district": ("area", table["bu_code"].str[:8].to_numpy(str)),
        },
        coords={"year": [2024], "area": table["bu_code"].to_numpy(str)},
    )
    answer = lr.questions.spread(data, weights=None)
    assert answer.verdict == "holds"
    assert len(answer.details["municipalities"]) == 342
    assert 0.5 < answer.table["share"].iloc[1:].sum() < 0.9


def test_limits_must_ascend():
    with pytest.raises(lr.UsageError, match=r"fails_below is 0\.6, holds_from 0\.5"):
        lr.questions.spread(country(), fails_below=0.6)
