"""Quantiles of the sum of k squared differences with others, for a grid of own values and numbers of draws.

For each own value the population of squared differences is laid on lattices of doubling coarseness, each for
sums up to its end: a sum of at most L has no square above L, so that larger values need no room. On each the
transform of draws without replacement follows from Newton's identities, damped so that larger sums do not wrap
around (Grubel & Hermesmeier 1999, ASTIN Bulletin 29). Beyond 1e-9 the tails are those of the double saddlepoint
approximation, joined to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.special import ndtri

from leefraster.kernels.geary_null import elementary_transforms
from leefraster.kernels.saddlepoint import saddlepoints

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

POINTS = 1024  # of a lattice
COARSER = 4.0  # from one lattice to the next
DAMPED = math.log(1e9)  # by how much sums that wrap around are damped
TRUSTED_ABOVE = 1e-9  # upper tail
TRUSTED_BELOW = 1e-7  # lower tail, as a share of the sets without a value beyond the lattice
LATTICES = 64
TILTS = 32
NORMAL = np.concatenate([np.arange(-38, -6, 0.5), np.arange(-6, 6, 0.25), np.arange(6, 38.5, 0.5)])


@dataclass(frozen=True, slots=True)
class Others:
    """The squared differences of one value with all others, as weighted points.

    Attributes
    ----------
    bound : float
        The smallest of them or, where most are near the largest, that one.
    sign : float
        1 or -1: a squared difference is ``bound + sign * squares``.
    squares, number : ndarray
        How far they lie from the bound, rising, and how many of them there are.
    """

    bound: float
    sign: float
    squares: Floats
    number: Floats


def others_of(ordered: Floats, running: Floats, place: int) -> Others:
    """Summarise the squared differences of one of the sorted values with all others.

    Near the value itself and at both ends every value is a point; in between groups of values are two points
    that keep their number and mean, spread as if values were even within a group. `running` is the running sum
    of the values, from 0 on.
    """
    n = ordered.size
    below, above = place - _edges(place)[::-1], place + 1 + _edges(n - place - 1)
    begin, end = (np.concatenate([below[part], above[part]]) for part in (slice(None, -1), slice(1, None)))
    number = (end - begin).astype(float)
    low, high = ordered[begin] - ordered[place], ordered[end - 1] - ordered[place]
    middle = np.where(number > 2, (running[end] - running[begin]) / number - ordered[place], (low + high) / 2)
    mean = middle * middle + (high - low) ** 2 / 12
    spread = np.minimum(np.abs(high * high - low * low) / math.sqrt(12.0), mean)
    every = np.concatenate([mean - spread, mean + spread])
    order = np.argsort(every, kind="stable")
    every, weights = every[order], np.concatenate([number, number])[order] / 2
    least, largest = float(every[0]), float(every[-1])
    if (every * weights).sum() / weights.sum() > 0.5 * (least + largest):
        return Others(largest, -1.0, largest - every[::-1], weights[::-1].copy())
    return Others(least, 1.0, every - least, weights)


def _edges(n: int) -> Ints:
    """Return where groups of n values begin and end: single ones at both ends, at most 1 % of them between."""
    half = np.unique(
        np.concatenate([np.arange(129.0), np.geomspace(128, max(n / 2, 129), 300)]).astype(np.int64)
    )
    half = half[half <= n // 2]
    return np.unique(np.concatenate([half, n - half]))


def quantiles(others: Others, n: int, ks: Ints, newton: tuple[Floats, Ints]) -> Floats:
    """Return the logarithm of the quantiles, per draw, of sums of k of n squared differences at `NORMAL`.

    Where all squared differences are the same, so are all quantiles.
    """
    if others.squares[-1] == 0.0:
        return np.full((ks.size, NORMAL.size), math.log(others.bound))
    found = _by_transform(others, n, ks, newton)
    out = np.empty((ks.size, NORMAL.size))
    low, high = _by_saddlepoint(others, n, ks, -1.0), _by_saddlepoint(others, n, ks, 1.0)
    for row, k in enumerate(ks):
        sums, deviate = _joined(*found[row], *low[row], *high[row])
        if others.sign < 0:
            sums, deviate = sums[::-1], -deviate[::-1]
        bounds = sorted((others.bound, others.bound + others.sign * float(others.squares[-1])))
        least = max(bounds[0], 1e-40 * bounds[1])
        logarithm = np.log(np.clip(others.bound + others.sign * sums / k, least, bounds[1]))
        out[row] = np.clip(_at_deviates(logarithm, deviate), math.log(least), math.log(bounds[1]))
    return out


def _at_deviates(logarithm: Floats, deviate: Floats) -> Floats:
    """Interpolate to `NORMAL`, and go on with the last slopes outside."""
    values = np.interp(NORMAL, deviate, logarithm)
    for end, inner, outside in ((0, 1, deviate[0] > NORMAL), (-1, -2, deviate[-1] < NORMAL)):
        run = deviate[end] - deviate[inner]
        slope = (logarithm[end] - logarithm[inner]) / run if run else 0.0
        slope = min(max(slope, 1e-9), 10.0)
        values[outside] = logarithm[end] + slope * (NORMAL[outside] - deviate[end])
    return np.asarray(values)


def _joined(
    sums: Floats, deviate: Floats, low_sums: Floats, low: Floats, high_sums: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Put the approximation's tails at both ends, shifted so that they meet, and keep what rises."""
    if sums.size:
        below, above = low_sums < sums[0], high_sums > sums[-1]
        if low_sums.size > 1:
            low = low + deviate[0] - np.interp(sums[0], low_sums, low)
        if high_sums.size > 1:
            high = high + deviate[-1] - np.interp(sums[-1], high_sums, high)
    else:
        below, above = np.ones(low_sums.size, bool), np.ones(high_sums.size, bool)
    every = np.concatenate([low_sums[below], sums, high_sums[above]])
    deviates = np.concatenate([low[below], deviate, high[above]])
    order = np.argsort(every, kind="stable")
    every, deviates = every[order], np.maximum.accumulate(deviates[order])
    rising = np.concatenate([[True], (np.diff(deviates) > 1e-12) & (np.diff(every) > 0)])
    return every[rising], deviates[rising]


