"""Weighted sums of a field in bands: the null distributions that all bands share, by inversion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from leefraster.bands.band import Band
from leefraster.bands.described import Described
from leefraster.bands.neighbours import Offsets, around
from leefraster.bands.runner import Runner
from leefraster.bands.source import BandedField
from leefraster.inference.inversion import Inversion
from leefraster.inference.numbers import Representation
from leefraster.inference.weighted_places import Places, Population
from leefraster.neighbours.weights import Weighting
from leefraster.statistics.weighted_sums import given_sums


@dataclass(frozen=True, slots=True, eq=False)
class _BandPlaces:
    """The places of a field, band by band; see `inference.inversion.EachPart`."""

    field: BandedField
    how: Representation
    offsets: Offsets
    weighting: Weighting
    population: Population

    def of(self, band: Band) -> Places:
        """Return the places of a band."""
        _, neighbours = around(self.field, self.how, self.offsets, band)
        weights, own_fixed = neighbours.weights(self.weighting), self.population.own_fixed
        numbers = self.how.of(neighbours.own)
        sums_of = partial(given_sums, numbers, weights, own_fixed)
        return Places.of(weights.patterns(own_fixed), sums_of, numbers, self.population)


@dataclass(frozen=True, slots=True, eq=False)
class _EachBand:
    """Maps over the places of all bands."""

    places: _BandPlaces
    bands: list[Band]
    runner: Runner

    def map[T](self, function: Callable[[Places], T]) -> Iterable[T]:
        """Return what the function gives for the places of each band."""
        return self.runner.map(partial(_of_places, self.places, function), self.bands)


def _of_places[T](places: _BandPlaces, function: Callable[[Places], T], band: Band) -> T:
    return function(places.of(band))


def inversion_of(about: Described, weighting: Weighting, *, own_fixed: bool) -> Inversion:
    """Return the null distributions of a field's weighted sums, with the place itself in them unless `own_fixed`.

    All values are gathered and sorted once, 8 bytes a value; then there are two passes over the bands, or three
    where single values have much of the variance.
    """
    occurring = about.in_sums(own_fixed)
    population = Population.of(about.drawn.ordered, about.sums, occurring, own_fixed=own_fixed)
    pieces = about.pieces
    places = _BandPlaces(pieces.field, about.how, about.offsets, weighting, population)
    return Inversion.of(population, _EachBand(places, pieces.bands, pieces.runner))
