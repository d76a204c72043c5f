"""``leefraster questions``, as a user types it, on a stored run of a small country."""

import csv

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr

import leefraster as lr
from leefraster.cells import cell_coordinates
from leefraster.cli import main
from leefraster.questions.ask import QUESTIONS, ask
from leefraster.record import RunRecord
from leefraster.store import Store

GRID = lr.Grid(0.0, 4000.0, 40, 40, 100.0, "EPSG:28992")
YEARS = [2018, 2020, 2022, 2024]
FACTS = {
    "structural": {"radius": 100.0},
    "statistics": {"neighbourhood": "rook"},
    "scores": {"path": "a.csv"},
}


def scores(seed=0):
    rng = np.random.default_rng(seed)
    n = 1600
    row, column = np.divmod(np.arange(n), 40)
    score = rng.normal(0, 0.05, (4, 2, n))
    score[:, :, (row < 8) & (column < 8)] -= 0.25
    total = score.sum(axis=1)
    code = [f"BU{r // 10}{c // 10}" for r, c in zip(row, column, strict=True)]
    return xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), score),
            "total": (("year", "cell"), total),
            "level": (("year", "cell"), 4.1 + total),
            "dwellings": ("cell", rng.integers(5, 40, n).astype(float)),
            "urbanity": ("cell", (column // 8 + 1).astype(float)),
            "neighbourhood": ("cell", np.array(code)),
            "municipality": ("cell", np.array([f"GM{c[2]}" for c in code])),
        },
        coords={"year": YEARS, "dimension": ["vrz", "onv"], **cell_coordinates(GRID, np.arange(n))},
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    record = RunRecord("first", "A made-up town", scores(), FACTS, {"leefraster": "0.1.0"})
    Store.open(folder / "store", create=True).write(record)
    return folder


@pytest.fixture(scope="module")
def polygons(tmp_path_factory):
    file = tmp_path_factory.mktemp("focus") / "focus.gpkg"
    frame = geopandas.GeoDataFrame(
        {"id": ["F1", "F2"], "naam": ["Noordwest", "Zuid"]},
        geometry=[shapely.box(0, 3000, 1000, 4000), shapely.box(0, 0, 1000, 500)], crs="EPSG:28992",
    )  # fmt: skip
    frame.to_file(file)
    return file


def test_every_question_is_answered_and_page_and_tables_are_written(out, polygons, tmp_path, capsys):
    options = ["--focus", str(polygons), "--code", "id", "--name", "naam", "--out", str(tmp_path / "q")]
    assert main(["questions", "--store", str(out), *options]) == 0
    printed = capsys.readouterr().out
    assert [line.split(":")[0] for line in printed.splitlines() if line.split(":")[0] in QUESTIONS] == list(
        QUESTIONS
    )
    page = (tmp_path / "q" / "questions.html").read_text()
    for name in QUESTIONS:
        assert f'id="answer-{name.replace("_", "-")}"' in page
    with (tmp_path / "q" / "answers.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    data = scores()
    clusters = lr.structural_clusters(data, lr.StructuralRule(radius=100))
    areas = lr.Areas.read(polygons, code="id", name="naam")
    for name in ("urbanity", "hard_core", "focus_areas"):
        found = ask(name, data, clusters=clusters, areas=areas)
        assert rows[name]["verdict"] == found.verdict
        assert rows[name]["sentence_en"] == found.sentence["en"]
    assert len(clusters.table) == 1  # so that the answer is about something


def test_lists_of_codes_serve_as_focus_areas_and_dutch_is_spoken(out, tmp_path, capsys):
    file = tmp_path / "focus.csv"
    file.write_text("buurt;gebied\nBU00;Noordwest\nBU01;Noordwest\nBU30;Zuid\n")
    options = ["--ask", "focus_areas", "--focus", str(file), "--code", "buurt", "--name", "gebied"]
    assert main(["questions", "--store", str(out), "--language", "nl", *options]) == 0
    printed = capsys.readouterr().out
    assert "Focusgebieden over 2018-2024, 2 in getal" in printed
    assert "Noordwest" in printed


def test_counts_are_protected_where_asked(out, tmp_path):
    options = ["--ask", "hard_core", "--out", str(tmp_path), "--minimum", "10", "--base", "25"]
    assert main(["questions", "--store", str(out), *options]) == 0
    with (tmp_path / "answer_hard_core.csv").open() as file:
        dwellings = [float(row["dwellings"]) for row in csv.DictReader(file) if row["dwellings"]]
    assert dwellings
    assert all(value % 25 == 0 for value in dwellings)


@pytest.mark.parametrize(
    ("text", "options", "code", "message"),
    [
        ("buurt,gebied\nBU99,Zuid\n", ["--name", "gebied"], 3, r"codes are not there: BU99"),
        ("buurt,gebied\nBU00,\n", ["--name", "gebied"], 3, "row 1 lacks gebied"),
        ("buurt,gebied\nBU00,A\nBU00,B\n", ["--name", "gebied"], 3, "code BU00 stands under 'A' and 'B'"),
        ("buurt,gebied\nBU00,A\n", [], 2, "name the column that says which focus area"),
        ("buurt,gebied\nBU00,A", ["--name", "gebied"], 3, "does not end in a newline"),
    ],
)
def test_wrong_lists_are_refused(out, tmp_path, capsys, text, options, code, message):
    file = tmp_path / "focus.csv"
    file.write_text(text)
    asked = ["--ask", "focus_areas", "--focus", str(file), "--code", "buurt", *options]
    assert main(["questions", "--store", str(out), *asked]) == code
    assert message in capsys.readouterr().err


def test_a_file_without_code_column_and_a_run_on_layers_are_refused(out, polygons, tmp_path, capsys):
    assert main(["questions", "--store", str(out), "--focus", str(polygons)]) == 2
    assert "--focus needs --code" in capsys.readouterr().err
    plain = scores()[["dwellings"]]
    Store.open(tmp_path / "store", create=True).write(RunRecord("layers", "Layers", plain, {}, {}))
    assert main(["questions", "--store", str(tmp_path)]) == 2
    assert "general layers" in capsys.readouterr().err
