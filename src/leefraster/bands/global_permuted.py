"""Permutations of a field in bands, as global statistics need them: each of all values, looked at band by band.

A permutation is an order of the whole field's values. These are therefore held, as integers in the order of their
places, and beside them a few permutations at a time; ids and weights are read band by band.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.global_sums import Reading
from leefraster.bands.runner import shared_out
from leefraster.bands.work import Work
from leefraster.kernels.shuffle import shuffled
from leefraster.neighbours import BandNeighbours
from leefraster.statistics.linked import FieldSums

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ROOM = 1 << 28  # bytes of the permutations that are held at a time, of which there is at least one
AS_THEY_LIE = -1, 0  # in the place of the numbers of permutations


class Look(Protocol):
    """How the bands of a field are looked at.

    Attributes
    ----------
    reading : Reading
        How they are read.
    adding : FieldSums
        How M, T and Q are added up.
    sizes : tuple of float
        How large M, T and Q can be.
    """

    @property
    def reading(self) -> Reading:
        """How they are read."""
        ...

    @property
    def adding(self) -> FieldSums:
        """How M, T and Q are added up."""
        ...

    @property
    def sizes(self) -> tuple[float, float, float]:
        """How large M, T and Q can be."""
        ...

    def permuted(self, band: Band) -> tuple[Ints, Ints]:
        """Return how many neighbours a band's cells have, and the integers of those that have any."""
        ...

    def limbs(self, neighbours: BandNeighbours, orders: Iterator[Ints]) -> list[list[int]]:
        """Return a band's limbs of M, T and Q for the integers of band and halo in several orders."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The values of a field that are permuted.

    Attributes
    ----------
    values : ndarray of int64, shape (n,)
        The integers of all places with a link.
    linked : ndarray of bool
        Which of the places with a value have one.
    before : tuple of (int, int)
        How many places with a value, and how many with a link, come before each band.
    """

    values: Ints
    linked: npt.NDArray[np.bool_]
    before: tuple[tuple[int, int], ...]

    def around(self, order: Ints, band: Band, core: slice, size: int) -> Ints:
        """Return what the places of band and halo hold, 0 without a link; the band's are `core`."""
        valid, linked = self.before[band.number]
        begin = valid - core.start
        held = self.linked[begin : begin + size]
        first = linked - int(held[: core.start].sum())
        found = np.zeros(size, np.int64)
        found[held] = order[first : first + int(held.sum())]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class BandArrangements:
    """The values of a field in bands in other orders.

    Attributes
    ----------
    work : Work
        The bands.
    look : Look
        How they are looked at.
    tally : tuple of int
        Places with a link, and without one.
    """

    work: Work
    look: Look
    tally: tuple[int, int]

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The largest sizes that M, T and Q can have."""
        return self.look.sizes

    def sums(self, permutations: int, seed: int) -> tuple[Floats, Floats]:
        """Return M, T and Q as the values lie, and of permutations number 0, 1, ..."""
        self._tell(0, permutations)
        runner, n = self.work.runner, self.tally[0]
        room = max(min(ROOM // (8 * n), permutations), 1)
        step = shared_out(room, permutations, runner.workers)
        batches = [AS_THEY_LIE, *((i, min(i + step, permutations)) for i in range(0, permutations, step))]
        found = np.empty((1 + permutations, 3))
        task = partial(_summed, self.look, self._gathered(), tuple(self.work.bands), seed)
        for (first, last), limbs in zip(batches, runner.map(task, batches), strict=True):
            found[1 + first : 1 + last] = [self.look.adding.arranged_values(each) for each in limbs]
            self._tell(last, permutations)
        return found[0], found[1:]

    def _tell(self, done: int, permutations: int) -> None:
        if self.work.progress:
            self.work.progress("permutations", done, permutations)

    def _gathered(self) -> Gathered:
        """Return the values, gathered here: reading is faster than sending."""
        n, islands = self.tally
        values, linked = np.empty(n, np.int64), np.empty(n + islands, np.bool_)
        before, valid, at = [], 0, 0
        for band in self.work.bands:
            before.append((valid, at))
            counts, integers = self.look.permuted(band)
            linked[valid : valid + counts.size] = counts > 0
            values[at : at + integers.size] = integers
            valid, at = valid + counts.size, at + integers.size
        return Gathered(values, linked, tuple(before))


def _summed(
    look: Look, gathered: Gathered, bands: tuple[Band, ...], seed: int, numbers: tuple[int, int]
) -> list[list[int]]:
    """Return the limbs of M, T and Q for permutations of these numbers, first to last - 1."""
    first, last = numbers
    if numbers == AS_THEY_LIE:
        orders = gathered.values[None, :]
    else:
        orders = np.empty((last - first, gathered.values.size), np.int64)
        shuffled(gathered.values, seed, first, orders)
    limbs = [[0] * 6] * orders.shape[0]
    for band in bands:
        neighbours = look.reading.neighbours(band)
        core, size = neighbours.core, neighbours.around.size
        lying = (gathered.around(order, band, core, size) for order in orders)
        limbs = [
            [a + b for a, b in zip(one, part, strict=True)]
            for one, part in zip(limbs, look.limbs(neighbours, lying), strict=True)
        ]
    return limbs
