"""How bands are worked through: one after the other here, or elsewhere by something that maps as this does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from leefraster.errors import UsageError

BANDS = 4  # of each of several workers, at least: that the last of them does not keep the others waiting


class Runner(Protocol):
    """Something that maps a function over bands.

    Attributes
    ----------
    elsewhere : bool
        Whether the function is called in other processes.
    """

    elsewhere: bool

    @property
    def workers(self) -> int:
        """How many bands are worked on at a time."""
        ...

    def map[B, T](self, function: Callable[[B], T], bands: Iterable[B]) -> Iterator[T]:
        """Return what the function gives for each band, in their order."""
        ...


class InTurn:
    """One band after the other in this process; kernels use its threads."""

    elsewhere = False
    workers = 1

    def map[B, T](self, function: Callable[[B], T], bands: Iterable[B]) -> Iterator[T]:
        """Return what the function gives for each band, in their order."""
        return map(function, bands)


def chosen_runner(runner: Runner | None) -> Runner:
    """Return the runner, or that of this process when None.

    Raises
    ------
    UsageError
        When it is something that maps nothing over bands.
    """
    if runner is None:
        return InTurn()
    if not (callable(getattr(runner, "map", None)) and hasattr(runner, "elsewhere")):
        raise UsageError(
            f"runner is {runner!r}; it must be None, or what lr.bands.on_cluster gives: "
            "with lr.bands.on_cluster.cluster('local') as runner"
        )
    return runner


def fills_files(runner: Runner) -> bool:
    """Return whether the function is called where it can fill files of this computer."""
    return not runner.elsewhere or bool(getattr(runner, "here", False))


def refuse_no_progress(progress: object) -> None:
    """Refuse a progress that cannot be called.

    Raises
    ------
    UsageError
        When it is neither None nor callable.
    """
    if progress is not None and not callable(progress):
        raise UsageError(
            f"progress is {progress!r}; it must be a function that is called as progress(step, done, all), or None"
        )


def shared_out(cells: int, n: int, workers: int, multiple: int = 1) -> int:
    """Return how many cells a band takes at most, so that each of several workers gets several bands.

    Parameters
    ----------
    cells : int
        Cells of a band that were asked for.
    n : int
        Cells of the field.
    workers : int
        How many bands are worked on at a time.
    multiple : int
        Cells of a chunk. Chunks are shared out whole, rounded up: a band more for each worker would read its
        halo, whose rows lie in two more chunks, once more.
    """
    if workers == 1:
        return cells
    chunks = max(-(-n // multiple), 1)
    return min(cells, -(-chunks // (BANDS * workers)) * multiple)
