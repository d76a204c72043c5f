"""Tails of weighted sums under conditional permutation, by inversion of their generating function.

The sum over a place's neighbours is S = sum_j w_j X_j, X drawn without replacement from n values with mean 0. With
the weights centred over all n places (w - m for neighbours, -m for the rest, m = sum w / n) the draws are nearly
independent, and log E exp(s S) is the sum of log M(s w) over the places, M being the generating function of one
value. To it belongs the correction for pairs, since two places cannot draw one value: -sum F(w_j, w_l) / (n - 1)
over pairs, F = M(s (w_j + w_l)) / (M(s w_j) M(s w_l)) - 1. Values with much of the variance (outliers x) are taken
the other way round: each falls on one of the n places, a factor 1 + sum_j (exp(s w_j x) / M(s w_j) - 1) / n.

As a function of the weight, log M is expanded in Chebyshev polynomials: then a place needs only the sums of these
over its neighbours, made once a mask, and F is likewise a sum of squares of such expansions (a Nystroem
approximation). The tail is the integral of exp(log E - s x) / s along a line near the saddlepoint of the place, by
the trapezoid rule: small tails keep their relative accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from leefraster.inference.numbers import Numbers, Totals, deviations
from leefraster.kernels.inversion import (
    chebyshev_of_rows,
    count_arrangements,
    expand,
    exponents,
    invert,
    log_generating,
    move_chebyshev,
    outlier_ratios,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
NONE = np.empty(0)

DEGREE, ROW_DEGREE = 16, 32  # Chebyshev polynomials for many neighbours, and for few
HEAVY_DEGREE = 64  # for both where single values weigh much
MANY = 12.0  # sum w^2 over the largest w^2: from here on DEGREE polynomials suffice
TILTS = 0.05 * 1.35 ** np.arange(30)  # in standard deviations of the sum
NEAREST = 0.6  # the least tilt where no single value weighs much: nearer to 0 steps must be small
PIVOTS = (0.25, 0.6, 1.0)  # weights at which pairs are looked at, in the largest
BINS_PER_SCALE = 24  # of values
SAMPLE = 12  # places on which lines are tried
TOLERATED = 1e-3  # change of a tail when every second node is left out
LAST = 1e-7  # size of the last term
STEPS = 2.0 ** -np.arange(1.0, 7.0)
MOST_NODES = 2048
FEW_ARRANGEMENTS = 1_000_000  # of values on a place's weights: all are looked at
ALL_ARRANGEMENTS = 2e9  # over all places
OUTLYING = 1e-2  # share of the variance from which on a value is an outlier
SINGLE, GROUPED, GROUP = 16, 48, 8  # outliers taken one by one; further ones, and how many of these together
UNLIKELY = 3e-3  # effect of pairs on a far tail below which they are left out
NOISE = 1e-12
UNSOUND = 0.01  # beyond the probabilities that there are
TINY = float(np.nextafter(0.0, 1.0))


class Patterns(Protocol):
    """The weights of n places, in G* with that of the place itself.

    Attributes
    ----------
    counts, totals, squares : ndarray, shape (n,)
        How many weights there are, their sum and the sum of their squares.
    largest : float
        The largest of all.
    """

    @property
    def counts(self) -> Ints: ...  # noqa: D102

    @property
    def totals(self) -> Floats: ...  # noqa: D102

    @property
    def squares(self) -> Floats: ...  # noqa: D102

    @property
    def largest(self) -> float: ...  # noqa: D102

    def rows(self, cells: Ints) -> tuple[Ints, Floats]:
        """Return the weights of chosen places in compressed rows."""
        ...

    def chebyshev(self, degree: int, low: float, high: float) -> Floats | None:
        """Return for all places the sums of T_m(y), y from -1 at `low` to 1 at `high`; None: make them of rows."""
        ...


@dataclass(frozen=True, slots=True)
class Points:
    """A population in standard units: ordinary values as weighted points about their mean, and outliers.

    Attributes
    ----------
    values, shares : ndarray of float64
        Ordinary values less `middle`, their mean, and what share of them each point is.
    outliers, numbers : ndarray of float64
        Other values less `middle`, and how many are of each.
    middle : float
        Mean of the ordinary values.
    edge : float
        The least size of an outlier, in deviations from the mean of all.
    """

    values: Floats
    shares: Floats
    outliers: Floats
    numbers: Floats
    middle: float
    edge: float

    @classmethod
    def of(cls, z: Floats) -> Points:
        """Summarise sorted standardised values.

        Those with much of the variance are outliers. The others are put in bins, fine near the middle and wider
        far out; each becomes two points that keep its number, mean and variance.
        """
        far = _outlying(z)
        outliers, numbers = _grouped(z[far])
        inner = z[~far]
        middle = float(inner.mean())
        values, number = _two_points(inner - middle)
        edge = float(np.abs(z[far]).min(initial=np.inf))
        return cls(values, number / inner.size, outliers - middle, numbers, middle, edge)

    def own(self, z: Floats) -> Ints:
        """Return which outlier each standardised value is, or nearest to; -1 for ordinary ones."""
        found = np.full(z.size, -1)
        if self.outliers.size:
            from_middle = z - self.middle
            far = np.flatnonzero(np.abs(z) >= self.edge)
            found[far] = np.abs(from_middle[far, None] - self.outliers).argmin(axis=1)
        return found

    def mirrored(self) -> Points:
        """Return the values with the opposite sign."""
        return Points(-self.values, self.shares, -self.outliers, self.numbers, -self.middle, self.edge)

    @property
    def fourth(self) -> float:
        """The mean of the fourth power of ordinary values."""
        return float((self.shares * self.values**4).sum())


def _outlying(z: Floats) -> npt.NDArray[np.bool_]:
    """Return which of the sorted values have much of the variance that larger ones leave; at most a tenth."""
    most = min(SINGLE + GROUPED, z.size // 10)
    far = np.zeros(z.size, dtype=bool)
    if most:
        squares = np.square(z)
        order = np.argsort(-squares, kind="stable")[:most]
        left = squares.sum() - np.concatenate([[0.0], np.cumsum(squares[order])[:-1]])
        far[order] = np.logical_and.accumulate(squares[order] > OUTLYING * left)
    return far


def _grouped(far: Floats) -> tuple[Floats, Floats]:
    """The largest outliers one by one, the others in groups of about the same size, by sign."""
    order = np.argsort(-np.abs(far), kind="stable")
    values, numbers = [far[order[:SINGLE]]], [np.ones(min(SINGLE, far.size))]
    rest = far[order[SINGLE:]]
    for side in (rest[rest < 0], rest[rest > 0]):
        starts = np.arange(0, side.size, GROUP)
        if starts.size:
            number = np.diff(np.append(starts, side.size))
            values.append(np.add.reduceat(side, starts) / number)
            numbers.append(number.astype(np.float64))
    return np.concatenate(values), np.concatenate(numbers)


def _two_points(z: Floats) -> tuple[Floats, Floats]:
    """Return points and their numbers, two for each bin of sorted values."""
    middle, quarter, three = z[z.size // 2], z[z.size // 4], z[(3 * z.size) // 4]
    scale = max((three - quarter) / 1.35, 0.01) if three > quarter else 1.0
    label = np.floor(np.arcsinh((z - middle) / scale) * BINS_PER_SCALE)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(label) > 0]))
    number = np.diff(np.append(starts, z.size)).astype(np.int64)
    centre = np.add.reduceat(z, starts) / number
    spread = np.sqrt(np.add.reduceat(np.square(z - np.repeat(centre, number)), starts) / number)
    return np.concatenate([centre - spread, centre + spread]), np.concatenate([number, number]) / 2.0


@dataclass(frozen=True, slots=True)
class Group:
    """Places of about the same spread, in units of which their standard deviation is about 1.

    Attributes
    ----------
    cells : ndarray of int64, shape (g,)
        Which places.
    bases : ndarray of float64, shape (g, 2 degree + 3)
        Sums over the neighbours of Chebyshev polynomials of the centred weights, what the other places contribute,
        and the sums of polynomials of the weights themselves.
    sums, totals : ndarray of float64, shape (g,)
        The observed sums, less their expectation, and the sums of weights.
    own : ndarray of int64, shape (g,)
        The outlier that a place itself has, so that it is not drawn; -1 for none.
    low, high : float
        Domain of the centred weights.
    means : tuple of float
        Least and largest mean weight.
    most : float
        The largest number of neighbours.
    """

    cells: Ints
    bases: Floats
    sums: Floats
    totals: Floats
    own: Ints
    low: float
    high: float
    means: tuple[float, float]
    most: float

    @property
    def degree(self) -> int:
        """Number of Chebyshev polynomials."""
        width: int = self.bases.shape[1]
        return (width - 3) // 2


def inversion_tails(
    patterns: Patterns, numbers: Numbers, sums: Totals, observed: Floats, *, own_fixed: bool
) -> tuple[Floats, Floats, float]:
    """Return P(S >= s) and P(S <= s) of each place's weighted sum under conditional permutation.

    Parameters
    ----------
    patterns : Patterns
        The weights.
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    observed : ndarray of float64, shape (n,)
        The observed weighted sums of the integers.
    own_fixed : bool
        Whether a place's own value is not among its draws.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        Tails, never 0; NaN where there is no weight.
    error : float
        Largest relative change of a tail, on a sample of places, when every second node of the integral is left
        out; 0 where all arrangements were counted, infinite where an integral failed. The approximation to
        dependence is not in it.

    Notes
    -----
    Where a place has at most a million arrangements, and all places 2e9, these are counted, ties included. Else
    the sum is taken as continuous, so that a tie counts half.
    """
    drawn_from = sums.n - own_fixed
    upper, lower = np.full(sums.n, np.nan), np.full(sums.n, np.nan)
    spread = patterns.squares - np.square(patterns.totals) / drawn_from
    middle, sd = float(sums.mean), math.sqrt(float(sums.squares) / sums.n)
    z = np.asarray((numbers.integers - middle) / sd, np.float64)
    population = Points.of(np.sort(z))
    own = population.own(z) if own_fixed else np.full(sums.n, -1)
    standard, varies = _standard(patterns, numbers, sums, observed, own if own_fixed else None)
    left = patterns.counts > 0
    certain = left & ((spread <= 1e-13 * patterns.squares) | ~varies)
    upper[certain] = lower[certain] = 1.0
    left &= ~certain
    few = _count_few(patterns, numbers, observed, left, own_fixed, upper, lower)
    left &= ~few
    error = 0.0
    if left.any():
        whole = _Whole(patterns, drawn_from, spread, population.numbers.size > 0)
        for group in whole.groups(np.flatnonzero(left), standard, own):
            error = max(error, _group_tails(group, population, drawn_from, upper, lower))
    _bound_below(patterns.counts, drawn_from, upper, lower)
    return upper, lower, error


def _standard(
    patterns: Patterns, numbers: Numbers, sums: Totals, observed: Floats, own: Ints | None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the sums in standard units, and where the values that are drawn vary.

    With `own` (values that are not drawn; -1 or an outlier) the units are those of the other values, of outliers
    those of all: their null has one outlier less instead.
    """
    n, mean, squares = sums.n, float(sums.mean), float(sums.squares)
    from_all = (observed - patterns.totals * mean) / math.sqrt(squares / n)
    if own is None:
        return from_all, np.ones(n, dtype=bool)
    from_mean = deviations(numbers, sums)
    left = np.maximum(squares - np.square(from_mean) * (n / (n - 1)), 0.0) / (n - 1)
    varies = left > 1e-12 * squares / n
    sd = np.sqrt(np.where(varies, left, 1.0))
    from_others = (observed - patterns.totals * (mean - from_mean / (n - 1))) / sd
    return np.where(own < 0, from_others, from_all), varies


