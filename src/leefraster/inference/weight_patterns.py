"""The weights of places, and groups of places whose weighted sums have about the same spread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from leefraster.kernels.inversion import chebyshev_of_rows, move_chebyshev

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DEGREE, ROW_DEGREE = 16, 32  # Chebyshev polynomials for many neighbours, and for few
HEAVY_DEGREE = 64  # for both where single values weigh much
MANY = 12.0  # sum w^2 over the largest w^2: from here on DEGREE polynomials suffice


class Patterns(Protocol):
    """The weights of n places, in G* with that of the place itself.

    Attributes
    ----------
    counts, totals, squares : ndarray, shape (n,)
        How many weights there are, their sum and the sum of their squares.
    largest : float
        The largest of all.
    """

    @property
    def counts(self) -> Ints: ...  # noqa: D102

    @property
    def totals(self) -> Floats: ...  # noqa: D102

    @property
    def squares(self) -> Floats: ...  # noqa: D102

    @property
    def largest(self) -> float: ...  # noqa: D102

    def rows(self, cells: Ints) -> tuple[Ints, Floats]:
        """Return the weights of chosen places in compressed rows."""
        ...

    def chebyshev(self, degree: int, low: float, high: float) -> Floats | None:
        """Return for all places the sums of T_m(y), y from -1 at `low` to 1 at `high`; None: make them of rows."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """Places of about the same spread, in units of which their standard deviation is about 1.

    Attributes
    ----------
    cells : ndarray of int64, shape (g,)
        Which places.
    bases : ndarray of float64, shape (g, 2 degree + 3)
        Sums over the neighbours of Chebyshev polynomials of the centred weights, what the other places contribute,
        and the sums of polynomials of the weights themselves.
    sums, totals : ndarray of float64, shape (g,)
        The observed sums, less their expectation, and the sums of weights.
    own : ndarray of int64, shape (g,)
        The outlier that a place itself has, so that it is not drawn; -1 for none.
    low, high : float
        Domain of the centred weights.
    means : tuple of float
        Least and largest mean weight.
    most : float
        The largest number of neighbours.
    """

    cells: Ints
    bases: Floats
    sums: Floats
    totals: Floats
    own: Ints
    low: float
    high: float
    means: tuple[float, float]
    most: float

    @property
    def degree(self) -> int:
        """Number of Chebyshev polynomials."""
        width: int = self.bases.shape[1]
        return (width - 3) // 2


class Places:
    """All places of a mask, from which groups are made."""

    def __init__(self, patterns: Patterns, n: int, spread: Floats, heavy: bool) -> None:
        self._degrees = (HEAVY_DEGREE, HEAVY_DEGREE) if heavy else (DEGREE, ROW_DEGREE)
        self._patterns, self._n, self._spread = patterns, n, spread
        self._means = patterns.totals / n
        self._low, self._high = -float(self._means.max(initial=0.0)), patterns.largest
        self._sums = patterns.chebyshev(self._degrees[0], 0.0, self._high)

    def groups(self, cells: Ints, standard: Floats, own: Ints) -> Iterator[Group]:
        """Yield groups of cells; `standard` are the observed sums in standard units, `own` the outliers."""
        if cells.size == 0:
            return
        spread = self._spread[cells]
        many = (spread >= MANY * self._patterns.largest**2) & (self._sums is not None)
        kinds = 2 * np.floor(np.log2(spread / self._patterns.largest**2)).astype(np.int64) + many
        order = np.argsort(kinds, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1):
            yield self._group(cells[part], bool(many[part[0]]), standard, own)

    def _group(self, cells: Ints, many: bool, standard: Floats, own: Ints) -> Group:
        unit = math.sqrt(float(self._spread[cells].max() + self._spread[cells].min()) / 2)
        means = self._means[cells]
        low, high = self._low, self._high
        if many:
            assert self._sums is not None
            plain = self._sums[cells]
        else:
            starts, weights = self._patterns.rows(cells)
            low, high = -float(means.max()), float(weights.max())
            plain = np.empty((cells.size, self._degrees[1]))
            chebyshev_of_rows(starts, weights, np.zeros(cells.size), 0.0, high, plain)
        centred = np.empty_like(plain)
        if many:
            move_chebyshev(plain, high / (high - low), -(2 * means + low) / (high - low), centred)
        else:
            chebyshev_of_rows(starts, weights, means, low, high, centred)
        outside = (self._n - self._patterns.counts[cells]) * means / unit
        least, most = float(means.min()), float(means.max())
        place = (2 * means - least - most) / max(most - least, 1e-9 * most)
        others = outside[:, None] * place[:, None] ** np.arange(3)
        return Group(
            cells, np.concatenate([centred, others, plain], axis=1), standard[cells] / unit,
            self._patterns.totals[cells] / unit, own[cells], low / unit, high / unit,
            (least / unit, max(most, least * (1 + 1e-9)) / unit), float(self._patterns.counts[cells].max()),
        )  # fmt: skip
