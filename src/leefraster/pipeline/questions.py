"""The steps that answer questions, one each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leefraster.pipeline.fields import unit_of
from leefraster.pipeline.work import Skipped, StepFunction, Work
from leefraster.questions.ask import QUESTIONS, ask

if TYPE_CHECKING:
    from leefraster.neighbourhood import Neighbourhood


def question_steps() -> tuple[tuple[str, StepFunction], ...]:
    """Return a step for every question, in their order."""
    return tuple((f"question: {name}", _step(name)) for name in QUESTIONS)


def _step(name: str) -> StepFunction:
    def answer(work: Work) -> None:
        _require(work, name)
        work.answers.append(
            ask(
                name,
                work.data,
                clusters=work.structural,
                areas=work.focus,
                neighbourhood=_neighbourhood(work),
            )
        )

    answer.__doc__ = f"Answer `lr.questions.{name}`."
    return answer


def _require(work: Work, name: str) -> None:
    """Skip a question that is not asked, or whose input the run does not have."""
    if name not in work.configuration.questions.ask:
        raise Skipped("not asked in the configuration")
    work.need("score", "total", for_="a question about dimensions")
    if name == "hard_core" and work.structural is None:
        raise Skipped("it is about structural clusters, which were not sought")
    if name == "focus_areas" and unit_of(work.data) != "cell":
        raise Skipped("focus areas are made of cells; this run is on areas")
    if name == "focus_areas" and work.focus is None:
        raise Skipped("no [focus_areas] are given")


def _neighbourhood(work: Work) -> Neighbourhood | None:
    return work.configuration.statistics.of_cells() if unit_of(work.data) == "cell" else None
