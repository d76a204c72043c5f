"""All files of a run for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.cells import CELL, grid_of
from leefraster.errors import UsageError
from leefraster.exports.atomic import disk_faults, remove_former, written_beside
from leefraster.exports.cog import Raster, write_raster
from leefraster.exports.contents import CONTENTS, Entry, listed, write_contents
from leefraster.exports.datapackage import DATAPACKAGE, columns_of_table, write_datapackage
from leefraster.exports.excel import write_excel
from leefraster.exports.geopackage import write_areas, write_cells_as_squares, write_clusters
from leefraster.exports.geoparquet import write_cells
from leefraster.exports.handover import Handover
from leefraster.exports.latest import latest_year, layers_in_table, of_latest_year, unit_of, with_class
from leefraster.exports.netcdf import write_netcdf
from leefraster.exports.r_folder import SCRIPT, r_script
from leefraster.exports.rasters import rasters_of
from leefraster.exports.styles import raster_qml
from leefraster.exports.tables import global_statistics, write_csv, years

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.record import RunRecord

Progress = Callable[[int, int], None]
Write = Callable[[Path], None]
Task = tuple[Entry, Write]

FORMATS = ("geopackage", "geoparquet", "geotiff", "netcdf", "csv", "excel", "r")
USUAL = ("geopackage", "geoparquet", "geotiff", "csv")
"""What a run writes unless told; the others take time and room, and come by `leefraster export`."""


def write_exports(
    source: RunRecord | Handover,
    folder: str | Path,
    *,
    formats: Sequence[str] = USUAL,
    licence: str = "",
    progress: Progress | None = None,
) -> list[Path]:
    """Write a run for QGIS, R, pandas and spreadsheets.

    Parameters
    ----------
    source : RunRecord or Handover
        The run.
    folder : str or Path
        Where the files go; made when absent. Files of an earlier export there are replaced, those it listed
        and this one lacks are removed, other files are left alone.
    formats : sequence of str
        Out of `FORMATS`.
    licence : str
        Licence of the exported data, for ``datapackage.json``.
    progress : callable, optional
        Called as ``progress(files_written, files)``.

    Returns
    -------
    list of Path
        The files: ``clusters.gpkg`` (outlines with the table of clusters) and ``cells_<year>.gpkg`` (squares),
        with styles for QGIS in them; ``cells_<year>.parquet``, the same for programs; ``<statistic>_<year>.tif``
        (one band a layer) and ``<code>_<layer>_<year>.tif`` (with colours), each with a ``.qml`` for QGIS;
        ``rasters_<year>.nc``; tables as CSV and in ``tables.xlsx``; ``read.R``; ``datapackage.json`` and
        ``contents.csv``, which list them. A run on areas has ``areas_<year>.gpkg`` (points) instead of squares
        and rasters.

    Raises
    ------
    UsageError
        When a format is not known, or none of the formats has anything to write.
    EnvironmentFault
        When the disk is full or the folder cannot be written; what stood there is then unchanged.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise UsageError(f"format {unknown[0]!r} is not known; there are {', '.join(FORMATS)}")
    handover = source if isinstance(source, Handover) else Handover.of_record(source)
    place = Path(folder)
    former = listed(place)
    tables = _tables(handover)
    tasks = list(_tasks(handover, tables, formats))
    entries = [entry for entry, _ in tasks]
    if not entries:
        raise UsageError(
            f"nothing to write as {', '.join(formats)}: rasters and tables are made of the named results of a run; "
            "cells leave as geopackage or geoparquet, areas by areas.to_geopandas(result)"
        )
    with written_beside(place) as waiting:
        for number, (entry, write) in enumerate(tasks, start=1):
            with disk_faults(place):
                write(waiting / entry.file)
            if progress:
                progress(number, len(tasks))
        described = {f"{name}.csv": columns_of_table(table, name) for name, table in tables.items()}
        with disk_faults(place):
            write_contents(entries, handover.run_id, waiting / CONTENTS)
            write_datapackage(handover, entries, described, waiting, licence)
    names = [*(entry.file for entry in entries), CONTENTS, DATAPACKAGE]
    remove_former(place, former, names)
    return [place / name for name in names]


