"""The step that lets esda recompute a window of one field."""

from __future__ import annotations

from leefraster.crosscheck import crosscheck
from leefraster.pipeline.fields import headline, layers_of, year_fields
from leefraster.pipeline.neighbourhoods import local_neighbourhood
from leefraster.pipeline.work import Work


def check_against_esda(work: Work) -> None:
    """Keep a table of our values beside esda's, for the headline field of the latest year."""
    fields = year_fields(work.data, work.data.sizes["year"] - 1)
    field = fields.isel(layer=layers_of(work.data).index(headline(work.data)), drop=True)
    work.crosscheck = crosscheck(field, local_neighbourhood(work))
