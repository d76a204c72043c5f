"""Urbanity: address density within 1 km, and its five classes by the thresholds of CBS."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.sources.synthetic.window import Discs

Floats = npt.NDArray[np.floating]

THRESHOLDS = (500.0, 1000.0, 1500.0, 2500.0)  # addresses per km2; class 1 from the last upwards
_ADDRESSES = 1.06  # addresses for each dwelling: shops and offices have one too


def address_density(discs: Discs, dwellings: Floats) -> Floats:
    """Return addresses per km2 within 1 km of every cell."""
    return discs.sum(dwellings * _ADDRESSES, 1_000.0) / np.pi


def urbanity_class(density: Floats) -> Floats:
    """Return the class of urbanity, 1 (2,500 addresses per km2 or more) to 5 (fewer than 500)."""
    return 5.0 - np.digitize(density, THRESHOLDS)
