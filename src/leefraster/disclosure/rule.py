"""The rule by which figures are withheld and rounded, as a validated value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from leefraster.errors import UsageError


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """What may be published.

    Attributes
    ----------
    minimum : float
        A unit with fewer dwellings (or inhabitants) than this, but more than none, is withheld.
    base : int
        Counts are rounded to multiples of this; 1 leaves them as they are.
    dominance : float or None
        A unit of which one contributor (a cell, say) holds more than this share is withheld; None asks for
        nothing.
    secondary : bool
        Withhold further units where a withheld one could be worked out from a published total.

    Raises
    ------
    UsageError
        When a value lies outside its range.

    Examples
    --------
    >>> DisclosureRule(minimum=10, secondary=False).said()
    'units with fewer than 10 withheld; counts rounded to multiples of 5'
    """

    minimum: float = 5.0
    base: int = 5
    dominance: float | None = None
    secondary: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.minimum) and self.minimum >= 0):
            raise UsageError(f"minimum is {self.minimum}; it must be a number of at least 0")
        if isinstance(self.base, bool) or int(self.base) != self.base or self.base < 1:
            raise UsageError(f"base is {self.base}; it must be a whole number of at least 1")
        if self.dominance is not None and not 0 < self.dominance <= 1:
            raise UsageError(f"dominance is {self.dominance}; it must be above 0 and at most 1, or None")

    def said(self) -> str:
        """Return the rule in words, for the files that it was applied to."""
        parts = [f"units with fewer than {self.minimum:g} withheld"]
        if self.dominance is not None:
            parts.append(f"units of which one contributor holds more than {self.dominance:.0%} withheld")
        if self.base > 1:
            parts.append(f"counts rounded to multiples of {self.base}")
        if self.secondary:
            parts.append("further units withheld against subtraction")
        return "; ".join(parts)
