"""How often planted clusters and clusters of noise reappear under perturbed scores, a line a cluster.

    python benchmarks/sensitivity_seeds.py [FIRST [LAST]] > benchmarks/sensitivity_seeds.csv     (seeds 0 to 4)

The demonstration country has no cluster that nobody planted. So its levels are perturbed once, by errors made here
in another way than the library makes them, and every cluster that is then found without a planted cell is one of
noise. Both countries, the true and the perturbed, go through `lr.structural_sensitivity` with its defaults, of 200
recomputations. About 3 minutes a seed.
"""

from __future__ import annotations

import sys

import numpy as np
import xarray as xr
from scipy.signal import fftconvolve

import leefraster as lr
from leefraster.cells import grid_of
from leefraster.sources import synthetic

ERROR = lr.ScoreError()


def perturbed(scores: xr.Dataset, seed: int) -> xr.Dataset:
    """Return the scores with one draw of errors: alike within a disc, and from year to year by persistence."""
    random = np.random.default_rng([seed, 1_000_003])
    grid = grid_of(scores)
    reach = int(ERROR.spatial_range // grid.cell)
    away = np.arange(-reach, reach + 1) * grid.cell
    disc = (np.hypot(away[:, None], away) <= ERROR.spatial_range).astype(float)
    rows, columns = grid.row_column_from_cell(scores["cell"].values)
    years, errors = scores["year"].values, np.empty(scores["level"].shape)
    for i, year in enumerate(years):
        white = random.standard_normal((grid.ny, grid.nx))
        fresh = fftconvolve(white, disc, mode="same")[rows, columns] / np.sqrt(disc.sum())
        kept = ERROR.persistence ** ((year - years[i - 1]) / 2) if i else 0.0
        errors[i] = fresh if i == 0 else kept * errors[i - 1] + np.sqrt(1 - kept**2) * fresh
    return scores.assign(level=scores["level"] + ERROR.size * errors)


def lines(seed: int) -> list[str]:
    """Return the lines of one seed."""
    country = synthetic.country(seed=seed)
    made = []
    for name, scores in (("true", country.scores), ("perturbed", perturbed(country.scores, seed))):
        labels = lr.structural_clusters(scores).labels.values
        planted = set(np.unique(labels[(country.planted.values > 0) & (labels > 0)]))
        table = lr.structural_sensitivity(scores, error=ERROR).clusters
        for cluster, dwellings, share in zip(
            table["cluster"], table["dwellings"], table["reappears"], strict=True
        ):
            kind = "planted" if cluster in planted else "noise"
            made.append(f"{seed},{name},{kind},{dwellings:.0f},{share:.3f}")
    return made


def main() -> None:
    """Print a line a cluster."""
    given = [int(text) for text in sys.argv[1:]]
    first, last = given[0] if given else 0, given[-1] if given else 4
    print("seed,scores,kind,dwellings,reappears")
    for seed in range(first, last + 1):
        print("\n".join(lines(seed)), flush=True)


if __name__ == "__main__":
    main()
