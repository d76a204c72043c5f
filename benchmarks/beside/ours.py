"""What leefraster does; every work has a child process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import leefraster as lr
from beside.cells import QUEEN, RADIUS, Cells
from beside.works import FOCAL, GLOBAL, LOCAL, SPOTS, Arrays, Work

EXACT, PERMUTED = "exact, all outputs", "999 permutations"


def _of_field(
    function: Callable[..., Any], *args: Any, **options: Any
) -> Callable[[Cells, dict[str, Any]], Any]:
    def prepare(cells: Cells, _shared: dict[str, Any]) -> Callable[[], Any]:
        field = cells.field
        return lambda: function(field, *args, **options)

    return prepare


def _local(result: Any, _cells: Cells) -> Arrays:
    # two-sided p is twice the smaller tail
    return {"I": result["I"].values, "p": result["p"].values, "tail": result["p"].values / 2}


def _permuted(result: Any, _cells: Cells) -> Arrays:
    return {**_local(result, _cells), "drawn": np.array([999])}


def _spots(result: Any, _cells: Cells) -> Arrays:
    z = result["z"].values
    size = np.searchsorted([1.65, 1.96, 2.58], np.abs(z))
    return {"z": z, "bin": np.sign(z) * np.array([0, 90, 95, 99])[size]}


def _one(result: Any, _cells: Cells) -> Arrays:
    return {name: np.atleast_1d(result[name].values) for name in ("I", "z")}


def _sums(result: Any, _cells: Cells) -> Arrays:
    return {"sum": result.values}


def _work(name: str, task: str, label: str, prepare: Any, results: Any, germany: bool = True) -> Work:
    child = f"ours {name}"
    return Work(child, task, label, child, "leefraster", prepare, results, germany=germany)


DRAWN = {"inference": "permutation"}
WORKS = [
    _work("local", LOCAL, EXACT, _of_field(lr.local_moran, QUEEN), _local),
    _work("permuted", LOCAL, PERMUTED, _of_field(lr.local_moran, QUEEN, **DRAWN), _permuted, germany=False),
    _work("spots", SPOTS, EXACT, _of_field(lr.getis_ord, QUEEN), _spots),
    _work("global", GLOBAL, "normal p", _of_field(lr.moran, QUEEN), _one),
    _work("global permuted", GLOBAL, PERMUTED, _of_field(lr.moran, QUEEN, **DRAWN), _one, germany=False),
    _work("focal", FOCAL, "cells", _of_field(lr.focal_sum, RADIUS), _sums),
]
