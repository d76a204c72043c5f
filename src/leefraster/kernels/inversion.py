"""Tails of weighted sums: generating functions of values, sums over weights, and the inversion along a contour."""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

PIECE = 1 << 10
LANES = 64  # cells or rows taken at a time
BELOW, ABOVE = 1e-60, 1e60  # squares of numbers whose products need no scale
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
def log_generating_at(values, shares, factors, tilts, out):
    """Fill out[b, t] with log sum_v share exp(factor_b tilt_t v); shares sum to 1."""
    for b in prange(factors.size):
        for t in range(tilts.size):
            factor = factors[b] * tilts[t]
            most = (factor * values).max()
            total = 0.0
            for v in range(values.size):
                total += shares[v] * np.exp(factor * values[v] - most)
            out[b, t] = most + np.log(max(total, 1e-150))


@parallel_jit
def outlier_ratios(places, own, at, outliers, out):
    """Fill out[outlier, place, node] with exp(s place outlier) over M at it, less 1, for s = at[node]."""
    for f in prange(outliers.size):
        for b in range(places.size):
            for node in range(out.shape[2]):
                power = places[b] * outliers[f] * at[node] - own[b, node]
                size = np.exp(min(power.real, LARGEST_POWER))
                out[f, b, node] = size * (np.cos(power.imag) + 1j * np.sin(power.imag)) - 1.0


@parallel_jit
def expand(matrix, values, out):
    """Fill out[node, function, basis] with the matrix times values[function, place, node]."""
    for f in prange(values.shape[0]):
        sums = np.empty(values.shape[2], np.complex128)
        for m in range(matrix.shape[0]):
            sums[:] = 0.0
            for b in range(matrix.shape[1]):
                factor, line = matrix[m, b], values[f, b]
                for node in range(sums.size):
                    sums[node] += factor * line[node]
            for node in range(sums.size):
                out[node, f, m] = sums[node]


@parallel_jit
def chebyshev_of_rows(starts, weights, means, low, high, out):
    """Fill for every row the sums of Chebyshev polynomials T_m(y) of its weights less the row's mean.

    y goes from -1 at `low` to 1 at `high`. Rows are taken some at a time; shorter ones end with nothing.
    """
    degree, rows = out.shape[1], out.shape[0]
    blocks = (rows + LANES - 1) // LANES
    for block in prange(blocks):
        first, here = block * LANES, min(LANES, rows - block * LANES)
        sums = np.zeros((degree, LANES))
        y, before, now = np.empty(LANES), np.empty(LANES), np.empty(LANES)
        longest = 0
        for k in range(here):
            longest = max(longest, starts[first + k + 1] - starts[first + k])
        for j in range(longest):
            y[:], before[:] = 0.0, 0.0
            for k in range(here):
                at = starts[first + k] + j
                if at < starts[first + k + 1]:
                    y[k] = (2.0 * (weights[at] - means[first + k]) - low - high) / (high - low)
                    before[k] = 1.0
            now[:] = before * y
            for m in range(degree):
                _next_polynomial(y, before, now, sums[m])
        for k in range(here):
            for m in range(degree):
                out[first + k, m] = sums[m, k]


@jit
def _next_polynomial(y, before, now, sums):
    """Add T_m to the sums, and go from T_m and T_m+1 (`before` and `now`) to the next two."""
    for k in range(sums.size):
        sums[k] += before[k]
        following = 2.0 * y[k] * now[k] - before[k]
        before[k] = now[k]
        now[k] = following


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


@jit
def _beside(bases, begin, turned):
    """Put the bases of some cells, from one on, beside each other; return how many there are."""
    here = min(LANES, bases.shape[0] - begin)
    turned[:, :] = 0.0
    for k in range(here):
        for m in range(turned.shape[0]):
            turned[m, k] = bases[begin + k, m]
    return here


@jit
def _add_products(coefficients, turned, first, out):
    """Add to out[k] the sum of the coefficients times the bases of cell k, from basis `first` on."""
    for m in range(coefficients.size):
        factor, line = coefficients[m], turned[first + m]
        for k in range(out.size):
            out[k] += factor * line[k]


@jit
def _scaled(x, y):
    """Return a number of a size that can be multiplied, and the logarithm of what it was divided by."""
    size = x * x + y * y
    if BELOW < size < ABOVE:
        return x, y, 0.0
    size = max(size, 1e-300)
    root = np.sqrt(size)
    return x / root, y / root, 0.5 * np.log(size)