def _count_few(
    patterns: Patterns,
    numbers: Numbers,
    observed: Floats,
    left: npt.NDArray[np.bool_],
    own_fixed: bool,
    upper: Floats,
    lower: Floats,
) -> npt.NDArray[np.bool_]:
    """Count all arrangements where these are few; return at which places."""
    drawn_from = left.size - own_fixed
    ways = _log_arrangements(drawn_from, patterns.counts)
    few = left & (ways <= math.log(FEW_ARRANGEMENTS) + 1e-9)
    cells = np.flatnonzero(few)
    if cells.size == 0 or float(np.exp(ways[cells]).sum()) > ALL_ARRANGEMENTS:
        return np.zeros(left.size, dtype=bool)
    starts, weights = patterns.rows(cells)
    values = numbers.integers.astype(np.float64)
    slack = 1e-12 * patterns.totals[cells] * max(numbers.largest, 1)
    own = cells if own_fixed else np.full(cells.size, -1)
    larger, smaller = np.zeros(cells.size, np.int64), np.zeros(cells.size, np.int64)
    count_arrangements(starts, weights, values, own, observed[cells], slack, larger, smaller)
    total = np.rint(np.exp(ways[cells]))
    upper[cells], lower[cells] = larger / total, smaller / total
    return few


def _log_arrangements(n: int, counts: Ints) -> Floats:
    """The logarithm of the number of ways to put n values on so many places."""
    found: Floats = gammaln(n + 1.0) - gammaln(n - counts + 1.0)
    return found


