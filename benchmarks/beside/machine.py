"""The machine, the versions and the load under which a run was made."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "leefraster", "numpy", "numba", "scipy", "xarray", "esda", "libpysal", "pygeoda", "xarray-spatial"
)  # fmt: skip
BUSY = 0.5  # waiting or running programs a processor before the run began


def about(r_packages: Iterable[str]) -> dict[str, Any]:
    """Return date, machine, versions of Python's packages and those of R that are named, and the load."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "processors": processors,
        "memory_gb": round(_memory() / 2**30),
        "python": sys.version.split()[0],
        "versions": _versions(r_packages),
        "load": load(),
        "busy": load() > BUSY * processors,
    }


def load() -> float:
    """Return how many programs ran or waited for a processor, over the last minute; 0 where it is not told."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def _versions(r_packages: Iterable[str]) -> dict[str, str]:
    from beside.r_programs import version_of

    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    found.update({f"R {name}": version_of(name) for name in r_packages})
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)
