"""The step that lets esda recompute a window of one field."""

from __future__ import annotations

from leefraster.errors import UsageError
from leefraster.pipeline.fields import headline, layers_of, unit_of, year_fields
from leefraster.pipeline.work import Skipped, Work
from leefraster.statistics.crosscheck import crosscheck

MINIMUM_CELLS = 10


def check_against_esda(work: Work) -> None:
    """Keep a table of our values beside esda's, for the headline field of the latest year.

    Raises
    ------
    Skipped
        For areas, since the window is one of a grid, and when the field holds too few values.
    """
    if unit_of(work.data) != "cell":
        raise Skipped("the window that esda recomputes is one of a grid; this run is on areas")
    fields = year_fields(work.data, work.data.sizes["year"] - 1)
    field = fields.isel(layer=layers_of(work.data).index(headline(work.data)), drop=True)
    held = int(field.notnull().sum())
    if held < MINIMUM_CELLS:
        raise Skipped(f"the field holds {held} values; a window needs {MINIMUM_CELLS}")
    try:
        work.crosscheck = crosscheck(field, work.configuration.statistics.of_cells(), every_p=False)
    except UsageError as reason:
        raise Skipped(str(reason)) from reason
