"""Tails of local Geary's C counted exactly in fields with few different values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.drawn import Drawn
from leefraster.inference.draws import log_choose
from leefraster.kernels.geary_null import few_valued_tails

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COUNTABLE = 3e8  # steps in counting the sets of few different values
TABLE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class FewValues:
    """The different values of a field, and how many sums of squared differences with them there can be.

    Attributes
    ----------
    values, number : ndarray of int64
        The different integers, rising, and how many places have each.
    most : int
        The largest number of neighbours.
    longest : int
        The largest sum.
    """

    values: Ints
    number: Ints
    most: int
    longest: int

    @classmethod
    def of(cls, drawn: Drawn, n: int, most: int) -> FewValues | None:
        """Return them for draws of up to `most` of n values; None where they are too many to count."""
        longest = most * drawn.largest**2
        if not drawn.natural or longest > TABLE_BYTES // 16 // (most + 1):
            return None
        number = np.bincount(drawn.ordered)
        values = np.flatnonzero(number)
        if 0.25 * values.size**2 * most**2 * longest > COUNTABLE:
            return None
        if float(log_choose(n - 1, most)) > 700:  # beyond float64
            return None
        return cls(values, number[values], most, longest)

    def fill_tails(self, own: Ints, numerator: Floats, counts: Ints, upper: Floats, lower: Floats) -> None:
        """Fill the tails of places with a count, of which these are the own integers and observed sums."""
        order = np.argsort(own, kind="stable")
        here = np.bincount(own, minlength=int(self.values[-1]) + 1)[self.values]
        starts = np.concatenate([[0], np.cumsum(here)])
        whole = np.rint(numerator).astype(np.int64)
        few_valued_tails(
            self.values, self.number, order, starts, whole, counts, self.most, self.longest, upper, lower
        )
