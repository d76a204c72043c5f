"""Sizes of memory as people write them."""

from __future__ import annotations

import re

from leefraster.errors import UsageError

_SIZE = re.compile(r"^\s*(-?[0-9]+(?:[.,][0-9]+)?)\s*(kb|mb|gb|tb|kib|mib|gib|tib|b)\s*$", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def parse_memory(text: str) -> int:
    """Return a size of memory in bytes.

    Raises
    ------
    UsageError
        When the text is no number with a unit, or nothing is left of it.

    Examples
    --------
    >>> parse_memory("4GB"), parse_memory("1.5 GiB"), parse_memory("800 mb")
    (4000000000, 1610612736, 800000000)
    """
    found = _SIZE.match(text)
    if found is None:
        raise UsageError(f"memory is {text!r}; it must be a number with a unit, as 4GB, 800MB or 1.5GiB")
    size = int(float(found[1].replace(",", ".")) * _UNITS[found[2].lower()])
    if size <= 0:
        raise UsageError(f"memory is {text!r}; it must be more than nothing")
    return size
