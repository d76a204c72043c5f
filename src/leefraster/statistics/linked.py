"""One field as a global statistic sees it: the places with a link, their deviations, and the sums over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.global_moments import Powers
from leefraster.inference.numbers import Numbers, Totals, totals
from leefraster.kernels.fixed_point import LIMB
from leefraster.kernels.global_sums import field_sums, weighted_field_sums
from leefraster.statistics.links import Links
from leefraster.statistics.plan import FEWEST, OneField

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NONE = np.empty(0)


@dataclass(frozen=True, slots=True)
class Linked:
    """The places with a link of one field.

    Attributes
    ----------
    links : Links
        The weights among all places with a value.
    numbers : Numbers
        The values' unit; its integers are those of all places.
    integers : ndarray of int64, shape (n,)
        Values of the places with a link.
    sums : Totals
        Exact totals of these integers.
    powers : Powers
        Of their deviations from the mean, in steps.
    products, linear, quadratic : float
        M, T and Q of `inference.global_moments` in steps; T and Q are 0 where they were not asked for.
    """

    links: Links
    numbers: Numbers
    integers: Ints
    sums: Totals
    powers: Powers
    products: float
    linear: float
    quadratic: float

    @property
    def n(self) -> int:
        """Places with a link."""
        return self.integers.size

    @property
    def centre(self) -> tuple[int, float]:
        """The mean of the integers as whole part and fraction."""
        whole, rest = divmod(self.sums.total, self.sums.n)
        return whole, rest / self.sums.n

    @property
    def mean(self) -> float:
        """The mean in the field's unit."""
        return self.numbers.origin + self.numbers.step * float(self.sums.mean)

    @property
    def mean_in_steps(self) -> Fraction:
        """The mean in steps, measured from a value of 0."""
        return Fraction(self.numbers.origin) / Fraction(self.numbers.step) + self.sums.mean

    @property
    def kurtosis(self) -> float:
        """The mean of z^4 over the square of the mean of z^2."""
        return self.n * self.powers.fourth / self.powers.second**2


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
    integers = links.chosen(every)
    if integers.size < FEWEST or integers.min() == integers.max():
        return None
    own = one.sums if links.places is None else totals(integers)
    whole, rest = divmod(own.total, own.n)
    largest = float(max(int(integers.max()) - whole, whole - int(integers.min())) + 1)
    beside = links.margins if margins else NONE
    found = _field_sums(every, raw, links, beside, (whole, rest / own.n), largest)
    powers = Powers(own.n, float(own.squares), found[1], found[2])
    return Linked(links, one.numbers, integers, own, powers, found[0], found[3], found[4])


def _field_sums(
    integers: Ints, raw: Ints | None, links: Links, margins: Floats, centre: tuple[int, float], largest: float
) -> list[float]:
    """Return M, the sums of z^3 and z^4, T and Q, the same whatever the order of places and threads."""
    margin = float(margins.max(initial=0.0)) or 1.0
    bounds = (largest**2 * links.largest, largest**3, largest**4, margin * largest, margin * largest**2)
    exponents = [61 - math.frexp(bound)[1] for bound in bounds]
    scales = np.array([math.ldexp(1.0, exponent) for exponent in exponents])
    if raw is not None:
        counts = links.neighbours.counts
        pieces = field_sums(integers, raw, counts, links.alone, margins, *centre, links.row, scales)
    else:
        z = centred(integers, links, centre)
        pieces = weighted_field_sums(z, links.weights.lags(z), margins, scales)
    limbs = pieces.astype(object).sum(axis=0)
    return [
        float((int(limbs[2 * i]) + (int(limbs[2 * i + 1]) << LIMB)) * Fraction(2) ** -exponent)
        for i, exponent in enumerate(exponents)
    ]


def centred(integers: Ints, links: Links, centre: tuple[int, float]) -> Floats:
    """Return the deviations of all places from the mean; 0 where there is no link."""
    z = (integers - centre[0]).astype(np.float64) - centre[1]
    if links.places is not None:
        z[links.alone] = 0.0
    return z
