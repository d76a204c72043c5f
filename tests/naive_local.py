"""Plain loops for local statistics of two variables, with any weights and any centre, and for the random stream."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np

from naive import decimal, p_of

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def weighted_mean(values, weights):
    total = sum(decimal(w) for w in weights)
    return sum(decimal(w) * decimal(v) for w, v in zip(weights, values, strict=True)) / total


def enumerated_moran(x, y, matrix, alternative="two-sided", weights=None):
    """Return per place (I, expected, variance, p) over every order in which the others' y can be drawn.

    `matrix` holds the weights w_ij as numbers that are exact as fractions.
    """
    n = len(x)
    weights = np.ones(n) if weights is None else weights
    mean_x, mean_y = weighted_mean(x, weights), weighted_mean(y, weights)
    dx, dy = [decimal(v) - mean_x for v in x], [decimal(v) - mean_y for v in y]
    scale = (n - 1) / float(sum(d * d for d in dx) * sum(d * d for d in dy)) ** 0.5
    out = []
    for i in range(n):
        row = [(j, Fraction(w)) for j, w in enumerate(matrix[i]) if w]
        if not row:
            out.append((np.nan,) * 4)
            continue
        observed = dx[i] * sum(w * dy[j] for j, w in row)
        others = [dy[j] for j in range(n) if j != i]
        drawn = [
            dx[i] * sum(w * d for (_, w), d in zip(row, chosen, strict=True))
            for chosen in permutations(others, len(row))
        ]
        m = len(drawn)
        expected = sum(drawn) / m
        variance = sum((d - expected) ** 2 for d in drawn) / m
        upper = Fraction(sum(d >= observed for d in drawn), m)
        lower = Fraction(sum(d <= observed for d in drawn), m)
        p = 1 if dx[i] == 0 else p_of(upper, lower, alternative)
        out.append((scale * float(observed), scale * float(expected), scale**2 * float(variance), float(p)))
    return np.array(out)


def enumerated_z(x, matrix, own_weights=None):
    """Return per place z of sum_j w_ij x_j over every order of the values, all n for G* (own weights given)."""
    values = [decimal(v) for v in x]
    n = len(values)
    out = []
    for i in range(n):
        row = [(j, Fraction(w)) for j, w in enumerate(matrix[i]) if w]
        if not row:
            out.append(np.nan)
            continue
        population = [values[j] for j in range(n) if j != i]
        if own_weights is not None:
            row.append((i, Fraction(own_weights[i])))
            population = values
        observed = sum(w * values[j] for j, w in row)
        drawn = [
            sum(w * v for (_, w), v in zip(row, chosen, strict=True))
            for chosen in permutations(population, len(row))
        ]
        expected = sum(drawn) / len(drawn)
        variance = sum((d - expected) ** 2 for d in drawn) / len(drawn)
        out.append(float(observed - expected) / float(variance) ** 0.5 if variance > 0 else 0.0)
    return np.array(out)


def mixed(word):
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def word_of(key, number):
    return mixed((key + (number + 1) * STEP) & MASK)


def key_of(seed, place):
    return mixed((mixed((seed + STEP) & MASK) + place * STEP) & MASK)


def drawn_positions(seed, place, permutation, k, n, excluded):
    """Return the draws as they are defined, for k of at most half the candidates."""
    key = word_of(key_of(seed, place), permutation)
    found, number = [], 0
    while len(found) < k:
        word = word_of(key, number // 2)
        product = (word >> 32 if number % 2 else word & 0xFFFFFFFF) * n
        number += 1
        position = product >> 32
        if product & 0xFFFFFFFF >= 2**32 % n and position != excluded and position not in found:
            found.append(position)
    return found
