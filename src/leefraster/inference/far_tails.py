"""Tails below 1e-12: the saddlepoint approximation of the sum of draws without replacement.

The inclusion of each value is a Bernoulli variable; the sum of values given that k are included is tilted in
both. The tail is that of Skovgaard (1987, Journal of Applied Probability 24), a double saddlepoint form of
Lugannani & Rice, scaled so that it meets the exact table where both are good.
"""

from __future__ import annotations

import math
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx

from leefraster.inference.drawn import Drawn
from leefraster.inference.draws import Population, Tables, draw_tails, log_choose
from leefraster.inference.numbers import Totals
from leefraster.kernels.jit import all_threads
from leefraster.kernels.saddlepoint import far_tail_look_up, saddlepoints
from leefraster.kernels.tails import TABLE, cells_below

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FAR = 1e-12  # below this, and below FAR_PER_DRAW times k, the table's rounding is felt
FAR_PER_DRAW = 1e-13
JOINT = 1e-9  # the tail at which the approximation is made to meet the table
TILTS = 48
BINS_PER_SD = 16


def far_limit(k: npt.ArrayLike) -> Floats:
    """Return the tail below which that of k draws is taken from the approximation.

    A transform's rounding grows with k, to about 1e-16 k: at this limit it is a thousandth of the tail.
    """
    return np.maximum(FAR, FAR_PER_DRAW * np.asarray(k, dtype=float))


def far_tails(
    population: Population,
    tables: Tables,
    observed: Ints,
    counts: Ints,
    own: Ints | None,
    upper: Floats,
    lower: Floats,
    known: Approximations,
) -> None:
    """Replace tails below 1e-12 in place, where they come from a table.

    Parameters are those of `inference.draws.draw_tails`; `upper` and `lower` are its results. What is found of a
    number of draws is kept in `known`, for other places of the same field.
    """
    n = population.sums.n
    drawn_from = n if own is None else n - 1
    mean, sd = float(population.sums.mean), population.sd
    limits = np.where(tables.kind == TABLE, far_limit(np.arange(tables.kind.size)), 0.0)
    below = cells_below(upper, lower, counts, drawn_from, limits)
    for tail, side, cells in ((upper, 1.0, below[0]), (lower, -1.0, below[1])):
        if cells.size == 0:
            continue
        drawn = counts[cells]
        turned = drawn > drawn_from // 2
        k = np.where(turned, drawn_from - drawn, drawn)
        # the complement of an unusually high set is unusually low: both sides turn together
        mirror = np.where(turned, -side, side)
        sums = observed[cells].astype(np.float64)
        values = np.zeros(cells.size) if own is None else (own[cells] - mean) / sd
        standard = (sums - drawn * mean) / sd
        others = -values if own is not None else np.zeros(cells.size)
        standard = np.where(turned, others - standard, standard)
        for sign in (1.0, -1.0):
            part = mirror == sign
            if part.any():
                _replace(
                    known, cells[part], k[part], sign * standard[part],
                    sign * values[part], own is not None, sign, tail,
                )  # fmt: skip


