"""The steps about what rose and fell: between the last two measurements, and beside published changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leefraster.cells import grid_of
from leefraster.changes.change import change
from leefraster.changes.risers import RisersAndFallers, risers_and_fallers
from leefraster.changes.risers_input import level_and_scores
from leefraster.clusters.names import names_by_code
from leefraster.pipeline.fields import unit_of
from leefraster.pipeline.work import Skipped, Work
from leefraster.sources.change_files import compare
from leefraster.sources.files import input_file

if TYPE_CHECKING:
    import xarray as xr

AREAS = ("municipality", "district", "neighbourhood")


def find_risers(work: Work) -> None:
    """Tell what rose and fell between the last two measurements; add the class of change over the places.

    Raises
    ------
    Skipped
        Without levels or a second measurement, or where the two are of different versions of the model.
    """
    data = work.data
    _require_levels(data)
    if data.sizes["year"] < 2:
        raise Skipped(f"a change takes two measurements; there is {data.sizes['year']}")
    start, end = (int(year) for year in np.sort(data["year"].values)[-2:])
    _require_one_version(data, start, end)
    unit = unit_of(data)
    level = next((name for name in AREAS if name in data and data[name].dims == (unit,)), None)
    found = risers_and_fallers(data, start, end, by=None if level is None else data[level])
    work.risers = found if found.areas is None else _named(found, level, work)
    changed = found.units["change_class"].reindex({unit: data[unit].values}, fill_value=0)
    attrs = changed.attrs | {
        "long_name": f"change of the level {start} to {end}, 1 strong fall, 4 none, 7 strong rise, 0 missing",
        "method": "lr.risers_and_fallers",
        "from_year": start,
        "to_year": end,
    }
    work.data = data.assign(change_class=((unit,), changed.values.astype("int8"), attrs))


def compare_published(work: Work) -> None:
    """Lay published changes beside those of the run, period by period.

    Raises
    ------
    Skipped
        When none are given, the run has no level, or none of their periods runs between two of its measurements.
    """
    section = work.configuration.published_changes
    if section is None:
        raise Skipped("no [published_changes] are given")
    data, unit = work.data, unit_of(work.data)
    _require_levels(data)
    published = section.read(unit, grid_of(data) if unit == "cell" else None)
    work.inputs = (*work.inputs, input_file(section.path, "published changes"))
    if unit not in published.dims:
        raise Skipped(f"the published changes are not by {unit}, as the run is; run on the same places")
    measured = set(data["year"].values.tolist())
    ends = zip(published["from_year"].values.tolist(), published["to_year"].values.tolist(), strict=True)
    both = [(start, end) for start, end in ends if {start, end} <= measured]
    if not both:
        periods = ", ".join(published["period"].values.tolist())
        raise Skipped(f"none of the published periods ({periods}) runs between two measurements of the run")
    names = [name for name in ("level", "total", "reference", "version") if name in data]
    levels = level_and_scores(data[names])[0].drop_vars("reference", errors="ignore")
    rows = [compare(published, change(levels, *years, across_versions=True)) for years in both]
    work.published_changes = pd.concat(rows).reset_index()


def _require_levels(data: xr.Dataset) -> None:
    if "level" not in data and not {"total", "reference"} <= set(data):
        raise Skipped("what rose is told by levels, or a total and its national mean; neither is given")


def _require_one_version(data: xr.Dataset, start: int, end: int) -> None:
    if "version" not in data:
        return
    before, after = (str(data["version"].sel(year=year).values) for year in (start, end))
    if before != after:
        raise Skipped(
            f"{start} and {end} are of versions {before} and {after}, whose levels cannot be compared"
        )


def _named(found: RisersAndFallers, level: str | None, work: Work) -> RisersAndFallers:
    """Return the result with names of areas where they are known, and the kind of area as the index's name."""
    assert found.areas is not None
    names = names_by_code(work.area_names)
    areas: pd.DataFrame = found.areas.rename_axis(level)
    areas.insert(0, "name", [names.get(code, code) for code in areas.index])
    return replace(found, areas=areas)
