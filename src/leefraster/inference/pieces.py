"""Values that come in pieces: all at once in memory, or band by band, with the same results to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy.typing as npt


class Pieces(Protocol):
    """Finite values in pieces; what is computed of each is combined by sums and extremes, which are exact."""

    def map[T](self, function: Callable[[npt.NDArray[Any]], T]) -> Iterable[T]:
        """Return what the function gives for each piece, in their order; it can be sent to another process."""
        ...

    def first(self, count: int) -> npt.NDArray[Any]:
        """Return the first values, at most so many."""
        ...


class Whole:
    """Values that are held in one array: one piece."""

    def __init__(self, values: npt.NDArray[Any]) -> None:
        self._values = values

    def map[T](self, function: Callable[[npt.NDArray[Any]], T]) -> Iterable[T]:
        """Return what the function gives for the array."""
        return [function(self._values)]

    def first(self, count: int) -> npt.NDArray[Any]:
        """Return the first values."""
        return self._values[:count]
