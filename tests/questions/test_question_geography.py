"""Geography: verdicts on made countries, shares against `spread` and loops, coverage, laws, messages."""

import doctest
import importlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.questions.geography_shares import Division, Nest
from leefraster.questions.jackknife import critical_value
from leefraster.questions.spread import divided
from leefraster.questions.wording import number, percentage

geography = lr.questions.geography

FIXED = (0.5, 0.3, 0.4, 0.6)  # spreads of municipalities, districts, neighbourhoods, cells
ROWS, COLUMNS = 48, 96  # cells; a municipality has 12 x 12, a district 6 x 6, a neighbourhood 3 x 3


def effects(rng, rows=ROWS, columns=COLUMNS):
    """Return standardised effects of municipality, district, neighbourhood and cell, over cells."""
    found = []
    for side in (12, 6, 3, 1):
        drawn = rng.normal(0, 1, (rows // side, columns // side))
        found.append(np.kron((drawn - drawn.mean()) / drawn.std(), np.ones((side, side))).ravel())
    return np.array(found)


def country(start=FIXED, end=FIXED, *, won=None, vrz=None, jitter=0.05, seed=0, rows=ROWS, columns=COLUMNS):
    """A country of 32 municipalities whose spreads at each scale go from `start` to `end`; dimensions likewise.

    A dimension that is not given keeps its spreads.
    """
    rng = np.random.default_rng(seed)
    row, column = np.indices((rows, columns)).reshape(2, -1)

    def measure(first, last):
        base = effects(rng, rows, columns)
        return np.array(
            [spreads @ (base + jitter * effects(rng, rows, columns)) for spreads in (first, last)]
        )

    total = measure(np.array(start), np.array(end))
    dimensions = [measure(*map(np.array, spreads or (FIXED, FIXED))) for spreads in (won, vrz)]
    codes = {
        name: (
            "cell",
            [f"{name[:2]}{r:02d}{c:02d}" for r, c in zip(row // side, column // side, strict=True)],
        )
        for name, side in (("municipality", 12), ("district", 6), ("neighbourhood", 3))
    }
    return xr.Dataset(
        {
            "total": (("year", "cell"), total),
            "score": (("year", "dimension", "cell"), np.stack(dimensions, axis=1)),
            "dwellings": ("cell", rng.integers(5, 30, row.size).astype(float)),
            **codes,
        },
        coords={
            "year": [2014, 2024],
            "dimension": ["won", "vrz"],
            **cell_coordinates(lr.Grid(0, rows * 100, columns, rows), np.arange(row.size)),
        },
    )


APART = (0.9, 0.3, 0.4, 0.6)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({"end": APART}, "holds"),
        ({"end": APART, "vrz": (FIXED, APART)}, "holds"),
        ({"end": APART, "vrz": (APART, FIXED)}, "mixed"),
        ({"end": (0.5, 0.3, 0.8, 0.6)}, "mixed"),
        ({"won": (FIXED, APART)}, "mixed"),
        ({"start": APART, "end": FIXED}, "does not hold"),
        ({"end": (0.5, 0.3, 0.4, 1.2)}, "does not hold"),
        ({"start": (0, 0, 0, 1), "end": (0.1, 0, 0, 1)}, "does not hold"),
        ({"jitter": 0.002}, "does not hold"),
        ({"jitter": 0.5, "seed": 3}, "cannot be said"),
    ],
)
def test_verdict_on_countries_made_for_it(options, verdict):
    answer = geography(country(**options))
    assert answer.verdict == verdict, answer.sentence["en"]
    assert answer.table["scale"].tolist() == ["municipality", "district", "neighbourhood"]
    assert answer.table["areas"].tolist() == [32, 128, 512]


def test_an_uncertain_share_is_not_said_to_follow_place():
    data = country(end=APART)
    share = float(geography(data).table["share_end"].iloc[-1])
    answer = geography(data, least_share=share)
    assert answer.verdict == "cannot be said"
    assert "too uncertain to say whether differences follow place" in answer.sentence["en"]


def test_change_that_cannot_be_told_from_none_is_said_so():
    answer = geography(country(jitter=0.5, seed=3))
    assert answer.verdict == "cannot be said"
    told = "growth since 2014 between municipalities, districts and neighbourhoods is neither shown nor"
    assert told in answer.sentence["en"]
    assert "de verandering is niet van nul te onderscheiden" in answer.sentence["nl"]
    for row in answer.table.itertuples():
        assert percentage(row.share_end, "nl") in answer.sentence["nl"]
    assert len(answer.caveats) == len(answer.caveats_nl) == 5


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda s: s.drop_vars("total"), "score of 2014 or 2024 (total or level) is missing"),
        (lambda s: s.drop_vars("dwellings"), "weights (dwellings) are missing for 2014"),
        (lambda s: s.drop_vars(["municipality", "x", "y"]), "coordinates (x, y) are missing"),
        (
            lambda s: s.assign(version=("year", ["2.0", "3.0"])),
            "of version 2.0 and those of 2024 of version 3.0",
        ),
        (lambda s: s.assign(total=s.total * 0 + 1), "all scores are the same"),
        (lambda s: s.isel(cell=s.x.values < 1_800), "scores and weights in 8 municipalities; needed are 10"),
        (
            lambda s: s.sel(year=[2014]),
            "there is one measurement year (2014), and growth takes two; in that year",
        ),
        (
            lambda s: s.drop_vars(["district", "neighbourhood"]).assign(
                municipality=("cell", s.cell.values.astype(str))
            ),
            "no larger than the units themselves",
        ),
    ],
)
def test_cannot_be_said_names_what_is_missing(spoil, missing):
    answer = geography(spoil(country(end=APART)))
    assert answer.verdict == "cannot be said"
    assert missing in answer.sentence["en"]
    assert answer.sentence["nl"].startswith("Niet te zeggen: ")


