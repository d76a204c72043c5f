"""`lr.questions.urbanity`: verdicts on made countries, a naive loop, laws, real buurten."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_countries import BROKEN, DIMENSIONS, FALLING, FLAT, RISING, claimed

import leefraster as lr
from leefraster.errors import InputError, UsageError
from leefraster.questions import urbanity
from leefraster.questions.course import course


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "holds"),
        ({"fys": BROKEN}, "mixed"),
        ({"fys": FLAT}, "mixed"),
        ({"fys": FALLING}, "mixed"),
        ({"vrz": [0.2, 0.0, 0.1, -0.05, -0.1]}, "mixed"),
        ({"vrz": RISING}, "does not hold"),
        ({"vrz": FLAT}, "does not hold"),
        ({"vrz": BROKEN}, "does not hold"),
    ],
)
def test_verdict_on_countries_made_for_it(changed, verdict):
    answer = urbanity(claimed(**changed))
    assert answer.verdict == verdict
    assert answer.rule
    assert answer.rule_nl


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda s: s.drop_vars("urbanity"), r"urbanity class \(urbanity\) is missing for 2024"),
        (
            lambda s: s.assign(urbanity=s.urbanity * np.nan),
            r"urbanity class \(urbanity\) is missing for 2024",
        ),
        (lambda s: s.drop_vars("dwellings"), r"weights \(dwellings\) are missing for 2024"),
        (lambda s: s.drop_vars("score"), r"scores by dimension \(score\) are missing"),
        (lambda s: s.sel(dimension=["won", "onv"]), "dimension vrz and at least one other are needed"),
        (lambda s: s.sel(dimension=["vrz"]), "at least one other"),
        (
            lambda s: s.isel(area=np.flatnonzero(s.urbanity != 4)),
            r"class 4 \(slightly urban\) has, for housing stock",
        ),
        (lambda s: s.isel(area=slice(5, None)), r"class 1 \(very strongly urban\).* 7 units"),
        (lambda s: s.assign(dwellings=s.dwellings / 100), "needed are 10 and 1,000"),
        (
            lambda s: s.assign(score=s.score.where(s.dimension != "soc")),
            "for social cohesion in 2024, 0 units",
        ),
    ],
)
def test_cannot_be_said_names_what_is_missing(spoil, missing):
    answer = urbanity(spoil(claimed()))
    assert answer.verdict == "cannot be said"
    with pytest.raises(AssertionError, match=missing):
        raise AssertionError(answer.sentence["en"])
    assert answer.sentence["nl"].startswith("Niet te zeggen: ")
    assert answer.table.empty


def naive(scores: xr.Dataset, code: str, k: int) -> tuple[float, float]:
    """Mean and standard deviation of a dimension in a class, by a plain loop."""
    total = weight = 0.0
    pairs = []
    for i in range(scores.sizes["area"]):
        value = float(scores.score.sel(year=2024, dimension=code)[i])
        w = float(scores.dwellings[i])
        if float(scores.urbanity[i]) == k and np.isfinite(value) and w > 0:
            pairs.append((value, w))
            total, weight = total + value * w, weight + w
    mean = total / weight
    return mean, (sum(w * (v - mean) ** 2 for v, w in pairs) / weight) ** 0.5


def test_means_and_spread_equal_a_naive_loop_with_gaps():
    rng = np.random.default_rng(3)
    scores = claimed(fys=BROKEN).copy(deep=True)
    scores["score"].values[rng.random(scores.score.shape) < 0.1] = np.nan
    scores["urbanity"].values[rng.random(60) < 0.1] = np.nan
    scores["dwellings"].values[rng.random(60) < 0.1] = np.nan
    answer = urbanity(scores, minimum_units=1, minimum_weight=0)
    spread = answer.details["spread"].set_index(["dimension", "urbanity"])
    for code in DIMENSIONS:
        for k in range(1, 6):
            mean, deviation = naive(scores, code, k)
            assert answer.table[code][k - 1] == pytest.approx(mean, abs=1e-12)
            assert spread.loc[(code, k), "standard_deviation"] == pytest.approx(deviation, abs=1e-12)


def test_total_is_the_sum_of_the_dimensions_where_it_is_not_given():
    given_total, without = urbanity(claimed()), urbanity(claimed().drop_vars("total"))
    pd.testing.assert_frame_equal(given_total.table, without.table)


def test_share_with_a_high_score_needs_the_level():
    scores = claimed()
    assert "high" not in urbanity(scores).details
    assert any("level is missing" in caveat for caveat in urbanity(scores).caveats)
    high = np.arange(60) % 3 == 0
    scores["level"] = (("year", "area"), np.where(high, 4.2, 3.9)[None])
    answer = urbanity(scores)
    table = answer.details["high"].set_index("urbanity_group")
    rural = scores.urbanity.values >= 4
    wanted = scores.dwellings.values[rural & high].sum() / scores.dwellings.values[rural].sum()
    assert table.loc["4-5", "high_share"] == pytest.approx(wanted)
    assert f"{100 * wanted:.0f} procent een totaalscore van klasse 7 of hoger" in answer.sentence["nl"]


def test_total_and_reference_serve_where_the_level_is_not_given():
    scores = claimed().assign(reference=("year", [4.1]))
    by_level = scores.assign(level=scores.total + 4.1)
    pd.testing.assert_frame_equal(urbanity(scores).details["high"], urbanity(by_level).details["high"])


def test_sentence_in_plain_dutch_and_english():
    answer = urbanity(claimed(fys=BROKEN))
    assert answer.sentence["nl"] == (
        "In 2024 geldt: hoe minder stedelijk, hoe lager de score op voorzieningen: van 0,200 naar -0,100 "
        "(klasse "
        "1 naar klasse 5). Minder stedelijk gebied scoort beter op woningvoorraad (van -0,100 naar 0,100), "
        "sociale samenhang (van -0,100 naar 0,100), en overlast en onveiligheid (van -0,100 naar 0,100). "
        "Geen "
        "vaste lijn is er in fysieke omgeving (van -0,100 in klasse 1 tot 0,080 in klasse 4)."
    )
    assert answer.sentence["en"].startswith(
        "In 2024, the lower the urbanity, the lower the score on amenities: from 0.200 to -0.100"
    )


def test_units_left_out_are_counted():
    scores = claimed().copy(deep=True)
    scores["urbanity"].values[:2] = np.nan
    scores["dwellings"].values[20:23] = 0
    caveats = " ".join(urbanity(scores, minimum_units=1).caveats)
    assert "2 of 60 areas with a score are left out: without an urbanity class" in caveats
    assert "3 of 60 areas with a score are left out: without a weight (dwellings)" in caveats


def test_cells_with_urbanity_and_weights_by_year_take_those_of_the_year():
    areas = claimed()
    cells = areas.rename(area="cell").assign_coords(cell=np.arange(60))
    both = xr.concat([cells.drop_vars(["urbanity", "dwellings"])] * 2, "year").assign_coords(
        year=[2022, 2024]
    )
    none = np.full(60, np.nan)
    both["urbanity"] = (("year", "cell"), np.array([none, areas.urbanity.values]))
    both["dwellings"] = (("year", "cell"), np.array([none, areas.dwellings.values]))
    pd.testing.assert_frame_equal(urbanity(both).table, urbanity(areas).table)
    assert urbanity(both, year=2022).verdict == "cannot be said"
    assert urbanity(both).map.dims == ("cell",)


def test_latest_year_is_the_latest_with_a_score():
    scores = claimed()
    empty = scores.assign(score=scores.score * np.nan).assign_coords(year=[2026])
    both = xr.concat([scores, empty], "year", data_vars="minimal")
    assert urbanity(both).inputs["year"] == 2024


def test_without_weights_every_unit_counts_once():
    scores = claimed()
    answer = urbanity(scores, weights=None, minimum_weight=0)
    wanted = scores.score.sel(year=2024, dimension="vrz").values[:12].mean()
    assert answer.table["vrz"][0] == pytest.approx(wanted)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_neither_order_of_units_nor_scale_of_weights_matters(seed, scale):
    scores = claimed(fys=BROKEN)
    order = np.random.default_rng(seed).permutation(60)
    plain = urbanity(scores, minimum_weight=0)
    shuffled = urbanity(scores.isel(area=order), minimum_weight=0)
    pd.testing.assert_frame_equal(shuffled.table, plain.table, check_exact=True)
    scaled = urbanity(scores.assign(dwellings=scores.dwellings * scale), minimum_weight=0)
    assert scaled.sentence == plain.sentence
    pd.testing.assert_frame_equal(
        scaled.details["spread"], plain.details["spread"], check_exact=False, rtol=1e-9
    )


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=5))
def test_a_mirrored_course_is_the_mirrored_name(means):
    mirrored = {"falling": "rising", "rising": "falling", "flat": "flat", "mixed": "mixed"}
    limits = {"minimum_range": 0.04, "tolerance": 0.0005}
    found = course(means, **limits)
    assert course([-m for m in means], **limits) == mirrored[found]
    assert course(means[::-1], **limits) == mirrored[found]


@pytest.mark.parametrize(
    ("means", "name"),
    [
        ([0.1, 0.0, 0.0004, -0.1, -0.1], "falling"),
        ([0.1, 0.0, 0.0006, -0.1, -0.1], "mixed"),
        ([0.0, 0.01, 0.02, 0.03, 0.039], "flat"),
        ([0.0, 0.01, 0.02, 0.03, 0.041], "rising"),
        ([0.0, 0.1, 0.0, 0.1, 0.0], "mixed"),
    ],
)
def test_course_at_its_limits(means, name):
    assert course(means, minimum_range=0.04, tolerance=0.0005) == name


def test_misuse_and_wrong_input_are_refused():
    scores = claimed()
    with pytest.raises(UsageError, match="year is 2023; measured are 2024"):
        urbanity(scores, year=2023)
    with pytest.raises(UsageError, match="dimension 'cell' or 'area'"):
        urbanity(scores.rename(area="place"))
    with pytest.raises(UsageError, match="dimension 'year'"):
        urbanity(scores.isel(year=0, drop=True))
    with pytest.raises(InputError, match="year 2024 occurs twice"):
        urbanity(xr.concat([scores, scores], "year", data_vars="minimal"))
    with pytest.raises(InputError, match=r"urbanity holds 7 \(60 of 60 values\); classes are 1"):
        urbanity(scores.assign(urbanity=scores.urbanity * 0 + 7))
    with pytest.raises(InputError, match="dwellings holds -"):
        urbanity(scores.assign(dwellings=scores.dwellings - 500))


@pytest.mark.real_data
def test_the_real_buurten_round_rotterdam(shared_data):
    buurten = pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv")
    cbs = pd.read_parquet(shared_data / "cbs_100m_rijnmond_2024" / "buurt_2024_stats.parquet")
    joined = buurten.merge(cbs, left_on="bu_code", right_on="buurtcode")
    assert len(joined) == 509
    scores = xr.Dataset(
        {
            "score": (("year", "dimension", "area"), joined[DIMENSIONS].to_numpy().T[None]),
            "total": (("year", "area"), joined["afw"].to_numpy()[None]),
            "urbanity": ("area", joined["stedelijkheid_adressen_per_km2"].to_numpy(dtype=np.float32)),
            "dwellings": ("area", joined["woningvoorraad"].to_numpy(dtype=float)),
        },
        coords={"year": [2024], "dimension": DIMENSIONS, "area": joined["bu_code"].to_numpy()},
    )
    answer = lr.questions.urbanity(scores)
    np.testing.assert_allclose(answer.table["vrz"], [0.178, -0.001, -0.052, -0.073, -0.128], atol=0.0005)
    courses = answer.details["courses"].set_index("dimension")
    assert courses.loc["onv", "class_1"] == pytest.approx(-0.143, abs=0.0005)
    assert courses.loc["onv", "class_5"] == pytest.approx(0.073, abs=0.0005)
    wanted = {"won": "rising", "fys": "mixed", "vrz": "falling", "soc": "rising", "onv": "rising"}
    assert {code: courses.loc[code, "course"] for code in DIMENSIONS} == wanted
    assert answer.verdict == "mixed"
    assert "van 0,178 naar -0,128" in answer.sentence["nl"]
