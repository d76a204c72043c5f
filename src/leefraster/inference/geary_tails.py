"""Tails of local Geary's C: sums of squared differences with neighbours that are drawn from all others.

The population, the squared differences with the place's own value, is another one for every place. Where it can
be counted it is: one neighbour, few sets of neighbours, few different values. Elsewhere tables of quantiles
(`inference.geary_grid`) are made for a grid of own values, and read between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leefraster.inference.drawn import Drawn, drawn_of
from leefraster.inference.draws import bound_by_one_set, log_choose
from leefraster.inference.geary_composed import Compositions
from leefraster.inference.geary_counted import FewValues
from leefraster.inference.geary_grid import GearyGrid
from leefraster.inference.numbers import Numbers, Totals
from leefraster.kernels.local_geary import count_far_differences, enumerated_tails, single_tails

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ENUMERABLE = 200_000  # sets of neighbours of a place
ENUMERATED = 1e8  # sets of all places together
CALL = 2e8  # draws a call of the kernel of permutations


def geary_tails(
    numbers: Numbers, sums: Totals, total: Floats, numerator: Floats, counts: Ints
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return P(D >= d) and P(D <= d) for the sum D of squared differences with k of the n - 1 others.

    Parameters
    ----------
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    total : ndarray of float64, shape (n,)
        The sum of squared differences with all others, in steps squared.
    numerator, counts : ndarray, shape (n,)
        The observed sum of each place in steps squared, and its number of neighbours.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        At least 1 / C(n - 1, k); NaN where nothing is drawn.
    """
    null = GearyNull.of(drawn_of(numbers), sums, np.bincount(counts))
    return null.tails(numbers.integers, total, numerator, counts)


@dataclass(frozen=True, slots=True, eq=False)
class GearyNull:
    """What the tails of all places of a field, or of bands of them, are found with.

    Attributes
    ----------
    n : int
        How many values the field has.
    ordered : ndarray of int64
        They in order, as integers; empty where nothing is drawn.
    enumerable : ndarray of bool
        Of each number of neighbours, whether their sets are gone through.
    few : FewValues, Compositions or None
        The different values, where what is left is counted.
    grid : GearyGrid or None
        The quantiles, where it is not.
    """

    n: int
    ordered: Ints
    enumerable: Bools
    few: FewValues | Compositions | None = None
    grid: GearyGrid | None = None

    @classmethod
    def of(cls, drawn: Drawn, sums: Totals, occurring: Ints) -> GearyNull:
        """Make what a field needs of which `occurring` places have 0, 1, 2, ... neighbours."""
        n, k = sums.n, np.arange(occurring.size)
        drawing = (occurring > 0) & (k > 0) & (k != n - 1)
        enumerable = _enumerable(n, occurring, drawing & (k > 1))
        if not drawing.any():
            return cls(n, np.empty(0, np.int64), enumerable)
        ordered = drawn.ordered
        left = np.flatnonzero(drawing & (k > 1) & ~enumerable)
        if left.size == 0:
            return cls(n, ordered, enumerable)
        few = FewValues.of(drawn, n, int(left[-1])) or Compositions.of(ordered, left)
        return cls(n, ordered, enumerable, few, GearyGrid.of(ordered, sums, left) if few is None else None)

    def tails(self, own: Ints, total: Floats, numerator: Floats, counts: Ints) -> tuple[Floats, Floats]:
        """Return P(D >= d) and P(D <= d) of some places, of which these are the own integers.

        The other parameters and what is returned are those of `geary_tails`.
        """
        upper, lower = np.full(counts.size, np.nan), np.full(counts.size, np.nan)
        certain = counts == self.n - 1
        upper[certain], lower[certain] = 1.0, 1.0
        single = np.flatnonzero((counts == 1) & ~certain)
        if single.size:
            single_tails(single, self.ordered, own, numerator, upper, lower)
        left = (counts > 1) & ~certain
        sets = np.flatnonzero(left & self.enumerable[counts])
        if sets.size:
            enumerated_tails(sets, self.ordered, own, numerator, counts, upper, lower)
            left[sets] = False
        if self.few is not None:
            self.few.fill_tails(own, numerator, np.where(left, counts, 0), upper, lower)
        elif self.grid is not None:
            cells = np.flatnonzero(left)
            arguments = own[cells], total[cells], numerator[cells], counts[cells]
            upper[cells], lower[cells] = self.grid.tails(*arguments)
            self._equal_neighbours(own, numerator, counts, cells, upper, lower)
        bound_by_one_set(upper, lower, counts, self.n - 1)
        return upper, lower

    def _equal_neighbours(
        self, own: Ints, numerator: Floats, counts: Ints, cells: Ints, upper: Floats, lower: Floats
    ) -> None:
        """Count the sets of neighbours that all have the place's own value, where those are observed."""
        same = cells[numerator[cells] == 0.0]
        if same.size == 0:
            return
        values, place = np.unique(own[same], return_inverse=True)
        number = np.searchsorted(self.ordered, values, "right") - np.searchsorted(self.ordered, values)
        ties, k = number[place] - 1, counts[same]
        upper[same] = 1.0
        ways = log_choose(np.maximum(ties, k), k) - log_choose(self.n - 1, k)
        lower[same] = np.exp(ways)


def _enumerable(n: int, occurring: Ints, left: Bools) -> Bools:
    """Return of which numbers of neighbours all sets can be gone through."""
    logarithm = log_choose(n - 1, np.minimum(np.arange(occurring.size), n - 1))
    sets = np.exp(np.minimum(logarithm, 700.0))
    found = left & (sets <= ENUMERABLE)
    return found if (occurring * sets)[found].sum() <= ENUMERATED else np.zeros_like(found)


def permuted_geary_tails(
    integers: Ints, numerator: Floats, counts: Ints, permutations: int, seed: int, places: Ints,
    weights: Floats | None = None, *, before: int = 0,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the tails from random draws without replacement, (r + 1) / (R + 1) each.

    `integers` are all values; the sums are those of the places from number `before` on. `places` are the numbers
    under which the stream knows these, `weights` those of the differences in each sum, place by place (all 1
    where there are none).
    """
    starts = np.concatenate([[0], np.cumsum(counts)])
    larger, smaller = np.zeros(counts.size, np.int64), np.zeros(counts.size, np.int64)
    given = np.empty(0) if weights is None else weights
    cost = starts * float(permutations)
    ends = np.searchsorted(cost, np.arange(CALL, cost[-1] + CALL, CALL))
    first = 0
    for last in [int(end) for end in np.minimum(ends, counts.size)]:
        count_far_differences(
            integers,
            before,
            numerator,
            starts,
            given,
            permutations,
            seed,
            places,
            first,
            last,
            larger,
            smaller,
        )
        first = last
    tails = [np.where(counts > 0, (r + 1.0) / (permutations + 1.0), np.nan) for r in (larger, smaller)]
    return tails[0], tails[1]
