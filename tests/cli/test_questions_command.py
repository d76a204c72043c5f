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
from leefraster.questions.wording import percentage
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
            "neighbourhood": ("cell", np.array(code), {"border_year": 2024}),
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
        ("buurt,gebied\nBU99,Zuid\n", ["--name", "gebied"], 3, "codes are not there: BU99"),
        ("buurt,gebied\nBU99,Zuid\n", ["--name", "gebied"], 3, "codes here are of the borders of 2024"),
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


def test_caveats_are_printed_in_the_language_asked(out, capsys):
    for language, word in (
        ("en", "  - Clusters are selected for being weak in these very years"),
        ("nl", "  - Clusters zijn gekozen omdat zij in deze jaren zwak waren"),
    ):
        assert main(["questions", "--store", str(out), "--ask", "hard_core", "--language", language]) == 0
        assert word in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--code", "id"], 2, "--code is about the file of --focus, which is not given"),
        (["--name", "naam"], 2, "--name is about the file of --focus"),
        (["--layer", "a"], 2, "--layer is about the file of --focus"),
        (["--to-crs", "EPSG:28992"], 2, "--to-crs is about the file of --focus"),
        (["--ask", "spread", "--focus", "FILE", "--code", "id"], 2, "focus_areas, which is not asked"),
        (["--focus", "FILE"], 2, "--focus needs --code"),
        (["--focus", "nowhere.gpkg", "--code", "id"], 2, "--focus: there is no file nowhere.gpkg"),
        (["--base", "5"], 2, "--base is 5, but counts are rounded only together with --minimum"),
        (["--minimum", "-1"], 2, r"minimum is -1.0; it must be a number of at least 0"),
        (["--minimum", "nan"], 2, "minimum is nan"),
        (["--out", "FILE/q"], 2, "is a file; name a folder"),
        (["--out", "FILE"], 2, "is a file; name a folder"),
    ],
)
def test_options_that_cannot_do_anything_are_refused_before_a_store_is_opened(
    tmp_path, capsys, options, code, message
):
    file = tmp_path / "file"
    file.write_text("x")
    given = [option.replace("FILE", str(file)) for option in options]
    assert main(["questions", "--store", str(tmp_path / "no store here"), *given]) == code
    assert message in capsys.readouterr().err


def test_a_folder_without_permission_is_refused_before_a_store_is_opened(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("leefraster.cli.question_options.os.access", lambda *_: False)
    options = ["--store", str(tmp_path / "no store here"), "--out", str(tmp_path / "new" / "q")]
    assert main(["questions", *options]) == 4
    assert f"no permission to write in {tmp_path}\n" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_base_without_minimum_is_refused_for_exports_too(out, tmp_path, capsys):
    assert main(["export", "--store", str(out), "--out", str(tmp_path), "--base", "5"]) == 2
    assert "only together with --minimum" in capsys.readouterr().err


def test_disclosure_without_counts_is_refused_before_anything_is_answered(tmp_path, capsys, monkeypatch):
    data = scores().drop_vars("dwellings")
    Store.open(tmp_path / "store", create=True).write(RunRecord("first", "No counts", data, FACTS, {}))
    monkeypatch.setattr("leefraster.questions.ask.ask", lambda *_, **__: pytest.fail("asked"))
    assert main(["questions", "--store", str(tmp_path), "--minimum", "5"]) == 2
    assert "neither dwellings nor inhabitants" in capsys.readouterr().err


def test_the_minimum_reaches_sentences_tables_and_page(out, polygons, tmp_path, capsys):
    """The smaller focus area has few dwellings; the larger one and the cluster more."""
    dwellings = scores()["dwellings"].values.reshape(40, 40)
    small = int(dwellings[35:, :10].sum())
    options = ["--ask", "focus_areas", "--focus", str(polygons), "--code", "id", "--name", "naam"]
    asked = ["questions", "--store", str(out), *options]
    assert main([*asked, "--out", str(tmp_path / "open")]) == 0
    plain = capsys.readouterr().out
    with (tmp_path / "open" / "answer_focus_areas.csv").open() as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    assert float(rows["F2"]["dwellings"]) == small
    share = percentage(float(rows["F2"]["weak_share_last"]), "en")
    assert share in plain
    assert main([*asked, "--out", str(tmp_path / "q"), "--minimum", str(small + 1), "--base", "1"]) == 0
    said = capsys.readouterr().out
    assert share not in said
    assert "[withheld] per cent" in said
    page = (tmp_path / "q" / "questions.html").read_text()
    assert "[withheld] per cent" in page
    files = [page, *(path.read_text() for path in (tmp_path / "q").glob("*.csv"))]
    shown = f"{float(rows['F2']['gap']):.3f}".removeprefix("-")
    assert any(shown in path.read_text() for path in (tmp_path / "open").glob("*.csv"))
    for text in files:
        assert shown not in text
        assert f"{small}" not in text.replace(f"{small + 1}", "")


def test_clusters_have_the_names_that_the_run_gave_them(tmp_path, capsys):
    data = scores()
    names = {code: f"Wijk {code}" for code in np.unique(data["neighbourhood"])} | {"GM0": "Stad"}
    found = lr.structural_clusters(data, lr.StructuralRule(radius=100), names=names)
    record = RunRecord("first", "A made-up town", data, FACTS, {}, structural=found)
    Store.open(tmp_path / "store", create=True).write(record)
    options = ["--store", str(tmp_path), "--ask", "hard_core", "--out", str(tmp_path / "q")]
    assert main(["questions", *options]) == 0
    with (tmp_path / "q" / "answer_hard_core_clusters.csv").open() as file:
        assert (
            [row["name"] for row in csv.DictReader(file)]
            == found.table["name"].tolist()
            == ["Wijk BU00, Stad"]
        )
    page = (tmp_path / "q" / "questions.html").read_text()
    assert "Wijk BU00, Stad" in page
    assert ">BU00, GM0<" not in page


def test_names_of_other_clusters_are_not_taken_over(out):
    from leefraster.cli.questions import _named_as_stored

    found = lr.structural_clusters(scores(), lr.StructuralRule(radius=100))
    other = found.table.assign(name="Elsewhere", dwellings=found.table["dwellings"] + 1)
    assert _named_as_stored(found, other) is found
    assert _named_as_stored(found, other.head(0)) is found
    assert _named_as_stored(found, None) is found