def _tasks(handover: Handover, tables: dict[str, pd.DataFrame], formats: Sequence[str]) -> Iterator[Task]:
    data = handover.dataset
    latest = with_class(of_latest_year(data), handover.parameters)
    stem = "" if latest_year(data) is None else f"_{latest_year(data)}"
    maps = [*_shapes(handover, latest, stem, formats), *_rasters(handover, latest, stem, formats)]
    yield from maps
    if "csv" in formats or "r" in formats:
        for name, table in tables.items():
            yield Entry(f"{name}.csv", f"table, {len(table)} rows"), partial(write_csv, table)
    if "excel" in formats:
        about = _about(handover)
        yield (
            Entry("tables.xlsx", f"the tables, a sheet each: {', '.join(tables)}"),
            lambda path: write_excel(tables, about, path),
        )
    if "r" in formats:
        yield _script([entry.file for entry, _ in maps], tables)


def _shapes(handover: Handover, latest: xr.Dataset, stem: str, formats: Sequence[str]) -> Iterator[Task]:
    year = stem.removeprefix("_")
    about = f"{', '.join(layers_in_table(latest)) or 'no layers'}, {year}"
    wants = {name: name in formats or (name == "geopackage" and "r" in formats) for name in FORMATS}
    if wants["geopackage"] and handover.clusters is not None and "clusters" in handover.tables:
        outlines, table = handover.clusters, handover.tables["clusters"]
        text = "outlines of the structural clusters, with their table"
        yield Entry("clusters.gpkg", text), lambda path: write_clusters(outlines, table, path, text)
    if unit_of(latest) == CELL:
        text = f"cells as squares: scores, labels and statistics of {about}"
        if wants["geopackage"]:
            yield Entry(f"cells{stem}.gpkg", text), lambda path: write_cells_as_squares(latest, path, text)
        if wants["geoparquet"]:
            yield Entry(f"cells{stem}.parquet", text), partial(write_cells, latest)
    elif wants["geopackage"] and {"x", "y"} <= set(latest.coords):
        text = f"areas as points: scores and statistics of {about}"
        yield Entry(f"areas{stem}.gpkg", text), lambda path: write_areas(latest, path, text)


def _rasters(handover: Handover, latest: xr.Dataset, stem: str, formats: Sequence[str]) -> Iterator[Task]:
    if unit_of(latest) != CELL:
        return
    if "geotiff" in formats:
        for raster in rasters_of(latest):
            yield from _raster(raster, latest, stem)
    if "netcdf" in formats:
        text = f"all fields of {stem.removeprefix('_')} as rasters (CF)"
        about = _about(handover)
        yield Entry(f"rasters{stem}.nc", text), lambda path: write_netcdf(latest, path, about)


def _raster(raster: Raster, latest: xr.Dataset, stem: str) -> Iterator[Task]:
    text = f"{raster.tags.get('long_name', raster.name)}, {stem.removeprefix('_')}; bands {', '.join(raster.bands)}"
    grid, cells = grid_of(latest), latest[CELL].values
    yield Entry(f"{raster.name}{stem}.tif", text), lambda path: write_raster(raster, grid, cells, path)
    if raster.style is not None:
        qml = raster_qml(raster.style, raster.shift)
        yield (
            Entry(f"{raster.name}{stem}.qml", f"colours and labels of {raster.name}{stem}.tif for QGIS"),
            lambda path: _write_text(qml, path),
        )


def _script(maps: Sequence[str], tables: dict[str, pd.DataFrame]) -> Task:
    def first(start: str) -> str | None:
        return next((name for name in maps if name.startswith(start) and name.endswith(".gpkg")), None)

    rasters = [name for name in maps if name.endswith(".tif")]
    kinds = [
        (name, kind) for table in tables.values() for name, (kind, _, _) in columns_of_table(table).items()
    ]
    text = sorted({name for name, kind in kinds if kind == "string"})
    script = r_script(first("cells") or first("areas"), first("clusters"), rasters, text)
    return Entry(SCRIPT, "reads this folder into R"), lambda path: _write_text(script, path)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _about(handover: Handover) -> dict[str, str]:
    """Return what a file says of itself."""
    said = {
        "title": handover.title,
        "run": handover.run_id,
        "source": ", ".join(sorted({Path(str(item.get("path", ""))).name for item in handover.inputs})),
        "history": f"leefraster {handover.versions.get('leefraster', '')}".strip(),
        "disclosure_control": handover.protection or "none applied",
        "notes": " | ".join(handover.notes),
    }
    return {name: text for name, text in said.items() if text}


def _tables(handover: Handover) -> dict[str, pd.DataFrame]:
    found = {"moran_by_year_and_layer": global_statistics(handover.dataset), "years": years(handover.dataset)}
    tables = {**handover.tables, **{name: table for name, table in found.items() if table is not None}}
    return {name: table for name, table in tables.items() if len(table.columns)}
