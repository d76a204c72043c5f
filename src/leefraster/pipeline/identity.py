"""The step that checks what published scores promise: the total is the sum of the dimensions."""

from __future__ import annotations

from leefraster.errors import InputError
from leefraster.pipeline.work import Work
from leefraster.sources.identity import score_identity


def check_identity(work: Work) -> None:
    """Refuse scores of which the dimensions do not add up to the total, where all of them have a value.

    Raises
    ------
    InputError
        When they differ by more than 1e-5 in a unit and year; the message names the files, counts these units
        and shows the worst by their codes.
    """
    work.need("score", "total", for_="the identity")
    check = score_identity(work.data)
    if not check.holds:
        files = ", ".join(file.path.name for file in work.inputs if "score" in file.role) or "the scores"
        raise InputError(
            f"{files}: {check.sentence()}. Check that the dimension columns are contributions to the total "
            "(afw), of the same version and year, and that none is read from another column"
        )
    work.notes.append(f"Total and sum of dimensions differ by at most {check.largest_error:.1e}.")
    unchecked = int(work.data["total"].notnull().sum()) - check.checked
    if unchecked:
        work.notes.append(
            f"In {unchecked:,} places (cell and year) with a total a dimension is missing: the sum could not be "
            "checked there, and statistics of that dimension leave the place out."
        )
