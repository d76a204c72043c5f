"""The rule by which a place counts as structurally weak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from leefraster.errors import UsageError


@dataclass(frozen=True, slots=True)
class StructuralRule:
    """When a cell is structurally weak, and when such cells make a cluster worth naming.

    Attributes
    ----------
    radius : float
        Metres of the disc round a cell over which levels are averaged, by dwellings.
    weak_class : int
        A cell is under pressure in a year when that mean is of this class or lower (4: "zwak").
    probability : float
        Where the scores carry errors (`level_error`), pressure asks that the mean is of that class or lower
        with at least this probability; without errors it is not used.
    share_of_years : float
        Share of the measurement years with a level in which a cell must be under pressure (7 of 9).
    latest_years : int
        Number of latest measurement years in each of which it must be, too.
    minimum_dwellings : float
        Dwellings that a cluster must hold in its structural cells; bridges do not count here.
    minimum_weak_share : float
        Share of the cluster's dwellings that must stand in cells of `weak_class` or lower themselves.
    bridge : float
        Metres between the squares of structural cells up to which they belong to one cluster.
    horizon : float
        Years within which a gap must be projected to close for a cluster to be catching up.

    Raises
    ------
    UsageError
        When a value lies outside its range; the message names the field, the value and the range.

    Examples
    --------
    >>> StructuralRule().share_of_years
    0.75
    >>> StructuralRule(radius=-1)
    Traceback (most recent call last):
    leefraster.errors.UsageError: StructuralRule: radius is -1, it must be above 0 (metres)
    """

    radius: float = 250.0
    weak_class: int = 4
    probability: float = 0.8
    share_of_years: float = 0.75
    latest_years: int = 2
    minimum_dwellings: float = 250.0
    minimum_weak_share: float = 0.5
    bridge: float = 200.0
    horizon: float = 20.0

    def __post_init__(self) -> None:
        for name in ("weak_class", "latest_years"):
            self._require(name, _is_whole(getattr(self, name)), "a whole number")
        for name in self.__slots__:
            value = getattr(self, name)
            self._require(name, _is_finite(value), "a finite number")
            if isinstance(value, np.generic):  # a rule is written down as plain numbers
                object.__setattr__(self, name, value.item())
        self._require("radius", self.radius > 0, "above 0 (metres)")
        self._require("weak_class", 1 <= self.weak_class <= 8, "1 to 8")
        self._require("probability", 0 < self.probability < 1, "above 0 and below 1")
        self._require("share_of_years", 0 < self.share_of_years <= 1, "above 0 and at most 1")
        self._require("latest_years", self.latest_years >= 0, "0 or more")
        self._require("minimum_dwellings", self.minimum_dwellings >= 0, "0 or more")
        self._require("minimum_weak_share", 0 <= self.minimum_weak_share <= 1, "0 to 1")
        self._require("bridge", self.bridge >= 0, "0 or more (metres)")
        self._require("horizon", self.horizon > 0, "above 0 (years)")

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise UsageError(f"StructuralRule: {name} is {getattr(self, name)!r}, it must be {wanted}")

    def years_needed(self, years: int) -> int:
        """Return in how many of so many years a cell must be under pressure.

        Examples
        --------
        >>> StructuralRule().years_needed(9)
        7
        """
        return math.ceil(self.share_of_years * years - 1e-9)


def require_rule(rule: object) -> None:
    """Refuse what is no rule.

    Raises
    ------
    UsageError
        When it is none; the message says how to make one.
    """
    if not isinstance(rule, StructuralRule):
        raise UsageError(
            f"rule is a {type(rule).__name__}; it must be a StructuralRule, as lr.StructuralRule(radius=300)"
        )


def require_radius(rule: StructuralRule, cell: float) -> None:
    """Refuse a radius within which a cell has no neighbour.

    Raises
    ------
    UsageError
        When it is smaller than a cell of `cell` metres.
    """
    if rule.radius < cell * (1 - 1e-12):
        raise UsageError(
            f"StructuralRule: radius is {rule.radius:g} m, but cells are {cell:g} m wide, so that no neighbour "
            f"would count; it must be at least {cell:g}"
        )


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