def _by_transform(
    others: Others, n: int, ks: Ints, newton: tuple[Floats, Ints]
) -> list[tuple[Floats, Floats]]:  # fmt: skip
    """Return for each k sums and the normal deviates of their tails, where these are trusted."""
    kmax = int(ks.max())
    row_of = np.full(kmax + 1, -1, np.int64)
    row_of[ks] = np.arange(ks.size)
    largest = float(others.squares[-1])
    mean = float((others.squares * others.number).sum() / n)
    square = float((np.square(others.squares) * others.number).sum() / n)
    spread = math.sqrt(kmax * max(square - mean * mean, 0.0))
    end = min(kmax * largest * 1.001, kmax * mean + 2.5 * largest + 7 * spread)
    pieces: list[list[tuple[Floats, Floats]]] = [[] for _ in ks]
    within = np.cumsum(others.number)
    for _ in range(LATTICES):
        held = int(np.searchsorted(others.squares, end, side="right"))
        share = within[held - 1] / n if held else 0.0
        if share * n < 1.0 or end <= 0.0:
            break
        lower = _cumulated(others, held, n, end, row_of, ks.size, newton)
        last = True
        for row, k in enumerate(ks):
            tail, whole = lower[row], share ** float(k)
            sums = (np.arange(POINTS) + 0.5) * end / POINTS
            upper = 1.0 - tail
            good = (
                (tail > max(TRUSTED_BELOW * whole, 1e-300)) & (upper > TRUSTED_ABOVE) & (sums > end / COARSER)
            )
            deviate = np.where(tail < 0.5, ndtri(np.maximum(tail, 1e-300)), -ndtri(np.maximum(upper, 1e-300)))
            pieces[row].append((sums[good], deviate[good]))
            last &= bool(tail[int(POINTS / COARSER)] < max(TRUSTED_ABOVE, TRUSTED_BELOW * whole))
        if last:
            break
        end /= COARSER
    out = []
    for parts in pieces:
        sums = np.concatenate([part[0] for part in parts[::-1]] or [np.empty(0)])
        deviate = np.concatenate([part[1] for part in parts[::-1]] or [np.empty(0)])
        out.append((sums, np.maximum.accumulate(deviate) if deviate.size else deviate))
    return out


