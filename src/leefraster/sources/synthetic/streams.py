"""Random streams by name: every part of the country draws from its own, so none depends on another's draws."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one named part of the country of `seed`."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
