"""The memory that a run may take: estimated beforehand, kept to by working on less at a time, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from leefraster.errors import EnvironmentFault

if TYPE_CHECKING:
    from leefraster.config import Configuration

# Measured on runs of 100,000 to 2.3 million cells, rounded up.
PROCESS = 420_000_000  # Python, its libraries and compiled kernels
READING = 2.5  # bytes held for each byte of a text file, while it is read
VALUE = 22  # bytes that stay for each value of each field, besides results
RESULT = 40  # bytes of results for each value of each field
WORK = 110  # bytes a cell, while a field is worked on
AFTERWARDS = 90  # bytes a cell and year, for clusters, questions, exports and report
DEMONSTRATION = (380_000, 9, 6)  # cells, years and layers of the demonstration country


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


def needed_to_read(configuration: Configuration) -> int:
    """Estimate the bytes that reading takes, before anything is read."""
    if configuration.demonstration_seed() is not None:
        return ways(*DEMONSTRATION, threads=1)[-1].needed
    sections = [configuration.scores, *configuration.layers, *configuration.joined().values()]
    paths = {path for section in sections if section is not None for path in section.paths()}
    text = sum(path.stat().st_size for path in paths if path.exists())
    return PROCESS + int(READING * text)


def ways(cells: int, years: int, layers: int, *, threads: int) -> Sequence[Ways]:
    """Return the ways to run on so much data, from the fastest to the one that takes least memory."""
    values = cells * years * layers
    kept = PROCESS + VALUE * values + AFTERWARDS * cells * years
    several = threads + 1 if threads > 1 else 1
    return (
        Ways(several, False, kept + RESULT * values + WORK * cells * several),
        Ways(1, False, kept + RESULT * values + WORK * cells),
        Ways(1, True, kept + WORK * cells + RESULT * cells * layers),
    )


@dataclass(frozen=True, slots=True)
class Budget:
    """The memory that a run may take, in bytes; None is all that the machine has."""

    limit: int | None = None

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
                f"Allow {needed / 1e9 + 0.05:.1f}GB (--memory), or run on fewer years or a smaller area. "
                "Nothing was stored"
            )

    def choose(self, possible: Sequence[Ways]) -> Ways:
        """Return the fastest way that the limit allows.

        Raises
        ------
        EnvironmentFault
            When even the one that takes least needs more.
        """
        for way in possible:
            if self.limit is None or way.needed <= self.limit:
                return way
        self.allow(possible[-1].needed, "this run, one field at a time and results on disk,")
        return possible[-1]

    def keep(self, step: str) -> None:
        """Stop a run that holds more than the limit at the end of a step.

        Raises
        ------
        EnvironmentFault
            With what it holds.
        """
        if self.limit is None:
            return
        held = int(psutil.Process().memory_info().rss)
        if held > self.limit:
            raise EnvironmentFault(
                f"memory: after the step '{step}' {held / 1e6:,.0f} MB are held, and {self.limit / 1e6:,.0f} MB "
                "are allowed. Allow more (--memory), or run on fewer years or a smaller area. Nothing was stored"
            )
