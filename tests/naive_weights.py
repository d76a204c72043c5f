"""Plain loops for weights that decay with distance, and sums over matrices of weights."""

import math

import numpy as np


def kernel(name, distance, bandwidth):
    ratio = distance / bandwidth
    if name == "gaussian":
        return math.exp(-(distance**2) / (2 * bandwidth**2))
    if name == "exponential":
        return math.exp(-ratio)
    if name == "inverse":
        return bandwidth / distance
    return (1 - ratio**2) ** 2 if ratio < 1 else 0.0


def weights_matrix(valid, cell, name, bandwidth, cutoff):
    """Return the weights between the valid cells of a raster, as a dense matrix."""
    places = np.argwhere(valid)
    out = np.zeros((len(places), len(places)))
    for i, a in enumerate(places):
        for j, b in enumerate(places):
            distance = cell * math.hypot(*(a - b))
            if i != j and distance <= cutoff * (1 + 1e-12):
                out[i, j] = kernel(name, distance, bandwidth)
    return out


def under(weighting, matrix):
    """Return a matrix under a weighting."""
    if weighting == "binary":
        return (matrix > 0).astype(float)
    if weighting == "row":
        totals = matrix.sum(axis=1, keepdims=True)
        return np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    return matrix


def matrix_sums(matrix):
    """Return s0, s1, s2."""
    return (
        matrix.sum(),
        ((matrix + matrix.T) ** 2).sum() / 2,
        ((matrix.sum(axis=0) + matrix.sum(axis=1)) ** 2).sum(),
    )
