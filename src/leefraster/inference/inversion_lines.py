"""The generating function of weighted sums on lines in the complex plane, and the tails that it gives."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from leefraster.inference.weight_patterns import Group
from leefraster.inference.weighted_population import Points
from leefraster.kernels.inversion import expand, exponents, invert, log_generating, outlier_ratios

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

TILTS = 0.05 * 1.35 ** np.arange(30)  # in standard deviations of the sum
NEAREST = 0.6  # the least tilt where no single value weighs much: nearer to 0 steps must be small
PIVOTS = (0.25, 0.6, 1.0)  # weights at which pairs are looked at, in the largest
SAMPLE = 12  # places on which lines are tried
TOLERATED = 1e-3  # change of a tail when every second node is left out
LAST = 1e-7  # size of the last term
STEPS = 2.0 ** -np.arange(1.0, 7.0)
MOST_NODES = 2048
UNLIKELY = 3e-3  # effect of pairs on a far tail below which they are left out
NOISE = 1e-12


class Lines:
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
