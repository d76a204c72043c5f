"""What is measured: a work is one task done by one program."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from beside.cells import Cells

Arrays = dict[str, npt.NDArray[Any]]

LOCAL, SPOTS, GLOBAL, WEIGHTS, FOCAL = (
    "local Moran's I with p-values",
    "Getis-Ord G*",
    "global Moran's I",
    "neighbours (weights)",
    "sums over discs of 1 km",
)
TASKS = (LOCAL, SPOTS, GLOBAL, WEIGHTS, FOCAL)
OURS = "leefraster"


@dataclass(frozen=True, slots=True)
class Told:
    """A measurement that the program took itself, in a process of its own (R)."""

    seconds: float
    peak_bytes: int
    results: Arrays


@dataclass(frozen=True, slots=True)
class Work:
    """One task done by one program.

    Attributes
    ----------
    name : str
        Unique.
    task : str
        One of `TASKS`.
    label : str
        How the program does it.
    child : str
        Works of one child process share what they prepare (weights, say), and run one after the other.
    needs : str
        The module or command without which it cannot run.
    prepare : callable
        Takes the cells and what the child shares, and returns the run that is measured. Preparing is not.
    results : callable
        Turns what the run returned into arrays in the order of the cells, in our definitions: `I`, `z`, `p`,
        `tail` (the smaller tail), `drawn` (the number of permutations, once), `bin`, `sum`.
    largest : int
        The most cells it is run on, because of its time.
    germany : bool
        Whether it is run on the German grid.
    """

    name: str
    task: str
    label: str
    child: str
    needs: str
    prepare: Callable[[Cells, dict[str, Any]], Callable[[], Any]]
    results: Callable[[Any, Cells], Arrays] = field(default=lambda _result, _cells: {})
    largest: int = 10**12
    germany: bool = False

    @property
    def program(self) -> str:
        """The program's name."""
        return OURS if self.child.startswith("ours ") else self.child


def all_works() -> list[Work]:
    """Return every work of every program, ours first."""
    programs = ("ours", "rival", "pysal", "geoda", "xrspatial", "scipy_ndimage", "r_programs")
    return [work for name in programs for work in importlib.import_module(f"beside.{name}").WORKS]


def can_run(work: Work) -> bool:
    """Return whether the program of a work is installed."""
    if work.needs.startswith("R:"):
        from beside.r_programs import has_package

        return has_package(work.needs[2:])
    return importlib.util.find_spec(work.needs) is not None
