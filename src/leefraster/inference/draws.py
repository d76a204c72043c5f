"""The exact distribution of the sum of k draws without replacement from a field's values, for every k at once.

Definition, accuracy and sources: docs/exact-inference.md (Pagano & Tritchler 1983 for the transform).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.special import gammaln

from leefraster.inference.drawn import NO_BUCKETS, Buckets, Drawn
from leefraster.inference.numbers import Totals
from leefraster.kernels.in_threads import in_threads
from leefraster.kernels.null_table import (
    NEGLIGIBLE,
    characteristic_functions,
    fold_spectrum,
    subset_sums,
    turns,
    unfold_tail,
)
from leefraster.kernels.tails import ABSENT, SINGLE, SORTED, TABLE, raise_to, tails_of_all, tails_without_self
from leefraster.kernels.temporary import temporary

ENUMERABLE = 1_000_000  # subsets
TABLE_BYTES = 64 * 2**20
FINENESS = 100  # lattice steps in a standard deviation, and in an interquartile range
RESOLUTION = (
    128  # table points in a standard deviation of a sum, where the lattice is finer, before refinement
)
NEGLIGIBLE_WEIGHT = 1e-18  # of a term in Newton's identities
NEGLIGIBLE_SHARE = 1e-15  # of a term in the recursion that leaves the cell out
OUTSIDE = math.log(1e-17)
BLOCK_BYTES = 32 * 2**20  # of characteristic functions at a time
LONGEST = 1 << 23  # points of one transform

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Lattice:
    """The integers on which tables are made: ``q = (v - offset + half) >> shift``."""

    offset: int
    shift: int
    exact: bool
    resolution: int = RESOLUTION

    @property
    def half(self) -> int:
        """Half a lattice step, so that the shift rounds to the nearest."""
        return (1 << self.shift) >> 1


@dataclass(frozen=True)
class Tables:
    """Tail tables of the sums of 0..kmax draws, flattened; what kernels.tails reads."""

    lattice: Lattice
    kind: npt.NDArray[np.int8]
    begin: Ints
    size: Ints
    start: Ints
    stride: Ints
    tails: Floats
    sums: Ints
    atom: int
    mass: Floats
    single: Buckets

    @cached_property
    def arguments(self) -> tuple[Any, ...]:
        """The arrays in the order in which the kernels take them."""
        gain = 2.0**-self.lattice.shift / self.stride
        base = (0.5 - self.start) / self.stride - np.arange(gain.size) * self.lattice.offset * gain
        return (
            self.lattice.exact, self.kind, self.begin, self.size, self.start, gain, base, self.tails, self.sums,
            self.atom, self.mass, *self.single,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Population:
    """The values that are drawn from, with what all tables of it share."""

    drawn: Drawn
    sums: Totals
    sd: float
    iqr: float
    histogram: Ints
    edges: Floats
    cumulants: tuple[Floats, Floats, Floats]
    atom: tuple[int, int]

    @classmethod
    def of(cls, drawn: Drawn, sums: Totals) -> Population:
        """Summarise the values: standard deviation and interquartile range (steps), cumulants on a grid."""
        sd = sums.sd
        histogram, edges = _coarse_histogram(drawn)
        return cls(
            drawn,
            sums,
            sd,
            _iqr(histogram, edges),
            histogram,
            edges,
            _cumulants(histogram, edges, sums, sd),
            _atom(drawn),
        )


def _atom(drawn: Drawn) -> tuple[int, int]:
    """Return the bound of the data (least or largest value) that is tied most often, and how often.

    Data that stop at a bound (no amenities, a distance beyond the cap) have many cells exactly on it. Sums of
    such cells only are an atom of the distribution, which interpolation would smear: it is kept apart.
    """
    if drawn.natural:
        return 0, 0
    counts = {bound: drawn.times(bound) for bound in (0, drawn.largest)}
    bound = max(counts, key=lambda value: counts[value])
    return bound, counts[bound] if counts[bound] > 1 else 0


def _coarse_histogram(drawn: Drawn) -> tuple[Ints, Floats]:
    """Counts in at most 4,096 equal bins, and their lower edges (and the last upper one)."""
    largest = drawn.largest
    shift = max(largest.bit_length() - 12, 0)
    counts = drawn.folded(0, 0, shift, (1 << max(largest.bit_length() - shift, 1)) - 1)
    return counts, np.arange(counts.size + 1, dtype=np.float64) * 2.0**shift


def _iqr(histogram: Ints, edges: Floats) -> float:
    """Interquartile range by linear interpolation in the coarse histogram, 0 when it lies in one bin of ties."""
    below = np.concatenate([[0], np.cumsum(histogram)]) / histogram.sum()
    quartiles = np.interp([0.25, 0.75], below, edges)
    width = float(quartiles[1] - quartiles[0])
    return 0.0 if width < (edges[1] - edges[0]) else width


def _cumulants(histogram: Ints, edges: Floats, sums: Totals, sd: float) -> tuple[Floats, Floats, Floats]:
    """Upper bounds of log E exp(theta (X - mean)) and of log E exp(-theta (X - mean)) on a grid of theta.

    Each value is taken at the edge of its bin that makes the bound larger.
    """
    held = np.flatnonzero(histogram)
    share = histogram[held] / histogram.sum()
    width = edges[1] - edges[0]
    up, down = edges[held + 1] - float(sums.mean), float(sums.mean) - edges[held]
    if width == 1.0:
        up = up - 1.0  # bins of one integer: no rounding
    theta = np.geomspace(1e-3, 60, 96) / sd
    bounds = []
    for reach in (up, down):
        largest = reach.max()
        bounds.append(np.log(np.exp(theta[:, None] * (reach - largest)[None, :]) @ share) + theta * largest)
    return theta, bounds[0], bounds[1]


def log_choose(n: npt.ArrayLike, k: npt.ArrayLike) -> Floats:
    """Return log C(n, k)."""
    of, draws = np.asarray(n, dtype=float), np.asarray(k, dtype=float)
    return np.asarray(gammaln(of + 1) - gammaln(draws + 1) - gammaln(of - draws + 1))


def draw_windows(population: Population, k: Ints) -> tuple[Floats, Floats]:
    """Return the span of sums of k draws outside which less than 1e-16 lies, in units of the step.

    At least 12 standard deviations each way, extended by Chernoff's bound (draws without replacement are
    dominated by those with replacement, Hoeffding 1963), and never beyond the smallest and largest sum.
    """
    n, mean = population.sums.n, float(population.sums.mean)
    spread = population.sd * np.sqrt(k * np.maximum(n - k, 0) / max(n - 1, 1))
    theta, up, down = population.cumulants
    reach_up = ((k[:, None] * up[None, :] - OUTSIDE) / theta).min(axis=1)
    reach_down = ((k[:, None] * down[None, :] - OUTSIDE) / theta).min(axis=1)
    low = k * mean - np.maximum(reach_down, 12 * spread)
    high = k * mean + np.maximum(reach_up, 12 * spread)
    return np.maximum(low, 0.0), np.minimum(high, k * float(population.drawn.largest))


def choose_lattice(population: Population, kmax: int) -> tuple[Lattice, bool]:
    """Return the lattice of the tables, and whether it could be refined within 64 MB.

    The data's own step where it has one and the tables fit; else a power of two of steps, at most a
    hundredth of the standard deviation and of the interquartile range.
    """
    if population.drawn.natural:
        lattice = Lattice(0, 0, True)
        if table_bytes(population, lattice, kmax) <= TABLE_BYTES:
            return lattice, False
    scale = min(population.sd, population.iqr or population.sd) / FINENESS
    shift = max(math.floor(math.log2(scale)) if scale > 1 else 0, 0)
    while table_bytes(population, _aligned(population, shift), kmax) > TABLE_BYTES:
        shift += 1
    lattice = _aligned(population, shift)
    return lattice, shift > 0 and table_bytes(
        population, _aligned(population, shift - 1), kmax
    ) <= TABLE_BYTES


def _aligned(population: Population, shift: int) -> Lattice:
    """A lattice of 2^shift steps on which the tied bound of the data, if any, lies exactly."""
    return Lattice(population.atom[0] % (1 << shift), shift, False)


def table_bytes(population: Population, lattice: Lattice, kmax: int) -> int:
    """Return the memory that the tables of 1..kmax draws would take; very long transforms count as too much."""
    k = np.arange(1, kmax + 1)
    low, high = draw_windows(population, k)
    lengths = (high - low) / 2.0**lattice.shift
    if lengths.max() + 8 > LONGEST:
        return 2**62
    return int(8 * ((lengths / _strides(population, lattice, k)) + 8).sum())


def _strides(population: Population, lattice: Lattice, k: Ints) -> Ints:
    """Lattice points from one table point to the next: 1, or a power of two where the sum's spread allows."""
    if lattice.exact:
        return np.ones(k.size, np.int64)
    n = population.sums.n
    spread = population.sd * np.sqrt(k * np.maximum(n - k, 0) / max(n - 1, 1)) / 2.0**lattice.shift
    return np.asarray(2 ** np.floor(np.log2(np.maximum(spread / lattice.resolution, 1))), dtype=np.int64)


