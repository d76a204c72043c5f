"""Made-up runs for the tests of store, exports and comparison: small, seeded, with every variable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from leefraster.cells import cell_coordinates
from leefraster.grid import Grid
from leefraster.questions.answer import Answer
from leefraster.record import InputFile, RunRecord, Step

GRID = Grid(90_000.0, 440_000.0, 120, 100, 100.0, "EPSG:28992")
YEARS = [2018, 2020, 2024]
DIMENSIONS = ["won", "fys", "vrz", "soc", "onv"]


@dataclass(frozen=True)
class MadeUpClusters:
    """What StructuralClusters offers to store and exports."""

    table: pd.DataFrame
    polygons: Any
    course: pd.DataFrame


def _statistics(rng: np.random.Generator, unit: str, n: int, years: int, layers: int) -> dict[str, Any]:
    dims = ("year", "layer", unit)
    out: dict[str, Any] = {}
    for name in ("local_moran", "getis_ord"):
        z = rng.standard_normal((years, layers, n)).astype(np.float32)
        z[:, :, ::17] = np.nan
        p = np.where(np.isnan(z), np.nan, rng.random(z.shape))
        attrs = {
            "long_name": f"{name} of the layer",
            "units": "1",
            "method": "exact",
            "neighbourhood": "queen",
        }
        out[f"{name}_z"] = (dims, z, attrs)
        out[f"{name}_p"] = (dims, p, attrs)
        out[f"{name}_q"] = (dims, np.minimum(1, p * 1.5), attrs)
        codes = np.where(np.isnan(z), 0, np.sign(z) * rng.integers(0, 4, z.shape)).astype(np.int8)
        if name == "local_moran":
            out["local_moran_I"] = (dims, (z * 0.5).astype(np.float32), attrs)
            out["local_moran_quadrant"] = (dims, np.abs(codes) + (~np.isnan(z)).astype(np.int8), attrs)
            out["local_moran_cluster"] = (dims, np.abs(codes), attrs)
        else:
            out["getis_ord_spot"] = (dims, codes, attrs)
    out["neighbours"] = (("year", unit), rng.integers(0, 9, (years, n)).astype(np.int32))
    for name in ("moran_I", "moran_z", "moran_p", "moran_expected", "moran_variance"):
        out[name] = (("year", "layer"), rng.random((years, layers)))
    for name in ("moran_n", "moran_islands"):
        out[name] = (("year", "layer"), rng.integers(0, n + 1, (years, layers)))
    return out


def dataset(cells: int = 400, seed: int = 0, grid: Grid = GRID) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    ids = np.sort(np.random.default_rng(7).choice(grid.size, cells, replace=False)).astype(np.int64)
    score = rng.normal(0, 0.1, (len(YEARS), len(DIMENSIONS), cells)).astype(np.float32)
    total = score.sum(1)
    total[:, ::17] = np.nan
    label = np.zeros(cells, dtype=np.int32)
    label[: cells // 8], label[-cells // 10 :] = 1, 2
    variables: dict[str, Any] = {
        "score": (("year", "dimension", "cell"), score, {"long_name": "contribution of the dimension"}),
        "total": (("year", "cell"), total, {"long_name": "deviation from the national mean"}),
        "level": (("year", "cell"), total + np.float32(4.1)),
        "reference": (("year",), np.array([4.0, 4.05, 4.1])),
        "dwellings": (("cell",), rng.integers(1, 90, cells).astype(float)),
        "urbanity": (("cell",), rng.integers(1, 6, cells).astype(np.float32)),
        "municipality": (("cell",), np.where(np.arange(cells) % 5, "GM0599", "")),
        "structural_label": (("cell",), label),
        "structural_bridge": (("cell",), (label > 0) & (ids % 7 == 0)),
        "structural_weak_years": (("cell",), label.astype(np.int16)),
        **_statistics(rng, "cell", cells, len(YEARS), len(DIMENSIONS) + 1),
    }
    coords = {
        **cell_coordinates(grid, ids),
        "year": ("year", np.array(YEARS, dtype=np.int64)),
        "dimension": ("dimension", DIMENSIONS),
        "layer": ("layer", [*DIMENSIONS, "total"]),
        "version": ("year", np.array(["Leefbaarometer 3.0"] * 3)),
    }
    return xr.Dataset(variables, coords=coords, attrs={"title": "made up", "years": [2018, 2024]})


def clusters(data: xr.Dataset) -> MadeUpClusters:
    import geopandas as gpd
    import shapely

    label = data["structural_label"].values
    numbers = np.unique(label[label > 0])
    rows, outlines = [], []
    for number in numbers:
        held = label == number
        x, y = data["x"].values[held], data["y"].values[held]
        outlines.append(shapely.union_all(shapely.box(x - 50, y - 50, x + 50, y + 50)))
        rows.append(
            {
                "cluster": int(number),
                "rank": int(number),
                "name": f"Wijk é {number}",
                "cells": int(held.sum()),
                "dwellings": float(data["dwellings"].values[held].sum()),
                "state": "lagging",
                "gap": -0.2,
                "years_to_close": np.nan,
                "weakest_dimension": "vrz",
                "x": x.mean(),
                "y": y.mean(),
            }
        )
    table = pd.DataFrame(rows)
    polygons = gpd.GeoDataFrame({"cluster": numbers}, geometry=outlines, crs="EPSG:28992")
    course = pd.DataFrame({"cluster": np.repeat(numbers, 3), "year": YEARS * len(numbers), "gap": -0.1})
    return MadeUpClusters(table, polygons, course)


def answer() -> Answer:
    return Answer(
        name="urbanity",
        question={"nl": "Hangt het samen?", "en": "Is it related?"},
        verdict="mixed",
        rule="difference above .05",
        sentence={"nl": "Gemengd: één van twee.", "en": "Mixed: one of two."},
        table=pd.DataFrame({"urbanity": [1, 2], "vrz": [-0.2, 0.1], "code": ["0599", "0363"]}),
        caveats=("a model, not an opinion", "says nothing of causes"),
    )


def record(run_id: str, seed: int = 0, cells: int = 400, grid: Grid = GRID) -> RunRecord:
    data = dataset(cells, seed, grid)
    return RunRecord(
        run_id=run_id,
        title="A made-up town",
        dataset=data,
        parameters={"statistics": {"alpha": 0.05, "neighbourhood": "queen"}, "references": {"2024": 4.1}},
        versions={"leefraster": "0.1.0", "numpy": "2.5"},
        inputs=(InputFile(Path("scores é.csv"), "ab" * 32, 100, "scores"),),
        steps=(Step("read", "done", 1.5), Step("urbanity", "skipped", 0.0, "no urbanity")),
        notes=("12 of 400 cells lack dwellings",),
        structural=clusters(data),  # type: ignore[arg-type]
        answers=(answer(),),
        crosscheck=pd.DataFrame(
            {"statistic": ["I"], "ours": [0.5], "esda": [0.5], "largest_difference": [1e-15]}
        ),
        detection={"found_share": 0.9, "false_share": float("nan")},
        started="2026-11-24T05:00:00+00:00",
    )


def brief(run_id: str, seed: int = 0, cells: int = 400) -> RunRecord:
    """Return a run with few variables, for tests that write often."""
    kept = dataset(cells, seed)[["total", "level", "municipality", "local_moran_p", "getis_ord_spot"]]
    return RunRecord(run_id, "A made-up town", kept, {}, {"leefraster": "0.1.0"})


def area_record(run_id: str, seed: int = 0, areas: int = 40) -> RunRecord:
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 0.1, (1, 5, areas)).astype(np.float32)
    variables = {
        "score": (("year", "dimension", "area"), score),
        "total": (("year", "area"), score.sum(1)),
        **_statistics(rng, "area", areas, 1, 6),
    }
    coords = {
        "area": ("area", [f"BU{number:08d}" for number in range(areas)]),
        "x": ("area", rng.uniform(90_000, 95_000, areas)),
        "y": ("area", rng.uniform(430_000, 435_000, areas)),
        "year": ("year", np.array([2024], dtype=np.int64)),
        "dimension": ("dimension", DIMENSIONS),
        "layer": ("layer", [*DIMENSIONS, "total"]),
    }
    return RunRecord(
        run_id,
        "Made-up areas",
        xr.Dataset(variables, coords=coords),
        {},
        {"leefraster": "0.1.0"},
        answers=(answer(),),
    )
