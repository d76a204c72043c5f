"""The generating function of weighted sums on lines in the complex plane, and the tails that it gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from leefraster.inference.weight_groups import Group
from leefraster.inference.weighted_population import Points
from leefraster.kernels.inversion import (
    expand,
    exponents,
    invert,
    log_generating,
    log_generating_at,
    outlier_ratios,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

TILTS = 0.05 * 1.35 ** np.arange(30)  # in standard deviations of the sum
NEAREST = 0.6  # the least tilt where no single value weighs much: nearer to 0 steps must be small
PIVOTS = (0.25, 0.6, 1.0)  # weights at which pairs are looked at, in the largest
FEW_PLACES = 256
SAMPLE = 10  # places on which lines are tried, besides the extremes
TOLERATED = 1e-3  # change of a tail when every second node is left out
LAST = 1e-7  # size of the last term
SMALL = 0.01  # change that may be all there is to gain; larger ones come from beyond the step's period
STEPS = 2.0 ** -np.arange(1.0, 7.0)
LEAST_NODES, MOST_NODES = 32, 2048
UNLIKELY = 3e-3  # effect of pairs on a far tail below which they are left out
NOISE = 1e-9  # of a tail


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Some of the places of a line, the same however all of them were cut: the extremes, and a few by their sums.

    Attributes
    ----------
    bases, sums, own : ndarray
        As `Lines.tails` takes them.
    """

    bases: Floats
    sums: Floats
    own: Ints

    @classmethod
    def of(cls, bases: Floats, sums: Floats, own: Ints) -> Sample:
        """Choose among places; of those with equal sums the first."""
        values, firsts = np.unique(sums, return_index=True)
        chosen = np.zeros(values.size, dtype=bool)
        chosen[[0, -1]] = True
        chosen[np.argsort(_scattered(values), kind="stable")[:SAMPLE]] = True
        held = firsts[chosen]
        return cls(bases[held], sums[held], own[held])

    def __or__(self, later: Sample) -> Sample:
        return Sample.of(
            np.concatenate([self.bases, later.bases]), np.concatenate([self.sums, later.sums]),
            np.concatenate([self.own, later.own]),
        )  # fmt: skip


def _scattered(values: Floats) -> npt.NDArray[np.uint64]:
    """Return numbers that follow from the values, but in no order with them (the finaliser of SplitMix64)."""
    bits = (values + 0.0).view(np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))


@dataclass(frozen=True, slots=True)
class Line:
    """A line tilt + i y in the complex plane: the distance of its nodes, and how many there are."""

    tilt: float
    step: float
    nodes: int


Coefficients = tuple[Ints, tuple[Floats, Floats, Floats, Floats]]


def _every(places: int) -> int:
    """Return which of the tilts are chosen from: a line takes its time, whether many places have it or one."""
    return 3 if places < FEW_PLACES else 2 if places < 8 * FEW_PLACES else 1


