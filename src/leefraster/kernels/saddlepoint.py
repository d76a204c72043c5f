"""Saddlepoint of the sum of k draws without replacement: the tilted inclusion probabilities, and look-ups."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 12


@jit
def _expected(number, tilted, rho):
    """Return the sum of inclusion probabilities and of p (1 - p) at a given rho."""
    total, slope = 0.0, 0.0
    for b in range(number.size):
        p = rho * tilted[b] / (1.0 + rho * tilted[b])
        total += number[b] * p
        slope += number[b] * p * (1.0 - p)
    return total, slope


@jit
def _solve(number, tilted, k, alpha):
    """Return log rho at which the inclusion probabilities add up to k: Newton's steps kept in a bracket."""
    low, high = -800.0, 800.0
    for _ in range(200):
        total, slope = _expected(number, tilted, np.exp(alpha))
        if abs(total - k) <= 1e-12 * k:
            break
        if total < k:
            low = alpha
        else:
            high = alpha
        step = (k - total) / slope if slope > 0.0 else 0.0
        alpha += min(max(step, -4.0), 4.0)
        if not low < alpha < high or step == 0.0:
            alpha = 0.5 * (low + high)
    return alpha


@parallel_jit
def saddlepoints(number, value, ks, tilts, out):
    """Fill out[k, tilt] with (sum, log rho, kappa, determinant of the Hessian) for each tilt and k.

    `number` and `value` are counts and standardised values of bins; the tilts are positive, and the weights
    exp(tilt (value - largest)) do not overflow.
    """
    for j in prange(tilts.size):
        largest = value.max()
        tilted = np.exp(tilts[j] * (value - largest))
        whole = (number * tilted).sum()
        for c in range(ks.size):
            # from the same start whichever other k are asked, so that every k has the same bytes
            alpha = _solve(number, tilted, ks[c], np.log(ks[c] / whole))
            rho = np.exp(alpha)
            total, kappa, a, b, d = 0.0, 0.0, 0.0, 0.0, 0.0
            for i in range(number.size):
                w = rho * tilted[i]
                p = w / (1.0 + w)
                spread = number[i] * p * (1.0 - p)
                total += number[i] * p * value[i]
                kappa += number[i] * np.log1p(w)
                a += spread
                b += spread * value[i]
                d += spread * value[i] * value[i]
            out[c, j, 0] = total
            out[c, j, 1] = alpha - tilts[j] * largest
            out[c, j, 2] = kappa
            out[c, j, 3] = a * d - b * b


@parallel_jit
def far_tail_look_up(
    cells, place, total, own, exclude, n, ks, nodes, exponent, correction, alpha, tilts, tail
):
    """Replace the tail of the given cells by the saddlepoint's, where its nodes reach so far.

    `total` is the cell's standardised sum, `own` its standardised value, `place` its row among `ks`.
    """
    for c in prange(cells.size):
        row = place[c]
        s = total[c]
        last = nodes.shape[1] - 1
        if s <= nodes[row, 0]:
            continue
        j = np.searchsorted(nodes[row], min(s, nodes[row, last]), side="left") - 1
        width = nodes[row, j + 1] - nodes[row, j]
        f = min((s - nodes[row, j]) / width, 1.0)
        left, right = exponent[row, j], exponent[row, j + 1]
        g = 1.0 - f
        power = g * left + f * right
        if nodes[row, j + 1] < nodes[row, last]:
            # d exponent / d sum = -tilt: a cubic Hermite interpolation
            power = (
                (1.0 + 2.0 * f) * g * g * left
                + f * f * (3.0 - 2.0 * f) * right
                - f * g * g * width * tilts[j]
                + f * f * g * width * tilts[j + 1]
            )
        logarithm = power + g * correction[row, j] + f * correction[row, j + 1]
        if exclude:
            t = g * tilts[j] + f * tilts[j + 1]
            logit = g * alpha[row, j] + f * alpha[row, j + 1] + t * own[c]
            logarithm += np.log(n / (n - ks[row])) - np.log1p(np.exp(logit))
        tail[cells[c]] = np.exp(logarithm)
