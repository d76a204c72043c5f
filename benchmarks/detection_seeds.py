"""Detection on the demonstration country for 20 seeds: share of planted dwellings found, of found ones not planted.

python benchmarks/detection_seeds.py > benchmarks/detection_seeds.csv
"""

from __future__ import annotations

import sys

import leefraster as lr

SEEDS = range(20)


def main() -> None:
    """Print a line a seed."""
    print("seed,found_share,false_share,clusters_found,clusters_planted")
    for seed in SEEDS:
        country = lr.sources.synthetic.country(seed=seed)
        labels = lr.structural_clusters(country.scores).labels
        found = lr.detection(labels, country.planted, country.scores["dwellings"])
        figures = [f"{found[name]:.4f}" for name in ("found_share", "false_share")]
        counts = [f"{found[name]:.0f}" for name in ("clusters_found", "clusters_planted")]
        print(",".join([str(seed), *figures, *counts]))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
