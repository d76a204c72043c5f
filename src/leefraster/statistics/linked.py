"""One field as a global statistic sees it: the places with a link, their deviations, and the sums over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.global_moments import Powers
from leefraster.inference.numbers import Totals, totals
from leefraster.kernels.fixed_point import LIMB
from leefraster.kernels.global_sums import (
    arranged_sums,
    arranged_weighted_sums,
    field_sums,
    weighted_field_sums,
)
from leefraster.neighbours import WeightSums
from leefraster.statistics.links import Links
from leefraster.statistics.plan import FEWEST, OneField

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NONE = np.empty(0)
OF_FORMS = (0, 3, 4)  # which of the sums M, T and Q are


@dataclass(frozen=True, slots=True)
class LinkedSums:
    """What the places with a link of one field add up to.

    Attributes
    ----------
    origin, step : float
        The values' unit: ``value = origin + step * integer``.
    sums : Totals
        Exact totals of the integers.
    weights : WeightSums
        The sums over the weights.
    powers : Powers
        Of the integers' deviations from the mean, in steps.
    products, linear, quadratic : float
        M, T and Q of `inference.global_moments` in steps; T and Q are 0 where they were not asked for.
    """

    origin: float
    step: float
    sums: Totals
    weights: WeightSums
    powers: Powers
    products: float
    linear: float
    quadratic: float

    @property
    def n(self) -> int:
        """Places with a link."""
        return self.sums.n

    @property
    def centre(self) -> tuple[int, float]:
        """The mean of the integers as whole part and fraction."""
        return centre_of(self.sums)

    @property
    def mean(self) -> float:
        """The mean in the field's unit."""
        return self.origin + self.step * float(self.sums.mean)

    @property
    def mean_in_steps(self) -> Fraction:
        """The mean in steps, measured from a value of 0."""
        return Fraction(self.origin) / Fraction(self.step) + self.sums.mean

    @property
    def kurtosis(self) -> float:
        """The mean of z^4 over the square of the mean of z^2."""
        return self.n * self.powers.fourth / self.powers.second**2


@dataclass(frozen=True, slots=True)
class Linked(LinkedSums):
    """The places with a link of one field, and what they add up to.

    Attributes
    ----------
    links : Links
        The weights among all places with a value.
    every : ndarray of int64
        Integers of all places with a value.
    """

    links: Links
    every: Ints

    @property
    def integers(self) -> Ints:
        """Those of the places with a link, shape (n,)."""
        found: Ints = self.links.chosen(self.every)
        return found


def centre_of(sums: Totals) -> tuple[int, float]:
    """Return the mean of integers as whole part and fraction."""
    whole, rest = divmod(sums.total, sums.n)
    return whole, rest / sums.n


def linked(one: OneField, links: Links, *, margins: bool) -> Linked | None:
    """Return the linked places of a field with their sums; None where fewer than three, or all equal.

    Parameters
    ----------
    one : OneField
        The field.
    links : Links
        The weights among its places.
    margins : bool
        Whether T and Q are wanted.
    """
    every = one.numbers.integers
    raw = links.neighbours.sums(every) if links.by_counts else None  # counts the neighbours in passing
    own, least, most = _linked_totals(one, links)
    if own.n < FEWEST or least == most:
        return None
    beside = links.margins if margins else NONE
    adding = FieldSums.of(own, least, most, links.largest, float(beside.max(initial=0.0)))
    found = adding.values(_limbs(adding, every, raw, links, beside))
    powers = Powers(own.n, float(own.squares), found[1], found[2])
    unit = one.numbers.origin, one.numbers.step
    return Linked(*unit, own, links.sums, powers, found[0], found[3], found[4], links, every)


def _linked_totals(one: OneField, links: Links) -> tuple[Totals, int, int]:
    """Return the totals of the integers of the places with a link, and the least and most of these."""
    numbers = one.numbers
    least, most = 0, numbers.largest
    apart = numbers.integers[links.islands]
    own = one.sums.without(totals(apart, most)) if apart.size else one.sums
    if own.n and apart.size and (apart.min() == least or apart.max() == most):
        linked = links.chosen(numbers.integers)
        least, most = int(linked.min()), int(linked.max())
    return own, least, most


