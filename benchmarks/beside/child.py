"""The child process that measures the works of one program on one set of cells.

Run as ``python -m beside.child WARM_UP``; reads one order a line (JSON) and answers each with one line:
``{"do": "load", "path": file}``, ``{"do": "prepare", "work": name}``,
``{"do": "measure", "work": name, "least": seconds}``, ``{"do": "results", "work": name, "path": file}``.
It lives through all sizes, since some programs compile anew in every process.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from beside import memory
from beside.cells import Cells
from beside.works import Told, Work, all_works

MOST_RUNS = 9


class Measurer:
    """Prepared works, their last results, and how each is measured."""

    def __init__(self, warm_up: Cells) -> None:
        self._cells = self._warm_up = warm_up
        self._warm: set[str] = set()
        self._works = {work.name: work for work in all_works()}
        self._shared: dict[str, Any] = {}
        self._runs: dict[str, Callable[[], Any]] = {}
        self._last: dict[str, Any] = {}

    def load(self, path: str) -> dict[str, Any]:
        """Take other cells, and forget all that was made from the last ones."""
        for kept in (self._shared, self._runs, self._last):
            kept.clear()
        self._cells = Cells.load(Path(path))
        return {}

    def prepare(self, work: str) -> dict[str, Any]:
        """Compile and load by a run on few cells, then make ready what is not measured."""
        chosen: Work = self._works[work]
        if work not in self._warm and not chosen.needs.startswith("R:"):
            chosen.prepare(self._warm_up, {})()
        self._warm.add(work)
        self._runs[work] = chosen.prepare(self._cells, self._shared)
        return {}

    def measure(self, work: str, least: float) -> dict[str, Any]:
        """Run until `least` seconds are filled; return the median time and the peak of the first run."""
        run = self._runs[work]
        self._last.pop(work, None)
        before, children = memory.forget_peak(), memory.Children()
        seconds = [self._timed(work, run)]
        most = memory.peak() - before + children.peak()
        told = self._last[work]
        if isinstance(told, Told):
            return {"seconds": told.seconds, "peak_bytes": told.peak_bytes}
        while sum(seconds) < least and len(seconds) < MOST_RUNS:
            seconds.append(self._timed(work, run))
        return {"seconds": statistics.median(seconds), "peak_bytes": most}

    def _timed(self, work: str, run: Callable[[], Any]) -> float:
        begin = time.perf_counter()
        result = run()
        seconds = time.perf_counter() - begin
        self._last[work] = result
        return seconds

    def results(self, work: str, path: str) -> dict[str, Any]:
        """Keep the arrays of the last run, and free it."""
        arrays = self._works[work].results(self._last.pop(work), self._cells)
        np.savez(path, **arrays)  # type: ignore[arg-type]
        return {}


def answer(measurer: Measurer, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order; what fails is told, not raised."""
    do = order.pop("do")
    try:
        with warnings.catch_warnings(action="ignore"):
            return {"ok": True, **getattr(measurer, do)(**order)}
    except Exception as error:
        traceback.print_exc()
        return {"ok": False, "error": f"{type(error).__name__}: {error}"[:500]}


def main() -> None:
    """Read orders until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a program prints must not mix with the answers
    with contextlib.redirect_stdout(sys.stderr):
        measurer = Measurer(Cells.load(Path(sys.argv[1])))
        for line in sys.stdin:
            print(json.dumps(answer(measurer, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
