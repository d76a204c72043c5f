"""Sizes of memory as people write them."""

from __future__ import annotations

import re

from leefraster.errors import UsageError

_THOUSANDS = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?"
_SIZE = re.compile(
    rf"^\s*(?:(-?{_THOUSANDS})|(-?[0-9]+(?:[.,][0-9]+)?))\s*(kb|mb|gb|tb|kib|mib|gib|tib|b)\s*$",
    re.IGNORECASE,
)
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_MOST = 10**15  # no machine has as much


def parse_memory(text: str) -> int:
    """Return a size of memory in bytes.

    A comma before three digits groups thousands, as in our own messages; any other comma is a decimal one.

    Raises
    ------
    UsageError
        When the text is no number with a unit, nothing is left of it, or it is more than 1,000 TB.

    Examples
    --------
    >>> parse_memory("4GB"), parse_memory("1.5 GiB"), parse_memory("1,467 MB"), parse_memory("1,5 GB")
    (4000000000, 1610612736, 1467000000, 1500000000)
    """
    found = _SIZE.match(text)
    if found is None:
        raise UsageError(f"memory is {text!r}; it must be a number with a unit, as 4GB, 800MB or 1.5GiB")
    grouped, plain, unit = found.groups()
    number = grouped.replace(",", "") if grouped else plain.replace(",", ".")
    size = float(number) * _UNITS[unit.lower()]
    if size < 1:
        raise UsageError(f"memory is {text!r}; it must be more than nothing")
    if size > _MOST:
        raise UsageError(
            f"memory is {text!r}; it must be at most {_MOST // 10**12:,}TB, more than any machine has"
        )
    return int(size)
