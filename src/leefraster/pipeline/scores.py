"""The step that makes scores out of indicators, in a run from a model."""

from __future__ import annotations

from leefraster.pipeline.work import Work
from leefraster.sources.assemble import with_scores


def make_scores(work: Work) -> None:
    """Put the scores that the model makes in the place of its layers, which are let go."""
    assert work.read is not None
    before = len(work.read.notes)
    found = with_scores(work.read, work.configuration)
    work.read = None
    work.data = found.dataset
    work.notes.extend(found.notes[before:])
