"""Joins by cell or area and year against a naive look-up, and what they report."""

from pathlib import Path
from types import SimpleNamespace

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.config import Configuration
from leefraster.errors import InputError, PrecisionWarning, UsageError
from leefraster.sources.assemble import assemble
from leefraster.sources.checks import urbanity_class
from leefraster.sources.joins import by_area, by_cell, join, join_words
from leefraster.sources.leefbaarometer import score_identity
from leefraster.sources.longtable import Keys, read_long

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GRID = lr.Grid.netherlands()
CODES = [f"E{east:04d}N4514" for east in range(970, 980)]
IDS = GRID.cell_from_code(CODES)


def scores_of(cells=IDS, years=(2012, 2016, 2024)):
    total = np.zeros((len(years), len(cells)), dtype="float32")
    data = xr.Dataset({"total": (("year", "cell"), total)}, coords={"year": list(years)})
    return data.assign_coords(cell_coordinates(GRID, np.asarray(cells)))


def areas_of(codes, years=(2024,)):
    total = np.zeros((len(years), len(codes)))
    return xr.Dataset(
        {"total": (("year", "area"), total)}, coords={"year": list(years), "area": sorted(codes)}
    )


def table(folder, frame, keys, *, name="n", missing=None, by="cell", words=None, **options):
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    values = [name] if name else []
    long = read_long(path, keys, values, grid=GRID, words=words, missing=missing)
    return by_area(long, keys) if by == "area" else by_cell(long, keys, GRID, **options)


entries = st.dictionaries(
    st.tuples(st.integers(0, 9), st.sampled_from([2008, 2012, 2018, 2024])),
    st.integers(0, 50) | st.sampled_from([-99997, -99995]),
    min_size=1,
)


@settings(max_examples=60, deadline=None)
@given(
    rows=entries, rule=st.sampled_from(["exact", "earlier"]), fallback=st.sampled_from(["none", "one", 2.5])
)
def test_against_a_naive_look_up(tmp_path_factory, rows, rule, fallback):
    frame = pd.DataFrame(
        [(CODES[i], year, n) for (i, year), n in rows.items()], columns=["code", "jaar", "n"]
    )
    missing = {"-99997": "suppressed", "-99995": "not available"}
    keys = Keys(code="code", year="jaar")
    found = table(tmp_path_factory.mktemp("join"), frame, keys, missing=missing)
    joined, report = join(scores_of(), found, "n", fallback=fallback, year_rule=rule)
    known_years = sorted({year for _, year in rows})
    known_cells = {i for i, _ in rows}
    count = dict.fromkeys(("matched", "unmatched", "suppressed", "not_available", "missing"), 0)
    for y, year in enumerate((2012, 2016, 2024)):
        served = [k for k in known_years if (k == year if rule == "exact" else k <= year)]
        for i in range(10):
            n = rows.get((i, served[-1])) if served else None
            in_table = bool(served) and i in known_cells
            count["matched" if in_table else "unmatched"] += 1
            count["suppressed"] += n == -99997
            count["not_available"] += n == -99995
            count["missing"] += in_table and n is None
            filler = {"none": np.nan, "one": 1.0}.get(fallback, fallback)
            expected = filler if n is None or n < 0 else n
            np.testing.assert_equal(float(joined.values[y, i]), float(expected))
    assert {key: getattr(report, key) for key in count} == count
    assert report.places == 30


def test_a_table_without_years_serves_all(tmp_path):
    found = table(tmp_path, pd.DataFrame({"code": CODES[:4], "n": range(4)}), Keys(code="code"))
    joined, report = join(scores_of(), found, "n")
    assert joined.dims == ("cell",)
    np.testing.assert_array_equal(joined.values, [0, 1, 2, 3] + [np.nan] * 6)
    assert report.sentence() == (
        "n from table.csv: 4 of 10 cells matched; 6 (60.0%) have no value (6 unmatched), which stay missing"
    )