def enumerated(population: Population, kmax: int) -> npt.NDArray[np.bool_]:
    """Return which of 0..kmax draws have so few sets that their sums are listed, and not tabled."""
    k = np.arange(1, kmax + 1)
    few = np.concatenate([[True], log_choose(population.sums.n, k) <= math.log(ENUMERABLE) + 1e-9])
    few[1:2] = True
    return few


def build_tables(
    population: Population, lattice: Lattice, kmax: int, wanted: npt.NDArray[np.bool_]
) -> Tables:
    """Return the tails of the sums of k draws for the wanted k among 0..kmax (kmax at most half of n).

    Where there are at most a million sets of k values, their sums are enumerated; else the tails are tabled.
    """
    return tables_and_frequencies(population, lattice, kmax, wanted, None)[0]


def tables_and_frequencies(
    population: Population, lattice: Lattice, kmax: int, wanted: npt.NDArray[np.bool_],
    known: Frequencies | None,
) -> tuple[Tables, Frequencies | None]:  # fmt: skip
    """Return what `build_tables` does, and the frequencies behind it, for other tables on the same lattice."""
    few = enumerated(population, kmax)
    asked = wanted[: kmax + 1] & (np.arange(kmax + 1) > 0)
    kind = np.where(asked, np.where(few, SORTED, TABLE), ABSENT).astype(np.int8)
    kind[1:2][asked[1:2]] = SINGLE
    begin, size, start = (np.zeros(kmax + 1, np.int64) for _ in range(3))
    stride = np.ones(kmax + 1, np.int64)
    listed = [subset_sums(population.drawn.ordered, j) for j in np.flatnonzero(kind == SORTED).tolist()]
    begin[kind == SORTED], size[kind == SORTED] = _laid_out(listed)
    mass = _atom_mass(population, lattice, kmax)
    tabled = np.flatnonzero(kind == TABLE)
    tails: list[Floats] = []
    frequencies = known
    if tabled.size:
        starts, strides, tails, frequencies = _tail_tables(population, lattice, tabled, mass, known)
        start[tabled], stride[tabled] = starts, strides
        begin[tabled], size[tabled] = _laid_out(tails)
    tables = Tables(
        lattice,
        kind,
        begin,
        size,
        start,
        stride,
        np.concatenate([*tails, np.empty(0)]),
        np.concatenate([*listed, np.empty(0, np.int64)]),
        population.atom[0],
        mass,
        population.drawn.buckets if SINGLE in kind else NO_BUCKETS,
    )
    return tables, frequencies


