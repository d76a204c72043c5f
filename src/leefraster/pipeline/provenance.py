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


def parameters_of(configuration: Configuration) -> dict[str, Any]:
    """Return the configuration as plain values, with the class cuts that were used under ``cuts``."""
    cuts = read_cuts()
    used = {
        "year": cuts.year,
        "version": cuts.version,
        "official": cuts.official,
        "levels": list(cuts.levels),
    }
    return {**configuration.parameters(), "cuts": used}