def test_report_names_fallback_years_and_unused(tmp_path):
    frame = pd.DataFrame({"code": [*CODES[:2], "E0001N4514"], "jaar": 2016, "n": [5, -99997, 3]})
    found = table(tmp_path, frame, Keys(code="code", year="jaar"), missing={"-99997": "suppressed"})
    _, report = join(scores_of(), found, "n", fallback="one")
    assert report.lacking_years == (2012, 2024)
    assert report.sentence() == (
        "n from table.csv: 2 of 30 cells matched; 29 (96.7%) have no value (28 unmatched, 1 suppressed), "
        "which get the stated fallback 1; nothing for 2012, 2024; 1 of the table not in the scores"
    )


def test_larger_squares(tmp_path):
    frame = pd.DataFrame({"code": ["E0970N4510", "E0975N4510"], "n": [1, 2]})
    found = table(tmp_path, frame, Keys(code="code"), cell=500)
    joined, _ = join(scores_of(), found, "n")
    assert joined.values.tolist() == [1.0] * 5 + [2.0] * 5
    with pytest.raises(UsageError, match="cell is 250 m, it must be a multiple of the grid's 100 m"):
        table(tmp_path, frame, Keys(code="code"), cell=250)


def test_larger_squares_on_a_grid_that_does_not_begin_on_them(tmp_path):
    grid = lr.Grid(97_300.0, 451_700.0, 5, 4, 100.0, "EPSG:28992")
    data = scores_of(np.arange(20), years=(2024,)).assign_coords(cell_coordinates(grid, np.arange(20)))
    path = tmp_path / "t.csv"
    squares = [("E0970N4510", 1), ("E0975N4510", 2), ("E0970N4515", 3), ("E0975N4515", 4)]
    pd.DataFrame(squares, columns=["code", "n"]).to_csv(path, index=False)
    keys = Keys(code="code")
    found = by_cell(read_long(path, keys, ["n"], grid=grid), keys, grid, cell=500)
    joined, report = join(data, found, "n")
    x, y = data["x"].values, data["y"].values
    expected = 1 + (x > 97_500) + 2 * (y > 451_500)
    assert joined.values.tolist() == expected.tolist()
    assert report.unmatched == 0


def test_by_area_code_in_any_writing(tmp_path):
    frame = pd.DataFrame({"buurtcode": [" bu0001 ", "BU0003"], "n": [5, 7]})
    found = table(tmp_path, frame, Keys(code="buurtcode"), by="area")
    joined, report = join(areas_of(["BU0001", "BU0002", "BU0003"]), found, "n")
    np.testing.assert_array_equal(joined.values, [5, np.nan, 7])
    assert (report.matched, report.unmatched, report.unit) == (2, 1, "areas")


def test_duplicate_areas_are_refused(tmp_path):
    frame = pd.DataFrame({"gm": ["GM0001", "GM0001"], "n": [5, 5]})
    with pytest.raises(InputError, match=r"1 values of key occur more than once \(2 rows\), first: GM0001"):
        table(tmp_path, frame, Keys(code="gm"), by="area")
    with pytest.raises(UsageError, match="areas are joined by code"):
        table(
            tmp_path, pd.DataFrame({"x": [97_350], "y": [451_450], "n": [1]}), Keys(x="x", y="y"), by="area"
        )


def test_words(tmp_path):
    frame = pd.DataFrame({"code": CODES[:3], "bu": ["BU1", " bu2", None]})
    found = table(tmp_path, frame, Keys(code="code"), name=None, words={"neighbourhood": "bu"})
    joined, report = join_words(scores_of(), found, "neighbourhood")
    assert joined.values.tolist() == ["BU1", "BU2"] + [""] * 8
    assert (report.matched, report.missing, report.unmatched) == (3, 1, 7)


def test_urbanity_classes_at_the_cuts():
    density = [0, 499, 500, 999, 1000, 1499, 1500, 2499, 2500, 9000]
    assert urbanity_class(np.array(density)).tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


# --- assemble --------------------------------------------------------------------------------------------

SCORES = """
[scores]
reader = "table"
path = "scores.csv"
code = "cell"
year = "jaar"
dimensions = ["a", "b"]
total = "t"
"""


