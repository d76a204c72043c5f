"""The null distribution of sums of squared differences: recursions that fill its tables, and look-ups in them."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

NEGLIGIBLE = 1e-18
PIECE = 1 << 11
FAR = 4.5  # normal deviate


@jit
def elementary_transforms(powers, weights, terms, row_of, out):
    """Fill out[row_of[k], f] with E_k at each frequency by Newton's identities, where row_of[k] is at least 0.

    powers[m, f] is the mean of u^m over the population, `weights[k, m]` is (N / k) C(N, k-m) / C(N, k), used
    for m = 1..terms[k]. A frequency ends where E_k has been negligible beside that of frequency 0.
    """
    kmax = row_of.size - 1
    most = weights.shape[1] - 1
    size = np.empty(kmax + 1)
    for f in range(powers.shape[1]):
        _recursion(powers, weights, terms, row_of, out, f, size, most, f == 0)


@jit
def _recursion(powers, weights, terms, row_of, out, f, size, most, first):
    """Run Newton's identities at one frequency; the first one notes the sizes that others are compared with."""
    kmax = row_of.size - 1
    values = np.zeros(kmax + 1, np.complex128)
    values[0] = 1.0
    quiet = 0
    for k in range(1, kmax + 1):
        total = 0.0 + 0.0j
        if quiet <= most:
            sign = 1.0
            for m in range(1, terms[k] + 1):
                total += sign * weights[k, m] * values[k - m] * powers[m, f]
                sign = -sign
        values[k] = total
        magnitude = abs(total.real) + abs(total.imag)
        if first:
            size[k] = magnitude
        elif magnitude < NEGLIGIBLE * size[k]:
            quiet += 1
        else:
            quiet = 0
        if row_of[k] >= 0:
            out[row_of[k], f] = total


@jit
def _ways(squares, number, kmax, ways):
    """Fill ways[k, s] with how many sets of k values have the sum s, of values with `number` copies each."""
    ways[:] = 0.0
    ways[0, 0] = 1.0
    reach = np.zeros(kmax + 1, np.int64)
    drawn = 0
    for u in range(squares.size):
        drawn = min(drawn + number[u], kmax)
        for k in range(drawn, 0, -1):
            choices = 1.0
            for m in range(1, min(k, number[u]) + 1):
                choices *= (number[u] - m + 1.0) / m
                shift = m * squares[u]
                for s in range(reach[k - m] + 1):
                    ways[k, s + shift] += choices * ways[k - m, s]
            # squares come in rising order: the largest sum of k is that of the last k values
        left = np.int64(0)
        total = np.int64(0)
        v = u
        for k in range(1, drawn + 1):
            if left == 0:
                left = number[v]
            total += squares[v]
            left -= 1
            if left == 0:
                v -= 1
            reach[k] = total


@parallel_jit
def few_valued_tails(values, number, order, starts, sums, counts, kmax, longest, upper, lower):
    """Fill the tails of places whose field has few different values, by counting sets with every sum exactly.

    Places order[starts[v]:starts[v + 1]] have the value values[v], which `number[v]` places of the field have.
    """
    for v in prange(values.size):
        if starts[v] == starts[v + 1]:
            continue
        squares, copies = _others(values, number, v)
        ways = np.zeros((kmax + 1, longest + 1))
        _ways(squares, copies, kmax, ways)
        above = np.zeros_like(ways)
        for k in range(1, kmax + 1):
            total = 0.0
            for s in range(longest, -1, -1):
                total += ways[k, s]
                above[k, s] = total
            total = 0.0
            for s in range(longest + 1):
                total += ways[k, s]
                ways[k, s] = total
        for c in range(starts[v], starts[v + 1]):
            i = order[c]
            k = counts[i]
            if k > 0:
                s = sums[i]
                upper[i] = above[k, s] / above[k, 0]
                lower[i] = ways[k, s] / ways[k, longest]