def test_one_year_still_has_its_shares():
    data = country(end=APART)
    both, alone = geography(data), geography(data.sel(year=[2024]))
    assert alone.verdict == "cannot be said"
    pd.testing.assert_series_equal(alone.table["share_end"], both.table["share_end"])
    assert alone.figure["y"] == ["share_end"]
    assert "share_start" not in alone.table
    assert percentage(float(alone.table["share_end"].iloc[0]), "nl") in alone.sentence["nl"]
    assert "I_end" in alone.details["correlogram"]


def test_shares_are_those_of_spread_added_up():
    data = country(end=APART)
    table = geography(data).table
    for year, column in ((2014, "share_start"), (2024, "share_end")):
        parts = lr.questions.spread(data, year=year).table["share"].to_numpy()
        np.testing.assert_allclose(table[column], np.cumsum(parts)[:3], rtol=1e-10)
    x, w = data.total.values[1], data.dwellings.values
    deviation = np.sqrt(np.average((x - np.average(x, weights=w)) ** 2, weights=w))
    np.testing.assert_allclose(np.hypot(table["between_end"], table["within_end"]), deviation)
    np.testing.assert_allclose(table["between_end"], deviation * np.sqrt(table["share_end"]))


@given(seed=st.integers(0, 2**20), blocks=st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_leaving_out_a_block_is_dividing_without_it(seed, blocks):
    rng = np.random.default_rng(seed)
    n = 60
    block = np.append(np.arange(blocks), rng.integers(0, blocks, n - blocks))
    upper = rng.integers(0, 3, n)
    numbers = [upper, upper * 4 + rng.integers(0, 4, n)]
    rows, weight = rng.normal(0, 1, (2, n)) + upper, rng.integers(1, 9, n).astype(float)
    over = Division.of(np.ones(n, bool), weight, Nest(("a", "b"), numbers, ()), block)
    assert over.blocks == blocks
    for values in rows:
        one = over.shares(values)
        for left in range(blocks):
            kept = block != left
            groups = dict(zip("ab", (number[kept] for number in numbers), strict=True))
            parts = divided(values[kept], weight[kept], groups, np.ones(int(kept.sum()), bool))
            np.testing.assert_allclose(one.without[left], np.cumsum(parts.shares[:-1]), rtol=1e-9, atol=1e-12)


def test_limits_are_those_of_leaving_out_every_municipality_by_a_loop():
    data = country(end=APART, jitter=0.3)
    answer = geography(data)
    names = np.unique(data.municipality)
    w = data.dwellings.values
    without = []
    for name in names:
        rest = data.isel(cell=data.municipality.values != name)
        tables = [lr.questions.spread(rest, year=year).table["share"].to_numpy() for year in (2014, 2024)]
        without.append(np.cumsum(tables[1])[:3] - np.cumsum(tables[0])[:3])
    spread = np.array(without) - np.mean(without, axis=0)
    error = np.sqrt((names.size - 1) / names.size * (spread**2).sum(axis=0))
    sums = np.array([w[data.municipality.values == name].sum() for name in names])
    critical = critical_value(sums.sum() ** 2 / (sums**2).sum(), 1 - 0.05 / 3)
    table = answer.table
    np.testing.assert_allclose(table["change"], table["share_end"] - table["share_start"], atol=1e-12)
    np.testing.assert_allclose(table["high"] - table["change"], critical * error, rtol=1e-6)
    np.testing.assert_allclose(table["change"] - table["low"], critical * error, rtol=1e-6)


def test_limits_hold_the_truth_as_often_as_they_say():
    """Two years of the same spreads, the places moving between them: the true change is 0."""
    inside = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        place = np.repeat(np.arange(30), 20)
        first = rng.normal(0, 0.5, 30)
        later = 0.9 * first + np.sqrt(1 - 0.81) * rng.normal(0, 0.5, 30)
        total = np.array([first, later])[:, place] + rng.normal(0, 0.6, (2, place.size))
        data = xr.Dataset(
            {"total": (("year", "area"), total), "municipality": ("area", place.astype(str))},
            coords={"year": [2014, 2024], "area": np.arange(place.size)},
        )
        row = geography(data, weights=None).table.iloc[0]
        inside.append(row["low"] <= 0 <= row["high"])
    assert 0.92 <= np.mean(inside) <= 0.99


def test_the_correlogram_and_moran_are_those_of_the_library():
    from libpysal.graph import Graph

    data = country(end=APART)
    table = geography(data, distances=[100, 300, 900]).details["correlogram"]
    whole = lr.correlogram(data.total, [100, 300, 900])["I"].values
    rows = table[table["measure"] == "total"]
    np.testing.assert_array_equal(rows[["I_start", "I_end"]].to_numpy().T, whole)
    np.testing.assert_allclose(rows["I_change"], whole[1] - whole[0])
    assert rows["outer"].tolist() == [100, 300, 900]
    vrz = lr.correlogram(data.score.sel(dimension="vrz", year=2024), [100, 300, 900])["I"].values
    np.testing.assert_array_equal(table.loc[table["measure"] == "vrz", "I_end"], vrz)
    assert geography(data).details["correlogram"]["outer"].unique().tolist() == [200, 500, 1000, 2000, 5000]
    few = data.isel(cell=slice(0, None, 3)).drop_vars(["spatial_ref", "cell"]).rename(cell="area")
    few = few.assign_coords(area=np.arange(few.sizes["area"]))
    ids = few.area.values
    graph = Graph.from_arrays(ids, np.roll(ids, 1), np.ones(ids.size))
    answer = geography(few, graph=graph)
    assert "correlogram" not in answer.details
    found = answer.details["moran"].set_index("measure").loc["total", ["I_start", "I_end"]]
    np.testing.assert_array_equal(found.to_numpy(float), lr.moran(few.total, graph)["I"].values)


def test_squares_of_the_same_size_are_as_good_as_codes():
    data = country(end=APART)
    by_code = geography(data)
    squares = geography(data, areas="squares", sides=(1200, 600, 300))
    assert squares.table["scale"].tolist() == ["1200 m", "600 m", "300 m"]
    assert "tussen vierkanten van 1,2 km" in squares.sentence["nl"]
    np.testing.assert_allclose(squares.table.iloc[:, 3:8], by_code.table.iloc[:, 3:8], rtol=1e-9, atol=1e-12)
    uncoded = geography(data.drop_vars("municipality"), sides=(1200, 600, 300), block_side=1200)
    np.testing.assert_allclose(uncoded.table["share_end"], by_code.table["share_end"])
    np.testing.assert_allclose(uncoded.table["low"], by_code.table["low"], rtol=1e-6)
    assert uncoded.inputs["areas"] == "squares"


@given(seed=st.integers(0, 2**20), shift=st.floats(-1, 1), factor=st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=5, deadline=None)
def test_neither_unit_nor_order_nor_labels_nor_place_matter(seed, shift, factor):
    rng = np.random.default_rng(seed)
    data = country(end=APART, rows=24, columns=96, jitter=0.2)
    plain = geography(data)
    turned = geography(data.isel(cell=rng.permutation(data.sizes["cell"]), year=[1, 0]))
    pd.testing.assert_frame_equal(turned.table, plain.table)
    names = {name: f"x{i}" for i, name in enumerate(rng.permutation(np.unique(data.municipality)))}
    moved = data.assign(
        total=data.total * factor + shift,
        dwellings=data.dwellings * 3,
        municipality=("cell", [names[one] for one in data.municipality.values]),
    )
    moved = moved.assign_coords(cell_coordinates(lr.Grid(12_000, 60_000, 96, 24), data.cell.values))
    shares_and_limits = ["share_start", "share_end", "change", "low", "high"]
    np.testing.assert_allclose(
        geography(moved).table[shares_and_limits], plain.table[shares_and_limits], rtol=1e-7, atol=1e-10
    )


def test_level_serves_where_there_is_no_total():
    data = country(end=APART)
    level = data.rename(total="level").assign(level=data.total + xr.DataArray([4.0, 4.1], dims="year"))
    np.testing.assert_allclose(geography(level).table["share_end"], geography(data).table["share_end"])


def test_the_map_is_the_mean_of_the_smallest_area():
    data = country(end=APART)
    answer = geography(data)
    inside = data.neighbourhood.values == data.neighbourhood.values[500]
    x, w = data.total.values[1], data.dwellings.values
    expected = np.average(x[inside], weights=w[inside]) - np.average(x, weights=w)
    np.testing.assert_allclose(answer.map.values[inside], expected, rtol=1e-5)


def test_units_without_an_area_or_score_are_left_out_and_counted():
    data = country(end=APART)
    data["neighbourhood"][:20] = ""
    data["total"][0, 20:25] = np.nan
    answer = geography(data)
    assert any("25 units are left out" in text for text in answer.caveats)
    whole = data.isel(cell=slice(25, None))
    pd.testing.assert_series_equal(geography(whole).table["share_end"], answer.table["share_end"])
    single = data.assign(neighbourhood=("cell", data.cell.values.astype(str)))
    answer = geography(single)
    assert answer.table["scale"].tolist() == ["municipality", "district"]
    assert any("Without a result for neighbourhoods" in text for text in answer.caveats)
    assert any("Zonder uitkomst voor buurten" in text for text in answer.caveats_nl)


def test_sentence_tells_the_figures_of_the_table():
    answer = geography(country(end=APART, won=(FIXED, APART), vrz=(APART, FIXED)))
    for language in ("nl", "en"):
        text = answer.sentence[language]
        for row in answer.table.itertuples():
            assert percentage(row.share_end, language) in text
            for value in (row.change, row.low, row.high):
                assert number(100 * value, 1, language) in text
        for row in answer.details["dimensions"].itertuples():
            if row.course in ("grew", "shrank"):
                assert f"({'+' if row.change > 0 else ''}{number(100 * row.change, 1, language)})" in text
    assert "groeide dat aandeel op elke schaal" in answer.sentence["nl"]
    assert "bij woningvoorraad" in answer.sentence["nl"]
    assert "kromp het bij voorzieningen" in answer.sentence["nl"]
    assert len(answer.caveats) == len(answer.caveats_nl)


def test_every_column_has_a_title():
    answer = geography(country(end=APART))
    for frame in (answer.table, *answer.details.values()):
        assert set(frame.columns) <= set(answer.columns)
    assert set(answer.details) == {"dimensions", "correlogram"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 0}, "confidence is 0; it must lie between 0 and 1"),
        ({"least_share": 1.5}, r"least_share is 1\.5; it must lie between 0 and 1"),
        ({"minimum_change": -0.1}, r"minimum_change is -0\.1; it must lie between 0 and 1"),
        ({"start": 2013}, "start is 2013; measured are 2014, 2024"),
        ({"start": 2024}, "start is 2024 and end 2024; start must come before end"),
        ({"areas": "postcodes"}, "areas is 'postcodes'; allowed are 'codes' and 'squares'"),
        ({"areas": "squares", "sides": (1000, 300)}, r"sides is \(1000, 300\); they must fall"),
        ({"areas": "squares", "sides": ()}, r"sides is \(\); they must fall"),
        ({"areas": "squares", "sides": (500, 0)}, r"sides is \(500, 0\); they must fall"),
        ({"areas": "squares", "sides": (500, 1000)}, r"sides is \(500, 1000\); they must fall"),
        ({"distances": [300, 100]}, "distances are .* increasing"),
    ],
)
def test_misuse_is_refused(options, message):
    with pytest.raises(lr.UsageError, match=message):
        geography(country(end=APART), **options)


@pytest.mark.real_data
def test_real_neighbourhoods_of_2024(shared_data):
    """Amenities follow place most, the total least; with one year nothing is said of growth."""
    table = pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv").sort_values("bu_code")
    codes = ["won", "fys", "vrz", "soc", "onv"]
    data = xr.Dataset(
        {
            "total": (("year", "area"), table["afw"].to_numpy()[None]),
            "score": (("year", "dimension", "area"), table[codes].to_numpy().T[None]),
            "municipality": ("area", table["gm_naam"].to_numpy(str)),
            "district": ("area", table["bu_code"].str[:8].to_numpy(str)),
        },
        coords={"year": [2024], "dimension": codes, "area": table["bu_code"].to_numpy(str)},
    )
    answer = geography(data, weights=None)
    assert answer.verdict == "cannot be said"
    shares = answer.details["dimensions"].set_index(["scale", "dimension"])["share_end"]["municipality"]
    assert shares.idxmax() == "vrz"
    assert 0.1 < answer.table["share_end"].iloc[0] < shares["vrz"]


@pytest.mark.parametrize("name", ["geography", "geography_shares"])
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(f"leefraster.questions.{name}")).failed == 0
