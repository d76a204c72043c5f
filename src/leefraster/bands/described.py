"""What all bands of a field share: how its values become integers, their totals, and the null distribution."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.in_file import InFile
from leefraster.bands.neighbours import Offsets, around
from leefraster.bands.runner import InTurn, Runner, fills_files
from leefraster.bands.source import BandedField
from leefraster.fields import valid_mask
from leefraster.inference.drawn import PiecedValues, as_they_are, sorted_values
from leefraster.inference.exact import Null
from leefraster.inference.geary_tails import GearyNull
from leefraster.inference.numbers import Range, Representation, Totals, limbs_of, representation, totals_of
from leefraster.inference.pieces import Whole
from leefraster.inference.squared_differences import Powers, centre_of, powers_about
from leefraster.statistics.plan import FEWEST

Ints = npt.NDArray[np.int64]
LOOKED_AT = 1 << 16  # cells read at a time for the first few values


@dataclass(frozen=True, slots=True, eq=False)
class BandPieces:
    """The values of a field that are not missing, a piece a band; see `inference.pieces.Pieces`."""

    field: BandedField
    bands: list[Band]
    runner: Runner

    def map[T](self, function: Callable[[npt.NDArray[Any]], T]) -> Iterable[T]:
        """Return what the function gives for the values of each band."""
        return self.runner.map(partial(_of_values, self.field, function), self.bands)

    def first(self, count: int) -> npt.NDArray[Any]:
        """Return the first values."""
        found: list[npt.NDArray[Any]] = []
        for first in range(0, self.field.n, LOOKED_AT):
            found.append(_held(np.asarray(self.field.values[slice(first, first + LOOKED_AT)])))
            if sum(part.size for part in found) >= count:
                break
        return np.concatenate(found)[:count]


def _of_values[T](field: BandedField, function: Callable[[npt.NDArray[Any]], T], band: Band) -> T:
    return function(_held(field.own(band)))


def _held(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    valid = valid_mask(values)
    return values if valid.all() else values[valid]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A field, described by what its bands add up to.

    Attributes
    ----------
    how : Representation
        How values become integers.
    sums : Totals
        Their totals.
    occurring : ndarray of int64
        How many places have 0, 1, 2, ... neighbours.
    drawn : PiecedValues
        The integers, for the tables.
    pieces : BandPieces
        The values, band by band.
    offsets : Offsets
        Which cells are neighbours.
    gathered : ndarray of int64, or None
        The integers in the order of their places, where these were kept.
    before : tuple of int
        How many of these come before each band.
    """

    how: Representation
    sums: Totals
    occurring: Ints
    drawn: PiecedValues
    pieces: BandPieces
    offsets: Offsets
    gathered: Ints | None = None
    before: tuple[int, ...] = ()

    def null(self, *, own_fixed: bool) -> Null:
        """Return the null distribution: of sums over the neighbours (`own_fixed`), or with the place itself.

        All values are gathered once, as integers in order, and everything is made of these: 8 bytes a value, and as
        much again while they are sorted.
        """
        return Null.of(sorted_values(self.drawn), self.sums, self.in_sums(own_fixed), own_fixed=own_fixed)

    def in_sums(self, own_fixed: bool) -> Ints:
        """Return how many sums over the neighbours, with the place unless `own_fixed`, have 0, 1, 2, ... values."""
        if own_fixed:
            return self.occurring
        return np.concatenate([[self.occurring[0], 0], self.occurring[1:]])  # an island has no sum

    def geary(self) -> GearyNull:
        """Return the null distribution of local Geary's C, made of the same values in order."""
        return GearyNull.of(sorted_values(self.drawn), self.sums, self.occurring)

    def powers(self) -> Powers:
        """Return the sums of the integers' powers about their centre."""
        parts = list(self.pieces.map(partial(_powers, self.how, centre_of(self.sums))))
        first, second, third, fourth = (sum(each) for each in zip(*parts, strict=True))
        return first, second, third, fourth

    def in_place_order(self) -> tuple[Ints, tuple[int, ...]]:
        """Return all integers in the order of their places, 8 bytes a value, and how many come before each band."""
        if self.gathered is not None:
            return np.array(self.gathered), self.before
        every, before, at = np.empty(self.sums.n, np.int64), [], 0
        for part in replace(self.pieces, runner=InTurn()).map(self.how.integers):
            before.append(at)
            every[at : at + part.size] = part
            at += part.size
        return every, tuple(before)


