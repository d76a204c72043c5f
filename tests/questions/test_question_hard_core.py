"""`lr.questions.hard_core`: verdicts on made countries, counts by hand, the previous measurement."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_countries import with_clusters

import leefraster as lr
from leefraster.errors import InputError, LeefrasterWarning, UsageError
from leefraster.questions import hard_core

YEARS = [2014, 2016, 2018, 2020, 2022, 2024]
RISING = [4.00, 4.02, 4.04, 4.06, 4.08, 4.10]
BEHIND = [3.70, 3.724, 3.748, 3.772, 3.796, 3.82]
DIVERGING = [3.70, 3.69, 3.68, 3.67, 3.66, 3.65]
CATCHING_UP = [3.30, 3.40, 3.50, 3.60, 3.70, 3.80]

# So small a disc that the corners of a weak block, with two strong neighbours of four, are structural too.
RULE = lr.StructuralRule(radius=100)


def answered(country, weak, years=YEARS):
    scores = with_clusters(country, weak, years)
    return hard_core(scores, lr.structural_clusters(scores, RULE))


@pytest.mark.parametrize(
    ("country", "weak", "verdict"),
    [
        (RISING, [BEHIND], "holds"),
        (RISING, [BEHIND, CATCHING_UP], "holds"),
        (RISING, [DIVERGING], "holds"),
        (RISING, [CATCHING_UP], "mixed"),
        (RISING, [BEHIND, CATCHING_UP, CATCHING_UP], "mixed"),
        ([4.10] * 6, [[3.7] * 6], "mixed"),
        (RISING[::-1], [DIVERGING], "mixed"),
        (RISING, [], "does not hold"),
        (RISING, [[4.2] * 6], "does not hold"),
    ],
)
def test_verdict_on_countries_made_for_it(country, weak, verdict):
    answer = answered(country, weak)
    assert answer.verdict == verdict, answer.sentence["en"]
    assert answer.rule
    assert answer.rule_nl


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda s: s.isel(year=[0, 5]), "there are 2 measurement years; structural clusters take 3"),
        (lambda s: s.drop_vars("level"), "level of 2014 is missing"),
        (lambda s: s.drop_vars("dwellings"), "weights (dwellings) are missing"),
        (lambda s: s.assign(version=("year", ["2.0"] * 3 + ["3.0"] * 3)), "those of 2020 of version 3.0"),
        (lambda s: s, "structural clusters are missing"),
    ],
)
def test_cannot_be_said_names_what_is_missing(spoil, missing):
    answer = hard_core(spoil(with_clusters(RISING, [BEHIND], YEARS)), None)
    assert answer.verdict == "cannot be said"
    assert missing in answer.sentence["en"]
    assert answer.sentence["nl"].startswith("Niet te zeggen: ")


def test_counts_and_shares_equal_a_naive_loop():
    scores = with_clusters(RISING, [BEHIND, CATCHING_UP, DIVERGING], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    table = hard_core(scores, clusters).table.set_index("state")
    state_of = dict(zip(clusters.table["cluster"], clusters.table["state"], strict=True))
    for name, share in (("dwellings", "dwelling_share"), ("inhabitants", "inhabitant_share")):
        found, whole = dict.fromkeys([*table.index], 0.0), 0.0
        for i, label in enumerate(clusters.labels.values):
            count = float(scores[name][i])
            whole += count
            if label:
                found[state_of[int(label)]] += count
                found["all"] += count
        for state, count in found.items():
            assert table.loc[state, name] == pytest.approx(count)
            assert table.loc[state, share] == pytest.approx(count / whole)
    assert table["clusters"].to_dict() == {"diverging": 1, "lagging": 1, "catching up": 1, "all": 3}


def test_both_gaps_of_every_cluster_stand_beside_their_states():
    scores = with_clusters(RISING, [BEHIND, CATCHING_UP], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    table = clusters.table.assign(state_urbanity=["ahead", "diverging"])
    answer = hard_core(scores, replace(clusters, table=table))
    shown = answer.details["clusters"]
    for name in ("gap", "state", "gap_urbanity", "state_urbanity"):
        assert shown[name].tolist() == pytest.approx(table[name].tolist(), nan_ok=True), name
    assert answer.columns["state_urbanity"]["en"] == "state against the same urbanity class"
    assert set(shown.columns) <= set(answer.columns)


def test_clusters_that_are_not_below_the_country_are_counted_as_ahead():
    scores = with_clusters(RISING, [BEHIND, BEHIND], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    ahead = clusters.table.assign(state=["ahead", "lagging"])
    answer = hard_core(scores, replace(clusters, table=ahead))
    counted = answer.table.set_index("state")["clusters"].to_dict()
    assert counted == {"diverging": 0, "lagging": 1, "catching up": 0, "ahead": 1, "all": 2}
    assert "0 catch up and 1 is not behind." in answer.sentence["en"]
    assert "lopen 0 in en ligt 1 niet achter." in answer.sentence["nl"]


def test_country_is_the_mean_weighted_by_the_dwellings_of_the_year():
    scores = with_clusters(RISING, [BEHIND], YEARS)
    dwellings = np.arange(6 * 1600, dtype=float).reshape(6, 1600) % 37 + 20
    scores["dwellings"] = (("year", "cell"), dwellings)
    country = hard_core(scores, lr.structural_clusters(scores, RULE)).details["country"]
    for y, level in enumerate(country["level"]):
        assert level == pytest.approx(np.average(scores.level.values[y], weights=dwellings[y]))


def test_previous_measurement_is_the_rule_on_the_earlier_years():
    late = [4.0, 4.0, 3.7, 3.7, 3.7, 3.7]
    early = [3.7, 3.7, 3.7, 3.7, 3.7, 4.2]
    scores = with_clusters(RISING, [BEHIND, early, late], YEARS)
    answer = hard_core(scores, lr.structural_clusters(scores, RULE))
    earlier = lr.structural_clusters(scores.sel(year=YEARS[:-1]), RULE)
    before, latest = answer.details["measurements"].itertuples()
    assert (before.year, latest.year) == (2022, 2024)
    assert before.clusters == len(earlier.table)
    assert before.dwellings == pytest.approx(earlier.table["dwellings"].sum())
    assert (before.years_needed, before.years_measured) == (4, 5)
    assert latest.clusters == answer.table["clusters"].iloc[-1]
    stayed = (earlier.labels.values > 0) & (lr.structural_clusters(scores, RULE).labels.values > 0)
    assert latest.stayed_dwellings == 20 * stayed.sum()
    assert "in 4 of 5 measurement years, against 5 of 6" in answer.caveats[-1]


@pytest.mark.parametrize(
    ("weak", "words"),
    [
        ([BEHIND, [3.7] * 5 + [4.2]], "hun aantal is gedaald, hun aandeel in de woningen gedaald"),
        ([BEHIND], "hun aantal is gelijk gebleven, hun aandeel in de woningen gelijk gebleven"),
        ([BEHIND, [4.1, 3.7, 3.7, 3.7, 3.7, 3.7]], "hun aantal is gelijk gebleven"),
        ([BEHIND, [4.1, 4.1, 3.7, 3.7, 3.7, 3.7]], "hun aantal is gelijk gebleven"),
    ],
)
def test_more_or_fewer_than_before_is_said(weak, words):
    assert words in answered(RISING, weak).sentence["nl"]


def test_a_new_cluster_is_more_than_before():
    rule = lr.StructuralRule(radius=100, share_of_years=0.5)
    scores = with_clusters(RISING, [BEHIND, [4.1, 4.1, 4.1, 3.7, 3.7, 3.7]], YEARS)
    answer = hard_core(scores, lr.structural_clusters(scores, rule))
    assert answer.inputs["rule"]["share_of_years"] == 0.5
    assert "waren het er" not in answer.sentence["nl"]
    assert "was het er 1 bij de vorige meting (2022)" in answer.sentence["nl"]
    assert "hun aantal is gestegen, hun aandeel in de woningen gestegen" in answer.sentence["nl"]


def test_three_years_have_no_previous_measurement():
    answer = answered(RISING[-3:], [BEHIND[-3:]], YEARS[-3:])
    assert answer.verdict == "holds"
    assert len(answer.details["measurements"]) == 1
    assert "vorige meting" not in answer.sentence["nl"]
    assert any("takes four measurement years" in caveat for caveat in answer.caveats)


def test_sentence_in_plain_dutch_and_english():
    answer = answered(RISING, [BEHIND, CATCHING_UP])
    assert answer.sentence["nl"].startswith(
        "In 2024 zijn er 2 structureel zwakke clusters, met 8,0 procent van de woningen, 8,0 procent van de "
        "huishoudens en 8,0 procent van de inwoners (2.560 woningen). Het gemiddelde niveau van alle "
        "woningen ging tussen 2014 en 2024 van "
    )
    assert (
        "Ten opzichte van dat gemiddelde raken 0 verder achterop, blijft 1 achter en loopt 1 in."
        in (answer.sentence["nl"])
    )
    assert "Compared with that mean, 0 diverge, 1 lags and 1 catches up." in answer.sentence["en"]
    one = answered(RISING, [BEHIND])
    assert one.sentence["nl"].startswith("In 2024 is er 1 structureel zwak cluster, met 4,0 procent")
    none = answered(RISING, [])
    assert none.sentence["nl"].startswith("In 2024 zijn er geen structureel zwakke clusters. Het gemiddelde")


def test_unknown_households_are_left_out_of_sentence_and_table():
    scores = with_clusters(RISING, [BEHIND], YEARS).drop_vars(["households", "inhabitants"])
    answer = hard_core(scores, lr.structural_clusters(scores, RULE))
    assert "huishoudens" not in answer.sentence["nl"]
    assert np.isnan(answer.table["household_share"]).all()


def test_bridges_are_counted_and_shown():
    scores = with_clusters(RISING, [BEHIND], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    bridge = clusters.cells["bridge"].copy(data=clusters.labels.values > 0)
    bridged = replace(clusters, cells=clusters.cells.assign(bridge=bridge))
    table = hard_core(scores, bridged).table
    assert table["bridge_dwellings"].iloc[-1] == table["dwellings"].iloc[-1] == 64 * 20


def test_the_map_numbers_clusters_as_the_table_ranks_them():
    scores = with_clusters(RISING, [CATCHING_UP, BEHIND, DIVERGING], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    turned = replace(clusters, table=clusters.table.assign(rank=[2, 3, 1]))
    found = hard_core(scores, turned).map
    for row in turned.table.itertuples():
        assert set(np.unique(found.values[clusters.labels.values == row.cluster])) == {row.rank}
    assert ((found.values > 0) == (clusters.labels.values > 0)).all()
    assert found.attrs["long_name"] == "structurally weak clusters by rank of severity"


def test_areas_are_counted_but_not_compared():
    scores = with_clusters(RISING, [BEHIND], YEARS)
    clusters = lr.structural_clusters(scores, RULE)

    def of_areas(obj):
        return obj.rename(cell="area").drop_vars("spatial_ref")

    moved = replace(clusters, labels=of_areas(clusters.labels), cells=of_areas(clusters.cells))
    answer = hard_core(of_areas(scores), moved)
    assert answer.verdict == "holds"
    assert answer.map.dims == ("area",)
    assert any("possible for cells only" in caveat for caveat in answer.caveats)


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_order_of_cells_and_years_does_not_matter(seed):
    scores = with_clusters(RISING, [BEHIND, DIVERGING], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    rng = np.random.default_rng(seed)
    mixed = scores.isel(cell=rng.permutation(1600), year=rng.permutation(6))
    one, other = hard_core(scores, clusters), hard_core(mixed, clusters)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.details["measurements"], other.details["measurements"])
    assert one.sentence == other.sentence


def test_a_rule_that_can_select_nothing_gives_no_verdict():
    scores = with_clusters(RISING, [BEHIND], YEARS)
    found = lr.structural_clusters(scores, RULE)
    none = replace(found, labels=found.labels * 0, table=found.table.iloc[:0])
    whole = float(scores["dwellings"].sum())
    assert hard_core(scores, none).verdict == "does not hold"  # the rule could have selected some
    assert (
        hard_core(scores, replace(none, rule=replace(RULE, minimum_dwellings=whole))).verdict
        == "does not hold"
    )
    above = hard_core(scores, replace(none, rule=replace(RULE, minimum_dwellings=whole + 1)))
    assert above.verdict == "cannot be said"
    assert above.sentence["en"] == (
        "Cannot be said: by the rule there can be no cluster: one has at least 32,001 dwellings, and units with a "
        "level in 3 measurement years and in the latest 2 have 32,000 dwellings together (of 32,000 dwellings in "
        "the country)."
    )
    assert "ten minste 32.001 woningen" in above.sentence["nl"]
    level = scores["level"].copy()
    level[4] = np.nan  # one of the latest two years is missing everywhere
    assert "have 0 dwellings together" in hard_core(scores.assign(level=level), none).sentence["en"]
    level = scores["level"].copy()
    level[1:5, :-20] = np.nan  # 20 of 1,600 cells have three years
    few = hard_core(scores.assign(level=level), none)
    assert (few.verdict, "latest 2 have 400 dwellings" in few.sentence["en"]) == ("does not hold", False)
    few = hard_core(scores.assign(level=level), replace(none, rule=replace(RULE, minimum_dwellings=401)))
    assert (few.verdict, "latest 2 have 400 dwellings" in few.sentence["en"]) == ("cannot be said", True)


def test_levels_without_any_error_give_no_verdict():
    scores = with_clusters(RISING, [BEHIND], YEARS)
    unknown = scores.assign(level_error=scores["level"] * np.nan)
    with pytest.warns(LeefrasterWarning, match="can select nothing"):
        none = lr.structural_clusters(unknown, RULE)
    answer = hard_core(unknown, none)
    assert answer.sentence["en"] == (
        "Cannot be said: by the rule there can be no cluster: no unit with a level in 3 measurement years and in "
        "the latest 2 has an error (level_error) there."
    )
    one = unknown["level_error"].copy()
    one[3:, 0] = 0.01
    assert hard_core(unknown.assign(level_error=one), none).verdict == "does not hold"
    one[4, 0] = np.nan  # the latest two are needed
    assert hard_core(unknown.assign(level_error=one), none).verdict == "cannot be said"


def test_misuse_and_wrong_input_are_refused():
    scores = with_clusters(RISING, [BEHIND], YEARS)
    clusters = lr.structural_clusters(scores, RULE)
    with pytest.raises(
        UsageError, match=r"clusters is a str; it must be what lr\.structural_clusters returns"
    ):
        hard_core(scores, "x")
    with pytest.raises(UsageError, match="scores is a NoneType; it must be a Dataset"):
        hard_core(None, clusters)
    with pytest.raises(InputError, match=r"urbanity holds 7 \(1600 of 1600 values\); classes are 1"):
        hard_core(scores.assign(urbanity=scores["dwellings"] * 0 + 7), clusters)
    with pytest.raises(UsageError, match="64 of their units are not among those of the scores"):
        hard_core(scores.isel(cell=slice(0, 100)), clusters)
    with pytest.raises(InputError, match="year 2014 occurs twice"):
        hard_core(scores.isel(year=[0, 0, 1, 2]), clusters)
    with pytest.raises(InputError, match="dwellings holds -1"):
        hard_core(scores.assign(dwellings=scores.dwellings - 21), clusters)
    for name in ("households", "inhabitants"):
        for wrong in (-3, np.inf):
            counts = scores[name].copy()
            counts[7] = wrong
            with pytest.raises(InputError, match=rf"{name} holds {wrong:g} in 2024 \(1 of 1600 values\)"):
                hard_core(scores.assign({name: counts}), clusters)
    missing_place = scores.isel(cell=np.flatnonzero(clusters.labels.values > 0))
    assert isinstance(hard_core(missing_place, clusters).map, xr.DataArray)
