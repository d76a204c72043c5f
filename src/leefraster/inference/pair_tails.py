"""Small tails of sums of two values, counted: a table on a lattice cannot tell single pairs apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leefraster.inference.draws import Population, Tables
from leefraster.kernels.pair_counts import replace_pair_tails
from leefraster.kernels.tails import TABLE, cells_below

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEW = 1000  # pairs; for more the table's relative error is below what p_error reports


def count_pair_tails(
    population: Population,
    tables: Tables,
    observed: Ints,
    counts: Ints,
    own: Ints | None,
    upper: Floats,
    lower: Floats,
) -> None:
    """Replace in place the tails of sums of two values that fewer than 1,000 pairs make, by their count.

    Parameters are those of `inference.draws.draw_tails`; `upper` and `lower` are its results.
    """
    if tables.lattice.exact or tables.kind.size < 3 or tables.kind[2] != TABLE:
        return
    drawn_from = population.sums.n - (own is not None)
    pairs = drawn_from * (drawn_from - 1) // 2
    limits = np.zeros(tables.kind.size)
    limits[2] = FEW / pairs
    below = cells_below(upper, lower, counts, drawn_from, limits)
    for tail, upwards, found in ((upper, True, below[0]), (lower, False, below[1])):
        cells = found[counts[found] == 2]
        if cells.size:
            ordered, kept = population.drawn.ordered, own if own is not None else observed
            replace_pair_tails(cells, observed, kept, own is not None, ordered, pairs, upwards, tail)
