"""All files of a run for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.cells import CELL, grid_of
from leefraster.export.atomic import disk_faults, remove_former, written_beside
from leefraster.export.cog import Raster, write_raster
from leefraster.export.contents import CONTENTS, Entry, listed, write_contents
from leefraster.export.geopackage import write_areas, write_clusters
from leefraster.export.geoparquet import write_cells
from leefraster.export.latest import latest_year, layers_in_table, of_latest_year, unit_of
from leefraster.export.rasters import rasters_of
from leefraster.export.run_tables import run_tables
from leefraster.export.tables import global_statistics, write_csv, years

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.record import RunRecord

Progress = Callable[[int, int], None]
Write = Callable[[Path], None]
Task = tuple[Entry, Write]


def write_exports(record: RunRecord, folder: str | Path, *, progress: Progress | None = None) -> list[Path]:
    """Write a run for QGIS, R, pandas and spreadsheets.

    Parameters
    ----------
    record : RunRecord
        The run.
    folder : str or Path
        Where the files go; made when absent. Files of an earlier export there are replaced, those it listed
        and this one lacks are removed, other files are left alone.
    progress : callable, optional
        Called as ``progress(files_written, files)``.

    Returns
    -------
    list of Path
        The files: ``clusters.gpkg`` (outlines with the table of clusters), ``cells_<year>.parquet`` (squares
        with scores, labels and the statistics of the total, of the latest year), ``<statistic>_<year>.tif``
        (one band a layer), tables as CSV, and ``contents.csv``, which lists them. A run on areas has
        ``areas_<year>.gpkg`` (points) instead of squares and rasters.

    Raises
    ------
    EnvironmentFault
        When the disk is full or the folder cannot be written; what stood there is then unchanged.
    """
    place = Path(folder)
    former = listed(place)
    tasks = list(_tasks(record))
    with written_beside(place) as waiting:
        for number, (entry, write) in enumerate(tasks, start=1):
            with disk_faults(place):
                write(waiting / entry.file)
            if progress:
                progress(number, len(tasks))
        with disk_faults(place):
            write_contents([entry for entry, _ in tasks], record.run_id, waiting / CONTENTS)
    names = [*(entry.file for entry, _ in tasks), CONTENTS]
    remove_former(place, former, names)
    return [place / name for name in names]


def _tasks(record: RunRecord) -> Iterator[Task]:
    data = record.dataset
    latest = of_latest_year(data)
    stem = "" if latest_year(data) is None else f"_{latest_year(data)}"
    yield from _maps(record, latest, stem)
    for name, table in _tables(record).items():
        if len(table.columns):
            yield _csv(name, table)


def _maps(record: RunRecord, latest: xr.Dataset, stem: str) -> Iterator[Task]:
    year = stem.removeprefix("_")
    layers = ", ".join(layers_in_table(latest)) or "no layers"
    if record.structural is not None:
        clusters = record.structural
        yield (
            Entry("clusters.gpkg", "outlines of the structural clusters, with their table"),
            lambda path: write_clusters(clusters.polygons, clusters.table, path),
        )
    if unit_of(latest) == CELL:
        text = f"cells as squares: scores, labels and statistics of {layers}, {year}"
        yield Entry(f"cells{stem}.parquet", text), lambda path: write_cells(latest, path)
        for raster in rasters_of(latest):
            yield _raster(raster, latest, stem)
    elif {"x", "y"} <= set(latest.coords):
        text = f"areas as points: scores and statistics of {layers}, {year}"
        yield Entry(f"areas{stem}.gpkg", text), lambda path: write_areas(latest, path)


def _raster(raster: Raster, latest: xr.Dataset, stem: str) -> Task:
    text = f"{raster.tags.get('long_name', raster.name)}, {stem.removeprefix('_')}; bands {', '.join(raster.bands)}"
    grid, cells = grid_of(latest), latest[CELL].values
    return (
        Entry(f"{raster.name}{stem}.tif", text),
        lambda path: write_raster(raster, grid, cells, path),
    )


def _tables(record: RunRecord) -> dict[str, pd.DataFrame]:
    tables = run_tables(record)
    found = {"moran_by_year_and_layer": global_statistics(record.dataset), "years": years(record.dataset)}
    return {**tables, **{name: table for name, table in found.items() if table is not None}}


def _csv(name: str, table: pd.DataFrame) -> Task:
    return Entry(f"{name}.csv", f"table, {len(table)} rows"), lambda path: write_csv(table, path)