def _laid_out(pieces: list[npt.NDArray[Any]]) -> tuple[Ints, Ints]:
    """Return where each of several arrays begins when they are laid end to end, and their sizes."""
    sizes = np.array([piece.size for piece in pieces], dtype=np.int64)
    return np.cumsum(sizes) - sizes, sizes


def _atom_mass(population: Population, lattice: Lattice, kmax: int) -> Floats:
    """Return for each k the probability that all k draws are the tied bound of the data."""
    mass = np.zeros(kmax + 1)
    _, count = population.atom
    if count and not lattice.exact:
        k = np.arange(1.0, kmax + 1)
        ways = log_choose(count, np.minimum(k, count)) - log_choose(population.sums.n, k)
        mass[1:] = np.where(k <= count, np.exp(ways), 0.0)
    return mass


@dataclass(frozen=True, slots=True)
class Frequencies:
    """The characteristic functions of the sums of 0..kmax draws at the frequencies of one period.

    Attributes
    ----------
    kmax, period : int
        The most draws, and the lattice points of a period.
    blocks : list of ndarray of complex128
        Rows k, as far as they are not negligible; columns the frequencies, a block after the other.
    circle, gap : ndarray of complex128
        What `kernels.null_table.turns` returns.
    """

    kmax: int
    period: int
    blocks: list[Complexes]
    circle: Complexes
    gap: Complexes

    @classmethod
    def of(cls, population: Population, lattice: Lattice, kmax: int, period: int) -> Frequencies:
        """Transform the histogram of the values and go through Newton's identities."""
        n = population.sums.n
        histogram = population.drawn.folded(lattice.offset, lattice.half, lattice.shift, period - 1)
        spectrum = scipy.fft.rfft(histogram.astype(np.float64))
        weights, terms = newton_weights(n, kmax)
        blocks = _all_frequencies(spectrum, period, n, weights, terms, kmax)
        return cls(kmax, period, blocks, *turns(period))

    def draws(self, k: int) -> Complexes:
        """Return E_k over the frequencies, without the negligible ones at the end."""
        reaching = [i for i, block in enumerate(self.blocks) if block.shape[0] > k]
        parts = [
            block[k] if block.shape[0] > k else np.zeros(block.shape[1], np.complex128)
            for block in self.blocks[: reaching[-1] + 1]
        ]
        values = np.concatenate(parts) if len(parts) > 1 else parts[0]
        held = np.flatnonzero(np.abs(values.real) + np.abs(values.imag) > NEGLIGIBLE)
        return values[: int(held[-1]) + 1]


