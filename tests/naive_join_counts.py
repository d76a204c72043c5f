"""Local join counts by enumeration of all sets of neighbours: the oracle of their tests."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np

from naive import p_of


def enumerated_local_join_count(values, neighbours, alternative, row=False):
    """Return for each place (BB, expected, variance, p) over all sets of neighbours, in exact arithmetic."""
    ones = [int(v) for v in values]
    out = []
    for i, near in enumerate(neighbours):
        if not near:
            out.append((np.nan,) * 4)
            continue
        if ones[i] == 0:
            out.append((0.0, 0.0, 0.0, 1.0))
            continue
        weight = Fraction(1, len(near) if row else 1)
        observed = weight * sum(ones[j] for j in near)
        others = [ones[j] for j in range(len(ones)) if j != i]
        drawn = [weight * sum(chosen) for chosen in combinations(others, len(near))]
        m = len(drawn)
        expected = sum(drawn) / m
        variance = sum((d - expected) ** 2 for d in drawn) / m
        upper = Fraction(sum(d >= observed for d in drawn), m)
        lower = Fraction(sum(d <= observed for d in drawn), m)
        out.append(tuple(map(float, (observed, expected, variance, p_of(upper, lower, alternative)))))
    return out
