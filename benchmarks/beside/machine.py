"""The machine, the versions, and what else ran while a run was made."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "leefraster", "numpy", "numba", "scipy", "xarray", "esda", "libpysal", "pygeoda", "xarray-spatial"
)  # fmt: skip


def about(r_packages: Iterable[str]) -> dict[str, Any]:
    """Return date, machine, versions of Python's packages and those of R that are named."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "processors": processors,
        "memory_gb": round(_memory() / 2**30),
        "python": sys.version.split()[0],
        "versions": _versions(r_packages),
    }


class Others:
    """What other programs take of the processors from now on."""

    def __init__(self) -> None:
        self._begin, self._busy, self._own = time.monotonic(), _busy_seconds(), _own_seconds()

    def share(self) -> float:
        """Return the share of the processors that they took; ended children count as this process."""
        theirs = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        return max(theirs, 0.0) / (time.monotonic() - self._begin) / (os.cpu_count() or 1)


def _busy_seconds() -> float:
    import psutil

    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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