def _limbs(adding: FieldSums, integers: Ints, raw: Ints | None, links: Links, margins: Floats) -> list[int]:
    if raw is not None:
        return adding.part(integers, raw, links.neighbours.counts, links.alone, margins, links.row)
    z = centred(integers, links, adding.centre)
    return adding.weighted(z, links.weights.lags(z), margins)


@dataclass(frozen=True, slots=True)
class FieldSums:
    """How M, the sums of z^3 and z^4, T and Q are added up, part by part: in any order and with any parts the same.

    Attributes
    ----------
    centre : tuple
        The mean of the integers as whole part and fraction.
    exponents : tuple of int
        The powers of two that terms are multiplied by before they are rounded.
    """

    centre: tuple[int, float]
    exponents: tuple[int, ...]

    @classmethod
    def of(cls, sums: Totals, least: int, most: int, weight: float, margin: float) -> FieldSums:
        """Return it for integers from `least` to `most`.

        `weight` is the largest sum of the weights of a row, `margin` the largest margin, 0 where left out.
        """
        whole, fraction = centre_of(sums)
        largest = float(max(most - whole, whole - least) + 1)
        margin = margin or 1.0
        bounds = (largest**2 * weight, largest**3, largest**4, margin * largest, margin * largest**2)
        return cls((whole, fraction), tuple(61 - math.frexp(bound)[1] for bound in bounds))

    @property
    def _scales(self) -> Floats:
        return np.array([math.ldexp(1.0, exponent) for exponent in self.exponents])

    def part(
        self,
        integers: Ints,
        raw: Ints,
        counts: Ints,
        alone: npt.NDArray[np.bool_],
        margins: Floats,
        row: bool,
    ) -> list[int]:
        """Return limbs, which those of other parts are added to, from sums over the neighbours and their number."""
        return _added(field_sums(integers, raw, counts, alone, margins, *self.centre, row, self._scales))

    def weighted(self, z: Floats, lags: Floats, margins: Floats) -> list[int]:
        """Return limbs from deviations and their lags."""
        return _added(weighted_field_sums(z, lags, margins, self._scales))

    def arranged(
        self,
        integers: Ints,
        raw: Ints,
        counts: Ints,
        alone: npt.NDArray[np.bool_],
        margins: Floats,
        row: bool,
    ) -> list[int]:
        """Return limbs of M, T and Q alone, as `part` does of all sums, for the same values in any order."""
        scales = self._scales[list(OF_FORMS)]
        return _added(arranged_sums(integers, raw, counts, alone, margins, *self.centre, row, scales))

    def arranged_weighted(self, z: Floats, lags: Floats, margins: Floats) -> list[int]:
        """Return limbs of M, T and Q alone from deviations and their lags; without lags M is 0."""
        return _added(arranged_weighted_sums(z, lags, margins, self._scales[list(OF_FORMS)]))

    def values(self, limbs: Sequence[int]) -> list[float]:
        """Return the sums from the limbs of all parts."""
        return _from_limbs(limbs, self.exponents)

    def arranged_values(self, limbs: Sequence[int]) -> list[float]:
        """Return M, T and Q from their limbs in all parts."""
        return _from_limbs(limbs, [self.exponents[i] for i in OF_FORMS])


def _from_limbs(limbs: Sequence[int], exponents: Sequence[int]) -> list[float]:
    return [
        float((limbs[2 * i] + (limbs[2 * i + 1] << LIMB)) * Fraction(2) ** -exponent)
        for i, exponent in enumerate(exponents)
    ]


def _added(pieces: Ints) -> list[int]:
    return [int(limb) for limb in pieces.astype(object).sum(axis=0)]


def deviations_from(centre: tuple[int, float], integers: Ints) -> Floats:
    """Return integers less a centre, given as whole part and fraction."""
    return (integers - centre[0]).astype(np.float64) - centre[1]


def centred(integers: Ints, links: Links, centre: tuple[int, float]) -> Floats:
    """Return the deviations of all places from the mean; 0 where there is no link."""
    z = deviations_from(centre, integers)
    if links.places is not None:
        z[links.alone] = 0.0
    return z
