"""The values that sums are drawn from, as integers: what the tables ask of them, held in memory or in pieces."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from leefraster.inference.numbers import Numbers
from leefraster.inference.pieces import Pieces, Whole
from leefraster.kernels.finer_buckets import finer_buckets
from leefraster.kernels.null_table import beyond, binned_moments, fold_histogram, times
from leefraster.kernels.ranking import bucketed_integers, sort_buckets

Ints = npt.NDArray[np.int64]
ToIntegers = Callable[[npt.NDArray[Any]], Ints]


class Buckets(NamedTuple):
    """Integers in buckets of rising values, as `kernels.ranking.bucketed_integers` makes them.

    Attributes
    ----------
    values : ndarray of int64
        All of them, those of bucket 0 first; within a bucket they need not be sorted.
    starts : ndarray of int64
        Where each bucket begins, and how many there are.
    shift : int
        A value lies in bucket ``value >> shift``.
    """

    values: Ints
    starts: Ints
    shift: int


NO_BUCKETS = Buckets(np.empty(0, np.int64), np.zeros(1, np.int64), 0)


class Drawn(Protocol):
    """Integers that are drawn from."""

    @property
    def natural(self) -> bool:
        """Whether they count a step of the data."""
        ...

    @property
    def largest(self) -> int:
        """The largest of them; the smallest is 0."""
        ...

    @property
    def in_memory(self) -> bool:
        """Whether all of them are at hand, so that two threads may ask at once."""
        ...

    def folded(self, offset: int, half: int, shift: int, mask: int) -> Ints:
        """Return the histogram of (v - offset + half) >> shift modulo mask + 1."""
        ...

    def moments(self, shift: int, rest_shift: int, bins: int) -> Ints:
        """Return what `kernels.null_table.binned_moments` does."""
        ...

    def times(self, value: int) -> int:
        """Return how many of them are this value."""
        ...

    def beyond(self, edge: int, above: bool) -> Ints:
        """Return those of at least the edge, or those below it; meant for few."""
        ...

    @property
    def buckets(self) -> Buckets:
        """All of them, in buckets."""
        ...

    @property
    def ordered(self) -> Ints:
        """All of them, sorted."""
        ...


class PiecedValues:
    """Values in pieces, turned into integers whenever they are needed."""

    def __init__(self, pieces: Pieces, n: int, integers: ToIntegers, natural: bool, largest: int) -> None:
        self._pieces, self._n, self._integers = pieces, n, integers
        self.natural, self.largest = natural, largest
        self.in_memory = isinstance(pieces, Whole)

    def folded(self, offset: int, half: int, shift: int, mask: int) -> Ints:
        """Return the histogram of (v - offset + half) >> shift modulo mask + 1."""
        return self._sum(partial(_folded, self._integers, offset, half, shift, mask))

    def moments(self, shift: int, rest_shift: int, bins: int) -> Ints:
        """Return counts and sums of remainders by bin."""
        return self._sum(partial(_moments, self._integers, shift, rest_shift, bins))

    def times(self, value: int) -> int:
        """Return how many of them are this value."""
        return sum(self._pieces.map(partial(_times, self._integers, value)))

    def beyond(self, edge: int, above: bool) -> Ints:
        """Return those of at least the edge, or those below it."""
        return np.concatenate(list(self._pieces.map(partial(_beyond, self._integers, edge, above))))

    @cached_property
    def buckets(self) -> Buckets:
        """All of them, in buckets: 8 bytes a value, and as much again while they are placed."""
        bits = max(self.largest.bit_length(), 1)
        if self.in_memory:
            (every,) = self._pieces.map(self._integers)
        else:
            every = np.empty(self._n, np.int64)
            at = 0
            for part in self._pieces.map(self._integers):
                every[at : at + part.size] = part
                at += part.size
        return Buckets(*bucketed_integers(every, bits))

    @cached_property
    def ordered(self) -> Ints:
        """All of them, sorted; they take the place of those in buckets, which others may be reading still.

        Their buckets are finer: 1 to 2 bytes a value.
        """
        known = "buckets" in self.__dict__
        found = self.buckets
        if known:
            found = found._replace(values=found.values.copy())
        sort_buckets(*found)
        found = Buckets(found.values, *finer_buckets(*found))
        self.__dict__["buckets"] = found
        return found.values

    def _sum(self, function: Any) -> Ints:
        total: Ints | None = None
        for part in self._pieces.map(function):
            total = part if total is None else total + part
        assert total is not None
        return total


def _folded(
    integers: ToIntegers, offset: int, half: int, shift: int, mask: int, values: npt.NDArray[Any]
) -> Ints:
    found: Ints = fold_histogram(integers(values), offset, half, shift, mask)
    return found


def _moments(integers: ToIntegers, shift: int, rest_shift: int, bins: int, values: npt.NDArray[Any]) -> Ints:
    found: Ints = binned_moments(integers(values), shift, rest_shift, bins)
    return found


def _times(integers: ToIntegers, value: int, values: npt.NDArray[Any]) -> int:
    return int(times(integers(values), value))


def _beyond(integers: ToIntegers, edge: int, above: bool, values: npt.NDArray[Any]) -> Ints:
    found: Ints = beyond(integers(values), edge, above)
    return found


def drawn_of(numbers: Numbers) -> PiecedValues:
    """Return the integers of a field that is in memory: one piece."""
    return PiecedValues(
        Whole(numbers.integers), numbers.integers.size, as_they_are, numbers.natural, numbers.largest
    )


def as_they_are(values: npt.NDArray[Any]) -> Ints:
    """Return integers that were made before."""
    return values


def sorted_values(drawn: Drawn) -> PiecedValues:
    """Return the same integers as one sorted array, which needs no pieces any more and can go elsewhere."""
    ordered = drawn.ordered
    made = PiecedValues(Whole(ordered), ordered.size, as_they_are, drawn.natural, drawn.largest)
    made.__dict__.update(ordered=ordered, buckets=drawn.buckets)  # what the properties would find again
    return made
