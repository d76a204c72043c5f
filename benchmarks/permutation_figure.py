"""One cell's exact tail beside random permutations: the picture in docs/exact-inference.md, and its figures.

.venv/bin/python benchmarks/permutation_figure.py
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

import leefraster as lr
from leefraster.inference.exact import exact_tails
from leefraster.inference.numbers import as_numbers, totals

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "exact_against_permutations.png"
ROWS, COLUMNS = 120, 150
RANDOM = (999, 9_999, 999_999)
COLOURS = ("#d55e00", "#009e73", "#0072b2")
LEAST = 1e-13

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A cell, the values of all others, and the sum over its neighbours."""

    others: Floats
    neighbours: int
    observed: float
    p: float


def skewed_field() -> xr.DataArray:
    """Return a made raster of skewed values that are alike over a few cells, a fifth of it missing."""
    rng = np.random.default_rng(3)
    rough = rng.normal(size=(ROWS, COLUMNS))
    smooth = sum(np.roll(rough, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)) / 3
    values = np.exp(0.8 * smooth + 0.6 * rng.normal(size=rough.shape))
    values[rng.random(rough.shape) < 0.2] = np.nan
    coords = {"y": (np.arange(ROWS)[::-1] + 0.5) * 100, "x": (np.arange(COLUMNS) + 0.5) * 100}
    return xr.DataArray(values, dims=("y", "x"), coords=coords)


def case_near(p: float) -> Case:
    """Return the cell with eight high neighbours whose p is nearest to the one given."""
    field = lr.from_raster(skewed_field())
    result = lr.getis_ord(field, lr.Neighbourhood.queen(), star=False)
    wanted = (result["neighbours"].values == 8) & (result["z"].values > 0)
    distance = np.where(wanted, np.abs(np.log(result["p"].values / p)), np.inf)
    at = int(np.argmin(distance))
    k = int(result["neighbours"].values[at])
    lag = lr.local_moran(field, lr.Neighbourhood.queen())["lag"].values[at]
    return Case(np.delete(field.values, at), k, k * float(lag), float(result["p"].values[at]))


def exact_tail(case: Case, sums: Floats) -> Floats:
    """Return P(S >= s) for each sum, S being the sum of k of the other values."""
    numbers = as_numbers(case.others, case.neighbours)
    whole = np.rint((sums - case.neighbours * numbers.origin) / numbers.step).astype(np.int64)
    counts = np.full(sums.size, case.neighbours, np.int64)
    return exact_tails(numbers, totals(numbers.integers), whole, counts, own_fixed=False)[0]


def drawn_sums(case: Case, permutations: int, seed: int) -> Floats:
    """Return sorted sums of k different values at random."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, case.others.size, (permutations, case.neighbours))
    while True:
        ordered = np.sort(chosen, axis=1)
        again = np.flatnonzero((np.diff(ordered, axis=1) == 0).any(axis=1))
        if again.size == 0:
            return np.sort(case.others[chosen].sum(axis=1))
        chosen[again] = rng.integers(0, case.others.size, (again.size, case.neighbours))


def sampled_tail(drawn: Floats, sums: Floats) -> Floats:
    """Return the usual estimate of P(S >= s): (1 + how many reach s) / (1 + permutations)."""
    reached = drawn.size - np.searchsorted(drawn, sums, side="left")
    return np.asarray((1.0 + reached) / (1.0 + drawn.size), dtype=np.float64)


def draw(case: Case, sums: Floats, exact: Floats, sampled: dict[int, Floats]) -> None:
    """Make the picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.6, 4.4), dpi=130, layout="constrained")
    k = case.neighbours
    for (permutations, tail), colour in zip(sampled.items(), COLOURS, strict=True):
        axes.plot(sums / k, tail, color=colour, lw=1.6, label=f"{permutations:,} random permutations")
    axes.plot(sums / k, exact, color="black", lw=1.6, label="exact")
    axes.axvline(case.observed / k, color="0.45", lw=1, ls="--")
    axes.annotate(
        f"observed\np (one tail) = {case.p / 2:.2g}", (case.observed / k, 3e-2), xytext=(6, 0),
        textcoords="offset points", color="0.3", fontsize=9,
    )  # fmt: skip
    axes.set(yscale="log", ylim=(LEAST, 2), xlim=(sums[0] / k, sums[-1] / k))
    axes.set_xlabel("mean of the 8 neighbours (unit of the field)")
    axes.set_ylabel("probability of a mean at least that high")
    axes.set_title(f"One cell of a skewed field, {case.others.size + 1:,} cells", loc="left", fontsize=11)
    axes.grid(color="0.9")
    axes.legend(loc="lower left", frameon=False, fontsize=9)
    figure.savefig(PICTURE)


def main() -> None:
    """Draw, look up, plot and print."""
    case = case_near(2e-6)
    sums = np.linspace(case.neighbours * np.median(case.others), 1.9 * case.observed, 1_200)
    exact = exact_tail(case, sums)
    sampled = {r: sampled_tail(drawn_sums(case, r, r), sums) for r in RANDOM}
    draw(case, sums, exact, sampled)
    print(f"cells {case.others.size + 1:,}, neighbours {case.neighbours}, two-sided p {case.p:.6g}")
    print(f"same tail from the other values alone: {exact_tail(case, np.array([case.observed]))[0]:.6g}")
    for permutations in RANDOM:
        tails = [
            sampled_tail(drawn_sums(case, permutations, seed), np.array([case.observed]))[0]
            for seed in (1, 2, 3)
        ]
        print(f"{permutations:>9,} permutations, three seeds: " + ", ".join(f"{t:.3g}" for t in tails))


if __name__ == "__main__":
    main()
