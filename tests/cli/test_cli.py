"""The command line: exit codes, words, and what it leaves alone."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leefraster.cli import explained, main
from leefraster.cli.run import configured, name_of
from leefraster.cli.stores import run_key
from leefraster.errors import EnvironmentFault, InputError, Interrupted, UsageError

HEAVY = ("numba", "xarray", "pandas", "libpysal", "esda", "scipy", "geopandas", "numpy")


def python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def loaded_by(code: str) -> set[str]:
    done = python(f"{code}\nimport sys\nprint(' '.join(sys.modules))")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_no_heavy_library():
    assert not loaded_by("import leefraster as lr; dir(lr)") & set(HEAVY)


def test_help_loads_no_heavy_library():
    code = (
        "import sys\nfrom leefraster.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
    )
    assert not loaded_by(code) & {*HEAVY, "rich", "pydantic", "jinja2"}


def test_the_console_script_is_the_main_function():
    script = Path(sys.executable).with_name("leefraster")
    done = subprocess.run([script, "version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert re.search(r"^leefraster \d", done.stdout)
    assert re.search(r"^numpy \d", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--threads", "0"], ["run", "--threads", "two"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: leefraster" in capsys.readouterr().err


def test_a_configuration_that_is_not_there_is_exit_code_2(tmp_path, capsys):
    assert main(["run", str(tmp_path / "none.toml"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "none.toml" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_an_unknown_key_is_exit_code_2_and_named(tmp_path, capsys):
    file = tmp_path / "config.toml"
    file.write_text('[scores]\nreader = "demonstration"\nsead = 1\n', encoding="utf-8")
    assert main(["run", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "sead" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_input_that_is_not_there_is_exit_code_3(tmp_path, capsys):
    file = tmp_path / "config.toml"
    file.write_text('[scores]\nreader = "leefbaarometer"\npath = "gone.csv"\n', encoding="utf-8")
    assert main(["run", str(file), "--out", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert "gone.csv" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out" / "store").exists()
    assert not (tmp_path / "out" / "report.html").exists()


def test_debug_shows_where_an_error_came_from(tmp_path, capsys):
    assert main(["--debug", "run", str(tmp_path / "none.toml")]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "none.toml"), "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise")
def test_an_output_folder_that_cannot_be_made_is_exit_code_4(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["run", "--out", str(tmp_path / "file" / "out")]) == 4
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("no"), 2, "no"),
        (InputError("no"), 3, "no"),
        (EnvironmentFault("no"), 4, "no"),
        (Interrupted("no"), 5, "no"),
        (MemoryError(), 4, "out of memory"),
        (OSError(28, "No space left on device", "a.tif"), 4, r"No space left on device \(a.tif\)"),
        (KeyError("x"), 1, "--debug"),
    ],
)
def test_every_error_has_its_exit_code_and_words(error, code, words):
    found, text = explained(error)
    assert found == code
    assert re.search(words, text)


def test_init_writes_a_configuration_that_is_valid(tmp_path, capsys):
    from leefraster.config import Configuration

    file = tmp_path / "my.toml"
    assert main(["init", str(file)]) == 0
    assert Configuration.read(file).demonstration_seed() == 0
    assert str(file) in capsys.readouterr().out


def test_init_replaces_only_on_request(tmp_path, capsys):
    file = tmp_path / "my.toml"
    file.write_text("mine")
    assert main(["init", str(file)]) == 2
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert main(["init", str(file), "--force"]) == 0
    assert file.read_text() != "mine"


def options(**given) -> argparse.Namespace:
    return argparse.Namespace(**{"config": None, "seed": None, "drop_outside": False, **given})


def test_without_a_configuration_the_demonstration_country_is_run():
    assert configured(options()).model.name == "illustrative"
    assert configured(options()).demonstration_seed() == 0
    assert configured(options(seed=7)).demonstration_seed() == 7
    assert name_of(None) == "demo"
    assert name_of(Path("somewhere/rotterdam.toml")) == "rotterdam"


def test_a_seed_belongs_to_the_demonstration_country(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[scores]\nreader = "leefbaarometer"\npath = "scores.csv"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="--seed is 3"):
        configured(options(config=file, seed=3))
    file.write_text('[scores]\nreader = "demonstration"\n', encoding="utf-8")
    assert configured(options(config=file, seed=3)).scores.seed == 3
    file.write_text(
        '[model]\nname = "illustrative"\n[[layers]]\nreader = "demonstration"\n', encoding="utf-8"
    )
    assert configured(options(config=file, seed=3)).demonstration_seed() == 3


def test_drop_outside_reaches_every_section_that_reads_a_file(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text(
        '[scores]\nreader = "leefbaarometer"\npath = "s.csv"\n[dwellings]\npath = "d.csv"\ncode = "c"\n'
        'column = "n"\n',
        encoding="utf-8",
    )
    assert not configured(options(config=file)).scores.drop_outside
    read = configured(options(config=file, drop_outside=True))
    assert read.scores.drop_outside
    assert read.dwellings.drop_outside


def test_runs_and_diff_need_a_store(tmp_path, capsys):
    assert main(["runs", "--store", str(tmp_path / "none")]) == 2
    assert main(["diff", "0", "1", "--store", str(tmp_path / "none")]) == 2
    assert "store" in capsys.readouterr().err


def test_runs_are_named_by_position_or_id():
    assert run_key("0") == 0
    assert run_key("-1") == -1
    assert run_key("20261124T053000-abcdef") == "20261124T053000-abcdef"
    assert run_key("20261124") == "20261124"
