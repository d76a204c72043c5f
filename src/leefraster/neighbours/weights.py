"""The weights of neighbours under a weighting, and what every kind of them can tell."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from leefraster.errors import UsageError
from leefraster.inference.weight_patterns import Patterns
from leefraster.kernels.fixed_point import to_integers

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Weighting = Literal["row", "binary", "given"]
WEIGHTINGS = ("row", "binary", "given")
BITS = 61  # of a sum in fixed point


@dataclass(frozen=True, slots=True)
class WeightSums:
    """The sums over a weights matrix that the moments of global statistics need (Cliff & Ord 1981).

    s0 = sum w_ij; s1 = sum (w_ij + w_ji)^2 / 2; s2 = sum (w_i. + w_.i)^2.
    """

    s0: float
    s1: float
    s2: float


class Weights(Protocol):
    """Weights w_ij of the neighbours j of n places i; the place itself is not among them.

    Attributes
    ----------
    equal : bool
        Whether they are equal within every row.
    totals, squares : ndarray of float64, shape (n,)
        Sums of w_ij and of w_ij^2 over the neighbours j; 0 for islands.
    own : ndarray of float64, shape (n,)
        The weight that a place has for itself in G*, on the scale of its row.
    """

    equal: bool
    totals: Floats
    squares: Floats
    own: Floats

    def lags(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_j w_ij v_j, the same to the bit whatever the order of places and the threads."""
        ...

    def lags_of(self, integers: Ints, make: Callable[[Ints], npt.NDArray[Any]]) -> Floats:
        """Return the lags of what is made of the places' own integers; those of a band know no other values."""
        ...

    def received(self, values: npt.NDArray[Any]) -> Floats:
        """Return sum_i w_ij v_i for every j, the same to the bit whatever the order of places."""
        ...

    def sums(self) -> WeightSums:
        """Return the sums s0, s1 and s2."""
        ...

    def rows(self) -> tuple[Ints, Ints, Floats]:
        """Return the weights in compressed rows: starts (n + 1), neighbours and weights."""
        ...

    def patterns(self, own_fixed: bool) -> Patterns:
        """Return the given weights as inversion asks for them, in G* (`own_fixed` false) with the place's own.

        Only of weights that differ.
        """
        ...

    def as_given(self, observed: Floats) -> Floats:
        """Return weighted sums under the given weights, which a row may have been divided by the sum of."""
        ...


class Neighbours(Protocol):
    """The neighbours of n places, the place itself not among them."""

    most: int

    @property
    def counts(self) -> Ints:
        """How many neighbours each place has; `most` is at least the largest, the place itself included."""
        ...

    @property
    def equal(self) -> bool:
        """Whether the given weights are equal within every row."""
        ...

    def sums(self, values: Ints) -> Ints:
        """Return for each place the sum of int64 values over its neighbours (modulo 2^64)."""
        ...

    def weights(self, weighting: Weighting) -> Weights:
        """Return the weights under a weighting."""
        ...


def known_weighting(weighting: str) -> None:
    """Refuse a weighting that there is not.

    Raises
    ------
    UsageError
        When it is none of "row", "binary" and "given".
    """
    if weighting not in WEIGHTINGS:
        raise UsageError(f"weighting is {weighting!r}; allowed are {', '.join(map(repr, WEIGHTINGS))}")


def fixed_point(values: npt.NDArray[Any], addends: float) -> tuple[Ints, float]:
    """Return values as integers of which `addends` can be added within 62 bits, and the scale they are on."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return np.zeros(values.size, np.int64), 1.0
    scale = scale_for(largest * max(addends, 1.0))
    integers = np.empty(values.size, np.int64)
    to_integers(np.ascontiguousarray(values, np.float64), scale, integers)
    return integers, scale


def scale_for(largest: float) -> float:
    """Return the power of two that takes sums up to `largest` to integers below 2^61."""
    exponent = BITS - math.frexp(largest)[1] if largest > 0 else 0
    return math.ldexp(1.0, max(min(exponent, 1000), -1000))


def shares(parts: npt.NDArray[Any], wholes: npt.NDArray[Any]) -> Floats:
    """Return parts over wholes, 0 where the whole is 0."""
    found: Floats = np.divide(parts, wholes, out=np.zeros(wholes.shape), where=wholes > 0)
    return found