@jit
def _others(values, number, own):
    """Return the different squared differences with one value in rising order, and how many others have them."""
    distance = np.abs(values - values[own])
    order = np.argsort(distance, kind="mergesort")
    squares = np.empty(values.size, np.int64)
    copies = np.zeros(values.size, np.int64)
    filled = -1
    for j in range(values.size):
        square = distance[order[j]] * distance[order[j]]
        many = number[order[j]] - (1 if order[j] == own else 0)
        if many == 0:
            continue
        if filled < 0 or squares[filled] != square:
            filled += 1
            squares[filled] = square
        copies[filled] += many
    return squares[: filled + 1], copies[: filled + 1]


@jit
def _weights_around(nodes, x, cubic, line):
    """Fill the weights of a cubic through four nodes around x, and of a line through two; return the first."""
    last = nodes.size
    j = min(max(np.searchsorted(nodes, x, side="right") - 1, 0), last - 2)
    first = min(max(j - 1, 0), max(last - 4, 0))
    many = min(4, last)
    cubic[:] = 0.0
    line[:] = 0.0
    share = min(max((x - nodes[j]) / (nodes[j + 1] - nodes[j]), 0.0), 1.0)
    line[j - first], line[j + 1 - first] = 1.0 - share, share
    for a in range(many):
        w = 1.0
        for b in range(many):
            if b != a:
                w *= (x - nodes[first + b]) / (nodes[first + a] - nodes[first + b])
        cubic[a] = w
    return first


@jit
def _logarithm(table, row, share, first, cubic, line, normal, m):
    """Return the logarithm of a sum per draw at node m, between own values and between numbers of draws.

    Far out, where the tables of neighbouring own values can be unlike, between two of them only.
    """
    weights = cubic if abs(normal[m]) <= FAR else line
    total = 0.0
    for a in range(4):
        if weights[a] != 0.0:
            value = table[row, first + a, m]
            if share > 0.0:
                value = (1.0 - share) * value + share * table[row + 1, first + a, m]
            total += weights[a] * value
    return total


@parallel_jit
def look_up(x, logarithms, rows, shares, nodes, normal, table, out):
    """Fill the normal deviate whose lower tail is that of each cell's sum, from tables of quantiles.

    `logarithms` are of the sums per draw, `rows` and `shares` say between which numbers of draws a cell lies,
    `nodes` are the own values and `normal` the deviates that table[row, node, m] holds the quantiles of.
    """
    pieces = (x.size + PIECE - 1) // PIECE
    last = normal.size - 1
    for piece in prange(pieces):
        cubic, line = np.empty(4), np.empty(4)
        for c in range(piece * PIECE, min((piece + 1) * PIECE, x.size)):
            y, row, share = logarithms[c], rows[c], shares[c]
            first = _weights_around(nodes, x[c], cubic, line)
            lo, hi = 0, last
            while hi - lo > 1:
                middle = (lo + hi) >> 1
                if _logarithm(table, row, share, first, cubic, line, normal, middle) <= y:
                    lo = middle
                else:
                    hi = middle
            a = _logarithm(table, row, share, first, cubic, line, normal, lo)
            b = _logarithm(table, row, share, first, cubic, line, normal, hi)
            f = (y - a) / (b - a) if b > a else 0.5
            f = min(max(f, 0.0), 1.0)
            if lo > 0 and hi < last and b > a:
                before = a - _logarithm(table, row, share, first, cubic, line, normal, lo - 1)
                after = _logarithm(table, row, share, first, cubic, line, normal, hi + 1) - b
                bend = 0.25 * (after - before)
                if abs(bend) < 0.4 * (b - a):
                    for _ in range(3):  # y = a + f (b - a) + bend f (f - 1)
                        f -= (a + f * (b - a) + bend * f * (f - 1.0) - y) / (b - a + bend * (2.0 * f - 1.0))
                    f = min(max(f, 0.0), 1.0)
            out[c] = normal[lo] + f * (normal[hi] - normal[lo])