class Approximations:
    """The approximations of a field's tails, by number of draws: each found once, when it is first asked for.

    Parameters
    ----------
    population, tables : Population, Tables
        The field's values, and the tables that the approximations are joined to.
    points : tuple of ndarray, or None
        What `weighted_points` returns, where it is known.
    extremes : tuple of ndarray, or None
        What `extreme` returns of the `most` largest and smallest values, where it is known.
    """

    def __init__(
        self,
        population: Population,
        tables: Tables,
        points: tuple[Floats, Floats] | None = None,
        extremes: tuple[Ints, Ints] | None = None,
    ) -> None:
        self._population, self._tables = population, tables
        self._points, self._known_extremes = points, extremes
        self._lock = Lock()
        self._rows: dict[tuple[int, float], tuple[Floats, ...]] = {}

    @cached_property
    def points(self) -> tuple[Floats, Floats]:
        """The values, summarised by weighted points in standard units."""
        if self._points is not None:
            return self._points
        return weighted_points(self._population.drawn, self._population.sums)

    @cached_property
    def tilts(self) -> Floats:
        """The tilts: the same for all places of the field, whichever of them are looked at together."""
        value = self.points[1]
        reach = float(value.max() - value.min())
        return np.geomspace(3.0 / math.sqrt(self.most), max(500.0 / reach, 30.0), TILTS)

    @property
    def most(self) -> int:
        """The most draws that are tabled."""
        return int(np.flatnonzero(self._tables.kind == TABLE).max())

    @property
    def n(self) -> int:
        """How many values there are."""
        return self._population.sums.n

    def extremes(self, sign: float) -> Ints:
        """Return the largest values (the smallest where the sign is negative), the most extreme first."""
        return self._extremes[0 if sign > 0 else 1]

    @cached_property
    def _extremes(self) -> tuple[Ints, Ints]:
        if self._known_extremes is not None:
            return self._known_extremes
        return extreme(self._population, self.most, 1.0), extreme(self._population, self.most, -1.0)

    def of(self, ks: Ints, sign: float) -> tuple[Floats, ...]:
        """Return for each k the sums, exponents, logarithmic corrections and log rho at the tilts."""
        with self._lock, all_threads():
            new = np.array([k for k in ks.tolist() if (k, sign) not in self._rows], dtype=np.int64)
            if new.size:
                found = self._found(new, sign)
                for row, k in enumerate(new.tolist()):
                    self._rows[k, sign] = tuple(part[row] for part in found)
        return tuple(
            np.stack(parts) for parts in zip(*(self._rows[k, sign] for k in ks.tolist()), strict=True)
        )

    def _found(self, ks: Ints, sign: float) -> tuple[Floats, ...]:
        population, tables = self._population, self._tables
        nodes, exponent, correction, alpha = _approximate(
            population, self.points, ks, sign, self.tilts, tables.lattice.exact
        )
        correction += _joint(population, tables, ks, sign, nodes, exponent + correction, self.tilts)[:, None]
        _close(population, self.extremes(sign), ks, sign, nodes, exponent, correction)
        return nodes, exponent, correction, alpha


def _replace(
    known: Approximations,
    cells: Ints,
    k: Ints,
    standard: Floats,
    values: Floats,
    exclude: bool,
    sign: float,
    tail: Floats,
) -> None:
    ks, place = np.unique(k, return_inverse=True)
    nodes, exponent, correction, alpha = known.of(ks, sign)
    far_tail_look_up(
        cells, place, standard, values, exclude, known.n, ks, nodes, exponent, correction, alpha,
        known.tilts, tail,
    )  # fmt: skip


