"""One run: sizes from small to large, every program in turn, round by round."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from beside.agreement import agreement
from beside.cells import Cells
from beside.children import Child, ChildFailed
from beside.growth import Point, predicted
from beside.works import OURS, Arrays, Work, all_works, can_run

WARM_UP = 600
SHORT, MIDDLING = 1.5, 25.0  # seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    sizes : tuple of int
        Cells of the generated fields, rising.
    germany : bool
        Whether the German grid comes last.
    rounds : int
        Turns of every program; one that takes long has fewer.
    least : float
        Seconds to fill with repetitions within one turn.
    most : float
        Predicted seconds from which a work is extrapolated instead.
    seconds : float
        Time for all; what would go over it is extrapolated.
    programs : tuple of str
        Programs, or all when empty.
    own_children : bool
        Whether each of our works has a child process of its own.
    """

    sizes: tuple[int, ...] = (10_000, 31_623, 100_000, 400_000, 1_000_000)
    germany: bool = True
    rounds: int = 3
    least: float = 0.3
    most: float = 120.0
    seconds: float = 800.0
    programs: tuple[str, ...] = ()
    own_children: bool = True


@dataclass(slots=True)
class Measured:
    """One work on one set of cells."""

    work: str
    task: str
    program: str
    label: str
    on: str
    cells: int
    seconds: float | None = None
    rounds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    extrapolated: bool = False
    agreement: dict[str, float] = field(default_factory=dict)
    fault: str | None = None

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class Run:
    """A run of a plan.

    Parameters
    ----------
    plan : Plan
        What to measure.
    log : file
        Where what programs print goes.
    """

    def __init__(self, plan: Plan, log: IO[str]) -> None:
        self._plan, self._log = plan, log
        self._ends = time.monotonic() + plan.seconds
        wanted = [work for work in all_works() if not plan.programs or work.program in plan.programs]
        if not plan.own_children:
            wanted = [replace(work, child=work.program) for work in wanted]
        self._works = [work for work in wanted if can_run(work)]
        self.absent = sorted({work.program for work in wanted} - {work.program for work in self._works})
        self.r_packages = sorted({work.needs[2:] for work in self._works if work.needs.startswith("R:")})
        self._children: dict[str, Child] = {}
        self._points: dict[str, list[Point]] = {work.name: [] for work in self._works}

    def all(self) -> list[Measured]:
        """Measure every size."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                return self._sizes(Path(folder))
            finally:
                for child in self._children.values():
                    child.end()

    def _sizes(self, folder: Path) -> list[Measured]:
        found: list[Measured] = []
        Cells.made(WARM_UP, seed=9).save(folder / "warm_up.npz")
        for size in self._plan.sizes:
            found += self._on(f"ragged {size:,}", Cells.made(size), folder, self._works)
        if self._plan.germany:
            german = [work for work in self._works if work.germany]
            found += self._on("Germany, census 2022", Cells.germany(), folder, german)
        return found

    def _on(self, name: str, cells: Cells, folder: Path, works: list[Work]) -> list[Measured]:
        path = folder / "cells.npz"
        cells.save(path)
        size = cells.values.size
        records = {work.name: _record(work, name, size) for work in works}
        chosen = [work for work in works if self._affordable(work, records[work.name])]
        say(f"{name}: {size:,} cells, {len(chosen)} works")
        self._rounds(chosen, self._loaded(chosen, folder), records)
        self._agree(chosen, self._children, records, folder)
        for work in chosen:
            record = records[work.name]
            if record.rounds and record.seconds is not None:
                self._points[work.name].append((size, record.seconds))
        return list(records.values())

    def _loaded(self, works: list[Work], folder: Path) -> dict[str, Child]:
        """Start the children that are not there yet, and give all of them the cells."""
        for name in {work.child for work in works} - set(self._children):
            self._children[name] = Child(folder / "warm_up.npz", self._log)
        for child in self._children.values():
            child.ask("load", path=str(folder / "cells.npz"))
        return self._children

    def _affordable(self, work: Work, record: Measured) -> bool:
        seconds = predicted(self._points[work.name], record.cells)
        left = max(self._ends - time.monotonic(), SHORT)
        if record.cells <= work.largest and seconds <= min(self._plan.most, left):
            return True
        record.extrapolated = True
        record.seconds = seconds or None
        return False

    def _rounds(self, works: list[Work], children: dict[str, Child], records: dict[str, Measured]) -> None:
        ready = self._first_of_each_child(works, children, records)
        for turn in range(self._plan.rounds):
            for work in works:
                record = records[work.name]
                if turn == 0 and not self._affordable(work, record):
                    continue
                if record.fault or record.extrapolated or not self._has_turn(turn, record):
                    continue
                try:
                    if turn == 0 and work.name not in ready:
                        children[work.child].ask("prepare", work=work.name)
                    told = children[work.child].ask("measure", work=work.name, least=self._plan.least)
                except ChildFailed as fault:
                    record.fault = str(fault)
                    say(f"    {work.program}, {work.label}: {fault}")
                    continue
                record.rounds.append(told["seconds"])
                record.seconds = statistics.median(record.rounds)
                record.peak_bytes = record.peak_bytes or told["peak_bytes"]
                if turn == 0:
                    say(f"    {work.task}, {work.program}, {work.label}: {told['seconds']:.4f} s")

    def _first_of_each_child(
        self, works: list[Work], children: dict[str, Child], records: dict[str, Measured]
    ) -> set[str]:
        """Prepare the first work of every child, several at a time, before anything is measured."""
        first: dict[str, Work] = {}
        for work in works:
            first.setdefault(work.child, work)

        def prepare(work: Work) -> None:
            try:
                children[work.child].ask("prepare", work=work.name)
            except ChildFailed as fault:
                records[work.name].fault = str(fault)

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(prepare, first.values()))
        return {work.name for work in first.values()}

    def _has_turn(self, turn: int, record: Measured) -> bool:
        """Return whether a work is measured again: short ones always, those up to 25 seconds twice, others once."""
        seconds = record.seconds or 0.0
        turns = self._plan.rounds if seconds < SHORT else 2 if seconds < MIDDLING else 1
        return turn < turns and (turn == 0 or seconds < max(self._ends - time.monotonic(), SHORT))

    def _agree(
        self, works: list[Work], children: dict[str, Child], records: dict[str, Measured], folder: Path
    ) -> None:
        first: dict[str, Arrays] = {}  # ours comes first in every task
        for work in works:
            record = records[work.name]
            if record.fault or not record.rounds:
                continue
            path = folder / "results.npz"
            try:
                children[work.child].ask("results", work=work.name, path=str(path))
            except ChildFailed as fault:
                record.fault = str(fault)
                continue
            with np.load(path) as kept:
                arrays = {key: kept[key] for key in kept.files}
            if work.task in first:
                record.agreement = agreement(first[work.task], arrays)
            elif record.program == OURS:
                first[work.task] = arrays


def _record(work: Work, name: str, size: int) -> Measured:
    return Measured(work.name, work.task, work.program, work.label, name, size)


def say(text: str) -> None:
    """Tell how far the run is."""
    print(text, file=sys.stderr, flush=True)
