"""Detection on the demonstration country, a line a seed: planted dwellings found, false ones, and decoys found.

python benchmarks/detection_seeds.py [FIRST [LAST]] > benchmarks/detection_seeds.csv     (seeds 0 to 19)
"""

from __future__ import annotations

import sys

import numpy as np
import xarray as xr

import leefraster as lr


def main() -> None:
    """Print a line a seed."""
    given = [int(text) for text in sys.argv[1:]]
    first, last = given[0] if given else 0, given[-1] if given else 19
    print("seed,found_share,false_share,clusters_found,clusters_planted,clusters_elsewhere,decoys_found")
    for seed in range(first, last + 1):
        country = lr.sources.synthetic.country(seed=seed)
        labels, dwellings = lr.structural_clusters(country.scores).labels, country.scores["dwellings"]
        found = lr.detection(labels, country.planted, dwellings)
        decoys = lr.detection(labels, country.decoys, dwellings)["clusters_found"]
        figures = [f"{found[name]:.4f}" for name in ("found_share", "false_share")]
        counts = [found["clusters_found"], found["clusters_planted"], elsewhere(labels, country), decoys]
        print(",".join([str(seed), *figures, *(f"{count:.0f}" for count in counts)]))
        sys.stdout.flush()


def elsewhere(labels: xr.DataArray, country: lr.sources.synthetic.Country) -> int:
    """Return the number of clusters without any planted cell."""
    there = labels.values[country.planted.values > 0]
    return int((~np.isin(np.unique(labels.values[labels.values > 0]), there)).sum())


if __name__ == "__main__":
    main()