@pytest.fixture
def folder(tmp_path):
    rows = [(code, year, 0.25, 0.5, 0.75) for code in CODES for year in (2012, 2024)]
    pd.DataFrame(rows, columns=["cell", "jaar", "a", "b", "t"]).to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path


def assembled(folder, text):
    (folder / "config.toml").write_text(text)
    return assemble(Configuration.read(folder / "config.toml"))


def test_assemble_scores_with_joins(folder):
    frame = pd.DataFrame(
        {"cell": CODES[:8], "homes": [10] * 7 + [-99997], "density": [600] * 8, "bu": ["BU1"] * 8}
    )
    frame.to_csv(folder / "homes.csv", index=False)
    found = assembled(
        folder,
        SCORES
        + """
        [references]
        2012 = 4.0
        2024 = 4.1
        [dwellings]
        path = "homes.csv"
        code = "cell"
        column = "homes"
        missing = { "-99997" = "suppressed" }
        fallback = "one"
        [urbanity]
        path = "homes.csv"
        code = "cell"
        column = "density"
        kind = "density"
        [areas]
        path = "homes.csv"
        code = "cell"
        neighbourhood = "bu"
        border_year = 2024
        """,
    )
    data = found.dataset
    assert data["neighbourhood"].attrs["border_year"] == 2024
    assert data["dimension"].values.tolist() == ["a", "b"]
    assert score_identity(data).holds
    np.testing.assert_allclose(data["level"].values[:, 0], [4.75, 4.85], rtol=1e-6)
    assert data["dwellings"].values.tolist() == [10.0] * 7 + [1.0] * 3
    np.testing.assert_array_equal(data["urbanity"].values, [4.0] * 8 + [np.nan] * 2)
    assert data["neighbourhood"].values.tolist() == ["BU1"] * 8 + [""] * 2
    assert [report.name for report in found.joins] == ["dwellings", "urbanity", "neighbourhood"]
    assert found.notes[0] == "10 cells; 2 measurement years: 2012, 2024"
    assert any("1 suppressed), which get the stated fallback 1" in note for note in found.notes)
    assert [(file.path.name, file.role) for file in found.inputs] == [
        ("scores.csv", "scores"),
        ("homes.csv", "dwellings"),
    ]
    assert all(len(file.sha256) == 64 and file.size == file.path.stat().st_size for file in found.inputs)
    assert found.country is None


def test_assemble_restricts_when_said(folder):
    pd.DataFrame({"cell": CODES[2:5], "homes": 1}).to_csv(folder / "homes.csv", index=False)
    text = SCORES + '[dwellings]\npath = "homes.csv"\ncode = "cell"\ncolumn = "homes"\nrestrict = true\n'
    found = assembled(folder, text)
    assert found.dataset["cell"].values.tolist() == IDS[2:5].tolist()
    assert "kept 3 of 10 cells: those that dwellings has a row for (restrict)" in found.notes
    pd.DataFrame({"cell": ["E0001N4514"], "homes": 1}).to_csv(folder / "homes.csv", index=False)
    with pytest.raises(InputError, match="none of the 10 cells has a row; nothing is left"):
        assembled(folder, text)


@pytest.mark.parametrize(
    ("homes", "extra", "message"),
    [
        (
            1.234,
            "",
            r"dwellings is a count, and 1 of 1 values are no whole numbers, first 1.234.*thousands points",
        ),
        (-2.5, "fractions = true", r"dwellings has 1 negative values, first -2.5"),
        (-99997, "", r"'dwellings', a column of counts, has 1 negative values .*: -99997 \(1 times\)"),
    ],
)
def test_assemble_refuses_odd_counts(folder, homes, extra, message):
    pd.DataFrame({"cell": CODES[:1], "homes": homes}).to_csv(folder / "homes.csv", index=False)
    text = SCORES + f'[dwellings]\npath = "homes.csv"\ncode = "cell"\ncolumn = "homes"\n{extra}\n'
    with pytest.raises(InputError, match=message):
        assembled(folder, text)


