"""The memory that a run may take: estimated beforehand, kept to by working on less at a time, or refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.errors import EnvironmentFault
from leefraster.pipeline.memory import held_bytes, peak_bytes

if TYPE_CHECKING:
    from leefraster.config import Configuration

# Measured on runs of 576 to 2.3 million cells whose kernels were compiled before, rounded up.
COMPUTING = 420_000_000  # Python, its libraries and compiled kernels, until results are computed
ENDING = 730_000_000  # the same with what cross-check and exports load
TEXT = 2.5  # bytes held for each byte of a text file, while it is read
COLUMN = 40  # bytes held for each row and column of a Parquet file, while it is read
VALUE = 22  # bytes that stay for each value of each field, besides results
RESULT = 40  # bytes of results for each value of each field
WORK = 110  # bytes a cell, while a field is worked on
AFTERWARDS = 90  # bytes a cell and year, for clusters and questions
EXPORTED = 100  # bytes a cell, while it is exported
KEPT = 13  # bytes of `VALUE` that are still there when exports are made
WORKER = 200_000_000  # a process that works on fields for this one
DEMONSTRATION = (380_000, 9, 6)  # cells, years and layers of the demonstration country
TOLERANCE = 1.1  # times the limit, from which a run is stopped on its way


@dataclass(frozen=True, slots=True)
class Ways:
    """How a run works so that its memory suffices.

    Attributes
    ----------
    at_once : int
        Fields worked on at a time.
    on_disk : bool
        Whether results lie in files until they are stored.
    needed : int
        Bytes estimated for it.
    """

    at_once: int
    on_disk: bool
    needed: int

    def words(self) -> str:
        """Return it in words, for notes and messages."""
        many = "one field" if self.at_once == 1 else f"{self.at_once} fields"
        return f"{many} at a time" + (", results on disk until they are stored" if self.on_disk else "")


def needed_to_read(configuration: Configuration) -> int:
    """Estimate the bytes that a run takes at least, before anything is read: to read it, and to end."""
    if configuration.demonstration_seed() is not None:
        return ways(*DEMONSTRATION, threads=1)[-1].needed
    sections = [configuration.scores, *configuration.layers, *configuration.joined().values()]
    paths = {path for section in sections if section is not None for path in section.paths()}
    return max(COMPUTING + sum(_while_read(path) for path in paths if path.exists()), ENDING)


def _while_read(path: Path) -> int:
    """Estimate the bytes that one file takes; a Parquet file says how much it holds, however small it is itself."""
    if path.suffix.lower() not in {".parquet", ".pq"}:
        return int(TEXT * path.stat().st_size)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        told = pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return 0  # the reader says what is wrong with it
    return COLUMN * int(told.num_rows) * int(told.num_columns)


def ways(cells: int, years: int, layers: int, *, threads: int, workers: int = 0) -> Sequence[Ways]:
    """Return the ways to run on so much data, from the fastest to the one that takes least memory.

    With workers, which are processes of this computer, fields are theirs, several at a time in any case.
    """
    values = cells * years * layers
    results, of_a_year = RESULT * values, RESULT * cells * layers
    computing = COMPUTING + VALUE * values + AFTERWARDS * cells * years + workers * WORKER
    ending = ENDING + KEPT * values + EXPORTED * cells + workers * WORKER

    def way(at_once: int, on_disk: bool) -> Ways:
        held = of_a_year if on_disk else results
        return Ways(at_once, on_disk, held + max(computing + WORK * cells * at_once, ending))

    if workers:
        return way(workers, False), way(workers, True)
    several = threads + 1 if threads > 1 else 1
    return way(several, False), way(1, False), way(1, True)


@dataclass(slots=True)
class Budget:
    """The memory that a run may take.

    Attributes
    ----------
    limit : int or None
        Bytes; None is all that the machine has.
    estimate : int
        Bytes that the whole run takes by estimate; as a run on next to nothing, while that is not known.
    peak_before : int
        The most that the process has held when a step was looked at last; only what is above is of the next.
    workers : int
        Processes that work for this one, on this computer.
    """

    limit: int | None = None
    estimate: int = ENDING
    peak_before: int = field(default_factory=peak_bytes)
    workers: int = 0
    _told: int = 0

    def allow(self, needed: int, what: str) -> None:
        """Refuse what needs more than the limit.

        Raises
        ------
        EnvironmentFault
            Naming the figure that is needed.
        """
        if self.limit is not None and needed > self.limit:
            raise EnvironmentFault(
                f"memory: {what} needs about {needed / 1e6:,.0f} MB, and {self.limit / 1e6:,.0f} MB are allowed. "
                f"{self._advice(needed)}. Nothing was stored"
            )

    def choose(self, possible: Sequence[Ways]) -> Ways:
        """Return the fastest way that the limit allows.

        Raises
        ------
        EnvironmentFault
            When even the one that takes least needs more.
        """
        chosen = next(
            (way for way in possible if self.limit is None or way.needed <= self.limit), possible[-1]
        )
        self.allow(chosen.needed, f"this run, {chosen.words()},")
        self.estimate = chosen.needed
        return chosen

    def ahead(self, *, results: bool) -> int:
        """Return the bytes that steps to come add by estimate: all but what is loaded, or only what ends load."""
        return ENDING - COMPUTING if results else self.estimate - COMPUTING

    def keep(self, step: str, *, ahead: int) -> str | None:
        """Look after a step at what is held and what was held meanwhile, and say where that is above the limit.

        A run is stopped only where it still holds a tenth more than it may while there is much to compute. Above
        the limit for a moment, by less, or near its end, it goes on: what it has done is worth more.

        Parameters
        ----------
        step : str
            The step that is over.
        ahead : int
            Bytes that steps to come add by estimate; 0 when there is nothing left to compute.

        Returns
        -------
        str or None
            A warning with the figure to allow; None within the limit, and where one was given that holds still.

        Raises
        ------
        EnvironmentFault
            With what it holds and the figure to allow.
        """
        if self.limit is None:
            return None
        held, peak = held_bytes(), peak_bytes()
        most = max(held, peak if peak > self.peak_before else 0)
        self.peak_before = peak
        if ahead and held > TOLERANCE * self.limit:
            raise EnvironmentFault(
                f"memory: after the step '{step}' {held / 1e6:,.0f} MB are held, and {self.limit / 1e6:,.0f} MB "
                f"are allowed. {self._advice(max(most, held + ahead))}. Nothing was stored"
            )
        if most <= max(self.limit, self._told):
            return None
        self._told = int(TOLERANCE * most)
        return (
            f"memory: the step '{step}' took {most / 1e6:,.0f} MB, and {self.limit / 1e6:,.0f} MB are allowed; the "
            f"run went on. {self._advice(most)}"
        )

    def _advice(self, needed: int) -> str:
        """Return what to do; less data is no help below what a run on next to nothing takes."""
        allow = f"Allow {_gigabytes(needed)} (--memory)"
        least = ENDING + self.workers * WORKER
        if self.limit is not None and self.limit < least:
            return f"{allow}: no run takes less than {_gigabytes(least)}, on however little data"
        return f"{allow}, or run on fewer years or a smaller area"


def _gigabytes(needed: int) -> str:
    return f"{math.ceil(needed / 1e8) / 10:.1f}GB"
