"""Exact tails against dynamic programming in whole numbers: the figures in docs/exact-inference.md."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from leefraster.inference.exact import exact_tails
from leefraster.inference.numbers import Numbers, as_numbers, totals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WHOLE = (("counts", 60, 8), ("counts", 200, 20), ("counts", 200, 110), ("counts", 2_000, 20),
         ("skewed", 500, 8), ("skewed", 2_000, 8))  # fmt: skip
FINE = (("lognormal", 300, 6), ("lognormal", 400, 5), ("lognormal", 300, 20), ("normal", 300, 6))
RANGES = ((1e-3, 1.0), (1e-6, 1e-3), (1e-9, 1e-6), (1e-12, 1e-9), (0.0, 1e-12))


def made(kind: str, n: int, rng: np.random.Generator) -> Ints:
    """Return n non-negative whole numbers."""
    drawn = {
        "counts": lambda: rng.poisson(4, n),
        "skewed": lambda: np.minimum(np.exp(rng.normal(2, 1, n)), 120),
        "lognormal": lambda: 400 * rng.lognormal(size=n) / 2.16,
        "normal": lambda: 400 * rng.normal(size=n),
    }[kind]()
    whole = np.floor(drawn).astype(np.int64)
    return whole - whole.min()


def true_tail(values: Ints, k: int) -> tuple[Ints, Floats, int]:
    """Return the possible sums of k of the values, P(S >= s) of each, and the number of sets."""
    ways = np.zeros((k + 1, int(np.sort(values)[-k:].sum()) + 1), dtype=object)
    ways[0, 0] = 1
    for number, value in enumerate(values.tolist()):
        for j in range(min(k, number + 1), 0, -1):
            ways[j, value:] += ways[j - 1, : ways.shape[1] - value]
    at_least = np.cumsum(ways[k][::-1])[::-1]
    sums = np.flatnonzero(ways[k] > 0)
    sets = int(at_least[0])
    return sums, np.array([float(Fraction(int(at_least[s]), sets)) for s in sums]), sets


def compare(numbers: Numbers, values: Ints, k: int, shift: int) -> tuple[list[str], float]:
    """Return the largest errors as text, one a range of p and the absolute one first, and the error reported."""
    sums, true, sets = true_tail(values, k)
    observed = (sums << shift) - ((1 << shift) >> 1)
    counts = np.full(sums.size, k, np.int64)
    found, _, reported = exact_tails(numbers, totals(numbers.integers), observed, counts, own_fixed=False)
    shown = [f"{np.abs(found - true).max():.0e}"]
    for low, high in RANGES:
        # on a lattice of their own, single sets cannot be told apart: only tails of 1,000 sets or more
        seen = (true > (max(low, float(Fraction(1000, sets))) if shift else low)) & (true <= high)
        shown.append(f"{np.abs(found[seen] / true[seen] - 1).max():.0e}" if seen.any() else "-")
    return shown, reported


def main() -> None:
    """Print both tables."""
    head = ["absolute", *(f"{low:g}..{high:g}" for low, high in RANGES), "p_error"]
    print(f"{'largest error of a tail':>28}" + "".join(f"{name:>14}" for name in head))
    rng = np.random.default_rng(0)
    for kind, n, k in WHOLE:
        values = made(kind, n, rng)
        shown, reported = compare(as_numbers(values.astype(np.float64), k), values, k, 0)
        row(f"own step: {kind} {n} k {k}", [*shown, f"{reported:.0e}"])
    for kind, n, k in FINE:
        values = made(kind, n, rng)
        # steps so fine that the tables need a lattice of their own
        shown, reported = compare(Numbers(values << 20, 0.0, 1.0, False), values, k, 20)
        row(f"lattice: {kind} {n} k {k}", [*shown, f"{reported:.0e}"])


def row(name: str, cells: list[str]) -> None:
    """Print one line."""
    print(f"{name:>28}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
