"""The step that reads everything the configuration names."""

from __future__ import annotations

from leefraster.pipeline.work import Work
from leefraster.sources.assemble import assemble


def read(work: Work) -> None:
    """Read scores or layers and what is joined to them; for the demonstration country its truth as well."""
    found = assemble(work.configuration)
    work.data, work.inputs = found.dataset, found.inputs
    work.notes.extend(found.notes)
    if found.country is not None:
        work.planted = found.country.planted
        work.area_names = found.country.areas[["code", "name"]]
