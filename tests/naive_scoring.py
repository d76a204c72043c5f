"""Plain loops that define the measures around a cell and the scores of a model; oracles of the tests."""

from __future__ import annotations

import math

import numpy as np

KERNELS = {
    "gaussian": lambda u: math.exp(-u * u / 2),
    "exponential": lambda u: math.exp(-u),
    "bisquare": lambda u: (1 - u * u) ** 2 if u <= 1 else 0.0,
    "triangular": lambda u: 1 - u if u <= 1 else 0.0,
}
REACH = {"gaussian": 3.0, "exponential": 5.0, "bisquare": 1.0, "triangular": 1.0}


def decay_sum(x, y, values, bandwidth, kernel, cutoff=None):
    """Return the weighted sum around each place, NaN where no value lies within the cutoff."""
    limit = REACH[kernel] * bandwidth if cutoff is None else cutoff
    out = np.full(len(x), np.nan)
    for i in range(len(x)):
        terms = []
        for j in range(len(x)):
            d = math.dist((x[i], y[i]), (x[j], y[j]))
            if d <= limit + 1e-6 and not math.isnan(values[j]):
                terms.append(KERNELS[kernel](d / bandwidth) * values[j])
        if terms:
            out[i] = math.fsum(terms)
    return out


def distance(x, y, to_x, to_y, cap=None):
    """Return the distance from each place to the nearest target; the cap, or NaN, where there is none."""
    out = np.full(len(x), np.nan if cap is None else float(cap))
    for i in range(len(x)):
        if len(to_x):
            near = min(math.dist((x[i], y[i]), there) for there in zip(to_x, to_y, strict=True))
            out[i] = near if cap is None else min(near, cap)
    return out


def count_within(x, y, to_x, to_y, radius):
    """Return the number of points at most a radius away, ties within float error included."""
    counts = []
    for place in zip(x, y, strict=True):
        near = [math.dist(place, there) <= radius * (1 + 1e-12) for there in zip(to_x, to_y, strict=True)]
        counts.append(sum(near))
    return np.array(counts)


def scores(measures, weights, indicators, dimensions):
    """Return score by dimension and the reference means, by the definition.

    measures : values by indicator, (cell,); indicators : (name, dimension, coefficient, function, required).
    """
    names = [i[0] for i in indicators]
    values = {
        n: np.array([f(v) if not math.isnan(v) else math.nan for v in measures[n]])
        for n, _, _, f, _ in indicators
    }
    n = len(weights)
    whole = [all(not math.isnan(values[k][i]) for k, _, _, _, req in indicators if req) for i in range(n)]
    mean = {}
    for k in names:
        held = [i for i in range(n) if whole[i] and weights[i] > 0 and not math.isnan(values[k][i])]
        total = math.fsum(weights[i] for i in held)
        mean[k] = math.fsum(weights[i] * values[k][i] for i in held) / total if held else math.nan
    out = np.zeros((len(dimensions), n))
    for k, d, coefficient, _, required in indicators:
        for i in range(n):
            v = values[k][i]
            if math.isnan(v) and not required:
                continue
            out[dimensions.index(d), i] += coefficient * (v - mean[k])
    return out, mean
