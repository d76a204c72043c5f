"""Where the time of an exact local statistic goes: a sampling thread notes in which part of the package it is.

The share of processors in use during a stage tells which stages run on one thread.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import leefraster as lr
from beside.cells import Cells
from beside.limits import limits, statistics_of

PACKAGE = str(Path(lr.__file__).parent)
PAUSE = 0.0005
PROFILED = ("local Moran, exact, queen", "local Moran, exact, disc of 1 km", "G*, exact, queen")

# The first entry that any frame of the stack agrees with: how the file's path begins, function ("" is any).
STAGES: tuple[tuple[str, str, str], ...] = (
    ("inference/exact", "_refined", "null tables"),
    ("inference/multiple_testing", "", "ranking for q"),
    ("inference/far_tails", "", "far tails"),
    ("inference/pair_tails", "", "pairs counted"),
    ("inference/draws", "bound_by_one_set", "bounds of tails"),
    ("inference/draws", "draw_tails", "look-ups in the null tables"),
    ("inference/draws", "", "null tables"),
    ("inference/numbers", "", "numbers on a lattice, totals"),
    ("kernels/decision", "", "codes and two-sided p"),
    ("kernels/ranking", "", "values in buckets"),
    ("neighbours", "", "neighbours: counts and sums"),
    ("kernels/rowruns", "", "neighbours: counts and sums"),
    ("statistics/local_sums", "", "z and lags"),
    ("kernels/local_sums", "", "z and lags"),
    ("kernels/local_moran", "", "I and its moments, quadrants"),
    ("kernels/getis_ord", "", "G and spots"),
    ("fields", "", "reading the field, labels"),
    ("kernels/tails", "", "look-ups in the null tables"),
    ("kernels/null_table", "", "null tables"),
    ("statistics/plan", "put", "results into place"),
    ("statistics/plan", "__init__", "results into place"),
)


TOGETHER = ("kernels/in_threads", "in_threads")  # where a thread waits for those that work on its pieces


class Sampler:
    """Notes where the thread that made it is, with the time and processor time since the last note.

    While it waits for threads that work on pieces, theirs are the places, with equal shares of the time.
    """

    def __init__(self) -> None:
        self._main = threading.get_ident()
        self._stop = threading.Event()
        self.wall: dict[str, float] = defaultdict(float)
        self.processor: dict[str, float] = defaultdict(float)

    def run(self, work: Callable[[], object], effort: float) -> float:
        """Sample the work, again until `effort` seconds are over; return the seconds of one run."""
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        begin, runs, seconds = time.perf_counter(), 0, 0.0
        while runs == 0 or seconds < effort:
            work()
            runs, seconds = runs + 1, time.perf_counter() - begin
        self._stop.set()
        thread.join()
        return seconds / runs

    def _sample(self) -> None:
        own = time.thread_time()
        wall, processor = time.perf_counter(), time.process_time()
        while not self._stop.wait(PAUSE):
            places = self._places()
            now, used, mine = time.perf_counter(), time.process_time(), time.thread_time()
            for place in places:
                self.wall[place] += (now - wall) / len(places)
                self.processor[place] += ((used - processor) - (mine - own)) / len(places)
            wall, processor, own = now, used, mine

    def _places(self) -> list[str]:
        frames = sys._current_frames()
        main = frames.pop(self._main, None)
        stacks = [stack_of(frame) for frame in frames.values()] if TOGETHER in stack_of(main) else []
        working = [stack for stack in stacks if stack]  # threads of the package; the sampler's own is none
        return [stage_of(stack) for stack in working or [stack_of(main)]]


def stack_of(frame: FrameType | None) -> list[tuple[str, str]]:
    """Return the files of the package and the functions in them, the innermost first."""
    stack: list[tuple[str, str]] = []
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE):
            file = code.co_filename[len(PACKAGE) + 1 :].removesuffix(".py")
            stack.append((file, code.co_name))
        frame = frame.f_back
    return stack


def stage_of(stack: list[tuple[str, str]]) -> str:
    """Return the stage of the place that a stack is in; the innermost file of the package where none is known."""
    for part, name, stage in STAGES:
        if any(file.startswith(part) and name in ("", function) for file, function in stack):
            return stage
    inner = [file for file, _ in stack if not file.startswith(("kernels/jit", "kernels/in_threads"))]
    return f"other: {inner[0]}" if inner else "other"


def profile(work: Callable[[], object], effort: float) -> list[dict[str, Any]]:
    """Return the stages of a work, the longest first: seconds a run, share, processors in use."""
    work()
    sampler = Sampler()
    seconds = sampler.run(work, effort)
    noted = sum(sampler.wall.values())
    return [
        {
            "stage": stage,
            "seconds": seconds * wall / noted,
            "share": wall / noted,
            "processors": sampler.processor[stage] / wall,
        }
        for stage, wall in sorted(sampler.wall.items(), key=lambda item: -item[1])
    ]


def stages(made: Cells, effort: float) -> dict[str, Any]:
    """Profile the works of `PROFILED`, each for `effort` seconds."""
    works = {name: work for name, work in statistics_of(made).items() if name in PROFILED}
    return {"cells": made.values.size, "works": {name: profile(work, effort) for name, work in works.items()}}


def measured(cells: int, copied: int, effort: float) -> dict[str, Any]:
    """Return the distance from the limit and the stages."""
    made = Cells.made(cells)
    return {"limits": limits(made, copied, effort), "stages": stages(made, effort)}


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
