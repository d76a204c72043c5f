"""Where single values far from all others may land among a place's weights, compared with where they are."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

TIE = 1e-9  # of the larger of two sums, within which they are one
CERTAIN = 9.0  # standard deviations of the other values' sum, beyond which nothing is left


@jit
def _beyond(atom, observed, sd, z):
    """Return whether two sums of far values are one, and else the chance that the whole sum is larger."""
    if abs(atom - observed) <= TIE * max(abs(atom), abs(observed)):
        return True, 0.0
    if sd == 0.0:
        return False, 1.0 if atom > observed else 0.0
    from_it = z - (atom - observed) / sd
    if from_it < -CERTAIN:
        return False, 1.0
    if from_it > CERTAIN:
        return False, 0.0
    return False, 0.5 * math.erfc(from_it / math.sqrt(2.0))


@parallel_jit
def landings(starts, weights, observed, sd, z, values, without, none, one):
    """Fill for every row how sums compare where no value lands, and where one does: [as observed, above, below].

    `observed` are the sums over the far values that are there, `sd` and `z` the spread of the other values' sum and
    where it lies in it; values[without[row]] cannot land. Of `one` every value and every weight count once.
    """
    for row in prange(starts.size - 1):
        equal, above = _beyond(0.0, observed[row], sd[row], z[row])
        none[row, 0], none[row, 1] = (1.0 if equal else 0.0), above
        none[row, 2] = 0.0 if equal else 1.0 - above
        one[row, 0], one[row, 1], one[row, 2] = 0.0, 0.0, 0.0
        for at in range(starts[row], starts[row + 1]):
            for v in range(values.size):
                if v == without[row]:
                    continue
                equal, above = _beyond(weights[at] * values[v], observed[row], sd[row], z[row])
                if equal:
                    one[row, 0] += 1.0
                else:
                    one[row, 1] += above
                    one[row, 2] += 1.0 - above


@parallel_jit
def pairs(starts, weights, rows, observed, values, without, two):
    """Fill for chosen rows how the sum of two values that land compares: [as observed, above, below].

    Every two values and every two weights, not the same, count once.
    """
    for r in prange(rows.size):
        row = rows[r]
        held = np.sort(weights[starts[row] : starts[row + 1]])
        size, goal = held.size, observed[row]
        equal, more, less = 0.0, 0.0, 0.0
        for first in range(values.size):
            for second in range(first + 1, values.size):
                if first == without[row] or second == without[row]:
                    continue
                for j in range(size):
                    known = held[j] * values[first]
                    needed = (goal - known) / values[second]
                    slack = TIE * max(abs(known), abs(goal)) / abs(values[second])
                    below = np.searchsorted(held, needed - slack, side="left")
                    above = size - np.searchsorted(held, needed + slack, side="right")
                    below -= held[j] < needed - slack
                    above -= held[j] > needed + slack
                    equal += size - 1 - below - above
                    more += above if values[second] > 0.0 else below
                    less += below if values[second] > 0.0 else above
        two[row, 0], two[row, 1], two[row, 2] = equal, more, less