class Lines:
    """The generating function of a group's places on lines in the complex plane."""

    def __init__(self, group: Group, points: Points) -> None:
        self._group, self._points, self._n = group, points, group.drawn_from
        self._half = 0.5 / max(self._n - 1, 1)
        effect = 340 * (points.fourth + 1) / (8 * self._n)  # on a tail at 4.3 standard deviations
        self._tilts = np.arange(0, TILTS.size, _every(group.places))
        self._pivots = group.domain[1] * np.array(PIVOTS if effect > UNLIKELY else ())

    @cached_property
    def _tilted(self) -> tuple[Floats, Floats]:
        """The coefficients at the tilts that are chosen from."""
        smooth, single = self._functions(TILTS[self._tilts].astype(np.complex128))
        return np.ascontiguousarray(smooth.real), np.ascontiguousarray(single.real)

    def best(self, bases: Floats, sums: Floats, own: Ints) -> Ints:
        """Return for each place the number of the tilt nearest its saddlepoint, where pairs remain a correction."""
        logarithm, pairs = (np.empty((bases.shape[0], self._tilts.size)) for _ in range(2))
        exponents(bases, own, *self._tilted, self._points.numbers, self._half, logarithm, pairs)
        usable = np.logical_and.accumulate(np.abs(pairs) < 1.0, axis=1) & np.isfinite(logarithm)
        tilts = TILTS[self._tilts]
        first = 0 if self._points.numbers.size else int(np.searchsorted(tilts, NEAREST))
        usable[:, first] = True
        height = np.where(usable, logarithm - tilts * sums[:, None], np.inf)[:, first:]
        # the first minimum: far out the expansion no longer holds
        rises = np.concatenate([height[:, 1:] >= height[:, :-1], np.ones((sums.size, 1), dtype=bool)], axis=1)
        return np.asarray(self._tilts[first + rises.argmax(axis=1)], np.int64)

    def line(self, tilt: float, sample: Sample) -> tuple[Line, Coefficients, float]:
        """Return a line fine and long enough for a sample, and how much leaving out nodes changes the tails."""
        reach, change = LEAST_NODES * STEPS[0], math.inf
        while not self._falls(tilt, reach, sample) and reach < MOST_NODES * STEPS[0]:
            reach *= 2.0
        for step in STEPS:
            line = Line(tilt, float(step), min(round(reach / step), MOST_NODES))
            made = self.coefficients(line)
            one, two = (self._invert(line, stride, made, sample)[0] for stride in (1, 2))
            before, change = change, float((np.abs(two - one) / (NOISE + np.abs(one))).max())
            in_vain = change < SMALL and change > before / 2
            if change < TOLERATED or in_vain or line.nodes == MOST_NODES:
                break
        return line, made, change

    def _falls(self, tilt: float, height: float, sample: Sample) -> bool:
        """Return whether nothing is left of the integrand of any of the sample at a height."""
        line = Line(tilt, height, 2)
        return bool(self._invert(line, 1, self.coefficients(line), sample)[1].max() < LAST)

    def tails(self, line: Line, made: Coefficients, places: Sample) -> Floats:
        """Return the tails of places on a line with these coefficients."""
        return self._invert(line, 1, made, places)[0]

    def coefficients(self, line: Line) -> Coefficients:
        """Return which of the bases matter on a line, and the coefficients of these."""
        smooth, single = self._functions(
            np.asarray(line.tilt + 1j * line.step * np.arange(line.nodes), np.complex128)
        )
        degree = self._group.degree
        held = np.concatenate([np.arange(self._kept(smooth[:, :, :degree])), degree + np.arange(3)])
        more = self._kept(single)
        ours, theirs = smooth[:, :, held], single[:, :, :more]
        parts = ours.real.copy(), ours.imag.copy(), theirs.real.copy(), theirs.imag.copy()
        return np.concatenate([held, degree + 3 + np.arange(more)]), parts

    def _invert(self, line: Line, stride: int, made: Coefficients, places: Sample) -> tuple[Floats, Floats]:
        wanted, parts = made
        tails, last = np.empty(places.sums.size), np.empty(places.sums.size)
        invert(  # type: ignore[call-arg]
            np.ascontiguousarray(places.bases[:, wanted]), places.sums, places.own, line.tilt, line.step, stride,
            *parts, self._points.numbers, self._half, tails, last,
        )  # fmt: skip
        return tails, last

    def _kept(self, coefficients: Complexes) -> int:
        """How many Chebyshev polynomials matter: up to the last one that can be felt."""
        if coefficients.shape[1] == 0:
            return 0
        size = np.abs(coefficients).max(axis=(0, 1)) * self._group.count
        used = int(np.count_nonzero(np.cumsum(size[::-1])[::-1] > 1e-7))
        return max(used, 2)

    def _functions(self, at: Complexes) -> tuple[Complexes, Complexes]:
        """Return coefficients [node, function, basis]: of log M and of what makes F; and of the outliers.

        `at` are the arguments: on the real axis, or the nodes of a line.
        """
        group, q = self._group, self._pivots.size
        degree = group.degree
        angles = np.pi * (np.arange(degree) + 0.5) / degree
        low, high = group.domain
        inside = low + (np.cos(angles) + 1) * (high - low) / 2
        means = np.linspace(*group.mean_weights, 3)
        functions = self._smooth(np.concatenate([inside, -means]), at)
        cosines = np.cos(np.outer(np.arange(degree), angles)) * (2 / degree)
        cosines[0] /= 2
        parabola = np.array([[0, 1, 0], [-0.5, 0, 0.5], [0.5, -1, 0.5]]) / means
        expansion = np.zeros((degree + 3, degree + 3))
        expansion[:degree, :degree], expansion[degree:, degree:] = cosines, parabola
        smooth = np.empty((at.size, q + 1, degree + 3), np.complex128)
        expand(expansion, np.stack(functions), smooth)
        return smooth, self._single(cosines, at)

    def _single(self, cosines: Floats, at: Complexes) -> Complexes:
        """Return coefficients [node, function, basis] of the outliers, and of the places that two would share."""
        outliers, numbers, n = self._points.outliers, self._points.numbers, self._n
        degree = self._group.degree
        if outliers.size == 0:
            return np.empty((at.size, 0, degree), np.complex128)
        single = np.empty((at.size, outliers.size + 1, degree), np.complex128)
        ratios = np.zeros((outliers.size + 1, degree, at.size), np.complex128)
        places = (np.cos(np.pi * (np.arange(degree) + 0.5) / degree) + 1) * self._group.domain[1] / 2
        outlier_ratios(places, self._logarithm(places, at), at, outliers, ratios[:-1])
        expand(cosines / n, ratios[:-1], single[:, :-1])
        assert self._group.typical is not None
        landed = 1 + np.einsum("lfm,m->fl", single[:, :-1], self._group.typical)
        # divided by it, without its zeros being felt
        ratios[:-1] *= (landed.conj() / (np.square(np.abs(landed)) + 0.1))[:, None]
        total = np.einsum("f,fbl->bl", numbers, ratios[:-1])
        squares = np.einsum("f,fbl->bl", numbers, np.square(ratios[:-1]))
        expand(cosines / n, ((squares - total * total) / (2.0 * n))[None], single[:, -1:])
        return single

    def _smooth(self, places: Floats, at: Complexes) -> list[Complexes]:
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
        logs = self._logarithm(flat, at)
        own, here, *parts = np.split(logs, np.cumsum([f.size for f in factors])[:-1])
        if not q:
            return [own]
        across = [self._ratio(parts[1].reshape(q, -1, at.size)[a] - own - here[a]) for a in range(q)]
        between = self._ratio(parts[2].reshape(q, q, at.size) - here[None] - here[:, None])
        return [own + self._half * self._ratio(parts[0] - 2 * own), *_orthogonal(across, between)]

    def _logarithm(self, weights: Floats, at: Complexes) -> Complexes:
        """Return log M of weights times arguments [weight, argument], M being of one ordinary value."""
        found = np.empty((weights.size, at.size), np.complex128)
        values, shares = self._points.values, self._points.shares
        if at[-1].imag == 0.0:
            log_generating_at(values, shares, weights, np.ascontiguousarray(at.real), found)
        else:
            log_generating(values, shares, weights, float(at[0].real), float(at[1].imag), found)
        return found

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