def _cumulated(
    others: Others, held: int, n: int, end: float, row_of: Ints, rows: int, newton: tuple[Floats, Ints]
) -> Floats:
    """Return P(S <= s) for each k at the points of a lattice that ends at `end`."""
    at = others.squares[:held] * (POINTS / end)
    nearest = np.rint(at)
    nearest = np.where((nearest == 0) & (at > 0), 1.0, nearest)  # nothing falls below 0
    rest = at - nearest
    weights = others.number[:held]
    masses = np.zeros(2 * POINTS)
    for step, part in ((-1, rest * (rest - 1) / 2), (0, 1 - rest * rest), (1, rest * (rest + 1) / 2)):
        cells = nearest.astype(np.int64) + step
        inside = cells >= 0
        masses += np.bincount(cells[inside], weights=(part * weights)[inside], minlength=2 * POINTS)[
            : 2 * POINTS
        ]
    most = newton[0].shape[1] - 1
    damping = np.exp(-DAMPED / (2 * POINTS) * np.arange(2 * POINTS))
    powers = np.empty((most + 1, POINTS + 1), np.complex128)
    damped = masses / n
    for m in range(1, most + 1):
        damped = damped * damping
        # u^m of a value at q lies at m q, modulo the period
        spectrum = scipy.fft.fft(damped)
        powers[m] = spectrum[(m * np.arange(POINTS + 1)) % (2 * POINTS)]
    out = np.zeros((rows, POINTS + 1), np.complex128)
    elementary_transforms(powers, *newton, row_of, out)
    density = scipy.fft.irfft(out, n=2 * POINTS, axis=1)[:, :POINTS] / damping[:POINTS]
    return np.asarray(np.cumsum(density, axis=1))


def _by_saddlepoint(others: Others, n: int, ks: Ints, sign: float) -> list[tuple[Floats, Floats]]:
    """Return for each k sums and the normal deviates of their tails by Skovgaard's approximation, rising."""
    mean = float((others.squares * others.number).sum() / n)
    if sign < 0:
        middle = int(np.searchsorted(np.cumsum(others.number), n / 2))
        scale = float(others.squares[min(middle, others.squares.size - 1)]) or mean
        tilts = np.geomspace(0.3 / math.sqrt(float(ks.max())), 1e9, TILTS)
    else:
        scale = math.sqrt(float((np.square(others.squares - mean) * others.number).sum() / n))
        tilts = np.geomspace(1.0 / math.sqrt(float(ks.max())), 1e3, TILTS)
    found = np.empty((ks.size, TILTS, 4))
    saddlepoints(others.number, sign * others.squares / scale, ks.astype(float), tilts, found)
    total, alpha, kappa, determinant = (found[..., i] for i in range(4))
    k = ks[:, None].astype(float)
    free = -n * np.log1p(-k / n) - k * np.log(k / (n - k))
    r = np.sqrt(np.maximum(2 * (free - (kappa - alpha * k - tilts * total)), 1e-300))
    u = tilts * np.sqrt(np.maximum(determinant, 1e-300) / (k * (1 - k / n)))
    deviate = sign * (r + np.log(u / r) / r)
    out = []
    for row in range(ks.size):
        sums = sign * total[row] * scale
        sound = (r[row] > 1.0) & (sign * deviate[row] > 1.0) & np.isfinite(deviate[row]) & (sums > 0)
        order = np.argsort(sums[sound], kind="stable")
        out.append((sums[sound][order], np.maximum.accumulate(deviate[row][sound][order])))
    return out
