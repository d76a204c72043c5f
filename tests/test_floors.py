"""The floors of the package hold, and the check that says so can fail."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "check_floors.py"


def load_tool():
    spec = importlib.util.spec_from_file_location("check_floors", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_floors"] = module
    spec.loader.exec_module(module)
    return module


floors = load_tool()


def package(folder: Path, files: dict[str, str]) -> Path:
    root = folder / "leefraster"
    for name, text in {"__init__.py": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for parent in path.relative_to(root).parents:
            (root / parent / "__init__.py").touch()
    return root


def test_the_package_is_in_order():
    assert floors.check(floors.PACKAGE) == []


def test_an_orderly_package_passes(tmp_path):
    files = {
        "kernels/lag.py": "import math\nimport numpy as np\nfrom numba import prange\n",
        "inference/exact.py": "import scipy.fft\n",
        "grid.py": "from leefraster.errors import InputError\n",
        "errors.py": "class InputError(Exception): ...\n",
        "statistics/moran.py": "from leefraster.kernels import lag\nfrom ..inference.exact import x\n",
        "questions/core.py": "from leefraster.statistics.moran import moran\n",
        "statistics/crosscheck.py": "def crosscheck():\n    import esda\n",
        "cli.py": "def f():\n    from leefraster.questions import core\nfrom leefraster import __version__\n",
    }
    assert floors.check(package(tmp_path, files)) == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"grid.py": "from leefraster.cli import main\n", "cli.py": ""}, "floor 3 .* from floor 6"),
        (
            {"grid.py": "def f():\n    import leefraster.store\n", "store.py": ""},
            "grid.py:2: floor 3 .* floor 5",
        ),
        ({"kernels/lag.py": "from ..grid import Grid\n", "grid.py": ""}, "floor 1 .* leefraster.grid"),
        ({"kernels/lag.py": "from ..inference import exact\n", "inference/exact.py": ""}, "from floor 2"),
        ({"kernels/lag.py": "import xarray as xr\n"}, "knows only numba, numpy"),
        ({"inference/exact.py": "import pandas\n"}, "knows only numpy, scipy"),
        ({"inference/exact.py": "import numba\n"}, "imports numba, which only kernels may"),
        ({"statistics/moran.py": "from numba import njit\n"}, "imports numba, which only kernels may"),
        ({"report/page.py": "import esda.moran\n"}, "imports esda, which only statistics.crosscheck may"),
        (
            {"statistics/moran.py": "from leefraster.clusters import rule\n", "clusters/rule.py": ""},
            "within floor 4",
        ),
        ({"grid.py": "from leefraster import Store\n"}, "front of the package"),
        ({"grid.py": "import leefraster as lr\n"}, "front of the package"),
        ({"grid.py": "from leefraster.nowhere.at_all import x\n"}, "no module of that name"),
        ({"utils.py": ""}, "'utils' stands on no floor"),
        (
            {
                "cells.py": "from leefraster.grid import Grid\n",
                "grid.py": "def f():\n    from .cells import x\n",
            },
            "in a ring: leefraster.cells -> leefraster.grid -> leefraster.cells",
        ),
    ],
)
def test_every_kind_of_fault_is_found(tmp_path, files, message):
    faults = floors.check(package(tmp_path, files))
    assert faults
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(" | ".join(faults))


def test_type_checkers_may_look_round_a_ring_but_not_up(tmp_path):
    ring = {
        "cells.py": "from leefraster.grid import Grid\n",
        "grid.py": "import typing\nif typing.TYPE_CHECKING:\n    from leefraster.cells import x\n",
    }
    assert floors.check(package(tmp_path / "ring", ring)) == []
    up = {**ring, "grid.py": ring["grid.py"].replace("cells", "cli"), "cli.py": ""}
    assert len(floors.check(package(tmp_path / "up", up))) == 1


def test_the_exit_code_follows_the_faults(tmp_path):
    bad = package(tmp_path, {"grid.py": "import leefraster.cli\n", "cli.py": ""})
    done = subprocess.run([sys.executable, TOOL, bad], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "imports go down only" in done.stdout
