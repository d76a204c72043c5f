"""What all bands of a field look up, made once it is described: null distributions, and values to draw from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band
from leefraster.bands.described import Described
from leefraster.bands.source import BandedField
from leefraster.bands.weighted import inversion_of
from leefraster.fields import valid_mask
from leefraster.inference.exact import Null
from leefraster.inference.geary_tails import GearyNull
from leefraster.inference.inversion import Inversion
from leefraster.inference.permutation import DrawnFrom
from leefraster.inference.squared_differences import Powers
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.plan import OfWhole

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """The values of a field, to be drawn from by each of its bands.

    Attributes
    ----------
    values : ndarray of int64
        All of them, as integers in the order of their places.
    before : tuple of int
        How many come before each band.
    most : int
        The most neighbours that a place has.
    """

    values: Ints
    before: tuple[int, ...]
    most: int

    def of(self, source: BandedField, band: Band) -> DrawnFrom:
        """Return what the places of a band draw from."""
        ids = np.asarray(source.ids[slice(band.first, band.last)], dtype=np.int64)
        return DrawnFrom(self.values, self.before[band.number], ids[valid_mask(source.own(band))], self.most)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What the bands of a field share, each part where the statistic and its inference need it."""

    null: Null | None = None
    powers: Powers | None = None
    geary: GearyNull | None = None
    draws: Draws | None = None
    centres: tuple[Fraction, ...] | None = None
    inversion: Inversion | None = None

    def portable(self) -> Shared:
        """Return the same, so that it can go to another process."""
        return self if self.null is None else replace(self, null=self.null.portable())

    def of(self, source: BandedField, band: Band) -> OfWhole:
        """Return what the places of a band look up."""
        drawn = None if self.draws is None else self.draws.of(source, band)
        return OfWhole(self.powers, self.geary, drawn, self.centres, self.inversion)


def of_sums(inference: str, weighting: Weighting, own_fixed: bool, about: Described) -> Shared:
    """Return what the tails of neighbour sums need; with the place itself in them unless `own_fixed`."""
    if inference == "inversion":
        return Shared(inversion=inversion_of(about, weighting, own_fixed=own_fixed))
    null = about.null(own_fixed=own_fixed) if inference == "exact" else None
    return Shared(null, draws=_draws(inference, about))


def of_squared_differences(inference: str, about: Described) -> Shared:
    """Return what the moments and tails of sums of squared differences need."""
    geary = about.geary() if inference == "saddlepoint" else None
    return Shared(powers=about.powers(), geary=geary, draws=_draws(inference, about))


def _draws(inference: str, about: Described) -> Draws | None:
    if inference != "permutation":
        return None
    return Draws(*about.in_place_order(), int(np.flatnonzero(about.occurring)[-1]))