def _approximate(
    population: Population, points: tuple[Floats, Floats], ks: Ints, sign: float, tilts: Floats, lattice: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return for each k the sums, exponents, logarithmic corrections and log rho at the tilts."""
    n, sd = population.sums.n, population.sd
    number, value = points[0], sign * points[1]
    found = np.empty((ks.size, TILTS, 4))
    saddlepoints(number, value, ks.astype(np.float64), tilts, found)
    total, alpha, kappa, determinant = (found[..., i] for i in range(4))
    k = ks[:, None].astype(np.float64)
    free = -n * np.log1p(-k / n) - k * np.log(k / (n - k))
    r = np.sqrt(np.maximum(2 * (free - (kappa - alpha * k - tilts * total)), 1e-12))
    step = (-np.expm1(-tilts / sd) * sd) if lattice else tilts
    u = step * np.sqrt(np.maximum(determinant, 1e-300) / (k * (1 - k / n)))
    mills = math.sqrt(math.pi / 2) * erfcx(r / math.sqrt(2))
    correction = np.log(np.maximum(mills - 1 / r + 1 / u, 1e-300)) - 0.5 * math.log(2 * math.pi)
    return total, -0.5 * r * r, correction, alpha


def weighted_points(drawn: Drawn, sums: Totals) -> tuple[Floats, Floats]:
    """Summarise the values by weighted points in standard units: fine near the mean, wider far out.

    Each bin becomes two points that keep its number, mean and variance.
    """
    sd = sums.sd
    bits = drawn.largest.bit_length()
    shift = max(bits - 16, 0)
    rest_shift = max(shift - 12, 0)
    moments = drawn.moments(shift, rest_shift, 1 << (bits - shift)).astype(np.float64)
    held = np.flatnonzero(moments[0])
    number, first, second = (
        moments[0, held],
        moments[1, held] * 2.0**rest_shift,
        moments[2, held] * 4.0**rest_shift,
    )
    mean = held * 2.0**shift + first / number - float(sums.mean)
    within = np.maximum(second / number - (first / number) ** 2, 0.0)
    z = mean / sd
    label = np.floor(np.arcsinh(z) * BINS_PER_SD).astype(np.int64)
    label -= label.min()
    merged = np.bincount(label, weights=number)
    keep = merged > 0
    centre = np.bincount(label, weights=number * mean)[keep] / merged[keep]
    square = np.bincount(label, weights=number * (within + mean * mean))[keep] / merged[keep]
    spread = np.sqrt(np.maximum(square - centre * centre, 0.0))
    points = np.concatenate([centre - spread, centre + spread]) / sd
    return np.concatenate([merged[keep] / 2, merged[keep] / 2]), points


def _joint(
    population: Population, tables: Tables, ks: Ints, sign: float, nodes: Floats, logarithm: Floats, tilts: Floats
) -> Floats:  # fmt: skip
    """Return for each k the logarithm of table over approximation, where the table's tail is nearest 1e-9."""
    k = np.repeat(ks, nodes.shape[1])
    middle = k * float(population.sums.mean)
    # where the tilt has saturated the nodes run away: far from 1e-9, so any whole number will do there
    reached = np.nan_to_num(np.rint(sign * nodes.ravel() * population.sd + middle), nan=0.0)
    sums = np.clip(reached, -(2.0**62), 2.0**62).astype(np.int64)
    # the table is read at whole sums; the approximation follows with its slope, the tilt
    moved = (sign * (sums - middle) / population.sd).reshape(nodes.shape) - nodes
    logarithm = logarithm - moved * tilts
    tails = draw_tails(tables, population, sums, k, None)[0 if sign > 0 else 1].reshape(nodes.shape)
    near = (tails > 10 * far_limit(ks)[:, None]) & (tails < 1e-6)
    distance = np.where(near, np.abs(np.log(np.maximum(tails, 1e-300) / JOINT)), np.inf)
    best = distance.argmin(axis=1)
    rows = np.arange(ks.size)
    ratio = np.log(np.maximum(tails[rows, best], 1e-300)) - logarithm[rows, best]
    return np.where(near.any(axis=1) & (np.abs(ratio) < 1), ratio, 0.0)


def _close(
    population: Population,
    extremes: Ints,
    ks: Ints,
    sign: float,
    nodes: Floats,
    exponent: Floats,
    correction: Floats,
) -> None:
    """End each k's nodes at its largest sum, whose probability is known, where the tilt has saturated."""
    n, mean = population.sums.n, float(population.sums.mean)
    most, ways = _largest_sums(population, extremes, ks, sign)
    for row, k in enumerate(ks):
        end = sign * (most[row] - k * mean) / population.sd
        rising = np.diff(nodes[row], prepend=-np.inf) > 1e-6 * (1 + abs(end))
        sound = rising & np.isfinite(correction[row]) & (correction[row] < -0.5) & (nodes[row] < end)
        last = int(np.argmin(sound)) if not sound.all() else sound.size - 1
        nodes[row, last:] = end
        exponent[row, last:] = ways[row] - float(log_choose(n, int(k)))
        correction[row, last:] = 0.0


def extreme(population: Population, count: int, sign: float) -> Ints:
    """Return the largest (smallest) values, the most extreme first: negative where the sign is positive."""
    # the coarse histogram tells from where on there are enough values
    counts = population.histogram[::-1] if sign > 0 else population.histogram
    bins = int(np.searchsorted(np.cumsum(counts), count)) + 1
    edge = population.edges[-1 - bins] if sign > 0 else population.edges[bins]
    held = population.drawn.beyond(math.ceil(edge), sign > 0)
    return np.sort(-held if sign > 0 else held)


def _largest_sums(population: Population, extremes: Ints, ks: Ints, sign: float) -> tuple[Floats, Floats]:
    """Return for each k the largest (mirrored: smallest) sum of k values, and log of how many sets have it."""
    sums = np.cumsum(extremes)[ks - 1] * -sign
    ways = np.zeros(ks.size)
    edge = extremes[ks - 1]
    for bound in np.unique(edge) if population.drawn.natural else ():
        rows = edge == bound
        chosen = ks[rows] - np.searchsorted(extremes, bound)
        ways[rows] = log_choose(int((extremes == bound).sum()), chosen)
    return sums.astype(np.float64), ways
