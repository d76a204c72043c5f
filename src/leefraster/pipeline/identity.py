"""The step that checks what published scores promise: the total is the sum of the dimensions."""

from __future__ import annotations

import numpy as np

from leefraster.errors import InputError
from leefraster.pipeline.fields import unit_of
from leefraster.pipeline.work import Work
from leefraster.sources.leefbaarometer import IDENTITY_TOLERANCE

_EXAMPLES = 5


def check_identity(work: Work) -> None:
    """Refuse scores of which the dimensions do not add up to the total, where all of them have a value.

    Raises
    ------
    InputError
        When they differ by more than 1e-5 in a unit and year; the message counts these and shows some.
    """
    work.need("score", "total", for_="the identity")
    data, unit = work.data, unit_of(work.data)
    largest = 0.0
    for position, year in enumerate(data["year"].values):
        parts = data["score"].isel(year=position).transpose("dimension", unit).values
        total = data["total"].isel(year=position).values
        gap = np.abs(parts.sum(axis=0, dtype=np.float64) - total)
        wrong = np.flatnonzero(gap > IDENTITY_TOLERANCE)
        if wrong.size:
            raise InputError(_message(int(year), data[unit].values[wrong], gap[wrong], unit))
        largest = max(largest, float(np.nanmax(gap, initial=0.0)))
        work.progress.advanced("identity check", position + 1, data.sizes["year"])
    work.notes.append(f"Total and sum of dimensions differ by at most {largest:.1e}.")


def _message(year: int, units: np.ndarray, gaps: np.ndarray, unit: str) -> str:
    shown = ", ".join(
        f"{unit} {name} by {gap:.4g}" for name, gap in zip(units[:_EXAMPLES], gaps[:_EXAMPLES], strict=True)
    )
    return (
        f"scores of {year}: in {units.size:,} places the total is not the sum of the dimensions "
        f"(allowed difference {IDENTITY_TOLERANCE:g}): {shown}. Check that the dimension columns are "
        "contributions to the total (afw), of the same version and year, and that none is read from another column"
    )
