"""The flow of clusters in docs/plots.md: structural clusters of the demonstration country, seen from each year.

.venv/bin/python benchmarks/lineage_picture.py
"""

from __future__ import annotations

from pathlib import Path

import leefraster as lr
from leefraster.clusters.track import ClusterTracks

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "lineage.png"
DPI = 80
FROM = 2012  # three measurements are the fewest for structural clusters


def main() -> None:
    """Draw the picture, and print how many clusters went into it."""
    scores = lr.sources.synthetic.country().scores
    years = [int(year) for year in scores["year"].values if year >= FROM]
    found = {year: lr.structural_clusters(scores.sel(year=slice(None, year))) for year in years}
    tracks = lr.track_clusters({year: one.labels for year, one in found.items()}, scores["dwellings"])
    axes = lr.plot.lineage(tracks, largest=10, names=_names(tracks, found[years[-1]], years[-1]))
    axes.figure.savefig(PICTURE, dpi=DPI)  # type: ignore[union-attr]
    print(f"{len(tracks.table)} clusters of {tracks.table['lineage'].nunique()} lineages: {PICTURE}")


def _names(tracks: ClusterTracks, latest: lr.StructuralClusters, year: int) -> dict[int, str]:
    """Return the neighbourhood with most dwellings of each lineage that is there in the last year."""
    of = tracks.table[tracks.table["year"] == year].set_index("cluster")["lineage"]
    names = latest.table.set_index("cluster")
    return {
        int(of[cluster]): str(names.loc[cluster, "name"]) for cluster in of.index if cluster in names.index
    }


if __name__ == "__main__":
    main()