def test_assemble_accepts_fractions_when_said(folder):
    pd.DataFrame({"cell": CODES[:1], "homes": 1.234}).to_csv(folder / "homes.csv", index=False)
    text = SCORES + '[dwellings]\npath = "homes.csv"\ncode = "cell"\ncolumn = "homes"\nfractions = true\n'
    assert assembled(folder, text).dataset["dwellings"].values[0] == np.float32(1.234)


def test_assemble_refuses_odd_classes(folder):
    pd.DataFrame({"cell": CODES[:1], "u": 600}).to_csv(folder / "u.csv", index=False)
    text = SCORES + '[urbanity]\npath = "u.csv"\ncode = "cell"\ncolumn = "u"\n'
    with pytest.raises(
        InputError, match=r"urbanity has 1 values that are no class 1 to 5, first 600.*'density'"
    ):
        assembled(folder, text)


LAYERS = """
[grid]
name = "covering"
crs = "EPSG:3035"
[[layers]]
path = "one.csv"
x = "x"
y = "y"
year = 2011
columns = { people = "value" }
units = "persons"
[[layers]]
path = "two.csv"
x = "x"
y = "y"
year = 2022
columns = { homes = "value" }
"""


def test_assemble_layers_on_a_covering_grid(folder):
    (folder / "one.csv").write_text("x,y,value\n4300050,3000050,3\n4300150,3000050,4\n")
    (folder / "two.csv").write_text("x,y,value\n4300150,3000050,5\n4300150,3000250,\n")
    found = assembled(folder, LAYERS)
    data = found.dataset
    assert data["value"].dims == ("year", "layer", "cell")
    assert lr.grid_of(data) == lr.Grid(4_300_000.0, 3_000_300.0, 2, 3, 100.0, "EPSG:3035")
    assert data["layer"].values.tolist() == ["people", "homes"]
    assert data["layer_units"].values.tolist() == ["persons", "1"]
    assert data["value"].dtype == np.float32
    nan = np.nan
    expected = [[[nan, 3, 4], [nan, nan, nan]], [[nan, nan, nan], [nan, nan, 5]]]
    np.testing.assert_array_equal(data["value"].values, expected)
    assert "layer homes from two.csv: 1 values, 1 missing" in found.notes


def test_a_covering_grid_needs_coordinates_in_metres(folder):
    (folder / "one.csv").write_text("x,y,value\n5.1,52.1,3\n5.2,52.1,4\n")
    (folder / "two.csv").write_text("x,y,value\n5.1,52.1,3\n")
    with pytest.raises(InputError, match=r"look like degrees .*wanted metres in EPSG:3035"):
        assembled(folder, LAYERS)
    (folder / "one.csv").write_text("x,y,value\n4300050,,3\n")
    with pytest.raises(InputError, match="1 rows lack a coordinate x or y"):
        assembled(folder, LAYERS)
    text = LAYERS.replace('x = "x"\ny = "y"\n', 'code = "x"\n')
    (folder / "one.csv").write_text("x,value\nE0001N0001,3\n")
    (folder / "two.csv").write_text("x,value\nE0001N0001,3\n")
    with pytest.raises(UsageError, match="needs tables with x and y"):
        assembled(folder, text)


def test_warnings_become_notes(folder):
    (folder / "one.csv").write_text("x,y,value\n4300050,3000050,16777217\n")
    (folder / "two.csv").write_text("x,y,value\n4300050,3000050,1\n")
    found = assembled(folder, LAYERS)
    assert any("whole numbers beyond 2**24" in note for note in found.notes)
    exact = assembled(folder, LAYERS.replace('units = "persons"', 'dtype = "float64"'))
    assert float(exact.dataset["value"][0, 0, 0]) == 16777217.0
    assert issubclass(PrecisionWarning, UserWarning)