def _bound_below(counts: Ints, n: int, upper: Floats, lower: Floats) -> None:
    """What is observed is one of the equally likely arrangements."""
    least = np.maximum(np.exp(-_log_arrangements(n, counts)), TINY)
    for tail in (upper, lower):
        np.clip(tail, least, 1.0, out=tail)


class _Whole:
    """All places of a mask, from which groups are made."""

    def __init__(self, patterns: Patterns, n: int, spread: Floats, heavy: bool) -> None:
        self._degrees = (HEAVY_DEGREE, HEAVY_DEGREE) if heavy else (DEGREE, ROW_DEGREE)
        self._patterns, self._n, self._spread = patterns, n, spread
        self._means = patterns.totals / n
        self._low, self._high = -float(self._means.max(initial=0.0)), patterns.largest
        self._sums = patterns.chebyshev(self._degrees[0], 0.0, self._high)

    def groups(self, cells: Ints, standard: Floats, own: Ints) -> Iterator[Group]:
        """Yield groups of cells; `standard` are the observed sums in standard units, `own` the outliers."""
        if cells.size == 0:
            return
        spread = self._spread[cells]
        many = (spread >= MANY * self._patterns.largest**2) & (self._sums is not None)
        kinds = 2 * np.floor(np.log2(spread / self._patterns.largest**2)).astype(np.int64) + many
        order = np.argsort(kinds, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1):
            yield self._group(cells[part], bool(many[part[0]]), standard, own)

    def _group(self, cells: Ints, many: bool, standard: Floats, own: Ints) -> Group:
        unit = math.sqrt(float(self._spread[cells].max() + self._spread[cells].min()) / 2)
        means = self._means[cells]
        low, high = self._low, self._high
        if many:
            assert self._sums is not None
            plain = self._sums[cells]
        else:
            starts, weights = self._patterns.rows(cells)
            low, high = -float(means.max()), float(weights.max())
            plain = np.empty((cells.size, self._degrees[1]))
            chebyshev_of_rows(starts, weights, np.zeros(cells.size), 0.0, high, plain)
        centred = np.empty_like(plain)
        if many:
            move_chebyshev(plain, high / (high - low), -(2 * means + low) / (high - low), centred)
        else:
            chebyshev_of_rows(starts, weights, means, low, high, centred)
        outside = (self._n - self._patterns.counts[cells]) * means / unit
        least, most = float(means.min()), float(means.max())
        place = (2 * means - least - most) / max(most - least, 1e-9 * most)
        others = outside[:, None] * place[:, None] ** np.arange(3)
        return Group(
            cells, np.concatenate([centred, others, plain], axis=1), standard[cells] / unit,
            self._patterns.totals[cells] / unit, own[cells], low / unit, high / unit,
            (least / unit, max(most, least * (1 + 1e-9)) / unit), float(self._patterns.counts[cells].max()),
        )  # fmt: skip


