"""A small country on files, from indicators on: 24 by 24 cells, four years, one weak block, and its model."""

from pathlib import Path

import numpy as np
import pandas as pd
from small_country import SIDE, WITHOUT_RASTERS, YEARS, code

MODEL = """
name = "small"
version = "7"
provenance = "invented for a test"
licence = "CC0-1.0"
reference = { year = 2024, level = 4.1 }
dimensions = { won = "housing stock", onv = "nuisance and insecurity" }

[[indicators]]
name = "rent"
layer = "rented"
unit = "%"
dimension = "won"
coefficient = -0.004

[[indicators]]
name = "noise"
unit = "dB"
dimension = "onv"
measure = { kind = "focal_mean", radius = 150 }
coefficient = -0.02
missing = { then = "national mean", most = 0.05, beyond = "refuse" }
"""

CONFIGURATION = """
[run]
title = "Small country from indicators"
[model]
path = "model.toml"
[[layers]]
path = "rent.csv"
code = "cell"
year = "year"
columns = { rented = "percentage" }
units = "%"
[[layers]]
path = "noise.csv"
code = "cell"
columns = ["noise"]
units = "dB"
[dwellings]
path = "squares.csv"
code = "cell"
column = "dwellings"
[urbanity]
path = "squares.csv"
code = "cell"
column = "urbanity"
"""


def write_model_country(folder: Path, *, model: str = MODEL, level: bool = True) -> Path:
    """Write the country; without a level, its scores are deviations only."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    row, column = (axis.ravel() for axis in np.indices((SIDE, SIDE)))
    weak = (row >= 6) & (row < 14) & (column >= 6) & (column < 14)
    cells = [code(r, c) for r, c in zip(row, column, strict=True)]
    years = [
        pd.DataFrame(
            {
                "cell": cells,
                "year": year,
                "percentage": (30 + 55 * weak + random.normal(0, 6, SIDE**2)).round(1),
            }
        )
        for year in YEARS
    ]
    pd.concat(years).to_csv(folder / "rent.csv", index=False)
    noise = (50 + 22 * weak + random.normal(0, 3, SIDE**2)).round(1)
    pd.DataFrame({"cell": cells, "noise": noise}).to_csv(folder / "noise.csv", index=False)
    squares = pd.DataFrame({"cell": cells, "dwellings": 20, "urbanity": 1 + np.arange(SIDE**2) % 5})
    squares.to_csv(folder / "squares.csv", index=False)
    text = model if level else model.replace(", level = 4.1", "")
    (folder / "model.toml").write_text(text, encoding="utf-8")
    (folder / "country.toml").write_text(WITHOUT_RASTERS + CONFIGURATION, encoding="utf-8")
    return folder / "country.toml"