def test_rows_outside_are_dropped_only_when_said_and_never_in_silence(folder):
    pd.DataFrame({"cell": [*CODES[:2], "E9999N4514"], "homes": 1}).to_csv(folder / "homes.csv", index=False)
    text = SCORES + '[dwellings]\npath = "homes.csv"\ncode = "cell"\ncolumn = "homes"\n'
    with pytest.raises(InputError, match=r"homes.csv: 1 of 3 cell codes lie outside the grid"):
        assembled(folder, text)
    notes = assembled(folder, text + "drop_outside = true\n").notes
    assert "homes.csv: 1 of 3 rows lie outside the grid and were left out (drop_outside)" in notes
    (folder / "scores.csv").write_text("cell,jaar,a,b,t\nE0973N4514,2024,1,1,2\nE9999N4514,2024,1,1,2\n")
    notes = assembled(folder, SCORES + "drop_outside = true\n").notes
    assert "scores.csv: 1 of 2 rows lie outside the grid and were left out (drop_outside)" in notes


def test_the_demonstration_is_generated_from_its_seed(monkeypatch):
    from leefraster.sources import synthetic

    asked = []
    scores = scores_of().assign(level=0.0, version="3.0", score=0.0, total=0.0, reference=0.0)
    layers = scores.rename({name: f"layer_{name}" for name in scores.data_vars})
    focus = geopandas.GeoDataFrame({"code": ["F"], "name": ["Focus"]}, geometry=[shapely.box(0, 0, 1, 1)])
    made = SimpleNamespace(scores=scores, layers=lambda model: layers, focus_areas=focus)
    monkeypatch.setattr(synthetic, "country", lambda seed: asked.append(seed) or made)
    found = assemble(Configuration.demonstration(seed=7))
    assert asked == [7]
    assert found.country is made
    assert found.layers is layers
    assert found.focus.codes.tolist() == ["F"]
    assert found.model is not None


def test_irregular_years_are_shown(folder):
    rows = [(CODES[0], year, 0.25, 0.5, 0.75) for year in (2024, 2002, 2008)]
    pd.DataFrame(rows, columns=["cell", "jaar", "a", "b", "t"]).to_csv(folder / "scores.csv", index=False)
    assert assembled(folder, SCORES).notes[0] == (
        "1 cells; 3 measurement years: 2002, 2008, 2024 (steps of 6, 16 years)"
    )


# --- real data -------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_squares_around_rotterdam_lack_dwellings(shared_data):
    folder = shared_data / "cbs_100m_rijnmond_2024"
    found = assemble(Configuration.read(EXAMPLES / "rijnmond_squares" / "config.toml"))
    report = next(report for report in found.joins if report.name == "dwellings")
    assert (report.places, report.matched, report.suppressed, report.unmatched) == (16383, 16383, 2091, 0)
    assert f"{report.without_value / report.places:.1%}" == "12.8%"
    assert "2,091 (12.8%) have no value (2,091 suppressed), which stay missing" in report.sentence()
    frame = pd.read_parquet(folder / "grid_100m.parquet")
    inhabitants = found.dataset["value"].sel(layer="inhabitants")
    assert float(inhabitants.sum()) == frame["aantal_inwoners"].sum()
    owned = found.dataset["value"].sel(layer="owner_occupied")
    assert int((owned == 0).sum()) == (frame["percentage_koopwoningen"] == 0).sum() == 33
    assert int(np.isnan(owned).sum()) == frame["percentage_koopwoningen"].isna().sum()


@pytest.mark.real_data
def test_the_letter_on_real_buurten(shared_data):
    found = assemble(Configuration.read(EXAMPLES / "rijnmond_letter" / "config.toml"))
    data = found.dataset
    assert data.sizes["area"] == 509
    assert score_identity(data).largest_error < 3e-6
    weights = data["dwellings"].values.astype(float)
    by_class = {}
    for name in ("vrz", "onv"):
        score = data["score"].sel(year=2024, dimension=name).values
        of = [data["urbanity"].values == level for level in (1, 2, 3, 4, 5)]
        by_class[name] = [np.average(score[held], weights=weights[held]) for held in of]
    np.testing.assert_allclose(by_class["vrz"], [0.178, -0.001, -0.052, -0.073, -0.128], atol=0.001)
    np.testing.assert_allclose(np.array(by_class["onv"])[[0, 4]], [-0.143, 0.073], atol=0.001)
    assert data["municipality"].values[0] == "GM0489"
