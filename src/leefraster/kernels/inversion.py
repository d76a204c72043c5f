"""Tails of weighted sums: generating functions of values, sums over weights, and the inversion along a contour."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 10
LARGEST_POWER = 300.0  # of e
FELT = 12.0  # power of e
NOISE = 1e-9  # of an integral that is at most 1
LARGEST = 2.0  # of a correction, beyond which it is no longer one


@parallel_jit
def log_generating(values, shares, factors, tilt, step, out):
    """Fill out[b, l] with log sum_v share exp(factor_b (tilt + i l step) v), continuous in l; shares sum to 1."""
    for b in prange(factors.size):
        exponent = factors[b] * tilt * values
        most = exponent.max()
        real = shares * np.exp(exponent - most)
        imaginary = np.zeros(values.size)
        cosine, sine = np.cos(factors[b] * step * values), np.sin(factors[b] * step * values)
        before, turns = 0.0, 0.0
        for node in range(out.shape[1]):
            a, c = 0.0, 0.0
            for v in range(values.size):
                a += real[v]
                c += imaginary[v]
                turned = real[v] * cosine[v] - imaginary[v] * sine[v]
                imaginary[v] = real[v] * sine[v] + imaginary[v] * cosine[v]
                real[v] = turned
            phase = np.arctan2(c, a)
            turns += np.rint((before - phase - turns) / (2.0 * np.pi)) * 2.0 * np.pi
            phase += turns
            before = phase
            out[b, node] = most + 0.5 * np.log(max(a * a + c * c, 1e-300)) + 1j * phase
            turns = phase - np.arctan2(c, a)


@parallel_jit
def outlier_ratios(places, own, tilt, step, outliers, out):
    """Fill out[outlier, place, node] with exp(s place outlier) over M at it, less 1, for s = tilt + i node step."""
    for f in prange(outliers.size):
        for b in range(places.size):
            for node in range(out.shape[2]):
                power = places[b] * outliers[f] * (tilt + 1j * step * node) - own[b, node]
                size = np.exp(min(power.real, LARGEST_POWER))
                out[f, b, node] = size * (np.cos(power.imag) + 1j * np.sin(power.imag)) - 1.0


@parallel_jit
def expand(matrix, values, out):
    """Fill out[node, function, basis] with the matrix times values[function, place, node]."""
    for node in prange(out.shape[0]):
        for f in range(values.shape[0]):
            for m in range(matrix.shape[0]):
                real, imaginary = 0.0, 0.0
                for b in range(matrix.shape[1]):
                    real += matrix[m, b] * values[f, b, node].real
                    imaginary += matrix[m, b] * values[f, b, node].imag
                out[node, f, m] = real + 1j * imaginary


@parallel_jit
def chebyshev_of_rows(starts, weights, means, low, high, out):
    """Fill for every row the sums of Chebyshev polynomials T_m(y) of its weights less the row's mean.

    y goes from -1 at `low` to 1 at `high`.
    """
    degree = out.shape[1]
    for row in prange(starts.size - 1):
        for m in range(degree):
            out[row, m] = 0.0
        for at in range(starts[row], starts[row + 1]):
            y = (2.0 * (weights[at] - means[row]) - low - high) / (high - low)
            before, now = 1.0, y
            out[row, 0] += 1.0
            for m in range(1, degree):
                out[row, m] += now
                before, now = now, 2.0 * y * now - before


@jit
def _moved(sums, slope, shift, work, out):
    """Turn sums of T_m(y) into those of T_m(slope y + shift)."""
    degree = out.size
    work[:, :] = 0.0
    work[0, 0] = 1.0
    if degree > 1:
        work[1, 1] = slope
        work[1, 0] = shift
    for m in range(2, degree):
        for j in range(m):
            v = work[m - 1, j]
            work[m, j + 1] += slope * v if j > 0 else 2.0 * slope * v
            if j > 0:
                work[m, j - 1] += slope * v
            work[m, j] += 2.0 * shift * v
        for j in range(m - 1):
            work[m, j] -= work[m - 2, j]
    for m in range(degree):
        total = 0.0
        for j in range(m + 1):
            total += work[m, j] * sums[j]
        out[m] = total


@parallel_jit
def move_chebyshev(sums, slope, shifts, out):
    """Fill for every cell the sums of T_m(slope y + shift) from those of T_m(y)."""
    pieces = (shifts.size + PIECE - 1) // PIECE
    for piece in prange(pieces):
        work = np.empty((out.shape[1], out.shape[1]))
        for c in range(piece * PIECE, min((piece + 1) * PIECE, shifts.size)):
            _moved(sums[c], slope, shifts[c], work, out[c])


@parallel_jit
def exponents(bases, without, smooth, single, numbers, half, out, pairs):
    """Fill out[cell, tilt] with log E exp(tilt S), all real, and pairs[cell, tilt] with what pairs contribute.

    Coefficients are those of `invert`, with tilts in the place of nodes.
    """
    width, degree = smooth.shape[2], single.shape[2]
    pieces = (bases.shape[0] + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for c in range(piece * PIECE, min((piece + 1) * PIECE, bases.shape[0])):
            for t in range(smooth.shape[0]):
                logarithm, correction = 0.0, 0.0
                for f in range(smooth.shape[1]):
                    total = 0.0
                    for b in range(width):
                        total += smooth[t, f, b] * bases[c, b]
                    if f == 0:
                        logarithm = total
                    else:
                        correction -= half * total * total
                for f in range(numbers.size):
                    total = 1.0
                    for b in range(degree):
                        total += single[t, f, b] * bases[c, width + b]
                    logarithm += (numbers[f] - (without[c] == f)) * np.log(max(total, 1e-300))
                if numbers.size > 0:
                    for b in range(degree):
                        correction += single[t, numbers.size, b] * bases[c, width + b]
                out[c, t] = logarithm + correction
                pairs[c, t] = correction


@parallel_jit
def invert(
    bases,
    sums,
    without,
    tilt,
    step,
    stride,
    real,
    imaginary,
    one_real,
    one_imaginary,
    numbers,
    half,
    tails,
    last,
):
    """Fill P(S >= s) by the trapezoid rule on the line tilt + i y, and the size of the last term.

    The logarithm of E exp((tilt + i y) S) is the first smooth function (`real`, `imaginary`), less `half` times the
    sum of the squares of the others, plus `numbers` times the logarithm of 1 plus each function of the outliers,
    plus the last of these. A function is its coefficients [node, function, basis] times bases of the cell, those of
    the outliers times the last bases. Of the outlier `without` of a cell there is one less.
    """
    nodes, functions, width = real.shape
    degree = one_real.shape[2]
    pieces = (bases.shape[0] + PIECE - 1) // PIECE
    for piece in prange(pieces):
        for c in range(piece * PIECE, min((piece + 1) * PIECE, bases.shape[0])):
            total, term, scale = 0.0, 0.0, 0.0
            for node in range(0, nodes, stride):
                a, b, more, turn = 0.0, 0.0, 0.0, 0.0
                for f in range(functions):
                    x, y = 0.0, 0.0
                    for m in range(width):
                        x += real[node, f, m] * bases[c, m]
                        y += imaginary[node, f, m] * bases[c, m]
                    if f == 0:
                        a, b = x, y
                    else:
                        more -= half * (x * x - y * y)
                        turn -= half * 2.0 * x * y
                if numbers.size > 0:
                    for m in range(degree):
                        more += one_real[node, numbers.size, m] * bases[c, width + m]
                        turn += one_imaginary[node, numbers.size, m] * bases[c, width + m]
                damped = 1.0 / np.sqrt(1.0 + (more * more + turn * turn) / (LARGEST * LARGEST))
                a += more * damped
                b += turn * damped
                for f in range(numbers.size):
                    number = numbers[f] - (without[c] == f)
                    x, y = 1.0, 0.0
                    for m in range(degree):
                        x += one_real[node, f, m] * bases[c, width + m]
                        y += one_imaginary[node, f, m] * bases[c, width + m]
                    a += number * 0.5 * np.log(max(x * x + y * y, 1e-300))
                    b += number * np.arctan2(y, x)
                height = node * step
                if node == 0:
                    scale = a
                size = np.exp(min(a - scale, 0.0))
                angle = b - height * sums[c]
                # (cos + i sin) / (tilt + i height)
                square = tilt * tilt + height * height
                part = size * (np.cos(angle) * tilt + np.sin(angle) * height) / square
                total += 0.5 * part if node == 0 else part
                term = size * tilt / np.sqrt(square)
            share = total * step * stride / np.pi
            # near 0 the trapezoid rule adds the tails 2 pi k / step lower, that is 1, in a geometric series
            period = 2.0 * np.pi / (step * stride)
            if tilt * period < FELT:
                tails[c] = np.exp(scale - tilt * sums[c]) * share - 1.0 / np.expm1(tilt * period)
            else:  # where rounding is felt, Chernoff's bound: the integral is at most 1
                tails[c] = np.exp(scale - tilt * sums[c]) * (share if share > NOISE else 1.0)
            last[c] = term


@parallel_jit
def sums_by_offset(columns, starts, first, last, west, east, reach, kinds, terms, own, out):
    """Fill out[cell, m] of the cells of rows first..last-1 with own[m] and the sum of terms[kind, m] over neighbours.

    kinds[dy, dx] is the kind of the offsets (+-dy, +-dx), -1 where there is no neighbour.
    """
    ny, across = starts.size - 1, kinds.shape[1] - 1
    width = east - west + 1 + 2 * across
    for block in prange((last - first + 7) // 8):
        line = np.empty(width, np.int32)
        counts = np.empty((width, terms.shape[0]), np.int32)
        for row in range(first + block * 8, min(first + (block + 1) * 8, last)):
            begin, end = starts[row], starts[row + 1]
            if begin == end:
                continue
            counts[: end - begin, :] = 0
            for dy in range(reach.size):
                line[:] = 0
                if row - dy >= 0:
                    for j in range(starts[row - dy], starts[row - dy + 1]):
                        line[columns[j] - west + across] += 1
                if dy > 0 and row + dy < ny:
                    for j in range(starts[row + dy], starts[row + dy + 1]):
                        line[columns[j] - west + across] += 1
                for i in range(begin, end):
                    at = columns[i] - west + across
                    if kinds[dy, 0] >= 0:
                        counts[i - begin, kinds[dy, 0]] += line[at]
                    for dx in range(1, reach[dy] + 1):
                        counts[i - begin, kinds[dy, dx]] += line[at - dx] + line[at + dx]
            for i in range(begin, end):
                at = i - starts[first]
                for m in range(terms.shape[1]):
                    out[at, m] = own[m]
                for kind in range(terms.shape[0]):
                    count = np.float64(counts[i - begin, kind])
                    for m in range(terms.shape[1]):
                        out[at, m] += count * terms[kind, m]


@parallel_jit
def rows_by_offset(columns, starts, cells, rows, reach, table, begins, weights):
    """Fill the weights of chosen cells' neighbours in compressed rows that begin there, in the order of the cells."""
    for c in prange(cells.size):
        column, row = columns[cells[c]], rows[c]
        k = begins[c]
        for other in range(max(row - reach.size + 1, 0), min(row + reach.size, starts.size - 1)):
            dy = abs(other - row)
            begin, stop = starts[other], starts[other + 1]
            j = begin + np.searchsorted(columns[begin:stop], column - reach[dy])
            while j < stop and columns[j] <= column + reach[dy]:
                w = table[dy, abs(columns[j] - column)]
                if w > 0.0:
                    weights[k] = w
                    k += 1
                j += 1


