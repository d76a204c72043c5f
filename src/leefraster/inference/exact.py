"""Exact conditional permutation inference for sums over neighbourhoods: tables once a field, look-ups per cell."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from leefraster.inference.draws import (
    TABLE_BYTES,
    Lattice,
    Population,
    Tables,
    build_tables,
    choose_lattice,
    draw_tails,
    exclusion_coefficients,
    log_choose,
    table_bytes,
)
from leefraster.inference.far_tails import far_limit, far_tails
from leefraster.inference.hypergeometric import two_valued_tails
from leefraster.inference.numbers import Numbers, Totals
from leefraster.inference.pair_tails import count_pair_tails
from leefraster.kernels.tails import TABLE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TOLERATED = 0.01  # relative change of a p-value when the lattice is halved


def exact_tails(
    numbers: Numbers, sums: Totals, observed: Ints, counts: Ints, *, own_fixed: bool
) -> tuple[Floats, Floats, float]:
    """Return P(S >= s) and P(S <= s) of each cell's neighbour sum under conditional permutation.

    S is the sum of k values drawn without replacement: of the n - 1 values other than the cell's own
    (`own_fixed`; local Moran, Getis-Ord G), or of all n (G*).

    Parameters
    ----------
    numbers, sums : Numbers, Totals
        The field's values as integers, and their totals.
    observed, counts : ndarray of int64, shape (n,)
        The observed sum of each cell in the same integers, and how many values are in it.
    own_fixed : bool
        Whether the cell itself is held fixed and not among the draws.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        Tail probabilities, never 0; NaN where nothing is drawn.
    error : float
        Largest relative change of a p-value above ``max(1e-12, 1e-13 k, 1000 / C(n-1, k))`` when the lattice of the
        tables is halved; 0 where the tables are on the data's own step or sums were enumerated.

    Notes
    -----
    Of a field with two values the tails are hypergeometric, with full relative accuracy. Of others, below
    max(1e-12, 1e-13 k), where a transform loses relative accuracy, tails come from the saddlepoint
    approximation (`inference.far_tails`), joined to the table where both are good.
    """
    n = sums.n
    drawn_from = n - 1 if own_fixed else n
    folded = np.flatnonzero(np.bincount(np.minimum(counts, drawn_from - counts)))
    kmax = int(folded.max(initial=0))
    if kmax == 0:
        return _nothing_drawn(counts)
    if numbers.largest == 1:
        upper, lower = two_valued_tails(numbers, sums, observed, counts, own_fixed)
        _bound_below(upper, lower, counts, drawn_from)
        return upper, lower, 0.0
    population = Population.of(numbers, sums)
    wanted = np.zeros(kmax + 1, dtype=bool)
    if own_fixed:
        _, terms = exclusion_coefficients(n, kmax)
        for k in folded:
            wanted[k - terms[k] : k + 1] = True
    else:
        wanted[folded] = True
    tables, error = _refined(population, kmax, wanted)
    own = numbers.integers if own_fixed else None
    upper, lower = draw_tails(tables, population, observed, counts, own)
    if min(upper.min(initial=1.0), lower.min(initial=1.0)) < far_limit(kmax):
        far_tails(population, tables, observed, counts, own, upper, lower)
    count_pair_tails(population, tables, observed, counts, own, upper, lower)
    _bound_below(upper, lower, counts, drawn_from)
    return upper, lower, error


def _nothing_drawn(counts: Ints) -> tuple[Floats, Floats, float]:
    """Only islands, or places that have all others as neighbours: one outcome is possible, or none."""
    certain = np.where(counts > 0, 1.0, np.nan)
    return certain, certain.copy(), 0.0


def _bound_below(upper: Floats, lower: Floats, counts: Ints, n: int) -> None:
    """The observed set is one of the equally likely draws, so that no tail is below 1 / C(n, k)."""
    k = np.arange(int(counts.max(initial=0)) + 1)
    least = np.maximum(np.exp(-log_choose(n, k)), np.nextafter(0.0, 1.0))
    bound = least[counts]
    for tail in (upper, lower):
        np.maximum(tail, bound, out=tail)
        tail[counts == 0] = np.nan


def _refined(population: Population, kmax: int, wanted: npt.NDArray[np.bool_]) -> tuple[Tables, float]:
    """Halve the lattice until no p-value changes by more than 1 %, or the tables reach 64 MB."""
    lattice, _ = choose_lattice(population, kmax)
    while True:
        tables = build_tables(population, lattice, kmax, wanted)
        if lattice.exact or lattice.shift == 0 or not (tables.kind == TABLE).any():
            return tables, 0.0
        finer = Lattice(lattice.offset % (1 << (lattice.shift - 1)), lattice.shift - 1, False)
        error = _largest_change(population, tables, finer)
        if error <= TOLERATED or table_bytes(population, finer, kmax) > TABLE_BYTES:
            return tables, error
        lattice = finer


def _largest_change(population: Population, tables: Tables, finer: Lattice) -> float:
    """Compare the tables of the fewest and of the most draws with those on the finer lattice."""
    tabled = np.flatnonzero(tables.kind == TABLE)
    n = population.sums.n
    change = 0.0
    for k in {int(tabled[0]), int(tabled[-1])}:
        only = np.zeros(tables.kind.size, dtype=bool)
        only[k] = True
        other = build_tables(population, finer, k, only)
        size = int(tables.size[k])
        position = tables.start[k] + np.linspace(0, (size - 1) * int(tables.stride[k]), 512)
        values = (position * 2.0**tables.lattice.shift).astype(np.int64) + k * tables.lattice.offset
        threshold = max(float(far_limit(k)), 1000.0 * math.exp(-float(log_choose(n, k))))
        pairs = [
            draw_tails(t, population, values, np.full(values.size, k, np.int64), None)
            for t in (tables, other)
        ]
        for coarse, fine in zip(*pairs, strict=True):
            seen = fine > threshold
            if seen.any():
                change = max(change, float(np.abs(coarse[seen] / fine[seen] - 1).max()))
    return change
