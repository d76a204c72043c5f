"""`lr.questions.catch_up`: verdicts on made countries, naive loops for means and jackknife, laws."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_countries import two_years

from leefraster.errors import InputError, UsageError
from leefraster.questions import catch_up
from leefraster.questions.direction import direction_of_change
from leefraster.questions.jackknife import (
    Interval,
    block_means,
    covariance,
    critical_value,
    interval,
    ratio_interval,
)

LAGGING = [3.95, 4.05, 4.08, 4.10, 4.12]
CLOSING = [0.05, 0.02, 0.02, 0.02, 0.02]
LOOSE = {"minimum_units": 1, "minimum_weight": 0}


@pytest.mark.parametrize(
    ("start", "change", "verdict"),
    [
        (LAGGING, CLOSING, "holds"),
        (LAGGING, [0.05, 0.02, 0.02, 0.02, -0.02], "mixed"),
        (LAGGING, [0.02, 0.02, 0.02, 0.02, 0.02], "mixed"),
        (LAGGING, [0.02, 0.05, 0.05, 0.05, 0.05], "mixed"),
        (LAGGING, [-0.02, 0.02, 0.02, 0.02, 0.02], "does not hold"),
        (LAGGING, [0.05, -0.005, -0.005, -0.005, -0.02], "does not hold"),
        (LAGGING[::-1], CLOSING, "does not hold"),
        ([4.0] * 5, CLOSING, "cannot be said"),
    ],
)
def test_verdict_on_countries_made_for_it(start, change, verdict):
    answer = catch_up(two_years(start, change), minimum_weight=0)
    assert answer.verdict == verdict, answer.sentence["en"]


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda s: s.sel(year=[2024]), "one measurement year (2024)"),
        (lambda s: s.drop_vars("level"), "level of 2014 is missing"),
        (lambda s: s.drop_vars("level").assign(total=s.level - 4.1), "level of 2014 is missing"),
        (lambda s: s.assign(level=s.level.where(s.year < 2024)), "level of 2024 is missing"),
        (lambda s: s.drop_vars("urbanity"), "urbanity class (urbanity) is missing for 2014"),
        (lambda s: s.drop_vars("dwellings"), "weights (dwellings) are missing for 2014"),
        (
            lambda s: s.assign(version=("year", ["2.0", "3.0"])),
            "of version 2.0 and those of 2024 of version 3.0",
        ),
        (lambda s: s.isel(cell=np.flatnonzero(s.urbanity != 3)), "class 3 (moderately urban) has 0 units"),
        (lambda s: s.isel(cell=slice(0, 40)), "class 1 (very strongly urban) has 8 units"),
        (lambda s: s.assign(municipality=s.municipality.str[:5]), "class 1 lies in 2 municipalities"),
        (lambda s: s.drop_vars(["municipality", "x", "y"]), "coordinates (x, y) are missing"),
    ],
)
def test_cannot_be_said_names_what_is_missing(spoil, missing):
    answer = catch_up(spoil(two_years(LAGGING, CLOSING)), minimum_weight=0)
    assert answer.verdict == "cannot be said"
    assert missing in answer.sentence["en"]
    assert answer.sentence["nl"].startswith("Niet te zeggen: ")


def test_a_rise_that_may_be_chance_is_no_rise():
    answer = catch_up(two_years(LAGGING, [0.05, 0.02, 0.02, 0.02, 0.005], sd_change=0.02), minimum_weight=0)
    row = answer.table.set_index("urbanity").loc["5"]
    assert row["change"] > 0.001
    assert row["change_low"] < 0
    assert row["course"] == "open"
    assert answer.verdict == "mixed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            [0.006, 0.02, 0.02, 0.02, 0.02],
            "whether the level rose in very strongly urban areas between 2014 and 2024",
        ),
        (
            [0.05, 0.002, 0.002, 0.002, -0.06],
            "whether the level rose in less urban classes between 2014 and 2024",
        ),
    ],
)
def test_a_rise_that_is_neither_shown_nor_ruled_out_gives_no_verdict(change, said):
    answer = catch_up(two_years(LAGGING, change, sd_change=0.02), minimum_weight=0)
    courses = answer.table.set_index("urbanity")["course"]
    assert answer.verdict == "cannot be said"
    assert answer.sentence["en"].startswith(f"Cannot be said: {said} is open (")
    assert answer.sentence["nl"].endswith(").")
    assert (courses["1"] == "open") == (change[0] < 0.05)
    assert "5: -0.06" not in answer.sentence["en"]  # that class fell
    sure = catch_up(two_years(LAGGING, [one - 0.04 for one in change], sd_change=0.02), minimum_weight=0)
    assert sure.verdict == "does not hold"  # a rise is ruled out


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ((0.02, 0.01, 0.03), "rose"),
        ((-0.02, -0.03, -0.01), "fell"),
        ((0.024, -0.005, 0.053), "open"),
        ((-0.01, -0.03, 0.0009), "no rise"),
        ((-0.01, -0.03, 0.001), "open"),
        ((0.0005, 0.0001, 0.0009), "no rise"),
        ((0.0005, 0.0001, 0.002), "open"),
    ],
)
def test_a_course_is_ruled_out_by_the_smallest_change_that_matters(change, found):
    assert direction_of_change(Interval(*change), 0.001, "rise") == found
    mirrored = Interval(-change[0], -change[2], -change[1])
    other = {"rose": "fell", "fell": "rose", "no rise": "no fall"}.get(found, found)
    assert direction_of_change(mirrored, 0.001, "fall") == other
    word = {"rose": "grew", "fell": "shrank", "no rise": "no growth"}.get(found, found)
    assert direction_of_change(Interval(*change), 0.001, "growth") == word


def test_a_sure_rise_of_next_to_nothing_is_no_rise():
    change = [0.05, 0.02, 0.02, 0.02, 0.0005]
    answer = catch_up(two_years(LAGGING, change, sd_change=0.0), minimum_weight=0)
    row = answer.table.set_index("urbanity").loc["5"]
    assert 0 < row["change_low"] < 0.001
    assert row["course"] == "no rise"


def test_an_insignificant_lag_still_shows_the_changes():
    answer = catch_up(two_years([4.0] * 5, CLOSING), minimum_weight=0)
    assert "does not differ from zero" in answer.sentence["en"]
    assert len(answer.table) == 7
    assert not np.isfinite(answer.details["lag"]["share_high"][0])


def gappy(seed: int = 5) -> xr.Dataset:
    """A country in which cells come and go, and urbanity changes."""
    rng = np.random.default_rng(seed)
    scores = two_years(LAGGING, CLOSING, per_class=4).copy(deep=True)
    n = scores.sizes["cell"]
    scores["level"].values[rng.random((2, n)) < 0.1] = np.nan
    scores["dwellings"].values[rng.random((2, n)) < 0.05] = np.nan
    later = np.clip(scores.urbanity.values + (rng.random(n) < 0.2), 1, 5)
    scores["urbanity"] = (("year", "cell"), np.array([scores.urbanity.values, later]))
    return scores


def naive_mean(pairs: list[tuple[float, float]]) -> float:
    return sum(v * w for v, w in pairs) / sum(w for _, w in pairs)


def cells_of(scores: xr.Dataset, members: tuple[int, ...]) -> dict[str, list[tuple[float, ...]]]:
    """Existing, new and vanished cells of some classes as (level, level, weight, weight), by a plain loop."""
    found: dict[str, list[tuple[float, ...]]] = {"existing": [], "new": [], "vanished": []}
    for i in range(scores.sizes["cell"]):
        before, after = (float(v) for v in scores.level.values[:, i])
        first, last = (0.0 if np.isnan(w) else float(w) for w in scores.dwellings.values[:, i])
        kind, later = scores.urbanity.values[:, i]
        row = (before, after, first, last)
        if np.isfinite(before) and np.isfinite(after) and first > 0 and kind in members:
            found["existing"].append(row)
        elif not np.isfinite(before) and np.isfinite(after) and last > 0 and later in members:
            found["new"].append(row)
        elif np.isfinite(before) and not np.isfinite(after) and first > 0 and kind in members:
            found["vanished"].append(row)
    return found


@pytest.mark.parametrize(("name", "members"), [("1", (1,)), ("4", (4,)), ("2-5", (2, 3, 4, 5))])
def test_levels_and_cells_equal_a_naive_loop(name, members):
    scores = gappy()
    answer = catch_up(scores, **LOOSE)
    row = answer.table.set_index("urbanity").loc[name]
    cells = answer.details["cells"].set_index("urbanity").loc[name]
    found = cells_of(scores, members)
    start = naive_mean([(r[0], r[2]) for r in found["existing"]])
    assert row["level_start"] == pytest.approx(start)
    assert row["level_end"] == pytest.approx(naive_mean([(r[1], r[2]) for r in found["existing"]]))
    current = naive_mean([(r[1], r[3]) for r in found["existing"]])
    assert row["level_end_current"] == pytest.approx(current)
    for which in found:
        assert cells[f"{which}_units"] == len(found[which])
    assert cells["new_level"] == pytest.approx(naive_mean([(r[1], r[3]) for r in found["new"]]))
    assert cells["vanished_level"] == pytest.approx(naive_mean([(r[0], r[2]) for r in found["vanished"]]))
    everything = naive_mean([(r[1], r[3]) for r in found["existing"] + found["new"]]) - naive_mean(
        [(r[0], r[2]) for r in found["existing"] + found["vanished"]]
    )
    assert cells["change_all"] == pytest.approx(everything)
    assert row["change_current"] + cells["change_by_coming_and_going"] == pytest.approx(everything)


def test_lag_and_share_equal_a_naive_jackknife():
    scores = two_years(LAGGING, CLOSING)
    lag = catch_up(scores, minimum_weight=0).details["lag"].iloc[0]

    def estimate(part: xr.Dataset) -> np.ndarray:
        means = {}
        for city in (True, False):
            inside = (part.urbanity.values == 1) == city
            weights = part.dwellings.values[0][inside]
            means[city] = [np.average(part.level.values[y][inside], weights=weights) for y in (0, 1)]
        start, end = (means[False][y] - means[True][y] for y in (0, 1))
        return np.array([start - end, start])

    whole = estimate(scores)
    codes = np.unique(scores.municipality.values)
    without = np.array(
        [estimate(scores.isel(cell=np.flatnonzero(scores.municipality != code))) for code in codes]
    )
    variances = (codes.size - 1) / codes.size * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    critical = critical_value(lag["effective_blocks"], 0.95)
    assert lag["lag_start"] == pytest.approx(whole[1])
    assert lag["share_made_up"] == pytest.approx(whole[0] / whole[1])
    assert lag["lag_start_high"] - lag["lag_start"] == pytest.approx(critical * variances[1] ** 0.5)


def test_the_lag_of_the_country_is_less_than_that_of_the_rest():
    lag = catch_up(two_years(LAGGING, CLOSING), minimum_weight=0).details["lag"]
    country = lag[lag["against"] == "country"].iloc[0]
    assert 0 < country["lag_start"] < lag["lag_start"][0]


@given(
    st.floats(-1, 1),
    st.floats(0.01, 2),
    st.floats(0.001, 0.5),
    st.floats(0.001, 0.5),
    st.floats(-0.9, 0.9),
    st.floats(1, 4),
)
def test_fieller_is_bounded_exactly_when_the_denominator_is_significant(n, d, sd_n, sd_d, r, critical):
    both = np.array([[sd_n**2, r * sd_n * sd_d], [r * sd_n * sd_d, sd_d**2]])
    found = ratio_interval(n, d, both, critical)
    significant = interval(d, sd_d**2, critical).low > 1e-9
    if np.isfinite(found.high):
        assert interval(d, sd_d**2, critical).low > 0
        assert found.low <= n / d <= found.high
        for limit in (found.low, found.high):
            off = (n - limit * d) ** 2 - critical**2 * (
                both[0, 0] - 2 * limit * both[0, 1] + limit**2 * both[1, 1]
            )
            assert off == pytest.approx(0, abs=1e-6 * (1 + limit**2))
    else:
        assert not significant


def test_intervals_cover_the_truth_when_places_are_alike():
    """Cells of a municipality are alike: 95 % intervals hold the true share in 95 % of 300 countries."""
    rng = np.random.default_rng(8)
    blocks, size, lag, share = 40, 30, 0.12, 0.2
    block, covered, naive = np.repeat(np.arange(blocks), size), 0, 0
    for _ in range(300):
        city = rng.random(blocks * size) < np.repeat(rng.beta(0.5, 1.5, blocks), size)
        weights = rng.lognormal(0, 0.5, city.size)
        start = 4.1 - lag * city + rng.normal(0, 0.05, blocks)[block] + rng.normal(0, 0.02, city.size)
        end = start + 0.02 + share * lag * city + rng.normal(0, 0.02, blocks)[block]
        cities, rest = np.where(city, weights, 0.0), np.where(city, 0.0, weights)
        columns = [(start, cities), (end, cities), (start, rest), (end, rest)]

        def made_up(m):
            return np.stack([(m[..., 2] - m[..., 0]) - (m[..., 3] - m[..., 1]), m[..., 2] - m[..., 0]], -1)

        for by_cell in (False, True):
            unit = np.arange(city.size) if by_cell else block
            means = block_means(columns, unit, int(unit.max()) + 1)
            estimate = made_up(means.means)
            critical = critical_value(float(means.effective[[0, 2]].min()), 0.95)
            found = ratio_interval(*estimate, covariance(made_up(means.without)), critical)
            held = found.low <= share <= found.high
            covered, naive = covered + (held and not by_cell), naive + (held and by_cell)
    assert 0.92 <= covered / 300 <= 0.99
    assert naive / 300 < 0.8


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=10, deadline=None)
def test_neither_order_nor_scale_of_weights_matters(seed, scale):
    scores = gappy()
    order = np.random.default_rng(seed).permutation(scores.sizes["cell"])
    plain = catch_up(scores, **LOOSE)
    shuffled = catch_up(scores.isel(cell=order, year=[1, 0]), **LOOSE)
    for one, other in (
        (plain.table, shuffled.table),
        *zip(plain.details.values(), shuffled.details.values(), strict=True),
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    scaled = catch_up(scores.assign(dwellings=scores.dwellings * scale), **LOOSE)
    assert scaled.sentence == plain.sentence
    pd.testing.assert_frame_equal(scaled.details["lag"], plain.details["lag"], rtol=1e-6)


def test_default_years_are_2014_and_the_latest():
    scores = two_years(LAGGING, CLOSING)
    early = scores.isel(year=[0]).assign_coords(year=[2002])
    longer = xr.concat([early, scores], "year", data_vars="minimal")
    assert catch_up(longer, minimum_weight=0).inputs["start"] == 2014
    assert catch_up(longer, start=2002, minimum_weight=0).inputs["start"] == 2002
    other = scores.assign_coords(year=[2016, 2024])
    assert catch_up(other, minimum_weight=0).inputs["start"] == 2016


def test_total_and_reference_serve_as_level():
    scores = two_years(LAGGING, CLOSING)
    reference = xr.DataArray([4.05, 4.08], dims="year", coords={"year": scores.year})
    other = scores.drop_vars("level").assign(total=scores.level - reference, reference=reference)
    one, two = (catch_up(s, minimum_weight=0) for s in (scores, other))
    pd.testing.assert_frame_equal(one.table, two.table)


def test_squares_serve_where_municipalities_are_unknown():
    scores = two_years(LAGGING, CLOSING)
    # A cell every 700 m on rows of 100 km: 200 cells lie on two rows, in 10 squares of 10 km.
    answer = catch_up(scores.drop_vars("municipality"), minimum_weight=0)
    assert answer.inputs["blocks"] == "squares"
    assert answer.inputs["number_of_blocks"] == 10
    some = scores.municipality.where(np.arange(200) >= 20, "")
    mixed = catch_up(scores.assign(municipality=some), minimum_weight=0)
    assert mixed.inputs["blocks"] == "municipality"
    assert mixed.inputs["number_of_blocks"] == 18 + 2


def test_one_classification_and_one_weighting_are_said():
    scores = two_years(LAGGING, CLOSING)
    answer = catch_up(scores.assign(dwellings=scores.dwellings.isel(year=0, drop=True)), minimum_weight=0)
    assert any("Urbanity is known for one moment" in caveat for caveat in answer.caveats)
    assert any("fixed and current weights are the same" in caveat for caveat in answer.caveats)
    assert (answer.table["change"] == answer.table["change_current"]).all()
    assert not any("one moment" in caveat for caveat in catch_up(gappy(), **LOOSE).caveats)
    assert any("new units are left out" in caveat for caveat in catch_up(gappy(), **LOOSE).caveats)


def test_sentence_in_plain_dutch():
    scores = two_years([3.95, 4.05, 4.08, 4.1, 4.13], CLOSING, sd_place=0.0, sd_change=0.0)
    scores["dwellings"] = scores.dwellings * 0 + 100
    answer = catch_up(scores, minimum_weight=0)
    assert answer.sentence["nl"] == (
        "Tussen 2014 en 2024 steeg het niveau in zeer sterk stedelijk gebied: van 3,950 naar 4,000 "
        "(+0,050). In "
        "alle minder stedelijke klassen steeg het ook (2: +0,020, 3: +0,020, 4: +0,020, 5: +0,020). De "
        "achterstand van de steden op minder stedelijk gebied ging van 0,140 naar 0,110: 21 procent "
        "ingelopen "
        "(95%-interval 21 tot 21 procent)."
    )
    worse = catch_up(two_years(LAGGING, [0.02, 0.05, 0.05, 0.05, 0.05]), minimum_weight=0)
    assert "zij groeide met" in worse.sentence["nl"]
    ahead = catch_up(two_years(LAGGING[::-1], CLOSING), minimum_weight=0)
    assert "maar een voorsprong van" in ahead.sentence["nl"]


def test_two_classes_may_be_the_cities():
    answer = catch_up(two_years(LAGGING, CLOSING), cities=(1, 2), minimum_weight=0)
    assert answer.table["urbanity"].tolist() == ["1", "2", "3", "4", "5", "1-2", "3-5", "1-5"]
    assert "de steden (klassen 1 en 2)" in answer.sentence["nl"]


def test_map_is_the_change_of_the_level():
    scores = gappy()
    answer = catch_up(scores, **LOOSE)
    wanted = scores.level.values[1] - scores.level.values[0]
    np.testing.assert_allclose(answer.map.values, wanted, atol=1e-6)
    assert answer.map.attrs["units"] == "level"
    assert "spatial_ref" in answer.map.coords


def test_misuse_and_wrong_input_are_refused():
    scores = two_years(LAGGING, CLOSING)
    with pytest.raises(UsageError, match="start is 2015; measured are 2014, 2024"):
        catch_up(scores, start=2015)
    with pytest.raises(UsageError, match="start is 2024 and end 2014"):
        catch_up(scores, start=2024, end=2014)
    with pytest.raises(UsageError, match=r"cities is \(1, 2, 3, 4, 5\)"):
        catch_up(scores, cities=(1, 2, 3, 4, 5))
    with pytest.raises(UsageError, match="confidence is 95"):
        catch_up(scores, confidence=95)
    with pytest.raises(UsageError, match="blocks is 'province'"):
        catch_up(scores, blocks="province", minimum_weight=0)
    with pytest.raises(UsageError, match="block_side is -1"):
        catch_up(scores, block_side=-1, minimum_weight=0)
    with pytest.raises(InputError, match="year 2014 occurs twice"):
        catch_up(scores.isel(year=[0, 0]))
    lost = scores.drop_vars("municipality")
    lost = lost.assign_coords(x=lost.x.where(lost.cell > 20))
    with pytest.raises(InputError, match="lack a finite x or y"):
        catch_up(lost, minimum_weight=0)
