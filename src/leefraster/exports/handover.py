"""What goes out: the same value from a run that has just finished and from one in the store."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xarray as xr

from leefraster.exports.run_tables import run_tables

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from leefraster.record import RunRecord
    from leefraster.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Handover:
    """Fields, tables, outlines and provenance.

    Attributes
    ----------
    dataset : Dataset
        Fields and statistics over cells or areas.
    tables : dict of str to DataFrame
        Tables by name.
    clusters : GeoDataFrame or None
        Outlines of the clusters, column ``cluster``.
    run_id, title : str
        What is handed over.
    parameters, versions : dict
        How it was made.
    inputs : list of dict
        Path, SHA-256, size and role of what was read.
    notes : tuple of str
        What a reader must know.
    protection : str
        What disclosure control did, in words; "" when none was applied.
    """

    dataset: xr.Dataset
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    clusters: geopandas.GeoDataFrame | None = None
    run_id: str = ""
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    protection: str = ""

    @classmethod
    def of_record(cls, record: RunRecord) -> Handover:
        """Take a run that has just finished."""
        return cls(
            record.dataset,
            run_tables(record),
            None if record.structural is None else record.structural.polygons,
            record.run_id,
            record.title,
            record.parameters,
            record.versions,
            [{**dataclasses.asdict(item), "path": str(item.path)} for item in record.inputs],
            record.notes,
            str(record.dataset.attrs.get("disclosure_control", "")),
        )

    @classmethod
    def of_stored(cls, store: Store, run: str | int | None = None) -> Handover:
        """Take a run from a store; the outlines of its clusters are drawn again from their cells."""
        dataset, tables, facts = store.read(run), store.tables(run), store.facts(run)
        return cls(
            dataset,
            tables,
            _outlines(dataset, tables),
            str(facts.get("run_id", "")),
            str(facts.get("title", "")),
            dict(facts.get("parameters") or {}),
            dict(facts.get("versions") or {}),
            list(facts.get("inputs") or []),
            tuple(facts.get("notes") or ()),
        )


def _outlines(dataset: xr.Dataset, tables: dict[str, pd.DataFrame]) -> geopandas.GeoDataFrame | None:
    if "clusters" not in tables or "structural_label" not in dataset or "cell" not in dataset.dims:
        return None
    from leefraster.cells import grid_of
    from leefraster.clusters.polygons import cluster_polygons

    labels = dataset["structural_label"].values
    return cluster_polygons(grid_of(dataset), dataset["cell"].values, labels, tables["clusters"])
