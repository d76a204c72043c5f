"""The weights of places, as inversion asks for them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Patterns(Protocol):
    """The weights of some places of a field, in G* with that of the place itself.

    Attributes
    ----------
    counts, totals, squares : ndarray, shape (m,)
        How many weights there are, their sum and the sum of their squares.
    largest : float
        The largest of the whole field.
    by_kind : bool
        Whether sums over weights come from few kinds of these, so that `chebyshev` is faster than going by rows.
    """

    by_kind: bool

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

    def chebyshev(self, piece: slice, degree: int, low: float, high: float) -> Floats:
        """Return for successive places the sums of T_m(y), y from -1 at `low` to 1 at `high`."""
        ...
