"""Focus areas each by itself: verdicts on made countries, figures against the table, what cannot be said."""

import warnings
from dataclasses import replace

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.errors import LeefrasterWarning

GRID = lr.Grid(0.0, 2000.0, 20, 20, 100.0, "EPSG:28992")
YEARS = [2014, 2016, 2018, 2020, 2022, 2024]


def areas(**boxes):
    frame = geopandas.GeoDataFrame(
        {"code": list(boxes), "name": [f"Area {code}" for code in boxes]},
        geometry=[shapely.box(*box) for box in boxes.values()], crs="EPSG:28992",
    )  # fmt: skip
    return lr.Areas.from_geopandas(frame, code="code", name="name", level="focus area")


WEST = areas(N=(0, 1000, 500, 2000), S=(0, 0, 500, 1000))


def country(north=0.0, south=0.0, seed=0):
    """Return weak cells in the west whose northern and southern halves move by so much a year."""
    rng = np.random.default_rng(seed)
    level = np.full((6, 20, 20), 4.2) + rng.normal(0, 0.002, (6, 20, 20))
    level[:, :, :5] -= 0.5
    since = (np.array(YEARS) - YEARS[0])[:, None, None]
    level[:, :10, :5] += north * since
    level[:, 10:, :5] += south * since
    return xr.Dataset(
        {"level": (("year", "cell"), level.reshape(6, -1)), "dwellings": ("cell", np.full(400, 20.0))},
        coords={"year": YEARS, **cell_coordinates(GRID, np.arange(400))},
    )


@pytest.mark.parametrize(
    ("moves", "verdict", "states"),
    [
        ((0.03, 0.025), "holds", {"catching up"}),
        ((0.03, 0.0), "mixed", {"catching up", "diverging"}),  # the country rises
        ((-0.02, -0.01), "does not hold", {"diverging"}),
        ((0.004, 0.003), "does not hold", {"lagging"}),  # rising, but not within the horizon
    ],
)
def test_the_verdict_follows_from_the_areas(moves, verdict, states):
    answer = lr.questions.focus_areas(country(*moves), WEST)
    assert answer.verdict == verdict
    assert set(answer.table["state"]) == states


def test_areas_that_fell_below_the_country_do_not_catch_up():
    data = country()
    level = data["level"].values.copy()
    level[:, np.arange(400) % 20 < 5] += np.array([0.53] * 5 + [0.25])[:, np.newaxis]
    answer = lr.questions.focus_areas(data.assign(level=(("year", "cell"), level)), WEST)
    assert (answer.verdict, set(answer.table["state"])) == ("does not hold", {"lagging"})


def test_a_longer_horizon_turns_lagging_into_catching_up():
    data = country(0.01, 0.01)
    assert lr.questions.focus_areas(data, WEST, horizon=20).verdict == "does not hold"
    assert lr.questions.focus_areas(data, WEST, horizon=60).verdict == "holds"


def test_every_area_has_its_row_and_the_sentence_its_figures():
    answer = lr.questions.focus_areas(country(-0.02, 0.03), WEST)
    assert answer.table["code"].tolist() == ["N", "S"]  # the widest gap first
    assert set(answer.details["years"]["year"]) == set(YEARS)
    assert len(answer.details["years"]) == 12
    widest = f"{answer.table['gap'].iloc[0]:.3f}"
    assert f"Area N lags furthest behind the country ({widest})" in answer.sentence["en"]
    assert widest.replace(".", ",") in answer.sentence["nl"]
    assert answer.map.values.tolist() == [
        (1 if y < 10 else 2) if x < 5 else 0 for y in range(20) for x in range(20)
    ]


def test_clusters_in_no_area_are_told():
    data = country()
    clusters = lr.structural_clusters(data, lr.StructuralRule(radius=100))
    north = areas(N=(0, 1000, 500, 2000))
    assert len(lr.questions.focus_areas(data, north, clusters).details["missed"]) == 0
    elsewhere = areas(E=(1500, 0, 2000, 500))
    answer = lr.questions.focus_areas(data, elsewhere, clusters)
    assert len(answer.details["missed"]) == len(clusters.table) == 1
    assert answer.details["missed"]["dwellings"].sum() == clusters.table["dwellings"].sum()
    assert "0 of 1, with 0 dwellings" in lr.questions.focus_areas(data, north, clusters).sentence["en"]


