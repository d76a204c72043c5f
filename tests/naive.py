"""Plain loops that define what the package computes; the oracles of the tests."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import xarray as xr


def raster(values, cell=100.0):
    """Return a raster with `y` descending from a nested list; NaN is missing."""
    array = np.asarray(values)
    ny, nx = array.shape[-2:]
    coords = {
        "y": (np.arange(ny)[::-1] + 0.5) * cell,
        "x": (np.arange(nx) + 0.5) * cell,
    }
    dims = ("year", "y", "x")[-array.ndim :]
    return xr.DataArray(array, dims=dims, coords=coords)


def neighbour_lists(valid, near):
    """Return for each valid cell of a raster its valid neighbours, as positions among the valid cells."""
    places = [(int(r), int(c)) for r, c in np.argwhere(valid)]
    return [
        [j for j, (r, c) in enumerate(places) if j != i and near(r - a, c - b)]
        for i, (a, b) in enumerate(places)
    ]


def queen(dr, dc):
    return max(abs(dr), abs(dc)) <= 1


def rook(dr, dc):
    return abs(dr) + abs(dc) <= 1


def disc(radius, cell=100.0):
    return lambda dr, dc: (dr * dr + dc * dc) * cell * cell <= radius * radius


def decimal(value):
    """Return the shortest decimal number that a float stands for: 0.1 + 0.2 and 0.3 tie as a reader expects."""
    return Fraction(repr(float(value)))


def p_of(upper, lower, alternative):
    return {"two-sided": min(1, 2 * min(upper, lower)), "greater": upper, "less": lower}[alternative]


def enumerated_local_moran(values, neighbours, alternative):
    """Return for each place (I, expected, variance, p) over all sets of neighbours, in exact arithmetic."""
    x = [decimal(v) for v in values]
    n = len(x)
    mean = sum(x) / n
    z = [v - mean for v in x]
    squares = sum(v * v for v in z)
    out = []
    for i, near in enumerate(neighbours):
        k = len(near)
        if k == 0:
            out.append((np.nan,) * 4)
            continue
        factor = (n - 1) * z[i] / squares / k
        observed = factor * sum(z[j] for j in near)
        others = [z[j] for j in range(n) if j != i]
        drawn = [factor * sum(chosen) for chosen in combinations(others, k)]
        m = len(drawn)
        expected = sum(drawn) / m
        variance = sum((d - expected) ** 2 for d in drawn) / m
        upper = Fraction(sum(d >= observed for d in drawn), m)
        lower = Fraction(sum(d <= observed for d in drawn), m)
        p = 1 if z[i] == 0 else p_of(upper, lower, alternative)
        out.append((float(observed), float(expected), float(variance), float(p)))
    return out


def enumerated_getis_ord(values, neighbours, star, alternative):
    """Return for each place (z, p) over all sets that could be drawn, in exact arithmetic."""
    x = [decimal(v) for v in values]
    n = len(x)
    out = []
    for i, near in enumerate(neighbours):
        if not near:
            out.append((np.nan, np.nan))
            continue
        chosen = [*near, i] if star else list(near)
        population = x if star else [x[j] for j in range(n) if j != i]
        observed = sum(x[j] for j in chosen)
        drawn = [sum(c) for c in combinations(population, len(chosen))]
        m = len(drawn)
        expected = sum(drawn) / m
        variance = sum((d - expected) ** 2 for d in drawn) / m
        upper = Fraction(sum(d >= observed for d in drawn), m)
        lower = Fraction(sum(d <= observed for d in drawn), m)
        z = float(observed - expected) / float(variance) ** 0.5 if variance > 0 else 0.0
        out.append((z, float(p_of(upper, lower, alternative))))
    return out


def subsets_by_sum(values, k):
    """Return how many sets of k of the (non-negative integer) values have each sum: exact, by recursion."""
    top = sum(sorted(values)[-k:])
    ways = np.zeros((k + 1, top + 1), dtype=object)
    ways[0, 0] = 1
    for number, value in enumerate(values):
        for j in range(min(k, number + 1), 0, -1):
            ways[j, value:] += ways[j - 1, : top + 1 - value]
    return ways[k]


def weights_matrix(neighbours, weighting):
    """Return the dense matrix of binary or row-standardised weights."""
    matrix = np.zeros((len(neighbours), len(neighbours)))
    for i, near in enumerate(neighbours):
        matrix[i, near] = 1 / len(near) if weighting == "row" else 1.0
    return matrix


def moran_by_definition(values, matrix):
    """Return Moran's I of the values, or of each row of values, under a dense matrix of weights."""
    z = values - values.mean(axis=-1, keepdims=True)
    return z.shape[-1] / matrix.sum() * ((z @ matrix) * z).sum(axis=-1) / (z * z).sum(axis=-1)


def permuted_moran(values, matrix):
    """Return mean and variance of Moran's I over all orders of the values."""
    every = moran_by_definition(np.array(list(permutations(values))), matrix)
    return every.mean(), every.var()
