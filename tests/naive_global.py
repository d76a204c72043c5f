"""Global statistics by their definitions over a dense matrix of weights; their moments over all permutations."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from naive import weights_matrix


def geary(x, w):
    """Return Geary's C of values, or of each row of values."""
    n = x.shape[-1]
    apart = (x[..., :, None] - x[..., None, :]) ** 2
    z = x - x.mean(axis=-1, keepdims=True)
    return (n - 1) / (2 * w.sum()) * (w * apart).sum(axis=(-1, -2)) / (z * z).sum(axis=-1)


def general(x, w):
    """Return Getis and Ord's general G."""
    return ((x @ w) * x).sum(axis=-1) / (x.sum(axis=-1) ** 2 - (x * x).sum(axis=-1))


def joins(x, w):
    """Return BB, WW and BW, along the last axis."""
    white = 1 - x
    both = [((a @ w) * b).sum(axis=-1) / 2 for a, b in ((x, x), (white, white))]
    apart = (x[..., :, None] - x[..., None, :]) ** 2
    return np.stack([*both, (w * apart).sum(axis=(-1, -2)) / 2], axis=-1)


def bivariate(x, y, w):
    """Return the bivariate Moran's I of x with y, or with each row of y."""
    zx, zy = x - x.mean(), y - y.mean(axis=-1, keepdims=True)
    spread = np.sqrt((zx**2).sum() * (zy**2).sum(axis=-1))
    return x.size / w.sum() * (zx * (zy @ w.T)).sum(axis=-1) / spread


def over_all_permutations(statistic, x, w):
    """Return mean and variance of a statistic of (values, weights) over all orders of the values."""
    every = statistic(np.array(list(permutations(x))), w)
    return every.mean(axis=0), every.var(axis=0)


def linked(neighbours, weighting):
    """Return which places have neighbours, and the matrix of weights among these."""
    matrix = weights_matrix(neighbours, weighting)
    held = matrix.any(axis=0) | matrix.any(axis=1)
    return held, matrix[held][:, held]