@parallel_jit
def exponents(bases, without, smooth, single, numbers, half, out, pairs):
    """Fill out[cell, tilt] with log E exp(tilt S), all real, and pairs[cell, tilt] with what pairs contribute.

    Coefficients are those of `invert`, with tilts in the place of nodes.
    """
    width, degree, outliers = smooth.shape[2], single.shape[2], numbers.size
    pieces = (bases.shape[0] + PIECE - 1) // PIECE
    for piece in prange(pieces):
        turned, sums = np.empty((width + degree, LANES)), np.empty(LANES)
        logarithm, correction, product = np.empty(LANES), np.empty(LANES), np.empty(LANES)
        for begin in range(piece * PIECE, min((piece + 1) * PIECE, bases.shape[0]), LANES):
            here = _beside(bases, begin, turned)
            for t in range(smooth.shape[0]):
                logarithm[:], correction[:], product[:] = 0.0, 0.0, 1.0
                for f in range(smooth.shape[1]):
                    sums[:] = 0.0
                    _add_products(smooth[t, f], turned, 0, sums)
                    for k in range(LANES):
                        if f == 0:
                            logarithm[k] = sums[k]
                        else:
                            correction[k] -= half * sums[k] * sums[k]
                for f in range(outliers):
                    sums[:] = 1.0
                    _add_products(single[t, f], turned, width, sums)
                    for k in range(here):
                        factor, _, more = _scaled(max(sums[k], 1e-150), 0.0)
                        for _ in range(int(numbers[f]) - (without[begin + k] == f)):
                            product[k], _, again = _scaled(product[k] * factor, 0.0)
                            logarithm[k] += more + again
                if outliers > 0:
                    sums[:] = 0.0
                    _add_products(single[t, outliers], turned, width, sums)
                    for k in range(LANES):
                        correction[k] += sums[k]
                for k in range(here):
                    out[begin + k, t] = logarithm[k] + np.log(product[k]) + correction[k]
                    pairs[begin + k, t] = correction[k]


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
    the outliers times the last bases. Of the outlier `without` of a cell there is one less. Cells are taken some at
    a time, so that coefficients are read once for these.
    """
    nodes, functions, width = real.shape
    degree, outliers = one_real.shape[2], numbers.size
    pieces = (bases.shape[0] + PIECE - 1) // PIECE
    for piece in prange(pieces):
        turned = np.empty((width + degree, LANES))
        x, y, a, b = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
        more, turn, total, scale = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
        p, q = np.empty(LANES), np.empty(LANES)
        for begin in range(piece * PIECE, min((piece + 1) * PIECE, bases.shape[0]), LANES):
            here = _beside(bases, begin, turned)
            total[:] = 0.0
            for node in range(0, nodes, stride):
                more[:], turn[:] = 0.0, 0.0
                for f in range(functions):
                    x[:], y[:] = 0.0, 0.0
                    _add_products(real[node, f], turned, 0, x)
                    _add_products(imaginary[node, f], turned, 0, y)
                    for k in range(LANES):
                        if f == 0:
                            a[k], b[k] = x[k], y[k]
                        else:
                            more[k] -= half * (x[k] * x[k] - y[k] * y[k])
                            turn[k] -= half * 2.0 * x[k] * y[k]
                if outliers > 0:
                    _add_products(one_real[node, outliers], turned, width, more)
                    _add_products(one_imaginary[node, outliers], turned, width, turn)
                for k in range(LANES):
                    damped = 1.0 / np.sqrt(
                        1.0 + (more[k] * more[k] + turn[k] * turn[k]) / (LARGEST * LARGEST)
                    )
                    a[k] += more[k] * damped
                    b[k] += turn[k] * damped
                p[:], q[:] = 1.0, 0.0
                for f in range(outliers):
                    x[:], y[:] = 1.0, 0.0
                    _add_products(one_real[node, f], turned, width, x)
                    _add_products(one_imaginary[node, f], turned, width, y)
                    for k in range(here):
                        u, v, logarithm = _scaled(x[k], y[k])
                        for _ in range(int(numbers[f]) - (without[begin + k] == f)):
                            p[k], q[k], again = _scaled(p[k] * u - q[k] * v, p[k] * v + q[k] * u)
                            a[k] += logarithm + again
                height = node * step
                square = tilt * tilt + height * height
                for k in range(here):
                    if outliers > 0:
                        a[k] += 0.5 * np.log(p[k] * p[k] + q[k] * q[k])
                        b[k] += np.arctan2(q[k], p[k])
                    if node == 0:
                        scale[k] = a[k]
                    size = np.exp(min(a[k] - scale[k], 0.0))
                    angle = b[k] - height * sums[begin + k]
                    # (cos + i sin) / (tilt + i height)
                    part = size * (np.cos(angle) * tilt + np.sin(angle) * height) / square
                    total[k] += 0.5 * part if node == 0 else part
                    last[begin + k] = size * tilt / np.sqrt(square)
            # near 0 the trapezoid rule adds the tails 2 pi k / step lower, that is 1, in a geometric series
            period = 2.0 * np.pi / (step * stride)
            for k in range(here):
                share = total[k] * step * stride / np.pi
                chernoff = np.exp(scale[k] - tilt * sums[begin + k])
                if tilt * period < FELT:
                    tails[begin + k] = chernoff * share - 1.0 / np.expm1(tilt * period)
                else:  # where rounding is felt, Chernoff's bound: the integral is at most 1
                    tails[begin + k] = chernoff * (share if share > NOISE else 1.0)


@parallel_jit
def sums_by_offset(columns, starts, first, last, west, east, reach, kinds, terms, own, out):
    """Fill out[cell, m] for rows first..last-1 with own[m] and the sum of terms[kind, m] over the neighbours.

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
    """Fill the weights of chosen cells' neighbours, in compressed rows of which each begins at `begins`."""
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
