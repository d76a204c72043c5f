"""Local Geary's C by its definition, and its null distribution by going through all sets of neighbours."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np

from naive import decimal, p_of


def enumerated_local_geary(values, neighbours, alternative, row=True):
    """Return for each place (C, expected, variance, p), in exact arithmetic."""
    x = [decimal(v) for v in values]
    n = len(x)
    mean = sum(x) / n
    variance = sum((v - mean) ** 2 for v in x) / n
    out = []
    for i, near in enumerate(neighbours):
        k = len(near)
        if k == 0:
            out.append((np.nan,) * 4)
            continue
        factor = 1 / (variance * (k if row else 1))
        squares = [(x[i] - x[j]) ** 2 for j in range(n) if j != i]
        observed = factor * sum((x[i] - x[j]) ** 2 for j in near)
        drawn = [factor * sum(chosen) for chosen in combinations(squares, k)]
        m = len(drawn)
        expected = sum(drawn) / m
        spread = sum((d - expected) ** 2 for d in drawn) / m
        upper = Fraction(sum(d >= observed for d in drawn), m)
        lower = Fraction(sum(d <= observed for d in drawn), m)
        out.append(tuple(map(float, (observed, expected, spread, p_of(upper, lower, alternative)))))
    return out


def draws_of_squares(values, place, k, draws, seed):
    """Return sums of k squared differences of a place with others, drawn at random without replacement."""
    rng = np.random.default_rng(seed)
    squares = (np.delete(values, place) - values[place]) ** 2
    sums = np.empty(draws)
    for begin in range(0, draws, 20_000):
        many = min(20_000, draws - begin)
        chosen = rng.integers(0, squares.size, (many, k))
        while True:
            ordered = np.sort(chosen, axis=1)
            again = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
            if not again.any():
                break
            chosen[again] = rng.integers(0, squares.size, (int(again.sum()), k))
        sums[begin : begin + many] = squares[chosen].sum(axis=1)
    return sums
