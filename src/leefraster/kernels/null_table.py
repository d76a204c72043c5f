"""The distribution of the sum of k draws without replacement: Newton's identities at Fourier frequencies.

With u_j = exp(i t q_j) and P_m(t) = sum_j u_j^m, the elementary symmetric polynomials e_k of the u_j follow from
k e_k = sum_m (-1)^(m-1) e_(k-m) P_m, and E_k = e_k / C(N, k) is the characteristic function of the sum of k
draws. P_m(t) is the discrete Fourier transform of the histogram of the q_j, read at m t.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from leefraster.kernels.jit import jit, parallel_jit

NEGLIGIBLE = 1e-20
MOMENT_PARTS = 2
LANES = 16  # frequencies side by side
BLOCK = 512  # values that are passed over at a time


@parallel_jit
def fold_histogram(integers, offset, half, shift, mask):
    """Return the histogram of q = (v - offset + half) >> shift modulo a power of two (mask + 1)."""
    parts = 8
    counts = np.zeros((parts, mask + 1), np.int64)
    n = integers.size
    for part in prange(parts):
        own, row = integers[part * n // parts : (part + 1) * n // parts], counts[part]
        for i in range(own.size):
            row[np.uint64(((own[i] - offset + half) >> shift) & mask)] += 1
    return counts.sum(axis=0)


def binned_moments(integers, shift, rest_shift, bins):
    """Return per bin (v >> shift) the count, and the sums of r and r^2 with r = (v mod 2^shift) >> rest_shift.

    r is below 2^12, so that the sums fit for up to 2^39 values.
    """
    # a bin's sums side by side, in one line of the cache; numpy has large arrays in large pages
    sums = np.zeros((MOMENT_PARTS, bins, 4), np.int64)
    _add_moments(integers, shift, rest_shift, sums)
    return np.ascontiguousarray(sums.sum(axis=0)[:, :3].T)


@parallel_jit
def _add_moments(integers, shift, rest_shift, sums):
    n, parts = integers.size, sums.shape[0]
    low = (np.int64(1) << shift) - 1
    for part in prange(parts):
        own, here = integers[part * n // parts : (part + 1) * n // parts], sums[part]
        for i in range(own.size):
            b, r = np.uint64(own[i] >> shift), (own[i] & low) >> rest_shift
            here[b, 0] += 1
            here[b, 1] += r
            here[b, 2] += r * r


@jit
def beyond(integers, edge, above):
    """Return those of at least the edge, or those below it, in their order; they are meant to be few."""
    found, many = np.empty(integers.size, np.int64), 0
    for a in range(0, integers.size, BLOCK):
        own, here = integers[a : a + BLOCK], 0
        for i in range(own.size):
            here += (own[i] >= edge) == above
        for i in range(own.size * (here > 0)):
            found[many] = own[i]
            many += (own[i] >= edge) == above
    return found[:many].copy()


@jit
def times(integers, value):
    """Return how many of them are the value."""
    found = 0
    for i in range(integers.size):
        found += integers[i] == value
    return found


@parallel_jit
def characteristic_functions(spectrum, period, n, weights, terms, first, last, kmax):
    """Return E_k at frequencies first..last-1 (rows: k = 0..kmax; columns), and the largest k that any reaches.

    `spectrum` is the half-spectrum (real FFT) of the histogram; `weights[k, m]` is
    (N / k) C(N, k-m) / C(N, k), used for m = 1..terms[k]. A frequency stops when E has been negligible
    for as many k in a row as the recursion looks back; what follows is zero, up to the largest k reached, and
    rows beyond that are not filled. `LANES` frequencies go through the recursion side by side.
    """
    out = np.empty((kmax + 1, last - first), np.complex128)
    most = weights.shape[1] - 1
    groups = (last - first + LANES - 1) // LANES
    reach = np.zeros(groups, np.int64)
    for group in prange(groups):
        begin = group * LANES
        width = min(LANES, last - first - begin)
        power, past = np.zeros((2, most + 1, LANES)), np.zeros((2, most + 1, LANES))
        total = np.zeros((2, LANES))
        for lane in range(width):
            for m in range(1, most + 1):
                at = (m * (first + begin + lane)) % period
                # histogram sums carry exp(+i t q): the conjugate of the FFT's sign
                value = np.conj(spectrum[at]) / n if at <= period // 2 else spectrum[period - at] / n
                power[0, m, lane], power[1, m, lane] = value.real, value.imag
            past[0, 0, lane] = 1.0
            out[0, begin + lane] = 1.0
        quiet, going = np.zeros(LANES, np.int64), width
        for k in range(1, kmax + 1):
            total[:] = 0.0
            sign = 1.0
            for m in range(1, terms[k] + 1):
                weight, row = sign * weights[k, m], (k - m) % (most + 1)
                for lane in range(LANES):
                    real, imaginary = weight * past[0, row, lane], weight * past[1, row, lane]
                    total[0, lane] += real * power[0, m, lane] - imaginary * power[1, m, lane]
                    total[1, lane] += real * power[1, m, lane] + imaginary * power[0, m, lane]
                sign = -sign
            row = k % (most + 1)
            for lane in range(width):
                if quiet[lane] > most:
                    total[0, lane] = total[1, lane] = 0.0
                elif abs(total[0, lane]) + abs(total[1, lane]) < NEGLIGIBLE:
                    quiet[lane] += 1
                    going -= quiet[lane] > most
                else:
                    quiet[lane] = 0
                past[0, row, lane], past[1, row, lane] = total[0, lane], total[1, lane]
                out[k, begin + lane] = complex(total[0, lane], total[1, lane])
            reach[group] = k
            if going == 0:
                break
    most_reached = reach.max()
    for group in prange(groups):
        for k in range(reach[group] + 1, most_reached + 1):
            for at in range(group * LANES, min((group + 1) * LANES, last - first)):
                out[k, at] = 0.0
    return out, most_reached


@parallel_jit
def turns(period):
    """Return exp(2 pi i f / period) for all f, and 1 less it for f up to half of the period."""
    circle = np.empty(period, np.complex128)
    gap = np.empty(period // 2 + 1, np.complex128)
    for f in prange(period):
        angle = 2.0 * np.pi * f / period
        circle[f] = complex(np.cos(angle), np.sin(angle))
        if f < gap.size:
            half_angle = np.pi * f / period
            # 1 - exp(i t) = -2i sin(t/2) exp(i t/2)
            gap[f] = -2.0j * np.sin(half_angle) * complex(np.cos(half_angle), np.sin(half_angle))
    return circle, gap


@jit
def fold_spectrum(values, circle, gap, start, stride, out):
    """Add the half-spectrum of a tail function, sampled every `stride`, to `out` (length period/stride/2 + 1).

    `values[f]` is E_k at 2 pi f / period; the tail T_n = P(S >= start + n) has the spectrum
    conj(E) exp(i t start) / (1 - exp(i t)) for f > 0, on top of the ramp 1 - n / period.
    """
    period = circle.size
    short = period // stride
    for f in range(1, values.size):
        c = np.conj(values[f]) * circle[(f * start) % period] / gap[f]
        if 2 * f == period:
            c = c * 0.5
        at = f % short
        # the frequency f and its mirror image -f both fold into the half-spectrum 0..short/2
        if at <= short // 2:
            out[at] += c
            if at == 0 or 2 * at == short:
                out[at] += np.conj(c)
        else:
            out[short - at] += np.conj(c)


@jit
def unfold_tail(wave, period, stride, start, last_on_atom, mass, tail):
    """Fill the tail at start, start + stride, ... from its wave, less the mass of an atom at and before a point."""
    scale = wave.size / period
    level = wave[0] * scale
    for i in range(tail.size):
        tail[i] = 1.0 - i * stride / period + wave[i] * scale - level
        if i * stride + start <= last_on_atom:
            tail[i] -= mass


@jit
def subset_sums(values, k):
    """Return the sorted sums of all subsets of k of the values (k at least 1)."""
    n = values.size
    count = 1
    for i in range(k):
        count = count * (n - i) // (i + 1)
    sums = np.empty(count, np.int64)
    chosen = np.arange(k)
    for c in range(count):
        total = np.int64(0)
        for i in range(k):
            total += values[chosen[i]]
        sums[c] = total
        i = k - 1
        while i >= 0 and chosen[i] == n - k + i:
            i -= 1
        if i >= 0:
            chosen[i] += 1
            for j in range(i + 1, k):
                chosen[j] = chosen[j - 1] + 1
    return np.sort(sums)
