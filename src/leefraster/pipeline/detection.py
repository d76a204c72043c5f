"""The step that scores detection on the demonstration country, whose planted clusters are known."""

from __future__ import annotations

from leefraster.clusters.detection import detection
from leefraster.pipeline.work import Skipped, Work


def score_detection(work: Work) -> None:
    """Compare found clusters with planted ones, by dwellings.

    Raises
    ------
    Skipped
        When the truth is not known, as it is for every real country, or no clusters were sought.
    """
    if work.planted is None:
        raise Skipped("only the demonstration country knows its planted clusters")
    if work.structural is None:
        raise Skipped("no structural clusters were sought")
    work.detection = detection(work.structural.labels, work.planted, work.data["dwellings"])
