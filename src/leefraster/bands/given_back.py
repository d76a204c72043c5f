"""Freed memory goes back to the system: the C library keeps it for what the process asks for next."""

from __future__ import annotations

import sys


def give_back() -> None:
    """Return freed memory to the system where the C library can; between steps it is not needed by us."""
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