def test_the_order_of_years_and_cells_does_not_matter():
    data = country(0.03, 0.0)
    shuffled = data.isel(year=[3, 1, 5, 0, 2, 4], cell=np.random.default_rng(2).permutation(400))
    one, other = (lr.questions.focus_areas(d, WEST) for d in (data, shuffled))
    assert one.sentence == other.sentence
    assert one.table.equals(other.table)


def test_a_constant_added_everywhere_changes_no_gap():
    data = country(0.02, -0.01)
    raised = data.assign(level=data["level"] + 0.125)
    one, other = (lr.questions.focus_areas(d, WEST).table for d in (data, raised))
    np.testing.assert_allclose(one["gap"], other["gap"], atol=1e-12)
    assert one["state"].tolist() == other["state"].tolist()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.isel(year=[0, 1]), "there are 2 measurement years; a course takes 3"),
        (lambda d: d.drop_vars("level"), "the level of 2014 is missing"),
        (lambda d: d.drop_vars("dwellings"), r"the weights \(dwellings\) are missing"),
        (
            lambda d: d.assign(version=("year", ["2.0"] + ["3.0"] * 5)),
            "scores of 2014 are of version 2.0 and those of 2016 of version 3.0",
        ),
    ],
)
def test_what_is_missing_is_named(change, reason):
    answer = lr.questions.focus_areas(change(country()), WEST)
    assert answer.verdict == "cannot be said"
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(answer.sentence["en"])


def test_without_areas_nothing_is_said():
    answer = lr.questions.focus_areas(country())
    assert answer.verdict == "cannot be said"
    assert (
        "no focus areas are given (areas=; on the command line --focus FILE --code COLUMN)"
        in answer.sentence["en"]
    )
    assert "--focus BESTAND" in answer.sentence["nl"]


def test_the_map_numbers_areas_as_the_table_does():
    data = country(0.03, -0.02)
    drawn = areas(
        N=(0, 1000, 500, 2000), S=(0, 0, 500, 1000), empty=(5000, 0, 5100, 100), E=(1000, 0, 1500, 500)
    )
    answer = lr.questions.focus_areas(data, drawn)
    assert answer.table[["number", "code"]].to_numpy().tolist() == [[1, "S"], [2, "N"], [3, "E"]]
    found = answer.map.values.reshape(20, 20)
    assert set(np.unique(found[:10, :5])) == {2}
    assert set(np.unique(found[10:, :5])) == {1}
    assert set(np.unique(found[15:, 10:15])) == {3}
    assert (found > 0).sum() == 125


