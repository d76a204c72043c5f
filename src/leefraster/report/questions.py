"""The answered questions on a page of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from leefraster.questions.answer import Answer
from leefraster.report import answers as pages
from leefraster.report.templating import filled, written


def write_questions(
    answers: Sequence[Answer],
    path: Path,
    *,
    title: str,
    run_id: str,
    version: str,
    demonstration: bool = False,
) -> Path:
    """Write answers as one HTML file that works offline, each on a page that can be printed by itself.

    Parameters
    ----------
    answers : sequence of Answer
        What was answered.
    path : Path
        The file to write.
    title, run_id, version : str
        Of the run that they are about.
    demonstration : bool
        Whether the country is invented.

    Raises
    ------
    EnvironmentFault
        When the file cannot be written.
    """
    content = {
        "answers": [pages.page(answer, figures=True) for answer in answers],
        "title": title,
        "run_id": run_id,
        "version": version,
        "demonstration": demonstration,
    }
    return written(filled("questions.html", content), path)
