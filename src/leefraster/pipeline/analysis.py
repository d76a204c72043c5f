"""The steps between input and results, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leefraster.pipeline.crosscheck import check_against_esda
from leefraster.pipeline.detection import score_detection
from leefraster.pipeline.global_statistics import measure_global
from leefraster.pipeline.identity import check_identity
from leefraster.pipeline.local_statistics import find_hot_spots, find_local_moran
from leefraster.pipeline.questions import question_steps
from leefraster.pipeline.read import read
from leefraster.pipeline.risers import compare_published, find_risers
from leefraster.pipeline.scores import make_scores
from leefraster.pipeline.structure import find_sensitivity, find_structural
from leefraster.pipeline.work import StepFunction

if TYPE_CHECKING:
    from leefraster.config import Configuration

STEPS: tuple[tuple[str, StepFunction], ...] = (
    ("read", read),
    ("identity check", check_identity),
    ("published changes", compare_published),
    ("global statistics", measure_global),
    ("local Moran", find_local_moran),
    ("hot spots", find_hot_spots),
    ("structural clusters", find_structural),
    ("sensitivity of clusters", find_sensitivity),
    ("risers and fallers", find_risers),
    ("detection", score_detection),
    *question_steps(),
    ("cross-check with esda", check_against_esda),
)

SCORES: tuple[str, StepFunction] = ("scores from indicators", make_scores)


def steps(configuration: Configuration) -> tuple[tuple[str, StepFunction], ...]:
    """Return the steps of a run, in order: with a model, scores are made of what was read."""
    return STEPS if configuration.model is None else (STEPS[0], SCORES, *STEPS[1:])
