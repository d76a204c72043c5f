"""The questions that a parliament asks, one call each; every call returns an `Answer`.

The functions are imported here and not looked up on first use, since a function and its module share a name
and importing the module later would hide the function. Their heavy imports wait until they are called.
"""

from leefraster.questions.answer import Answer
from leefraster.questions.catch_up import catch_up
from leefraster.questions.focus_areas import focus_areas
from leefraster.questions.geography import geography
from leefraster.questions.hard_core import hard_core
from leefraster.questions.spread import spread
from leefraster.questions.thinning import thinning
from leefraster.questions.thinning_places import ThinPlaces
from leefraster.questions.tradeoff import tradeoff
from leefraster.questions.urbanity import urbanity

__all__ = [
    "Answer",
    "ThinPlaces",
    "catch_up",
    "focus_areas",
    "geography",
    "hard_core",
    "spread",
    "thinning",
    "tradeoff",
    "urbanity",
]