def _group_tails(group: Group, population: Points, n: int, upper: Floats, lower: Floats) -> float:
    """Fill both tails of a group's places; return the error seen on a sample."""
    error = 0.0
    for sign, tail, other in ((1.0, upper, lower), (-1.0, lower, upper)):
        here = np.flatnonzero(group.sums >= 0 if sign > 0 else group.sums < 0)
        if here.size == 0:
            continue
        points = population if sign > 0 else population.mirrored()
        lines = _Lines(group, points, n)
        bases, sums = group.bases[here], sign * group.sums[here] - points.middle * group.totals[here]
        own = group.own[here]
        tilts = lines.best(bases, sums, own)
        for tilt in np.unique(tilts):
            chosen = np.flatnonzero(tilts == tilt)
            found, change = lines.tails(float(TILTS[tilt]), bases[chosen], sums[chosen], own[chosen])
            error = max(error, change if found.min() > -UNSOUND and found.max() < 1 + UNSOUND else math.inf)
            places = group.cells[here[chosen]]
            tail[places] = found
            other[places] = 1.0 - found
    return error


class _Lines:
    """The generating function of a group on lines in the complex plane."""

    def __init__(self, group: Group, population: Points, n: int) -> None:
        self._group, self._points, self._n = group, population, n
        self._half = 0.5 / max(n - 1, 1)
        effect = 340 * (population.fourth + 1) / (8 * n)  # on a tail at 4.3 standard deviations
        self._pivots = group.high * np.array(PIVOTS if effect > UNLIKELY else ())

    def best(self, bases: Floats, sums: Floats, own: Ints) -> Ints:
        """Return for each place the number of the tilt nearest its saddlepoint, where pairs remain a correction."""
        found = [self._functions(tilt, 1.0, 1) for tilt in TILTS]
        smooth, single = (
            np.ascontiguousarray(np.concatenate(part).real) for part in zip(*found, strict=True)
        )
        logarithm, pairs = (np.empty((bases.shape[0], TILTS.size)) for _ in range(2))
        exponents(bases, own, smooth, single, self._points.numbers, self._half, logarithm, pairs)
        usable = np.logical_and.accumulate(np.abs(pairs) < 1.0, axis=1) & np.isfinite(logarithm)
        first = 0 if self._points.numbers.size else int(np.searchsorted(TILTS, NEAREST))
        usable[:, first] = True
        height = np.where(usable, logarithm - TILTS * sums[:, None], np.inf)[:, first:]
        # the first minimum: far out the expansion no longer holds
        rises = np.concatenate([height[:, 1:] >= height[:, :-1], np.ones((sums.size, 1), dtype=bool)], axis=1)
        return np.asarray(first + rises.argmax(axis=1), np.int64)

    def tails(self, tilt: float, bases: Floats, sums: Floats, own: Ints) -> tuple[Floats, float]:
        """Return the tails of places on one line, and how much leaving out nodes changed those of a sample."""
        order = np.argsort(sums, kind="stable")
        sample = order[np.unique(np.linspace(0, order.size - 1, SAMPLE).astype(np.int64))]
        nodes, change = 32, math.inf
        for step in STEPS:
            while True:
                line = self._functions(tilt, step, nodes)
                one, last = self._invert(tilt, step, 1, line, bases[sample], sums[sample], own[sample])
                if last.max() < LAST or nodes >= MOST_NODES:
                    break
                nodes *= 2
            two, _ = self._invert(tilt, step, 2, line, bases[sample], sums[sample], own[sample])
            before, change = change, float((np.abs(two - one) / (NOISE + np.abs(one))).max())
            if change < TOLERATED or change > before / 2 or nodes >= MOST_NODES:
                break
            nodes *= 2
        return self._invert(tilt, step, 1, line, bases, sums, own)[0], change

    def _invert(
        self,
        tilt: float,
        step: float,
        stride: int,
        line: tuple[Complexes, Complexes],
        bases: Floats,
        sums: Floats,
        own: Ints,
    ) -> tuple[Floats, Floats]:
        smooth, single = line
        degree = self._group.degree
        kept = self._kept(smooth[:, :, :degree])
        held = np.concatenate([np.arange(kept), degree + np.arange(3)])
        more = self._kept(single)
        parts = [
            smooth[:, :, held].real,
            smooth[:, :, held].imag,
            single[:, :, :more].real,
            single[:, :, :more].imag,
        ]
        wanted = np.concatenate([held, degree + 3 + np.arange(more)])
        tails, last = np.empty(sums.size), np.empty(sums.size)
        invert(  # type: ignore[call-arg]
            np.ascontiguousarray(bases[:, wanted]), sums, own, tilt, step, stride,
            *[np.ascontiguousarray(part) for part in parts], self._points.numbers, self._half, tails, last,
        )  # fmt: skip
        return tails, last

    def _kept(self, coefficients: Complexes) -> int:
        """How many Chebyshev polynomials matter: up to the last one that can be felt."""
        if coefficients.shape[1] == 0:
            return 0
        size = np.abs(coefficients).max(axis=(0, 1)) * self._group.most
        used = int(np.count_nonzero(np.cumsum(size[::-1])[::-1] > 1e-7))
        return max(used, 2)

    def _functions(self, tilt: float, step: float, nodes: int) -> tuple[Complexes, Complexes]:
        """Return coefficients [node, function, basis]: of log M and of what makes F; and of the outliers."""
        group, q = self._group, self._pivots.size
        degree = group.degree
        angles = np.pi * (np.arange(degree) + 0.5) / degree
        inside = group.low + (np.cos(angles) + 1) * (group.high - group.low) / 2
        means = np.linspace(*group.means, 3)
        functions = self._smooth(np.concatenate([inside, -means]), tilt, step, nodes)
        cosines = np.cos(np.outer(np.arange(degree), angles)) * (2 / degree)
        cosines[0] /= 2
        parabola = np.array([[0, 1, 0], [-0.5, 0, 0.5], [0.5, -1, 0.5]]) / means
        expansion = np.zeros((degree + 3, degree + 3))
        expansion[:degree, :degree], expansion[degree:, degree:] = cosines, parabola
        smooth = np.empty((nodes, q + 1, degree + 3), np.complex128)
        expand(expansion, np.stack(functions), smooth)
        return smooth, self._single(cosines, tilt, step, nodes)

    def _single(self, cosines: Floats, tilt: float, step: float, nodes: int) -> Complexes:
        """Return coefficients [node, function, basis] of the outliers, and of the places that two would share."""
        outliers, numbers, n = self._points.outliers, self._points.numbers, self._n
        degree = self._group.degree
        if outliers.size == 0:
            return np.empty((nodes, 0, degree), np.complex128)
        single = np.empty((nodes, outliers.size + 1, degree), np.complex128)
        ratios = np.zeros((outliers.size + 1, degree, nodes), np.complex128)
        places = (np.cos(np.pi * (np.arange(degree) + 0.5) / degree) + 1) * self._group.high / 2
        own = np.empty((degree, nodes), np.complex128)
        log_generating(self._points.values, self._points.shares, places, tilt, step, own)
        outlier_ratios(places, own, tilt, step, outliers, ratios[:-1])
        expand(cosines / n, ratios[:-1], single[:, :-1])
        plain = self._group.bases[:, degree + 3 :]
        typical = (plain.min(axis=0) + plain.max(axis=0)) / 2  # the same whatever the order of places
        landed = 1 + np.einsum("lfm,m->fl", single[:, :-1], typical)
        # divided by it, without its zeros being felt
        ratios[:-1] *= (landed.conj() / (np.square(np.abs(landed)) + 0.1))[:, None]
        total = np.einsum("f,fbl->bl", numbers, ratios[:-1])
        squares = np.einsum("f,fbl->bl", numbers, np.square(ratios[:-1]))
        expand(cosines / n, ((squares - total * total) / (2.0 * n))[None], single[:, -1:])
        return single

    def _smooth(self, places: Floats, tilt: float, step: float, nodes: int) -> list[Complexes]:
        """Return at some weights the functions of ordinary values [weight, node]: log M and those of F."""
        pivots = self._pivots
        q = pivots.size
        factors = [places, pivots]
        if q:
            factors += [
                2 * places,
                (places[None] + pivots[:, None]).ravel(),
                (pivots[None] + pivots[:, None]).ravel(),
            ]
        flat = np.concatenate(factors)
        logs = np.empty((flat.size, nodes), np.complex128)
        log_generating(self._points.values, self._points.shares, flat, tilt, step, logs)
        own, at, *parts = np.split(logs, np.cumsum([f.size for f in factors])[:-1])
        if not q:
            return [own]
        across = [self._ratio(parts[1].reshape(q, -1, nodes)[a] - own - at[a]) for a in range(q)]
        between = self._ratio(parts[2].reshape(q, q, nodes) - at[None] - at[:, None])
        return [own + self._half * self._ratio(parts[0] - 2 * own), *_orthogonal(across, between)]

    def _ratio(self, logarithm: Complexes) -> Complexes:
        """Return exp - 1 of the logarithm of a ratio, which cannot exceed the number of values."""
        found: Complexes = np.exp(np.minimum(logarithm.real, math.log(self._n)) + 1j * logarithm.imag) - 1
        return found


def _orthogonal(across: list[Complexes], between: Complexes) -> list[Complexes]:
    """Return functions whose products add up to across^T between^-1 across: a Cholesky decomposition."""
    across, between = [a.copy() for a in across], between.copy()
    found = []
    for a in range(len(across)):
        pivot = between[a, a]
        sound = np.abs(pivot) > 1e-9
        root = np.sqrt(np.where(sound, pivot, 1.0))
        unit = np.where(sound, across[a] / root, 0.0)
        links = [np.where(sound, between[a, b] / root, 0.0) for b in range(len(across))]
        found.append(unit)
        for b in range(a + 1, len(across)):
            across[b] = across[b] - links[b] * unit
            for c in range(a + 1, len(across)):
                between[b, c] = between[b, c] - links[b] * links[c]
    return found