def described(
    field: BandedField, bands: list[Band], offsets: Offsets, runner: Runner, folder: Path | None
) -> Described | None:
    """Describe a field; None where it has fewer than three values or no variance.

    Every step is one pass over the bands whose parts add up exactly: the range, the step of the data, the totals
    together with the numbers of neighbours, and then what the tables ask for.

    Parameters
    ----------
    field, bands, offsets, runner
        What is described, and how it is worked through.
    folder : Path or None
        Where the integers are kept in a file, 8 bytes a cell, as bands find them; None keeps none.
    """
    pieces = BandPieces(field, bands, runner)
    most = offsets.most
    found = represented(pieces, most)
    if found is None:
        return None
    n, how = found
    centre = how.largest // 2
    limbs, occurring = [0] * 8, np.zeros(most + 1, np.int64)
    kept = None
    if folder is not None and fills_files(runner):
        kept = InFile.of(folder / "integers", np.int64, field.n)
    scan = partial(_scanned, field, how, centre, offsets, kept)
    sizes: list[int] = []
    for part, counts in runner.map(scan, bands):
        limbs = [a + b for a, b in zip(limbs, part, strict=True)]
        occurring += counts
        sizes.append(int(counts.sum()))
    sums = totals_of(n, centre, limbs)
    if kept is None:  # here, where they come together: reading is faster than sending
        drawn = PiecedValues(replace(pieces, runner=InTurn()), n, how.integers, how.natural, how.largest)
        return Described(how, sums, occurring, drawn, pieces, offsets)
    gathered = _gathered(kept, bands, sizes)
    drawn = PiecedValues(Whole(gathered), n, as_they_are, how.natural, how.largest)
    before = tuple(np.cumsum([0, *sizes[:-1]]).tolist())
    return Described(how, sums, occurring, drawn, pieces, offsets, gathered, before)


def _gathered(kept: InFile, bands: list[Band], sizes: list[int]) -> Ints:
    """Return the integers of all bands, each of which wrote its own from its first position on."""
    if sum(sizes) == bands[-1].last:
        found = kept.read(slice(0, bands[-1].last))
    else:
        parts = zip(bands, sizes, strict=True)
        found = np.concatenate([kept.read(slice(band.first, band.first + size)) for band, size in parts])
    with contextlib.suppress(OSError):  # where it must stay while it is mapped
        kept.path.unlink()
    return found


def _powers(how: Representation, centre: int, values: npt.NDArray[Any]) -> Powers:
    return powers_about(centre, how.integers(values))


def represented(pieces: BandPieces, most: int) -> tuple[int, Representation] | None:
    """Return how many values there are and how they become integers; None without three of them, or variance."""
    extent = sum(pieces.map(Range.of), Range.of(np.empty(0)))
    if extent.n < FEWEST or extent.least == extent.most:
        return None
    how = representation(pieces, extent, np.dtype(pieces.field.values.dtype), most)
    return None if how.largest == 0 else (extent.n, how)  # equal but for float error in the last digit


def _scanned(
    field: BandedField, how: Representation, centre: int, offsets: Offsets, kept: InFile | None, band: Band
) -> tuple[list[int], Ints]:
    """Return a band's part of the totals, and how many of its places have 0, 1, 2, ... neighbours."""
    _, neighbours = around(field, how, offsets, band)
    if kept is not None:
        kept.write(band.first, neighbours.own)
    return limbs_of(neighbours.own, centre), np.bincount(neighbours.counts, minlength=offsets.most + 1)
