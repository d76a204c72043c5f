"""The configuration: what it reads, and what it says when it cannot."""

import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

import leefraster as lr
from leefraster.clusters.rule import StructuralRule
from leefraster.config import TEMPLATE, Configuration, Question, StructuralSection
from leefraster.errors import UsageError
from leefraster.questions.ask import QUESTIONS

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCORES = '[scores]\npath = "scores.csv"\n'


def refused(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        Configuration.parse(text, name="run.toml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_defaults():
    made = Configuration.parse(SCORES)
    assert made.grid.name == "netherlands"
    assert made.scores.reader == "leefbaarometer"
    assert made.statistics.of_cells() == lr.Neighbourhood.queen()
    assert made.statistics.of_hotspots() == lr.Neighbourhood.queen()
    assert made.structural.rule() == StructuralRule()
    assert tuple(made.questions.ask) == QUESTIONS
    assert made.dwellings is None
    assert made.areas is None


def test_fields_of_the_rule_are_those_of_structural_rule():
    defaults = {field.name: field.default for field in fields(StructuralRule)}
    given = StructuralSection().model_dump()
    assert {name: given[name] for name in defaults} == defaults
    assert StructuralSection().error() == lr.ScoreError()


def test_the_command_line_and_the_configuration_know_the_same_questions():
    from leefraster.cli import parser

    assert parser._QUESTIONS == QUESTIONS == get_args(Question)


def test_demonstration():
    made = Configuration.demonstration(seed=3)
    assert made.model.name == "illustrative"
    assert [(layer.reader, layer.seed) for layer in made.layers] == [("demonstration", 3)]
    assert made.demonstration_seed() == 3
    assert "seed 3" in made.run.title
    assert Configuration.demonstration() == Configuration.demonstration(seed=0)


def test_template_parses_as_it_stands():
    given = Configuration.parse(TEMPLATE)
    plain = Configuration.demonstration()
    assert given.demonstration_seed() == 0
    for name in ("model", "layers", "grid", "statistics", "exports", "questions"):
        assert getattr(given, name) == getattr(plain, name), f"the template's [{name}] is not the default"
    assert given.structural == StructuralSection()
    assert (given.structural.recomputations, plain.structural.recomputations) == (200, 20)


def commented_sections():
    """Return the examples in the template's comments, each as TOML of its own."""
    blocks, block = [], []
    for line in [*TEMPLATE.splitlines(), ""]:
        if line.startswith("# [") or (block and line.startswith("# ")):
            block.append(line[2:])
        elif block:
            blocks.append("\n".join(block))
            block = []
    return blocks


def test_template_shows_examples_that_parse():
    blocks = commented_sections()
    assert len(blocks) == 12
    for block in blocks:
        tree = tomllib.loads(block)
        alone = "scores" in tree or "layers" in tree
        Configuration.parse(block.replace('sha256 = "..."', "") if alone else SCORES + block)


@pytest.mark.parametrize("name", ["rijnmond_squares", "rijnmond_model", "germany", "rijnmond_letter"])
def test_examples_parse(name):
    made = Configuration.read(EXAMPLES / name / "config.toml")
    sections = [*made.layers, *([made.scores] if made.scores else []), *made.joined().values()]
    for section in sections:
        for path in section.paths():
            assert path.resolve().parts[-4:-2] == ("shared", "data")


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    folder = tmp_path / "map with ë"
    folder.mkdir()
    text = (
        '[scores]\npath = ["a.csv", "sub/b.csv"]\n[dwellings]\npath = "../c.csv"\ncode = "c"\ncolumn = "n"\n'
    )
    (folder / "run.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    monkeypatch.chdir(tmp_path)
    made = Configuration.read("map with ë/run.toml")
    assert made.scores.paths() == [folder / "a.csv", folder / "sub" / "b.csv"]
    assert made.dwellings.path.resolve() == tmp_path / "c.csv"
    absolute = Configuration.parse(f'[scores]\npath = "{(tmp_path / "x.csv").as_posix()}"', folder=folder)
    assert absolute.scores.path == tmp_path / "x.csv"


def test_parameters_are_plain_and_do_not_name_the_machine(tmp_path):
    (tmp_path / "run.toml").write_text('[scores]\npath = ["a.csv"]\n[references]\n2024 = 4.1\n')
    made = Configuration.read(tmp_path / "run.toml")
    parameters = made.parameters()
    assert parameters["scores"]["path"] == ["a.csv"]
    assert str(tmp_path) not in str(parameters)
    assert "dwellings" not in parameters
    assert all(isinstance(key, str) for key in parameters["references"])
    import json

    assert json.loads(json.dumps(parameters)) == parameters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scores\n", r"^run.toml: is no TOML: .*line 1"),
        ("", r"^run.toml: has neither \[scores\] nor \[\[layers\]\]; say what is to be read$"),
        (
            SCORES + "[statistic]\n",
            r"^run.toml: there is no section \[statistic\]; did you mean statistics\?$",
        ),
        (SCORES + "[zzz]\n", r"there is no section \[zzz\]; known are areas, disclosure, dwellings"),
        (
            SCORES + 'seperator = ";"',
            r"^run.toml: \[scores\] has no key 'seperator'; did you mean separator\?$",
        ),
        (
            SCORES + '[dwellings]\npath = "a"\ncolum = "n"\n',
            r"\[dwellings\] has no key 'colum'; did you mean column\?",
        ),
        (SCORES + '[dwellings]\npath = "a"\ncode = "c"\n', r"^run.toml: \[dwellings\] column is missing$"),
        (
            '[[layers]]\npath = "a"\nyear = 1\ncolumns = ["n"]\n[[layers]]\npath = "a"\nyear = 1\ncolums = ["n"]\n',
            r"\[\[layers\]\] number 2 has no key 'colums'; did you mean columns\?",
        ),
        (
            SCORES + "[statistics]\nalpha = 2\n",
            r"^run.toml: \[statistics\] alpha is 2: input should be less than 1$",
        ),
        (
            SCORES + "[statistics]\nneighbourhood = 'disc'\nradius = -250\n",
            r"\[statistics\] radius is -250: input should be greater than 0",
        ),
        (
            SCORES + "[statistics]\nneighbourhood = 'disc'\nradius = 0\n",
            r"\[statistics\] radius is 0: input should be greater than 0",
        ),
        (
            SCORES + "[structural]\nradius = -1\n",
            r"\[structural\] radius is -1: input should be greater than 0",
        ),
        (
            SCORES + "[statistics]\nhotspot_radius = 0\n",
            r"hotspot_radius is 0: input should be greater than 0",
        ),
        (SCORES + "[statistics]\norder = 0\n", r"order is 0: input should be greater than or equal to 1"),
        (
            SCORES + "[statistics]\nneighbourhood = 'kwin'\n",
            r"\[statistics\] neighbourhood is 'kwin': input should be 'queen', 'rook' or 'disc'",
        ),
        (
            SCORES + "[statistics]\nneighbourhood = 'disc'\n",
            r"\[statistics\]: neighbourhood is 'disc', which needs a",
        ),
        (SCORES + "[statistics]\nradius = 250\n", r"radius is 250, but neighbourhood 'queen' has none"),
        (
            SCORES + "[statistics]\nneighbourhood = 'disc'\nradius = 250\norder = 2\n",
            r"order is 2, but a disc has none",
        ),
        (SCORES + "[run]\ntitle = ' '\n", r"\[run\] title is ' ': must say something"),
        (
            SCORES + "[references]\n2024 = 'x'\n",
            r"\[references\] 2024 is 'x': input should be a valid number",
        ),
        (
            SCORES + "[references]\n2024 = inf\n",
            r"\[references\] 2024 is inf: input should be a finite number",
        ),
        (
            SCORES + "[questions]\nask = ['urbanty']\n",
            r"\[questions\] ask is 'urbanty': input should be 'urbanity'",
        ),
        (
            SCORES + "missing = { '-1' = 'geheim' }",
            r"missing code '-1' is 'geheim'; allowed are 'suppressed'",
        ),
        (SCORES + "x = 'x'", r"\[scores\]: x and y are given together"),
        (SCORES + "rows = 0", r"\[scores\] rows is 0"),
        (SCORES + "decimal = ';'", r"\[scores\] decimal is ';': input should be '.' or ','"),
        (
            SCORES + "code = 'c'",
            r"code cannot be given: the published columns have fixed names; use reader = 'table'",
        ),
        (SCORES + "seed = 1", r"seed belongs to the reader 'demonstration'"),
        ("[scores]\n", r"\[scores\]: path is missing; the reader 'leefbaarometer' reads a file"),
        (SCORES + "reader = 'table'\ncode = 'c'", r"\[scores\]: year is missing"),
        (SCORES + "reader = 'areas'\nyear = 2024", r"\[scores\]: code is missing"),
        (
            SCORES + "reader = 'demonstration'",
            r"path cannot be given: the demonstration country is generated, not read",
        ),
        (
            "[scores]\nreader = 'demonstration'\n[dwellings]\npath='a'\ncolumn='n'\n",
            r"has \[dwellings\] with the demonstration country, which brings its own",
        ),
        (SCORES + "[[layers]]\npath='a'\nyear=1\ncolumns=['n']\n", r"has both \[scores\] and \[\[layers\]\]"),
        ("[[layers]]\npath='a'\ncolumns=['n']\n", r"\[\[layers\]\] number 1 year is missing"),
        (
            "[[layers]]\npath='a'\nyear=1\ncolumns=[]\n",
            r"\[\[layers\]\] number 1 columns is \[\]: names no column",
        ),
        (
            "[[layers]]\npath='a'\nyear=1\ncolumns=['n', 'n']\n",
            r"number 1 columns is .*: n stands there more than once",
        ),
        (
            "[[layers]]\npath='a'\nyear=1\ncolumns=['n']\n[[layers]]\npath='b'\nyear=1\ncolumns={n='m'}\n",
            r"\[\[layers\]\] name n more than once; every layer needs its own name",
        ),
        (
            "[[layers]]\npath='a'\nyear=1\ncolumns=['n']\n[references]\n2024 = 4\n",
            r"has \[references\] without \[scores\]",
        ),
        (SCORES + "[grid]\nname = 'covering'\n", r"\[grid\]: a covering grid needs its crs"),
        (SCORES + "[grid]\ncrs = 'EPSG:3035'\n", r"\[grid\]: crs is 'EPSG:3035', but .* EPSG:28992"),
        (SCORES + "[grid]\ncell = -100\n", r"\[grid\] cell is -100: input should be greater than 0"),
        (
            SCORES + "[urbanity]\npath='a'\ncolumn='u'\nfallback=1\n",
            r"\[urbanity\]: fallback is 1.0: a class is never invented",
        ),
        (SCORES + "[dwellings]\npath='a'\ncolumn='u'\nfallback='two'\n", r"\[dwellings\] fallback is 'two'"),
        (SCORES + "[areas]\npath='a'\ncode='c'\n", r"\[areas\]: name at least one column"),
    ],
)
def test_refuses(text, message):
    refused(text, message)


def test_all_faults_are_told_at_once():
    said = refused(SCORES + "[statistics]\nalpha = 2\norder = 0\n[grit]\n", r"alpha is 2")
    assert said.count("run.toml: ") == 3


def test_absent_and_unreadable_files(tmp_path):
    with pytest.raises(UsageError, match=r"none.toml: cannot be read: No such file .*with leefraster init"):
        Configuration.read(tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory$"):
        Configuration.read(tmp_path)
    (tmp_path / "latin.toml").write_bytes("[run]\ntitle = 'é'\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"latin.toml: is not UTF-8 at byte 15"):
        Configuration.read(tmp_path / "latin.toml")


def test_neighbourhoods():
    of = lambda text: Configuration.parse(SCORES + "[statistics]\n" + text).statistics
    assert of("neighbourhood = 'rook'\norder = 2").of_cells() == lr.Neighbourhood.rook(2)
    assert of("neighbourhood = 'disc'\nradius = 300").of_cells() == lr.Neighbourhood.disc(300)
    assert of("hotspot_radius = 500").of_hotspots() == lr.Neighbourhood.disc(500)
    assert of("hotspot_radius = 500").of_cells() == lr.Neighbourhood.queen()


def test_values_do_not_change_afterwards():
    made = Configuration.parse(SCORES)
    with pytest.raises(ValueError, match="frozen"):
        made.statistics.alpha = 0.1


def test_importing_configuration_loads_no_geography():
    heavy = "('geopandas', 'pyogrio', 'rasterio', 'xarray', 'pandas', 'pyarrow')"
    code = f"import sys, leefraster.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


LAYER = "[[layers]]\npath='a'\ncolumns=['n']\n"
DATED = LAYER + "year=2024\n"
MODEL = "[model]\npath='m.toml'\n"


def test_a_model_with_layers():
    made = Configuration.parse(MODEL + DATED + LAYER.replace("'n'", "'m'") + "[references]\n2024 = 4.1\n")
    assert made.model.path.name == "m.toml"
    assert [layer.year for layer in made.layers] == [2024, None]
    assert made.demonstration_seed() is None
    made = Configuration.parse("[model]\nname='x'\n[[layers]]\nreader='demonstration'\nseed=4\n")
    assert made.demonstration_seed() == 4
    assert Configuration.parse("[scores]\nreader='demonstration'\nseed=5\n").demonstration_seed() == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MODEL, r"has \[model\] without \[\[layers\]\]; say where its indicators come from"),
        (MODEL + SCORES, r"has both \[scores\] and \[model\]; a model makes the scores"),
        (MODEL + LAYER, r"no \[\[layers\]\] has a year; scores are of a year"),
        ("[model]\n" + DATED, r"\[model\]: give path .* or name .*, one of them"),
        (MODEL + "name = 'x'\n" + DATED, r"\[model\]: give path .* or name .*, one of them"),
        (MODEL + "nam = 'x'\n" + DATED, r"\[model\] has no key 'nam'; did you mean name\?"),
        ("[modl]\nname = 'x'\n", r"there is no section \[modl\]; did you mean model\?"),
        ("[[layers]]\nreader='demonstration'\n", r"demonstration country, for a \[model\]; it stands alone"),
        (MODEL + DATED + "[[layers]]\nreader='demonstration'\n", "it stands alone"),
        (MODEL + "[[layers]]\nreader='demonstration'\npath='a'\n", r"number 1: path cannot be given"),
        (MODEL + DATED + "seed = 1\n", r"number 1: seed belongs to the reader 'demonstration'"),
        (MODEL + "[[layers]]\nyear=1\ncolumns=['n']\n", r"number 1: path is missing; the reader 'table'"),
        (MODEL + "[[layers]]\nyear=1\npath='a'\n", r"number 1: columns is missing"),
        (MODEL + DATED + "cell = 0\n", r"number 1 cell is 0"),
        (
            MODEL + "[[layers]]\nreader='demonstration'\n[dwellings]\npath='a'\ncolumn='n'\n",
            r"has \[dwellings\] with the demonstration country, which brings its own",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_refused(text, message):
    refused(text, message)
