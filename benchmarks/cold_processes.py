"""Processes that start together on an empty cache folder: each must end well, with the same bytes, and say nothing.

    python benchmarks/cold_processes.py [--processes 24] [--work sums | moran]

Every process loads leefraster and waits for the others; then all compile the same kernels at once. Afterwards one
more process must find all of them kept, and compile nothing. Prints the outcome as JSON; the exit code is 1 when
anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHILD = """
import hashlib, sys, time
from pathlib import Path

import numpy as np

import leefraster as lr
from leefraster.kernels import compiling, rowruns

if sys.argv[1] == "moran":
    import xarray as xr

    axis = (np.arange(30) + 0.5) * 100.0
    field = xr.DataArray(
        np.random.default_rng(0).normal(size=(30, 30)), dims=("y", "x"), coords={"y": axis[::-1], "x": axis}
    )

here = Path(sys.argv[2])
(here / f"ready-{sys.argv[3]}").touch()
while not (here / "go").exists():
    time.sleep(0.005)
if sys.argv[1] == "moran":
    found = lr.local_moran(field, lr.Neighbourhood.disc(300.0))
    arrays = [found[name].values for name in sorted(found.data_vars)]
else:
    arrays = [rowruns.prefix_sum(np.arange(1000)), rowruns.row_starts(np.array([0, 0, 2]), 3)]
digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
print(digest, len(compiling.compiled), len(compiling.loaded))
"""
WAITS = 120.0  # seconds for all to be ready, and for all to end


def started(work: str, folder: Path, number: int) -> subprocess.Popen[str]:
    """Start a process that waits in the folder for the others."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, work, str(folder), str(number)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def together(work: str, processes: int, folder: Path) -> dict[str, Any]:
    """Let processes compile at once on an empty folder, then one more; return the outcome.

    Parameters
    ----------
    work : {"moran", "sums"}
        What each computes: local Moran of a small field, or two sums, which compile in a second.
    processes : int
        How many start together.
    folder : Path
        An empty folder.
    """
    children = [started(work, folder, number) for number in range(processes)]
    begin = time.monotonic()
    while len(list(folder.glob("ready-*"))) < processes and time.monotonic() - begin < WAITS:
        time.sleep(0.01)
    waited, begin = time.monotonic() - begin, time.monotonic()
    (folder / "go").touch()
    ended = [(child, *child.communicate(timeout=10 * WAITS)) for child in children]
    seconds = time.monotonic() - begin
    last = started(work, folder, processes)
    said, complaint = last.communicate(timeout=WAITS)
    words = [out.split() for _, out, _ in ended if out.strip()]
    files = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    outcome: dict[str, Any] = {
        "work": work,
        "processes": processes,
        "ended well": sum(child.returncode == 0 for child, _, _ in ended),
        "different results": len({word[0] for word in [*words, said.split()] if word}),
        "said something": [text for _, _, text in ended if text.strip()]
        + [complaint] * bool(complaint.strip()),
        "compiled": sorted(int(word[1]) for word in words),
        "compiled by one more": int(said.split()[1]) if said.split() else None,
        "kernels kept": sum(path.suffix == ".kernel" for path in files),
        "other files": [path.name for path in files if path.suffix != ".kernel"],
        "seconds to load": round(waited, 1),
        "seconds together": round(seconds, 1),
    }
    return outcome | {"well": is_well(outcome)}


def is_well(outcome: dict[str, Any]) -> bool:
    """Tell whether every process ended well and silently with the same bytes, and left whole files only."""
    return bool(
        outcome["ended well"] == outcome["processes"]
        and outcome["different results"] == 1
        and not outcome["said something"]
        and outcome["compiled by one more"] == 0
        and outcome["kernels kept"] > 0
        and not outcome["other files"]
    )


def main() -> int:
    """Run as the command line says, and print the outcome."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--processes", type=int, default=24)
    parser.add_argument("--work", choices=["sums", "moran"], default="sums")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = together(options.work, options.processes, Path(folder))
    print(json.dumps(outcome, indent=2))
    return 0 if outcome["well"] else 1


if __name__ == "__main__":
    sys.exit(main())