def _tail_tables(
    population: Population, lattice: Lattice, ks: Ints, mass: Floats, known: Frequencies | None
) -> tuple[Ints, Ints, list[Floats], Frequencies]:
    """Return for each k the first lattice point, the stride and the tail P(S >= start + i stride)."""
    kmax = int(ks.max())
    low, high = draw_windows(population, ks)
    scale, base = 2.0**lattice.shift, ks * float(lattice.offset)
    starts = np.floor((low - base) / scale).astype(np.int64) - 2
    lengths = np.ceil((high - base) / scale).astype(np.int64) + 3 - starts
    strides = _strides(population, lattice, ks)
    period = 1 << max(int(lengths.max() - 1).bit_length(), 4)
    if known is None or (known.kmax, known.period) != (kmax, period):
        known = Frequencies.of(population, lattice, kmax, period)
    on_atom = (population.atom[0] - lattice.offset) >> lattice.shift
    tables = in_threads(
        partial(_tail, known, on_atom, mass),
        list(zip(ks.tolist(), starts.tolist(), lengths.tolist(), strides.tolist(), strict=True)),
    )
    return starts, strides, tables, known


def _tail(known: Frequencies, on_atom: int, mass: Floats, wanted: tuple[int, int, int, int]) -> Floats:
    """Return the tail of k draws over a window: from a lattice point on, every `stride` of so many points."""
    k, start, length, stride = wanted
    short = known.period // stride
    folded = np.zeros(short // 2 + 1, np.complex128)
    fold_spectrum(known.draws(k), known.circle, known.gap, start, stride, folded)
    wave = scipy.fft.irfft(folded, n=short)
    tail = np.empty(min(-(-length // stride) + 1, short))
    unfold_tail(wave, known.period, stride, start, k * on_atom, mass[k], tail)
    return tail


def newton_weights(n: int, kmax: int) -> tuple[Floats, Ints]:
    """Return w[k, m] = (n / k) C(n, k-m) / C(n, k) and how many m matter for each k."""
    most = 1
    while most < kmax and _weight(n, kmax, most + 1) > NEGLIGIBLE_WEIGHT:
        most += 1
    weights = np.zeros((kmax + 1, most + 1))
    k = np.arange(1, kmax + 1, dtype=np.float64)
    running = n / k
    for m in range(1, most + 1):
        a = k - m + 1
        running = running * np.where(a > 0, a, 0.0) / (n - a + 1)
        weights[1:, m] = running
    terms = np.minimum((weights > NEGLIGIBLE_WEIGHT).sum(axis=1), most)
    return weights, terms.astype(np.int64)


def _weight(n: int, k: int, m: int) -> float:
    return float(np.exp(math.log(n / k) + log_choose(n, k - m) - log_choose(n, k)))


def _all_frequencies(
    spectrum: Complexes, period: int, n: int, weights: Floats, terms: Ints, kmax: int
) -> list[Complexes]:
    """Return E_k in blocks of frequencies, each as far as its largest k that is not negligible."""
    blocks: list[Complexes] = []
    first, end = 0, period // 2 + 1
    columns = 256
    while first < end:
        last = min(first + columns, end)
        values, reached = characteristic_functions(spectrum, period, n, weights, terms, first, last, kmax)
        blocks.append(values if reached == kmax else values[: reached + 1].copy())  # the rest is given back
        first, columns = last, max(256, BLOCK_BYTES // (16 * (kmax + 1)))
    return blocks


@lru_cache(maxsize=4)
def exclusion_coefficients(n: int, kmax: int) -> tuple[Floats, Ints]:
    """Return C(n, k-m) / C(n-1, k), by which tails lose the cell itself, and the last m that matters for k."""
    most = 0
    while most < kmax and _exclusion(n, kmax, most + 1) > NEGLIGIBLE_SHARE:
        most += 1
    k = np.arange(kmax + 1, dtype=np.float64)
    coefficients = np.zeros((kmax + 1, most + 1))
    coefficients[:, 0] = n / (n - k)
    for m in range(1, most + 1):
        a = k - m + 1
        coefficients[:, m] = coefficients[:, m - 1] * np.where(a > 0, a, 0.0) / (n - a + 1)
    terms = np.maximum((coefficients > NEGLIGIBLE_SHARE).sum(axis=1) - 1, 0)
    return coefficients, terms.astype(np.int64)


def _exclusion(n: int, k: int, m: int) -> float:
    return float(np.exp(log_choose(n, k - m) - log_choose(n - 1, k)))


def draw_tails(
    tables: Tables, population: Population, observed: Ints, counts: Ints, own: Ints | None
) -> tuple[Floats, Floats]:
    """Return P(S >= s) and P(S <= s) of observed sums of draws.

    Parameters
    ----------
    observed, counts : ndarray of int64, shape (n,)
        Sums and the number of values in them.
    own : ndarray of int64 or None
        The cell's own value, which is not among the draws; None when all values are.
    """
    upper, lower = temporary(observed.size), temporary(observed.size)
    n = population.sums.n
    # modulo 2^64: only the sum of a complement is taken from it, and that fits
    total = (population.sums.total + 2**63) % 2**64 - 2**63
    arguments = tables.arguments
    if own is None:
        tails_of_all(*(observed, counts, n, total, n // 2, *arguments, upper, lower))
    else:
        coefficients, terms = exclusion_coefficients(n, tables.kind.size - 1)
        sums = (observed, own, counts, n, total, coefficients, terms, (n - 1) // 2)
        tails_without_self(*(*sums, *arguments, upper, lower))
    return upper, lower


def bound_by_one_set(upper: Floats, lower: Floats, counts: Ints, n: int) -> None:
    """Raise tails in place to 1 / C(n, k), for one of the equally likely sets is observed; NaN where k is 0."""
    raise_to(_share_of_one_set(int(counts.max(initial=0)), n), counts, upper, lower)


@lru_cache(maxsize=16)
def _share_of_one_set(most: int, n: int) -> Floats:
    """Return 1 / C(n, k) for all k up to the most, never 0."""
    k = np.arange(most + 1)
    return np.maximum(np.exp(-log_choose(n, np.minimum(k, n))), np.nextafter(0.0, 1.0))
