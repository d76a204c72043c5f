"""The steps between input and results, in order."""

from __future__ import annotations

from leefraster.pipeline.crosscheck import check_against_esda
from leefraster.pipeline.detection import score_detection
from leefraster.pipeline.global_statistics import measure_global
from leefraster.pipeline.identity import check_identity
from leefraster.pipeline.local_statistics import find_hot_spots, find_local_moran
from leefraster.pipeline.questions import answer_catch_up, answer_hard_core, answer_urbanity
from leefraster.pipeline.read import read
from leefraster.pipeline.structure import find_structural
from leefraster.pipeline.work import StepFunction

STEPS: tuple[tuple[str, StepFunction], ...] = (
    ("read", read),
    ("identity check", check_identity),
    ("global statistics", measure_global),
    ("local Moran", find_local_moran),
    ("hot spots", find_hot_spots),
    ("structural clusters", find_structural),
    ("detection", score_detection),
    ("question: urbanity", answer_urbanity),
    ("question: catch_up", answer_catch_up),
    ("question: hard_core", answer_hard_core),
    ("cross-check with esda", check_against_esda),
)
