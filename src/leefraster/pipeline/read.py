"""The step that reads everything the configuration names."""

from __future__ import annotations

from dataclasses import replace

from leefraster.pipeline.work import Work
from leefraster.sources.assemble import assemble


def read(work: Work) -> None:
    """Read scores or layers and what is joined to them; for the demonstration country its truth as well.

    In a run from a model, the layers wait for the next step to make scores of them.
    """
    found = assemble(work.configuration)
    work.data, work.inputs = found.dataset, found.inputs
    work.notes.extend(found.notes)
    work.focus = found.focus
    if found.country is not None:
        work.planted = found.country.planted
        work.area_names = found.country.areas[["code", "name"]]
    if found.model is not None:
        work.model = found.model
        work.read = replace(found, country=None)
