"""What of a run may leave it: limited to areas, and protected, before report and exports are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from leefraster.disclosure.rule import DisclosureRule
from leefraster.errors import UsageError
from leefraster.exports.answer_protection import protected_answer
from leefraster.exports.latest import AREA, unit_of
from leefraster.exports.protection import PUBLISHED, STATUS, protect_run
from leefraster.record import RunRecord

if TYPE_CHECKING:
    from leefraster.changes.risers import RisersAndFallers
    from leefraster.clusters.structural import StructuralClusters
    from leefraster.questions.answer import Answer


def outgoing(
    record: RunRecord, *, rule: DisclosureRule | None = None, areas: Sequence[str] = ()
) -> RunRecord:
    """Return the part of a run that may be published.

    Parameters
    ----------
    record : RunRecord
        The run; it is left as it is, for the store.
    rule : DisclosureRule or None
        What must be withheld; None withholds nothing.
    areas : sequence of str
        Codes of areas to which maps and tables of clusters are limited; national figures stay.

    Raises
    ------
    UsageError
        When an area is not known, or a rule is given for a run without dwellings or inhabitants.
    """
    if areas:
        record = _within(record, areas)
    return record if rule is None else _protected(record, rule)


def cells_within(dataset: xr.Dataset, areas: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which cells (or areas) of a run lie in areas, by any of its variables of codes.

    Raises
    ------
    UsageError
        When a code is in none; the message names the variables.
    """
    unit = unit_of(dataset)
    named = {
        str(name): dataset[name].values.astype(str)
        for name in dataset.variables
        if dataset[name].dims == (unit,) and (dataset[name].dtype.kind in "UTO" or name == AREA)
    }
    inside = np.zeros(dataset.sizes[unit], dtype=bool)
    for code in areas:
        here = np.zeros(inside.size, dtype=bool)
        for codes in named.values():
            here |= codes == code
        if not here.any():
            raise UsageError(
                f"area {code!r} is in none of {', '.join(sorted(named)) or 'the data, which has no codes of areas'}"
            )
        inside |= here
    return inside


def said_of(dataset: xr.Dataset, areas: Sequence[str]) -> str:
    """Return the note that only a part is shown."""
    unit = unit_of(dataset)
    return (
        f"only the {dataset.sizes[unit]:,} {unit}s of {', '.join(areas)}; statistics are those of the whole"
    )


def _within(record: RunRecord, areas: Sequence[str]) -> RunRecord:
    unit = unit_of(record.dataset)
    inside = cells_within(record.dataset, areas)
    dataset = record.dataset.isel({unit: inside})
    structural = None if record.structural is None else _clusters_within(record.structural, inside)
    answers = tuple(replace(one, map=_part(one.map, unit, inside)) for one in record.answers)
    risers = None if record.risers is None else _risers_within(record.risers, dataset)
    notes = (*record.notes, said_of(dataset, areas))
    return replace(
        record, dataset=dataset, structural=structural, risers=risers, answers=answers, notes=notes
    )


def _clusters_within(clusters: StructuralClusters, inside: npt.NDArray[np.bool_]) -> StructuralClusters:
    """Return the clusters that have a cell inside, with their cells there; their figures are those of the whole."""
    labels = clusters.labels.isel(cell=inside)
    numbers = set(np.unique(labels.values).tolist()) - {0}
    return replace(
        clusters,
        labels=labels,
        table=clusters.table[clusters.table["cluster"].isin(numbers)].reset_index(drop=True),
        cells=clusters.cells.isel(cell=inside),
        course=clusters.course[clusters.course["cluster"].isin(numbers)].reset_index(drop=True),
    )


def _risers_within(risers: RisersAndFallers, dataset: xr.Dataset) -> RisersAndFallers:
    """Return the table of areas limited to those that the cells that are left lie in; national figures stay."""
    if risers.areas is None or str(risers.areas.index.name) not in dataset:
        return risers
    there = set(np.unique(dataset[str(risers.areas.index.name)].values.astype(str)).tolist())
    return replace(risers, areas=risers.areas[risers.areas.index.isin(there)])


def _part(field: xr.DataArray | None, unit: str, inside: npt.NDArray[np.bool_]) -> xr.DataArray | None:
    return None if field is None or unit not in field.dims else field.isel({unit: inside})


def _protected(record: RunRecord, rule: DisclosureRule) -> RunRecord:
    tables: dict[str, Any] = {}
    if record.structural is not None:
        tables = {"clusters": record.structural.table, "course": record.structural.course}
    if record.sensitivity is not None:
        tables["thresholds"] = record.sensitivity.thresholds
    if record.risers is not None:
        tables |= _risers_tables(record.risers)
    done = protect_run(record.dataset, tables, rule)
    structural, sensitivity = record.structural, record.sensitivity
    risers = None if record.risers is None else _risers_from(record.risers, done.tables)
    if sensitivity is not None:
        sensitivity = replace(sensitivity, thresholds=done.tables["thresholds"])
    if structural is not None:
        structural = replace(structural, table=done.tables["clusters"], course=done.tables["course"])
    published = done.dataset[STATUS] == PUBLISHED
    answers = tuple(protected_answer(one, rule, published) for one in record.answers)
    return replace(
        record,
        dataset=done.dataset,
        structural=structural,
        sensitivity=sensitivity,
        risers=risers,
        answers=answers,
        notes=(*record.notes, f"Disclosure control: {done.said}"),
    )


def _risers_tables(risers: RisersAndFallers) -> dict[str, Any]:
    """Return the tables of what rose and fell, where every row may have to be withheld."""
    tables = {"by class": risers.table, "overall": risers.overall.to_frame().T.infer_objects()}
    return tables if risers.areas is None else {**tables, "by area": risers.areas}


def _risers_from(risers: RisersAndFallers, tables: dict[str, Any]) -> RisersAndFallers:
    return replace(
        risers,
        table=tables["by class"],
        overall=tables["overall"].iloc[0].rename(risers.overall.name),
        areas=tables.get("by area"),
    )


def protected_answers(
    answers: Sequence[Answer], dataset: xr.Dataset, rule: DisclosureRule
) -> tuple[Answer, ...]:
    """Return the answers about a run as they may be published.

    Raises
    ------
    UsageError
        When the run has neither dwellings nor inhabitants to judge by.
    """
    published = protect_run(dataset, {}, rule).dataset[STATUS] == PUBLISHED
    return tuple(protected_answer(one, rule, published) for one in answers)