def test_one_area_has_one_share_and_areas_without_clusters_are_told_whether_there_could_be_any():
    data, west = country(), areas(W=(0, 0, 500, 2000))
    rule = lr.StructuralRule(radius=100)
    high = data.assign(level=data["level"] + 1)
    for minimum, said in (
        (100, "There are no structural clusters."),
        (8001, "Of clusters nothing can be said: by the"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LeefrasterWarning)
            none = lr.structural_clusters(high, replace(rule, minimum_dwellings=minimum))
        assert len(none.table) == 0
        answer = lr.questions.focus_areas(data, west, none)
        assert said in answer.sentence["en"]
        assert "0 of 0" not in answer.sentence["en"]
    assert "by area, 100 per cent of the dwellings stand in" in answer.sentence["en"]
    assert "per gebied 100 procent van de woningen in" in answer.sentence["nl"]


def test_areas_without_dwellings_are_not_judged():
    data = country(0.03, 0.03)
    dwellings = data["dwellings"].values.reshape(20, 20).copy()
    dwellings[:10, :5] = 0
    answer = lr.questions.focus_areas(data.assign(dwellings=("cell", dwellings.ravel())), WEST)
    assert answer.verdict == "holds"
    assert any("1 areas without dwellings" in text for text in answer.caveats)
    assert any("1 of 2 areas have cells alike for less than" in text for text in answer.caveats)
    dwellings[:, :5] = 0
    answer = lr.questions.focus_areas(data.assign(dwellings=("cell", dwellings.ravel())), WEST)
    assert "none of the focus areas has dwellings with a level" in answer.sentence["en"]


def test_overlaps_and_areas_outside_are_counted_in_the_caveats():
    drawn = areas(A=(0, 1000, 500, 2000), B=(0, 1000, 200, 1400), Z=(9000, 9000, 9500, 9500))
    answer = lr.questions.focus_areas(country(), drawn)
    assert any("8 cells lie in two areas" in text for text in answer.caveats)
    assert any(
        "2 of 3 areas hold no cell" in text or "1 of 3 areas hold no cell" in text for text in answer.caveats
    )


def test_how_much_of_an_area_is_compared_stands_in_its_table_and_a_caveat():
    data = country(0.03, 0.03)
    level = data["level"].values.reshape(6, 20, 20).copy()
    level[:, 10:, 15:] = level[:, 10:, :5]  # the south has cells alike in the east, the north has none
    level[:, :10, :5] += 0.05 * np.arange(50).reshape(10, 5) - 2.0
    answer = lr.questions.focus_areas(data.assign(level=(("year", "cell"), level.reshape(6, -1))), WEST.frame)
    since = answer.details["since_start"].set_index("code")
    assert since.index.tolist() == answer.table["code"].tolist()
    shares = since["matched_share"]
    assert shares["S"] > 0.9 > shares["N"]
    said = "At the start, 1 of 2 areas have cells alike for less than 90 per cent of their dwellings (Area N "
    assert any(said in text for text in answer.caveats)
    assert any("Bij de start zijn er in 1 van 2 gebieden" in text for text in answer.caveats_nl)
    assert any("De stedelijkheid is aan het begin" in text for text in answer.caveats_nl)


def test_areas_and_clusters_that_are_none_are_refused():
    with pytest.raises(lr.UsageError, match="areas is 'x'; read a file first"):
        lr.questions.focus_areas(country(), "x")
    with pytest.raises(lr.UsageError, match="clusters is a str; it must be what"):
        lr.questions.focus_areas(country(), WEST, "x")
    with pytest.raises(lr.UsageError, match="scores is a str; it must be a Dataset"):
        lr.questions.focus_areas("x", WEST)
    with pytest.raises(lr.UsageError, match=r"weak_class is 4\.5"):
        lr.questions.focus_areas(country(), WEST, weak_class=4.5)
    with pytest.raises(lr.UsageError, match="horizon is -3"):
        lr.questions.focus_areas(country(), WEST, horizon=-3)
    with pytest.raises(lr.InputError, match="urbanity holds 7"):
        lr.questions.focus_areas(country().assign(urbanity=("cell", np.full(400, 7.0))), WEST)


def test_wrong_use_is_refused():
    with pytest.raises(lr.UsageError, match="start is 2021; measured are 2014, 2016"):
        lr.questions.focus_areas(country(), WEST, start=2021)
    with pytest.raises(lr.UsageError, match="needs a dimension 'cell'"):
        lr.questions.focus_areas(country().rename(cell="area"), WEST)


def test_areas_that_are_not_behind_take_no_part_in_the_verdict():
    data = country(0.03, 0.0)
    level = data["level"].values.reshape(6, 20, 20).copy()
    level[:, 10:, :5] += 1.0  # far above the country, and falling behind its rise
    answer = lr.questions.focus_areas(data.assign(level=(("year", "cell"), level.reshape(6, -1))), WEST)
    assert answer.verdict == "holds"
    assert answer.table.set_index("code").loc["S", ["state", "outlook"]].tolist() == ["ahead", "no gap"]
    assert "1 catching up and 1 ahead of the country" in answer.sentence["en"]
    level[:, :10, :5] += 2.0
    answer = lr.questions.focus_areas(data.assign(level=(("year", "cell"), level.reshape(6, -1))), WEST)
    assert answer.verdict == "cannot be said"
    assert "none of the areas lies behind the country" in answer.sentence["en"]


def test_future_years_are_refused():
    data = country().assign_coords(year=[2014, 2016, 2018, 2020, 2022, 2994])
    with pytest.raises(lr.InputError, match="year 2994 lies in the future"):
        lr.questions.focus_areas(data, WEST)
    with pytest.raises(lr.InputError, match="year 2994 lies in the future"):
        lr.structural_clusters(data)
