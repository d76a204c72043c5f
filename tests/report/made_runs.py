"""Made-up runs: a small country with weak places, and everything that a record can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from leefraster.cells import cell_coordinates
from leefraster.clusters.structural import structural_clusters
from leefraster.grid import Grid
from leefraster.questions.answer import Answer
from leefraster.record import InputFile, RunRecord, Step

DIMENSIONS = ["won", "fys", "vrz", "soc", "onv"]
YEARS = [2014, 2016, 2018, 2020, 2024]


def made_scores(grid: Grid, ids: np.ndarray, years: list[int] = YEARS, seed: int = 1) -> xr.Dataset:
    """Scores with smooth noise, low in discs around two centres."""
    random = np.random.default_rng(seed)
    rows, columns = grid.row_column_from_cell(ids)
    waves = sum(np.sin(rows / a + i) + np.cos(columns / a - i) for i, a in enumerate((5.0, 11.0, 23.0)))
    low = np.zeros(ids.size)
    for r, c in ((0.3, 0.3), (0.7, 0.65)):
        low[np.hypot(rows - r * grid.ny, columns - c * grid.nx) < 6] = 0.5
    score = np.empty((len(years), 5, ids.size), dtype=np.float32)
    for y in range(len(years)):
        for d in range(5):
            score[y, d] = 0.015 * waves + random.normal(0, 0.02, ids.size) - low / 5
    total = score.sum(axis=1)
    return xr.Dataset(
        {
            "score": (("year", "dimension", "cell"), score, {"units": "1"}),
            "total": (("year", "cell"), total, {"units": "1"}),
            "level": (("year", "cell"), (total + 4.1).astype(np.float32)),
            "reference": ("year", 4.1 + 0.004 * np.arange(len(years))),
            "dwellings": ("cell", np.full(ids.size, 25.0)),
        },
        coords={"year": years, "dimension": DIMENSIONS, **cell_coordinates(grid, ids)},
    )


def with_statistics(dataset: xr.Dataset, layers: list[str], unit: str = "cell") -> xr.Dataset:
    """Made-up statistics of the right names and shapes over the layers of a Dataset."""
    size, years = dataset.sizes[unit], dataset.sizes["year"]
    base = [dataset["total"] if la == "total" else _layer(dataset, la) for la in layers]
    z = np.stack([(b.values - np.nanmean(b.values)) / np.nanstd(b.values) for b in base], axis=1)
    spots = np.clip(np.rint(np.nan_to_num(z) * 1.5), -3, 3).astype(np.int8)
    full = ("year", "layer", unit)
    index = np.linspace(0.4, 0.7, years * len(layers)).reshape(years, len(layers))
    extra = {
        "getis_ord_spot": (full, spots, {"neighbourhood": "Neighbourhood.disc(500 m)"}),
        "getis_ord_p": (full, np.where(np.isfinite(z), 0.01, np.nan)),
        "local_moran_cluster": (
            full,
            np.where(np.abs(spots) > 1, np.where(spots > 0, 1, 3), 0).astype(np.int8),
        ),
        "local_moran_p": (full, np.where(np.isfinite(z), 0.01, np.nan)),
        "moran_I": (full[:2], index),
        "moran_z": (full[:2], index * 300),
        "moran_p": (full[:2], np.full(index.shape, 1e-120)),
        "moran_n": (full[:2], np.full(index.shape, size)),
        "moran_islands": (full[:2], np.full(index.shape, 3)),
        "neighbours": (("year", unit), np.resize(np.array([8, 8, 8, 3, 7], np.int32), (years, size))),
    }
    return dataset.assign(extra).assign_coords(layer=layers)


def _layer(dataset: xr.Dataset, layer: str) -> xr.DataArray:
    if "score" in dataset:
        return dataset["score"].sel(dimension=layer)
    return dataset["value"].sel(layer=layer)


def made_answers(dataset: xr.Dataset) -> tuple[Answer, ...]:
    table = pd.DataFrame(
        {"urbanity": [1, 2, 3, 4, 5], "name_en": list("abcde"), "vrz": [0.2, 0.1, 0, -0.05, -0.1]}
    )
    field = dataset["total"].isel(year=-1, drop=True).rename("change")
    field.attrs = {"long_name": "change of the level, 2014 to 2024", "units": "points"}
    lines = {
        "kind": "lines",
        "x": "urbanity",
        "y": ["vrz"],
        "title": "Amenities by urbanity",
        "unit": "score",
    }
    words = {"nl": "Hoe landelijker, hoe minder voorzieningen?", "en": "The less urban, the fewer amenities?"}
    said = {"nl": "Ja: van 0,20 naar −0,10.", "en": "Yes: from 0.20 to −0.10."}
    common: dict[str, Any] = {
        "rule": "Holds when the score falls in every step.",
        "caveats": ("Not causal.",),
    }
    return (
        Answer("urbanity", words, "holds", sentence=said, table=table, map=field, figure=lines,
               inputs={"year": 2024, "weights": "dwellings"}, rule_nl="Klopt als elke stap daalt.", **common),
        Answer("catch_up", words, "mixed", sentence=said, table=table, figure={**lines, "kind": "bars"},
               details={"further": table}, **common),
        Answer("hard_core", words, "cannot be said", sentence=said, table=pd.DataFrame(), **common),
    )  # fmt: skip


def made_record(dataset: xr.Dataset, **changes: Any) -> RunRecord:
    parts: dict[str, Any] = {
        "run_id": "20241124-053000-ab12",
        "title": "Leefbaarometer scores of a made-up country",
        "dataset": dataset,
        "parameters": {"scores": {"reader": "table", "path": "scores.csv"}, "statistics": {"alpha": 0.05}},
        "versions": {"leefraster": "0.1.0", "numpy": "2.1"},
        "inputs": (InputFile(Path("/somewhere/scores.csv"), "ab" * 32, 123456, "scores"),),
        "steps": (Step("read", "done", 1.25), Step("trend", "skipped", 0.0, "one measurement year only")),
        "notes": ("12 of 1,200 cells have no dwellings; they count as none.",),
        "started": "2024-11-24T05:30:00Z",
    }
    return RunRecord(**{**parts, **changes})


def scores_record(grid: Grid, ids: np.ndarray, **changes: Any) -> RunRecord:
    scores = made_scores(grid, ids)
    dataset = with_statistics(scores, [*DIMENSIONS, "total"])
    spot = dataset["getis_ord_spot"].sel(layer="total").isel(year=-1, drop=True)
    structural = structural_clusters(scores, spot=spot)
    dataset["structural_label"] = structural.labels
    dataset["structural_bridge"] = structural.cells["bridge"]
    crosscheck = pd.DataFrame(
        {"statistic": ["local_moran I", "moran I"], "ours": [0.512, 0.4], "esda": [0.512, 0.4],
         "difference": [3e-15, 0.0], "seconds": [0.01, 0.02], "esda_version": ["2.8.0", "2.8.0"]}
    )  # fmt: skip
    parts: dict[str, Any] = {
        "structural": structural,
        "answers": made_answers(dataset),
        "crosscheck": crosscheck,
    }
    return made_record(dataset, **{**parts, **changes})
