"""Smooth random fields, evaluated only where they are wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.floating]

_STEPS = 2.5  # lattice points to a scale: fine enough that bilinear interpolation leaves no facets


class Smooth:
    """Smooth noise of one scale at fixed points; corners and weights are worked out once for all its fields.

    Parameters
    ----------
    x, y : ndarray of float
        Points, in metres.
    scale : float
        Distance in metres over which the noise stays alike (about twice its standard distance).
    """

    def __init__(self, x: Floats, y: Floats, scale: float) -> None:
        step = scale / _STEPS
        across, down = (x - x.min()) / step + 4, (y - y.min()) / step + 4
        column, row = across.astype(np.int64), down.astype(np.int64)
        self._shape = (int(row.max()) + 6, int(column.max()) + 6)
        self._corner = row * self._shape[1] + column
        self._right = (across - column).astype(np.float32)
        self._below = (down - row).astype(np.float32)

    def lattice(self, random: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return a lattice of smoothed normal noise with variance 1."""
        white = random.standard_normal(self._shape, dtype=np.float32)
        smooth = ndimage.gaussian_filter(white, 1.25, mode="wrap", truncate=3.0)
        return np.asarray(smooth * np.float32(2 * np.sqrt(np.pi) * 1.25), dtype=np.float32)

    def at(self, lattice: npt.NDArray[np.float32]) -> Floats:
        """Return the lattice's values at the points."""
        flat, width = lattice.ravel(), self._shape[1]
        top = flat[self._corner]
        top += (flat[self._corner + 1] - top) * self._right
        low = flat[self._corner + width]
        low += (flat[self._corner + width + 1] - low) * self._right
        top += (low - top) * self._below
        return np.asarray(top, dtype=np.float64)

    def field(self, random: np.random.Generator) -> Floats:
        """Return a new field at the points, mean about 0 and standard deviation about 1."""
        return self.at(self.lattice(random))


def mixture(fields: list[Floats], shares: list[float]) -> Floats:
    """Return the sum of independent fields weighted so that `shares` are their parts of the variance."""
    total = np.zeros_like(fields[0])
    for field, share in zip(fields, shares, strict=True):
        total += np.sqrt(share / sum(shares)) * field
    return total
