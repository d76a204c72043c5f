"""The steps that answer questions, one each."""

from __future__ import annotations

from leefraster.pipeline.work import Skipped, Work


def answer_urbanity(work: Work) -> None:
    """Answer whether amenities fall and the other dimensions rise with decreasing urbanity."""
    from leefraster.questions.urbanity import urbanity

    _require(work, "urbanity")
    work.answers.append(urbanity(work.data))


def answer_catch_up(work: Work) -> None:
    """Answer whether the improvement of the cities held elsewhere, and how much of their lag was made up."""
    from leefraster.questions.catch_up import catch_up

    _require(work, "catch_up")
    work.answers.append(catch_up(work.data))


def answer_hard_core(work: Work) -> None:
    """Answer whether a hard core of places stays behind."""
    from leefraster.questions.hard_core import hard_core

    _require(work, "hard_core")
    if work.structural is None:
        raise Skipped("it is about structural clusters, which were not sought")
    work.answers.append(hard_core(work.data, work.structural))


def _require(work: Work, name: str) -> None:
    if name not in work.configuration.questions.ask:
        raise Skipped("not asked in the configuration")
    work.need("score", "total", for_="a question about dimensions")
