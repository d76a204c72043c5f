"""How bands are worked through: one after the other here, or elsewhere by something that maps as this does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol


class Runner(Protocol):
    """Something that maps a function over bands.

    Attributes
    ----------
    elsewhere : bool
        Whether the function is called in other processes.
    """

    elsewhere: bool

    def map[B, T](self, function: Callable[[B], T], bands: Iterable[B]) -> Iterator[T]:
        """Return what the function gives for each band, in their order."""
        ...


class InTurn:
    """One band after the other in this process; kernels use its threads."""

    elsewhere = False

    def map[B, T](self, function: Callable[[B], T], bands: Iterable[B]) -> Iterator[T]:
        """Return what the function gives for each band, in their order."""
        return map(function, bands)
