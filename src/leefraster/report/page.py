"""The report of a run: every section gathered, the template filled, the file written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leefraster.record import RunRecord, Step
from leefraster.report import answers, clusters, course, national, risers
from leefraster.report.notes import is_demonstration, model_of, notes
from leefraster.report.picture import Picture
from leefraster.report.places import Place, places_of
from leefraster.report.tables import Table, printed
from leefraster.report.templating import filled, written
from leefraster.report.view import TOTAL, View
from leefraster.report.wording import NOTHING, file_size, layer_name, moment, number, plain, share, whole

Figure = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class LayerMaps:
    """The maps of one layer, side by side."""

    name: str
    pictures: tuple[Picture, ...]


def write_report(record: RunRecord, path: str | os.PathLike[str], *, figures: bool = True) -> Path:
    """Write the report of a run as one HTML file that needs nothing else.

    Parameters
    ----------
    record : RunRecord
        What the run left behind; every figure in the report is read from it. Sections whose input is absent
        are left out, and the report says so with the reason of the skipped step.
    path : path
        The file to write; replaced only when the new one is complete.
    figures : bool
        Draw maps and charts; False gives text and tables only.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    EnvironmentFault
        When the file cannot be written.
    """
    return written(render(record, figures=figures), Path(path))


def render(record: RunRecord, *, figures: bool = True) -> str:
    """Return the report as HTML; all text that comes from data is escaped by the template."""
    return filled("report.html", content(record, figures=figures))


def content(record: RunRecord, *, figures: bool = True) -> dict[str, Any]:
    """Return what the template shows."""
    view = View.of(record.dataset)
    place = places_of(record.dataset)
    found = clusters.section(record, view, place, figures=figures)
    parts = {
        "national": _national(view, place) if figures and place is not None else (),
        "layers": _layers(view, place) if figures and place is not None else (),
        "clusters": found,
        "time": course.over_time(record, view, figures=figures),
        "risers": risers.section(record, view, place, figures=figures),
        "dimensions": course.by_dimension(view, figures=figures),
        "moran": course.moran(view, figures=figures),
        "answers": tuple(answers.page(answer, figures=figures) for answer in record.answers),
        "detection": _detection(record),
        "crosscheck": _crosscheck(record),
    }
    return {
        **parts,
        "record": record,
        "view": view,
        "started": moment(record.started),
        "many": "cells" if view.unit == "cell" else "areas",
        "demonstration": is_demonstration(record),
        "model": model_of(record),
        "key_figures": _key_figures(record, view),
        "absent": _absent(parts, record.steps, figures),
        "notes": notes(record, view),
        "names": [layer_name(layer, dutch=view.scores) for layer in view.layers if layer != TOTAL],
        "grid": _grid(record),
        "version": record.versions.get("leefraster", ""),
        "parameters": _flat(record.parameters),
        "inputs": [(f.role, f.path.name, file_size(f.size), f.sha256) for f in record.inputs],
        "gaps": course.gaps(record),
        "seconds": [(s, number(s.seconds, 1)) for s in record.steps],
    }


def _national(view: View, place: Place) -> tuple[Picture, ...]:
    if view.main != TOTAL:
        return ()
    drawn = [
        national.value_map(view, place, TOTAL, width=760),
        national.spot_map(view, place, TOTAL, width=760),
        national.quadrant_map(view, place, TOTAL, width=national.SMALL),
    ]
    return tuple(picture for picture in drawn if picture is not None)


def _layers(view: View, place: Place) -> tuple[LayerMaps, ...]:
    out = []
    for layer in view.layers:
        if layer == TOTAL:
            continue
        drawn = [
            national.value_map(view, place, layer, width=national.SMALL),
            national.spot_map(view, place, layer, width=national.SMALL),
        ]
        pictures = tuple(picture for picture in drawn if picture is not None)
        if pictures:
            name = layer_name(layer, dutch=True)
            out.append(LayerMaps(name[:1].upper() + name[1:] if view.scores else name, pictures))
    return tuple(out)


def _key_figures(record: RunRecord, view: View) -> list[Figure]:
    """Return figures as (value, what, remark)."""
    year = view.latest(view.main) if view.main else None
    if year is None or view.main is None:
        return []
    values = np.asarray(view.base(view.main, year), dtype=float)
    many = "cells" if view.unit == "cell" else "areas"
    held = int(np.isfinite(values).sum())
    out: list[Figure] = [
        (whole(held), f"{many} with a value", f"in {year}"),
        (
            str(len(view.years)),
            "measurement years" if len(view.years) > 1 else "measurement year",
            _span(view),
        ),
    ]
    return [*out, *_level_figure(view, year), *_statistics_figures(view, year), *_cluster_figures(record)]


def _level_figure(view: View, year: int) -> list[Figure]:
    level = view.values("reference", year=year)
    if level is None or not np.isfinite(float(level)):
        return []
    return [(number(level, 3), "national mean level", f"in {year}")]


def _statistics_figures(view: View, year: int) -> list[Figure]:
    layer = str(view.main)
    out: list[Figure] = []
    index = view.values("moran_I", year=year, layer=layer)
    if index is not None:
        out.append((number(index, 3), "global Moran's I", f"of {layer_name(layer)}, {year}"))
    spots = view.values("getis_ord_spot", year=year, layer=layer)
    if spots is not None:
        held = max(int(np.isfinite(np.asarray(view.base(layer, year), dtype=float)).sum()), 1)
        cold = share(float((spots <= -2).sum()) / held)
        out.append((cold, "significantly cold", "at 95 %; says little more than below the mean"))
    return out


def _cluster_figures(record: RunRecord) -> list[Figure]:
    if record.structural is None:
        return []
    table = record.structural.table
    if not len(table) and clusters.could_select_nothing(record):
        return [(NOTHING, "structural clusters", "the rule could select nothing, whatever the levels are")]
    hidden = int(table["dwellings"].isna().sum()) if len(table) else 0
    dwellings = whole(float(table["dwellings"].sum(skipna=False))) if len(table) else "0"
    remark = f"{hidden} of {len(table)} withheld" if hidden else "in the latest year"
    return [
        (whole(len(table)), "structural clusters", "under pressure in most years, the last two among them"),
        (dwellings, "dwellings in them", remark),
    ]


def _span(view: View) -> str:
    return str(view.years[0]) if len(view.years) == 1 else f"{view.years[0]} to {view.years[-1]}"


# Section -> its name, and the step of the run that its input comes from.
_SECTIONS = {
    "national": ("Maps of the total", ""),
    "layers": ("Maps by dimension or layer", ""),
    "clusters": ("Structural clusters", "structural"),
    "time": ("Level over time", "structural"),
    "risers": ("Risers and fallers", "risers"),
    "dimensions": ("Clusters by dimension", "structural"),
    "moran": ("Global Moran's I", "global"),
    "answers": ("Answered questions", ""),
    "crosscheck": ("Cross-check with esda", "cross"),
}


def _absent(parts: dict[str, Any], steps: tuple[Step, ...], figures: bool) -> list[tuple[str, str]]:
    """Return what is left out, with the reason of the step that was skipped, alike reasons together."""
    skipped = [step for step in steps if step.status == "skipped"]
    out: dict[str, list[str]] = {}
    for key, (name, word) in _SECTIONS.items():
        if parts[key]:
            continue
        reason = "the run holds no input for it"
        if word:
            reason = next((s.reason for s in skipped if s.name.lower().startswith(word)), reason)
        elif key in ("national", "layers") and not figures:
            reason = "this report was made without figures"
        out.setdefault(reason, []).append(name)
    for step in skipped:
        if step.name.startswith("question"):
            out.setdefault(step.reason, []).append(step.name.capitalize().replace("_", " "))
    return [("; ".join(names), reason) for reason, names in out.items()]


def _detection(record: RunRecord) -> list[tuple[str, str]]:
    found = record.detection
    if found is None:
        return []
    shown = {
        "found_share": ("share of planted dwellings that were found", share, 1),
        "false_share": ("share of found dwellings that were not planted", share, 1),
        "clusters_found": ("planted clusters found", number, 0),
        "clusters_planted": ("clusters planted", number, 0),
        "planted_dwellings": ("dwellings planted", number, 0),
        "found_dwellings": ("dwellings found", number, 0),
    }
    rows = [(words, how(found[key], digits)) for key, (words, how, digits) in shown.items() if key in found]
    return rows + [(key.replace("_", " "), plain(value)) for key, value in found.items() if key not in shown]


def _crosscheck(record: RunRecord) -> Table | None:
    return None if record.crosscheck is None or not len(record.crosscheck) else printed(record.crosscheck)


def _grid(record: RunRecord) -> str:
    attrs = record.dataset.coords["spatial_ref"].attrs if "spatial_ref" in record.dataset.coords else {}
    if "GeoTransform" not in attrs:
        return "drawn by the areas' representative points"
    cell = float(str(attrs["GeoTransform"]).split()[1])
    crs = f", {attrs['crs']}" if attrs.get("crs") else ""
    return f"{attrs['nx']} × {attrs['ny']} cells of {cell:g} m{crs}"


def _flat(tree: dict[str, Any], head: str = "") -> list[tuple[str, str]]:
    """Return parameters as (dotted name, text)."""
    out: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{head}.{key}" if head else str(key)
        out += _flat(value, name) if isinstance(value, dict) and value else [(name, plain(value))]
    return out
