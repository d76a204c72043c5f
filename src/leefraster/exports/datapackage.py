"""What an export holds, for programs and people: a Frictionless Data Package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from leefraster.exports.contents import Entry
    from leefraster.exports.handover import Handover

DATAPACKAGE = "datapackage.json"
_MEDIA = {
    ".csv": "text/csv",
    ".gpkg": "application/geopackage+sqlite3",
    ".parquet": "application/vnd.apache.parquet",
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".nc": "application/netcdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".qml": "application/xml",
    ".R": "text/x-r",
}


def write_datapackage(
    handover: Handover,
    entries: list[Entry],
    columns: Mapping[str, Mapping[str, tuple[str, str, str]]],
    folder: Path,
    licence: str,
) -> None:
    """Write ``datapackage.json`` over the files that are in a folder.

    Parameters
    ----------
    handover : Handover
        What was exported, with its provenance.
    entries : list of Entry
        The files.
    columns : mapping of str to mapping
        For each file of a table: name of a column -> (type, unit, meaning).
    folder : Path
        Where the files are.
    licence : str
        Licence of the exported data, as a name or address; "" when nobody said.
    """
    package: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": _name(handover.run_id or "export"),
        "title": handover.title or "leefraster export",
        "id": handover.run_id,
        "description": _description(handover),
        "sources": [
            {"title": item.get("role", "input"), "path": Path(str(item.get("path", ""))).name, **_hash(item)}
            for item in handover.inputs
        ],
        "licenses": [{"name": licence}] if licence else [],
        "versions": dict(handover.versions),
        "resources": [_resource(entry, folder, columns.get(entry.file)) for entry in entries],
    }
    if not licence:
        package["licence_note"] = "no licence was stated; that of the sources applies"
    text = json.dumps(package, indent=2, ensure_ascii=False)
    (folder / DATAPACKAGE).write_text(text + "\n", encoding="utf-8")


def _description(handover: Handover) -> str:
    protection = f"Disclosure control: {handover.protection}." if handover.protection else (
        "No disclosure control was applied."
    )  # fmt: skip
    return " ".join([protection, *handover.notes])


def _hash(item: Mapping[str, Any]) -> dict[str, str]:
    return {"hash": f"sha256:{item['sha256']}"} if item.get("sha256") else {}


def _resource(
    entry: Entry, folder: Path, columns: Mapping[str, tuple[str, str, str]] | None
) -> dict[str, Any]:
    path = folder / entry.file
    resource: dict[str, Any] = {
        "name": _name(path.name.replace(".", "-")),
        "path": entry.file,
        "title": entry.content,
        "mediatype": _MEDIA.get(path.suffix, "application/octet-stream"),
        "format": path.suffix.lstrip("."),
        "bytes": path.stat().st_size,
        "hash": "sha256:" + _digest(path),
    }
    if columns is not None:
        resource |= {"type": "table", "encoding": "utf-8"} if path.suffix == ".csv" else {}
        resource["schema"] = {
            "fields": [
                {
                    "name": name,
                    "type": kind,
                    **({"unit": unit} if unit else {}),
                    **({"title": said} if said else {}),
                }
                for name, (kind, unit, said) in columns.items()
            ],
            "missingValues": [""],
        }
    return resource


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(text: str) -> str:
    """Return a name as Frictionless wants it: lower case, digits, ``-_.``."""
    return "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in text.lower()
    )


def columns_of_table(table: pd.DataFrame, name: str = "") -> dict[str, tuple[str, str, str]]:
    """Return type, unit and meaning of the columns of a written table, by its name where that matters."""
    from leefraster.exports.tables import flat

    kinds = {"i": "integer", "u": "integer", "f": "number", "b": "boolean"}
    written, own = flat(table), _OF_TABLE.get(name, {})
    return {
        str(column): (
            kinds.get(getattr(written[column].dtype, "kind", "O"), "string"),
            _UNITS.get(str(column), ""),
            own.get(str(column)) or _MEANINGS.get(str(column)) or _gap(str(column)),
        )
        for column in written.columns
    }


def _gap(column: str) -> str:
    """Return the meaning of a gap by dimension; "" for other columns."""
    dimension = column.removeprefix("gap_")
    return "" if dimension == column else f"contribution of dimension {dimension} minus that of the country"


_UNITS = {
    "x": "m",
    "y": "m",
    "seconds": "s",
    "size": "byte",
    "dwellings": "dwellings",
    "households": "households",
    "severity": "dwellings x level points",
}
_MEANINGS = {
    "cluster": "number of the cluster",
    "rank": "1 is the most severe",
    "code": "code",
    "name": "name",
    "x": "x coordinate; of a cluster its centre, weighted by dwellings",
    "y": "y coordinate; of a cluster its centre, weighted by dwellings",
    "municipality": "code of the municipality; of a cluster the one with most of its dwellings",
    "neighbourhoods": "codes of all neighbourhoods that the cluster touches, those with most dwellings first",
    "country": "dwelling-weighted mean level of the country",
    "cells": "cells in the cluster, bridges included",
    "bridge_cells": "cells that only join parts of a cluster",
    "dwellings": "dwellings",
    "weak_share": "share of dwellings in class 4 or lower",
    "weak_years": "measurement years under pressure",
    "time_share": "share of the time covered under pressure",
    "fixed_share": "share of the dwellings in cells that have a level in every year, which level and gap are about",
    "severity": "dwellings times level points short of the upper level of the weak class, summed over cells",
    "level": "dwelling-weighted mean level",
    "gap": "level minus that of the country; biased by selection",
    "gap_urbanity": "level minus that of the same urbanity class",
    "slope": "change of the gap a year",
    "slope_low": "lower limit of the slope, 95 %",
    "slope_high": "upper limit of the slope, 95 %",
    "state": "diverging, lagging, catching up or ahead, against the country",
    "years_to_close": "years until the gap closes if its course goes on; empty when it does not",
    "slope_urbanity": "change a year of the gap to the same urbanity class",
    "slope_urbanity_low": "lower limit of that slope, 95 %",
    "slope_urbanity_high": "upper limit of that slope, 95 %",
    "state_urbanity": "the same against the same urbanity class; empty where not known",
    "years_to_close_urbanity": "years until that gap closes if its course goes on; empty when it does not",
    "reappears": "share of recomputations under perturbed scores in which it is a cluster again",
    "hangs_on": "thresholds of which one step either way loses the cluster",
    "weakest_dimension": "dimension that pulls the level down most",
    "second_dimension": "dimension that pulls the level down most but one",
    "cold_share": "share of cells that are significantly cold in the latest year",
    "year": "measurement year",
    "layer": "dimension or total",
}
_OF_TABLE = {
    "thresholds": {
        "threshold": "threshold of the rule that is moved",
        "value": "what it is moved to",
        "clusters": "clusters by the rule with the moved threshold",
        "dwellings": "dwellings in these clusters",
        "jaccard": "overlap with the clusters as they stand: dwellings in both over dwellings in either",
        "lost": "clusters as they stand that do not reappear",
    }
}
