"""Numbers that questions are asked with: refused, by name, where they are none or out of range."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from leefraster.errors import UsageError


def require_between(low: float, high: float, *, ends: bool = False, **given: Any) -> None:
    """Refuse numbers that do not lie between two bounds, which themselves are allowed by `ends`.

    Raises
    ------
    UsageError
        When one does not, or is no number; the message has its name and value.

    Examples
    --------
    >>> require_between(0, 1, confidence=2)
    Traceback (most recent call last):
    leefraster.errors.UsageError: confidence is 2; it must lie between 0 and 1
    """
    for name, value in given.items():
        held = _is_number(value) and (low < value < high or (ends and value in (low, high)))
        if not held:
            raise UsageError(f"{name} is {_said(value)}; it must lie between {low:g} and {high:g}")


def require_from(low: float, **given: Any) -> None:
    """Refuse numbers below a bound.

    Raises
    ------
    UsageError
        When one is, or is no finite number; the message has its name and value.

    Examples
    --------
    >>> require_from(0, minimum_units=-3)
    Traceback (most recent call last):
    leefraster.errors.UsageError: minimum_units is -3; it must be a number, 0 or more
    """
    for name, value in given.items():
        if not _is_number(value) or value < low:
            least = f", {low:g} or more" if isfinite(low) else ""
            raise UsageError(f"{name} is {_said(value)}; it must be a number{least}")


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return known and isfinite(value)


def _said(value: Any) -> str:
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return f"{value:g}" if plain else repr(value)
