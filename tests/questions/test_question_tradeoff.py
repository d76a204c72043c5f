"""Trade-off: right on countries made to hold, not to hold, to be mixed and not to say."""

import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

import leefraster as lr


def country(slopes=(-1.0,) * 5, noise=0.5, seed=0, n=3000):
    """Return units of which `onv` follows `vrz` with a slope that differs by urbanity class."""
    rng = np.random.default_rng(seed)
    urbanity = rng.integers(1, 6, n)
    x = rng.normal(0, 0.1, n)
    y = np.array(slopes)[urbanity - 1] * x + rng.normal(0, noise * 0.1, n)
    return xr.Dataset(
        {
            "score": (("year", "dimension", "area"), np.stack([x, y, rng.normal(0, 0.1, n)])[None]),
            "urbanity": ("area", urbanity.astype(float)),
            "dwellings": ("area", rng.integers(1, 60, n).astype(float)),
            "municipality": ("area", [f"GM{i:04d}" for i in rng.integers(0, 40, n)]),
        },
        coords={"year": [2024], "dimension": ["vrz", "onv", "won"], "area": [f"u{i:05d}" for i in range(n)]},
    )


@pytest.mark.parametrize(
    ("slopes", "verdict"),
    [
        ((-1,) * 5, "holds"),
        ((0,) * 5, "does not hold"),
        ((1,) * 5, "does not hold"),
        ((-1, -1, -1, 0, 0), "mixed"),
        ((-1, -1, -1, -1, 0.5), "mixed"),
    ],
)
def test_the_verdict_follows_from_the_country(slopes, verdict):
    answer = lr.questions.tradeoff(country(slopes))
    assert answer.verdict == verdict
    assert answer.table["group"].tolist() == ["all", "1", "2", "3", "4", "5"]
    assert (answer.table["low"] < answer.table["correlation"]).all()


def test_correlations_are_those_of_scipy_where_weights_are_equal():
    data = country((-1, -0.5, 0, 0.5, 1))
    answer = lr.questions.tradeoff(data, weights=None)
    x, y = data["score"].values[0, :2]
    for row in answer.table.itertuples():
        inside = np.ones(x.size, bool) if row.group == "all" else data["urbanity"].values == int(row.group)
        assert row.correlation == pytest.approx(pearsonr(x[inside], y[inside]).statistic, abs=1e-12)
    pairs = answer.details["dimensions"].set_index(["one", "other"])["correlation"]
    assert pairs["vrz", "won"] == pytest.approx(np.corrcoef(x, data["score"].values[0, 2])[0, 1])


def test_weights_are_as_if_units_were_repeated():
    data = country(n=300).assign(dwellings=("area", np.tile([1.0, 2.0, 3.0], 100)))
    x, y = data["score"].values[0, :2]
    times = data["dwellings"].values.astype(int)
    expected = np.corrcoef(np.repeat(x, times), np.repeat(y, times))[0, 1]
    assert lr.questions.tradeoff(data).table["correlation"].iloc[0] == pytest.approx(expected, abs=1e-12)


def test_limits_hold_the_truth_as_often_as_they_say():
    inside = 0
    for seed in range(120):
        table = lr.questions.tradeoff(country((-0.5,) * 5, noise=1.0, seed=seed, n=600)).table
        truth = -0.5 / np.sqrt(0.25 + 1.0)
        inside += table["low"].iloc[0] <= truth <= table["high"].iloc[0]
    assert 0.88 <= inside / 120 <= 1.0


@given(seed=st.integers(0, 2**20), shift=st.floats(-1, 1), factor=st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=15, deadline=None)
def test_neither_shift_nor_scale_nor_order_matters(seed, shift, factor):
    data = country(seed=seed, n=500)
    plain = lr.questions.tradeoff(data).table[["correlation", "low", "high"]]
    moved = data.assign(score=data["score"] * factor + shift, dwellings=data["dwellings"] * factor)
    np.testing.assert_allclose(
        lr.questions.tradeoff(moved).table[["correlation", "low", "high"]], plain, atol=1e-9
    )
    order = np.random.default_rng(seed).permutation(500)
    turned = lr.questions.tradeoff(data.isel(area=order)).table[["correlation", "low", "high"]]
    assert turned.equals(plain)


