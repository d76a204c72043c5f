"""The public call that hands results on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from leefraster.disclosure.rule import DisclosureRule
from leefraster.errors import UsageError
from leefraster.exports.exports import USUAL, Progress, write_exports
from leefraster.exports.handover import Handover
from leefraster.exports.latest import unit_of
from leefraster.exports.outgoing import cells_within, said_of
from leefraster.exports.protection import protect_run

if TYPE_CHECKING:
    from leefraster.store import Store


def export(
    source: xr.Dataset | Store | str | Path,
    folder: str | Path,
    *,
    run: str | int | None = None,
    formats: Sequence[str] = USUAL,
    disclosure: DisclosureRule | None = None,
    areas: Sequence[str] = (),
    licence: str = "",
    progress: Progress | None = None,
) -> list[Path]:
    """Hand results on to QGIS, R, pandas and spreadsheets.

    Parameters
    ----------
    source : Dataset, Store, str or Path
        Data over `cell` or `area`; or a store or the folder of a run (with ``store/`` in it).
    folder : str or Path
        Where the files go; made when absent.
    run : str, int or None
        Which run of a store; None takes the last.
    formats : sequence of str
        Out of "geopackage", "geoparquet", "geotiff", "netcdf", "csv", "excel" and "r".
    disclosure : DisclosureRule or None
        Withhold and round by this rule; every file says what was applied.
    areas : sequence of str
        Only the cells of these areas: codes of a variable of the data (neighbourhood, municipality, ...).
        National means and statistics stay those of the whole.
    licence : str
        Licence of the exported data, stated in ``datapackage.json``.
    progress : callable, optional
        Called as ``progress(files_written, files)``.

    Returns
    -------
    list of Path
        The files; ``contents.csv`` and ``datapackage.json`` describe them.

    Raises
    ------
    UsageError
        When a format, run or area is not known, or disclosure control is asked for data without dwellings or
        inhabitants.
    EnvironmentFault
        When the folder cannot be written; what stood there is then unchanged.

    Examples
    --------
    >>> import tempfile, numpy as np, xarray as xr
    >>> import leefraster as lr
    >>> raster = xr.DataArray(np.arange(9.0).reshape(3, 3), dims=("y", "x"), name="value",
    ...                       coords={"y": [250.0, 150, 50], "x": [50.0, 150, 250]})
    >>> cells = lr.from_raster(raster.to_dataset())
    >>> folder = tempfile.mkdtemp()
    >>> [path.name for path in lr.export(cells, folder, formats=["geoparquet"])]
    ['cells.parquet', 'contents.csv', 'datapackage.json']
    """
    handover = _of(source, run)
    if areas:
        handover = within(handover, areas)
    if disclosure is not None:
        handover = protected(handover, disclosure)
    return write_exports(handover, folder, formats=formats, licence=licence, progress=progress)


def _of(source: xr.Dataset | Store | str | Path, run: str | int | None) -> Handover:
    if isinstance(source, xr.DataArray):
        raise UsageError(
            "source is a DataArray; give a Dataset (field.to_dataset(name=...)), a store or its folder"
        )
    if isinstance(source, xr.Dataset):
        if run is not None:
            raise UsageError(f"run is {run!r}, but a Dataset is one run; give a store or its folder")
        return Handover(source, title=str(source.attrs.get("title", "")))
    from leefraster.store import Store

    if isinstance(source, Store):
        return Handover.of_stored(source, run)
    place = Path(source)
    return Handover.of_stored(Store.open(place / "store" if (place / "store").is_dir() else place), run)


def protected(handover: Handover, rule: DisclosureRule) -> Handover:
    """Return a handover of which nothing can be worked out that the rule withholds."""
    done = protect_run(handover.dataset, handover.tables, rule)
    return replace(handover, dataset=done.dataset, tables=done.tables, protection=done.said)


def within(handover: Handover, areas: Sequence[str]) -> Handover:
    """Return the part of a handover that lies in some areas.

    Raises
    ------
    UsageError
        When a code is in no variable of codes; the message names the variables.
    """
    kept = handover.dataset.isel({unit_of(handover.dataset): cells_within(handover.dataset, areas)})
    tables, clusters = dict(handover.tables), handover.clusters
    if "structural_label" in kept:
        numbers = set(kept["structural_label"].values.tolist()) - {0}
        for name in ("clusters", "course"):
            if name in tables:
                tables[name] = tables[name][tables[name]["cluster"].isin(numbers)]
        clusters = None if clusters is None else clusters[clusters["cluster"].isin(numbers)]
    notes = (*handover.notes, said_of(kept, areas))
    return replace(handover, dataset=kept, tables=tables, clusters=clusters, notes=notes)
