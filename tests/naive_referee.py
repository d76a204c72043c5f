"""Plain loops for what a referee asks: shares of neighbourhoods, null distributions, coarser cells, agreement."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np

from naive import decimal


def shares_of_neighbourhood(array, near, reach=5):
    """Return for each cell of a raster the share of the cells around it that hold a value."""
    ny, nx = array.shape
    offsets = [
        (a, b)
        for a in range(-reach, reach + 1)
        for b in range(-reach, reach + 1)
        if (a, b) != (0, 0) and near(a, b)
    ]
    out = np.full(array.shape, np.nan)
    for r, c in np.argwhere(~np.isnan(array)):
        held = [0 <= r + a < ny and 0 <= c + b < nx and not np.isnan(array[r + a, c + b]) for a, b in offsets]
        out[r, c] = sum(held) / len(offsets)
    return out


def enumerated_means(values, drawn, without):
    """Return {mean: probability} of the mean of `drawn` of the values, leaving one out (None: none), exactly."""
    x = [decimal(v) for i, v in enumerate(values) if i != without]
    sums = [sum(c) / drawn for c in combinations(x, drawn)]
    return {mean: Fraction(sums.count(mean), len(sums)) for mean in sorted(set(sums))}


def coarser_means(array, weights, multiple, east, south, minimum_share):
    """Return {(row, column): mean} of squares of cells, of which the first begins `east`, `south` cells off."""
    blocks = {}
    for (r, c), value in np.ndenumerate(array):
        if not np.isnan(value) and weights[r, c] > 0:
            blocks.setdefault(((r - south) // multiple, (c - east) // multiple), []).append(
                (value, weights[r, c])
            )
    return {
        place: sum(v * w for v, w in held) / sum(w for _, w in held)
        for place, held in blocks.items()
        if len(held) / multiple**2 >= minimum_share
    }


def kappa_by_table(one, other):
    """Return share of equal codes and Cohen's kappa from the table of counts."""
    codes = sorted(set(one) | set(other))
    table = np.array(
        [[sum(a == i and b == j for a, b in zip(one, other, strict=True)) for j in codes] for i in codes]
    )
    n = table.sum()
    equal = np.trace(table) / n
    chance = (table.sum(axis=0) * table.sum(axis=1)).sum() / n**2
    return equal, (equal - chance) / (1 - chance) if chance < 1 else np.nan