def test_the_places_where_both_meet_are_counted_with_their_surroundings():
    rng = np.random.default_rng(2)
    coords = {"y": 100.0 * np.arange(20)[::-1] + 50, "x": 100.0 * np.arange(20) + 50}
    x = rng.normal(0, 0.1, (20, 20))
    x[:8, :8] += 1
    raster = xr.DataArray(np.stack([x, -x])[None], dims=("year", "dimension", "y", "x"), coords={
        **coords, "year": [2024], "dimension": ["vrz", "onv"]
    })  # fmt: skip
    data = lr.from_raster(raster.to_dataset(name="score"))
    answer = lr.questions.tradeoff(
        data, weights=None, block_side=500.0, neighbourhood=lr.Neighbourhood.queen()
    )
    local = answer.details["local"].set_index("cluster")["units"]
    assert local["high-low"] >= 49
    assert local["high-high"] == 0
    assert local.sum() == 400
    assert answer.map.sel(cell=data["cell"][0]) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.drop_vars("score"), "scores by dimension .* are missing"),
        (lambda d: d.sel(dimension=["vrz", "won"]), "dimension onv is missing; given: vrz, won"),
        (lambda d: d.isel(area=slice(0, 20)), "there are 20 units with both scores"),
        (lambda d: d.drop_vars("dwellings"), r"the weights \(dwellings\) are missing"),
        (
            lambda d: d.assign(score=d["score"] * 0),
            "scores on amenities, and nuisance and insecurity do not vary",
        ),
        (lambda d: d.assign(score=d["score"] * np.nan), r"amenities \(vrz\) is missing everywhere in 2024"),
        (
            lambda d: d.assign(score=d["score"].where(d["dimension"] != "onv")),
            r"nuisance and insecurity \(onv\) is missing everywhere in 2024",
        ),
        (
            lambda d: d.assign(dwellings=d["dwellings"].where(d["area"] == "")),
            r"weights \(dwellings\) are missing",
        ),
    ],
)
def test_what_cannot_be_said_is_not(change, reason):
    answer = lr.questions.tradeoff(change(country()))
    assert answer.verdict == "cannot be said"
    assert re.search(reason, answer.sentence["en"])


def test_scores_and_weights_that_never_meet_are_no_error():
    data = country()
    data["score"][0, 0, 10:] = np.nan
    data["dwellings"][:10] = 0
    answer = lr.questions.tradeoff(data, minimum_units=0)
    assert answer.verdict == "cannot be said"
    assert "there are 0 units with both scores and a weight; needed are 1" in answer.sentence["en"]


def test_a_class_of_urbanity_without_units_is_left_out_whatever_the_minimum():
    data = country()
    without = data.isel(area=np.flatnonzero(data["urbanity"].values != 3))
    assert lr.questions.tradeoff(without, minimum_units=0).table["group"].tolist() == [
        "all",
        "1",
        "2",
        "4",
        "5",
    ]


def test_dimensions_are_named_in_titles():
    answer = lr.questions.tradeoff(country())
    assert answer.figure["title"] == "Correlation of amenities with nuisance and insecurity, 2024"
    assert answer.figure["title_nl"] == "Samenhang van voorzieningen met overlast en onveiligheid, 2024"
    assert answer.map.attrs["flag_meanings"].split()[1] == "both_alike"
    assert "amenities_above,_nuisance_and_insecurity_below" in answer.map.attrs["flag_meanings"]


def test_a_relation_that_its_limits_leave_open_is_left_open():
    answer = lr.questions.tradeoff(country((-0.2,) * 5, noise=1.5, n=60), minimum_units=20)
    assert answer.verdict == "cannot be said"
    assert "too uncertain" in answer.sentence["en"]
    assert "te onzeker" in answer.sentence["nl"]


def test_without_urbanity_only_all_units_are_looked_at_and_it_is_said():
    answer = lr.questions.tradeoff(country().drop_vars("urbanity"))
    assert answer.verdict == "holds"
    assert any("Urbanity is not known" in text for text in answer.caveats)
    assert len(answer.caveats) == len(answer.caveats_nl)


@pytest.mark.real_data
def test_real_neighbourhoods_of_2024(shared_data):
    """DOMAIN: amenities correlate -.70 with nuisance and insecurity over the 12,147 buurten."""
    import pandas as pd

    table = pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv").sort_values("bu_code")
    data = xr.Dataset(
        {
            "score": (("year", "dimension", "area"), table[["vrz", "onv"]].to_numpy().T[None]),
            "municipality": ("area", table["gm_naam"].to_numpy(str)),
        },
        coords={"year": [2024], "dimension": ["vrz", "onv"], "area": table["bu_code"].to_numpy(str)},
    )
    answer = lr.questions.tradeoff(data, weights=None)
    assert answer.verdict == "holds"
    assert round(answer.table["correlation"].iloc[0], 2) == -0.70
