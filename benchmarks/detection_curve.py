"""How well planted clusters are found, against their gap and size.

The generator of the demonstration country and the rule that searches it have one author, so that one
figure ("97 % found") says little. This script plants clusters from clearly weak to not weak at all, and from
parts of a neighbourhood to whole districts, and shows where the default rule stops finding them.

    python benchmarks/detection_curve.py [--seeds 3] [--cells 40000] [--planted 5] [--out docs/images]

writes `detection_curve.csv` beside this script and `detection_curve.png` into the folder of images, and
prints the table. About 6 minutes for 3 seeds. With --nationwide N it instead searches the demonstration
country itself, N seeds of it, and prints what was found in each.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

import leefraster as lr
from leefraster.errors import UsageError
from leefraster.sources import synthetic

HERE = Path(__file__).resolve().parent
GAPS = (-0.06, 0.0, 0.03, 0.06, 0.09, 0.1175, 0.15, 0.25)
SIZES = ((100, 175), (175, 250), (250, 400), (400, 700), (700, 1_500), (1_500, 3_000), (3_000, 6_000))
CLASS_WIDTH = 0.1175


def as_many_as_fit(
    seed: int, cells: int, planted: int, gap: float, size: tuple[float, float]
) -> synthetic.Country:
    """Return a country with `planted` clusters, or as many as find a place in it."""
    for count in range(planted, 1, -1):
        try:
            return synthetic.country(
                seed, cells=cells, n_planted=count, planted_gap=gap, planted_dwellings=size
            )
        except UsageError:
            continue
    return synthetic.country(seed, cells=cells, n_planted=1, planted_gap=gap, planted_dwellings=size)


def one_country(seed: int, cells: int, planted: int, gap: float, size: tuple[int, int]) -> dict[str, float]:
    """Plant clusters of one gap and size in one country and search them with the default rule."""
    country = as_many_as_fit(seed, cells, planted, gap, (float(size[0]), float(size[1])))
    found = lr.structural_clusters(country.scores)
    result = lr.detection(found.labels, country.planted, country.scores["dwellings"])
    everywhere = float(country.scores["dwellings"].sum())
    false = result["found_dwellings"] * result["false_share"] if result["found_dwellings"] else 0.0
    return {
        "gap": gap,
        "smallest": size[0],
        "largest": size[1],
        "planted": result["planted_dwellings"],
        "hit": result["planted_dwellings"] * result["found_share"],
        "clusters": result["clusters_planted"],
        "clusters_hit": result["clusters_found"],
        "false": false,
        "country": everywhere,
    }


def curve(seeds: int, cells: int, planted: int) -> pd.DataFrame:
    """Return shares by gap and size, pooled over the seeds."""
    rows = [
        one_country(seed, cells, planted, gap, size)
        for gap in GAPS
        for size in SIZES
        for seed in range(seeds)
    ]
    pooled = pd.DataFrame(rows).groupby(["gap", "smallest", "largest"], as_index=False).sum()
    pooled["found_share"] = pooled["hit"] / pooled["planted"]
    pooled["clusters_found"] = pooled["clusters_hit"] / pooled["clusters"]
    pooled["false_per_1000"] = 1000 * pooled["false"] / pooled["country"]
    return pooled


def draw(pooled: pd.DataFrame, path: Path) -> None:
    """Draw the share of planted dwellings found against the gap, one line a size."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(8.5, 5.2), layout="constrained")
    colours = plt.colormaps["cividis"](np.linspace(0.92, 0.0, len(SIZES)))
    markers = "osD^v<>"
    for (low, high), colour, marker in zip(SIZES, colours, markers, strict=True):
        line = pooled[pooled["smallest"] == low]
        axis.plot(
            line["gap"],
            100 * line["found_share"],
            color=colour,
            marker=marker,
            linewidth=2,
            label=f"{low:,} to {high:,}",
        )
    axis.axvline(0, color="0.4", linewidth=1)
    axis.axvline(CLASS_WIDTH, color="0.4", linewidth=1, linestyle="--")
    axis.text(0, 107, "upper cut of class 4", ha="center", fontsize=9)
    axis.text(CLASS_WIDTH, 107, "one class lower", ha="center", fontsize=9)
    axis.axhline(90, color="0.7", linewidth=1, linestyle=":")
    axis.set(
        xlabel="planted gap: mean level below the upper cut of class 4 in the best year (level points)",
        ylabel="planted dwellings found (%)",
        ylim=(-2, 105),
    )
    axis.legend(title="dwellings of a cluster", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Planted clusters found by the default rule", fontsize=12)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def nationwide(seeds: int) -> pd.DataFrame:
    """Return what is found of the 20 planted clusters of the demonstration country, one row a seed."""
    rows = []
    for seed in range(seeds):
        country = synthetic.country(seed)
        begun = time.perf_counter()
        found = lr.structural_clusters(country.scores)
        seconds = time.perf_counter() - begun
        result = lr.detection(found.labels, country.planted, country.scores["dwellings"])
        decoys = np.unique(country.decoys.values[found.labels.values > 0])
        rows.append({"seed": seed, **result, "decoys_touched": int((decoys > 0).sum()), "seconds": seconds})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cells", type=int, default=40_000)
    parser.add_argument("--planted", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs" / "images")
    parser.add_argument("--nationwide", type=int, default=0, metavar="N")
    options = parser.parse_args()
    if options.nationwide:
        print(nationwide(options.nationwide).round(4).to_string(index=False))
        return
    begun = time.perf_counter()
    pooled = curve(options.seeds, options.cells, options.planted)
    pooled.round(4).to_csv(HERE / "detection_curve.csv", index=False)
    draw(pooled, options.out / "detection_curve.png")
    for name, text in (
        ("found_share", "share of planted dwellings found"),
        ("clusters", "clusters planted"),
        ("clusters_found", "share of clusters found (half their dwellings)"),
        ("false_per_1000", "dwellings found that were not planted, per 1,000 dwellings of the country"),
    ):
        print(f"\n{text}; rows: dwellings of a cluster, columns: planted gap")
        print(pooled.pivot(index=["smallest", "largest"], columns="gap", values=name).round(3).to_string())
    print(f"\n{len(GAPS) * len(SIZES) * options.seeds} countries in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