@parallel_jit
def count_arrangements(starts, weights, values, own, observed, slack, larger, smaller):
    """Count over all arrangements of values on a row's weights the sums at least and at most as large as observed.

    Sums within `slack` of the observed one are ties; own[row] is a value left out, -1 where none is.
    """
    n = values.size
    for row in prange(starts.size - 1):
        k = starts[row + 1] - starts[row]
        taken = np.zeros(n, np.bool_)
        if own[row] >= 0:
            taken[own[row]] = True
        chosen = np.full(k, -1, np.int64)
        partial = np.zeros(k + 1)
        depth, above, below = 0, 0, 0
        while depth >= 0:
            if depth + 1 < k and chosen[depth] >= 0:
                taken[chosen[depth]] = False
            following = chosen[depth] + 1
            while following < n and taken[following]:
                following += 1
            if following == n:
                chosen[depth] = -1
                depth -= 1
                continue
            chosen[depth] = following
            partial[depth + 1] = partial[depth] + weights[starts[row] + depth] * values[following]
            if depth + 1 < k:
                taken[following] = True
                depth += 1
                continue
            if partial[k] >= observed[row] - slack[row]:
                above += 1
            if partial[k] <= observed[row] + slack[row]:
                below += 1
        larger[row], smaller[row] = above, below
