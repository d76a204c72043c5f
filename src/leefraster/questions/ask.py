"""All questions by name, asked in one way: what a run, the command line and a notebook share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leefraster.errors import UsageError
from leefraster.questions.answer import Answer
from leefraster.questions.catch_up import catch_up
from leefraster.questions.focus_areas import focus_areas
from leefraster.questions.geography import geography
from leefraster.questions.hard_core import hard_core
from leefraster.questions.spread import spread
from leefraster.questions.thinning import thinning
from leefraster.questions.tradeoff import tradeoff
from leefraster.questions.urbanity import urbanity

if TYPE_CHECKING:
    import xarray as xr

    from leefraster.areas.areas import Areas
    from leefraster.clusters.structural import StructuralClusters

# The questions of the letter, in its order; what each takes besides the scores.
_TAKES: dict[str, tuple[Callable[..., Answer], tuple[str, ...]]] = {
    "urbanity": (urbanity, ()),
    "catch_up": (catch_up, ()),
    "spread": (spread, ()),
    "tradeoff": (tradeoff, ("neighbourhood",)),
    "hard_core": (hard_core, ("clusters",)),
    "thinning": (thinning, ()),
    "focus_areas": (focus_areas, ("areas", "clusters")),
    "geography": (geography, ()),
}
QUESTIONS = tuple(_TAKES)


def ask(
    name: str,
    scores: xr.Dataset,
    *,
    clusters: StructuralClusters | None = None,
    areas: Areas | None = None,
    neighbourhood: Any = None,
) -> Answer:
    """Answer one question by its name, with its defaults.

    Parameters
    ----------
    name : str
        One of `QUESTIONS`.
    scores : Dataset
        As the question itself takes it.
    clusters : StructuralClusters or None
        For the questions about structural clusters.
    areas : Areas or None
        Focus areas, for the question about these.
    neighbourhood : Neighbourhood, libpysal Graph or None
        For local statistics in an answer.

    Returns
    -------
    Answer
        What ``lr.questions.<name>`` returns.

    Raises
    ------
    UsageError
        When there is no such question; the message lists those there are.
    UsageError, InputError
        As the question itself.

    Examples
    --------
    >>> from leefraster.questions.ask import QUESTIONS
    >>> "hard_core" in QUESTIONS
    True
    """
    if name not in _TAKES:
        raise UsageError(f"question {name!r} is not known; there are {', '.join(QUESTIONS)}")
    function, takes = _TAKES[name]
    given = {"clusters": clusters, "areas": areas, "neighbourhood": neighbourhood}
    return function(scores, **{key: given[key] for key in takes})
