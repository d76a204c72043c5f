"""How well planted clusters are found, against their gap, their size and the years in which they are weak.

The generator of the demonstration country and the rule that searches it have one author, so that one
figure ("97 % found") says little. This script plants clusters from clearly weak to not weak at all, and from
parts of a neighbourhood to whole districts, and from weak in the latest measurement only to weak in all nine,
and shows where the default rule stops finding them.

    python benchmarks/detection_curve.py [--seeds 3] [--cells 40000] [--planted 5] [--out docs/images]

writes `detection_curve.csv` and `detection_years.csv` beside this script and `detection_curve.png` into the
folder of images, and prints the tables. About 12 minutes for 3 seeds. What is found in the demonstration country
itself, `detection_seeds.py` tells.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
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
YEARS = tuple(range(1, 10))  # measurements in which a cluster is weak, the latest ones
LASTING_GAPS = (0.06, 0.09, 0.1175, 0.15, 0.25)  # against which these are varied
LASTING_SIZE = (700, 1_500)


def as_many_as_fit(
    seed: int, cells: int, planted: int, gap: float, size: tuple[float, float], years: int
) -> synthetic.Country:
    """Return a country with `planted` clusters, or as many as find a place in it."""
    make = partial(
        synthetic.country, seed, cells=cells, planted_gap=gap, planted_dwellings=size, planted_years=years
    )
    for count in range(planted, 1, -1):
        try:
            return make(n_planted=count)
        except UsageError:
            continue
    return make(n_planted=1)


def one_country(
    seed: int, cells: int, planted: int, gap: float, size: tuple[int, int], years: int
) -> dict[str, float]:
    """Plant clusters of one gap, size and persistence in one country and search them with the default rule."""
    country = as_many_as_fit(seed, cells, planted, gap, (float(size[0]), float(size[1])), years)
    found = lr.structural_clusters(country.scores)
    result = lr.detection(found.labels, country.planted, country.scores["dwellings"])
    everywhere = float(country.scores["dwellings"].sum())
    false = result["found_dwellings"] * result["false_share"] if result["found_dwellings"] else 0.0
    return {
        "gap": gap,
        "smallest": size[0],
        "largest": size[1],
        "years": years,
        "planted": result["planted_dwellings"],
        "hit": result["planted_dwellings"] * result["found_share"],
        "clusters": result["clusters_planted"],
        "clusters_hit": result["clusters_found"],
        "false": false,
        "country": everywhere,
    }


def curve(seeds: int, cells: int, planted: int) -> pd.DataFrame:
    """Return shares by gap and size, of clusters that are weak in all years."""
    rows = [
        one_country(seed, cells, planted, gap, size, YEARS[-1])
        for gap in GAPS
        for size in SIZES
        for seed in range(seeds)
    ]
    return pooled(rows, ["gap", "smallest", "largest"]).drop(columns="years")


def lasting(seeds: int, cells: int, planted: int) -> pd.DataFrame:
    """Return shares by gap and years, of clusters of one size."""
    rows = [
        one_country(seed, cells, planted, gap, LASTING_SIZE, years)
        for gap in LASTING_GAPS
        for years in YEARS
        for seed in range(seeds)
    ]
    return pooled(rows, ["gap", "years"]).drop(columns=["smallest", "largest"])


def pooled(rows: list[dict[str, float]], by: list[str]) -> pd.DataFrame:
    """Return shares, the seeds taken together."""
    made = pd.DataFrame(rows).groupby(by, as_index=False).sum()
    made["found_share"] = made["hit"] / made["planted"]
    made["clusters_found"] = made["clusters_hit"] / made["clusters"]
    made["false_per_1000"] = 1000 * made["false"] / made["country"]
    return made


def draw(by_size: pd.DataFrame, by_years: pd.DataFrame, path: Path) -> None:
    """Draw the share of planted dwellings found: against the gap, one line a size; against years, one a gap."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 5.4), layout="constrained", sharey=True)
    colours = plt.colormaps["cividis"](np.linspace(0.92, 0.0, len(SIZES)))
    markers = "osD^v<>"
    for (low, high), colour, marker in zip(SIZES, colours, markers, strict=True):
        line = by_size[by_size["smallest"] == low]
        left.plot(
            line["gap"], 100 * line["found_share"], color=colour, marker=marker, linewidth=2,
            label=f"{low:,} to {high:,}",
        )  # fmt: skip
    for at, said in ((0, "upper cut\nof class 4"), (CLASS_WIDTH, "one class\nlower")):
        left.axvline(at, color="0.4", linewidth=1, linestyle="--" if at else "-")
        left.text(at, 106, said, ha="center", va="bottom", fontsize=9)
    left.set(
        xlabel="planted gap: mean level below the upper cut of class 4\nin the best weak year (level points)",
        ylabel="planted dwellings found (%)",
        xlim=(-0.17, 0.26),
        ylim=(-2, 105),
    )
    left.legend(title="dwellings of a cluster,\nweak in all nine years", frameon=False, loc="center left")
    colours = plt.colormaps["cividis"](np.linspace(0.92, 0.0, len(LASTING_GAPS)))
    for gap, colour, marker in zip(LASTING_GAPS, colours, markers, strict=False):
        line = by_years[by_years["gap"] == gap]
        right.plot(
            line["years"],
            100 * line["found_share"],
            color=colour,
            marker=marker,
            linewidth=2,
            label=f"{gap:.2f}",
        )
    needed = lr.StructuralRule().years_needed(YEARS[-1])
    right.axvline(needed, color="0.4", linewidth=1, linestyle="--")
    right.text(
        needed, 106, f"the rule asks for\n{needed} of {YEARS[-1]}", ha="center", va="bottom", fontsize=9
    )
    right.set(xlabel="measurements in which a cluster is weak: the latest ones, of nine", xticks=YEARS)
    low, high = LASTING_SIZE
    right.legend(
        title=f"planted gap, clusters of\n{low:,} to {high:,} dwellings", frameon=False, loc="center left"
    )
    for axis in (left, right):
        axis.axhline(90, color="0.7", linewidth=1, linestyle=":")
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Planted clusters found by the default rule", fontsize=12)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cells", type=int, default=40_000)
    parser.add_argument("--planted", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs" / "images")
    options = parser.parse_args()
    begun = time.perf_counter()
    by_size = curve(options.seeds, options.cells, options.planted)
    by_years = lasting(options.seeds, options.cells, options.planted)
    by_size.round(4).to_csv(HERE / "detection_curve.csv", index=False)
    by_years.round(4).to_csv(HERE / "detection_years.csv", index=False)
    draw(by_size, by_years, options.out / "detection_curve.png")
    for table, rows, of in (
        (by_size, ["smallest", "largest"], "dwellings of a cluster"),
        (by_years, ["years"], "measurements in which a cluster is weak"),
    ):
        for name, text in (
            ("found_share", "share of planted dwellings found"),
            ("clusters", "clusters planted"),
            ("clusters_found", "share of clusters found (half their dwellings)"),
            ("false_per_1000", "dwellings found that were not planted, per 1,000 dwellings of the country"),
        ):
            print(f"\n{text}; rows: {of}, columns: planted gap")
            print(table.pivot(index=rows, columns="gap", values=name).round(3).to_string())
    print(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
