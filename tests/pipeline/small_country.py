"""A small country on files: scores, dwellings and urbanity of 24 by 24 cells, with one weak block."""

from pathlib import Path

import numpy as np
import pandas as pd

YEARS = (2018, 2020, 2022, 2024)
CODES = ("won", "fys", "vrz", "soc", "onv")
SIDE = 24
REFERENCE = 4.1

CONFIGURATION = """
[run]
title = "Small country"
[scores]
reader = "leefbaarometer"
path = "scores.csv"
[dwellings]
path = "squares.csv"
code = "cell"
column = "dwellings"
[urbanity]
path = "squares.csv"
code = "cell"
column = "urbanity"
"""

# Rasters of the whole grid of the Netherlands are four fifths of what a run of so few cells takes.
WITHOUT_RASTERS = """
[exports]
formats = ["geopackage", "geoparquet", "csv"]
"""


def code(row: int, column: int) -> str:
    return f"E{800 + column:04d}N{4500 - row:04d}"


def score_table(seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    row, column = (axis.ravel() for axis in np.indices((SIDE, SIDE)))
    weak = (row >= 6) & (row < 14) & (column >= 6) & (column < 14)
    parts = []
    for year in YEARS:
        shares = random.normal(0, 0.05, (SIDE * SIDE, 5)) - np.where(weak, 0.14, 0)[:, None]
        shares = shares.round(6)
        total = shares.sum(axis=1).round(6)
        cells = [code(r, c) for r, c in zip(row, column, strict=True)]
        frame = pd.DataFrame(
            {"jaar": year, "grid_id": cells, "lbm": (total + REFERENCE).round(6), "afw": total}
        )
        parts.append(frame.assign(**{name: shares[:, i] for i, name in enumerate(CODES)}))
    return pd.concat(parts)


def write_country(folder: Path, table: pd.DataFrame, *, rasters: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "scores.csv", index=False)
    cells = table["grid_id"].unique()
    squares = pd.DataFrame({"cell": cells, "dwellings": 20, "urbanity": 1 + np.arange(len(cells)) % 5})
    squares.to_csv(folder / "squares.csv", index=False)
    text = CONFIGURATION if rasters else WITHOUT_RASTERS + CONFIGURATION
    (folder / "country.toml").write_text(text, encoding="utf-8")
    return folder / "country.toml"
