"""What numbers depend on besides the input: parameters, class cuts, and versions of code and libraries."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leefraster.scoring.cuts import read_cuts

if TYPE_CHECKING:
    from leefraster.config import Configuration
    from leefraster.scoring.model import Model

_LIBRARIES = (
    "leefraster", "numpy", "numba", "scipy", "pandas", "xarray", "libpysal", "esda", "geopandas", "pyproj",
    "zarr", "icechunk",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return versions by name; ``code`` is the beginning of the SHA-256 of leefraster's source files."""
    package = Path(__file__).resolve().parents[1]
    return {
        **{name: version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
        "code": _digest(sorted(package.rglob("*.py"))),
    }


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode())
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def parameters_of(configuration: Configuration, model: Model | None = None) -> dict[str, Any]:
    """Return the configuration as plain values, with the class cuts that were used under ``cuts``.

    A model stands under ``model``: its name, version, whether it is official, and the SHA-256 of all that it says.
    """
    cuts = read_cuts()
    used = {
        "year": cuts.year,
        "version": cuts.version,
        "official": cuts.official,
        "levels": list(cuts.levels),
    }
    tree = {**configuration.parameters(), "cuts": used}
    if model is not None:
        tree["model"] = {**tree["model"], **_facts(model)}
    return tree


def _facts(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "version": model.version,
        "official": model.official,
        "reference_year": model.reference.year,
        "reference_rule": model.reference.rule,
        "deviations": model.reference.deviations,
        "indicators": len(model.indicators),
        "sha256": hashlib.sha256(model.model_dump_json().encode()).hexdigest(),
    }
