"""What a cluster is called: the areas in which most of its dwellings stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leefraster.clusters.panel import Floats, Panel
from leefraster.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

Labels = npt.NDArray[np.int32]


def names_by_code(names: Mapping[str, str] | pd.DataFrame | None) -> dict[str, str]:
    """Return names by code from a mapping, or a table with columns `code` and `name`.

    Raises
    ------
    UsageError
        When they are neither, or a table lacks one of the columns.
    """
    if names is None:
        return {}
    if isinstance(names, Mapping):
        return {str(code): str(name) for code, name in names.items()}
    if not hasattr(names, "columns"):
        raise UsageError(
            f"names is a {type(names).__name__}; it must be a mapping of names by code, or a table of "
            "`code` and `name`"
        )
    lacking = [column for column in ("code", "name") if column not in names.columns]
    if lacking:
        raise UsageError(f"names: the table lacks column {', '.join(lacking)}; it has {list(names.columns)}")
    return dict(zip(names["code"].astype(str), names["name"].astype(str), strict=True))


def cluster_names(panel: Panel, labels: Labels, names: dict[str, str]) -> list[str]:
    """Return per cluster "neighbourhood, municipality", those with most dwellings; "" without areas."""
    count = int(labels.max(initial=0))
    parts = [
        _dominant(panel.areas[level], labels, panel.weights, count)
        for level in ("neighbourhood", "municipality")
        if level in panel.areas
    ]
    return [
        ", ".join(names.get(code, code) for code in codes if code) for codes in zip(*parts, strict=True)
    ] or [""] * count


def cluster_areas(panel: Panel, labels: Labels) -> tuple[list[str], list[str]]:
    """Return per cluster the code of its municipality, and those of its neighbourhoods, most dwellings first.

    "" where the cells do not know them; codes are separated by a comma.
    """
    count = int(labels.max(initial=0))
    empty = [""] * count
    towns = (
        _dominant(panel.areas["municipality"], labels, panel.weights, count)
        if "municipality" in panel.areas
        else empty
    )
    if "neighbourhood" not in panel.areas:
        return towns, empty
    unique, held = _held(panel.areas["neighbourhood"], labels, panel.weights, count)
    cells = _held(panel.areas["neighbourhood"], labels, np.ones(labels.size), count)[1]
    lists = []
    for dwellings, size in zip(held, cells, strict=True):
        order = np.argsort(-dwellings, kind="stable")
        lists.append(", ".join(str(unique[i]) for i in order if size[i] > 0 and unique[i]))
    return towns, lists


def _held(
    codes: npt.NDArray[np.str_], labels: Labels, weights: Floats, count: int
) -> tuple[npt.NDArray[np.str_], Floats]:
    """Return the codes that occur in clusters, and the weight of each in each cluster (cluster, code)."""
    inside = np.flatnonzero(labels)
    unique, position = np.unique(codes[inside], return_inverse=True)
    held = np.bincount(
        (labels[inside] - 1) * unique.size + position, weights[inside], minlength=count * unique.size
    )
    return unique, held.reshape(count, unique.size)


def _dominant(codes: npt.NDArray[np.str_], labels: Labels, weights: Floats, count: int) -> list[str]:
    """Return per cluster the code with most dwellings (ties: the first by name)."""
    if not count:
        return []
    unique, held = _held(codes, labels, weights, count)
    return [str(unique[best]) for best in held.argmax(axis=1)]
