"""Which of data, model, cuts, reference, code and libraries differs between two runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from leefraster.comparison.stored_run import StoredRun

_NOT_MODEL = ("cuts", "references")
_OF_CODE = ("leefraster", "code")


def causes(old: StoredRun, new: StoredRun) -> pd.DataFrame:
    """Return one row a possible cause of change.

    Returns
    -------
    DataFrame
        ``cause`` (data, model, cuts, reference, code, libraries), ``differs`` (bool) and ``detail`` in words.
    """
    found = {
        "data": _data(old, new),
        "model": _mapping(_flat(_model(old)), _flat(_model(new))),
        "cuts": _mapping(_flat(old.parameters.get("cuts")), _flat(new.parameters.get("cuts"))),
        "reference": _reference(old, new),
        "code": _mapping(_code(old, True), _code(new, True)),
        "libraries": _mapping(_code(old, False), _code(new, False)),
    }
    rows = [(cause, bool(detail), "; ".join(detail)) for cause, detail in found.items()]
    return pd.DataFrame(rows, columns=["cause", "differs", "detail"])


def _data(old: StoredRun, new: StoredRun) -> list[str]:
    """Compare input files by what is in them, whatever their names; a model's file is no data."""
    sums = [
        {str(item["sha256"]): item for item in run.facts.get("inputs") or [] if item["role"] != "model"}
        for run in (old, new)
    ]
    gone = [sums[0][key] for key in sums[0].keys() - sums[1].keys()]
    come = [sums[1][key] for key in sums[1].keys() - sums[0].keys()]
    return sorted(f"{_named(item)} no longer read" for item in gone) + sorted(
        f"{_named(item)} new or changed" for item in come
    )


def _named(item: dict[str, Any]) -> str:
    return f"{str(item['path']).rpartition('/')[2]} ({item['role']}, {str(item['sha256'])[:8]})"


def _model(run: StoredRun) -> dict[str, Any]:
    chosen = {name: part for name, part in run.parameters.items() if name not in _NOT_MODEL}
    if "version" in run.dataset:
        years = run.dataset["year"].values
        chosen["version"] = {
            str(year): str(text) for year, text in zip(years, run.dataset["version"].values, strict=True)
        }
    return chosen


def _code(run: StoredRun, own: bool) -> dict[str, str]:
    return {name: text for name, text in run.versions.items() if (name in _OF_CODE) == own}


def _reference(old: StoredRun, new: StoredRun) -> list[str]:
    present = ["reference" in run.dataset for run in (old, new)]
    if not all(present):
        return [] if not any(present) else [f"given only in the {'old' if present[0] else 'new'} run"]
    values = [run.dataset["reference"].to_series() for run in (old, new)]
    both = pd.concat(values, axis=1, keys=["old", "new"]).sort_index()
    moved = both[~np.isclose(both["old"], both["new"], rtol=0, atol=1e-9, equal_nan=True)]
    return [f"{year}: {row.old:.4f} became {row.new:.4f}" for year, row in moved.iterrows()]


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Return nested settings as dotted names."""
    if isinstance(value, dict) and value:
        return {
            name: text
            for key, item in value.items()
            for name, text in _flat(item, f"{prefix}.{key}" if prefix else str(key)).items()
        }
    return {} if value is None and not prefix else {prefix: str(value)}


def _mapping(old: dict[str, str], new: dict[str, str]) -> list[str]:
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [f"{name}: {old.get(name, 'not set')} became {new.get(name, 'not set')}" for name in changed]
